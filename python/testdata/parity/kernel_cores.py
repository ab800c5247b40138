# Cores of kernels whose headers and notes say odd things.
from drgn import *
from coremake import *

def opened(text, *segments):
    p = Program()
    p.set_core_dump(core(notes(note("VMCOREINFO", 0, text.encode())), load(0xffffffff81000000, 0x1000000, bytes(4096)), *segments))
    return p.flags

def reads(*segments):
    p = Program()
    p.set_core_dump(core(notes(note("VMCOREINFO", 0, vmcoreinfo().encode())), *segments))
    def read(*args):
        try: return p.read(*args)
        except Exception as e: return f"{type(e).__name__}: {e}"
    return read

# What every kernel says, and numbers that are none.
opened(vmcoreinfo())
opened("")
opened(vmcoreinfo("OSRELEASE"))
opened(vmcoreinfo("OSRELEASE", ""))
opened(vmcoreinfo("PAGESIZE"))
opened(vmcoreinfo("PAGESIZE", "zz"))
opened(vmcoreinfo("PAGESIZE", ""))
opened(vmcoreinfo("PAGESIZE", "0"))
opened(vmcoreinfo("PAGESIZE", "-4096"))
opened(vmcoreinfo("PAGESIZE", " 4096"))
opened(vmcoreinfo("PAGESIZE", "0x1000"))
opened(vmcoreinfo("PAGESIZE", "0X1000"))
opened(vmcoreinfo("PAGESIZE", "+4096"))
opened(vmcoreinfo("PAGESIZE", "4096 "))
opened(vmcoreinfo("PAGESIZE", "4096\r"))
opened(vmcoreinfo("PAGESIZE", "1" * 40))
opened(vmcoreinfo("SYMBOL(swapper_pg_dir)"))
opened(vmcoreinfo("SYMBOL(swapper_pg_dir)", "0"))
opened(vmcoreinfo("SYMBOL(swapper_pg_dir)", "zz"))
opened(vmcoreinfo("SYMBOL(swapper_pg_dir)", ""))
opened(vmcoreinfo("SYMBOL(swapper_pg_dir)", "1" * 40))
opened(vmcoreinfo("SYMBOL(swapper_pg_dir)", "0Xffffffff82010000"))
opened(vmcoreinfo("KERNELOFFSET"))
opened(vmcoreinfo("KERNELOFFSET", "zz"))
opened(vmcoreinfo("KERNELOFFSET", "1" * 40))
opened(vmcoreinfo("KERNELOFFSET", " 0"))
opened(vmcoreinfo("KERNELOFFSET", "-1000000"))
opened(vmcoreinfo("NUMBER(phys_base)"))
opened(vmcoreinfo("NUMBER(phys_base)", "zz"))
opened(vmcoreinfo("NUMBER(phys_base)", "1" * 40))
opened(vmcoreinfo("NUMBER(phys_base)", "-4194304"))
opened(vmcoreinfo("NUMBER(phys_base)", "0x1000"))
opened(vmcoreinfo("NUMBER(pgtable_l5_enabled)"))
opened(vmcoreinfo("NUMBER(pgtable_l5_enabled)", "zz"))
opened(vmcoreinfo("BUILD-ID"))
opened(vmcoreinfo("BUILD-ID", ""))
opened(vmcoreinfo("BUILD-ID", "zz"))
opened(vmcoreinfo("BUILD-ID", "123"))
opened(vmcoreinfo("BUILD-ID", "0A0B"))
opened(vmcoreinfo("SYMBOL(_stext)", "zz"))
opened(vmcoreinfo("SYMBOL(_stext)", "1" * 40))
opened(vmcoreinfo("NUMBER(sme_mask)", "zz"))
opened(vmcoreinfo("OFFSET(page.flags)", "zz"))
Program(vmcoreinfo=vmcoreinfo("NUMBER(phys_base)", "zz"))
Program(vmcoreinfo=vmcoreinfo("KERNELOFFSET", "1" * 40))
Program(vmcoreinfo=vmcoreinfo("BUILD-ID", "zz"))
Program(vmcoreinfo=vmcoreinfo("SYMBOL(_stext)", "zz")).flags

# Virtual addresses of segments that lie at 0 are those of no page table; what was left out has no value.
reads(load(0, 0x9000, b"vectors!"))(0, 4)
reads(load(0, 0x9000, b"vectors!"))(0x9000, 4, True)
reads(load(0, 0, b"vectors!"))(0, 4, True)
reads(load(0xffff888000000000, 0, b"direct"))(0xffff888000000000, 6)
reads(load(0xffff888000000000, 0x1000, b"direct"))(0x1000, 6, True)
reads(load(0xffff888000001000, 0x1000, b"half", 8))(0xffff888000001000, 4)
reads(load(0xffff888000001000, 0x1000, b"half", 8))(0xffff888000001000, 8)
reads(load(0xffff888000001000, 0x1000, b"half", 8))(0x1004, 4, True)
reads(load(0xffffc90000001000, 2**64 - 1, b"vmalloc"))(0xffffc90000001000, 7)
reads(load(0xffffc90000001000, 2**64 - 1, b"vmalloc"))(2**64 - 1, 1, True)

# Where the core is.
path = core(notes(note("VMCOREINFO", 0, vmcoreinfo().encode())), load(0xffffffff81000000, 0x1000000, bytes(4096)))
link = path + ".link"
os.symlink("core", link)
os.chdir(os.path.dirname(path))
def named(path):
    p = Program()
    p.set_core_dump(path)
    return p.core_dump_path
named("core")
named("./core")
named(b"core")
named("core.link")
named(link)
named(os.path.dirname(path) + "//core")
named(os.open("core", os.O_RDONLY))
named(os.open("core.link", os.O_RDONLY))
program_from_core_dump("core").core_dump_path
os.link("core", "gone")
gone = os.open("gone", os.O_RDONLY)
os.unlink("gone")
named(gone)
moved = Program()
moved.set_core_dump("core")
os.chdir("/")
moved.core_dump_path
