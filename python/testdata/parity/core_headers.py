# Program headers of cores whose addresses are odd: in cores of processes, and in those without notes, of which nothing else is known.
from drgn import *
from coremake import *

PRPSINFO = note("CORE", 3, bytes(24) + b"\1\0\0\0" + bytes(12) + b"prog".ljust(96, b"\0"))
KINDS = {"nothing": (), "process": (notes(PRPSINFO),)}

def reads(kind, segments, *what):
    p = Program()
    p.set_core_dump(core(*KINDS[kind], *segments))
    for args in what:
        try: print(args, p.read(*args))
        except Exception as e: print(args, type(e).__name__, e)
    return p.flags

zero = [load(0, 0, b"zero")]
both = [load(0, 0x9000, b"both")]
low = [load(0x1000, 0, b"low!")]
high = [load(0x1000, 0x9000, b"high")]
same = [load(0x9000, 0x9000, b"same")]
AT = (0, 4), (0, 4, True), (0x1000, 4), (0x1000, 4, True), (0x9000, 4), (0x9000, 4, True)

# One segment.
reads("nothing", zero, *AT)
reads("nothing", both, *AT)
reads("nothing", low, *AT)
reads("nothing", high, *AT)
reads("nothing", same, *AT)
reads("process", zero, *AT)
reads("process", both, *AT)
reads("process", low, *AT)
reads("process", high, *AT)
reads("process", same, *AT)

# Several.
reads("nothing", zero + high, *AT)
reads("nothing", both + low, *AT)
reads("nothing", both + same, *AT)
reads("nothing", low + high, *AT)
reads("nothing", [load(0, 0x9000, b"one!"), load(0, 0x1000, b"two!")], *AT)
reads("nothing", [load(0, 0, b"one!"), load(0, 0, b"two!")], *AT)
reads("process", zero + high, *AT)
reads("process", both + low, *AT)
reads("process", both + same, *AT)
reads("process", [load(0, 0x9000, b"one!"), load(0, 0x1000, b"two!")], *AT)
reads("process", [load(0, 0, b"one!"), load(0, 0, b"two!")], *AT)
reads("process", [load(0, 0, b"one!"), load(0x1000, 0, b"two!")], *AT)

# Sizes.
reads("nothing", [load(0x1000, 0, b"four", 8)], (0x1000, 4), (0x1004, 4), (0x1002, 4), (0x1006, 4))
reads("process", [load(0x1000, 0, b"four", 8)], (0x1000, 4), (0x1004, 4), (0x1002, 4), (0x1006, 4))
reads("process", [load(0x1000, 0, b"fourfive", 4)], (0x1000, 4), (0x1004, 4))
reads("process", [load(0x1000, 0, b"", 8)], (0x1000, 4))
reads("process", [load(0x1000, 0, b"", 0)], (0x1000, 4), (0x1000, 0))
reads("process", [load(2**64 - 4, 0, b"end!")], (2**64 - 4, 4), (2**64 - 1, 1))
reads("process", [load(2**64 - 4, 0, b"end!more")], (2**64 - 4, 4), (2**64 - 4, 8), (0, 4))
reads("process", [load(0x1000, 2**64 - 1, b"high")], (0x1000, 4), (2**64 - 1, 1, True))
reads("process", [])

# Headers of files that are damaged.
whole = open(core(notes(PRPSINFO), load(0x1000, 0, b"memory")), "rb").read()

def damaged(data):
    path = os.path.join(work.name, "damaged")
    if os.path.exists(path):
        os.unlink(path)
    with open(path, "wb") as f:
        f.write(data)
    p = Program()
    p.set_core_dump(path)
    return p.platform

damaged(whole)
damaged(whole[:4])
damaged(whole[:6])
damaged(whole[:16])
damaged(whole[:63])
damaged(whole[:4] + b"\0" + whole[5:])
damaged(whole[:4] + b"\3" + whole[5:])
damaged(whole[:5] + b"\0" + whole[6:])
damaged(whole[:5] + b"\3" + whole[6:])
damaged(whole[:6] + b"\0" + whole[7:])
damaged(whole[:16] + b"\2" + whole[17:])
damaged(whole[:18] + b"\0\0" + whole[20:])
damaged(b"hello")
damaged(b"")
