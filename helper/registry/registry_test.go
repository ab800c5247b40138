package registry_test

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/helper/registry"
	"github.com/godrgn/drgn/internal/coretest"
)

func open(t testing.TB) *drgn.Program { return coretest.Open(t) }

func find(t testing.TB, name string) *call.Func {
	t.Helper()
	for _, m := range registry.Modules {
		for i := range m.Funcs {
			if m.Funcs[i].Name == name {
				return &m.Funcs[i]
			}
		}
	}
	t.Fatalf("no helper %s", name)
	return nil
}

// run calls a helper as the binding does.
func run(f *call.Func, set func(c *call.Call)) (call.Value, error) {
	var c call.Call
	set(&c)
	err := f.Do(&c)
	return c.Result(), err
}

func elements(it call.Iter) ([]call.Value, error) {
	defer it.Close()
	var all []call.Value
	buf := make([]call.Value, 16)
	for {
		n, err := it.Fill(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil && err != call.ErrNotReady {
			return all, err
		}
	}
}

func TestDescriptions(t *testing.T) {
	modules := map[string]bool{}
	for _, m := range registry.Modules {
		if modules[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		modules[m.Name] = true
		names := map[string]bool{}
		for _, f := range m.Funcs {
			if names[f.Name] || f.Do == nil || len(f.Params) > call.MaxParams || f.Returns == "" || f.Doc == "" {
				t.Errorf("%s.%s is not well described", m.Name, f.Name)
			}
			names[f.Name] = true
			params := map[string]bool{}
			for i, p := range f.Params {
				if params[p.Name] || p.Default == "~" && i != 0 {
					t.Errorf("%s.%s: parameter %s", m.Name, f.Name, p.Name)
				}
				params[p.Name] = true
			}
		}
	}
}

// TestNoPanic calls each helper on objects that it is not for, in a program that has nothing and in a kernel: it must give an
// error, or an answer, and never panic.
func TestNoPanic(t *testing.T) {
	core := open(t)
	empty := drgn.New(core.Platform())
	task := core.Variable("init_task")
	number, err := core.Type("unsigned long")
	if err != nil {
		t.Fatal(err)
	}
	chars, err := core.Type("char [64]")
	if err != nil {
		t.Fatal(err)
	}
	void, err := empty.Type("void")
	if err != nil {
		t.Fatal(err)
	}
	for what, object := range map[string]drgn.Object{
		"a failed object":    drgn.Failed(errors.New("failed")),
		"a null pointer":     drgn.Null(core, "struct task_struct"),
		"a void":             core.ObjectAt(core.Types().Void(core.Language()), 0x1000),
		"a structure":        task,
		"a pointer":          task.AddressOf(),
		"a wild pointer":     core.ScalarValue(core.PointerTo(task.Type()), 0xdead000000000000),
		"a wild structure":   core.ObjectAt(task.Type(), ^uint64(0)-7),
		"a number":           core.ScalarValue(number, ^uint64(0)),
		"an array":           core.ObjectAt(chars, 0x1000),
		"an absent object":   core.AbsentObject(task.Type(), drgn.OptimizedOut),
		"an empty program":   drgn.Null(empty, "void"),
		"an empty program's": empty.ObjectAt(void, 0x1000),
	} {
		p := object.Prog()
		if p == nil {
			p = core
		}
		for _, m := range registry.Modules {
			for _, f := range m.Funcs {
				for _, n := range []uint64{0, 1, 1 << 40, ^uint64(0)} {
					if f.Slow {
						continue
					}
					if err := try(&f, p, object, n); err != nil {
						t.Errorf("%s.%s of %s and %#x: %v", m.Name, f.Name, what, n, err)
						break
					}
				}
			}
		}
	}
}

// try calls a helper with the same arguments for all parameters of a kind, and returns what is a panic.
func try(f *call.Func, p *drgn.Program, object drgn.Object, n uint64) (panicked error) {
	defer func() {
		if e := recover(); e != nil {
			panicked = &call.PanicError{Value: e, Stack: debug.Stack()}
		}
	}()
	v, err := run(f, func(c *call.Call) {
		for i, q := range f.Params {
			switch {
			case q.Default != "" && q.Default != "~":
			case q.Kind == call.KindProgram:
				c.SetProgram(i, p)
			case q.Kind == call.KindObject, q.Kind == call.KindThread, q.Kind == call.KindScope:
				c.SetObject(i, object)
			case q.Kind == call.KindType:
				c.SetText(i, "struct list_head")
			case q.Kind == call.KindUint, q.Kind == call.KindWord, q.Kind == call.KindLiteral, q.Kind == call.KindInt, q.Kind == call.KindBool:
				c.SetUint(i, n)
			default:
				c.SetText(i, "next")
			}
		}
	})
	if err != nil || v.Tag() != call.TagIter {
		return nil
	}
	it := v.Iter()
	defer it.Close()
	buf := make([]call.Value, 100)
	_, err = it.Fill(buf)
	var e *call.PanicError
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// TestTasks walks the tasks of the fixture through the adapters, as a program and as a namespace.
func TestTasks(t *testing.T) {
	p := open(t)
	want := strings.Split(strings.TrimSpace(coretest.Expected(t, "tasks.txt")), "\n")
	walk, char := find(t, "for_each_task"), find(t, "task_state_to_char")
	for _, set := range []func(*call.Call){
		func(c *call.Call) { c.SetProgram(0, p) },
		func(c *call.Call) { c.SetObject(0, p.Variable("init_pid_ns").AddressOf()) },
	} {
		v, err := run(walk, set)
		if err != nil {
			t.Fatal(err)
		}
		tasks, err := elements(v.Iter())
		if err != nil || len(tasks) != len(want) {
			t.Fatalf("%d tasks of %d, then %v", len(tasks), len(want), err)
		}
		for i, v := range tasks {
			pid, err := v.Object().Member("pid").Int()
			if err != nil {
				t.Fatal(err)
			}
			state, err := run(char, func(c *call.Call) { c.SetObject(0, v.Object()) })
			if err != nil {
				t.Fatal(err)
			}
			f := strings.Fields(want[i])
			if fmt.Sprint(pid) != f[0] || state.Text() != f[3] {
				t.Errorf("task %d is %d in state %s, want %s", i, pid, state.Text(), want[i])
			}
		}
	}
}

// TestListEntries walks a list with the type given by name and as a type.
func TestListEntries(t *testing.T) {
	p := open(t)
	walk := find(t, "list_for_each_entry")
	head := p.Variable("init_task").Member("tasks").AddressOf()
	count := func(set func(c *call.Call)) int {
		t.Helper()
		v, err := run(walk, func(c *call.Call) {
			c.SetObject(1, head)
			c.SetText(2, "tasks")
			set(c)
		})
		if err != nil {
			t.Fatal(err)
		}
		all, err := elements(v.Iter())
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	task, err := p.Type("struct task_struct")
	if err != nil {
		t.Fatal(err)
	}
	byName := count(func(c *call.Call) { c.SetText(0, "struct task_struct") })
	if byType := count(func(c *call.Call) { c.SetAny(0, task) }); byName != byType || byName < 10 {
		t.Errorf("%d entries by name, %d by type", byName, byType)
	}
	// A walk says at its first element what is wrong.
	none, err := run(walk, func(c *call.Call) {
		c.SetText(0, "struct nothing")
		c.SetObject(1, head)
		c.SetText(2, "tasks")
	})
	if err == nil {
		_, err = elements(none.Iter())
	}
	var missing drgn.LookupError
	if !errors.As(err, &missing) {
		t.Errorf("of a type that is not there: %v", err)
	}
}

func BenchmarkTasks(b *testing.B) {
	p := open(b)
	walk := find(b, "for_each_task")
	var c call.Call
	buf := make([]call.Value, 64)
	b.ReportAllocs()
	n := 0
	for range b.N {
		c.Reset()
		c.SetProgram(0, p)
		if err := walk.Do(&c); err != nil {
			b.Fatal(err)
		}
		it := c.Result().Iter()
		for {
			k, err := it.Fill(buf)
			n += k
			if err == io.EOF {
				break
			}
			if err != nil && err != call.ErrNotReady {
				b.Fatal(err)
			}
		}
		it.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/task")
}

// BenchmarkListEntries walks a list of two entries: what a call costs apart from its elements.
func BenchmarkListEntries(b *testing.B) {
	p := open(b)
	walk := find(b, "list_for_each_entry")
	head := p.Variable("init_task").Member("children").AddressOf()
	var c call.Call
	buf := make([]call.Value, 64)
	b.ReportAllocs()
	for range b.N {
		c.Reset()
		c.SetText(0, "struct task_struct")
		c.SetObject(1, head)
		c.SetText(2, "sibling")
		if err := walk.Do(&c); err != nil {
			b.Fatal(err)
		}
		it := c.Result().Iter()
		if n, err := it.Fill(buf); n != 2 || err != nil {
			b.Fatal(n, err)
		}
		it.Close()
	}
}
