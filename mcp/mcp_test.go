package mcp

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/look"
	"github.com/godrgn/drgn/report"
)

// connect returns a client of a server of the bundled core.
func connect(t *testing.T, o Options) *mcp.ClientSession {
	p, err := coretest.New()
	if err != nil {
		t.Fatal(err)
	}
	return connectTo(t, p, o)
}

func connectTo(t *testing.T, p *drgn.Program, o Options) *mcp.ClientSession {
	here, there := mcp.NewInMemoryTransports()
	if _, err := newServer(p, o).Connect(t.Context(), there, nil); err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

// call calls a tool and returns its text, and whether that is an error.
func call(t *testing.T, session *mcp.ClientSession, tool string, arguments map[string]any) (string, bool) {
	t.Helper()
	if arguments == nil {
		arguments = map[string]any{}
	}
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return err.Error(), true
	}
	return result.Content[0].(*mcp.TextContent).Text, result.IsError
}

type args = map[string]any

func TestTools(t *testing.T) {
	session := connect(t, Options{})
	file := filepath.Join(t.TempDir(), "written")
	for _, test := range []struct {
		tool      string
		arguments args
		wrong     bool
		want      string
	}{
		{"report", args{"sections": []string{"cpus"}}, false, "CPUs\n====\n"},
		{"report", args{"sections": []string{"weather"}}, true, `there is no section "weather"`},
		{"stacks", args{"states": "Z"}, false, "1 thread: Z"},
		{"stacks", args{"states": "T"}, true, "there are no such threads"},
		{"stack", args{"thread": 1}, false, "#4  do_wait (kernel/exit.c:1705:3)"},
		{"stack", args{"thread": 1, "variables": true}, false, "\n#4  do_wait (kernel/exit.c:1705:3)\n    wo = (struct wait_opts *)0xffffa70ac000be00\n"},
		{"stack", args{"thread": 12345}, true, "12345"},
		{"stack", args{"thread": "init"}, true, "thread"},
		{"type", args{"name": "struct pid"}, false, "\tstruct upid numbers[];\n}\n\nsize: 112 bytes\noffsets in bytes:\n      0  count\n      4  level\n"},
		{"type", args{"name": "struct task_stuct"}, true, "did you mean struct task_struct?"},
		{"symbol", args{"name": "schedule"}, false, "schedule at 0xffffffff9cdfc61c, 62 bytes\n  schedule at kernel/sched/core.c:"},
		{"symbol", args{"address": "0xffffffff9cdfc649"}, false, "; the address is schedule+0x2d\n"},
		{"symbol", args{"name": "schedul"}, true, "did you mean schedule?"},
		{"symbol", args{"address": "0x10"}, true, "no symbol is at 0x10"},
		{"symbol", args{}, true, "either a name or an address is needed"},
		{"disassemble", args{"function": "schedule"}, false, "schedule+0x28  callq 0xffffffff9cdfc1e0  ; __schedule+0x0\n"},
		{"disassemble", args{"function": "0xffffffff9cdfc649"}, false, "schedule+0x0  endbr64\n"},
		{"disassemble", args{"function": "no_such"}, true, "could not find symbol with name 'no_such'"},
		{"evaluate", args{"expression": "init_task.comm"}, false, "at 0xffffffff9d60ab18: (char [16])\"swapper/0\"\n"},
		{"evaluate", args{"expression": "((struct task_struct *)0xffff98d700188000)->pid"}, false, "(pid_t)1\n"},
		{"evaluate", args{"expression": "wo->wo_flags", "thread": 1, "frame": 4}, false, "(int)4\n"},
		{"evaluate", args{"expression": "wo", "thread": 1, "frame": 40}, true, "the stack has frames 0 to "},
		{"evaluate", args{"expression": "init_task.com"}, true, "'struct task_struct' has no member 'com'; did you mean comm?"},
		{"evaluate", args{"expression": "init_task +"}, true, `this is not understood at "+"`},
		{"identify", args{"address": "0xffff98d700188010"}, false, "task: 1 (init) +0x10\nslab object: task_struct+0x10\n"},
		{"identify", args{"address": "1"}, false, "nothing is known of this address\n"},
		{"identify", args{"address": "init"}, true, `"init" is not a number`},
		{"search", args{"text": "swapper/0"}, false, "0xffffffff9d60ab18  task: 0 (swapper/0) +0x5d8\n"},
		{"search", args{"bytes": "73 77 61 70 70 65 72 2f 31", "limit": 1}, false, "task: 0 (swapper/1)"},
		{"search", args{"number": "0xffff98d700188000", "limit": 2}, false, "and more\n"},
		{"search", args{"text": "no such text in the kernel"}, false, "it is nowhere"},
		{"search", args{"text": "a", "number": "1"}, true, "only one of them"},
		{"search", args{"bytes": "7g"}, true, "invalid byte"},
		{"command", args{"line": "ps 1"}, false, "  init"},
		{"command", args{"line": "help ps"}, false, "NAME\n  ps - "},
		{"command", args{"line": "no_such"}, true, "no_such"},
		{"command", args{"line": "rd -r " + file + " init_task 8"}, true, "files are not written here"},
		{"command", args{"line": ""}, true, "the name of a command is expected"},
	} {
		got, wrong := call(t, session, test.tool, test.arguments)
		if wrong != test.wrong || !strings.Contains(got, test.want) {
			t.Errorf("%s %v: error %v, want %v, with %q in\n%.3000s", test.tool, test.arguments, wrong, test.wrong, test.want, got)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was written")
	}
	if got, wrong := call(t, session, "command", args{"line": "sym -l"}); wrong || len(got) > maxAnswer+100 || !strings.Contains(got, "bytes more are left out") {
		t.Errorf("a long answer has %d bytes, error %v", len(got), wrong)
	}
}

// What may tell of people is left out: tools that read memory are not there, stacks have no variables.
func TestRedact(t *testing.T) {
	session := connect(t, Options{Redact: true})
	tools, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var offered []string
	for _, tool := range tools.Tools {
		offered = append(offered, tool.Name)
		if !tool.Annotations.ReadOnlyHint {
			t.Errorf("%s is not said to be for looking only", tool.Name)
		}
	}
	slices.Sort(offered)
	if want := []string{"disassemble", "report", "stack", "stacks", "symbol", "type"}; !slices.Equal(offered, want) {
		t.Errorf("tools %q, want %q", offered, want)
	}
	if got, wrong := call(t, session, "stack", args{"thread": 1, "variables": true}); wrong || strings.Contains(got, "wo = ") {
		t.Errorf("variables are shown:\n%s", got)
	}
	if got, wrong := call(t, session, "evaluate", args{"expression": "init_task"}); !wrong {
		t.Errorf("expressions are evaluated: %s", got)
	}
	if got, wrong := call(t, session, "report", args{"sections": []string{"what-happened"}}); wrong || strings.Contains(got, "rdinit") || !strings.Contains(got, "(redacted)") {
		t.Errorf("error %v, the report is\n%s", wrong, got)
	}
	if text := session.InitializeResult().Instructions; !strings.Contains(text, "is left out") {
		t.Errorf("instructions: %s", text)
	}
}

// A bug in a tool is told to the client, and others still work.
func TestBug(t *testing.T) {
	served := mcp.NewServer(&mcp.Implementation{Name: "test"}, nil)
	offer(served, new(look.Look), "bad", "Fail.", func(context.Context, struct{}, io.Writer) error { panic("oh no") })
	offer(served, new(look.Look), "partly", "Fail later.", func(_ context.Context, _ struct{}, out io.Writer) error {
		out.Write([]byte("first\x1b[31m\xff"))
		return &drgn.ValueError{Problem: "then that"}
	})
	here, there := mcp.NewInMemoryTransports()
	if _, err := served.Connect(t.Context(), there, nil); err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if got, wrong := call(t, session, "bad", nil); !wrong || !strings.Contains(got, "a bug of this program: oh no") {
		t.Errorf("%q, %v", got, wrong)
	}
	got, wrong := call(t, session, "partly", nil)
	if !wrong || !strings.HasPrefix(got, "first") || strings.Contains(got, "\x1b") || !strings.HasSuffix(got, "\nIt ends here: then that\n") {
		t.Errorf("%q, %v", got, wrong)
	}
}

// Names of tasks are scrubbed as the report's are.
func TestRedactNames(t *testing.T) {
	p := coretest.Private(t)
	plain, session := connectTo(t, p, Options{}), connectTo(t, p, Options{Redact: true})
	for _, tool := range []string{"stacks", "report"} {
		open, wrong := call(t, plain, tool, nil)
		got, alsoWrong := call(t, session, tool, nil)
		if wrong || alsoWrong || !strings.Contains(got, "two?lines") {
			t.Errorf("%s: errors %v, %v\n%s", tool, wrong, alsoWrong, got)
		}
		for _, secret := range coretest.Secrets {
			if !strings.Contains(open, secret) || strings.Contains(got, secret) {
				t.Errorf("%s: %q is told with --redact: %v, without: %v", tool, secret, strings.Contains(got, secret), strings.Contains(open, secret))
			}
		}
	}
	if got, wrong := call(t, session, "type", args{"name": "struct BoxHost"}); !wrong || strings.Contains(got, "BoxHost") {
		t.Errorf("an error tells %q", got)
	}
}

// However much is asked, what is said to be wrong with it is short.
func TestLongArguments(t *testing.T) {
	session := connect(t, Options{})
	for _, n := range []int{maxAsked / 2, 100 << 10} {
		long := strings.Repeat("A", n)
		for tool, arguments := range map[string]args{
			"report": {"sections": []string{long}}, "type": {"name": long}, "symbol": {"address": long}, "stack": {"thread": long}, "evaluate": {"expression": long},
			"identify": {"address": long}, "search": {"number": long}, "command": {"line": long}, "disassemble": {"function": long}, long: {},
		} {
			got, wrong := call(t, session, tool, arguments)
			if !wrong || len(got) > maxError+maxAsked { // what the protocol's own checks say repeats what was asked
				t.Errorf("%.20s, of %d bytes: error %v of %d bytes: %.300s", tool, n, wrong, len(got), got)
			}
		}
	}
	if got := told(strings.Repeat("\u00e9", 3000) + "the end"); len(got) > maxError || !strings.Contains(got, "bytes are left out") || !strings.HasSuffix(got, "the end") || strings.Contains(got, "\uFFFD") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

// An answer is as long as it may be, whatever takes the place of what is private, and a word that is cut is not told.
func TestAnswerBound(t *testing.T) {
	var a answer
	for a.left == 0 {
		a.Write([]byte("box boxhost "))
	}
	got := a.text(func(text string) string {
		if strings.Contains(text, "boxhost b ") || strings.HasSuffix(text, "boxh") {
			t.Errorf("cut: %q", text[len(text)-30:])
		}
		return strings.ReplaceAll(text, "boxhost", report.Redacted)
	})
	if len(got) > maxAnswer+100 || !strings.Contains(got, "bytes more are left out") {
		t.Errorf("%d bytes", len(got))
	}
}
