package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/failure"
)

// A Stop keeps threads of a process from running, by ptrace(2). The system lets them go on by itself if this program ends, however it ends. It serves any
// number of goroutines.
type Stop struct {
	threads  map[uint64]stopped
	requests chan func() // made by the thread that traces; nil: that asks
	release  func()      // idempotent

	mu   sync.Mutex
	sets map[uint32]map[uint64]registers // those that were asked for, but for NT_PRSTATUS, by their types and threads
}

// stopped is a thread that was to be stopped.
type stopped struct {
	seized    bool      // it is traced
	stopped   bool      // it has to be let go
	registers registers // the register set NT_PRSTATUS, or why it has not stopped
	signal    int       // that was on its way when the thread stopped, and goes on with it; 0: none
}

// registers is a register set, or why it can't be had.
type registers struct {
	set []byte
	err error
}

// stopWithin is how long a thread may take to stop. One that runs takes microseconds; one in an uninterruptible sleep goes on sleeping.
const stopWithin = time.Second

// Stop stops threads of the process until they are released: those with the given IDs or, without any, all. One that can't be stopped, or that has
// ended, does not keep others from being stopped: [Stop.RegisterSet] says so. It fails if none could be stopped, or with the context's error.
func (p *Process) Stop(ctx context.Context, tids ...uint64) (*Stop, error) {
	t := stopping{process: p, ctx: ctx, threads: map[uint64]stopped{}}
	s := &Stop{threads: t.threads, requests: make(chan func())}
	ready := make(chan error, 1)
	ended := traced(func() (free bool) {
		ready <- t.stopAll(tids)
		for request := range s.requests {
			request()
		}
		return t.letGo()
	})
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

// WhileStopped stops threads as [Process.Stop] does, calls do, and lets them go on. do must ask for registers on the goroutine that it is called on. The
// error is that of Stop, or else do's.
func (p *Process) WhileStopped(ctx context.Context, do func(*Stop) error, tids ...uint64) (err error) {
	t := stopping{process: p, ctx: ctx, threads: map[uint64]stopped{}}
	<-traced(func() (free bool) {
		if err = t.stopAll(tids); err == nil {
			err = do(&Stop{threads: t.threads})
		}
		return t.letGo()
	})
	return err
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
	if t.registers.err != nil || note == NT_PRSTATUS {
		return t.registers.set, t.registers.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets[note] == nil {
		s.readSets(note)
	}
	r := s.sets[note][tid]
	return r.set, r.err
}

// readSets reads a register set of all threads: one request, since each takes much longer than to read a set.
func (s *Stop) readSets(note uint32) {
	sets := make(map[uint64]registers, len(s.threads))
	read := func() {
		for tid, t := range s.threads {
			if t.registers.err == nil {
				sets[tid] = registerSet(tid, note)
			}
		}
	}
	if s.requests == nil {
		read()
	} else {
		done := make(chan struct{})
		s.requests <- func() {
			defer close(done)
			read()
		}
		<-done
	}
	if s.sets == nil {
		s.sets = map[uint32]map[uint64]registers{}
	}
	s.sets[note] = sets
}

// stopping stops threads of a process. All of its methods are for the thread that traces.
type stopping struct {
	process *Process
	ctx     context.Context
	threads map[uint64]stopped
}

// stopAll stops the threads with the given IDs or, without any, all.
func (t *stopping) stopAll(tids []uint64) error {
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
func (t *stopping) foreign(tid uint64, err error) {
	if err == nil {
		err = os.ErrNotExist
	}
	s := t.threads[tid]
	s.registers = registers{err: err}
	t.threads[tid] = s
}

// failure returns why no thread has stopped.
func (t *stopping) failure() error {
	var first error
	for _, s := range t.threads {
		if s.registers.err == nil {
			return nil
		}
		if first == nil || errors.Is(first, os.ErrNotExist) {
			first = s.registers.err
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

// stop stops threads, all at once: none is stopped before all are traced.
func (t *stopping) stop(tids []uint64) {
	traced := make([]uint64, 0, len(tids))
	for _, tid := range tids {
		if err := ptrace(unix.PTRACE_SEIZE, tid, 0, 0); err != nil {
			t.threads[tid] = stopped{registers: registers{err: t.refused(tid, err)}}
		} else {
			traced = append(traced, tid)
		}
	}
	waiting := traced[:0]
	for _, tid := range traced {
		if err := ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0); err != nil {
			t.threads[tid] = stopped{seized: true, registers: registers{err: t.refused(tid, err)}}
		} else {
			waiting = append(waiting, tid)
		}
	}
	deadline := time.Now().Add(stopWithin)
	for _, tid := range waiting {
		s := t.await(tid, deadline)
		s.seized = true
		t.threads[tid] = s
	}
}

// yields is how often another thread of the system gets the processor before a thread that has not stopped yet is waited for in sleep, which is longer than it mostly takes.
const yields = 20

// await waits until a thread has stopped; until a deadline, but looks at least once.
func (t *stopping) await(tid uint64, deadline time.Time) stopped {
	pause := time.Duration(0)
	for n := 0; ; n++ {
		var status unix.WaitStatus
		got, err := unix.Wait4(int(tid), &status, unix.WALL|unix.WNOHANG, nil)
		switch {
		case err == nil && got != 0:
			return hasStopped(tid, status)
		case err != nil && !errors.Is(err, unix.EINTR):
			return stopped{registers: registers{err: os.ErrNotExist}}
		case n < yields:
			unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) // always succeeds
			continue
		case t.ctx.Err() != nil || time.Now().After(deadline):
			return stopped{registers: registers{err: t.late(tid)}}
		}
		pause = min(pause+10*time.Microsecond, time.Millisecond)
		time.Sleep(pause)
	}
}

// refused says why a thread may not be traced.
func (t *stopping) refused(tid uint64, err error) error {
	if errors.Is(err, unix.ESRCH) {
		return os.ErrNotExist
	}
	if !errors.Is(err, unix.EPERM) {
		return &failure.StopError{TID: tid, Problem: "the system refuses", Err: err}
	}
	status, _ := t.process.File(taskFile(tid, "status")) // only makes the message better
	switch tracer, state := statusField(status, "TracerPid"), statusField(status, "State"); {
	case status == nil:
		return os.ErrNotExist
	case strings.HasPrefix(state, "Z"), strings.HasPrefix(state, "X"):
		return &failure.StopError{TID: tid, Problem: "it has ended, and stays until all threads of its process have ended and its parent has waited for it"}
	case t.process.PID == os.Getpid():
		return &failure.StopError{TID: tid, Problem: "a process can't stop its own threads"}
	case tracer != "" && tracer != "0":
		// It is one thread of a process.
		if by, err := os.ReadFile(filepath.Join(procRoot, tracer, "status")); err == nil {
			tracer = statusField(by, "Tgid")
		}
		return &failure.StopError{TID: tid, Problem: fmt.Sprintf("process %s traces it already", tracer)}
	}
	return untraceable(&os.PathError{Op: "ptrace", Path: filepath.Join(t.process.name, taskFile(tid, "")), Err: err})
}

// late says why a thread has not stopped.
func (t *stopping) late(tid uint64) error {
	status, err := t.process.File(taskFile(tid, "status"))
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
		return stopped{registers: registers{err: os.ErrNotExist}}
	}
	s.stopped = true
	// A stop that was asked for, or of the whole process, is an event (status>>16); another one is a signal that is just being delivered.
	if int(status)>>16 == 0 {
		s.signal = int(status.StopSignal())
	}
	s.registers = registerSet(tid, NT_PRSTATUS)
	return s
}

// letGo lets all threads go on that have stopped; free is false if there are others, which the system lets go of when our thread ends.
func (t *stopping) letGo() (free bool) {
	free = true
	for tid, s := range t.threads {
		if s.stopped {
			ptrace(unix.PTRACE_DETACH, tid, 0, uintptr(s.signal)) // fails if the thread was killed
		} else if s.seized {
			free = false
		}
	}
	return free
}

// maxRegisterSet bounds a register set in bytes: x86's NT_X86_XSTATE has up to some 11,000.
const maxRegisterSet = 64 << 10

// registerSet reads a register set of a thread that has stopped.
func registerSet(tid uint64, note uint32) registers {
	buf := make([]byte, 512) // enough for the general registers of every machine
	for {
		vec := unix.Iovec{Base: &buf[0]}
		vec.SetLen(len(buf))
		// The conversion stands in the call, which keeps what it points to where it is.
		_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, unix.PTRACE_GETREGSET, uintptr(tid), uintptr(note), uintptr(unsafe.Pointer(&vec)), 0, 0)
		switch {
		case errno == unix.ESRCH:
			return registers{err: os.ErrNotExist} // it was killed
		case errno != 0:
			return registers{err: &failure.StopError{TID: tid, Problem: "its registers can't be read", Err: errno}}
		case int(vec.Len) < len(buf) || len(buf) >= maxRegisterSet:
			return registers{set: buf[:vec.Len]}
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
