package python

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// While an index is read, other Python threads run, and Ctrl-C ends the call, whatever it is. The index is read on behind the
// prompt and is there for the next call, which has nothing else to show for the one that was interrupted.
func TestIndexReadInterrupted(t *testing.T) {
	core, err := filepath.Abs(filepath.Join("..", "testdata", "tiny-6.12", "vmcore"))
	if err != nil {
		t.Fatal(err)
	}
	script(t, false, `
import os, signal, sys, threading, time
import drgn
from drgn import *
from drgn import _test
from drgn.helpers.linux import *

CORE = "`+core+`"

def opened():
    prog = Program()
    prog.set_core_dump(CORE)
    prog.load_debug_info(main=True)
    return prog

ready = opened()
PC = ready.symbol("schedule").address
INIT = ready["init_task"].address_

def members(prog):  # the type is there, the finder of its members is Python's
    late = prog.struct_type("late", 8, (TypeMember(lambda: prog.type("struct pid *"), "pid"),))
    return Object(prog, late, address=INIT).pid.type_.type.tag

def finder(prog):  # a finder in Python, whose own question waits
    if "python" not in prog.registered_type_finders():
        prog.register_type_finder("python", lambda p, kinds, name, filename: p.type("struct pid") if name == "mine" else None, enable_index=0)
    return prog.type("struct mine *").type.tag

calls = {
    "type": lambda prog: prog.type("struct pid").size,
    "subscript": lambda prog: prog["init_task"].pid.value_(),
    "in": lambda prog: "init_task" in prog,
    "object": lambda prog: prog.object("init_task").address_,
    "variable": lambda prog: prog.variable("init_task").address_,
    "function": lambda prog: prog.function("schedule").address_,
    "constant": lambda prog: prog.constant("PIDTYPE_PID").value_(),
    "source_location": lambda prog: str(prog.source_location(PC)),
    "cast": lambda prog: Object(prog, "struct task_struct *", value=INIT).pid.value_(),
    "sizeof": lambda prog: offsetof(prog.type("struct task_struct"), "pid"),
    "helper": lambda prog: find_task(prog, 1).pid.value_(),
    "walk": lambda prog: [t.pid.value_() for t in for_each_task(prog)],
    "stack": lambda prog: str(prog.stack_trace(1)),
    "threads": lambda prog: [t.tid for t in prog.threads()],
    "late member": members,
    "finder": finder,
    "load": lambda prog: prog.load_default_debug_info(),
    "create": lambda prog: prog.create_loaded_modules(),
    "loaded": lambda prog: [str(m[0]) for m in prog.loaded_modules()],
}

def held(name, call):
    want = call(opened())
    prog = opened()
    before = _test.holding()
    _test.hold()
    ticks = 0
    also = []
    def other():  # goes on while the main thread waits, and then interrupts it
        nonlocal ticks
        while _test.holding() == before: time.sleep(0.001)
        for ticks in range(1000): pass
        os.kill(os.getpid(), signal.SIGINT)
    threads = [threading.Thread(target=other), threading.Thread(target=lambda: also.append(call(prog)))]
    threads[0].start()
    try:
        got = call(prog)
    except KeyboardInterrupt:
        pass
    else:
        sys.exit(f"{name}: not interrupted: {got}")
    threads[0].join()
    assert ticks == 999, (name, ticks)
    modules = [str(m) for m in prog.modules()]
    threads[1].start()  # waits, too, which no signal ends
    time.sleep(0.01)
    assert modules == [str(m) for m in prog.modules()] and not also, (name, modules, also)
    _test.release()
    threads[1].join()
    assert also == [want], (name, also, want)
    for _ in range(2):
        got = call(prog)
        assert got == want, (name, got, want)

for name, call in calls.items(): held(name, call)
`)
}

// Ctrl-C in the midst of loading: what was loaded whole stays, and nothing is added once KeyboardInterrupt is there.
func TestLoadInterrupted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "programs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, path := range files {
		if ext := filepath.Ext(path); ext == ".dwo" || ext == ".dwp" {
			continue // parts of others
		}
		if data, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(data), "\x7fELF") {
			path, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, fmt.Sprintf("%q", path))
		}
	}
	if len(paths) < 10 {
		t.Fatalf("%d programs in testdata", len(paths))
	}
	script(t, false, `
import logging, os, signal, threading
from drgn import *

prog = Program()
modules = [prog.extra_module(path, create=True) for path in [`+strings.Join(paths, ", ")+`]]
seen, returned = threading.Event(), threading.Event()
used = []

class Handler(logging.Handler):
    def emit(self, record):  # on the thread that loads
        if ": using " not in record.getMessage(): return
        used.append(record.getMessage())
        if len(used) == 3:
            os.kill(os.getpid(), signal.SIGINT)
            seen.wait()
        if len(used) >= 3:
            returned.wait(0.1)  # time to return, for a call that does not wait for the loading to end

def interrupted(signum, frame):
    seen.set()
    raise KeyboardInterrupt

signal.signal(signal.SIGINT, interrupted)
logger = logging.getLogger("drgn")
logger.setLevel(logging.DEBUG)
logger.addHandler(Handler())
logger.propagate = False
def state(): return [(m.loaded_file_status, m.debug_file_status, m.loaded_file_path, m.debug_file_path, m.build_id) for m in modules]
try:
    prog.load_module_debug_info(*modules)
except KeyboardInterrupt:
    pass
else:
    raise SystemExit("not interrupted")
at_return, count = state(), len(used)
returned.set()
for _ in range(5): threading.Event().wait(0.05)
assert state() == at_return and len(used) == count, (at_return, state(), used)
assert 3 <= count <= len(modules), (count, len(modules))
assert sum(m.loaded_file_path is not None or m.debug_file_path is not None for m in modules) == count, (count, at_return)
prog.load_module_debug_info(*modules)  # the rest
assert len(used) >= len(modules), (len(used), len(modules))
`)
}
