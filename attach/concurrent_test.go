package attach_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/search"
	"github.com/godrgn/drgn/types"
)

// answers are questions to a program whose answers don't depend on what else is asked at the same time.
var answers = map[string]func(p *drgn.Program, say func(string, ...any)) error{
	"walk": func(p *drgn.Program, say func(string, ...any)) error {
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
			leader, err := x.Self.Uint()
			say("%d %s %#x %#x", x.PID, x.Comm, x.PGD, leader)
			if err != nil {
				return err
			}
		}
		return nil
	},
	"stacks": func(p *drgn.Program, say func(string, ...any)) error {
		for task, err := range pid.ForEachTask(p, false) {
			if err != nil {
				return err
			}
			trace, err := p.StackTraceOf(task)
			if err != nil {
				return err
			}
			say("%s", trace)
			for i := range trace.Len() {
				locals, err := trace.Frame(i).Locals()
				if err != nil {
					return err
				}
				say("%v", locals)
			}
		}
		return nil
	},
	"types": func(p *drgn.Program, say func(string, ...any)) error {
		for _, name := range []string{"struct task_struct", "struct page *", "unsigned long [3]", "gfp_t", "struct file_operations"} {
			typ, err := p.Type(name)
			if err != nil {
				return err
			}
			definition, err := typ.Language().Definition(typ)
			if err != nil {
				return err
			}
			say("%s", definition)
		}
		return nil
	},
	"print": func(p *drgn.Program, say func(string, ...any)) error {
		say("%s", p.Variable("init_task"))
		return p.Variable("init_mm").Err()
	},
	"symbols": func(p *drgn.Program, say func(string, ...any)) error {
		for _, name := range []string{"schedule", "do_idle", "init_task"} {
			s, err := p.Symbol(name)
			if err != nil {
				return err
			}
			for within := range uint64(3) {
				at, err := p.SymbolAt(s.Address + within)
				if err != nil {
					return err
				}
				say("%s %#x %#x", at.Name, at.Address, at.Size)
			}
		}
		return nil
	},
	"search": func(p *drgn.Program, say func(string, ...any)) error {
		for found, err := range search.Bytes(context.Background(), p, []byte("swapper/0\x00"), 1, search.Area{}) {
			if err != nil {
				return err
			}
			say("%#x", found)
		}
		return nil
	},
}

// ask returns the answer to one of the questions.
func ask(p *drgn.Program, what string) (string, error) {
	var b strings.Builder
	err := answers[what](p, func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) })
	return b.String(), err
}

// TestConcurrent asks everything at once of a program that has just been opened: the answers are those that one thread gets
// from another program. It is also for the race detector.
func TestConcurrent(t *testing.T) {
	p, err := coretest.New()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for what := range answers {
		if want[what], err = ask(open(t), what); err != nil || strings.Count(want[what], "\n") < 2 {
			t.Fatalf("%s: %q, %v", what, want[what], err)
		}
	}
	const askers = 3
	var wg sync.WaitGroup
	for what := range answers {
		for range askers {
			wg.Go(func() {
				got, err := ask(p, what)
				if err != nil {
					t.Errorf("%s: %v", what, err)
				} else if got != want[what] {
					t.Errorf("%s differs (-alone +at once):\n%.2000s", what, cmp.Diff(want[what], got))
				}
			})
		}
	}
	memos := make([]int, askers)
	for g := range askers {
		wg.Go(func() {
			none := func(*drgn.Program, types.KindSet, string, string) (*types.Type, error) { return nil, nil }
			if err := p.RegisterTypeFinder(fmt.Sprint(g), none, drgn.EnableFirst); err != nil {
				t.Errorf("finder: %v", err)
			}
		})
		wg.Go(func() {
			kept, err := drgn.Memo(p, memoKey{g}, func() (int, error) { return g, nil })
			if err != nil || kept != g {
				t.Errorf("memo %d: %d, %v", g, kept, err)
			}
			memos[g] = kept
		})
	}
	wg.Wait()
	if diff := cmp.Diff([]int{0, 1, 2}, memos); diff != "" {
		t.Errorf("memos differ (-want +got):\n%s", diff)
	}
}

type memoKey struct{ g int }
