"""Writes what gdb says of the stacks in a core, with tabs between:

thread	ID
frame	number	function	line, or 0	"inline", "tail" or "-"
variable	name	kind	value

A frame's variables are those that can be seen where it is, each name once. The value is that of a number in decimal, of a
floating-point number in hexadecimal, of a pointer its address; "gone" of what is optimized out, "error" of what gdb can't
tell, and "-" of all others.
"""

import gdb

KINDS = {gdb.TYPE_CODE_INT: "int", gdb.TYPE_CODE_CHAR: "int", gdb.TYPE_CODE_BOOL: "bool", gdb.TYPE_CODE_FLT: "float",
         gdb.TYPE_CODE_ENUM: "enum", gdb.TYPE_CODE_PTR: "pointer"}


def value(symbol, frame):
    t = symbol.type.strip_typedefs().unqualified()
    k = KINDS.get(t.code, "other")
    try:
        v = symbol.value(frame)
        if v.is_optimized_out:
            return k, "gone"
        if k == "float":
            return k, float(v).hex() if t.sizeof <= 8 else "-"
        if k == "pointer":
            return k, str(int(v))
        return k, "-" if k == "other" or t.sizeof > 8 else str(int(v))
    except gdb.error:
        return k, "error"


gdb.execute("set width 0")
for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.ptid[1]):
    thread.switch()
    print("thread", thread.ptid[1], sep="\t")
    frame, number = gdb.newest_frame(), 0
    while frame is not None and number < 100:
        how = {gdb.INLINE_FRAME: "inline", gdb.TAILCALL_FRAME: "tail"}.get(frame.type(), "-")
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
                    print("variable", s.name, *value(s, frame), sep="\t")
            if block.function is not None:
                break
            block = block.superblock
        try:
            frame = frame.older()
        except gdb.error as e:
            break
        number += 1
