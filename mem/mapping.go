package mem

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Mapping is a file mapped into memory for reading. Whoever reads its bytes does so under a [Guard]: reading a file that
// was truncated since, or that its file system can't read, ends a program on a goroutine without one. A [Space] has its own.
//
// A file that was truncated can't be read from the page on in which it ends, even if it grows again. Bytes that are replaced
// in a file that keeps its size are read as they are now.
type Mapping struct {
	Path string
	data []byte
}

// MapFile maps the regular file at path. The files of /proc and devices can't be mapped and are an error.
func MapFile(path string) (*Mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping keeps the file
	return MapOpen(f)
}

// MapOpen maps an open file, which may be closed afterwards.
func MapOpen(f *os.File) (*Mapping, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", f.Name())
	}
	size := info.Size()
	m := &Mapping{Path: f.Name()}
	if size == 0 {
		return m, nil
	}
	if int64(int(size)) != size {
		return nil, fmt.Errorf("%s is too large for this machine's addresses (%d bytes)", f.Name(), size)
	}
	if m.data, err = unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return nil, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	mapped.add(f, m.data)
	Outside(len(m.data))
	return m, nil
}

// Bytes returns the file's contents; they are gone after Close.
func (m *Mapping) Bytes() []byte { return m.data }

// Release frees the memory of a part of the mapped file; reading it again loads it from the file. It does
// nothing where b is no part of the mapping.
func (m *Mapping) Release(b []byte) {
	if len(b) == 0 || len(m.data) == 0 {
		return
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(m.data)))
	from := uintptr(unsafe.Pointer(unsafe.SliceData(b))) - start
	if from > uintptr(len(m.data)) || uintptr(len(b)) > uintptr(len(m.data))-from {
		return
	}
	page := uintptr(os.Getpagesize())
	to := (from + uintptr(len(b))) &^ (page - 1)
	if from = (from + page - 1) &^ (page - 1); from < to {
		// It only takes memory back sooner than the system would; where it can't there is nothing to do.
		_ = unix.Madvise(m.data[from:to], unix.MADV_DONTNEED)
	}
}

// Close unmaps the file. Reading its bytes afterwards kills the program, so nothing may hold them any more.
func (m *Mapping) Close() error {
	if m.data == nil {
		return nil
	}
	mapped.remove(m.data) // first: the addresses may be another file's right after
	err := unix.Munmap(m.data)
	m.data = nil
	return err
}
