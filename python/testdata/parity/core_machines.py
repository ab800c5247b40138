# Cores of machines that are not known, or not with this word size and byte order: memory and threads can be read, stacks can't.
from drgn import *
from coremake import *

def prstatus(is64, big):
    desc = bytearray(512)
    struct.pack_into((">" if big else "<") + "I", desc, 32 if is64 else 24, 7)
    return note("CORE", 1, bytes(desc), big)

def opened(machine, is64, big, kernel=False):
    info = note("VMCOREINFO", 0, vmcoreinfo().encode(), big) if kernel else note("CORE", 6, bytes(32), big)
    p = Program()
    p.set_core_dump(core(notes(prstatus(is64, big), info), load(0x1000, 0x5000, b"abcdefgh"), machine=machine, is64=is64, big=big))
    return p

def look(*what):
    p = opened(*what)
    return p.platform, p.flags, p.read(0x1000, 4), hex(p.read_word(0x1000)), p.read(0x5000, 4, True), p.address_size()

PPC, MIPS, SPARC, SPARCV9, SH, BPF, M68K, NONE = 20, 8, 2, 43, 42, 247, 4, 0
look(PPC, False, True)
look(MIPS, False, True)
look(MIPS, False, False)
look(MIPS, True, True)
look(SPARC, False, True)
look(SPARCV9, True, True)
look(SH, False, False)
look(BPF, True, False)
look(M68K, False, True)
look(NONE, True, False)
look(9999, True, False)
look(9999, False, True)
look(PPC, False, True, True)
look(MIPS, False, True, True)
look(MIPS, True, False, True)
look(9999, True, True, True)

# Known ones in the other byte order or word size.
look(62, True, True)
look(62, False, False)
look(3, False, True)
look(40, False, True)
look(183, True, True)
look(183, False, False)
look(22, False, True)
look(3, False, True, True)
look(3, False, False, True)
look(40, False, True, True)
look(40, False, False, True)
look(62, True, True, True)
look(183, True, True, True)
look(183, True, False, True)
look(243, True, False, True)
look(22, False, True, True)
look(22, True, True, True)
look(21, True, True, True)
look(258, True, False, True)

# Threads and stacks.
unknown = opened(PPC, False, True)
[t.tid for t in unknown.threads()]
unknown.thread(7).tid
unknown.crashed_thread().tid
unknown.main_thread()
unknown.stack_trace(7)
unknown.thread(7).stack_trace()
list(unknown.loaded_modules())
kernel = opened(PPC, False, True, True)
kernel.main_thread()
kernel.main_module().name
kernel["UTS_RELEASE"]
kernel["PAGE_SIZE"]
kernel["nothing"]
