package crash

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/worldtest"
)

// TestWords splits command lines as the reference, 0.3.0, does.
func TestWords(t *testing.T) {
	for _, test := range []struct {
		line  string
		keep  bool
		words []string
		rest  string
		err   string
	}{
		{"", false, nil, "", ""},
		{"  a  b\tc ", false, []string{"a", "b", "c"}, "", ""},
		{"'a b' c", false, []string{"a b", "c"}, "", ""},
		{"'a b' c", true, []string{"'a b'", "c"}, "", ""},
		{`a\ b "x\"y"`, false, []string{"a b", `x"y`}, "", ""},
		{"a > f b", false, []string{"a"}, "> f b", ""},
		{"a 2> f", false, []string{"a"}, "2> f", ""},
		{"x12>f", false, []string{"x12"}, ">f", ""},
		{"a|b", false, []string{"a"}, "|b", ""},
		{"a#b #c", false, []string{"a#b"}, "", ""},
		{"a;b", false, nil, "", "unexpected ';'"},
		{"'un", false, nil, "", "unexpected '''"},
		{`a\`, false, nil, "", `unexpected '\'`},
	} {
		words, rest, err := Words(test.line, test.keep)
		problem := ""
		if err != nil {
			problem = err.Error()
		}
		if !slices.Equal(words, test.words) || rest != test.rest || problem != test.err {
			t.Errorf("%q: %q, %q, %v", test.line, words, rest, err)
		}
	}
}

// TestEvalLength tells expressions from what the shell is to do with the result.
func TestEvalLength(t *testing.T) {
	for line, want := range map[string]int{"5": 1, "1 | cat": 1, "(1|2) | cat": 5, "-b ff > f": 5, "1 + 2 -b": 8, "~ -5k": 5} {
		if n, err := EvalLength(line); n != want || err != nil {
			t.Errorf("%q: %d, %v", line, n, err)
		}
	}
	for _, line := range []string{"", "foo", "1 +", "(1", "5 6"} {
		if n, err := EvalLength(line); err == nil {
			t.Errorf("%q: %d", line, n)
		}
	}
}

// TestUsage has the lines that the reference, 0.3.0, prints for the same declarations.
func TestUsage(t *testing.T) {
	want := "ps [-k | -u] [-G] [-y POLICY] [-A] [-s | -p | -c | -t | -l | -m | -a |\n          -g | -r | -S] [-C CPU] [-H] [--drgn]\n          [pid|task|command ...]"
	if got := psCommand.usage(); got != want {
		t.Error(cmp.Diff(want, got))
	}
	want = "rd [-p | -u] [-d | -D] [-s] [-S] [-x] [-8 | -16 | -32 | -64 | -a] [-N]\n          [-R] [-o OFFSET] [-e END] [-r RAW] [--drgn]\n          address|symbol [count]"
	if got := rdCommand.usage(); got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// TestArguments has what the reference, 0.3.0, says of wrong arguments.
func TestArguments(t *testing.T) {
	for line, want := range map[string]string{
		"ps -y":                               "ps: error: argument -y: expected one argument",
		"ps -k -u":                            "ps: error: argument -u: not allowed with argument -k",
		"ps -Z 1":                             "ps: error: unrecognized arguments: -Z",
		"ps --bad":                            "ps: error: unrecognized arguments: --bad",
		"rd":                                  "rd: error: the following arguments are required: address|symbol",
		"rd jiffies xx":                       "rd: error: argument count: invalid int value: 'xx'",
		"ascii zz":                            "ascii: error: argument value: invalid 'hexadecimal' value: 'zz'",
		"bt -a -c 1":                          "bt: error: argument -c: not allowed with argument -a",
		"sym":                                 "sym: error: one of the arguments -l -q name|address is required",
		"set radix 8":                         "set: error: invalid value for radix: '8' (must be 10 or 16)",
		"set foo":                             "set: error: not a pid, task, or option: 'foo'",
		"foreach 1 nosuch":                    "foreach: error: no command given",
		"nosuch":                              "nosuch: command not found",
		"bt -c 0,x":                           "invalid cpuspec: 0,x",
		"search -t -s 0 1":                    "search: error: -s cannot be used with -t or -T",
		"search -T -l 8 1":                    "search: error: -l cannot be used with -t or -T",
		"files -d 8 1":                        "files: error: argument pid|task: not allowed with argument -d",
		"files -p 8 -c":                       "files: error: -c/-R not allowed with -d/-p",
		"files -p 8 x":                        "files: error: argument pid|task: invalid 'pid_or_task' value: 'x'",
		"rd -o zz":                            "rd: error: argument -o: invalid 'decimal_or_hexadecimal' value: 'zz'",
		"bt -Z x":                             "bt: error: argument pid|task: invalid 'pid_or_task' value: 'x'",
		"foreach -z ps":                       "foreach ps: error: unrecognized arguments: -z",
		"foreach 1 bt -a":                     "foreach bt: error: unrecognized arguments: -a",
		"kmem nope":                           "name can only be used with -s",
		"kmem -i 8":                           "address not allowed with info",
		"kmem -I x":                           "-I can only be used with -s",
		"ps -C 0":                             "-C can only be used with -l or -m",
		"tree -t nope 1":                      "invalid tree type: nope",
		"tree -t maple -o 8 1":                "-o is not applicable to maple",
		"set -p 1":                            "set: error: argument pid_or_task_or_option: not allowed with argument -p",
		"set 1 2":                             "set: error: unrecognized arguments: 2",
		"set -p":                              "panic_cpu is not set",
		"runq -c 9":                           "invalid CPUs: 9",
		"task a-b":                            "invalid member name: a-b",
		"union list_head":                     "could not find 'list_head'",
		"struct nope":                         "could not find 'nope'",
		"sys nope":                            "sys: error: argument config: invalid choice: 'nope' (choose from 'config')",
		"search -h 0x1ffff -s init_task -l 8": "value too large for 16 bits: 0x1ffff",
		"vm x":                                "vm: error: argument pid|task: invalid 'pid_or_task' value: 'x'",
		"struct . 1":                          "invalid type name: .",
	} {
		if _, err := run(t, line); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

// TestLikeTheReference has lines that the reference prints.
func TestLikeTheReference(t *testing.T) {
	for line, want := range map[string]string{
		"ptov 0x10:0":              "PER-CPU OFFSET: 10\n  CPU    VIRTUAL\n",
		"whatis task_struct.pid":   "struct task_struct {\n  [", // crash prints it
		"sig -s 2628ff64":          "SIGPIPE SIGALRM SIGTERM\nSIGSTKFLT ",
		"timer -C 9":               "JIFFIES\n",
		"files -R dev 1":           "  /dev/console\n", // a part of a path, as with crash
		"files -R consol 1":        "  /dev/console\n",
		"foreach IN ps":            " S ",
		"sym kernel_init_freeable": "kernel_init_freeable ./include/linux/pid.h: 214\n", // as crash and gdb: what is inlined there
		"kmem ffffffff9cdfc1e0":    "ffffffff9cdfc1e0 (t) __schedule ",                  // nm's letters, as crash has them
		"kmem ffffffff9cdfc61c":    "ffffffff9cdfc61c (T) schedule ",
		"kmem ffffffff9d843298":    " (b) ",
		"kmem fffffa33400a8d40":    "fffffa33400a8d40   2a35000 ", // a page's structure stands for the page
		"kmem fffffa33400a8d48":    "            ba    ",          // and its index is hexadecimal
		"kmem -s 0x0":              "kmem: address is not allocated in slab subsystem: 0\n",
	} {
		if got, _ := run(t, line); !strings.Contains(got, want) {
			t.Errorf("%s: %s; want %s", line, got, want)
		}
	}
	for line, not := range map[string]string{"foreach IN ps": " I ", "ps -g kthreadd": "PID: 1 "} {
		if got, _ := run(t, line); strings.Contains(got, not) {
			t.Errorf("%s: %s", line, got)
		}
	}
	ended := regexp.MustCompile(`(?m)^.{81,}$`)
	if got, err := run(t, "p init_task.cpus_mask"); err != nil || ended.MatchString(got) {
		t.Errorf("an array's lines are longer than 80: %s, %v", got, err)
	}
}

// TestMiddle has a column as the reference, 0.3.0, prints it for sig of a process with handlers of 12 digits.
func TestMiddle(t *testing.T) {
	g := grid{align: "><>"}
	g.add("[1]", "a", "SIG_IGN", "c")
	g.add("[33]", "b", "7f22ae2d3640", "d")
	g.add("[40]", "b", "7927d0", "d")
	g.middle(2, "SIG_")
	want := [][]string{{"[1]", "a", "  SIG_IGN   ", "c"}, {"[33]", "b", "7f22ae2d3640", "d"}, {"[40]", "b", "7927d0", "d"}}
	if diff := cmp.Diff(want, g.rows); diff != "" {
		t.Error(diff)
	}
}

// TestNoStack says of a task that runs on the running kernel what crash and the reference say.
func TestNoStack(t *testing.T) {
	runs := &drgn.UnsupportedError{Problem: "it runs"}
	for _, c := range []struct {
		flags drgn.Flags
		err   error
		want  string
	}{
		{drgn.IsLive | drgn.IsLocal, runs, "(active)\n"},
		{drgn.IsLive, runs, "(no stack: it runs)\n"}, // a guest's, that can be stopped
		{drgn.IsLive | drgn.IsLocal, errors.New("damaged"), "(no stack: damaged)\n"},
	} {
		if got := noStack(c.flags, c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

// run runs a command on the bundled core.
func run(t *testing.T, line string) (string, error) {
	t.Helper()
	p := coretest.Open(t)
	name, rest, _ := strings.Cut(line, " ")
	words, _, err := Words(rest, false)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, _, err = Of(p).Run(context.Background(), name, words, &out, &out)
	return out.String(), err
}

// TestBounds asks for more than anybody can read.
func TestBounds(t *testing.T) {
	for _, line := range []string{"rd init_task 18446744073709551615", "rd -e ffffffffffffffff init_task", "struct list_head init_task -c 99999999", "struct list_head init_task -c -99999999",
		"rd init_task 99999999999999999999999", "bt -c 0-4294967295"} {
		if out, err := run(t, line); err == nil {
			t.Errorf("%s: %d bytes", line, len(out))
		}
	}
}

// TestStopped stops a command before it has begun.
func TestStopped(t *testing.T) {
	p := coretest.Open(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, name := range []string{"ps", "foreach", "sys", "mod"} {
		args := map[string][]string{"foreach": {"bt"}}[name]
		var out bytes.Buffer
		if _, _, err := Of(p).Run(ctx, name, args, &out, &out); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzLine runs what parses command lines on any text.
func FuzzLine(f *testing.F) {
	for _, line := range []string{"-k 'a b' -y RR", "1 + 2k | cat", `"\"" \`, "-8 -16 x", "--drgn= -- -k"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, _, err := Words(line, true)
		if err == nil {
			for _, c := range Commands() {
				if g, err := c.parse(slices.Clone(words)); (g == nil) == (err == nil) {
					t.Errorf("%s %q: %v, %v", c.Name, words, g, err)
				}
			}
		}
		if n, err := EvalLength(line); err == nil && (n < 0 || n > len(line)) {
			t.Errorf("eval %q: %d", line, n)
		}
		if u := Unquote(line); len(u) > len(line) {
			t.Errorf("%q is unquoted as %q", line, u)
		}
	})
}

// TestCorruptLists walks lists that lead back into themselves or out of memory.
func TestCorruptLists(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		nodes := w.AllocN(4, "struct list_head")
		at := func(i int) uint64 { return nodes[i].Addr("next") }
		w.Chain(at(2), at(0), at(1), at(2), at(3)) // 0 → 1 → 2 → 3 → 2
		for line, want := range map[string]string{
			fmt.Sprintf("list %x", at(0)):                     fmt.Sprintf("the list leads back to %x, which is not its first entry", at(2)),
			fmt.Sprintf("list -o list_head.next %x", at(1)):   fmt.Sprintf("the list leads back to %x, which is not its first entry", at(2)),
			fmt.Sprintf("list -e %x %x", at(3), at(0)):        "",
			fmt.Sprintf("list -o 99999999999999999999 %x", 1): "invalid offset: 99999999999999999999",
		} {
			given, err := listCommand.parse(strings.Fields(line)[1:])
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			c := &Call{Prog: w.Program, ctx: t.Context(), session: Of(w.Program), command: &listCommand, given: given, warning: &out, out: bufio.NewWriter(&out)}
			err = listCommand.Run(c)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%s: %s, want %s\n%s", line, got, want, out.String())
			}
		}
	})
}

// TestPending prints pending signals as crash and the reference, 0.3.0, do.
func TestPending(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			typedef struct { unsigned long sig[1]; } sigset_t;
			struct sigpending { struct list_head list; sigset_t signal; };
			struct kernel_siginfo { int si_signo; };
			struct sigqueue { struct list_head list; int flags; struct kernel_siginfo info; };
		`)
		pending, queue := w.Alloc("struct sigpending"), w.AllocN(2, "struct sigqueue")
		pending.Set("signal.sig[0]", 1<<9|1<<2)
		queue[0].Set("info.si_signo", 10)
		queue[1].Set("info.si_signo", 3)
		w.Ring(pending.Addr("list"), queue[0].Addr("list"), queue[1].Addr("list"))
		var out bytes.Buffer
		c := &Call{Prog: w.Program, ctx: t.Context(), session: Of(w.Program), command: &sigCommand, warning: &out, out: bufio.NewWriter(&out)}
		if err := sigPending(c, "SHARED_PENDING", pending.Object(), ""); err != nil {
			t.Fatal(err)
		}
		if err := c.out.Flush(); err != nil {
			t.Fatal(err)
		}
		at := []string{fmt.Sprintf("%x", queue[0].Addr("info")), fmt.Sprintf("%x", queue[1].Addr("info"))}
		header := strings.TrimRight("  SIGQUEUE:  SIG  "+strings.Repeat(" ", max(0, len(at[0])-len("SIGINFO"))/2)+"SIGINFO", " ")
		want := fmt.Sprintf("SHARED_PENDING\n    SIGNAL: %0*x\n%s\n              10  %s\n               3  %s\n", 2*w.Word(), 0x204, header, at[0], at[1])
		if got := out.String(); got != want {
			t.Error(cmp.Diff(want, got))
		}
	})
}
