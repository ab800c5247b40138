package target

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/mem"
)

// A bounced file is as /proc/kcore is: each opening has a buffer through which all its reads go, a page at a time. Two
// readers of one opening get each other's bytes.
type bounced struct {
	data   []byte
	buffer [64]atomic.Uint64 // of atomic words, so that the race detector has nothing to say
	closed atomic.Bool
	all    *sync.Map // openings that are not closed
}

func (b *bounced) ReadAt(out []byte, off int64) (n int, err error) {
	if b.closed.Load() {
		return 0, os.ErrClosed
	}
	for n < len(out) {
		if off+int64(n) >= int64(len(b.data)) {
			return n, io.EOF
		}
		var part [512]byte
		k := copy(part[:min(len(part), len(out)-n)], b.data[off+int64(n):])
		for i := range b.buffer {
			b.buffer[i].Store(binary.NativeEndian.Uint64(part[8*i:]))
		}
		runtime.Gosched()
		for i := range b.buffer {
			binary.NativeEndian.PutUint64(part[8*i:], b.buffer[i].Load())
		}
		n += copy(out[n:n+k], part[:])
	}
	return n, nil
}

func (b *bounced) Close() error {
	if b.closed.Swap(true) {
		return os.ErrClosed
	}
	b.all.Delete(b)
	return nil
}

// bouncedFile returns a core file of the running kernel with pages of their own bytes, and what opens it once more.
func bouncedFile() (first *bounced, again func() (opening, error)) {
	const pageCount = 64
	var memory []byte
	for i := range pageCount {
		memory = append(memory, bytes.Repeat([]byte(fmt.Sprintf("page %02x ", i)), 4096/8)...)
	}
	f := vmcore(true, false, "", elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888000000000, Paddr: 0, Data: memory})
	f.Segments[0].Data = f.Note(f.Segments[0].Data, "CORE", NT_TASK, []byte("task"))
	data, all := f.Bytes(), &sync.Map{}
	again = func() (opening, error) {
		b := &bounced{data: data, all: all}
		all.Store(b, true)
		return b, nil
	}
	o, _ := again() // which doesn't fail
	return o.(*bounced), again
}

// readAll reads pages of a core from many goroutines at once, and returns how many reads gave other bytes.
func readAll(t *testing.T, s *mem.Space, goroutines int) (wrong int64) {
	var count atomic.Int64
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range 300 {
				page := uint64(g*7+i) % 64
				want := fmt.Sprintf("page %02x ", page)
				buf := make([]byte, 1024)
				if err := s.Read(buf, 0xffff888000000000+page*4096, false); err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(buf, bytes.Repeat([]byte(want), len(buf)/len(want))) {
					count.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return count.Load()
}

// stillOpen returns how many openings are not closed.
func stillOpen(all *sync.Map) (n int) {
	all.Range(func(any, any) bool { n++; return true })
	return n
}

// TestOpenings reads from many goroutines at once: no byte is another reader's, whether openings can be added or not.
func TestOpenings(t *testing.T) {
	var refused atomic.Int64
	for _, test := range []struct {
		name string
		max  int
		open func(again func() (opening, error)) func() (opening, error)
	}{
		{"each its own", 32, func(again func() (opening, error)) func() (opening, error) { return again }},
		{"few", 3, func(again func() (opening, error)) func() (opening, error) { return again }},
		{"one", 1, nil},
		{"no more after some", 32, func(again func() (opening, error)) func() (opening, error) {
			var n atomic.Int64
			return func() (opening, error) {
				if n.Add(1) > 2 {
					refused.Add(1)
					return nil, os.ErrPermission
				}
				return again()
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			first, again := bouncedFile()
			o := oneOpening(first)
			c, err := parseLive("/proc/kcore", o, nil)
			if err != nil {
				t.Fatal(err)
			}
			if test.open != nil {
				o.share(test.max, test.open(again))
			}
			s, err := c.Space()
			if err != nil {
				t.Fatal(err)
			}
			if wrong := readAll(t, s, 8); wrong != 0 {
				t.Errorf("%d reads gave other readers' bytes", wrong)
			}
			if n := stillOpen(first.all); n > test.max {
				t.Errorf("%d openings", n)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if n := stillOpen(first.all); n != 0 {
				t.Errorf("%d openings after Close", n)
			}
			if err := s.Read(make([]byte, 8), 0xffff888000000000, false); !errors.Is(err, os.ErrClosed) {
				t.Errorf("read after Close: %v", err)
			}
		})
	}
	if n := refused.Load(); n > 8 {
		t.Errorf("what was refused was tried %d times", n)
	}
}

// TestBouncedShared makes sure that the test file shows what it is for.
func TestBouncedShared(t *testing.T) {
	first, _ := bouncedFile()
	c, err := parseLive("/proc/kcore", oneOpening(first), nil)
	if err != nil {
		t.Fatal(err)
	}
	// As it was: all read the same opening.
	c.Virtual[0].Read = liveRead(first, c.headers.loads[0].Offset-c.headers.loads[0].Vaddr)
	s, err := c.Space()
	if err != nil {
		t.Fatal(err)
	}
	if wrong := readAll(t, s, 8); wrong == 0 {
		t.Error("one opening for all readers did no harm")
	}
}

// TestCloseOpenings closes a file that others read: they get an error, and nothing stays open.
func TestCloseOpenings(t *testing.T) {
	first, again := bouncedFile()
	o := oneOpening(first)
	o.share(4, again)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				if _, err := o.ReadAt(make([]byte, 4096), 0); err != nil {
					if !errors.Is(err, os.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	time.Sleep(5 * time.Millisecond)
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if err := o.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	wg.Wait()
	if n := stillOpen(first.all); n != 0 {
		t.Errorf("%d openings after Close", n)
	}
}

// TestReopen has the ways in which a path opens another file by and by.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kcore")
	if err := os.WriteFile(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	again := reopen(path, info)
	f, err := again()
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if _, err := again(); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := again(); !errors.Is(err, os.ErrInvalid) {
		t.Error(err)
	}
}

// TestProcessReaders reads the memory of this process from many goroutines at once. The kernel takes a page of its own for
// each read of /proc/PID/mem (mem_rw in fs/proc/base.c), so that they may share an opening.
func TestProcessReaders(t *testing.T) {
	p, err := OpenProcess(os.Getpid())
	if err != nil {
		t.Skip(err) // where nobody may be traced
	}
	defer p.Close()
	self, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	for name, read := range map[string]mem.ReadFunc{"/proc/PID/mem": p.read, "/proc/self/mem": (&Process{mem: self}).read} {
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				want := bytes.Repeat([]byte{'a' + byte(g)}, 2*4096)
				got := make([]byte, len(want))
				address := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(want))))
				for i := range 2000 {
					off := i % 4096
					if err := read(got[:4096], address+uint64(off), 0, false); err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
					if !bytes.Equal(got[:4096], want[:4096]) {
						t.Errorf("%s: another reader's bytes: %q", name, got[:8])
						return
					}
					clear(got)
				}
				runtime.KeepAlive(want)
			})
		}
		wg.Wait()
	}
}
