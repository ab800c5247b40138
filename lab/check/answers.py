"""Without any debug file, helpers, stacks, variables and addresses are what the debug files say of them.

Every helper is called whose arguments can be had: those that need no more than the program, then those that take what others gave. Further
arguments: the debug files of the kernel and of its modules.
"""

import ast
import contextlib
import importlib
import inspect
import io
import itertools
import pkgutil
import re
import sys

import labtruth
import drgn.helpers.linux as helpers
from drgn import Object, Program, TypeKind, sizeof
from drgn.helpers.common.memory import identify_address
from drgn.helpers.common.stack import print_annotated_stack
from drgn.helpers.linux.pid import for_each_task

# No more than this many results of one call are looked at, and no more than this many objects of a type are passed on.
MOST, PASSED = 3000, 40

# What the parameters of helpers take: a structure by its tag, or a value.
STRUCTS = {
    "task": "task_struct", "mm": "mm_struct", "vma": "vm_area_struct", "page": "page", "zone": "zone", "section": "mem_section",
    "mod": "module", "module": "module", "cgrp": "cgroup", "css": "cgroup_subsys_state", "parent": "cgroup_subsys_state",
    "disk": "gendisk", "part": "block_device", "bdev": "block_device", "q": "request_queue", "inode": "inode", "dentry": "dentry",
    "mapping": "address_space", "mnt": "mount", "sb": "super_block", "kn": "kernfs_node", "kobj": "kobject", "desc": "irq_desc",
    "bus": "pci_bus", "slab_cache": "kmem_cache", "rq": "rq", "cfs_rq": "cfs_rq", "se": "sched_entity", "tg": "task_group",
    "sk": "sock", "sock": "socket", "net": "net", "ns": None, "pid": "pid", "si": "swap_info_struct", "hstate": "hstate",
    "bpf_prog": "bpf_prog", "pending": "sigpending", "lock": "mutex", "sem": "rw_semaphore", "mem": "memory_block", "table": "neigh_table",
    "fbc": "percpu_counter", "class_": "class",
}
IN_MODULE = {
    ("net", "dev"): "net_device", ("device", "dev"): "device", ("pci", "dev"): "pci_dev", ("device", "bus"): "bus_type",
    ("tc", "dev"): "net_device", ("kernfs", "parent"): "kernfs_node", ("block", "rq"): "request", ("sbitmap", "sb"): "sbitmap",
    ("timer", "base"): "timer_base", ("timer", "clock_base"): "hrtimer_clock_base",
}
# They are printed with what the program is asked of besides, have no end, or are slow and nothing but other helpers.
LEFT = {"for_each_page", "for_each_valid_pfn_and_page", "load_vmlinux_kallsyms", "load_module_kallsyms", "module_kallsyms", "print_dmesg"}


def flat(text):
    """Write a type as BTF has it: int [2][3] was int [6] before pahole 1.28, and int [0] may be int [].

    The table of variables calls struct pglist_data so, as newer kernels do, where older ones have a typedef.
    """
    text, n = text.replace("[0]", "[]").replace("pg_data_t", "struct pglist_data"), 1
    while n:
        text, n = re.subn(r"\[(\d+)\]\[(\d+)\]", lambda m: f"[{int(m[1]) * int(m[2])}]", text)
    return text


def spelled(of):
    """Return the name of a type. Where a typedef of an array is the type of elements, GCC writes one array of more dimensions."""
    if of.kind == TypeKind.ARRAY and of.type.kind == TypeKind.TYPEDEF and underlying(of.type).kind == TypeKind.ARRAY:
        inner = underlying(of.type)
        return flat(f"{inner.type.type_name()} [{of.length or 0}][{inner.length or 0}]")
    return flat(of.type_name())


def sizeless(text):
    """Leave out the sizes of symbols, which without debug files are what lies before the next one."""
    return re.sub(r"(\+0x[0-9a-f]+)/0x[0-9a-f]+", r"\1", text)


def underlying(of):
    """Return a type without typedefs."""
    while of.kind == TypeKind.TYPEDEF:
        of = of.type
    return of


class Facts:
    """What a program says, by what was asked."""

    def __init__(self, prog):
        self.prog, self.found, self.pool, self.known = prog, {}, {}, set()

    def plain(self, value, depth=0):
        """Return a value as what can be compared, and pass objects on."""
        if isinstance(value, Object):
            kind = underlying(value.type_).kind
            name = flat(value.type_.type_name())
            if kind in (TypeKind.STRUCT, TypeKind.UNION):
                if not value.absent_ and value.address_ is not None:
                    self.pass_on(value.address_of_())
                    return f"{name} at {value.address_:#x}"
                return name
            if kind == TypeKind.POINTER:
                self.pass_on(value)
            if kind in (TypeKind.ARRAY, TypeKind.FUNCTION):
                return f"{name} at {value.address_:#x}" if value.address_ is not None else name
            return f"({name}){value.value_()!r}"
        if isinstance(value, (str, bytes, int, float, bool, type(None))):
            return value
        if isinstance(value, dict):
            return {str(self.plain(k)): self.plain(v, depth + 1) for k, v in itertools.islice(value.items(), MOST)}
        if isinstance(value, tuple) and hasattr(value, "_fields") or isinstance(value, (tuple, list, set, frozenset)):
            every = [self.plain(v, depth + 1) for v in itertools.islice(value, MOST)]
            return sorted(map(str, every)) if isinstance(value, (set, frozenset)) else every
        if hasattr(value, "__next__") and depth < 2:
            return [self.plain(v, depth + 1) for v in itertools.islice(value, MOST)]
        return flat(str(value))

    def pass_on(self, pointer):
        """Keep an object for the helpers that take one of its type."""
        target = underlying(underlying(pointer.type_).type)
        if target.kind != TypeKind.STRUCT or not target.tag or not pointer.value_():
            return
        key = (target.tag, pointer.value_())
        if key not in self.known and len(self.pool.setdefault(target.tag, [])) < PASSED:
            self.known.add(key)
            self.pool[target.tag].append(pointer)

    def ask(self, key, call):
        """Remember what a call gives, or which error."""
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                said = self.plain(call())
        except Exception as e:
            said = f"{type(e).__name__}: {e}"
        # Headings of frames have lines and inlined functions.
        told = "\n".join(line for line in printed.getvalue().splitlines() if not line.startswith("[stack frame #"))
        self.found[key] = sizeless(f"{said}\n{told}")


def functions():
    """Yield the module, name, function and parameters of every helper."""
    for module in pkgutil.iter_modules(helpers.__path__):
        of = importlib.import_module("drgn.helpers.linux." + module.name)
        for name in of.__all__:
            f = getattr(of, name)
            if callable(f) and not inspect.isclass(f) and name not in LEFT:
                needed = [p for p in inspect.signature(f).parameters.values() if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD]
                yield module.name, name, f, [p.name for p in needed]


EVERY = list(functions())

# Calls of what takes a name or a number besides the program.
NAMED = {
    "sysfs_listdir": ["kernel", "devices"], "sysfs_lookup": ["kernel/mm"], "sysfs_lookup_kobject": ["kernel", "block"],
    "sysfs_lookup_node": ["kernel/mm"], "cgroup_get_from_path": ["/"], "find_slab_cache": ["dentry", "no such cache"],
    "find_module": ["ext4", "no such module"], "find_user": [0, 4242], "find_task": [1, 2, 424242], "find_pid": [1, 2],
    "bpf_prog_by_id": [1, 2], "bpf_map_by_id": [1, 2], "irq_to_desc": [0, 1, 9], "timer_base_names": [],
}
ITEMS = {"global_node_page_state": "node_stat_item", "global_zone_page_state": "zone_stat_item", "global_vm_event_state": "vm_event_item"}


def more(facts):
    """Ask what takes names, numbers or addresses."""
    by_name = {name: f for _, name, f, _ in EVERY}
    prog = facts.prog
    for name, values in NAMED.items():
        for v in values:
            facts.ask(f"{name}(prog, {v!r})", lambda: by_name[name](prog, v))
    for name, items in ITEMS.items():
        for e in prog.type(f"enum {items}").enumerators[:-1]:
            facts.ask(f"{name}(prog, {e.name})", lambda: by_name[name](prog, prog[e.name]))
    for cache in list(facts.pool.get("kmem_cache", [])):
        facts.ask(f"objects of {cache.value_():#x}", lambda: by_name["slab_cache_for_each_allocated_object"](cache, "void"))
    for address in sorted(a for tag in facts.pool for a in (o.value_() for o in facts.pool[tag])):
        for name in ("virt_to_phys", "virt_to_page", "slab_object_info", "find_containing_slab_cache", "address_to_module"):
            facts.ask(f"{name}(prog, {address:#x})", lambda: by_name[name](prog, address))


def members(facts):
    """Pass on objects that other helpers take, as members of those that were found."""
    of = {
        "task_struct": ["mm", "se", "sighand", "thread_pid", "pending"], "mm_struct": ["mmap_lock", "rss_stat"], "module": ["mkobj.kobj"],
        "mount": ["mnt.mnt_sb", "mnt.mnt_root"], "super_block": ["s_root", "s_bdev", "s_umount"], "dentry": ["d_inode"],
        "inode": ["i_mapping", "i_rwsem"], "gendisk": ["queue", "part0"], "cgroup": ["self", "kn"], "net_device": ["dev"],
        "pci_dev": ["dev"], "rq": ["cfs"], "device": ["kobj", "class", "bus"], "kernfs_node": ["parent"],
    }
    for tag, names in of.items():
        for o in list(facts.pool.get(tag, [])):
            for name in names:
                with contextlib.suppress(Exception):
                    v = o
                    for part in name.split("."):
                        v = getattr(v, part)
                    facts.plain(v)


def run(prog):
    """Ask a program everything."""
    facts = Facts(prog)
    for module, name, f, needed in EVERY:
        if not needed or needed == ["prog"]:
            facts.ask(f"{module}.{name}(prog)", lambda: f(prog))
    for cpu in range(2):
        for module, name, f, needed in EVERY:
            if needed == ["prog", "cpu"] or needed == ["prog", "nid"] or needed == ["prog", "nr"]:
                facts.ask(f"{module}.{name}(prog, {cpu})", lambda: f(prog, cpu))
    for name in ("init_net", "root_task_group", "init_css_set", "init_mm", "fs_kobj", "cgrp_dfl_root"):
        with contextlib.suppress(Exception):
            facts.plain(prog[name])
    asked = set()
    for _ in range(3):
        members(facts)
        for module, name, f, needed in EVERY:
            if len(needed) != 1 and needed[1:] not in ([], ["cpu"], ["fd"], ["nid"]):
                continue
            tag = IN_MODULE.get((module, needed[0]) if needed else None, STRUCTS.get(needed[0]) if needed else None)
            for o in list(facts.pool.get(tag, [])) if tag else []:
                key = f"{module}.{name}({tag} at {o.value_():#x})"
                if key not in asked:
                    asked.add(key)
                    facts.ask(key, lambda: f(o, *[1] * (len(needed) - 1)))
    more(facts)
    return facts


def stack_of(trace, full):
    """Return the frames of a stack that are no inlined functions."""
    frames = []
    for frame in trace:
        if full and frame.is_inline:
            continue
        try:
            symbol = frame.symbol()
            name, address = symbol.name, symbol.address
        except LookupError:
            name = address = None
        frames.append((hex(frame.pc), name, address, frame.interrupted))
    return frames


def stacks(facts, full):
    """Ask for the stacks of all tasks."""
    for task in for_each_task(facts.prog):
        tid = task.pid.value_()
        if task.exit_state and not task.stack:
            continue  # it gave its stack back: what lies there is somebody else's by now, and says to each what it will
        facts.ask(f"stack of {tid}", lambda: stack_of(facts.prog.stack_trace(task), full))
        if tid % 40 == 1:
            facts.ask(f"annotated stack of {tid}", lambda: print_annotated_stack(facts.prog.stack_trace(task)))


SYMBOL = re.compile(r"(\w+ )?symbol: (\S+)\+(0x[0-9a-f]+)")


def named(key, have, want, table):
    """Return what two programs say of addresses without the symbols of these, and what is wrong with them.

    Without files a symbol ends where the next one begins, which may be a label, and of several at an address another one may be the
    first: what is said must be a symbol that the debug files have there, and functions and variables must have one.
    """
    here = re.match(r"identify (\w+)", key)
    texts, wrong = ["", ""], []
    for old, new in itertools.zip_longest(want.splitlines(), have.splitlines(), fillvalue=""):
        told, found = SYMBOL.search(old), SYMBOL.search(new)
        if told and told[2].startswith("$") and not found:
            continue  # a mark of what is code and what data, which kallsyms has not: another answer comes next
        address = here or re.match(r"[0-9a-f]+: ([0-9a-f]+)", new)
        if found and (found[2], int(address[1], 16) - int(found[3], 16)) not in table:
            wrong.append(new)
        if told and told[1] and not found:
            wrong.append(f"nothing for {old}")
        for i, line in enumerate((new, old)):
            line = re.sub(r" ?\[?(caller|return|found)? ?\]?$", "", SYMBOL.sub("", line))
            texts[i] += "\n" if line == "None" else line.rstrip(" []") + "\n"
    return texts[0].strip(), texts[1].strip(), wrong


def compare_stack(key, have, want, table):
    """Compare the frames of a stack: their places are the same, and names are of symbols that are there."""
    if have == want:
        return []
    try:
        have, want = ast.literal_eval(have.strip()), ast.literal_eval(want.strip())
    except (SyntaxError, ValueError):
        return [f"{have!r}, with files {want!r}"]  # an error
    wrong = []
    for i, (a, b) in enumerate(itertools.zip_longest(have, want)):
        if a is None or b is None or a[0] != b[0] or a[3] != b[3]:
            wrong.append(f"frame {i} is {a}, with files {b}")
        elif a[1] and (a[1], a[2]) not in table or b[1] and not a[1]:
            wrong.append(f"frame {i} is in {a[1:3]}, with files in {b[1:3]}")
    return wrong


check = labtruth.Check("answers")
full = Program()
full.set_core_dump(prog.core_dump_path)
full.load_debug_info(sys.argv[2:])
table = {(s.name, s.address) for s in full.symbols()}
have, want = run(prog), run(full)
stacks(have, False)
stacks(want, True)

every = [s for s in full.symbols() if s.kind.name == "OBJECT"]
variables = longer = 0
for symbol in every:
    try:
        v = prog.variable(symbol.name)
    except Exception:
        continue  # which says how it is given a type
    try:
        w = full.variable(symbol.name)
    except LookupError:
        continue  # a macro
    variables += 1
    if v.address_ is None and w.address_ is None:
        # drgn's own object of the name: vmemmap, which is a variable on Power, too.
        have.found[f"variable {symbol.name}"] = repr(v)
        want.found[f"variable {symbol.name}"] = repr(w)
        continue
    got, wanted = (re.sub(r"\[\d+\]", "[]", spelled(o.type_), count=1) for o in (v, w))
    have.found[f"variable {symbol.name}"] = f"{got} at {v.address_:#x}"
    want.found[f"variable {symbol.name}"] = f"{wanted} at {w.address_:#x}"
    if v.type_.kind == TypeKind.ARRAY and sizeof(v) != sizeof(w):
        # The table of variables does not say how long arrays are: there is room for what is said.
        longer += 1
        check.wrong_if(sizeof(v) < sizeof(w) or sizeof(v) - sizeof(w) > 64, f"{symbol.name} has {sizeof(v)} bytes, with files {sizeof(w)}")

# In symbols, not after those of one byte or none: without files each ends where the next one begins.
addresses = {s.address + 1 for s in itertools.islice(every, 0, None, 97) if s.size > 1}
addresses |= {o.value_() + 8 for tag in want.pool for o in want.pool[tag]}
for a in sorted(addresses):
    have.ask(f"identify {a:#x}", lambda: identify_address(prog, a))
    want.ask(f"identify {a:#x}", lambda: identify_address(full, a))

errors = sum(bool(re.match(r"\w+Error: ", v)) for v in want.found.values())
for key in sorted(want.found.keys() | have.found.keys()):
    got, wanted = have.found.get(key, "not asked"), want.found.get(key, "not asked")
    wrong = []
    if key.startswith("stack of"):
        wrong = compare_stack(key, got, wanted, table)
        got = wanted
    elif key.startswith(("identify", "annotated")):
        got, wanted, wrong = named(key, got, wanted, table)
    if got != wanted:
        at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), 0)
        wrong.append(f"{got[max(0, at - 60):at + 100]!r}, with files {wanted[max(0, at - 60):at + 100]!r}")
    check.wrong_if(wrong, f"{key}:", *wrong[:1])
check.note(f"{variables} variables, {longer} arrays that are longer, {len(addresses)} addresses, {errors} errors with files, too")
check.done(at_least=1000)
