package stacks_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/stacks"
)

// The reference has a trace for each thread: those of a group are the group's, and each thread is in one.
func TestReference(t *testing.T) {
	traces := coretest.Expected(t, "stack-traces.txt")
	user := regexp.MustCompile(`(?m)^#\d+ +0x[0-9a-f]+\n?`)
	number := regexp.MustCompile(`(?m)^#\d+ +`)
	offset := regexp.MustCompile(`\+0x[0-9a-f]+/0x[0-9a-f]+`)
	groups, err := stacks.Of(t.Context(), coretest.Open(t), stacks.Options{States: "DS"})
	if err != nil {
		t.Fatal(err)
	}
	threads := 0
	for _, g := range groups {
		var frames []string
		for _, f := range g.Frames {
			frames = append(frames, f.String())
		}
		for _, thread := range g.Threads {
			threads++
			_, trace, ok := strings.Cut(traces, fmt.Sprintf("Call stack for PID %d\n", thread.TID))
			trace, _, _ = strings.Cut(trace, "\n\n")
			trace = offset.ReplaceAllString(number.ReplaceAllString(user.ReplaceAllString(trace, ""), ""), "")
			if got := strings.Join(frames, "\n"); !ok || strings.TrimSpace(trace) != got {
				t.Errorf("thread %d:\n%s\nthe reference:\n%s", thread.TID, got, trace)
			}
		}
	}
	if n := strings.Count(coretest.Expected(t, "tasks.txt"), " S "); n != threads {
		t.Errorf("%d threads, the reference has %d in state S", threads, n)
	}
	for i, g := range groups[1:] {
		if len(g.Threads) > len(groups[i].Threads) {
			t.Errorf("%d threads come after %d", len(g.Threads), len(groups[i].Threads))
		}
	}
}

// Which threads there are is a matter of the states that are asked for, which processes do not have.
func TestStates(t *testing.T) {
	p := coretest.Open(t)
	count := func(states string) (n int) {
		groups, err := stacks.Of(t.Context(), p, stacks.Options{States: states})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			n += len(g.Threads)
			for _, thread := range g.Threads {
				if states != "" && !strings.Contains(states, thread.State) {
					t.Errorf("thread %d is in state %s", thread.TID, thread.State)
				}
			}
		}
		return n
	}
	tasks := strings.Count(coretest.Expected(t, "tasks.txt"), "\n")
	if n := count(""); n != tasks {
		t.Errorf("%d threads; there are %d tasks", n, tasks)
	}
	for _, state := range "SIRZTD" {
		if n, want := count(string(state)), strings.Count(coretest.Expected(t, "tasks.txt"), fmt.Sprintf(" %c ", state)); n != want {
			t.Errorf("%d threads are in state %c, want %d", n, state, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := stacks.Of(ctx, p, stacks.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A process's threads have all of their frames, and no states.
func TestProcess(t *testing.T) {
	p, err := attach.Core("../testdata/process/threads.core.gz", attach.Options{CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	groups, err := stacks.Of(t.Context(), p, stacks.Options{})
	if err != nil || len(groups) == 0 {
		t.Fatal(groups, err)
	}
	var ids []uint64
	for _, g := range groups {
		for _, thread := range g.Threads {
			if ids = append(ids, thread.TID); thread.State != "" {
				t.Errorf("thread %d has state %q", thread.TID, thread.State)
			}
			trace, err := p.StackTrace(thread.TID)
			if err != nil || trace.Len() != len(g.Frames) {
				t.Errorf("thread %d: %d frames of %d, %v", thread.TID, len(g.Frames), trace.Len(), err)
				continue
			}
			for i, f := range g.Frames { // what a trace prints begins so, behind its number
				if line := strings.Split(trace.String(), "\n")[i]; !strings.HasPrefix(strings.TrimLeft(line, "#0123456789 "), f.Function) {
					t.Errorf("thread %d: frame %q, the trace has %q", thread.TID, f.Function, line)
				}
			}
		}
	}
	slices.Sort(ids)
	var want []uint64
	for thread, err := range p.Threads() {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, thread.TID)
	}
	if !slices.Equal(ids, want) {
		t.Errorf("threads %d, want %d", ids, want)
	}
	var value *drgn.ValueError
	if _, err := stacks.Of(t.Context(), p, stacks.Options{States: "S"}); !errors.As(err, &value) {
		t.Errorf("states of a process: %v", err)
	}
}

// some is two groups: one of a name that tries to be more than text, one of a stack that is not known to its end.
var some = []stacks.Group{
	{
		Frames: []stacks.Frame{{Function: "wait;<b>&\x01", Inline: true, Source: drgn.SourceLocation{Filename: "a.c", Line: 3, Column: 4}}, {Function: "main"}},
		Threads: []stacks.Thread{{TID: 1, Name: "\x1b[31mred", State: "D", Waiting: 1500 * time.Millisecond}, {TID: 2, Name: "x", State: "S", Waiting: 3 * time.Minute},
			{TID: 3, State: "D"}},
	},
	{Frames: []stacks.Frame{{Function: "main"}}, Err: errors.New("no memory"), Threads: []stacks.Thread{{TID: 9}}},
}

func TestText(t *testing.T) {
	const want = `3 threads: 2 D, 1 S, for 1.5s to 3m0s
  1 (?[31mred), 2 (x), 3
    #0  wait;<b>&? (a.c:3:4) (inlined)
    #1  main

1 thread
  9
    #0  main
    no memory
`
	var b strings.Builder
	if err := stacks.WriteText(&b, some); err != nil || b.String() != want {
		t.Errorf("%v\n%s", err, &b)
	}
	b.Reset()
	if err := stacks.WriteFolded(&b, some); err != nil || b.String() != "main;wait:<b>&? 3\n[incomplete];main 1\n" {
		t.Errorf("%v\n%q", err, b.String())
	}
}

func TestJSON(t *testing.T) {
	var b strings.Builder
	if err := stacks.WriteJSON(&b, some); err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"threads":4,"groups":[{"frames":[{"function":"wait;\u003cb\u003e\u0026\u0001","inline":true,"file":"a.c","line":3,"column":4},{"function":"main"}],` +
		`"threads":[{"tid":1,"name":"\u001b[31mred","state":"D","waiting_ns":1500000000},{"tid":2,"name":"x","state":"S","waiting_ns":180000000000},{"tid":3,"state":"D"}]},` +
		`{"frames":[{"function":"main"}],"error":"no memory","threads":[{"tid":9}]}]}`
	var got, wanted any
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("%s", &b)
	}
	b.Reset()
	if err := stacks.WriteJSON(&b, nil); err != nil || !strings.Contains(b.String(), `"groups": []`) {
		t.Errorf("%v, of nothing: %s", err, &b)
	}
}

// A flame graph is well-formed whatever functions are called, each function is there with its number of threads, and none is wider than
// those below it.
func TestFlameGraph(t *testing.T) {
	groups, err := stacks.Of(t.Context(), coretest.Open(t), stacks.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, groups := range map[string][]stacks.Group{"made up": some, "core": groups, "nothing": nil} {
		var b strings.Builder
		if err := stacks.WriteFlameGraph(&b, "<&>", groups); err != nil {
			t.Fatal(err)
		}
		threads := 0
		for _, g := range groups {
			threads += len(g.Threads)
		}
		titles, rects := 0, 0
		for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "title" {
				titles++
			} else if ok && start.Name.Local == "rect" {
				rects++
			}
		}
		if titles == 0 || rects != titles+1 { // the page is one
			t.Errorf("%s: %d functions and %d rectangles", name, titles, rects)
		}
		if !strings.Contains(b.String(), fmt.Sprintf("<title>all: %d of ", threads)) || name == "core" && !strings.Contains(b.String(), "<title>worker_thread: 12 of ") {
			t.Errorf("%s: %.2000s", name, &b)
		}
	}
}

func ExampleWriteFolded() {
	p := coretest.Program()
	groups, err := stacks.Of(context.Background(), p, stacks.Options{States: "I"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := stacks.WriteFolded(os.Stdout, groups[:1]); err != nil {
		fmt.Println(err)
	}
	// Output: ret_from_fork_asm;ret_from_fork;kthread;worker_thread;schedule;__schedule_loop;__schedule;context_switch 12
}

// Goroutines are grouped as threads are, by what they wait for; a kernel has none.
func TestGoroutines(t *testing.T) {
	const program = "../testdata/process/goroutines"
	p, err := attach.Core(program+".core.gz", attach.Options{Symbols: []string{program + ".gz"}, CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	groups, err := stacks.Of(t.Context(), p, stacks.Options{Goroutines: true})
	if err != nil {
		t.Fatal(err)
	}
	g := groups[0]
	if heading := g.Heading(); heading != "3 goroutines: chan receive" || len(g.Threads) != 3 || g.Threads[0].Name != "main.main.gowrap1" || g.Err != nil {
		t.Errorf("the first group is %q: %v", heading, g)
	}
	if _, err := stacks.Of(t.Context(), p, stacks.Options{Goroutines: true, States: "D"}); err == nil {
		t.Error("goroutines have states of tasks")
	}
	var value *drgn.ValueError
	if _, err := stacks.Of(t.Context(), coretest.Open(t), stacks.Options{Goroutines: true}); !errors.As(err, &value) {
		t.Errorf("goroutines of a kernel: %v", err)
	}
}
