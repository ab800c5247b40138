package user

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// running is a process that runs.
type running struct {
	*target.Process

	mu     lock.Mutex
	held   *target.Stop     // by Stop; nil: the threads run
	holds  atomic.Bool      // whether there is a held, for those who do not have the lock
	stops  int              // that are to be released
	ranges []target.Mapping // of memory, when they were last looked at
	pac    uint64           // mask of pointer authentication codes
}

// Close lets the process go on and closes it.
func (r *running) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.letGo()
	return r.Process.Close()
}

// SetupProcess makes a program that of a running process.
func SetupProcess(p *drgn.Program, process *target.Process) error {
	if err := p.CheckUnopened(); err != nil {
		return err
	}
	platform := p.Platform()
	if !platform.Known() {
		platform = platformOf(process)
	}
	r := &running{Process: process}
	return p.Setup(drgn.Setup{
		Platform: platform, Flags: drgn.IsLive | drgn.IsLocal, Personality: newProcess(r, p),
		Memory: []mem.Segment{process.Segment(platform.AddressMask())}, Close: r.Close,
	})
}

// platformOf says what machine a process runs on: that of its executable, which may have 32 bits on one of 64. Where it
// can't be read it is ours.
func platformOf(process *target.Process) arch.Platform {
	f, err := os.Open(process.Path("exe"))
	if err != nil {
		return arch.Host()
	}
	defer f.Close()
	b := make([]byte, elf.HeaderSize)
	if _, err := f.ReadAt(b, 0); err != nil {
		return arch.Host()
	}
	if p, ok := elf.PlatformOf(b); ok && p.Arch != arch.Unknown {
		return p
	}
	return arch.Host()
}

func (r *running) threads(p *drgn.Program) drgn.ThreadSeq {
	return func(yield func(*drgn.Thread, error) bool) {
		tids, err := r.Tasks()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, tid := range tids {
			t, err := r.thread(p, tid)
			if hasEnded(err) {
				continue // it has just ended
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// hasEnded says whether an error is that of a thread which is no more.
func hasEnded(err error) bool { return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

func (r *running) thread(p *drgn.Program, tid uint64) (*drgn.Thread, error) {
	name, err := r.Comm(tid)
	if err != nil {
		return nil, err
	}
	return newThread(p, tid, name), nil
}

func (r *running) findThread(p *drgn.Program, tid uint64) (*drgn.Thread, error) {
	t, err := r.thread(p, tid)
	if hasEnded(err) {
		return nil, noThread(tid)
	}
	return t, err
}

func (r *running) mainThread(p *drgn.Program) (*drgn.Thread, error) {
	t, err := r.thread(p, uint64(r.PID))
	if hasEnded(err) {
		return nil, &drgn.ThreadNotFoundError{Role: "main"}
	}
	return t, err
}

func (r *running) crashedThread(*drgn.Program) (*drgn.Thread, error) {
	return nil, &drgn.UnsupportedError{Problem: "crashed thread is only defined for core dumps"}
}

// Stop stops all threads of a running process, until the function it returns is called or the program is closed. A thread that can't be stopped,
// such as one in an uninterruptible sleep, runs on; its stack trace says so. Several stops last until the last one is released. The process of a core
// has stopped for ever. The error is that of [target.Process.Stop].
func (u *Process) Stop(ctx context.Context) (release func(), err error) {
	r, ok := u.source.(*running)
	if !ok {
		return func() {}, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil {
		if r.held, err = r.Process.Stop(ctx); err != nil {
			return nil, err
		}
		r.holds.Store(true)
	}
	r.stops++
	return sync.OnceFunc(r.unstop), nil
}

// unstop ends one stop.
func (r *running) unstop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stops--; r.stops == 0 {
		r.letGo()
	}
}

// letGo lets all threads go on if they are held. The lock is held.
func (r *running) letGo() {
	if r.held != nil {
		r.held.Release()
		r.held = nil
		r.holds.Store(false)
	}
}

// maxStack bounds the copy of a stack in bytes: a stack has no more by default (RLIMIT_STACK). What lies further is read as it is then.
const maxStack = 8 << 20

// firstStep is how much of a stack is copied first, in bytes; then twice as much, and so on.
const firstStep = 64 << 10

// redZone is how far below the stack pointer a function may keep something, by the ABI that allows most: that of ppc64.
const redZone = 512

// soon is how long a caller waits for a thread to stop without being told that it waits.
const soon = 5 * time.Millisecond

func (r *running) stopped(p *drgn.Program, tid uint64, stacks []mem.Range) (drgn.Stopped, error) {
	if s, ok, err := r.heldAt(p, tid, stacks); ok {
		return s, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	type result struct {
		drgn.Stopped
		err error
	}
	done := make(chan result, 1)
	go func() {
		s, err := r.stoppedWithin(ctx, p, tid, stacks)
		done <- result{s, err}
	}()
	timer := time.NewTimer(soon)
	defer timer.Stop()
	select {
	case s := <-done:
		return s.Stopped, s.err
	case <-timer.C:
	}
	var s result
	err := p.Wait(func(waiting context.Context) error {
		select {
		case s = <-done:
			return s.err
		case <-waiting.Done():
			return waiting.Err()
		}
	})
	if err != nil {
		return drgn.Stopped{}, err
	}
	return s.Stopped, nil
}

// heldAt returns where a thread is if all are stopped, which takes no waiting; ok is false if they run.
func (r *running) heldAt(p *drgn.Program, tid uint64, stacks []mem.Range) (s drgn.Stopped, ok bool, err error) {
	if !r.holds.Load() {
		return s, false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil {
		return s, false, nil
	}
	s, err = r.at(p, r.held, tid, stacks)
	return s, true, err
}

// stoppedWithin returns where a thread is, which it stops unless all are stopped.
func (r *running) stoppedWithin(ctx context.Context, p *drgn.Program, tid uint64, stacks []mem.Range) (s drgn.Stopped, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held != nil {
		return r.at(p, r.held, tid, stacks)
	}
	err = r.Process.WhileStopped(ctx, func(stop *target.Stop) (err error) {
		s, err = r.at(p, stop, tid, stacks)
		return err
	}, tid)
	if hasEnded(err) {
		err = noThread(tid)
	}
	return s, err
}

// at returns where a stopped thread is. The lock is held.
func (r *running) at(p *drgn.Program, stop *target.Stop, tid uint64, stacks []mem.Range) (s drgn.Stopped, err error) {
	set, err := stop.RegisterSet(tid, target.NT_PRSTATUS)
	if hasEnded(err) {
		return s, noThread(tid)
	}
	if err != nil {
		return s, err
	}
	if note := p.Platform().Arch.PAC.Note; note != 0 {
		// A machine or a thread without it has no such register set.
		if mask, err := stop.RegisterSet(tid, note); err == nil {
			if r.pac, err = p.Platform().ParsePACMask(mask); err != nil {
				return s, fmt.Errorf("thread %d: %w", tid, err)
			}
		}
	}
	regs := &arch.Registers{}
	if err := p.Platform().ParseRegisterSet(set, regs); err != nil {
		return s, fmt.Errorf("thread %d: %w", tid, err)
	}
	if note := p.Platform().Arch.TLS.Note; note != 0 {
		// Not every kernel has such a set.
		if set, err := stop.RegisterSet(tid, note); err == nil {
			if err := p.Platform().ParseThreadPointer(set, regs); err != nil {
				return s, fmt.Errorf("thread %d: %w", tid, err)
			}
		}
	}
	s = drgn.Stopped{Registers: regs, Interrupted: true}
	for _, wide := range p.Platform().WideSets() {
		// A machine without such registers has no such set.
		if set, err := stop.RegisterSet(tid, wide.Type); err == nil {
			if s.Wide, err = wide.Parse(p.Platform(), set); err != nil {
				return s, fmt.Errorf("thread %d: %w", tid, err)
			}
			break
		}
	}
	if sp, ok := regs.Get(p.Platform().Arch.SP); ok {
		s.Stack, err = r.copyStack(sp, stacks)
	}
	return s, err
}

// copyStack returns the stack that begins at a stack pointer, up to the end of that of the given ones which it points into. The lock is held.
func (r *running) copyStack(sp uint64, stacks []mem.Range) (*mem.Copy, error) {
	last := uint64(math.MaxUint64)
	for _, s := range stacks {
		if s.Min <= sp && sp <= s.Max {
			last = s.Max
		}
	}
	// What was mapped when another thread was stopped is so mostly still; if not, less is copied, or it can't be read.
	if c, err := r.copyFrom(sp, last); c != nil && err == nil {
		return c, nil
	}
	var err error
	if r.ranges, err = r.Ranges(); err != nil {
		return nil, err
	}
	return r.copyFrom(sp, last)
}

// copyFrom returns the stack from a stack pointer to a last address, or nil if no memory is known to be there.
func (r *running) copyFrom(sp, last uint64) (*mem.Copy, error) {
	i, ok := slices.BinarySearchFunc(r.ranges, sp, func(m target.Mapping, sp uint64) int {
		switch {
		case m.End <= sp:
			return -1
		case m.Start > sp:
			return 1
		}
		return 0
	})
	if !ok {
		return nil, nil
	}
	c := &mem.Copy{Address: max(sp-min(sp, redZone), r.ranges[i].Start)}
	size := min(min(r.ranges[i].End-1, last)-c.Address+1, maxStack)
	// The stacks of threads, and others' guard pages (MADV_GUARD_INSTALL, since Linux 6.13 and glibc 2.42), may lie in one mapping: what is far larger than
	// most stacks is read in steps, so that no room is made for all of it.
	for step := uint64(firstStep); uint64(len(c.Data)) < size; step *= 2 {
		have := uint64(len(c.Data))
		n := min(step, size-have)
		c.Data = append(make([]byte, 0, have+n), c.Data...)[:have+n]
		err := r.Segment(math.MaxUint64).Read(c.Data[have:], c.Address+have, 0, false)
		var fault *mem.FaultError
		if errors.As(err, &fault) && fault.Address > sp && fault.Address-c.Address < have+n {
			c.Data = c.Data[:fault.Address-c.Address]
			return c, nil
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func (r *running) auxv(p arch.Platform) (map[uint64]uint64, error) {
	data, err := r.File("auxv")
	if err != nil {
		return nil, err
	}
	return target.ParseAuxv(data, p.Is64Bit(), !p.IsLittleEndian()), nil
}

func (r *running) mappings(arch.Platform) ([]target.Mapping, error) { return r.Mappings() }

func (r *running) executable(address uint64) bool {
	ranges, err := r.Ranges()
	return err == nil && slices.ContainsFunc(ranges, func(m target.Mapping) bool {
		return m.Start <= address && address < m.End && m.Executable && m.File.Inode == 0
	})
}

// pacMask is that of the thread that was stopped last: all have the same.
func (r *running) pacMask() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pac
}

func (r *running) paths(m target.Mapping) []string {
	is := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && target.IDOf(info) == m.File
	}
	// A file that was deleted, or replaced by another of its name, is reached by its mapping alone, which takes privileges, but for the
	// program that was executed. The path of the process's own root leads to files in containers.
	deleted := strings.HasSuffix(m.Path, target.DeletedSuffix)
	if !deleted && is(m.Path) {
		return []string{m.Path}
	}
	var all []string
	if exe := r.Path("exe"); is(exe) {
		all = append(all, exe)
	}
	all = append(all, r.MappedFile(m))
	if !deleted {
		all = append(all, r.Path("root")+m.Path)
	}
	return all
}

// root returns the path of the process's "/" and what to call it, where that is another directory than the one here or other file
// systems are mounted there; "" also where only the privileged may know.
func (r *running) root() (path, name string) {
	path = r.Path("root")
	if !otherFiles(r.Path(""), "/proc/self") {
		return "", ""
	}
	return path, fmt.Sprintf("/proc/%d/root", r.PID)
}

// otherFiles reports whether the files of a process are others than those that have the same paths for another one, by their directories in /proc
// (proc_pid_root(5), proc_pid_ns(5)).
func otherFiles(process, other string) bool {
	there, err := os.Stat(filepath.Join(process, "root"))
	here, otherErr := os.Stat(filepath.Join(other, "root"))
	mounts, mountsErr := os.Readlink(filepath.Join(process, "ns/mnt"))
	own, ownErr := os.Readlink(filepath.Join(other, "ns/mnt"))
	return errors.Join(err, otherErr, mountsErr, ownErr) == nil && (!os.SameFile(here, there) || mounts != own)
}
