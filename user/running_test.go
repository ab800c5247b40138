package user_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/childtest"
	"github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/user"
)

// runs starts testdata/process/runs, and opens it once its threads are where they stay.
func runs(t testing.TB, arg ...string) (*exec.Cmd, *drgn.Program) {
	t.Helper()
	c := start(t, filepath.Join(data, "runs"), arg...)
	return c, open(t, c.Process.Pid)
}

// start starts the program runs at a path, and returns once its threads are where they stay.
func start(t testing.TB, path string, arg ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		t.Skip("the program is one for Linux on x86-64")
	}
	c := exec.Command(path, arg...)
	if line := childtest.Start(t, c); line != "ready\n" {
		t.Fatal(line)
	}
	const waiting = 4 // the first thread, which waits for its input, and three that pause
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		states, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", c.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, path := range states {
			if !strings.HasPrefix(field(t, path, "State"), "R") {
				n++
			}
		}
		if n >= waiting {
			return c
		}
		if time.Now().After(end) {
			t.Fatalf("%d threads wait, not %d", n, waiting)
		}
	}
}

func open(t testing.TB, pid int) *drgn.Program {
	t.Helper()
	p := openAlone(t, pid)
	load(t, p)
	return p
}

// openAlone opens a process of which no files are known.
func openAlone(t testing.TB, pid int) *drgn.Program {
	t.Helper()
	process, err := target.OpenProcess(pid)
	if err != nil {
		t.Skip(err) // where children can't be traced
	}
	p := drgn.New(arch.Platform{})
	if err := user.SetupProcess(p, process); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// thread returns thread n of the process, counted as in runs.c; 0 is the first one.
func thread(t testing.TB, p *drgn.Program, n int) *drgn.Thread {
	t.Helper()
	for thread, err := range p.Threads() {
		if err != nil {
			t.Fatal(err)
		}
		if n--; n < 0 {
			return thread
		}
	}
	t.Fatal("there is no such thread")
	return nil
}

func trace(t *testing.T, thread *drgn.Thread) *drgn.StackTrace {
	t.Helper()
	trace, err := thread.StackTrace()
	if err != nil || trace.Err != nil {
		t.Fatal(thread.TID, err, trace)
	}
	return trace
}

// names returns the functions of a trace.
func names(trace *drgn.StackTrace) string {
	var names []string
	for f := range trace.Frames() {
		names = append(names, f.Name())
	}
	return strings.Join(names, " ")
}

func counter(t *testing.T, p *drgn.Program) uint64 {
	t.Helper()
	n, err := p.Object("counter").Uint()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// counts reports whether the process runs.
func counts(t *testing.T, p *drgn.Program) bool {
	t.Helper()
	before := counter(t, p)
	for end := time.Now().Add(10 * time.Second); counter(t, p) == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// stands reports whether the process does not run.
func stands(t *testing.T, p *drgn.Program) bool {
	t.Helper()
	before := counter(t, p)
	time.Sleep(20 * time.Millisecond)
	return counter(t, p) == before
}

func status(t testing.TB, pid int, name string) string {
	t.Helper()
	return field(t, fmt.Sprintf("/proc/%d/status", pid), name)
}

// field is what a file like /proc/PID/status says of a name.
func field(t testing.TB, path, name string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// TestRunningStacks has the stacks of threads that wait and of such that run, and that all go on afterwards. runs.c says what they are.
func TestRunningStacks(t *testing.T) {
	c, p := runs(t)
	for n, want := range []string{
		"call begin _start",
		"call waits waits waits run clone_thread",
		"call waits waits waits waits run clone_thread",
		"call waits waits waits waits waits run clone_thread",
		"counts run clone_thread",
	} {
		for range 20 {
			if got := names(trace(t, thread(t, p, n))); got != want {
				t.Errorf("thread %d: %s, want %s", n, got, want)
			}
		}
	}
	for range 200 { // changes is where it is mostly, but not always
		if got := names(trace(t, thread(t, p, 5))); got != "changes calls run clone_thread" && got != "calls run clone_thread" {
			t.Error(got)
		}
	}
	waits := trace(t, thread(t, p, 2))
	for i, want := range []string{"{ 1, 0 }", "{ 1, 1 }", "{ 1, 2 }", "{ 1, 3 }"} {
		local := waits.Frame(1 + i).Object("local")
		x, err1 := local.Member("x").Int()
		y, err2 := local.Member("y").Int()
		if got := fmt.Sprintf("{ %d, %d }", x, y); got != want || err1 != nil || err2 != nil {
			t.Errorf("frame %d: %s, want %s: %v %v", 1+i, got, want, err1, err2)
		}
	}
	if !counts(t, p) {
		t.Error("the process does not go on")
	}
	if got := status(t, c.Process.Pid, "TracerPid"); got != "0" {
		t.Error("traced by", got)
	}
}

// A program that is linked statically and lies where the kernel has put it has its stacks and variables there, too.
func TestStaticPIE(t *testing.T) {
	c := start(t, filepath.Join(data, "runs.static-pie"))
	p := open(t, c.Process.Pid)
	main, err := p.MainModule()
	if err != nil {
		t.Fatal(err)
	}
	if f := main.DebugFile(); f.Bias == 0 {
		t.Errorf("%+v was not moved", f)
	}
	for n, want := range []string{"call begin _start", "call waits waits waits run clone_thread"} {
		if got := names(trace(t, thread(t, p, n))); got != want {
			t.Errorf("thread %d: %s, want %s", n, got, want)
		}
	}
	if !counts(t, p) {
		t.Error("the process does not go on")
	}
}

// TestLeftFrame asks for a variable that has changed since the trace was taken.
func TestLeftFrame(t *testing.T) {
	_, p := runs(t)
	var value *drgn.ValueError
	for i := 0; ; i++ {
		tr := trace(t, thread(t, p, 5))
		frame := tr.Frame(tr.Len() - 3)
		time.Sleep(time.Duration(i) * time.Millisecond) // it runs once there is a processor for it
		if err := frame.Object("sum").Err(); frame.Name() == "calls" && errors.As(err, &value) && strings.Contains(err.Error(), "has run since") {
			break
		}
		if i == 100 {
			t.Fatal("never refused")
		}
	}
	release := stop(t, p)
	tr := trace(t, thread(t, p, 5))
	sum := tr.Frame(tr.Len() - 3).Object("sum")
	first, err := sum.Uint()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond)
	if second, err := sum.Uint(); err != nil || first != second {
		t.Errorf("%d, then %d: %v", first, second, err)
	}
	release()
}

func stop(t testing.TB, p *drgn.Program) (release func()) {
	t.Helper()
	u, err := user.Of(p)
	if err != nil {
		t.Fatal(err)
	}
	if release, err = u.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return release
}

func TestStop(t *testing.T) {
	c, p := runs(t)
	if !counts(t, p) {
		t.Fatal("the process does not run")
	}
	first, second := stop(t, p), stop(t, p)
	if !stands(t, p) || status(t, c.Process.Pid, "TracerPid") == "0" {
		t.Error("the process runs")
	}
	if got := names(trace(t, thread(t, p, 4))); got != "counts run clone_thread" {
		t.Error(got)
	}
	if another := open(t, c.Process.Pid); another != nil { // somebody else
		var refused *drgn.StopError
		if _, err := thread(t, another, 4).StackTrace(); !errors.As(err, &refused) || !strings.Contains(err.Error(), fmt.Sprintf("process %d traces it already", os.Getpid())) {
			t.Error(err)
		}
	}
	first()
	first()
	if !stands(t, p) {
		t.Error("the process runs, and was released once only")
	}
	second()
	if !counts(t, p) {
		t.Error("the process does not go on")
	}
	third := stop(t, p)
	running := open(t, c.Process.Pid)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if !counts(t, running) {
		t.Error("the process does not go on once its program is closed")
	}
	third()
}

// TestStopSignals has signals that arrive while a process is stopped, and one that has been stopped by a signal.
func TestStopSignals(t *testing.T) {
	c, p := runs(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	state := func(want string) bool {
		for end := time.Now().Add(10 * time.Second); !strings.HasPrefix(status(t, c.Process.Pid, "State"), want); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return false
			}
		}
		return true
	}
	must(c.Process.Signal(syscall.SIGSTOP))
	if !state("T") {
		t.Fatal("not stopped")
	}
	if got := names(trace(t, thread(t, p, 4))); got != "counts run clone_thread" {
		t.Error(got)
	}
	stop(t, p)()
	if !state("T") || !stands(t, p) {
		t.Error("the process goes on, which had been stopped before: ", status(t, c.Process.Pid, "State"))
	}
	must(c.Process.Signal(syscall.SIGCONT))
	if !counts(t, p) {
		t.Error("the process does not go on")
	}
	release := stop(t, p)
	must(c.Process.Signal(syscall.SIGTERM))
	if !stands(t, p) {
		t.Error("the process runs")
	}
	release()
	if err := c.Wait(); err == nil || err.Error() != "signal: terminated" {
		t.Error(err)
	}
	var missing *drgn.ThreadNotFoundError
	if _, err := p.StackTrace(uint64(c.Process.Pid)); !errors.As(err, &missing) {
		t.Error(err)
	}
	u, err := user.Of(p)
	must(err)
	if _, err := u.Stop(t.Context()); err == nil {
		t.Error("a process that has ended was stopped")
	}
}

// TestStopKilled kills a process while it is stopped, and the one that has stopped it.
func TestStopKilled(t *testing.T) {
	if pid := os.Getenv("TEST_STOP"); pid != "" {
		var n int
		fmt.Sscan(pid, &n) //nolint:errcheck // seen below
		stop(t, open(t, n))
		fmt.Println("stopped")
		time.Sleep(time.Minute)
	}
	c, p := runs(t)
	debugger := exec.Command(os.Args[0], "-test.run", "^TestStopKilled$")
	debugger.Env = append(os.Environ(), fmt.Sprintf("TEST_STOP=%d", c.Process.Pid))
	if line := childtest.Start(t, debugger); line != "stopped\n" {
		t.Fatal(line)
	}
	if !stands(t, p) {
		t.Error("the process runs")
	}
	if err := debugger.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	debugger.Wait() // was killed
	if !counts(t, p) {
		t.Error("the process does not go on")
	}
	release := stop(t, p)
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	release() // the system does not tell the parent before
	c.Wait()  // was killed
}

// TestStopSleeping stops a process one of whose threads is in an uninterruptible sleep: that of vfork(2).
func TestStopSleeping(t *testing.T) {
	c, p := runs(t, "sleep")
	for end := time.Now().Add(10 * time.Second); !strings.HasPrefix(status(t, c.Process.Pid, "State"), "D"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Skip("does not sleep uninterruptibly here: ", status(t, c.Process.Pid, "State"))
		}
	}
	var sleeps *drgn.StopError
	if _, err := thread(t, p, 0).StackTrace(); !errors.As(err, &sleeps) || err.Error() != fmt.Sprintf("thread %d can't be stopped: it is in an uninterruptible sleep", c.Process.Pid) {
		t.Error(err)
	}
	// Whoever waits is told of it, and may give up.
	interrupted := errors.New("interrupted")
	p.SetBlocking(func(work func(context.Context) error) error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := work(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		return interrupted
	})
	if _, err := thread(t, p, 0).StackTrace(); !errors.Is(err, interrupted) {
		t.Error(err)
	}
	p.SetBlocking(nil)
	release := stop(t, p)
	if _, err := thread(t, p, 0).StackTrace(); !errors.As(err, &sleeps) {
		t.Error(err)
	}
	if got := names(trace(t, thread(t, p, 1))); got != "call waits waits waits run clone_thread" {
		t.Error(got)
	}
	release()
	if !counts(t, p) {
		t.Error("the process does not go on")
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	u, err := user.Of(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if !counts(t, p) {
		t.Error("the process does not go on")
	}
}

// TestStopSelf asks for a stack of the process that the test is.
func TestStopSelf(t *testing.T) {
	process, err := target.OpenProcess(os.Getpid())
	if err != nil {
		t.Skip(err)
	}
	p := drgn.New(arch.Platform{})
	if err := user.SetupProcess(p, process); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.StackTrace(uint64(os.Getpid())); err == nil || !strings.HasSuffix(err.Error(), "a process can't stop its own threads") {
		t.Error(err)
	}
}

// The program of a process is read, not what lies at its path now: it was deleted, or another program was installed in its place.
func TestOtherFiles(t *testing.T) {
	image, err := os.ReadFile(filepath.Join(data, "runs"))
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(path string) error{
		"there":   func(string) error { return nil },
		"deleted": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			other := path + ".new"
			if err := os.WriteFile(other, image[:len(image)/2], 0o755); err != nil {
				return err
			}
			return os.Rename(other, path)
		},
		"made again": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, image, 0o755)) },
	} {
		path := filepath.Join(t.TempDir(), "runs")
		if err := os.WriteFile(path, image, 0o755); err != nil {
			t.Fatal(err)
		}
		c := start(t, path)
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		p := openAlone(t, c.Process.Pid)
		for m, err := range p.LoadedModules() {
			if err != nil {
				t.Fatal(what, err)
			}
			if m.Kind() != drgn.MainModule {
				continue
			}
			opened := false
			for _, f := range p.Personality().(interface {
				MappedFiles(m *drgn.Module) []drgn.MappedFile
			}).MappedFiles(m.Module) {
				got, err := os.ReadFile(f.Path)
				if err != nil {
					continue // it takes privileges
				}
				opened = true
				if !bytes.Equal(got, image) {
					t.Errorf("%s: %s is another file", what, f.Path)
				}
				break
			}
			if !opened {
				t.Errorf("%s: the program is not found", what)
			}
		}
	}
}

// TestRoot: a process with the files that are here has no other ones.
func TestRoot(t *testing.T) {
	c := start(t, filepath.Join(data, "runs"))
	if path, name := openAlone(t, c.Process.Pid).Personality().(module.Rooted).Root(); path != "" || name != "" {
		t.Errorf("%q, %q", path, name)
	}
}

// Of a thread that waits, of one that is stopped already, and of the stop of all six.
func BenchmarkRunning(b *testing.B) {
	_, p := runs(b)
	waits := thread(b, p, 1)
	trace := func(b *testing.B) {
		for b.Loop() {
			if trace, err := waits.StackTrace(); err != nil || trace.Len() == 0 {
				b.Fatal(err)
			}
		}
	}
	b.Run("trace", trace)
	b.Run("stop", func(b *testing.B) {
		for b.Loop() {
			stop(b, p)()
		}
	})
	release := stop(b, p)
	b.Run("stopped", trace)
	release()
}
