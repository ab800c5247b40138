package python

import (
	"strings"
	"syscall"
	"testing"
)

func TestPanics(t *testing.T) {
	out := script(t, false, `
import drgn
from drgn._test import panics
for i in range(4):
    try: panics(i)
    except drgn.GoPanic as e: print(str(e).splitlines()[0]); assert "goroutine" in str(e)
`)
	want := "Go panic: boom\nGo panic: runtime error: invalid memory address or nil pointer dereference\nGo panic: in a worker\n" +
		"Go panic: runtime error: index out of range [3] with length 0\n"
	if out != want {
		t.Error(out)
	}
}

func TestExceptionsPassThroughGo(t *testing.T) {
	script(t, false, `
from drgn._test import each, workers
class E(Exception): pass
e = E("mine")
def f(i): raise e
for call in (lambda: each(f), lambda: workers(f, 1)):
    try: call()
    except E as x: assert x is e and x.__traceback__.tb_next
    else: assert False
`)
}

func TestThreads(t *testing.T) {
	script(t, true, `
import threading
from drgn._test import count, each, workers
t = prog["init_task"]
p = t.address_of_()
errors = []
def work():
    try:
        for i in range(3000):
            assert t.pid.value_() == 0 and p.comm.string_() == b"swapper/0" and t.pid + i == i
            if i % 300 == 0:
                assert sum(1 for _ in count(500)) == 500
                assert len(list(for_each_task(prog))) == 57, "tasks"
                each(lambda x: None)
                try: prog.read(0, 1)
                except FaultError as e: assert e.address == 0
    except BaseException as e: errors.append(repr(e))
threads = [threading.Thread(target=work) for _ in range(4)]
for x in threads: x.start()
n = []
for _ in range(3): workers(n.append, 200)
for x in threads: x.join()
assert not errors, errors
assert len(n) == 2400, len(n)
it = count(1000000)
def drain():
    try:
        for _ in range(20000): next(it)
    except ValueError: pass
threads = [threading.Thread(target=drain) for _ in range(3)]
for x in threads: x.start()
for x in threads: x.join()
`)
}

// Threads change and ask one program, and make others, all at once.
func TestThreadsOfPrograms(t *testing.T) {
	script(t, false, `
import gc, itertools, random, sys, threading, traceback
from drgn import *
import drgn
sys.setswitchinterval(1e-5)  # threads change places all the time
P = Platform(Architecture.X86_64)
shared = Program(P)
data = bytes(range(256)) * 64
shared.add_memory_segment(0x1000, len(data), lambda a, n, off, ph: data[off:off+n])
I = shared.int_type("int", 4, True)
shared.register_object_finder("base", lambda prog, name, flags, f: Object(prog, I, address=0x1000) if name == "base" else None, enable_index=0)
shared.register_type_finder("base", lambda prog, kinds, name, f: I if name == "int" else None, enable_index=0)
shared.register_symbol_finder("base", lambda prog, name, addr, one: [Symbol("s%d" % i, 0x1000 + 16*i, 16, SymbolBinding.GLOBAL, SymbolKind.FUNC) for i in range(64) if (name is None or name == "s%d" % i) and (addr is None or 0x1000+16*i <= addr < 0x1010+16*i)], enable_index=0)
errors, number = [], itertools.count()
def finders(me, r):
    n = "f%d_%d" % (me, next(number)); v = "v%d" % me
    shared.register_object_finder(n, lambda prog, name, flags, f: Object(prog, I, me) if name == v else None)
    assert n in shared.registered_object_finders()
    shared.set_enabled_object_finders([n, "base"] if r.random() < .5 else ["base"])
    assert "base" in shared.enabled_object_finders()
    try: assert shared[v].value_() == me
    except KeyError: pass
    shared.register_type_finder(n, lambda prog, k, name, f: None, enable_index=-1)
    shared.set_enabled_type_finders(["base"])
    shared.register_symbol_finder(n, lambda *a: [], enable_index=-1)
    shared.set_enabled_symbol_finders(["base"])
def lookup(me, r):
    for _ in range(20):
        assert shared["base"].value_() == 0x03020100
        assert shared.type("int") == I and shared.type("int *").type == I
        try: shared["nosuch"]
        except KeyError: pass
        else: assert 0
        try: shared.type("nosuch")
        except LookupError: pass
        else: assert 0
def make(me, r):
    n = r.randrange(1000)
    s = shared.struct_type("s%d" % n, 8, (TypeMember(I, "a"), TypeMember(lambda: I, "b", 32)))
    o = Object(shared, s, address=0x1000 + 4*n)
    assert o.b.value_() == int.from_bytes(data[4*n+4:4*n+8], "little", signed=True) and o.a.type_ == I
    assert Object(shared, s, {"a": n, "b": me}).b + n == n + me
    repr(s); str(s); repr(o)
def search(me, r):
    got = list(shared.search_memory_u32(0x03020100).set_address_range(0x1000, 0x1000+len(data)-1))
    assert [a for a, v in got] == list(range(0x1000, 0x1000+len(data), 256)), got
    it = shared.search_memory(b"\x05\x06")
    for _ in range(3): next(it)
def symbols(me, r):
    n = r.randrange(64)
    assert shared.symbol("s%d" % n).address == 0x1000 + 16*n and shared.symbol(0x1008+16*n).name == "s%d" % n
    assert len(shared.symbols()) == 64
    try: shared.symbol("nosuch")
    except LookupError: pass
    for s in SymbolIndex(shared.symbols())(shared, None, 0x1010, False): assert s.name == "s1"
def default(me, r):
    p = Program(P); drgn.set_default_prog(p)
    assert drgn.get_default_prog() is p
    drgn.set_default_prog(shared); assert drgn.get_default_prog() is shared
    drgn.set_default_prog(None)
    try: drgn.get_default_prog(); assert 0
    except NoDefaultProgramError: pass
def drop(me, r):
    p = Program(P)
    t = p.int_type("int", 4, True)
    p.cache["x"] = Object(p, t, address=0); p.cache["p"] = p
    p.register_object_finder("x", lambda prog, name, f, fn: Object(p, t, 7), enable_index=0)
    p.add_memory_segment(0, 100, lambda a, n, off, ph: bytes(n))
    assert p["any"].value_() == 7 and p.cache["x"].value_() == 0
    if r.random() < .05: gc.collect()
    m = p.extra_module("m%d" % r.randrange(10), create=True)
    assert [x.name for x in p.modules()] == [m.name]
jobs = [finders, lookup, make, search, symbols, default, drop]
def work(me):
    r = random.Random(me)
    try:
        for _ in range(120): r.choice(jobs)(me, r)
    except BaseException:
        errors.append(traceback.format_exc())
threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
for t in threads: t.start()
for t in threads: t.join()
assert not errors, errors[0]
`)
}

func TestDefaultProgramIsTheThreads(t *testing.T) {
	script(t, true, `
import threading
seen = []
def f():
    try: drgn.get_default_prog()
    except drgn.NoDefaultProgramError: seen.append(True)
x = threading.Thread(target=f); x.start(); x.join()
assert seen == [True] and drgn.get_default_prog() is prog
drgn.set_default_prog(None)
try: drgn.get_default_prog()
except drgn.NoDefaultProgramError: pass
else: assert False
try: next(for_each_task())
except drgn.NoDefaultProgramError: pass
else: assert False
`)
}

func TestSignals(t *testing.T) {
	script(t, true, `
import signal, time
from drgn._test import change, changes, count, spin
hits = []
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
signal.signal(signal.SIGALRM, lambda *a: hits.append(1))
signal.setitimer(signal.ITIMER_REAL, .002, .002)
end = time.time() + .5
while time.time() < end:
    for x in count(100): pass
    for x in for_each_task(): x.pid.value_()
spin(200)
signal.setitimer(signal.ITIMER_REAL, 0)
assert len(hits) > 20, len(hits)
class X(Exception): pass
def handler(*a): raise X
signal.signal(signal.SIGALRM, handler)
def slow():
    for i in count(10**12): pass
for f in (lambda: spin(60000), slow):
    signal.setitimer(signal.ITIMER_REAL, .1)
    start = time.time()
    try: f()
    except X: pass
    else: assert False
    assert time.time() - start < 5
# What changes a program has done so once the exception is there, and nothing after it.
signal.setitimer(signal.ITIMER_REAL, .1)
try: change(1500)
except X: pass
else: assert False
assert changes() == 1, changes()
`)
}

func TestFork(t *testing.T) {
	out := script(t, true, `
import os, sys, warnings
t = prog["init_task"]
if hasattr(sys.modules["_drgn"], "_directory"):
    warnings.simplefilter("ignore")  # the system's Python warns of Go's threads
for i in range(20):
    pid = os.fork()
    if pid == 0:
        code = 1
        try: t.mm
        except RuntimeError as e: code = 0 if "fork" in str(e) else 2
        try: prog["init_task"]
        except RuntimeError: pass
        else: code = 3
        del t, prog
        import drgn.helpers.common.format
        os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
sys.stdout.flush()
if os.fork() == 0:
    print("child ends by itself", flush=True)
else:
    assert os.wait()[1] == 0
    import subprocess
    assert subprocess.check_output(["echo", "x"]) == b"x\n"
    print("parent")
`)
	if out != "child ends by itself\nparent\n" {
		t.Errorf("%q", out)
	}
}

// A process that was forked from one with Go's threads ends and is waited for as one of Python's, without a warning of those threads.
func TestForkedPool(t *testing.T) {
	_, errs, code := runProgram(t, "", "exec", `
import multiprocessing, operator
context = multiprocessing.get_context("fork")
with context.Pool(2) as pool:
    assert pool.map(operator.neg, [1, 2, 3]) == [-1, -2, -3]
import warnings
with warnings.catch_warnings():
    import os
    if not os.fork(): os._exit(0)
    assert os.wait()[1] == 0
import drgn
def refused():
    try: drgn.Program()
    except RuntimeError as e: return str(e)
def work(queue): queue.put(refused())
queue = context.Queue()
process = context.Process(target=work, args=(queue,))
process.start()
assert "fork" in queue.get(), "drgn in a child"
process.join()
`)
	if errs != "" || code != 0 {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

// What kills other processes kills ours: signals that are sent, abort(), and faults of code that is not ours, such as what ctypes calls.
// Panics of Go are exceptions as before.
func TestDeadlySignals(t *testing.T) {
	const quiet = "import os, signal, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
	kill := func(name string) string {
		return quiet + "os.kill(os.getpid(), signal." + name + ")\nwhile True: signal.pause()"
	}
	for _, test := range []struct {
		code string
		want syscall.Signal
	}{
		{kill("SIGTERM"), syscall.SIGTERM}, {kill("SIGHUP"), syscall.SIGHUP}, {kill("SIGQUIT"), syscall.SIGQUIT}, {kill("SIGUSR1"), syscall.SIGUSR1},
		{kill("SIGABRT"), syscall.SIGABRT}, {kill("SIGSEGV"), syscall.SIGSEGV}, {kill("SIGBUS"), syscall.SIGBUS}, {kill("SIGFPE"), syscall.SIGFPE},
		{kill("SIGILL"), syscall.SIGILL}, {kill("SIGTRAP"), syscall.SIGTRAP}, {kill("SIGSYS"), syscall.SIGSYS},
		{quiet + "os.abort()", syscall.SIGABRT},
		{quiet + "import ctypes; ctypes.string_at(0)", syscall.SIGSEGV},
		{quiet + "import ctypes, threading; t = threading.Thread(target=lambda: ctypes.string_at(0)); t.start(); t.join()", syscall.SIGSEGV},
		{quiet + "signal.signal(signal.SIGABRT, lambda *a: 1 / 0)\ntry: os.kill(os.getpid(), signal.SIGABRT)\nexcept ZeroDivisionError: pass", 0},
		{quiet + "assert {signal.getsignal(s) for s in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGTERM)} == {signal.SIG_DFL}", 0},
		{"from drgn._test import panics\nfor i in (0, 1, 2, 7):\n  try: panics(i)\n  except Exception as e: assert type(e).__name__ == 'GoPanic'", 0},
	} {
		out, errs, code := runProgram(t, "", "exec", test.code)
		if code != -int(test.want) || out != "" || errs != "" {
			t.Errorf("%s: exit code %d\n%s%s", test.code, code, out, errs)
		}
	}
}

func TestRecursion(t *testing.T) {
	out := script(t, false, `
import threading
from drgn._test import each
def f(i): each(f)
def go():
    try: each(f)
    except RecursionError: print("RecursionError")
go()
x = threading.Thread(target=go); x.start(); x.join()
`)
	if out != "RecursionError\nRecursionError\n" {
		t.Error(out)
	}
}

// Elements of size 0 take no memory that could bound how many of them a value has: what debugging information says may be anything.
func TestEmptyElements(t *testing.T) {
	script(t, false, `
import drgn
p = drgn.Program(drgn.host_platform)
p.add_memory_segment(0, 4096, lambda address, size, offset, physical: bytes(size))
empty = p.struct_type("e", 0, ())
few = p.array_type(empty, 3)
assert drgn.Object(p, few, address=0).value_() == [{}, {}, {}]
for many in (p.array_type(empty, 2**40), p.array_type(few, 2**40), p.array_type(p.array_type(few, 0), 2**40), p.array_type(p.array_type(empty, 2**20), 2**20)):
    for t in (many, p.struct_type("s", 0, (drgn.TypeMember(many, "a"),))):
        o = drgn.Object(p, t, address=0)
        assert str(o)
        try: print(len(o.value_()))
        except ValueError as e: assert "more than 1048576 elements, of size 0" in str(e), e
        else: assert False
`)
}

func TestLeaks(t *testing.T) {
	script(t, true, `
import gc
from drgn._test import count, each, live_handles, goroutines, gc as gogc
def rss(): return int(open("/proc/self/statm").read().split()[1]) * 4096
t = prog["init_task"]
def work(n):
    for _ in range(n):
        t.se.load.weight.value_(); t.comm.string_(); t.pid + 1; repr(t.pid); str(t.comm)
        t.read_(); prog.symbol("init_task"); prog.type("int").qualified(drgn.Qualifiers.CONST)
        try: prog.read(0, 8)
        except FaultError: pass
        try: t.nosuch
        except AttributeError: pass
        next(count(1000)); list(count(100))
        def boom(i): raise KeyError
        try: each(boom)
        except KeyError: pass
        for x in for_each_task(): break
work(300); gc.collect(); gogc()
handles, before = live_handles(), rss()
work(3000); gc.collect(); gogc(); gogc()
import time; time.sleep(.1)
assert live_handles() < handles + 600, (handles, live_handles())
assert rss() < before + (24 << 20), (before, rss())
assert goroutines() < 30, goroutines()
`)
}

func TestCollectorSeesCycles(t *testing.T) {
	script(t, false, `
import gc, weakref, drgn
class Reader:
    def read(self, address, count, offset, physical): return bytes(count)
for i in range(3):
    p, r = drgn.Program(drgn.host_platform), Reader()
    r.prog = p
    p.add_memory_segment(0x1000, 0x1000, r.read)
    assert p.read(0x1010, 4) == bytes(4)
    w = weakref.ref(r)
    del p, r
    gc.collect()
    assert w() is None
`)
}

func TestCollectorSeesWhatProgramsKeep(t *testing.T) {
	script(t, false, `
import gc, weakref
from drgn import *
class Sub(Program): pass
class D: pass
finder = dict(enable_index=0)
def cache(p, t): p.cache["x"] = Object(p, t, address=8)
def nested(p, t): p.cache["x"] = {"a": [(t, [t.qualified(Qualifiers.CONST)])]}
def config(p, t): p.config["x"], p.config["y"] = Object(p, t, 1), p
def iterator(p, t): p.cache["x"] = p.modules(), p.modules()
def attribute(p, t): p.x, p.t = [Object(p, t, 1)], t
def dictionary(p, t): p.__dict__["x"], p.__dict__["y"] = Object(p, t, 1), p
def objects(p, t): p.register_object_finder("x", lambda prog, name, flags, f: t, **finder)
def types(p, t): p.register_type_finder("x", lambda prog, k, name, f: (p, t), **finder)
def symbols(p, t):
    o = Object(p, t, 1)
    p.register_symbol_finder("x", lambda prog, name, addr, one: [o], **finder)
def twice(p, t): # several references, all of them the program's own
    o = [Object(p, t, 1)]
    p.cache["x"], p.config["x"] = (o, o[0]), o
    p.register_object_finder("x", lambda prog, name, flags, f: o[0], **finder)
def segment(p, t): p.add_memory_segment(0, 8, lambda a, n, off, physical: bytes(n) if t else b"")
def made(cls, f):
    p, d = cls(Platform(Architecture.X86_64)), D()
    p.cache["d"] = d
    f(p, p.int_type("int", 4, True))
    return p, weakref.ref(d)
for f in cache, nested, config, iterator, attribute, dictionary, objects, types, symbols, twice, segment:
    for cls in Program, Sub:
        if f in (attribute, dictionary) and cls is Program: continue
        p, w = made(cls, f)
        gc.collect()
        assert w() is p.cache["d"], f
        del p
        gc.collect()
        assert w() is None, (cls, f)

# What somebody else has keeps the program, whole.
for f, other in ((cache, lambda p: p.cache), (cache, lambda p: p.cache["x"]), (nested, lambda p: p.cache["x"]),
                 (nested, lambda p: p.cache["x"]["a"][0][1][0]), (attribute, lambda p: p.x[0]), (attribute, lambda p: p.x),
                 (dictionary, lambda p: p.__dict__), (iterator, lambda p: p.cache["x"][0]), (twice, lambda p: p.config["x"][0]),
                 (twice, lambda p: p.config["x"]), (twice, lambda p: p.config), (twice, lambda p: p.cache["x"])):
    p, w = made(Sub, f)
    o = other(p)
    del p
    gc.collect()
    assert w(), f
    if isinstance(o, Object): assert o.prog_.cache["d"] is w()
    if isinstance(o, Type): assert o.prog.cache["d"] is w()
    del o
    gc.collect()
    assert w() is None, f
`)
}

func TestIterators(t *testing.T) {
	out := script(t, false, `
import drgn
from drgn._test import count
assert list(count(0)) == [] and list(count(1)) == [0] and list(count(5000)) == list(range(5000))
seen = 0
try:
    for x in count(100, fail=True): seen += 1
except drgn.FaultError as e: print(seen, e, hex(e.address))
it = count(3)
assert list(it) == [0, 1, 2] and list(it) == []
def nested(i): return [next(i2) for i2 in [count(10)] for _ in range(5)]
from drgn._test import each
each(nested, 3)
`)
	if out != "100 no such memory: 0xdead 0xdead\n" {
		t.Error(out)
	}
}

func TestCompletion(t *testing.T) {
	out := script(t, true, `
from drgn._complete import Completer
def complete(line):
    stem = line
    for i in range(len(line) - 1, -1, -1):
        if line[i] in " \t\n`+"`"+`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?":
            stem = line[i + 1:]
            break
    c = Completer(globals(), lambda: line, lambda: len(line))
    found, i = [], 0
    while (m := c.complete(stem, i)) is not None:
        found.append(m); i += 1
    return found
print(complete('prog["init_task"].active_'))
print(complete('x = prog["init_task"].se.load.'))
print('.pid' in complete('prog["init_task"].'), complete('prog["init_task"].comm[0].addr'))
print(complete('f(prog)[0].'), complete('prog["nosuch"].'), complete('prog["init_task"].mm.'))
print('prog.read_u8(' in complete('prog.read_u'))
`)
	want := `['.active_mm', '.active_memcg']
`
	if !strings.Contains(out, ".active_mm") || !strings.Contains(out, "'.load.weight'") && !strings.Contains(out, "weight") || !strings.Contains(out, "True") {
		t.Errorf("%s, want like %s", out, want)
	}
}

func TestSearchMemory(t *testing.T) {
	script(t, true, `
t = prog["init_task"]
assert t.comm.address_ - next(prog.search_memory(b"swapper/0")) and t.comm.address_ in list(prog.search_memory(b"swapper/0"))
it = prog.search_memory_u64(t.address_, (t.address_, t.address_ + 8))
assert iter(it) is it
assert all(v - t.address_ <= 8 for a, v in it.set_address_range(t.address_, t.address_ + 8191))
`)
}

// Threads that hold the GIL must not wait for a lock whose holder waits for the GIL: a finder written in Python that is
// asked while a memo is made, a log handler that is called while a module is made. Both hung for ever.
func TestNoDeadlockWithLocks(t *testing.T) {
	for name, code := range map[string]string{
		"memo": `
import threading, time
from drgn.helpers.linux.pid import find_task, for_each_task
calls = 0
def finder(prog, kinds, name, filename):
    global calls
    calls += 1
    time.sleep(0.02)
prog.register_type_finder("slow", finder, enable_index=0)
tasks = []
def walk():
    tasks.append(sum(1 for _ in for_each_task(prog)))
def find():
    time.sleep(0.01)
    assert find_task(prog, 1).comm.string_() == b"init", find_task(prog, 1)
for _ in range(5):
    prog.set_enabled_type_finders(["slow", "dwarf"])  # forgets memos
    threads = [threading.Thread(target=walk), threading.Thread(target=find)]
    for t in threads: t.start()
    for t in threads: t.join()
assert calls and len(set(tasks)) == 1, (calls, tasks)
print(tasks[0])
`,
		"log": `
import logging, threading
records = []
class Handler(logging.Handler):
    def emit(self, record): records.append(record.getMessage())
logging.getLogger("drgn").addHandler(Handler())
logging.getLogger("drgn").setLevel(logging.DEBUG)
def create():
    for i in range(3000): prog.extra_module("a%d" % i, i, create=True)
def find():
    for i in range(30000):
        try: prog.extra_module("none", 1)
        except LookupError: pass
threads = [threading.Thread(target=create), threading.Thread(target=find)]
for t in threads: t.start()
for t in threads: t.join()
print(sum("created" in r for r in records))
`,
	} {
		want := map[string]string{"memo": "57\n", "log": "3000\n"}[name]
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := runProgram(t, "", "core", "exec", code)
			if code != 0 || stdout != want {
				t.Errorf("exit code %d, %q, want %q; stderr: %s", code, stdout, want, stderr)
			}
		})
	}
}

// What a script can make or ask for without end is not kept: slices of different lengths have types of their own. An
// instance keeps its type, whatever became of the others meanwhile.
func TestNothingGrows(t *testing.T) {
	const code = `
from drgn import _test
name = prog["init_task"].comm
kept = [name[0:i] for i in range(0, 1000, 10)]
pointers = [name[0:i].address_of_() for i in range(5, 1000, 10)]
for round in range(20):
    for i in range(2000):
        assert len(name[0:i]) == i
        try: getattr(name, "none%d_%d" % (round, i))
        except AttributeError: pass
        else: raise Exception("a member that there is not")
_test.gc()
for i, o in enumerate(kept):
    assert len(o) == 10 * i and o.type_ == prog.array_type(prog.type("char"), 10 * i), o.type_
for i, o in enumerate(pointers):
    assert o.type_.type.length == 10 * i + 5 and len(o[0]) == 10 * i + 5, o.type_
n = _test.live_types()
assert n < 1000, n
del kept, pointers, o
for i in range(1000): name[0:i]
_test.gc()
m = _test.live_types()
assert m <= n, (m, n)
print("ok")
`
	stdout, stderr, exit := runProgram(t, "", "core", "exec", code)
	if exit != 0 || stdout != "ok\n" {
		t.Errorf("exit code %d, %q; stderr: %s", exit, stdout, stderr)
	}
}
