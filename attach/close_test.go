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

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux"
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

// mappings returns how often the bundled core is mapped, after garbage collections until that is at most want.
func mappings(t *testing.T, want int) (n int) {
	t.Helper()
	for range 50 {
		runtime.GC()
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		if n = strings.Count(string(maps), "tiny-6.12/vmcore\n"); n <= want {
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

// TestSoak opens and closes the bundled core many times, every other time without Close: mappings, descriptors and
// goroutines are as before, and Go's heap is within 4 MiB.
func TestSoak(t *testing.T) {
	var before, after runtime.MemStats
	openCore(t).Close()
	mapped := mappings(t, 0) // other tests have it open
	fds, goroutines := descriptors(t), runtime.NumGoroutine()
	runtime.ReadMemStats(&before)
	for i := range 1000 {
		p := openCore(t)
		if i%2 == 0 {
			continue
		}
		if err := errors.Join(p.Close(), p.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if n := mappings(t, mapped); n > mapped {
		t.Errorf("it is mapped %d times, %d before", n, mapped)
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
}

// TestClose closes a program to which something still refers: what is asked of it fails, and the core is unmapped.
func TestClose(t *testing.T) {
	mapped := mappings(t, 0)
	p := openCore(t)
	k, err := linux.Of(p)
	if err != nil {
		t.Fatal(err)
	}
	names, err := k.Info().Symbol("init_uts_ns")
	if err != nil {
		t.Fatal(err)
	}
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

// TestCloseWhileRead closes programs that other goroutines read: each read is right or fails with ErrClosed.
func TestCloseWhileRead(t *testing.T) {
	for range 20 {
		p := openCore(t)
		k, err := linux.Of(p)
		if err != nil {
			t.Fatal(err)
		}
		names, err := k.Info().Symbol("init_uts_ns")
		if err != nil {
			t.Fatal(err)
		}
		want, err := p.Read(names, 512, false)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for {
					got, err := p.Read(names, 512, false)
					if err != nil {
						if !errors.Is(err, drgn.ErrClosed) {
							t.Error(err)
						}
						return
					}
					if string(got) != string(want) {
						t.Error("other bytes than before")
						return
					}
				}
			})
		}
		time.Sleep(time.Millisecond)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		runtime.GC()
		wg.Wait()
	}
}
