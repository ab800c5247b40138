package names_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/names"
	"github.com/godrgn/drgn/types"
)

// TestNear has names that are mistyped or half remembered, with what the bundled kernel has instead.
func TestNear(t *testing.T) {
	p := coretest.Open(t)
	typeError := func(name string) error { _, err := p.Type(name); return err }
	symbolError := func(name string) error { _, err := p.Symbol(name); return err }
	moduleError := func(name string) error { _, err := p.ModuleNamed(name); return err }
	task, err := p.Type("struct task_struct")
	if err != nil {
		t.Fatal(err)
	}
	page, err := p.Type("struct page")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		err  error
		want []string
	}{
		{"a type without its keyword", typeError("task_struct"), []string{"struct task_struct"}},
		{"a type with another keyword", typeError("union task_struct"), []string{"struct task_struct"}},
		{"a letter too few", typeError("struct task_stuct"), []string{"struct task_struct"}},
		{"a part of a type's name", typeError("struct lis_head *[2]"), []string{"struct list_head *[2]"}},
		{"a variable", p.Object("init_tsk").Err(), []string{"init_task"}},
		{"swapped letters", p.Object("jififes").Err(), []string{"jiffies"}},
		{"another case", p.Object("JIFFIES").Err(), []string{"jiffies"}},
		{"a function", p.Function("schedul").Err(), []string{"schedule"}},
		{"a constant", p.Constant("PIDTYPE_MX").Err(), []string{"PIDTYPE_MAX"}},
		{"a macro", p.Constant("PAGE_SIZ").Err(), []string{"PAGE_SIZE"}},
		{"a symbol", symbolError("schedul"), []string{"schedule"}},
		{"a module", moduleError("kernl"), []string{"kernel"}},
		{"a member", &types.MemberError{Type: task, Name: "commm"}, []string{"comm"}},
		{"a member of an anonymous one", &types.MemberError{Type: page, Name: "maping"}, []string{"mapping"}},
		{"nothing like it", p.Object("zzzzzzzzz").Err(), nil},
		{"a letter", p.Object("~").Err(), nil},
		{"another error", drgn.ErrNotFound, nil},
		{"no error", nil, nil},
	} {
		if got := names.Near(p, test.err); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v (%v)", test.what, got, test.want, test.err)
		}
	}
}

// TestBeginning asks for what begins with a text.
// What has a text in its name: that first which is the text, then what begins with it, then what is short.
func TestWith(t *testing.T) {
	p := coretest.Open(t)
	for _, test := range []struct {
		what string
		got  []string
		want []string
	}{
		{"a type", names.TypesWith(p, "TASK_STRUCT", 1), []string{"struct task_struct"}},
		{"symbols", names.SymbolsWith(p, "kernel_wait4", 3), []string{"kernel_wait4"}},
		{"a symbol's end", names.SymbolsWith(p, "nel_wait4", 3), []string{"kernel_wait4"}},
		{"nothing", names.SymbolsWith(p, "qwertyuiop", 3), nil},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s: %s", test.what, diff)
		}
	}
	if many := names.SymbolsWith(p, "schedule", 4); len(many) != 4 || many[0] != "schedule" {
		t.Errorf("%q", many)
	}
}

func TestBeginning(t *testing.T) {
	p := coretest.Open(t)
	for what, test := range map[string]struct{ got, want []string }{
		"structures":    {names.Types(p, "struct task_st", 10), []string{"struct task_struct", "struct task_struct__safe_rcu"}},
		"keywords":      {names.Types(p, "stru", 10), []string{"struct "}},
		"typedefs":      {names.Types(p, "pid_", 10), []string{"pid_t"}},
		"objects":       {names.Objects(p, drgn.FindAny, "init_task", 10), []string{"init_task", "init_task_pid", "init_task_pid_links", "init_task_work"}},
		"functions":     {names.Objects(p, drgn.FindFunction, "init_task", 10), []string{"init_task_pid", "init_task_pid_links", "init_task_work"}},
		"symbols":       {names.Symbols(p, "init_tas", 10), []string{"init_task", "init_task.c"}},
		"no more than":  {names.Symbols(p, "", 2), names.Symbols(p, "", 1000000)[:2]},
		"what isn't in": {names.Types(p, "struct zzzz", 10), []string{}},
	} {
		if d := cmp.Diff(test.want, test.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
}

func FuzzAmong(f *testing.F) {
	f.Add("init_tsk", "init_task")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, name, other string) {
		got := names.Among(name, []string{other})
		if len(got) > 1 || len(got) == 1 && (got[0] != other || name == other) {
			t.Errorf("%q for %q among %q", got, name, other)
		}
	})
}
