package target

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/mem"
)

// A Process is a running process, seen through /proc. It is always the process and the address space that were there
// when it was opened: once the process has exited, or has executed another program, its memory can't be read any more.
// It serves any number of goroutines until Close.
type Process struct {
	PID int

	name string   // of the directory: "/proc/1", or that of another thread if the main thread has ended
	dir  *os.File // keeps the process's identity: its ID may be given to another one
	mem  *os.File // keeps its address space
}

// procRoot is where the system shows its processes.
const procRoot = "/proc"

// OpenProcess opens the process of an ID. Reading its memory takes the right to trace it.
func OpenProcess(pid int) (*Process, error) {
	p, err := openProcess(pid, pid)
	if !errors.Is(err, syscall.ESRCH) {
		return p, err
	}
	// The main thread may have ended before the others. What /proc has of it is empty; of the others it is the process's.
	tasks, _ := os.ReadDir(filepath.Join(procRoot, strconv.Itoa(pid), "task")) // else the first error is the one to tell
	for _, task := range tasks {
		if tid, bad := strconv.Atoi(task.Name()); bad == nil && tid != pid {
			if p, err := openProcess(pid, tid); err == nil {
				return p, nil
			}
		}
	}
	return nil, err
}

// openProcess opens a process by the ID of one of its threads.
func openProcess(pid, tid int) (*Process, error) {
	p := &Process{PID: pid, name: filepath.Join(procRoot, strconv.Itoa(tid))}
	var err error
	// Memory first: the names in its errors are those that users know.
	if p.mem, err = os.Open(filepath.Join(p.name, "mem")); err != nil {
		return nil, untraceable(hinted(err))
	}
	if p.dir, err = os.Open(p.name); err != nil {
		p.mem.Close() // was only read
		return nil, err
	}
	return p, nil
}

// hinted says what the system's error for the memory of a process means.
func hinted(err error) error {
	var path *os.PathError
	if !errors.As(err, &path) {
		return err
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &os.PathError{Op: path.Op, Path: path.Path, Err: &HintError{path.Err, "there is no process with this ID"}}
	case errors.Is(err, syscall.ESRCH):
		return &os.PathError{Op: path.Op, Path: path.Path, Err: &HintError{path.Err, "a thread of the kernel, or a process that has ended, has no memory of its own"}}
	}
	return err
}

// untraceable says what it takes to look into a process, if that was refused.
func untraceable(err error) error {
	var path *os.PathError
	if errors.As(err, &path) && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)) {
		return &os.PathError{Op: path.Op, Path: path.Path,
			Err: &HintError{path.Err, "debugging a process takes the same user or CAP_SYS_PTRACE, and that /proc/sys/kernel/yama/ptrace_scope allows it"}}
	}
	return err
}

// Close closes the process; its memory can't be read afterwards.
func (p *Process) Close() error { return errors.Join(p.mem.Close(), p.dir.Close()) }

// Path returns a path to a file of the process's directory, which does not exist once the process has ended. After Close it
// may be one of another process.
func (p *Process) Path(file string) string { return pathIn(p.dir.Fd(), file) }

func pathIn(dir uintptr, file string) string {
	return filepath.Join(procRoot, "self/fd", strconv.Itoa(int(dir)), file)
}

// within calls f with the descriptor of the process's directory, which others can't close until f returns. The error is f's, with the name of a file in it,
// or [failure.ErrClosed].
func (p *Process) within(file string, f func(dir int) error) (err error) {
	dir, closed := p.dir.SyscallConn()
	if closed == nil {
		closed = dir.Control(func(fd uintptr) { err = f(int(fd)) })
	}
	switch {
	case closed != nil:
		return failure.ErrClosed
	case err != nil:
		return untraceable(&os.PathError{Op: "open", Path: filepath.Join(p.name, file), Err: err})
	}
	return nil
}

// open opens a file of the process's directory.
func (p *Process) open(file string) (f *os.File, err error) {
	err = p.within(file, func(dir int) error {
		fd, err := openAt(dir, file)
		if err == nil {
			f = os.NewFile(uintptr(fd), filepath.Join(p.name, file))
		}
		return err
	})
	return f, err
}

// openAt opens a file below a directory for reading.
func openAt(dir int, file string) (fd int, err error) {
	for {
		if fd, err = unix.Openat(dir, file, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != unix.EINTR { //nolint:errorlint // as the system returns it
			return fd, err
		}
	}
}

// maxProc bounds the size of a file of /proc: a process has 65,530 mappings unless the system is told otherwise.
const maxProc = 256 << 20

// File reads a file of the process's directory: "maps".
func (p *Process) File(file string) ([]byte, error) {
	f, err := p.open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxProc))
	var path *os.PathError
	if errors.As(err, &path) {
		return nil, untraceable(path)
	}
	return data, err
}

// Tasks returns the IDs of the process's threads in their order.
func (p *Process) Tasks() ([]uint64, error) {
	dir, err := p.open("task")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	tids := make([]uint64, 0, len(names))
	for _, name := range names {
		if tid, err := strconv.ParseUint(name, 10, 31); err == nil {
			tids = append(tids, tid)
		}
	}
	slices.Sort(tids)
	return tids, nil
}

// HasTask reports whether the process has a thread of an ID.
func (p *Process) HasTask(tid uint64) (bool, error) {
	file := taskFile(tid, "")
	err := p.within(file, func(dir int) error {
		var s unix.Stat_t
		return unix.Fstatat(dir, file, &s, 0)
	})
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// taskFile returns the name of a thread's file in the process's directory, or of the thread's own.
func taskFile(tid uint64, file string) string {
	return filepath.Join("task", strconv.FormatUint(tid, 10), file)
}

// maxComm is how long a line a thread's name may be: TASK_COMM_LEN is 16, and longer for threads of the kernel.
const maxComm = 256

// Comm returns the name of a thread.
func (p *Process) Comm(tid uint64) (name string, err error) {
	file := taskFile(tid, "comm")
	err = p.within(file, func(dir int) error {
		fd, err := openAt(dir, file)
		if err != nil {
			return err
		}
		defer unix.Close(fd) // was only read
		line := make([]byte, maxComm)
		n, err := unix.Read(fd, line)
		if err == nil {
			name = string(bytes.TrimSuffix(line[:n], []byte("\n")))
		}
		return err
	})
	return name, err
}

// Mappings returns what is mapped into the process's memory.
func (p *Process) Mappings() ([]Mapping, error) {
	maps, err := p.File("maps")
	if err != nil {
		return nil, err
	}
	return ParseMaps(filepath.Join(p.name, "maps"), maps)
}

// Ranges returns all that the process's memory has, in the order of addresses: what is mapped from files, as Mappings does, and the rest, such
// as stacks.
func (p *Process) Ranges() ([]Mapping, error) {
	maps, err := p.File("maps")
	if err != nil {
		return nil, err
	}
	return parseMaps(filepath.Join(p.name, "maps"), maps, func(bool) bool { return true })
}

// MappedFile returns a path that opens the file that is mapped, even when it was deleted or replaced since, or when the
// process sees other files than we do. It takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
func (p *Process) MappedFile(m Mapping) string {
	return p.Path(fmt.Sprintf("map_files/%x-%x", m.Start, m.End))
}

// Segment returns the memory of the process up to the address last.
func (p *Process) Segment(last uint64) mem.Segment {
	return mem.Segment{Max: last, Read: p.read, Live: mem.Live{File: &mem.LiveFile{Open: p.again}}}
}

// again opens the process's memory once more: the same address space, which the process may have left.
func (p *Process) again() (f *os.File, err error) {
	fd := -1
	conn, closed := p.mem.SyscallConn()
	if closed == nil {
		closed = conn.Control(func(mem uintptr) { fd, err = unix.FcntlInt(mem, unix.F_DUPFD_CLOEXEC, 0) })
	}
	if closed != nil {
		return nil, failure.ErrClosed
	}
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), p.mem.Name()), nil
}

// read is a [mem.ReadFunc].
func (p *Process) read(buf []byte, address, _ uint64, _ bool) error {
	for len(buf) > 0 {
		// Offsets of files are not negative; no process has memory there, but for the page of vsyscalls.
		if int64(address) < 0 {
			return &mem.FaultError{Message: notReadable, Address: address}
		}
		n, err := p.mem.ReadAt(buf, int64(address))
		if n == 0 {
			if err == io.EOF { // the address space is gone
				return &mem.FaultError{Message: "short read from memory file: the process has exited or executed another program", Address: address}
			}
			if errors.Is(err, os.ErrClosed) {
				return err
			}
			return &mem.FaultError{Message: notReadable, Address: address}
		}
		buf, address = buf[n:], address+uint64(n)
	}
	return nil
}

const notReadable = "could not read memory"
