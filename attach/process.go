package attach

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/user"
)

// Process opens the running process of an ID. Reading its memory takes the right to trace it: the same user, or
// CAP_SYS_PTRACE. The debugging information of its executable and libraries is that of the files they were mapped from,
// or found by their build IDs.
func Process(pid int, options ...Options) (*drgn.Program, error) {
	var o Options
	for _, given := range options {
		o = given
	}
	p, err := o.newProgram()
	if err != nil {
		return nil, err
	}
	if err := SetProcess(p, pid); err != nil {
		return nil, err
	}
	if err := load(p, o); err != nil {
		p.Close() // the first error is the one to tell
		return nil, fmt.Errorf("cannot open process %d: %w", pid, err)
	}
	return p, nil
}

// SetProcess makes a program, which must have no target yet, that of the running process of an ID. It loads no debugging
// information.
func SetProcess(p *drgn.Program, pid int) error {
	if err := checkEmpty(p); err != nil {
		return err
	}
	process, err := target.OpenProcess(pid)
	if err != nil {
		return err
	}
	if err := user.SetupProcess(p, process); err != nil {
		process.Close() // was only read
		return err
	}
	return nil
}

// SetCoreFile is [SetCore] of an open file, by its number.
func SetCoreFile(p *drgn.Program, fd int, options ...Options) error {
	path := fmt.Sprintf("/proc/self/fd/%d", fd)
	if err := syscall.Fstat(fd, new(syscall.Stat_t)); err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	return SetCore(p, path, options...)
}

// dumpPath returns what a dump is called: its absolute path without links, also that of an open file.
func dumpPath(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	} else if to, err := os.Readlink(path); err == nil {
		path = to // of a file that was deleted
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}
