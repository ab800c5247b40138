"""Writes what gdb says of the stacks in a core, with tabs between:

thread	ID
frame	number	function	line, or 0	"inline", "tail" or "-"
variable	name	kind	value
part	path	kind	value

A frame's variables are those that can be seen where it is, each name once. The value is that of a number in decimal, of a
floating-point number in hexadecimal, of a pointer its address; "gone" of what is optimized out, "synthetic" of a pointer to what has no address, "error" of what gdb can't
tell, and "-" of all others. Parts are the members of structures, the first elements of arrays, and what a pointer points to that has no address:
"s.inner.c", "array[2]", "pointer[0]".
"""

import gdb

KINDS = {gdb.TYPE_CODE_INT: "int", gdb.TYPE_CODE_CHAR: "int", gdb.TYPE_CODE_BOOL: "bool", gdb.TYPE_CODE_FLT: "float",
         gdb.TYPE_CODE_ENUM: "enum", gdb.TYPE_CODE_PTR: "pointer"}


def kind(v):
    t = v.type.strip_typedefs().unqualified()
    return t, KINDS.get(t.code, "other")


def value(v):
    t, k = kind(v)
    try:
        if v.is_optimized_out:
            return k, "gone"
        if k != "other" and "synthetic pointer" in v.format_string():
            return k, "synthetic"
        if k == "float":
            return k, float(v).hex() if t.sizeof <= 8 else "-"
        if k == "pointer":
            return k, str(int(v))
        return k, "-" if k == "other" or t.sizeof > 8 else str(int(v))
    except gdb.error:
        return k, "error"


def parts(path, v, depth):
    t, k = kind(v)
    if depth > 3:
        return
    inner = []
    if t.code == gdb.TYPE_CODE_STRUCT:
        inner = [(f"{path}.{f.name}", v[f]) for f in t.fields() if hasattr(f, "bitpos") and f.name and not f.artificial and not f.is_base_class and not f.bitsize]
    elif t.code == gdb.TYPE_CODE_ARRAY:
        first, last = t.range()
        try:
            inner = [(f"{path}[{i}]", v[i]) for i in range(first, min(last, 3) + 1)]
        except gdb.error:  # of elements whose size it does not know
            return
    elif depth == 0 and k == "pointer" and value(v)[1] == "synthetic":  # gdb 13 crashes at some that are parts
        try:
            inner = [(f"{path}[0]", v.dereference())]
            str(inner[0][1])
        except gdb.error:
            return
    for path, v in inner:
        if not path.split(".")[-1].startswith("_"):
            if value(v)[1] != "-":
                print("part", path, *value(v), sep="\t")
            parts(path, v, depth + 1)


gdb.execute("set width 0")
for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.ptid[1]):
    thread.switch()
    print("thread", thread.ptid[1], sep="\t")
    frame, number = gdb.newest_frame(), 0
    while frame is not None and number < 100:
        how = {gdb.INLINE_FRAME: "inline", gdb.TAILCALL_FRAME: "tail"}.get(frame.type(), "-")
        frame.select()
        print("frame", number, frame.name(), frame.find_sal().line, how, sep="\t")
        try:
            block = frame.block()
        except RuntimeError:
            block = None
        seen = set()
        while block is not None:
            for s in block:
                if (s.is_variable or s.is_argument) and s.name not in seen:
                    seen.add(s.name)
                    try:
                        v = s.value(frame)
                    except gdb.error:
                        print("variable", s.name, "other", "error", sep="\t")
                        continue
                    print("variable", s.name, *value(v), sep="\t")
                    parts(s.name, v, 0)
            if block.function is not None:
                break
            block = block.superblock
        try:
            frame = frame.older()
        except gdb.error as e:
            break
        number += 1
