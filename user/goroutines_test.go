package user_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/childtest"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/user"
	"github.com/godrgn/drgn/user/goroutine"
)

// packed is the path of a program that is kept packed.
func packed(name string) string { return filepath.Join(data, name+".gz") }

// loadMain gives the main module its file.
func loadMain(t *testing.T, p *drgn.Program, path string) {
	t.Helper()
	t.Cleanup(func() { p.Close() })
	for m, err := range p.LoadedModules() {
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind() == drgn.MainModule {
			if err := m.TryFile(path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// said is what Go's runtime says of a goroutine.
type said struct {
	state   string   // "chan receive", "running" …
	frames  []string // "main.receives goroutines.go:21"; none of one that ran on another thread than the runtime did when it was told to quit
	created string   // the same
	parent  uint64   // 0: the runtime does not say (before Go 1.21)
}

var header = regexp.MustCompile(`^goroutine (\d+) .*\[([^],]*)`)

// tracebacks reads what Go's runtime says of its goroutines.
func tracebacks(t *testing.T, text string) map[uint64]said {
	t.Helper()
	all := map[uint64]said{}
	for part := range strings.SplitSeq(text, "\n\n") {
		lines := strings.Split(strings.TrimSpace(part), "\n")
		m := header.FindStringSubmatch(lines[0])
		if m == nil {
			continue
		}
		id, err := strconv.ParseUint(m[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		g := said{state: m[2]}
		lines = slices.DeleteFunc(lines, func(l string) bool {
			return strings.TrimSpace(l) == "goroutine running on other thread; stack unavailable"
		})
		for i := 1; i+1 < len(lines); i += 2 {
			place, _, _ := strings.Cut(filepath.Base(strings.TrimSpace(lines[i+1])), " ")
			if by, ok := strings.CutPrefix(lines[i], "created by "); ok {
				by, parent, _ := strings.Cut(by, " in goroutine ")
				g.parent, _ = strconv.ParseUint(parent, 10, 64)
				g.created = by + " " + place
				continue
			}
			function := lines[i][:strings.LastIndex(lines[i], "(")]
			if function == "panic" {
				function = "runtime.gopanic" // so it is called
			}
			g.frames = append(g.frames, function+" "+place)
		}
		all[id] = g
	}
	if len(all) < 15 {
		t.Fatalf("%d goroutines in\n%s", len(all), text)
	}
	return all
}

func placeOf(f drgn.StackFrame) string {
	source, _ := f.Source()
	return fmt.Sprintf("%s %s:%d", f.Title(), filepath.Base(source.Filename), source.Line)
}

// listed is what we say of a goroutine.
type listed struct {
	goroutine.Goroutine
	frames []string
}

// list returns all goroutines of a program with their stacks.
func list(t *testing.T, p *drgn.Program) (all []listed) {
	t.Helper()
	for g, err := range goroutine.ForEach(p) {
		if err != nil {
			t.Fatal(err)
		}
		trace, err := p.StackTraceOf(g.Object)
		if err != nil || trace.Err != nil {
			t.Errorf("goroutine %d: %v %v", g.ID, err, trace)
			continue
		}
		l := listed{Goroutine: g}
		for f := range trace.Frames() {
			l.frames = append(l.frames, placeOf(f))
		}
		all = append(all, l)
	}
	return all
}

// stays reports whether a goroutine of goroutines.go is where it stays.
func (g *listed) stays() bool {
	return g.Status == "waiting" && (g.WaitReason != "sleep" || g.Start == "main.sleeps") || slices.ContainsFunc(g.frames, func(f string) bool { return strings.HasPrefix(f, "main.spins ") }) ||
		slices.ContainsFunc(g.frames, func(f string) bool { return strings.HasPrefix(f, "syscall.Read ") })
}

// check holds all goroutines of a program against what the runtime said of them.
func check(t *testing.T, all []listed, want map[uint64]said) {
	t.Helper()
	found := map[uint64]bool{}
	for _, g := range all {
		w, ok := want[g.ID]
		if found[g.ID] {
			t.Errorf("goroutine %d is there twice", g.ID)
		}
		if found[g.ID] = true; !ok {
			t.Errorf("goroutine %d, %s, is not among the runtime's", g.ID, g.Status)
			continue
		}
		state := g.Status
		if g.WaitReason != "" {
			state = g.WaitReason
		}
		frames := g.frames
		if w.frames == nil {
			t.Logf("goroutine %d, %s, ran on another thread", g.ID, g.Status)
			continue
		}
		spins := strings.HasPrefix(w.frames[len(w.frames)-3], "main.spins")
		switch {
		case spins: // it has gone on between one and the other
			if n := len(frames) - 3; n < 0 || !slices.Equal(frames[n+1:], w.frames[len(w.frames)-2:]) || !strings.HasPrefix(frames[n], "main.spins ") {
				t.Errorf("goroutine %d, %s: %q, want the end of %q", g.ID, state, frames, w.frames)
			}
			continue
		case g.TID == 0:
			if !slices.Equal(frames, w.frames) {
				t.Errorf("goroutine %d, %s: %q, want %q", g.ID, state, frames, w.frames)
			}
		default: // the thread knows what it has called since
			if n := len(frames) - len(w.frames); n < 0 || !slices.Equal(frames[n+1:], w.frames[1:]) {
				t.Errorf("goroutine %d, %s: %q, want the end %q", g.ID, state, frames, w.frames)
			}
		}
		if state != w.state {
			t.Errorf("goroutine %d is %q, want %q", g.ID, state, w.state)
		}
		created := g.Created
		if i := strings.LastIndex(created, " ("); i >= 0 {
			created = created[:i] + " " + filepath.Base(strings.TrimSuffix(created[i+2:], ")"))
		}
		if created != w.created || w.parent != 0 && g.Parent != w.parent {
			t.Errorf("goroutine %d was made by %d at %q, want %d, %q", g.ID, g.Parent, created, w.parent, w.created)
		}
		if start := frames[len(frames)-2]; !strings.HasPrefix(start, g.Start+" ") {
			t.Errorf("goroutine %d began with %q, not %q", g.ID, start, g.Start)
		}
	}
	for id := range want {
		if !found[id] && id != 0 { // 0 is a thread's
			t.Errorf("goroutine %d is missing", id)
		}
	}
}

// The goroutines in cores are those that the runtime of each version listed when the program crashed, with their states and stacks.
func TestGoroutines(t *testing.T) {
	for _, name := range []string{"goroutines", "goroutines.go121", "goroutines.arm64"} {
		t.Run(name, func(t *testing.T) {
			p := openCore(t, name)
			loadMain(t, p, packed(name))
			text, err := os.ReadFile(filepath.Join(data, name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			check(t, list(t, p), tracebacks(t, string(text)))
			// The one that crashed works on the runtime's stack, in the midst of a signal; its stack goes on where it left its own.
			thread, err := p.CrashedThread()
			if err != nil {
				t.Fatal(err)
			}
			g, ok, err := goroutine.OfThread(p, thread.TID)
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			of, err := p.StackTraceOf(g)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := names(trace(t, thread)), names(of); got != want {
				t.Errorf("the thread: %s\nits goroutine: %s", got, want)
			}
			if got := names(of); !regexp.MustCompile(`^runtime.raise .*runtime.sigtramp .*runtime.raise runtime.dieFromSignal runtime.crash .* runtime.systemstack ` +
				`runtime.systemstack_switch .*runtime.fatal .*main.main runtime.main runtime.goexit$`).MatchString(got) {
				t.Errorf("the stack of what crashed: %s", got)
			}
			// Stacks of threads end where they begin.
			for thread, err := range p.Threads() {
				if err != nil {
					t.Fatal(err)
				}
				trace := trace(t, thread)
				if last := trace.Frame(trace.Len() - 1).Title(); !slices.Contains([]string{"runtime.goexit", "runtime.mstart", "runtime.mcall", "runtime.rt0_go"}, last) {
					t.Errorf("thread %d ends with %s:\n%s", thread.TID, last, trace)
				}
			}
		})
	}
}

// What a call of C is made by comes after it: the mark of where the goroutine has left its stack is no function that was called. The core is changed, as
// if its thread had been in the function that calls C.
func TestGoCallsC(t *testing.T) {
	const name = "goroutines"
	program := packed(name)
	open := func(change func(status []byte)) (*drgn.Program, string) {
		core, err := target.Open(filepath.Join(data, name+".core.gz"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range core.Notes {
			if n := &core.Notes[i]; n.Name == "CORE" && n.Type == target.NT_PRSTATUS {
				n.Desc = slices.Clone(n.Desc)
				change(n.Desc)
			}
		}
		p := drgn.New(arch.Platform{})
		if err := user.SetupCore(p, core, core.Path, core.Platform); err != nil {
			t.Fatal(err)
		}
		loadMain(t, p, program)
		thread, err := p.CrashedThread()
		if err != nil {
			t.Fatal(err)
		}
		return p, names(trace(t, thread))
	}
	p, whole := open(func([]byte) {})
	symbol, err := p.Symbol("runtime.asmcgocall.abi0")
	if err != nil {
		t.Fatal(err)
	}
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	pc := trace(t, thread).Frame(0).PC()
	_, got := open(func(status []byte) {
		was := binary.LittleEndian.AppendUint64(nil, pc)
		if i := bytes.LastIndex(status, was); i >= 0 { // the system call has left it in another register, too
			binary.LittleEndian.PutUint64(status[i:], symbol.Address+8)
		}
	})
	const mark = " runtime.systemstack_switch "
	if want := "runtime.asmcgocall " + whole[strings.LastIndex(whole, mark)+len(mark):]; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The goroutines of a running process are those that its runtime lists when it is told to quit.
func TestRunningGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "goroutines")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", path, filepath.Join(data, "goroutines.go")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := exec.Command(path)
	c.Env = []string{"GOTRACEBACK=system"}
	var text bytes.Buffer
	c.Stderr = &text
	if line := childtest.Start(t, c); line != "ready\n" {
		t.Fatal(line)
	}
	p := openAlone(t, c.Process.Pid)
	loadMain(t, p, path)
	var all []listed
	for end := time.Now().Add(time.Minute); all == nil; time.Sleep(time.Millisecond) {
		release := stop(t, p)
		all = list(t, p)
		release()
		if time.Now().After(end) {
			t.Fatal("some goroutines do not come to where they stay")
		}
		if slices.ContainsFunc(all, func(g listed) bool { return !g.stays() }) {
			all = nil
		}
	}
	again := list(t, p) // each stops the process for a moment
	// Of a stack that lies in the heap no more is copied than is of it.
	for thread, err := range p.Threads() {
		if err != nil {
			t.Fatal(err)
		}
		release := stop(t, p)
		stacks, err := goroutine.StacksOf(p, thread.TID)
		if err != nil {
			t.Fatal(err)
		}
		at, err := p.Personality().Stopped(p, thread)
		release()
		if err != nil || at.Stack == nil {
			t.Fatal(at.Stack, err)
		}
		sp, _ := at.Registers.Get(p.Platform().Arch.SP)
		last := at.Stack.Address + uint64(len(at.Stack.Data)) - 1
		if i := slices.IndexFunc(stacks, func(r mem.Range) bool { return r.Min <= sp && sp <= r.Max }); i >= 0 && last > stacks[i].Max {
			t.Errorf("thread %d: the stack that ends at %#x is copied up to %#x", thread.TID, stacks[i].Max, last)
		}
	}
	c.Process.Signal(syscall.SIGQUIT)
	c.Wait()
	want := tracebacks(t, text.String())
	check(t, all, want)
	check(t, again, want)
}

// Lists of the runtime that lie are an error, and soon.
func TestGoroutinesThatLie(t *testing.T) {
	const name = "goroutines"
	open := func(at uint64, words ...uint64) *drgn.Program {
		core, err := target.Open(filepath.Join(data, name+".core.gz"))
		if err != nil {
			t.Fatal(err)
		}
		var lie []byte
		for _, w := range words {
			lie = binary.LittleEndian.AppendUint64(lie, w)
		}
		if len(lie) > 0 {
			core.Virtual = append(core.Virtual, mem.BytesSegment(at, lie, false))
		}
		p := drgn.New(arch.Platform{})
		if err := user.SetupCore(p, core, core.Path, core.Platform); err != nil {
			t.Fatal(err)
		}
		loadMain(t, p, packed(name))
		return p
	}
	honest := open(0)
	address := func(o drgn.Object) uint64 {
		at, ok := o.Address()
		if !ok {
			t.Fatal(o.Err())
		}
		return at
	}
	value := func(o drgn.Object) uint64 {
		v, err := o.Uint()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	length, list, machines := address(honest.Variable("runtime.allglen")), address(honest.Variable("runtime.allgptr")), address(honest.Variable("runtime.allm"))
	first := honest.Variable("runtime.allm").Read()
	array := value(honest.Variable("runtime.allgptr").Read())
	for what, p := range map[string]*drgn.Program{
		"2^60 goroutines":      open(length, 1<<60),
		"a list nowhere":       open(list, 0xdead0000),
		"a list at 0":          open(list, 0),
		"a goroutine nowhere":  open(array, 0xdead0000),
		"a goroutine of zeros": open(array, 0),
	} {
		n, failed := 0, false
		for _, err := range goroutine.ForEach(p) {
			n++
			failed = failed || err != nil
		}
		if !failed || n > 1000 {
			t.Errorf("%s: %d goroutines, error %v", what, n, failed)
		}
	}
	second := first.Member("alllink").Read()
	for _, c := range []struct {
		lie  string
		p    *drgn.Program
		want string
	}{
		{"the first again", open(address(first.Member("alllink")), value(first)), fmt.Sprintf("comes back to the runtime.m at %#x", value(first))},
		{"a thread twice", open(address(second.Member("procid")), value(first.Member("procid"))), fmt.Sprintf("has thread %d twice", value(first.Member("procid")))},
		{"one without an ID, twice", open(machines, machines-address(first.Member("alllink"))+value(first)), fmt.Sprintf("comes back to the runtime.m at %#x", machines-address(first.Member("alllink"))+value(first))},
		{"a thread nowhere", open(address(first.Member("alllink")), 0xdead0000), "0xdead0"},
	} {
		if _, ok, err := goroutine.OfThread(c.p, 1<<31); ok || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v %v", c.lie, ok, err)
		}
	}
}
