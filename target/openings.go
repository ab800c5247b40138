package target

import (
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/internal/lock"
)

// maxOpenings bounds how many openings of a file there are at once, and so how many readers are in the kernel: more
// of them gain nothing on most machines.
const maxOpenings = 32

// An opening is one open file description.
type opening interface {
	io.ReaderAt
	io.Closer
}

// openings reads a file of /proc of which each opening serves one reader at a time: the kernel has one bounce buffer for each
// opening of /proc/kcore (since v4.8, commit df04abfd181a) and takes no lock, so that two readers of the same opening now and
// then get each other's bytes. Each reader gets an opening of its own; where no more can be opened, it waits for one. It
// serves any number of goroutines.
type openings struct {
	again  func() (opening, error) // opens the file once more
	last   atomic.Pointer[opening] // one not in use: reads that follow one another take no lock
	free   chan *opening           // the others not in use
	closed chan struct{}

	waiting atomic.Int32 // readers that wait for free: nothing may stay in last
	done    atomic.Bool  // closed is closed: nothing may stay in last

	mu    lock.Mutex // of the rest, and held while done is set; no file is opened or read under it
	made  int        // openings that there are, also those that are being read
	limit int        // of made
}

// A directFile is read by the system call alone: what [os.File] does for files that one can wait for, which those of /proc are
// not, takes as long again. It must not be read while it is closed.
type directFile struct {
	*os.File
	fd int
}

// ReadAt implements [io.ReaderAt].
func (f directFile) ReadAt(buf []byte, off int64) (n int, err error) {
	for n < len(buf) {
		got, err := unix.Pread(f.fd, buf[n:], off+int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return n, err
		}
		if got == 0 {
			return n, io.EOF
		}
		n += got
	}
	return n, nil
}

// direct returns the opening of a file.
func direct(f *os.File) opening { return directFile{f, int(f.Fd())} }

// oneOpening reads a file by the opening that is there, for one reader after the other.
func oneOpening(first opening) *openings {
	o := &openings{free: make(chan *opening, maxOpenings), closed: make(chan struct{}), made: 1, limit: 1}
	o.last.Store(&first)
	return o
}

// share lets openings be added, up to a limit. Nothing may have been read but by the caller.
func (o *openings) share(limit int, again func() (opening, error)) { o.limit, o.again = limit, again }

// ReadAt implements [io.ReaderAt]. After Close it fails with [os.ErrClosed].
func (o *openings) ReadAt(buf []byte, off int64) (int, error) {
	f, err := o.take()
	if err != nil {
		return 0, err
	}
	defer o.give(f)
	return (*f).ReadAt(buf, off)
}

// take returns an opening that no other goroutine uses until give.
func (o *openings) take() (*opening, error) {
	if f := o.last.Swap(nil); f != nil {
		return f, nil
	}
	select {
	case f := <-o.free:
		return f, nil
	default:
	}
	if o.more() {
		if f, err := o.again(); err == nil {
			return &f, nil
		}
		// Privileges, the root directory or the namespace have changed since, or there are too many open files. What is
		// open serves one reader after the other.
		o.mu.Lock()
		o.made--
		o.limit = max(o.made, 1)
		o.mu.Unlock()
	}
	o.waiting.Add(1)
	defer o.waiting.Add(-1)
	if f := o.last.Swap(nil); f != nil { // given back before anybody could know that it is waited for
		return f, nil
	}
	select {
	case f := <-o.free:
		return f, nil
	case <-o.closed:
		return nil, os.ErrClosed
	}
}

// more reports whether the caller may add an opening, which then counts.
func (o *openings) more() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done.Load() || o.made >= o.limit {
		return false
	}
	o.made++
	return true
}

// give gives an opening back.
func (o *openings) give(f *opening) {
	if !o.last.CompareAndSwap(nil, f) {
		o.release(f)
	} else if o.waiting.Load() > 0 || o.done.Load() {
		if f := o.last.Swap(nil); f != nil {
			o.release(f)
		}
	}
}

// release gives an opening to those that wait for one, or closes it after Close.
func (o *openings) release(f *opening) {
	o.mu.Lock()
	if o.done.Load() {
		o.mu.Unlock()
		(*f).Close() // was only read
		return
	}
	o.free <- f // which has room for all
	o.mu.Unlock()
}

// Close closes all openings: at once, or when their readers are through.
func (o *openings) Close() error {
	o.mu.Lock()
	if o.done.Load() {
		o.mu.Unlock()
		return os.ErrClosed
	}
	o.done.Store(true)
	close(o.closed)
	o.mu.Unlock()
	if f := o.last.Swap(nil); f != nil {
		(*f).Close() // was only read
	}
	for {
		select {
		case f := <-o.free:
			(*f).Close() // was only read
		default:
			return nil
		}
	}
}

// reopen returns a function that opens the file at an absolute path once more, which must still be the one that first was.
func reopen(path string, first os.FileInfo) func() (*os.File, error) {
	return func() (*os.File, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		now, err := f.Stat()
		if err == nil && !os.SameFile(first, now) {
			err = &os.PathError{Op: "open", Path: path, Err: os.ErrInvalid}
		}
		if err != nil {
			f.Close() // was only opened
			return nil, err
		}
		return f, nil
	}
}
