package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/childtest"
)

const process = "../../testdata/process"

// TestProcess debugs a child, which takes no privileges.
func TestProcess(t *testing.T) {
	child, _ := childtest.Answering(t, "cat")
	pid := strconv.Itoa(child.Process.Pid)
	if _, err := os.ReadFile("/proc/" + pid + "/auxv"); err != nil {
		t.Skip("children can't be traced:", err)
	}
	code := "print(ProgramFlags.IS_LIVE in prog.flags, prog.main_thread().name, [t.tid for t in prog.threads()], " +
		"prog.read(prog.main_module().address_range[0], 4))\n" +
		"with prog.stopped():\n    trace = stack_trace(prog.main_thread().tid)\n    print(trace.prog == prog, len(trace) > 0, trace[0].pc == prog.main_thread().stack_trace()[0].pc)\n" +
		// A block that is never left does not keep it stopped.
		"s = prog.stopped()\ns.__enter__()\nstate = lambda: open('/proc/" + pid + "/stat').read().split()[2]\nprint(state())\ndel s\nprint(state() == 't')"
	out, errs, exit := drgnProgram(t, "", "-p", pid, "-e", "from drgn import ProgramFlags\n"+code)
	want := "True cat [" + pid + "] b'\\x7fELF'\nTrue True True\nt\nFalse\n"
	if exit != 0 || out != want {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
	out, errs, exit = drgnProgram(t, "", "-p", "999999999", "-e", "1")
	if exit != 1 || out != "" || !strings.Contains(errs, "/proc/999999999/mem") || strings.Contains(errs, "Traceback") {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}

// TestProcessCore debugs the core of a process. The directory that it was dumped in is gone, so the program is named.
func TestProcessCore(t *testing.T) {
	out, errs, exit := drgnProgram(t, "", "-c", filepath.Join(process, "threads.core.gz"), "-s", filepath.Join(process, "threads"),
		"-e", "print(prog['message'].string_(), len(list(prog.threads())))\nprint(prog.crashed_thread().stack_trace())")
	want := "b'hello from a process' 5\n#0  crashes (/src/threads.c:40:9)\n#1  crashes (/src/threads.c:39:10)\n#2  crashes (/src/threads.c:39:10)\n" +
		"#3  run (/src/threads.c:50:12)\n#4  clone_thread+0x19/0x1a\n"
	if exit != 0 || !strings.HasPrefix(out, want) {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}

// TestPieces has variables of which parts are known: Python has them, too.
func TestPieces(t *testing.T) {
	out, errs, exit := drgnProgram(t, "", "-c", filepath.Join(process, "pieces.gcc-O2.core.gz"), "-s", filepath.Join(process, "pieces.gcc-O2"), "-e", `
d = next(f for f in prog.crashed_thread().stack_trace() if f.name == "through")["d"]
print(d, d.absent_, d.whole.tag, d[0].number.value_(), d.inner.absent_, repr(d))
for action in (d.value_, lambda: d.inner.x, lambda: d + 1, d[0].read_):
    try:
        print(action())
    except drgn.ObjectAbsentError as e:
        print(e)`)
	want := "(struct deep *)<synthetic pointer> True (char)119 -5000000000 True Object(prog, 'struct deep *', absence_reason=AbsenceReason.NOT_IMPLEMENTED)\n" +
		strings.Repeat("object absent: its location is of a kind that is not implemented\nobject absent: optimized out\n", 2)
	if exit != 0 || out != want {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}

// TestArrayInParts goes through an array of which one element is known.
func TestArrayInParts(t *testing.T) {
	out, errs, exit := drgnProgram(t, "", "-c", filepath.Join(process, "pieces.clang-O2.core.gz"), "-s", filepath.Join(process, "pieces.clang-O2"), "-e", `
array = next(f for f in prog.crashed_thread().stack_trace() if f.name == "parts")["array"]
print(array, [x.value_() for x in array if not x.absent_], [x.absent_ for x in reversed(array)])`)
	want := "(int [3]){ <optimized out>, 5, <optimized out> } [5] [True, False, True]\n"
	if exit != 0 || out != want {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}

// TestContainers takes what C++'s library keeps elements in for these.
func TestContainers(t *testing.T) {
	out, errs, exit := drgnProgram(t, "", "-c", filepath.Join(process, "containers.gcc.core.gz"), "-s", filepath.Join(process, "containers.gcc"), "-e", `
frame = prog.crashed_thread().stack_trace()[0]
print(len(frame["points"]), [p.y.value_() for p in frame["points"]], frame["points"][1].x, frame["text"].string_(), frame["view"].string_(), frame["empty"].string_())
print([bytes(c.value_() for c in v) for v in frame["nested"]], list(frame["none"]), [n.value_() for n in frame["numbers"][1:]])
for action in (lambda: frame["points"][2], lambda: len(frame["bits"]), lambda: frame["bits"].string_()):
    try:
        print(action())
    except (drgn.OutOfBoundsError, TypeError) as e:
        print(type(e).__name__, e)`)
	want := "2 [2, 4] (int)3 b'no longe' b'a view of text' b''\n" +
		"[b'a', b'', b'bc'] [] [2, 3]\n" +
		"OutOfBoundsError index 2 is out of range: there are 2 elements\n" +
		"TypeError 'vector<bool, std::allocator<bool> >' has no len()\n" +
		"TypeError string() argument must be an array or pointer, not 'vector<bool, std::allocator<bool> >'\n"
	if exit != 0 || out != want {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}

// TestRustSlices takes slices and vectors of Rust for what they refer to.
func TestRustSlices(t *testing.T) {
	out, errs, exit := drgnProgram(t, "", "-c", filepath.Join(process, "slices.core.gz"), "-s", filepath.Join(process, "slices"), "-e", `
points, frame = prog["slices::POINTS"], prog.crashed_thread().stack_trace()[0]
print(len(points), points[1].y, [p.x.value_() for p in points], [p.x.value_() for p in reversed(points)], points[1:].type_)
print([n.value_() for n in frame["list"]], len(frame["numbers"][0]), len(frame["none"]), frame["vec"][0].x.value_(), points.length.value_())
for action in (lambda: points[2], lambda: points[-1], lambda: len(prog["slices::OBJECT"]), lambda: list(frame["numbers"])):
    try:
        print(action())
    except (drgn.OutOfBoundsError, TypeError) as e:
        print(type(e).__name__, e)`)
	want := "2 (i32)4 [1, 3] [3, 1] struct Point [1]\n" +
		"[1, 2, 3] 2 0 5 2\n" +
		"OutOfBoundsError index 2 is out of range: there are 2 elements\n" +
		"OutOfBoundsError index -1 is out of range: there are 2 elements\n" +
		"TypeError 'struct &(dyn slices::Speaks + core::marker::Sync)' has no len()\n" +
		"TypeError 'struct Vec<u32, alloc::alloc::Global> *' is not iterable\n"
	if exit != 0 || out != want {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}

// TestOwnProcess debugs the program itself, which is opened only when its interpreter has been loaded: the library is one of
// its modules.
func TestOwnProcess(t *testing.T) {
	code := "from drgn import SharedLibraryModule\n" +
		"paths = {l.split(None, 5)[5].strip() for l in open('/proc/self/maps') if 'libpython' in l}\n" +
		"print(len(paths), any(isinstance(m, SharedLibraryModule) and m.address_range[1] - m.address_range[0] > 10 << 20 for m in prog.modules()))"
	out, errs, exit := drgnProgram(t, "", "-p", "0", "-q", "-e", code)
	if exit != 0 || out != "1 True\n" {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}

// TestRustVariants asks one type's objects for members that some of them have: what was found of one says nothing of another.
func TestRustVariants(t *testing.T) {
	code := `
shapes = prog["variants::SHAPES"]
print([[hasattr(s, n) for n in ("Empty", "Circle", "Rect", "Nested")].index(True) for s in list(shapes) + [s.address_of_() for s in shapes]])
print([s.Rect.w.value_() for s in shapes if hasattr(s, "Rect")], shapes[1].value_(), shapes[4].Nested.member_("__0").Some.member_("__0").Rect.h)
try:
    shapes[0].Circle
except AttributeError as e:
    print(e)
try:
    Object(prog, shapes[0].type_, {"Rect": {"w": 1}})
except TypeError as e:
    print(e)
`
	out, errs, exit := drgnProgram(t, "", "-c", filepath.Join(process, "variants.core.gz"), "-s", filepath.Join(process, "variants"), "-e", code)
	want := "[0, 1, 2, 3, 3, 0, 1, 2, 3, 3]\n[3] {'Circle': {'__0': 2.5}} (u32)4\n" +
		"'struct Shape' has no member 'Circle' here: it holds the variant 'Empty'\n" +
		"member 'Rect' of 'struct Shape' belongs to a variant, which values can't be made of\n"
	if exit != 0 || out != want {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}
