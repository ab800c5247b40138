// Package user is processes and their core dumps as a personality: their threads, and the executable, libraries and vDSO
// that they have loaded.
package user

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// A Process is what is known of a process beyond its debugging information. It is the program's [drgn.Personality].
type Process struct {
	source source
	auxv   func() (map[uint64]uint64, error)

	mu      lock.Mutex
	modules map[*drgn.Module]found     // that LoadedModules found
	same    map[*drgn.Module]*elf.File // files of which memory has told that they are their modules'
	told    sync.Once                  // see tellUnverified
	gone    sync.Map                   // *drgn.Module to true: see Unloaded
}

// A source is where a process is: a running one, or a core.
type source interface {
	threads(p *drgn.Program) drgn.ThreadSeq
	findThread(p *drgn.Program, tid uint64) (*drgn.Thread, error)
	mainThread(p *drgn.Program) (*drgn.Thread, error)
	crashedThread(p *drgn.Program) (*drgn.Thread, error)
	// stopped returns where a thread is. Of a stack that is one of those given, no more is copied than that.
	stopped(p *drgn.Program, tid uint64, stacks []mem.Range) (drgn.Stopped, error)
	auxv(p arch.Platform) (map[uint64]uint64, error)
	// executable reports whether code may lie at an address where no file is mapped.
	executable(address uint64) bool
	// pacMask returns the bits of return addresses that a pointer authentication code takes.
	pacMask() uint64
	mappings(p arch.Platform) ([]target.Mapping, error)
	// paths returns ways to the file of a mapping, the surest first.
	paths(m target.Mapping) []string
}

func newProcess(s source, p *drgn.Program) *Process {
	return &Process{
		source:  s,
		auxv:    lock.OnceValues(func() (map[uint64]uint64, error) { return s.auxv(p.Platform()) }),
		modules: map[*drgn.Module]found{}, same: map[*drgn.Module]*elf.File{},
	}
}

// PACMask returns the bits of return addresses that a pointer authentication code takes; 0 if there is none.
func (u *Process) PACMask() uint64 { return u.source.pacMask() }

// Of returns the process that a program is, or an error if the program is not a process.
func Of(p *drgn.Program) (*Process, error) {
	if u, ok := p.Personality().(*Process); ok {
		return u, nil
	}
	return nil, &drgn.ValueError{Problem: "program is not a process"}
}

// Threads walks the process's threads in the order of their IDs.
func (u *Process) Threads(p *drgn.Program) drgn.ThreadSeq { return u.source.threads(p) }

// FindThread returns the thread of an ID.
func (u *Process) FindThread(p *drgn.Program, tid uint64) (*drgn.Thread, error) {
	return u.source.findThread(p, tid)
}

// MainThread returns the thread that main runs in.
func (u *Process) MainThread(p *drgn.Program) (*drgn.Thread, error) { return u.source.mainThread(p) }

// CrashedThread returns the thread that got the signal for which the core was dumped.
func (u *Process) CrashedThread(p *drgn.Program) (*drgn.Thread, error) {
	return u.source.crashedThread(p)
}

// Stopped returns where a thread was when the core was dumped, or is now: it is stopped for that unless [Process.Stop] has done so.
func (u *Process) Stopped(p *drgn.Program, t *drgn.Thread) (drgn.Stopped, error) {
	if t.Object.Err() == nil {
		return u.stoppedGoroutine(p, t.Object)
	}
	return u.stoppedThread(p, t.TID)
}

// InUserMode returns true.
func (u *Process) InUserMode() bool { return true }

// Executable implements [drgn.ExecutableMemory].
func (u *Process) Executable(address uint64) bool { return u.source.executable(address) }

func noThread(tid uint64) error {
	return &drgn.ThreadNotFoundError{ID: tid}
}

// newThread makes a thread; processes have no object for it.
func newThread(p *drgn.Program, tid uint64, name string) *drgn.Thread {
	return &drgn.Thread{Prog: p, TID: tid, Name: name,
		Object: drgn.Failed(&drgn.UnsupportedError{Problem: "thread object is currently only defined for the Linux kernel"})}
}

// ---- Cores

type core struct {
	*target.Core
	list []coreThread // in the order of their IDs
	main uint32       // ID of the main thread, if ok
	ok   bool

	crashed uint64 // if known
	known   bool
	lost    error  // of notes, which may be those of threads that are not in the list
	pac     uint64 // mask of pointer authentication codes
	badPAC  error  // the note that has it makes no sense
}

type coreThread struct {
	tid    uint64
	name   string
	status []byte        // NT_PRSTATUS
	notes  []target.Note // all that follow it, up to the next thread's
}

// note returns the contents of the thread's first note of an owner and a type, which isn't 0; ok is false if there is none.
func (t *coreThread) note(owner string, typ uint32) (desc []byte, ok bool) {
	i := slices.IndexFunc(t.notes, func(n target.Note) bool { return n.Name == owner && n.Type == typ && typ != 0 })
	if i < 0 {
		return nil, false
	}
	return t.notes[i].Desc, true
}

// SetupCore makes a program that of the core dump of a process; path is what the dump is called.
func SetupCore(p *drgn.Program, file *target.Core, path string, platform arch.Platform) error {
	if err := p.CheckUnopened(); err != nil {
		return err
	}
	if p.Platform().Known() {
		platform = p.Platform()
	}
	c := newCore(file, platform)
	u := newProcess(c, p)
	mappings, _ := c.mappings(platform) // who asks for modules is told of an error
	memory, err := withFiles(file.Virtual, mappings, u, p)
	if err != nil {
		return err
	}
	return p.Setup(drgn.Setup{Platform: platform, CoreDumpPath: path, Personality: u, Memory: append(memory, file.Physical...), Close: file.Closer()})
}

// notes returns a core without its memory, which would keep the file mapped.
func notes(file *target.Core) *target.Core {
	c := *file
	c.Virtual, c.Physical = nil, nil
	return &c
}

func newCore(file *target.Core, platform arch.Platform) *core {
	c := &core{Core: notes(file)}
	if typ := platform.Arch.PAC.Note; typ != 0 {
		for desc := range file.Descs("LINUX", typ) { // each thread has one; all say the same
			c.pac, c.badPAC = platform.ParsePACMask(desc)
			break
		}
	}
	for desc := range file.Descs("CORE", target.NT_PRPSINFO) {
		info, err := target.ParsePsInfo(desc, file.Is64, file.Big)
		if err != nil {
			c.lost = c.bad("NT_PRPSINFO is truncated: " + err.Error())
			break
		}
		c.main, c.ok = info.PID, true
		defer c.nameMain(info)
		break
	}
	first := true
	for i, n := range file.Notes {
		if n.Name != "CORE" || n.Type != target.NT_PRSTATUS {
			continue
		}
		pid, err := platform.PrStatusPID(n.Desc)
		if err != nil {
			c.lost, first = c.bad("NT_PRSTATUS is truncated: "+err.Error()), false
			continue
		}
		tid := uint64(uint32(pid))
		if first {
			c.crashed, c.known, first = tid, true, false // the kernel and gdb write it first
		}
		own := file.Notes[i+1:]
		if next := slices.IndexFunc(own, func(n target.Note) bool { return n.Name == "CORE" && n.Type == target.NT_PRSTATUS }); next >= 0 {
			own = own[:next]
		}
		c.list = append(c.list, coreThread{tid: tid, status: n.Desc, notes: own})
	}
	if err := file.LostNotes(); err != nil {
		c.lost = err
	}
	slices.SortStableFunc(c.list, func(a, b coreThread) int { return int(int64(a.tid) - int64(b.tid)) })
	return c
}

// bad returns the error of a note that makes no sense.
func (c *core) bad(problem string) error {
	return &bin.DecodeError{Section: c.Path, Problem: problem}
}

// missing returns an error about what is not in the core, unless it may be among what is lost.
func (c *core) missing(err error) error {
	if c.lost != nil {
		return c.lost
	}
	return err
}

func (c *core) nameMain(info target.PsInfo) {
	for i := range c.list {
		if c.list[i].tid == uint64(info.PID) {
			c.list[i].name = info.Comm
		}
	}
}

func (c *core) find(tid uint64) (*coreThread, bool) {
	i, ok := slices.BinarySearchFunc(c.list, tid, func(t coreThread, tid uint64) int { return int(int64(t.tid) - int64(tid)) })
	if !ok || tid > 1<<32 {
		return nil, false
	}
	return &c.list[i], true
}

func (c *core) threads(p *drgn.Program) drgn.ThreadSeq {
	return func(yield func(*drgn.Thread, error) bool) {
		for i, t := range c.list {
			if i > 0 && c.list[i-1].tid == t.tid {
				continue // a core that says it twice
			}
			if !yield(newThread(p, t.tid, t.name), nil) {
				return
			}
		}
		if c.lost != nil {
			yield(nil, c.lost)
		}
	}
}

func (c *core) findThread(p *drgn.Program, tid uint64) (*drgn.Thread, error) {
	if t, ok := c.find(tid); ok {
		return newThread(p, tid, t.name), nil
	}
	return nil, c.missing(noThread(tid))
}

func (c *core) mainThread(p *drgn.Program) (*drgn.Thread, error) {
	if c.ok {
		if t, ok := c.find(uint64(c.main)); ok {
			return newThread(p, t.tid, t.name), nil
		}
	}
	return nil, c.missing(&drgn.ThreadNotFoundError{Role: "main"})
}

func (c *core) crashedThread(p *drgn.Program) (*drgn.Thread, error) {
	if !c.known {
		return nil, c.missing(&drgn.ThreadNotFoundError{Role: "crashed"})
	}
	return c.findThread(p, c.crashed)
}

func (c *core) stopped(p *drgn.Program, tid uint64, _ []mem.Range) (s drgn.Stopped, err error) {
	t, ok := c.find(tid)
	if !ok {
		return s, c.missing(noThread(tid))
	}
	if c.badPAC != nil {
		return s, fmt.Errorf("thread %d: %w", tid, c.badPAC)
	}
	regs := &arch.Registers{}
	if _, err := p.Platform().ParsePrStatus(t.status, regs); err != nil {
		return s, fmt.Errorf("thread %d: %w", tid, err)
	}
	if desc, ok := t.note("LINUX", p.Platform().Arch.TLS.Note); ok {
		if err := p.Platform().ParseThreadPointer(desc, regs); err != nil {
			return s, fmt.Errorf("thread %d: %w", tid, err)
		}
	}
	s = drgn.Stopped{Registers: regs, Interrupted: true}
	for _, set := range p.Platform().WideSets() {
		desc, ok := t.note(set.Owner, set.Type)
		if !ok {
			continue
		}
		if s.Wide, err = set.Parse(p.Platform(), desc); err != nil {
			return s, fmt.Errorf("thread %d: %w", tid, err)
		}
		break
	}
	return s, nil
}

func (c *core) pacMask() uint64 { return c.pac }

func (c *core) auxv(p arch.Platform) (map[uint64]uint64, error) {
	for desc := range c.Descs("CORE", target.NT_AUXV) {
		return target.ParseAuxv(desc, c.Is64, c.Big), nil
	}
	if err := c.LostNotes(); err != nil {
		return nil, err
	}
	return nil, c.bad("core file is missing NT_AUXV")
}

func (c *core) mappings(arch.Platform) ([]target.Mapping, error) {
	for desc := range c.Descs("CORE", target.NT_FILE) {
		ms, err := target.ParseFiles(desc, c.Is64, c.Big)
		if err != nil {
			return nil, fmt.Errorf("couldn't parse NT_FILE: %w", err)
		}
		return ms, nil
	}
	return nil, c.LostNotes()
}

func (c *core) executable(address uint64) bool {
	if !c.Executable(address) {
		return false
	}
	files, err := c.mappings(arch.Platform{})
	return err == nil && !slices.ContainsFunc(files, func(m target.Mapping) bool { return m.Start <= address && address < m.End })
}

func (c *core) paths(m target.Mapping) []string {
	if path, ok := strings.CutSuffix(m.Path, target.DeletedSuffix); ok {
		return []string{m.Path, path} // the same file may be there again
	}
	return []string{m.Path}
}
