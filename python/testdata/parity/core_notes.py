# Notes of processes' cores that are too short or too long, missing, or there twice.
from drgn import *
from coremake import *

PRSTATUS, PRPSINFO, AUXV, FILE = 1, 3, 6, 0x46494C45

def prstatus(size=336, tid=7, is64=True):
    desc = bytearray(512)
    struct.pack_into("<I", desc, 32 if is64 else 24, tid)
    return note("CORE", PRSTATUS, bytes(desc[:size]))

def prpsinfo(size=136, tid=7, is64=True, name=b"prog"):
    desc = bytearray(200)
    struct.pack_into("<I", desc, 24 if is64 else 12, tid)
    at = 40 if is64 else 28
    desc[at : at + len(name)] = name
    return note("CORE", PRPSINFO, bytes(desc[:size]))

def opened(*given):
    p = Program()
    p.set_core_dump(core(notes(*given), load(0x1000, 0, b"memory")))
    return p

def look(*given, machine=X86_64, is64=True):
    p = Program()
    p.set_core_dump(core(notes(*given), load(0x1000, 0, b"memory"), machine=machine, is64=is64))
    for what in "sorted(t.tid for t in p.threads())", "p.thread(7).tid", "p.main_thread().tid", "p.main_thread().name", "p.crashed_thread().tid", "p.crashed_thread().name", "p.read(0x1000, 6)", "len(list(p.loaded_modules()))":
        try: print(what, repr(eval(what)))
        except Exception as e: print(what, type(e).__name__)

# Threads.
look(prstatus(336))
look(prstatus(512))
look(prstatus(335))
look(prstatus(112))
look(prstatus(111))
look(prstatus(40))
look(prstatus(36))
look(prstatus(35))
look(prstatus(0))
look(prstatus(), prstatus(tid=8))
look(prstatus(tid=8), prstatus())
look(prstatus(), prstatus())
look(prstatus(), prstatus(20))
look(prstatus(20), prstatus())
look(prstatus(27, is64=False), machine=3, is64=False)
look(prstatus(tid=0))
look(prstatus(tid=2**32 - 1))

# The process.
look(prpsinfo())
look(prpsinfo(), prstatus())
look(prstatus(), prpsinfo())
look(prstatus(), prpsinfo(200))
look(prstatus(), prpsinfo(135))
look(prstatus(), prpsinfo(56))
look(prstatus(), prpsinfo(55))
look(prstatus(), prpsinfo(44))
look(prstatus(), prpsinfo(27))
look(prstatus(), prpsinfo(0))
look(prstatus(), prpsinfo(tid=8))
look(prstatus(), prpsinfo(), prpsinfo(tid=8))
look(prstatus(), prpsinfo(tid=8), prpsinfo())
look(prstatus(), prpsinfo(), prpsinfo(3))
look(prstatus(), prpsinfo(name=b"a name of 16 bys"))
look(prstatus(), prpsinfo(name=b"a name of 80 bytes" * 4))
look(prstatus(), prpsinfo(name=b"\xff\xfe"))
look(prpsinfo(124, is64=False), prstatus(144, is64=False), machine=3, is64=False)
look(prpsinfo(123, is64=False), prstatus(144, is64=False), machine=3, is64=False)
look(prpsinfo(44, is64=False), prstatus(144, is64=False), machine=3, is64=False)
look(prpsinfo(43, is64=False), prstatus(144, is64=False), machine=3, is64=False)
look(prpsinfo(15, is64=False), prstatus(144, is64=False), machine=3, is64=False)

# What was loaded.
look(prstatus(), note("CORE", AUXV, b""))
look(prstatus(), note("CORE", AUXV, bytes(3)))
look(prstatus(), note("CORE", AUXV, bytes(16)))
look(prstatus(), note("CORE", AUXV, struct.pack("<QQ", 3, 0x1000)))
look(prstatus(), note("CORE", AUXV, struct.pack("<QQQQQQ", 3, 0x1000, 5, 1, 4, 56)))
look(prstatus(), note("CORE", AUXV, struct.pack("<QQQQQQ", 3, 0x1000, 5, 1, 4, 55)))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, b""))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, bytes(8)))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, bytes(16)))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, struct.pack("<QQ", 1, 4096)))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, struct.pack("<QQQQQ", 1, 4096, 0x1000, 0x2000, 0)))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, struct.pack("<QQQQQ", 1, 4096, 0x1000, 0x2000, 0) + b"/a"))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, struct.pack("<QQQQQ", 1, 4096, 0x1000, 0x2000, 0) + b"/a\0"))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, struct.pack("<QQQQQ", 2**60, 4096, 0x1000, 0x2000, 0) + b"/a\0"))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, struct.pack("<QQQQQ", 1, 2**60, 0x1000, 0x2000, 2**20) + b"/a\0"))
look(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, struct.pack("<QQQQQ", 1, 4096, 0x2000, 0x1000, 0) + b"/a\0"))

# Notes that end too early.
look(prstatus()[:-1])
look(prstatus()[:11])
look(prstatus(), prpsinfo()[:-1])
look(prstatus(), b"\0")
look(prstatus(), bytes(12))
look(prstatus(), struct.pack("<III", 2**32 - 1, 4, 1) + b"CORE")
look(prstatus(), struct.pack("<III", 5, 2**32 - 1, 1) + b"CORE\0\0\0\0")

# What is said.
list(opened(prstatus(35)).threads())
opened(prstatus(35)).main_thread()
opened(prstatus(35)).crashed_thread()
opened(prstatus(35)).stack_trace(7)
opened(prstatus(300)).stack_trace(7)
opened(prstatus(336)).stack_trace(7)[0].pc
opened(prpsinfo(55)).main_thread()
list(opened(prpsinfo(), prstatus()).loaded_modules())
list(opened(prstatus(), note("CORE", AUXV, bytes(16)), note("CORE", FILE, bytes(8))).loaded_modules())
