"""Writes ELF files with DWARF by hand, for parity scripts.

A DIE is d("member", ["name", "x"], type=INT, data_member_location=4, children...): tags and attributes are named as in the
specification. Values take the form that fits them (str: string; int: udata or sdata; bool: flag; bytes: a block or
expression; another DIE: a reference); F("data1", 5) says the form. Units are made by unit(), files by write().
"""

import atexit
import os
import shutil
import struct
import tempfile
import zlib

TAGS = dict(
    array_type=0x01, class_type=0x02, entry_point=0x03, enumeration_type=0x04, formal_parameter=0x05,
    imported_declaration=0x08, label=0x0A, lexical_block=0x0B, member=0x0D, pointer_type=0x0F, reference_type=0x10,
    compile_unit=0x11, string_type=0x12, structure_type=0x13, subroutine_type=0x15, typedef=0x16, union_type=0x17,
    unspecified_parameters=0x18, variant=0x19, inheritance=0x1C, inlined_subroutine=0x1D, module=0x1E,
    ptr_to_member_type=0x1F, set_type=0x20, subrange_type=0x21, base_type=0x24, const_type=0x26, constant=0x27,
    enumerator=0x28, file_type=0x29, subprogram=0x2E, template_type_parameter=0x2F, template_value_parameter=0x30,
    variant_part=0x33, variable=0x34, volatile_type=0x35, restrict_type=0x37, interface_type=0x38, namespace=0x39,
    imported_module=0x3A, unspecified_type=0x3B, partial_unit=0x3C, imported_unit=0x3D, shared_type=0x40, type_unit=0x41,
    rvalue_reference_type=0x42, template_alias=0x43, coarray_type=0x44, generic_subrange=0x45, dynamic_type=0x46,
    atomic_type=0x47, call_site=0x48, skeleton_unit=0x4A, immutable_type=0x4B, GNU_template_template_param=0x4106,
    GNU_template_parameter_pack=0x4107, GNU_formal_parameter_pack=0x4108, unknown=0x5ABC,
)
ATTRS = dict(
    sibling=0x01, location=0x02, name=0x03, ordering=0x09, byte_size=0x0B, bit_offset=0x0C, bit_size=0x0D, stmt_list=0x10,
    low_pc=0x11, high_pc=0x12, language=0x13, discr=0x15, discr_value=0x16, visibility=0x17, import_=0x18, comp_dir=0x1B,
    const_value=0x1C, containing_type=0x1D, default_value=0x1E, inline=0x20, lower_bound=0x22, producer=0x25,
    prototyped=0x27, return_addr=0x2A, start_scope=0x2C, bit_stride=0x2E, upper_bound=0x2F, abstract_origin=0x31,
    accessibility=0x32, artificial=0x34, count=0x37, data_member_location=0x38, decl_column=0x39, decl_file=0x3A,
    decl_line=0x3B, declaration=0x3C, encoding=0x3E, external=0x3F, frame_base=0x40, specification=0x47, type=0x49,
    virtuality=0x4C, byte_stride=0x51, entry_pc=0x52, extension=0x54, ranges=0x55, call_column=0x57, call_file=0x58,
    call_line=0x59, object_pointer=0x64, endianity=0x65, signature=0x69, data_bit_offset=0x6B, const_expr=0x6C,
    enum_class=0x6D, linkage_name=0x6E, str_offsets_base=0x72, addr_base=0x73, rnglists_base=0x74, dwo_name=0x76,
    noreturn=0x87, alignment=0x88, export_symbols=0x89, loclists_base=0x8C, language_name=0x90, language_version=0x91,
    GNU_dwo_name=0x2130, GNU_dwo_id=0x2131,
)
FORMS = dict(
    addr=0x01, block2=0x03, block4=0x04, data2=0x05, data4=0x06, data8=0x07, string=0x08, block=0x09, block1=0x0A,
    data1=0x0B, flag=0x0C, sdata=0x0D, strp=0x0E, udata=0x0F, ref_addr=0x10, ref1=0x11, ref2=0x12, ref4=0x13, ref8=0x14,
    ref_udata=0x15, indirect=0x16, sec_offset=0x17, exprloc=0x18, flag_present=0x19, strx=0x1A, addrx=0x1B, ref_sup4=0x1C,
    strp_sup=0x1D, data16=0x1E, line_strp=0x1F, ref_sig8=0x20, implicit_const=0x21, loclistx=0x22, rnglistx=0x23,
    ref_sup8=0x24, strx1=0x25, strx2=0x26, strx3=0x27, strx4=0x28, addrx1=0x29, addrx2=0x2A, addrx3=0x2B, addrx4=0x2C,
    GNU_addr_index=0x1F01, GNU_str_index=0x1F02, GNU_ref_alt=0x1F20, GNU_strp_alt=0x1F21, unknown=0x77,
)


class F:
    """A value in a form."""

    def __init__(self, form, value=None):
        self.form, self.value = form, value


class Die:
    def __init__(self, tag, children, attrs):
        self.tag, self.children, self.attrs = tag, children, attrs
        self.unit = self.offset = None

    def add(self, *children):
        self.children += children
        return self


def d(tag, name=None, *children, **attrs):
    """A DIE; its name comes second, None for none."""
    if name is not None:
        attrs = {"name": name, **attrs}
    return Die(tag, list(children), attrs)


class Late:
    """A reference to a DIE that is known later: the one that get() returns."""

    def __init__(self, get):
        self.get = get


class Unit:
    pass


def unit(*children, version=4, kind="compile", language=0x0C, name="main.c", comp_dir="/src", dwarf64=False, address=8,
         signature=0, type=None, lines=None, tag=None, **attrs):
    """A unit of kind compile, partial, type or skeleton; language C99 unless told; None leaves an attribute out."""
    u = Unit()
    first = {}
    if language is not None:
        first["language"] = F("data2", language)
    if name is not None:
        first["name"] = name
    if comp_dir is not None:
        first["comp_dir"] = comp_dir
    if lines is not None:
        first["stmt_list"] = F("sec_offset" if version >= 4 else "data8" if dwarf64 else "data4", lines)
    first.update(attrs)
    u.start = 0
    u.root = Die(tag or kind + "_unit", list(children), first)
    u.version, u.kind, u.dwarf64, u.address, u.signature, u.type = version, kind, dwarf64, address, signature, type
    return u


def uleb(n):
    out = b""
    while True:
        n, low = n >> 7, n & 0x7F
        out += bytes([low | (0x80 if n else 0)])
        if not n:
            return out


def sleb(n):
    out = b""
    while True:
        low, n = n & 0x7F, n >> 7
        done = (n == 0 and not low & 0x40) or (n == -1 and low & 0x40)
        out += bytes([low | (0 if done else 0x80)])
        if done:
            return out


class Strings:
    def __init__(self):
        self.data, self.at = b"\0", {}

    def add(self, s):
        b = s.encode() if isinstance(s, str) else s
        if b not in self.at:
            self.at[b] = len(self.data)
            self.data += b + b"\0"
        return self.at[b]


def own(die, u):
    """Notes that a DIE and those below it are in a unit."""
    die.unit, die.offset = u, None
    for c in die.children:
        if isinstance(c, Die):
            own(c, u)


class Writer:
    """Makes the debug sections of units."""

    def __init__(self, units, big=False):
        self.order = ">" if big else "<"
        self.big = big
        self.strings, self.line_strings = Strings(), Strings()
        self.abbrevs, self.abbrev = {}, b""
        self.sections = {".debug_info": b"", ".debug_types": b""}
        for u in units:
            own(u.root, u)
        for again in range(2):  # the second time all offsets are known
            self.sections[".debug_info"] = self.sections[".debug_types"] = b""
            self.relocations = []
            for u in units:
                self.unit(u)
        self.sections[".debug_abbrev"] = self.abbrev + b"\0"
        self.sections[".debug_str"] = self.strings.data
        self.sections[".debug_line_str"] = self.line_strings.data
        if not self.sections[".debug_types"]:
            del self.sections[".debug_types"]

    def num(self, n, size):
        return (n & ((1 << 8 * size) - 1)).to_bytes(size, "big" if self.big else "little")

    def unit(self, u):
        u.section = ".debug_types" if u.kind == "type" and u.version < 5 else ".debug_info"
        size = 8 if u.dwarf64 else 4
        u.start = len(self.sections[u.section])
        self.u = u
        head = 12 if u.dwarf64 else 4
        out = self.num(u.version, 2)
        kinds = dict(compile=1, type=2, partial=3, skeleton=4, split_compile=5, split_type=6)
        if u.version >= 5:
            out += bytes([kinds.get(u.kind, 0) or u.kind, u.address]) + self.num(0, size)
        else:
            out += self.num(0, size) + bytes([u.address])
        if u.kind in ("type", "split_type"):
            out += self.num(u.signature, 8) + self.num((u.type.offset or 0) if u.type else 0, size)
        elif u.version >= 5 and u.kind in ("skeleton", "split_compile"):
            out += self.num(u.signature, 8)
        out += self.die(u.root, head + len(out))
        length = self.num(len(out), size)
        self.sections[u.section] += (b"\xff" * 4 + length if u.dwarf64 else length) + out

    def die(self, die, at):
        die.unit, die.offset = self.u, at
        specs, body = [], b""
        code_for = None
        values = []
        for name, v in die.attrs.items():
            for v in v if isinstance(v, list) else [v]:
                form, const, b = self.value(name, v)
                specs.append((ATTRS[name] if isinstance(name, str) else name, form, const))
                values.append((v, b))
        key = (TAGS[die.tag] if isinstance(die.tag, str) else die.tag, bool(die.children), tuple(specs))
        if key not in self.abbrevs:
            self.abbrevs[key] = len(self.abbrevs) + 1
            self.abbrev += uleb(self.abbrevs[key]) + uleb(key[0]) + bytes([key[1]])
            for attr, form, const in specs:
                self.abbrev += uleb(attr) + uleb(form) + (sleb(const) if const is not None else b"")
            self.abbrev += b"\0\0"
        out = uleb(self.abbrevs[key])
        for v, b in values:
            if isinstance(v, F) and v.form == "addr" and isinstance(v.value, tuple):
                self.relocations.append((self.u.section, self.u.start + at + len(out), *v.value))
            out += b
        for c in die.children:
            if isinstance(c, bytes):
                out += c
                continue
            out += self.die(c, at + len(out))
        return out + b"\0" if die.children else out

    def ref(self, to):
        if isinstance(to, Late):
            to = to.get()
        return to

    def value(self, name, v):
        """Returns the form, the constant of DW_FORM_implicit_const, and the bytes."""
        u = self.u
        size = 8 if u.dwarf64 else 4
        if not isinstance(v, F):
            if isinstance(v, bool):
                v = F("flag_present" if v and u.version >= 4 else "flag", v)
            elif isinstance(v, str):
                v = F("string", v)
            elif isinstance(v, int):
                v = F("sdata" if v < 0 else "udata", v)
            elif isinstance(v, bytes):
                v = F("exprloc" if u.version >= 4 and name != "const_value" else "block1", v)
            else:
                to = self.ref(v)
                same = to.unit is None or to.unit is u
                v = F("ref4" if same else "ref_addr", to)
        form, x = v.form, v.value
        code = FORMS[form]
        if isinstance(x, (Die, Late)):
            to = self.ref(x)
            if form in ("ref_addr", "ref_sup4", "ref_sup8", "GNU_ref_alt"):
                x = (to.offset or 0) + (to.unit.start if to.unit else 0)
            else:
                x = to.offset or 0
        fixed = dict(data1=1, data2=2, data4=4, data8=8, data16=16, flag=1, ref1=1, ref2=2, ref4=4, ref8=8, ref_sup4=4,
                     ref_sup8=8, ref_sig8=8, strx1=1, strx2=2, strx3=3, strx4=4, addrx1=1, addrx2=2, addrx3=3, addrx4=4,
                     sec_offset=size, strp_sup=size, GNU_ref_alt=size, GNU_strp_alt=size, addr=u.address,
                     ref_addr=u.address if u.version == 2 else size)
        if form == "string":
            return code, None, (x.encode() if isinstance(x, str) else x) + b"\0"
        if form == "strp":
            return code, None, self.num(x if isinstance(x, int) else self.strings.add(x), size)
        if form == "line_strp":
            return code, None, self.num(x if isinstance(x, int) else self.line_strings.add(x), size)
        if form in fixed:
            if isinstance(x, tuple):
                x = 0 if len(x) < 2 else x[1]
            return code, None, self.num(int(x), fixed[form])
        if form in ("udata", "ref_udata", "strx", "addrx", "loclistx", "rnglistx", "GNU_addr_index", "GNU_str_index"):
            if form == "ref_udata":  # of the same length both times
                return code, None, bytes([x & 0x7F | 0x80, x >> 7 & 0x7F | 0x80, x >> 14])
            return code, None, uleb(x)
        if form == "sdata":
            return code, None, sleb(x)
        if form == "implicit_const":
            return code, x, b""
        if form == "flag_present":
            return code, None, b""
        if form in ("block1", "block2", "block4"):
            return code, None, self.num(len(x), int(form[5])) + x
        if form in ("block", "exprloc"):
            return code, None, uleb(len(x)) + x
        if form == "indirect":
            c, const, b = self.value(name, x)
            return code, None, uleb(c) + (sleb(const) if const is not None else b"") + b
        return code, None, x or b""


def lines(dirs=(), files=(), program=b"", version=4, big=False, dwarf64=False, address=8, min_inst=1, max_ops=1, is_stmt=1,
          base=-5, range_=14, opcode_base=13, lengths=bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]), formats=None):
    """A line program: dirs are names, files (name, directory) pairs, with 1 or, since DWARF 5, 0 as the first number."""
    order = "big" if big else "little"
    size = 8 if dwarf64 else 4
    body = bytes([min_inst]) + (bytes([max_ops]) if version >= 4 else b"")
    body += bytes([is_stmt, base & 0xFF, range_, opcode_base]) + lengths[:opcode_base - 1]
    if version >= 5:
        if formats:
            body += formats
        else:
            body += b"\1" + uleb(1) + uleb(8) + uleb(len(dirs)) + b"".join(x.encode() + b"\0" for x in dirs)
            body += b"\2" + uleb(1) + uleb(8) + uleb(2) + uleb(0x0B) + uleb(len(files))
            body += b"".join(n.encode() + b"\0" + bytes([i]) for n, i in files)
    else:
        body += b"".join(x.encode() + b"\0" for x in dirs) + b"\0"
        body += b"".join(n.encode() + b"\0" + uleb(i) + b"\0\0" for n, i in files) + b"\0"
    out = version.to_bytes(2, order) + (bytes([address, 0]) if version >= 5 else b"") + len(body).to_bytes(size, order)
    out += body + program
    return (b"\xff" * 4 if dwarf64 else b"") + len(out).to_bytes(size, order) + out


def extended(op, data=b""):
    """An extended opcode of a line program."""
    return b"\0" + uleb(1 + len(data)) + bytes([op]) + data


X86_64, I386, AARCH64, PPC64, S390X, RISCV, ARM, MIPS, PPC = 62, 3, 183, 21, 22, 243, 40, 8, 20


def write_elf(path, sections, machine=X86_64, big=False, bits=64, type=2, symbols=(), relocations=(), compress=None,
              flags=0, dynamic=(), extended_indices=False, rela=True, segments=()):
    """Writes an ELF file.

    sections maps names to bytes, or to dicts with data, type, flags, addr, link, info, size, align, entsize. symbols are
    (name, value, size, bind, type, section) where section is a name or a number. relocations maps a section's name to a list
    of (offset, type, symbol index, addend). segments are dicts with type, flags, vaddr, paddr, memsz, align, and section (a name) or
    offset and filesz.
    """
    o = ">" if big else "<"
    strtab, shstr = Strings(), Strings()
    word = "Q" if bits == 64 else "I"
    table = [dict(name="", type=0, data=b"")]
    for name, s in sections.items():
        s = dict(s) if isinstance(s, dict) else dict(data=s)
        s.setdefault("type", 1)
        s.setdefault("flags", 0)
        s.setdefault("name", name)
        if compress and name.startswith(".debug_") and s["data"]:
            kind = compress
            if kind == "gnu":
                s["name"] = ".z" + name[1:]
                s["data"] = b"ZLIB" + struct.pack(">Q", len(s["data"])) + zlib.compress(s["data"])
            else:
                number = 1 if kind == "zlib" else 2
                head = struct.pack(o + "IIQQ", number, 0, len(s["data"]), 1) if bits == 64 else struct.pack(o + "III", number, len(s["data"]), 1)
                if kind == "zlib":
                    packed = zlib.compress(s["data"])
                else:
                    packed = zstd(s["data"])
                s["data"] = head + packed
                s["flags"] |= 0x800
        table.append(s)
    index = {s["name"]: i for i, s in enumerate(table)}
    for name, s in sections.items():
        if name not in index and compress == "gnu":
            index[name] = index[".z" + name[1:]]

    def symtab(list_):
        out = b"\0" * (24 if bits == 64 else 16)
        indices = [0]
        nlocal = 1
        for name, value, size, bind, kind, section in list_:
            shndx = index[section] if isinstance(section, str) else section
            indices.append(shndx)
            if extended_indices and shndx < 0xFF00 and shndx:
                shndx = 0xFFFF
            else:
                indices[-1] = 0 if extended_indices else shndx
            if bits == 64:
                out += struct.pack(o + "IBBHQQ", strtab.add(name), bind << 4 | kind, 0, shndx, value, size)
            else:
                out += struct.pack(o + "IIIBBH", strtab.add(name), value, size, bind << 4 | kind, 0, shndx)
            nlocal += bind == 0
        return out, nlocal, indices

    if symbols or relocations:
        data, nlocal, indices = symtab(symbols)
        table.append(dict(name=".symtab", type=2, data=data, flags=0, link=len(table) + 1, info=nlocal,
                          entsize=24 if bits == 64 else 16))
        table.append(dict(name=".strtab", type=3, data=strtab, flags=0))
        at = len(table) - 2
        if extended_indices:
            table.append(dict(name=".symtab_shndx", type=18, data=b"".join(struct.pack(o + "I", i) for i in indices), link=at, entsize=4))
        for name, list_ in dict(relocations).items():
            out = b""
            for offset, kind, symbol, addend in list_:
                if bits == 64:
                    info = symbol << 32 | kind
                    if machine == MIPS:  # r_sym, r_ssym, r_type3, r_type2, r_type
                        out += struct.pack(o + "QIBBBB", offset, symbol, 0, 0, 0, kind)
                    else:
                        out += struct.pack(o + "QQ", offset, info)
                    if rela:
                        out += struct.pack(o + "q", addend)
                else:
                    out += struct.pack(o + "II", offset, symbol << 8 | kind)
                    if rela:
                        out += struct.pack(o + "i", addend)
            table.append(dict(name=(".rela" if rela else ".rel") + name, type=4 if rela else 9, data=out, link=at,
                              info=index[name], flags=0x40, entsize=(24 if rela else 16) if bits == 64 else (12 if rela else 8)))
    if dynamic:
        data, nlocal, _ = symtab(dynamic)
        table.append(dict(name=".dynsym", type=11, data=data, flags=2, link=len(table) + 1, info=nlocal,
                          entsize=24 if bits == 64 else 16))
        table.append(dict(name=".dynstr", type=3, data=strtab, flags=2))
    table.append(dict(name=".shstrtab", type=3, data=shstr))
    for s in table:
        s["n"] = shstr.add(s["name"]) if s["name"] else 0
    ehsize = 64 if bits == 64 else 52
    phsize = 56 if bits == 64 else 32
    ehsize, fileheader = ehsize + phsize * len(segments), ehsize
    body = b""
    heads = b""
    for s in table:
        data = s["data"].data if isinstance(s["data"], Strings) else s["data"]
        body += b"\0" * (-len(body) % 8)
        heads += struct.pack(o + "II" + word * 4 + "II" + word * 2, s["n"], s["type"], s.get("flags", 0), s.get("addr", 0),
                             ehsize + len(body) if s["type"] else 0, s.get("size", len(data)), s.get("link", 0),
                             s.get("info", 0), s.get("align", 1 if s["type"] else 0), s.get("entsize", 0))
        s["offset"], s["length"] = ehsize + len(body), 0 if s["type"] == 8 else len(data)
        if s["type"] != 8:
            body += data
    body += b"\0" * (-len(body) % 8)
    ident = b"\x7fELF" + bytes([bits // 32, 2 if big else 1, 1]) + b"\0" * 9
    head = ident + struct.pack(o + "HHI" + word * 3 + "IHHHHHH", type, machine, 1, 0, fileheader if segments else 0, ehsize + len(body), flags,
                               fileheader, phsize, len(segments), 64 if bits == 64 else 40, len(table), len(table) - 1)
    for s in segments:
        at, size = s.get("offset", 0), s.get("filesz", 0)
        if "section" in s:
            of = next(x for x in table if x["name"] == s["section"])
            at, size = s.get("offset", of["offset"]), s.get("filesz", of["length"])
            s = {"vaddr": of.get("addr", 0), "memsz": of.get("size", size), **s}
        place = at, s.get("vaddr", 0), s.get("paddr", 0), size, s.get("memsz", size)
        if bits == 64:
            head += struct.pack(o + "II6Q", s.get("type", 1), s.get("flags", 5), *place, s.get("align", 0x1000))
        else:
            head += struct.pack(o + "8I", s.get("type", 1), *place, s.get("flags", 5), s.get("align", 0x1000))
    with open(path, "wb") as f:
        f.write(head + body + heads)
    return path


def zstd(data):
    """A Zstandard frame of raw blocks."""
    assert len(data) < 1 << 17
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + (len(data) << 3 | 1).to_bytes(3, "little") + data


_dir = None


def temporary(name):
    global _dir
    if _dir is None:
        _dir = tempfile.mkdtemp()
        os.chdir(_dir)  # names that tell nothing of where they are show in errors
        atexit.register(lambda: (os.chdir("/"), shutil.rmtree(_dir)))
    return name


_count = 0


def write(*units, extra=None, name=None, big=False, bits=64, text=0x1000, **options):
    """Writes units to a file with a .text section at text and returns its path."""
    global _count
    _count += 1
    path = temporary(name or f"f{_count}")
    w = Writer(units, big=big)
    sections = {".text": dict(data=b"\0" * 0x1000, flags=6, addr=text, type=8, size=0x1000)}
    sections.update(w.sections)
    sections.update(extra or {})
    sections = {k: v for k, v in sections.items() if v is not None}
    return write_elf(path, sections, big=big, bits=bits, **options)


def open_file(path, prog=None):
    """Returns a program with the file as its debugging information."""
    import drgn

    prog = prog or drgn.Program()
    m = prog.extra_module(os.path.basename(path), create=True)
    m.try_file(path)
    return prog


def P(*dies, **options):
    """Returns a program with one unit that has dies, or the units given."""
    unit_options = {k: options.pop(k) for k in ("version", "language", "dwarf64", "address") if k in options}
    if options.get("bits") == 32:
        unit_options.setdefault("address", 4)
    units = [x for x in dies if isinstance(x, Unit)]
    rest = [x for x in dies if not isinstance(x, Unit)]
    if rest or unit_options or not units:
        units.insert(0, unit(*rest, **unit_options))
    return open_file(write(*units, **options))


def T(type, *more, **options):
    """Returns the type of variable x of this type in a program with one unit of the DIEs."""
    prog = P(d("variable", "x", type=type, external=True, location=b"\x03" + (0x1234).to_bytes(
        4 if options.get("bits") == 32 else 8, "big" if options.get("big") else "little")) if type is not None else
        d("variable", "x", location=b"\x03" + (0x1234).to_bytes(8, "little")), *flatten(type, more), **options)
    return prog["x"].type_


def flatten(type, more):
    """Returns DIEs at the top level: those given, and those that types refer to and nobody has as a child."""
    seen, children = [], set()

    def visit(x):
        if isinstance(x, F):
            x = x.value
        if isinstance(x, Late):
            x = x.get()
        if not isinstance(x, Die) or any(x is y for y in seen):
            return
        seen.append(x)
        for v in x.attrs.values():
            visit(v)
        for c in x.children:
            if isinstance(c, Die):
                children.add(id(c))
                visit(c)

    for x in [type, *more]:
        visit(x)
    return [x for x in seen if id(x) not in children]


def base(name, size, encoding, **attrs):
    return d("base_type", name, byte_size=size, encoding=encoding, **attrs)


def INT():
    return base("int", 4, 5)


def CHAR():
    return base("char", 1, 6)
