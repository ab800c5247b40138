package python

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/godrgn/drgn/internal/compressed"
)

// A program is closed when nothing in Python refers to it any more, and soon afterwards what it had mapped is unmapped,
// although nobody calls Go's collector. What refers to a program keeps it, whole.
func TestPrograms(t *testing.T) {
	core, err := filepath.Abs("../testdata/tiny-6.12/vmcore")
	if err != nil {
		t.Fatal(err)
	}
	image, err := compressed.Open("../testdata/tiny-6.12/vmlinux.zst", compressed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	vmlinux := filepath.Join(t.TempDir(), "plain-vmlinux")
	if err := os.WriteFile(vmlinux, image.Data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := image.Close(); err != nil {
		t.Fatal(err)
	}
	rounds := 100
	if testing.Short() {
		rounds = 20
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	script(t, false, fmt.Sprintf(`
import gc, os, time
from drgn import *
from drgn.helpers.linux import for_each_task
from drgn._test import live_handles, live_types, gc as gogc
core, vmlinux, rounds = %q, %q, %d
def mapped():
    with open("/proc/self/maps") as f: return [l for l in f if "tiny-6.12/vmcore" in l or "plain-vmlinux" in l or ".dwarfidx" in l]
def rss(): return int(open("/proc/self/statm").read().split()[1]) * 4096
def fds(): return len(os.listdir("/proc/self/fd"))
def opened():
    prog = Program()
    prog.set_core_dump(core)
    prog.load_debug_info([vmlinux])
    return prog
def use(i):
    prog = opened()
    task = prog["init_task"]
    assert task.comm.string_() == b"swapper/0" and len(prog.stack_trace(1)) > 2 and prog.symbol("schedule")
    if i %% 3 == 0: prog.cache["task"] = task, [prog.stack_trace(1)], prog.modules()
    if i %% 5 == 0: prog.register_object_finder("x", lambda p, name, flags, filename: task, enable_index=0)

def collected(): gc.collect(); gogc(); gogc()
for i in range(10): use(i)
collected()
handles, types, open_files, before = live_handles(), live_types(), fds(), rss()
for i in range(rounds):
    if i %% 10 == 0: collected()
    use(i)
gc.collect()
for i in range(100): # Go's collector runs by itself
    if not mapped(): break
    time.sleep(.1)
assert not mapped(), mapped()
assert fds() <= open_files, (open_files, fds())
assert live_handles() <= handles + 10 and live_types() <= types + 10, (handles, live_handles(), types, live_types())
collected()
assert rss() < before + (32 << 20), (before, rss())

# Each of these keeps the program.
for keep in (lambda p: p["init_task"], lambda p: p.type("struct task_struct"), lambda p: p.main_module(), lambda p: p.thread(1),
             lambda p: p.stack_trace(1), lambda p: p.stack_trace(1)[0], lambda p: p.threads(), lambda p: for_each_task(p),
             lambda p: p["init_task"].comm.read_(), lambda p: p.type("struct task_struct").members[3], lambda p: p.symbol):
    o = keep(opened())
    collected(); time.sleep(.6)
    assert mapped(), o
    if isinstance(o, Object): assert o.prog_["init_task"].comm.string_() == b"swapper/0" and str(o)
    elif isinstance(o, Type): assert o.prog["init_task"].pid.value_() == 0 and str(o)
    elif isinstance(o, Module): assert o.prog["init_task"].pid.value_() == 0
    elif isinstance(o, Thread): assert len(o.stack_trace()) > 2 and o.object.comm.string_() == b"init"
    elif isinstance(o, StackTrace): assert o.prog["init_task"].pid.value_() == 0 and str(o) and o[0].locals() is not None
    elif isinstance(o, StackFrame): assert o.registers() and str(o) and o.symbol()
    elif isinstance(o, TypeMember): assert str(o.type) and repr(o)
    elif callable(o): assert o("init_task")
    else: assert len(list(o)) > 3
    del o
    collected(); time.sleep(.1)
    assert not mapped(), mapped()
`, core, vmlinux, rounds))
}
