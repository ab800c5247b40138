"""Debug files and memory at once: types that come from either are what the debug files say of all of them.

Further arguments: the debug files of the kernel and of its modules, of which the program has some.
"""

import re
import sys

import labtruth
from drgn import Program, TypeKind, sizeof

check = labtruth.Check("types")
full = Program()
full.set_core_dump(prog.core_dump_path)
full.load_debug_info(sys.argv[2:])
files = {m.name for m in full.modules() if m.debug_file_path}
mixed = {m.name: bool(m.debug_file_path) for m in prog.modules() if m.name in files}
check.equal("modules", set(mixed), files)
check.wrong_if(len(set(mixed.values())) != 2, f"all or none have debug files: {mixed}")

KINDS = {TypeKind.STRUCT: "struct", TypeKind.UNION: "union", TypeKind.ENUM: "enum"}
seen = set()


def reach(type, names, depth=0):
    """Collect the names of structures, unions and enumerations that a type leads to."""
    while type.kind in (TypeKind.POINTER, TypeKind.ARRAY, TypeKind.TYPEDEF):
        type = type.type
    if type.kind == TypeKind.FUNCTION:
        reach(type.type, names, depth)
        for p in type.parameters:
            reach(p.type, names, depth)
    elif type.kind in KINDS and type.is_complete():
        if type.tag:
            key = f"{KINDS[type.kind]} {type.tag}"
            if key in names:
                return
            names.add(key)
        if type.kind != TypeKind.ENUM and depth < 4:
            for m in type.members:
                reach(m.type, names, depth + 1)


def flat(type):
    """Write a type with arrays as BTF has them: int [2][3] was int [6] before pahole 1.28, and int [0] may be int []."""
    text, n = str(type).replace("[0]", "[]"), 1
    while n:
        text, n = re.subn(r"\[(\d+)\]\[(\d+)\]", lambda m: f"[{int(m[1]) * int(m[2])}]", text)
    return text


functions = 0
for symbol in full.symbols():
    if symbol.kind.name != "FUNC":
        continue
    try:
        module = full.module(symbol.address).name
        if module not in files or module == "kernel":
            continue
        reach(full.function(symbol.name).type_, seen)
        functions += 1
    except LookupError:
        pass  # assembly, or freed since
for name in sorted(seen):
    try:
        got, want = prog.type(name), full.type(name)
    except Exception as e:
        check.failed(name, e)
        continue
    check.equal(f"size of {name}", sizeof(got), sizeof(want))
    check.equal(name, flat(got), flat(want))
check.note(f"{functions} functions")
check.done(at_least=1000)
