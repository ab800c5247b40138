package attach_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/types"
)

// TestConcurrent does everything at once on a program that has just been opened. It is for the race detector.
func TestConcurrent(t *testing.T) {
	p, err := attach.Core(filepath.Join(fixture, "vmcore"), attach.Options{CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	work := map[string]func(g int) error{
		"walk": func(int) error {
			for task, err := range pid.ForEachTask(p, false) {
				if err != nil {
					return err
				}
				var x struct {
					PID  int32       `drgn:"pid"`
					Comm string      `drgn:"comm"`
					PGD  uint64      `drgn:"mm->pgd,optional"`
					Self drgn.Object `drgn:"group_leader"`
				}
				if err := task.Decode(&x); err != nil {
					return err
				}
			}
			return nil
		},
		"stacks": func(int) error {
			for task, err := range pid.ForEachTask(p, false) {
				if err != nil {
					return err
				}
				trace, err := p.StackTraceOf(task)
				if err != nil {
					return err
				}
				if trace.String() == "" {
					return fmt.Errorf("empty trace")
				}
				for i := range trace.Len() {
					if _, err := trace.Frame(i).Locals(); err != nil {
						return err
					}
				}
			}
			return nil
		},
		"types": func(int) error {
			for _, name := range []string{"struct task_struct", "struct page *", "unsigned long [3]", "gfp_t", "struct file_operations"} {
				typ, err := p.Type(name)
				if err != nil {
					return err
				}
				if _, err := typ.Language().Definition(typ); err != nil {
					return err
				}
			}
			return nil
		},
		"print": func(int) error { _ = p.Variable("init_task").String(); return p.Variable("init_mm").Err() },
		"symbols": func(g int) error {
			for _, name := range []string{"schedule", "do_idle", "init_task"} {
				s, err := p.Symbol(name)
				if err != nil {
					return err
				}
				if _, err := p.SymbolAt(s.Address + uint64(g)); err != nil {
					return err
				}
			}
			return nil
		},
		"search": func(int) error {
			n := 0
			for _, err := range p.SearchMemory(context.Background(), []byte("swapper/0\x00"), 1, drgn.SearchArea{}) {
				if err != nil {
					return err
				}
				n++
			}
			if n == 0 {
				return fmt.Errorf("nothing found")
			}
			return nil
		},
		"finders": func(g int) error {
			none := func(*drgn.Program, types.KindSet, string, string) (*types.Type, error) { return nil, nil }
			return p.RegisterTypeFinder(fmt.Sprint(g), none, drgn.EnableFirst)
		},
		"memo": func(g int) error {
			_, err := drgn.Memo(p, "key", func() (int, error) { return g, nil })
			return err
		},
	}
	var wg sync.WaitGroup
	for what, f := range work {
		for g := range 3 {
			wg.Go(func() {
				if err := f(g); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			})
		}
	}
	wg.Wait()
}
