"""Writes what gdb says of a program's variables, a line each and one for each of their parts, with tabs between:

what	name or path	type	size	offset in bits	size as a bit-field	value

What is struct, union, array, int, enum, bool, float, decimal, pointer or text; a value is that of an integer in decimal, of an
enumerated type that and the name, of a float in hexadecimal, of a decimal float as it is written, of a pointer its address and the symbol there, of a text its
bytes in hexadecimal. Members of anonymous members, and of the base classes of C++, are given as those of what they are in.
What gdb can't read or print is unknown and has no value. A file begins with the name of each variable that is not in memory, which has no value.
"""

import gdb


def kind(t):
    code = t.code
    if code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
        return "int"
    return {
        gdb.TYPE_CODE_BOOL: "bool",
        gdb.TYPE_CODE_FLT: "float",
        gdb.TYPE_CODE_DECFLOAT: "decimal",
        gdb.TYPE_CODE_ENUM: "enum",
        gdb.TYPE_CODE_STRUCT: "struct",
        gdb.TYPE_CODE_UNION: "union",
        gdb.TYPE_CODE_ARRAY: "array",
        gdb.TYPE_CODE_PTR: "pointer",
        gdb.TYPE_CODE_REF: "pointer",
        gdb.TYPE_CODE_RVALUE_REF: "pointer",
    }.get(code, "unknown")


def integer(v, t):
    # gdb's Python takes no more than 64 bits, and print no more in decimal.
    if t.sizeof <= 8:
        return int(v)
    n = int(v.format_string(format="x"), 16)
    return n - (1 << 8 * t.sizeof) if t.is_signed and n >> (8 * t.sizeof - 1) else n


def leaf(v, t, k):
    if k == "int":
        return str(integer(v, t))
    if k == "bool":
        return str(int(v))
    if k == "float":
        return float(v).hex()
    if k == "decimal":
        return str(v)
    if k == "enum":
        n = int(v)
        names = [f.name.split("::")[-1] for f in t.fields() if (f.enumval - n) % 2**64 == 0]
        return f"{n} {names[0]}" if names else str(n)
    if k == "pointer":
        if t.code != gdb.TYPE_CODE_PTR:
            v = v.referenced_value().address
        n = int(v.cast(gdb.lookup_type("unsigned long")))
        where = gdb.execute(f"info symbol {n}", to_string=True).split(" in section ")
        return f"{n} {where[0].replace(' ', '')}" if len(where) > 1 else str(n)
    return ""


def show(path, v, offset, bits):
    declared = v.type
    t = declared.strip_typedefs().unqualified()
    k = kind(t)

    def line(what, value):
        print(what, path, declared, t.sizeof, offset, bits, value, sep="\t")

    if k == "array":
        first, last = t.range()
        line(k, "unknown" if str(declared).endswith("[]") else last - first + 1)
        elem = t.target()
        e = elem.strip_typedefs()
        if kind(e) == "int" and e.sizeof == 1 and last >= first:
            data = bytes(int(v[i]) & 0xFF for i in range(first, last + 1))
            line("text", data.split(b"\0")[0].hex())
        for i in range(first, last + 1 if elem.sizeof else first):  # gdb finds no element of no size
            show(f"{path}[{i}]", v[i], offset + 8 * i * elem.sizeof, 0)
    elif k in ("struct", "union"):
        line(k, "")
        members(path, v, offset)
    else:
        try:
            line(k, leaf(v, t, k))
        except ValueError:  # gdb does not print _BitInt of more than 64 bits that has DW_AT_bit_size
            line("unknown", "")
        if k == "pointer" and t.code == gdb.TYPE_CODE_PTR and int(v.cast(gdb.lookup_type("unsigned long"))):
            to = t.target().strip_typedefs().unqualified()
            if kind(to) == "int" and to.sizeof == 1:
                line("text", bytes(v.string("latin-1"), "latin-1").hex())


def members(path, v, offset):
    for f in v.type.strip_typedefs().fields():
        if not hasattr(f, "bitpos") or f.artificial or f.name and f.name.startswith("_vptr"):
            continue  # a static member, or the compiler's own
        if f.is_base_class or not f.name:
            if kind(f.type.strip_typedefs()) in ("struct", "union"):
                members(path, v[f], offset + f.bitpos)
            continue
        show(f"{path}.{f.name}", v[f], offset + f.bitpos, f.bitsize)


seen = set()
variables, gone = [], []
gdb.execute("set width 0")
gdb.execute("set print demangle off")
for unit in ("c.c", "cpp.cc", "wide.c"):
    try:
        symtab = gdb.decode_line(unit + ":1")[1][0].symtab
    except gdb.error:
        continue
    for block in (symtab.global_block(), symtab.static_block()):
        for s in block:
            if s.is_variable and s.name not in seen and not s.name.startswith("vtable for "):
                seen.add(s.name)
                (gone if s.addr_class == gdb.SYMBOL_LOC_OPTIMIZED_OUT else variables).append(s)
for s in sorted(gone, key=lambda s: s.name):
    print("absent", s.name, s.type, s.type.strip_typedefs().sizeof, 0, 0, "", sep="\t")
for s in sorted(variables, key=lambda s: s.name):
    try:
        v = s.value()
    except gdb.error:  # of the type of nullptr
        print("unknown", s.name, s.type, s.type.strip_typedefs().sizeof, 0, 0, "", sep="\t")
    else:
        show(s.name, v, 0, 0)
