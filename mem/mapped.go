package mem

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/internal/lock"
)

// mapped knows the files that are mapped: to name one that can't be read, and to notice that one was truncated.
var mapped mappings

// uncollected counts the bytes that were mapped since the last collection that they caused.
var uncollected atomic.Int64

const collectAfter = 512 << 20

// Outside says that n bytes were mapped, of a file or of memory, for something that is unmapped when Go's collector finds it
// unreachable. The collector does not see such bytes, so they make it run when they are many: a script that opens one dump
// after the other would keep all of them until its objects alone, which are small, make it run.
func Outside(n int) {
	if uncollected.Add(int64(n)) >= collectAfter {
		uncollected.Store(0)
		go runtime.GC()
	}
}

type mappings struct {
	mu       lock.Mutex
	files    map[uintptr]*mappedFile // by the address of the first byte
	watching bool                    // inotify is a descriptor; false before the first file, and where the system has none to give
	inotify  int
}

type mappedFile struct {
	path  string
	data  []byte
	file  *os.File // to ask for its size
	watch uint32   // of inotify, 0 if it is not watched; files that are mapped twice share one
	good  int      // the bytes before it were never cut off
}

// add is called once for each mapping, with the file that it maps, which the caller may close.
func (m *mappings) add(f *os.File, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		m.files = map[uintptr]*mappedFile{}
		m.start()
	}
	file := &mappedFile{path: f.Name(), data: data, good: len(data)}
	m.files[addressOf(data)] = file
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return // as where it is not watched
	}
	file.file = os.NewFile(uintptr(fd), file.path)
	if m.watching {
		// There is a limit on the number of watches. The file can be read without; only the end of its last page, once it
		// is truncated, reads as zeros until another file's change has all sizes looked at.
		if watch, err := unix.InotifyAddWatch(m.inotify, fmt.Sprintf("/proc/self/fd/%d", fd), unix.IN_MODIFY); err == nil {
			file.watch = uint32(watch)
		}
	}
	file.cut() // it may have been truncated before it was watched
}

func (m *mappings) remove(data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file := m.files[addressOf(data)]
	delete(m.files, addressOf(data))
	if file == nil || file.file == nil {
		return
	}
	file.file.Close()
	if file.watch == 0 {
		return
	}
	for _, other := range m.files {
		if other.watch == file.watch {
			return
		}
	}
	// It fails if the system took the watch away itself, as it does where a file system is unmounted.
	_, _ = unix.InotifyRmWatch(m.inotify, file.watch)
}

// at returns the error of the file that is mapped at an address of this program.
func (m *mappings) at(address uintptr) (*FileError, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for start, file := range m.files {
		if address-start < uintptr(len(file.data)) {
			return &FileError{file.path, uint64(address - start)}, true
		}
	}
	return nil, false
}

// start has the system say when a mapped file is written or truncated. The goroutine that waits for it is one for the
// whole program, and ends with it.
func (m *mappings) start() {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return // a limit, or a system without it: what is lost is said in add
	}
	m.watching, m.inotify = true, fd
	go func() {
		events := os.NewFile(uintptr(fd), "inotify")
		var buf [4096]byte
		for {
			// Which file it was does not matter: there are some hundred at most. An error would come again.
			if _, err := events.Read(buf[:]); err != nil {
				return
			}
			m.check()
		}
	}()
}

// check looks at the sizes of all files.
func (m *mappings) check() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, file := range m.files {
		if file.file != nil {
			file.cut()
		}
	}
}

// cut makes what lies past the end of a file that was truncated unreadable, for good: the system reads the end of the last
// page as zeros, and has other bytes there if the file grows again. It is whole pages, so that up to a page of what is left goes too.
func (f *mappedFile) cut() {
	info, err := f.file.Stat()
	if err != nil || info.Size() >= int64(f.good) {
		return // a file that can't be asked can't be read either, which the system says when it is
	}
	f.good = int(info.Size()) &^ (os.Getpagesize() - 1)
	// It can only fail for want of memory: then the system's pages stay.
	_ = unix.Mprotect(f.data[f.good:], unix.PROT_NONE)
}
