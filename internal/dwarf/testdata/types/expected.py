# Writes what drgn (0.0.22 of Debian 12) says of the types in the C programs: python3 expected.py FILE > FILE.txt
import sys

import drgn

NAMES = """point_t;struct bits;struct anonymous;struct flexible;struct arrays;struct self;struct ops;struct qualified;
union number;enum color;enum sign;enum big;size_t;unsigned long;long unsigned int;long long;_Bool;short;unsigned char;
callback_t;struct declared"""

prog = drgn.Program()
prog.load_debug_info([sys.argv[1]])
for name in NAMES.replace("\n", "").split(";"):
    print("##", name)
    try:
        t = prog.type(name)
    except LookupError as e:
        print("LookupError:", e)
        continue
    print(t)
    print("size", drgn.sizeof(t))
    if t.kind == drgn.TypeKind.ENUM:
        print("compatible", t.type.type_name())
    if t.kind in (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION):
        print("offsets", *(m.bit_offset for m in t.members))
