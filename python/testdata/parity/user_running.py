# Running processes: children of this one.
import drgn, os, signal, subprocess, sys, time
from drgn import *
null = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
def start(*args):
    child = subprocess.Popen(args, **null)
    child.stdin.write(b"here\n")
    child.stdin.flush()
    next(child.stdout) # it answers when it runs, and the dynamic linker has done its work
    return child
def zombie(child):
    child.kill()
    while ") Z " not in open(f"/proc/{child.pid}/stat").read(): time.sleep(0.01)
def gone(address):
    try: return p.read(address, 4)
    except FaultError as e: return e.message[:len("short read from memory file")], e.address == address

child = start("/bin/cat")
p = Program()
p.set_pid(child.pid)
p.flags
p.platform == host_platform
p.core_dump_path
list(p.modules())
sorted({type(m).__name__ for m, new in p.loaded_modules()})
sorted(m.name for m in p.modules()) == sorted(m.name for m, new in p.loaded_modules())
os.path.basename(p.main_module().name)
p.main_module().build_id is not None
p.read(p.main_module().address_range[0], 4)
p.main_module().address_range[0] % 4096
[t.tid == child.pid for t in p.threads()]
p.main_thread().tid == child.pid
p.main_thread().name
p.thread(child.pid).name
p.thread(1)
p.crashed_thread()
p.main_thread().object
len(p.main_thread().stack_trace()) > 0
len(p.stack_trace(child.pid)) > 0
p.stack_trace(1)
p.read(0, 1)
p.read(4096, 8)
p.set_pid(child.pid)
p.set_core_dump("/nonexistent")
a = p.main_module().address_range[0]
zombie(child)
gone(a)
child.wait() != 0
gone(a)

# One that executes another program.
child = start("/bin/sh", "-c", "read x; echo $x; read x; exec /bin/sleep 1000")
p = program_from_pid(child.pid)
os.path.basename(p.main_module().name) != "sleep"
a = p.main_module().address_range[0]
p.read(a, 4)
child.stdin.close()
while open(f"/proc/{child.pid}/comm").read() != "sleep\n": time.sleep(0.01)
gone(a)
p.main_thread().name
child.kill()

# What there is not.
Program().set_pid(99999999)
Program().set_pid(-1)
Program().set_pid(0)
Program().set_pid(2**40)
Program().set_pid(-2**40)
Program().set_pid("1")
Program().set_pid(1.5)
Program().set_pid()
program_from_pid(99999999)
program_from_pid("1")
program_from_pid()
p = Program(Platform(Architecture.I386))
p.set_pid(os.getpid())
p.platform

# No target.
p = Program()
list(p.threads())
p.main_thread()
p.crashed_thread()
p.thread(1)
list(p.loaded_modules())
p.create_loaded_modules()
