package attach_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/compressed"
)

// openCore opens the bundled core, without debugging information, and reads some of it.
func openCore(t *testing.T) *drgn.Program {
	t.Helper()
	p := drgn.New(arch.Platform{})
	if err := attach.SetCore(p, filepath.Join(fixture, "vmcore")); err != nil {
		t.Fatal(err)
	}
	readable(t, p)
	return p
}

// plainVmlinux is the debug file of the bundled core, decompressed, and a directory for its index: a program that uses them
// has both mapped, and is opened in some milliseconds.
var plainVmlinux = sync.OnceValues(func() (path string, err error) {
	image, err := compressed.Open(filepath.Join(fixture, "vmlinux.zst"), compressed.Options{})
	if err != nil {
		return "", err
	}
	path = filepath.Join(os.Getenv("XDG_CACHE_HOME"), "plain-vmlinux") // which TestMain removes
	return path, errors.Join(os.WriteFile(path, image.Data, 0o600), image.Close())
})

// openPlain opens the bundled core with its debugging information, all of it mapped.
func openPlain(t *testing.T) *drgn.Program {
	t.Helper()
	vmlinux, err := plainVmlinux()
	if err != nil {
		t.Fatal(err)
	}
	p, err := attach.Core(filepath.Join(fixture, "vmcore"), attach.Options{Symbols: []string{vmlinux}, NoDefaultSymbols: true})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mappings returns how often the bundled core, its debug file and cached indexes are mapped, after garbage collections until
// that is at most want.
func mappings(t *testing.T, want int) (n int) {
	t.Helper()
	for range 100 {
		runtime.GC()
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		n = 0
		for _, name := range []string{"tiny-6.12/vmcore\n", "plain-vmlinux", ".dwarfidx"} {
			n += strings.Count(string(maps), name)
		}
		if n <= want {
			return n
		}
		time.Sleep(10 * time.Millisecond) // cleanups run on a goroutine of their own
	}
	return n
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestSoak opens the bundled core many times, with its debugging information or without, asks something of it and closes it
// or lets it go: mappings, descriptors and goroutines are as before, and Go's heap is within 4 MiB.
func TestSoak(t *testing.T) {
	for name, c := range map[string]struct {
		rounds int // with -short a tenth of it
		use    func(t *testing.T) *drgn.Program
	}{
		"core": {1000, openCore},
		"debug info": {300, func(t *testing.T) *drgn.Program {
			p := openPlain(t)
			pid, err := p.Variable("init_task").Member("pid").Int()
			_, symbolErr := p.Symbol("schedule")
			trace, stackErr := p.StackTrace(1)
			if err := errors.Join(err, symbolErr, stackErr); err != nil || pid != 0 || trace.Len() < 3 {
				t.Fatal(pid, trace, err)
			}
			return p
		}},
	} {
		t.Run(name, func(t *testing.T) {
			use, rounds := c.use, c.rounds
			if testing.Short() {
				rounds /= 10
			}
			var before, after runtime.MemStats
			if err := use(t).Close(); err != nil {
				t.Fatal(err)
			}
			mapped := mappings(t, 0) // other tests have it open
			fds, goroutines := descriptors(t), runtime.NumGoroutine()
			runtime.ReadMemStats(&before)
			for i := range rounds {
				p := use(t)
				if i%2 == 0 {
					continue
				}
				if err := errors.Join(p.Close(), p.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if n := mappings(t, mapped); n > mapped {
				t.Errorf("files are mapped %d times, %d before", n, mapped)
			}
			if n := descriptors(t); n > fds {
				t.Errorf("%d descriptors, %d before", n, fds)
			}
			if n := runtime.NumGoroutine(); n > goroutines {
				t.Errorf("%d goroutines, %d before", n, goroutines)
			}
			if runtime.ReadMemStats(&after); after.HeapAlloc > before.HeapAlloc+4<<20 {
				t.Errorf("%d bytes of heap, %d before", after.HeapAlloc, before.HeapAlloc)
			}
			t.Logf("heap: %d KiB before, %d KiB after %d programs", before.HeapAlloc>>10, after.HeapAlloc>>10, rounds)
		})
	}
}

// TestClose closes a program to which something still refers: what is asked of it fails, and the core is unmapped.
func TestClose(t *testing.T) {
	mapped := mappings(t, 0)
	p := openCore(t)
	_, names := kernelNames(t, p)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	_, readErr := p.Read(names, 8, false)
	_, uintErr := p.ReadUint(names, 8, false)
	_, physErr := p.ReadUint(0, 8, true)
	_, textErr := p.Memory().CString(names, 8, false)
	_, typeErr := p.Type("struct task_struct")
	_, symbolErr := p.Symbol("init_task")
	for what, err := range map[string]error{
		"read": readErr, "number": uintErr, "physical": physErr, "text": textErr, "type": typeErr, "symbol": symbolErr,
		"variable": p.Variable("init_task").Err(), "open": attach.SetCore(p, filepath.Join(fixture, "vmcore")),
	} {
		if !errors.Is(err, drgn.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := mappings(t, mapped); n > mapped {
		t.Errorf("it is mapped %d times, %d before", n, mapped)
	}
	runtime.KeepAlive(p)
}

// TestCloseKeeps closes a program of which a type is in use: the type says what it is, of which nothing was read before; once
// it is gone, so is the debug file, although somebody refers to the program.
func TestCloseKeeps(t *testing.T) {
	other := open(t) // which stays mapped
	mapped := mappings(t, 0)
	p := openPlain(t)
	task, err := p.Type("struct task_struct")
	if err != nil {
		t.Fatal(err)
	}
	pid := p.Variable("init_task").Member("comm").Read()
	trace, err := p.StackTrace(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		runtime.GC()
	}
	again, err := other.Type("struct task_struct")
	if err != nil {
		t.Fatal(err)
	}
	want, err := again.Language().Definition(again)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := task.Language().Definition(task); err != nil || got != want {
		t.Errorf("the definition of struct task_struct is %q, %v", got, err)
	}
	if comm, err := pid.Bytes(); err != nil || !strings.HasPrefix(string(comm), "swapper/0\x00") {
		t.Errorf("a value is %q, %v", comm, err)
	}
	if name, ok := trace.Frame(0).FunctionName(); !ok {
		t.Errorf("frame 0 is of no function: %q", name)
	}
	if _, err := trace.Frame(0).Locals(); !errors.Is(err, drgn.ErrClosed) {
		t.Errorf("locals: %v", err)
	}
	main, err := p.MainModule()
	if err != nil {
		t.Fatal(err)
	}
	if f := main.DebugFile(); f.Status != drgn.HaveFile || filepath.Base(f.Path) != "plain-vmlinux" {
		t.Errorf("the debug file is %+v", f)
	}
	if _, err := main.Info(); !errors.Is(err, drgn.ErrClosed) {
		t.Errorf("debugging information: %v", err)
	}
	if err := main.TryFile("/proc/self/exe"); err != nil && !errors.Is(err, drgn.ErrClosed) {
		t.Errorf("another file: %v", err)
	}
	if _, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "new"}); !errors.Is(err, drgn.ErrClosed) {
		t.Errorf("another module: %v", err)
	}
	if n := mappings(t, mapped); n == mapped {
		t.Error("the debug file of a type that is in use is not mapped any more")
	}
	runtime.KeepAlive(task)
	runtime.KeepAlive(trace)
	if n := mappings(t, mapped); n > mapped {
		t.Errorf("files are mapped %d times, %d before", n, mapped)
	}
	runtime.KeepAlive(p)
	runtime.KeepAlive(main)
}

// TestCloseWhileUsed closes programs that other goroutines read, search, walk and unwind: each answer is the right one or
// drgn.ErrClosed. The garbage collector runs all the while: what is unmapped too early ends the test.
func TestCloseWhileUsed(t *testing.T) {
	want := map[string]string{}
	for what := range answers {
		var err error
		if want[what], err = ask(open(t), what); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	mapped := mappings(t, 0)
	for round := range rounds {
		p := openPlain(t)
		var wg sync.WaitGroup
		for what := range answers {
			wg.Go(func() {
				for {
					got, err := ask(p, what)
					if errors.Is(err, drgn.ErrClosed) {
						return
					}
					if err != nil || got != want[what] {
						t.Errorf("%s: %v, differs (-alone +closed):\n%.2000s", what, err, cmp.Diff(want[what], got))
						return
					}
				}
			})
		}
		time.Sleep(time.Duration(round*round) * time.Millisecond)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		done := make(chan struct{})
		go func() {
			for {
				select {
				case <-done:
					return
				default:
					runtime.GC()
				}
			}
		}()
		wg.Wait()
		close(done)
	}
	if n := mappings(t, mapped); n > mapped {
		t.Errorf("files are mapped %d times, %d before", n, mapped)
	}
}
