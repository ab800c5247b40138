package user

import (
	"bytes"
	"math"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/godrgn/drgn/target"
)

// TestGuardPages copies a stack that ends before a page which can't be read, in a mapping that goes on: guard pages may lie in mappings.
func TestGuardPages(t *testing.T) {
	process, err := target.OpenProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer process.Close()
	for _, size := range []uint64{1, 40} { // the second takes more than one step
		testGuardPages(t, process, size*uint64(os.Getpagesize()))
	}
}

func testGuardPages(t *testing.T, process *target.Process, size uint64) {
	t.Helper()
	page := uint64(os.Getpagesize())
	// The last page is no memory: it lies past the end of the file.
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i / 7)
	}
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	pages, err := syscall.Mmap(int(file.Fd()), 0, int(size+page), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(pages)
	start := uint64(uintptr(unsafe.Pointer(&pages[0])))
	r := &running{Process: process, ranges: []target.Mapping{{Start: start, End: start + size + page}}}
	sp := start + page/2
	c, err := r.copyFrom(sp, math.MaxUint64)
	if err != nil {
		t.Fatal(err)
	}
	if b := c.At(sp, size-page/2); !bytes.Equal(b, content[page/2:]) {
		t.Errorf("%d bytes at %#x", len(c.Data), c.Address)
	}
	if c.At(start+size, 1) != nil {
		t.Error("a byte of the page that can't be read")
	}
	if c, err := r.copyFrom(start+size, math.MaxUint64); err == nil {
		t.Errorf("a stack in the page that can't be read: %d bytes", len(c.Data))
	}
}
