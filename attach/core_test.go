package attach_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/annotate"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/mem"
)

const fixture = "../testdata/tiny-6.12"

func open(t testing.TB) *drgn.Program { return coretest.Open(t) }

func expected(t testing.TB, name string) string { return coretest.Expected(t, name) }

// sections splits a file at its "## name" lines.
func sections(text string) (names []string, bodies map[string]string) {
	bodies = map[string]string{}
	for _, part := range strings.Split("\n"+text, "\n## ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		names = append(names, name)
		bodies[name] = strings.TrimSuffix(body, "\n")
	}
	return names, bodies
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(want), "\n"), strings.Split(strings.TrimSpace(got), "\n")); diff != "" {
		t.Errorf("%s differs (-reference +godrgn):\n%s", what, diff)
	}
}

func TestTasks(t *testing.T) {
	p := open(t)
	var b strings.Builder
	for task, err := range pid.ForEachTask(p, false) {
		if err != nil {
			t.Fatal(err)
		}
		var x struct {
			PID  int    `drgn:"pid"`
			TGID int    `drgn:"tgid"`
			Comm string `drgn:"comm"`
		}
		if err := task.Decode(&x); err != nil {
			t.Fatal(err)
		}
		state, err := sched.TaskStateChar(task)
		if err != nil {
			t.Fatal(err)
		}
		cpu, err := sched.TaskCPU(task)
		if err != nil {
			t.Fatal(err)
		}
		at, err := task.Uint()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%d %d %s %s %d %#x\n", x.PID, x.TGID, x.Comm, state, cpu, at)
	}
	same(t, "tasks", b.String(), expected(t, "tasks.txt"))
}

func TestStackTraces(t *testing.T) {
	p := open(t)
	var b strings.Builder
	for task, err := range pid.ForEachTask(p, false) {
		if err != nil {
			t.Fatal(err)
		}
		n, err := task.Member("pid").Int()
		if err != nil {
			t.Fatal(err)
		}
		trace, err := p.StackTraceOf(task)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "Call stack for PID %d\n%s\n\n", n, trace)
	}
	same(t, "stack traces", b.String(), expected(t, "stack-traces.txt"))
}

func TestLocals(t *testing.T) {
	p := open(t)
	var b strings.Builder
	for _, n := range []uint64{1, 2, 33} {
		trace, err := p.StackTrace(n)
		if err != nil {
			t.Fatal(err)
		}
		for i := range trace.Len() {
			f := trace.Frame(i)
			inline := "False"
			if f.IsInline() {
				inline = "True"
			}
			fmt.Fprintf(&b, "%d %d %s %s %#x\n", n, i, f.Name(), inline, f.PC())
			locals, err := f.Locals()
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range locals {
				// The reference's answers were printed without following pointers.
				text, err := f.Object(name).Format(c.Format{Columns: -1, IntegerBase: 10, Flags: c.DefaultFlags &^ c.Dereference})
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "    %s = %s\n", name, text)
			}
		}
	}
	same(t, "locals", b.String(), coretest.Ours(t, "locals.txt"))
}

func TestTypes(t *testing.T) {
	p := open(t)
	names, bodies := sections(expected(t, "types.txt"))
	for _, name := range names {
		typ, err := p.Type(name)
		got := ""
		if err != nil {
			got = "LookupError: " + err.Error()
		} else {
			definition, err := typ.Language().Definition(typ)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			size, err := typ.Size()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got = fmt.Sprintf("%s\nsize %d", definition, size)
		}
		same(t, name, got, bodies[name])
	}
}

func TestGlobals(t *testing.T) {
	p := open(t)
	names, bodies := sections(expected(t, "globals.txt"))
	for _, name := range names {
		o := p.Object(name)
		got, err := o.Format(c.DefaultFormat)
		var fault *mem.FaultError
		if errors.As(err, &fault) && strings.HasPrefix(bodies[name], "FaultError: ") {
			// The wording is our own: the reference passes on what the library that reads the dump says.
			continue
		}
		if err != nil {
			got = "KeyError: " + err.Error()
		}
		same(t, name, got, bodies[name])
	}
}

func TestAnnotatedStacks(t *testing.T) {
	p := open(t)
	var b strings.Builder
	for _, n := range []uint64{1, 2} {
		trace, err := p.StackTrace(n)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "# %d\n", n)
		if err := annotate.Stack(&b, trace); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "annotated stacks", b.String(), expected(t, "annotated-stacks.txt"))
}

func BenchmarkForEachTask(b *testing.B) {
	p := open(b)
	tasks := 0
	for b.Loop() {
		for task, err := range pid.ForEachTask(p, false) {
			if err != nil {
				b.Fatal(err)
			}
			if _, err := task.Member("pid").Int(); err != nil {
				b.Fatal(err)
			}
			tasks++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(tasks), "ns/task")
}

// The first task is a variable of the kernel, and a task before that, as it is to the reference.
func TestIdentifyInitTask(t *testing.T) {
	p := open(t)
	at, ok := p.Variable("init_task").Address()
	if !ok {
		t.Fatal("init_task has no address")
	}
	for offset, want := range map[uint64][]string{
		0: {"task: 0 (swapper/0)", "object symbol: init_task+0x0"},
		8: {"task: 0 (swapper/0) +0x8", "object symbol: init_task+0x8"},
	} {
		var got []string
		for what, err := range p.Identify(at + offset) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, what.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What is no task is not said to have exited: memory of zeros has neither a stack nor has it exited.
func TestStackOfNoTask(t *testing.T) {
	p := open(t)
	task := pid.FindTask(p, 1)
	stack, err := task.Member("stack").Uint()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := p.StackTraceOf(drgn.PointerValue(task, "struct task_struct", stack))
	if value := (*drgn.ValueError)(nil); !errors.As(err, &value) || !strings.Contains(err.Error(), "not a task: it has no stack") {
		t.Errorf("%v, %v", trace, err)
	}
}

// The stack of a dead task was freed: the trace is what is left there if that is whole, as in the core, else it is empty and says why.
func TestStackOfDeadTask(t *testing.T) {
	const why = "[the task has exited, its stack was freed]"
	fault := &mem.FaultError{Message: "not mapped", Address: 1}
	for name, read := range map[string]func(buf []byte) error{
		"unmapped":    func([]byte) error { return fault },
		"overwritten": func(buf []byte) error { copy(buf, bytes.Repeat([]byte{0x81, 0xff}, len(buf))); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := openPlain(t) // memory is added to it
			defer p.Close()
			task := pid.FindTask(p, 62)
			whole, err := p.StackTraceOf(task)
			if err != nil || !strings.Contains(whole.String(), "do_task_dead") || whole.Err != nil {
				t.Fatalf("%s, %v", whole, err)
			}
			sp, err := task.Member("thread").Member("sp").Uint()
			if err != nil {
				t.Fatal(err)
			}
			err = p.Memory().Add(mem.Segment{Min: sp &^ 4095, Max: sp | 4095,
				Read: func(buf []byte, _, _ uint64, _ bool) error { return read(buf) }})
			if err != nil {
				t.Fatal(err)
			}
			var none *drgn.NoStackError
			if trace, err := p.StackTraceOf(task); err != nil || trace.Len() != 0 || trace.String() != why || !errors.As(trace.Err, &none) {
				t.Errorf("%d frames: %q, %v, %T", trace.Len(), trace, err, trace.Err)
			}
		})
	}
}
