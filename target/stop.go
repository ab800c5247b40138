package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/failure"
)

// A Stop keeps threads of a process from running, by ptrace(2). The system lets them go on by itself if this program ends, however it ends.
type Stop struct {
	threads  map[uint64]stopped
	requests chan func() // made by the thread that traces
	release  func()      // idempotent
}

// stopped is a thread that was to be stopped.
type stopped struct {
	stopped   bool   // it has to be let go
	registers []byte // contents of the register set NT_PRSTATUS
	signal    int    // that was on its way when the thread stopped, and goes on with it; 0: none
	err       error  // why it has not stopped
}

// stopWithin is how long a thread may take to stop. One that runs takes microseconds; one in an uninterruptible sleep goes on sleeping.
const stopWithin = time.Second

// Stop stops threads of the process until they are released: those with the given IDs or, without any, all. One that can't be stopped, or that has
// ended, does not keep others from being stopped: [Stop.RegisterSet] says so. It fails if none could be stopped, or with the context's error.
func (p *Process) Stop(ctx context.Context, tids ...uint64) (*Stop, error) {
	t := tracer{process: p, ctx: ctx, threads: map[uint64]stopped{}}
	s := &Stop{threads: t.threads, requests: make(chan func())}
	ready, ended := make(chan error, 1), make(chan struct{})
	go t.run(func() {
		ready <- t.stopAll(tids)
		for request := range s.requests {
			request()
		}
		t.letGo()
	}, func() { close(ended) })
	s.release = sync.OnceFunc(func() {
		close(s.requests)
		<-ended
	})
	if err := <-ready; err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

// Release lets the threads go on. The stop can't be used afterwards.
func (s *Stop) Release() { s.release() }

// RegisterSet returns a register set of a stopped thread, by the type that the note of a core has it in: [NT_PRSTATUS], whose note has other things
// around the registers. Its error is a [*failure.StopError], or [os.ErrNotExist] if the thread had ended or did not exist.
func (s *Stop) RegisterSet(tid uint64, note uint32) (set []byte, err error) {
	t, ok := s.threads[tid]
	if !ok {
		return nil, os.ErrNotExist
	}
	if t.err != nil || note == NT_PRSTATUS {
		return t.registers, t.err
	}
	done := make(chan struct{})
	s.requests <- func() {
		defer close(done)
		set, err = registerSet(tid, note)
	}
	<-done
	return set, err
}

// A tracer traces threads of a process. The system takes all requests from one thread of ours only, and lets go of those that it traces when it
// ends.
type tracer struct {
	process *Process
	ctx     context.Context
	threads map[uint64]stopped
}

// run calls f on a thread of ours that ends after it, and calls ended then.
func (t *tracer) run(f, ended func()) {
	runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
	if unix.Gettid() == unix.Getpid() {
		// The main thread does not end with a goroutine. While this one has it, another one gets a thread of its own.
		started := make(chan struct{})
		go t.run(func() { close(started); f() }, ended)
		<-started
		runtime.UnlockOSThread()
		return
	}
	defer ended()
	f()
}

// stopAll stops the threads with the given IDs or, without any, all.
func (t *tracer) stopAll(tids []uint64) error {
	if len(tids) > 0 {
		t.stop(tids)
		for _, tid := range tids {
			if has, err := t.process.HasTask(tid); err != nil || !has {
				t.foreign(tid, err)
			}
		}
		return t.failure()
	}
	for { // threads that still ran may have started others
		all, err := t.process.Tasks()
		if err != nil {
			return err
		}
		fresh := slices.DeleteFunc(slices.Clone(all), func(tid uint64) bool { _, ok := t.threads[tid]; return ok })
		if len(fresh) == 0 {
			for tid := range t.threads {
				if _, has := slices.BinarySearch(all, tid); !has {
					t.foreign(tid, nil)
				}
			}
			return t.failure()
		}
		t.stop(fresh)
		if err := t.ctx.Err(); err != nil {
			return err
		}
	}
}

// foreign notes that a thread is no longer one of the process, or never was: the ID may be that of another process's thread by now. err is why that
// is not known, or nil.
func (t *tracer) foreign(tid uint64, err error) {
	if err == nil {
		err = os.ErrNotExist
	}
	s := t.threads[tid]
	s.err = err
	t.threads[tid] = s
}

// failure returns why no thread has stopped.
func (t *tracer) failure() error {
	var first error
	for _, s := range t.threads {
		if s.err == nil {
			return nil
		}
		if first == nil || errors.Is(first, os.ErrNotExist) {
			first = s.err
		}
	}
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if first == nil {
		return os.ErrNotExist
	}
	return first
}

// stop stops threads, all at once.
func (t *tracer) stop(tids []uint64) {
	var waiting []uint64
	for _, tid := range tids {
		if err := t.seize(tid); err != nil {
			t.threads[tid] = stopped{err: err}
		} else {
			waiting = append(waiting, tid)
		}
	}
	deadline := time.Now().Add(stopWithin)
	for _, tid := range waiting {
		t.threads[tid] = t.await(tid, deadline)
	}
}

// await waits until a thread has stopped; until a deadline, but looks at least once.
func (t *tracer) await(tid uint64, deadline time.Time) stopped {
	for pause := time.Duration(0); ; pause = min(pause+10*time.Microsecond, time.Millisecond) {
		var status unix.WaitStatus
		got, err := unix.Wait4(int(tid), &status, unix.WALL|unix.WNOHANG, nil)
		switch {
		case err == nil && got != 0:
			return hasStopped(tid, status)
		case err != nil && !errors.Is(err, unix.EINTR):
			return stopped{err: os.ErrNotExist}
		case t.ctx.Err() != nil || time.Now().After(deadline):
			return stopped{err: t.late(tid)}
		}
		time.Sleep(pause)
	}
}

// seize begins to trace a thread, and asks it to stop.
func (t *tracer) seize(tid uint64) error {
	if err := ptrace(unix.PTRACE_SEIZE, tid, 0, 0); err != nil {
		return t.refused(tid, err)
	}
	if err := ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0); err != nil {
		return t.refused(tid, err)
	}
	return nil
}

// refused says why a thread may not be traced.
func (t *tracer) refused(tid uint64, err error) error {
	if errors.Is(err, unix.ESRCH) {
		return os.ErrNotExist
	}
	if !errors.Is(err, unix.EPERM) {
		return &failure.StopError{TID: tid, Problem: "the system refuses", Err: err}
	}
	status, _ := t.process.File(filepath.Join("task", strconv.FormatUint(tid, 10), "status")) // only makes the message better
	switch tracer, state := statusField(status, "TracerPid"), statusField(status, "State"); {
	case status == nil:
		return os.ErrNotExist
	case strings.HasPrefix(state, "Z"), strings.HasPrefix(state, "X"):
		return &failure.StopError{TID: tid, Problem: "it has ended, and others of its process have not"}
	case t.process.PID == os.Getpid():
		return &failure.StopError{TID: tid, Problem: "a process can't stop its own threads"}
	case tracer != "" && tracer != "0":
		// It is one thread of a process.
		if by, err := os.ReadFile(filepath.Join(procRoot, tracer, "status")); err == nil {
			tracer = statusField(by, "Tgid")
		}
		return &failure.StopError{TID: tid, Problem: fmt.Sprintf("process %s traces it already", tracer)}
	}
	return untraceable(&os.PathError{Op: "ptrace", Path: filepath.Join(t.process.name, "task", strconv.FormatUint(tid, 10)), Err: err})
}

// late says why a thread has not stopped.
func (t *tracer) late(tid uint64) error {
	status, err := t.process.File(filepath.Join("task", strconv.FormatUint(tid, 10), "status"))
	switch {
	case errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH):
		return os.ErrNotExist
	case err == nil && strings.HasPrefix(statusField(status, "State"), "D"):
		return &failure.StopError{TID: tid, Problem: "it is in an uninterruptible sleep"}
	}
	return &failure.StopError{TID: tid, Problem: "it has not reacted in time"}
}

// statusField returns a field of /proc/PID/status.
func statusField(status []byte, name string) string {
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// hasStopped returns a thread whose state the system has told.
func hasStopped(tid uint64, status unix.WaitStatus) (s stopped) {
	if !status.Stopped() {
		return stopped{err: os.ErrNotExist}
	}
	s.stopped = true
	// A stop that was asked for, or of the whole process, is an event (status>>16); another one is a signal that is just being delivered.
	if int(status)>>16 == 0 {
		s.signal = int(status.StopSignal())
	}
	s.registers, s.err = registerSet(tid, NT_PRSTATUS)
	return s
}

// letGo lets all threads go on that have stopped; the others do so when our thread ends.
func (t *tracer) letGo() {
	for tid, s := range t.threads {
		if s.stopped {
			ptrace(unix.PTRACE_DETACH, tid, 0, uintptr(s.signal)) // fails if the thread was killed
		}
	}
}

// maxRegisterSet bounds a register set in bytes: x86's NT_X86_XSTATE has up to some 11,000.
const maxRegisterSet = 64 << 10

// registerSet reads a register set of a thread that has stopped.
func registerSet(tid uint64, note uint32) ([]byte, error) {
	buf := make([]byte, 512) // enough for the general registers of every machine
	for {
		vec := unix.Iovec{Base: &buf[0]}
		vec.SetLen(len(buf))
		// The conversion stands in the call, which keeps what it points to where it is.
		_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, unix.PTRACE_GETREGSET, uintptr(tid), uintptr(note), uintptr(unsafe.Pointer(&vec)), 0, 0)
		switch {
		case errno == unix.ESRCH:
			return nil, os.ErrNotExist // it was killed
		case errno != 0:
			return nil, &failure.StopError{TID: tid, Problem: "its registers can't be read", Err: errno}
		case int(vec.Len) < len(buf) || len(buf) >= maxRegisterSet:
			return buf[:vec.Len], nil
		}
		buf = make([]byte, min(8*len(buf), maxRegisterSet))
	}
}

// ptrace makes a request.
func ptrace(request int, tid uint64, address, data uintptr) error {
	if _, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, uintptr(request), uintptr(tid), address, data, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
