package attach_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/pid"
)

// TestNoAllocations holds navigation and reading of numbers to what makes them fast.
func TestNoAllocations(t *testing.T) {
	p := open(t)
	init := p.Variable("init_task")
	task := init.AddressOf()
	children := init.Member("children")
	stack := init.Member("comm")
	taskType := init.Type()
	for name, f := range map[string]func() error{
		"member":      func() error { return init.Member("pid").Err() },
		"of pointer":  func() error { return task.Member("pid").Err() },
		"number":      func() error { _, err := init.Member("pid").Int(); return err },
		"pointer":     func() error { _, err := task.Member("parent").Member("tasks").Member("next").Uint(); return err },
		"element":     func() error { _, err := stack.Index(3).Int(); return err },
		"bit-field":   func() error { _, err := init.Member("in_execve").Uint(); return err },
		"dereference": func() error { return task.Deref().Member("se").AddressOf().Err() },
		"read":        func() error { return init.Member("pid").Read().Err() },
		"container of": func() error {
			_, err := children.Member("next").ContainerOf(taskType, "sibling").Member("pid").Int()
			return err
		},
		"cast": func() error { return task.Cast(p.PointerTo(p.PointerTo(taskType))).Err() },
		"null": func() error { _, err := task.Member("mm").IsNull(); return err },
	} {
		if err := f(); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if n := testing.AllocsPerRun(100, func() { _ = f() }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func bench(b *testing.B, f func() error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMember(b *testing.B) {
	task := open(b).Variable("init_task").AddressOf()
	bench(b, func() error { return task.Member("pid").Err() })
}

func BenchmarkUint(b *testing.B) {
	pid := open(b).Variable("init_task").Member("pid")
	bench(b, func() error { _, err := pid.Uint(); return err })
}

func BenchmarkMemberUint(b *testing.B) {
	task := open(b).Variable("init_task").AddressOf()
	bench(b, func() error { _, err := task.Member("pid").Uint(); return err })
}

func BenchmarkBitField(b *testing.B) {
	task := open(b).Variable("init_task").AddressOf()
	bench(b, func() error { _, err := task.Member("in_execve").Uint(); return err })
}

// BenchmarkWalk goes through the list of tasks as a Go programmer would write it.
func BenchmarkWalk(b *testing.B) {
	p := open(b)
	init := p.Variable("init_task").AddressOf()
	typ := init.Deref().Type()
	head, err := init.Member("tasks").AddressOf().Uint()
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	bench(b, func() error {
		n = 0
		for node := init.Member("tasks").Member("next"); ; node = node.Member("next") {
			at, err := node.Uint()
			if err != nil || at == head {
				return err
			}
			if _, err := node.ContainerOf(typ, "tasks").Member("pid").Int(); err != nil {
				return err
			}
			n++
		}
	})
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/task")
}

func BenchmarkDecode(b *testing.B) {
	task := open(b).Variable("init_task").AddressOf()
	b.Run("3 fields", func(b *testing.B) {
		bench(b, func() error {
			var t struct {
				PID   int32  `drgn:"pid"`
				TGID  int32  `drgn:"tgid"`
				State uint32 `drgn:"__state|state"`
			}
			return task.Decode(&t)
		})
	})
	b.Run("comm", func(b *testing.B) {
		bench(b, func() error {
			var t struct {
				PID  int32  `drgn:"pid"`
				Comm string `drgn:"comm"`
			}
			return task.Decode(&t)
		})
	})
}

func BenchmarkVariable(b *testing.B) {
	p := open(b)
	bench(b, func() error { return p.Variable("init_task").Err() })
}

func BenchmarkSymbol(b *testing.B) {
	p := open(b)
	bench(b, func() error { _, err := p.Symbol("jiffies"); return err })
}

func BenchmarkMissingObject(b *testing.B) {
	p := open(b)
	bench(b, func() error {
		if err := p.Object("no_such_object").Err(); !drgn.IsNotFound(err) {
			return errors.New("it is there")
		}
		return nil
	})
}

func BenchmarkType(b *testing.B) {
	p := open(b)
	bench(b, func() error { _, err := p.Type("struct task_struct *"); return err })
}

func BenchmarkSymbolAt(b *testing.B) {
	p := open(b)
	at, _ := p.Function("schedule").Address()
	bench(b, func() error { _, err := p.SymbolAt(at + 5); return err })
}

func BenchmarkFormat(b *testing.B) {
	init := open(b).Variable("init_task")
	bench(b, func() error { _ = init.String(); return nil })
}

func BenchmarkStackTraces(b *testing.B) {
	p := open(b)
	var tasks []drgn.Object
	for task, err := range pid.ForEachTask(p, false) {
		if err != nil {
			b.Fatal(err)
		}
		tasks = append(tasks, task)
	}
	frames := 0
	bench(b, func() error {
		frames = 0
		for _, task := range tasks {
			trace, err := p.StackTraceOf(task)
			if err != nil {
				return err
			}
			frames += trace.Len()
		}
		return nil
	})
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*frames), "ns/frame")
}
