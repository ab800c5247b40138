package look

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/coretest"
)

// Questions that are not answered, and why. What is answered is tested where it is shown: packages mcp and web.
func TestRefused(t *testing.T) {
	l := &Look{Prog: coretest.Open(t)}
	minus := -1
	for want, ask := range map[string]func(context.Context, io.Writer) error{
		`there is no section "weather"`: func(ctx context.Context, out io.Writer) error {
			return l.Report(ctx, ReportQuery{Sections: []string{"weather"}}, out)
		},
		"there are no such threads": func(ctx context.Context, out io.Writer) error { return l.Stacks(ctx, StacksQuery{States: "T"}, out) },
		"12345":                     func(ctx context.Context, out io.Writer) error { return l.Stack(ctx, StackQuery{Thread: 12345}, out) },
		"did you mean struct pid?": func(ctx context.Context, out io.Writer) error {
			return l.Type(ctx, TypeQuery{Name: "struct pidd"}, out)
		},
		"either a name or an address": func(ctx context.Context, out io.Writer) error { return l.Symbol(ctx, SymbolQuery{}, out) },
		"no symbol is at 0x10": func(ctx context.Context, out io.Writer) error {
			return l.Symbol(ctx, SymbolQuery{Address: "0x10"}, out)
		},
		"only 1 to 16384 can be shown": func(ctx context.Context, out io.Writer) error {
			return l.Disassemble(ctx, DisassembleQuery{Function: "_end"}, out)
		},
		"the stack has frames 0 to": func(ctx context.Context, out io.Writer) error {
			return l.Evaluate(ctx, EvaluateQuery{Expression: "wo", Thread: 1, Frame: &minus}, out)
		},
		`"-1" is not a number of 64 bits`: func(ctx context.Context, out io.Writer) error {
			return l.Identify(ctx, IdentifyQuery{Address: "-1"}, out)
		},
		"only one of them":           func(ctx context.Context, out io.Writer) error { return l.Search(ctx, SearchQuery{}, out) },
		"odd length hex string":      func(ctx context.Context, out io.Writer) error { return l.Search(ctx, SearchQuery{Bytes: "123"}, out) },
		"is not a number of 64 bits": func(ctx context.Context, out io.Writer) error { return l.Search(ctx, SearchQuery{Number: "x"}, out) },
		"there are no 9 numbers from 0xfffffffffffffff8 on": func(ctx context.Context, out io.Writer) error {
			return l.Search(ctx, SearchQuery{Number: "0xfffffffffffffff8", Size: 9}, out)
		},
		"files are not written here": func(ctx context.Context, out io.Writer) error {
			return l.Command(ctx, CommandQuery{Line: "rd -r x init_task 8"}, out)
		},
		"the name of a command is expected": func(ctx context.Context, out io.Writer) error { return l.Command(ctx, CommandQuery{Line: " "}, out) },
	} {
		var out strings.Builder
		if err := ask(t.Context(), &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q\n%s", err, want, out.String())
		}
	}
}

// Texts are scrubbed of what is private of the program only if that is asked for.
func TestScrub(t *testing.T) {
	p := coretest.Private(t)
	const text = "BoxHost: card 5254001a2b3c"
	if got := (&Look{Prog: p}).Scrub(text); got != text {
		t.Errorf("%q", got)
	}
	if got := (&Look{Prog: p, Redact: true}).Scrub(text); got != "(redacted): card (redacted)" {
		t.Errorf("%q", got)
	}
}

// What may tell of people is left out of reports and stacks.
func TestRedact(t *testing.T) {
	for _, redact := range []bool{false, true} {
		l := &Look{Prog: coretest.Open(t), Redact: redact}
		var out strings.Builder
		if err := l.Report(t.Context(), ReportQuery{Sections: []string{"what-happened"}}, &out); err != nil {
			t.Fatal(err)
		}
		if err := l.Stack(t.Context(), StackQuery{Thread: 1, Variables: true}, &out); err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{"rdinit", "wo = "} {
			if strings.Contains(out.String(), private) == redact {
				t.Errorf("redacted %v: %q in\n%s", redact, private, out.String())
			}
		}
	}
}
