# Cores of processes: testdata/process has them and the programs. They were dumped in a directory that is gone.
import drgn, gzip, io, os, sys, tempfile
from drgn import *
process = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../testdata/process")
work = tempfile.TemporaryDirectory()
def core(name):
    path = os.path.join(work.name, name)
    if not os.path.exists(path): # another program may have it open
        with gzip.open(os.path.join(process, name + ".core.gz")) as f, open(path, "wb") as to: to.write(f.read())
    return path
def load(prog):
    for module, new in prog.loaded_modules(): module.try_file(os.path.join(process, os.path.basename(module.name)))
def open_core(name):
    prog = Program(); prog.set_core_dump(core(name)); load(prog)
    return prog
def modules(prog):
    return sorted((type(m).__name__, m.name, m.build_id and m.build_id.hex(), m.address_ranges, m.loaded_file_status.name, m.debug_file_status.name, m.loaded_file_bias,
        getattr(m, "dynamic_address", None)) for m in prog.modules())
def stacks(prog):
    # The reference ends with a frame of which nothing is known.
    return {t.tid - prog.main_thread().tid: [(f.name, f.is_inline, f.interrupted, f.source()[1:] if f.function_name else None) for f in t.stack_trace() if f.name != "???"]
        for t in sorted(prog.threads(), key=lambda t: t.tid)}
def names(prog):
    return [t.name for t in sorted(prog.threads(), key=lambda t: t.tid)]

# Threads of a static program.
p = open_core("threads")
p.flags
p.platform
p.language
os.path.basename(p.core_dump_path)
os.path.isabs(p.core_dump_path)
modules(p)
names(p)
stacks(p)
p.crashed_thread().tid - p.main_thread().tid
p.main_thread().name
p.crashed_thread().name
p.thread(p.main_thread().tid).name
p.thread(1)
p.thread(-1)
p.thread(2**70)
p.thread("1")
p.main_thread().object
p["list"]
p["message"]
p["message"].string_()
p["started"]
p["nothing"]
p["waits"]
p.symbol("crashes")
p.read(0, 8)
p.read(0x400000, 4)
p.read(0x4000000, 4)
p.read(2**64 - 1, 1)
p.set_core_dump(core("threads"))
p.set_pid(os.getpid())
p.set_kernel()
t = p.crashed_thread().stack_trace()
[hex(f.pc) for f in t if f.name != "???"]
t[0].registers()["rip"] == t[0].pc
sorted(t[0].registers())
sorted(t[1].registers())
hex(t[1].register("rip"))
t[1].register("rax")
t[1].sp
[(f.name, f.locals()) for f in t if f.name != "???"]
t[0]["depth"]
t[0]["n"]
t[0]["local"]
t[0]["nothing"]
t[3]["n"]
p.main_module()
p.main_module().address_range
p.main_module().dynamic_address
[m.name for m, new in p.loaded_modules() if new]
p.create_loaded_modules()

# A program of 32 bits.
p = open_core("crash32")
p.platform
modules(p)
names(p)
p["point"]
p["point"].address_of_()
p.address_size()
p.read_word(p["point"].address_)

# A program with a library.
p = open_core("dynamic")
modules(p)
stacks(p)
p["answer"]
p["pair"]
p["hidden"]
p["library_call"]
p.object("hidden", FindObjectFlags.VARIABLE, "library.c")
p.type("struct pair")
t = p.crashed_thread().stack_trace()
[(f.name, f.locals()) for f in t if f.name != "???"]
[(n, t[1][n]) for n in t[1].locals()]
t[0]["n"]
p.module(p["pair"].address_).name
p.module(p["answer"].address_).name
p.module("/src/libsmall.so")
p.module(0)
p.symbol(t[1].pc).name
p.shared_library_module("/src/libsmall.so", p.module("/src/libsmall.so").dynamic_address) == p.module("/src/libsmall.so")

# Without the files.
p = Program()
p.set_core_dump(core("dynamic"))
list(p.modules())
p.main_thread().name
[hex(f.pc) for f in p.main_thread().stack_trace()][:1]
p.main_module()
[(m.name, new) for m, new in p.loaded_modules()]
[(m.name, new) for m, new in p.loaded_modules()]
p["answer"]

# Open files, and what is no core.
fd = os.open(core("threads"), os.O_RDONLY)
p = Program()
p.set_core_dump(fd)
os.path.basename(p.core_dump_path)
p.main_thread().name
os.close(fd)
p.main_thread().name
Program().set_core_dump(-1)
Program().set_core_dump(9999)
Program().set_core_dump(None)
Program().set_core_dump(1.5)
Program().set_core_dump()
Program().set_core_dump("/nonexistent/core")
Program().set_core_dump(b"/nonexistent/core")
p = Program(Platform(Architecture.X86_64))
p.set_core_dump(core("threads"))
p.platform
