package expression

import (
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/lang/c"
)

// What C calls postfix expressions, with the values that Python's objects have for the same.
func TestEvaluate(t *testing.T) {
	p := coretest.Open(t)
	trace, err := p.StackTrace(1)
	if err != nil {
		t.Fatal(err)
	}
	waits := trace.Frame(4)
	for _, test := range []struct {
		text  string
		frame *drgn.StackFrame
		want  string // what is printed, or the error
	}{
		{"init_task.comm", nil, `(char [16])"swapper/0"`},
		{" init_task . comm [ 0 ] ", nil, "(char)115"},
		{"(&init_task)->pid", nil, "(pid_t)0"},
		{"*&init_task.pid", nil, "(pid_t)0"},
		{"((struct task_struct *)0xffff98d700188000)->pid", nil, "(pid_t)1"},
		{"(unsigned char)-1", nil, "(unsigned char)255"},
		{"0x10", nil, "(unsigned long)16"},
		{"-3", nil, "(long)-3"},
		{"(init_task).tgid", nil, "(pid_t)0"},
		{"wo->wo_flags", &waits, "(int)4"},
		{"", nil, `an expression is expected at ""`},
		{"init_task.", nil, `the name of a member is expected at ""`},
		{"init_task.comm[x]", nil, `a number and ] are expected at "x]"`},
		{"init_task + 1", nil, `this is not understood at "+ 1"`},
		{"(init_task", nil, `) is expected at ""`},
		{"1x", nil, `a number is expected at ""`},
		{"no_such", nil, "could not find 'no_such'"},
		{"wo", nil, "could not find 'wo'"},
		{"init_task.no_such", nil, "'struct task_struct' has no member 'no_such'"},
		{strings.Repeat("*", 1000) + "init_task", nil, "this is nested too deeply at \"" + strings.Repeat("*", 900) + "init_task\""},
	} {
		got, err := Evaluate(p, test.text, test.frame).Format(c.DefaultFormat)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%.40s: %q, want %q", test.text, got, test.want)
		}
	}
	var syntax *SyntaxError
	if err := Evaluate(p, "init_task +", nil).Err(); !errors.As(err, &syntax) || syntax.At != 10 {
		t.Errorf("%v", err)
	}
}

// What may have been meant: a frame's names before the program's.
func TestExplain(t *testing.T) {
	p := coretest.Open(t)
	trace, err := p.StackTrace(1)
	if err != nil {
		t.Fatal(err)
	}
	waits := trace.Frame(4)
	for _, test := range []struct {
		text  string
		frame *drgn.StackFrame
		want  string
	}{
		{"init_tsk", nil, "; did you mean init_task?"},
		{"woo", &waits, "; did you mean wo?"},
		{"init_task.com", nil, "; did you mean comm?"},
		{"qwertyuiopasdf", nil, "could not find 'qwertyuiopasdf'"},
	} {
		err := Explain(p, Evaluate(p, test.text, test.frame).Err(), test.frame)
		if err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s: %v; want it to end in %q", test.text, err, test.want)
		}
	}
}

// Whatever is typed is an object or an error, at once.
func FuzzEvaluate(f *testing.F) {
	for _, text := range []string{"init_task.comm[3]", "*(struct task_struct *)0xffff98d700188000", "&(init_task)->pid", "((((", "-9223372036854775808", "a::b$c", "[0]"} {
		f.Add(text)
	}
	p, err := coretest.New()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := Evaluate(p, text, nil)
		if o.Err() == nil && o.Type() == nil {
			t.Error("an object without a type")
		}
	})
}
