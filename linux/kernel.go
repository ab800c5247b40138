// Package linux is the Linux kernel as a program: what its dumps say of themselves, how its addresses are laid out, its
// modules and tasks. The packages below it hold the helpers for its data structures, one for each of drgn's modules.
package linux

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/mem"
	modules "github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/types"
)

// A Kernel is what is known of a kernel beyond its debugging information. It is the program's [drgn.Personality].
type Kernel struct {
	prog       *drgn.Program
	info       *VMCOREINFO
	machine    *machine.Machine
	translator machine.Translator
	cpus       func() (*cpuNotes, error) // nil when they can't be had
	pac        uint64

	ownSymbols lock.First[*kallsyms.Own] // see own
	found      sync.Map                  // *drgn.Module to *loadedModule or *listedModule: what a running kernel's module was when it was found

	physBase *uint64          // see Memory
	mapped   []machine.Mapped // see Memory
	proc     string           // directory in which the running kernel has its proc file system, or ""
	sys      string           // that of its sysfs, or ""
	idSaid   bool             // VMCOREINFO itself says the build ID
}

// A Memory is what [New] makes a kernel of.
type Memory struct {
	Platform   arch.Platform
	VMCOREINFO []byte
	Physical   []mem.Segment
	Virtual    []mem.Segment // what is mapped by the file itself: /proc/kcore
	PrStatus   [][]byte      // NT_PRSTATUS notes, one for each CPU that was saved
	Notes      Notes         // how these notes are to be read
	Path       string
	Live       bool
	Local      bool

	// CPUs returns NT_PRSTATUS notes as they are now, one for each CPU of a live kernel, or a *drgn.UnsupportedError while the
	// CPUs run; nil where they can't be had.
	CPUs func() ([][]byte, error)

	// Custom says that memory may be added later: what there is of it can't be held against VMCOREINFO.
	Custom bool

	// Close closes the target when the program is closed; may be nil.
	Close func() error

	// PhysBase is x86's phys_base where VMCOREINFO does not say it (before v4.10), or nil. Mapped are the ranges of virtual
	// memory whose physical addresses the dump's headers say: phys_base follows from that of the kernel's image.
	PhysBase *uint64
	Mapped   []Mapped

	// BuildID is that of the kernel when VMCOREINFO does not say it (before v5.9).
	BuildID []byte
}

// A Mapped is a range of virtual memory that lies in physical memory one address after the other; Size is in bytes.
type Mapped struct{ Virtual, Physical, Size uint64 }

// Notes says how NT_PRSTATUS notes are to be read.
type Notes struct {
	Hypervisor bool             // they are a hypervisor's, whose PIDs are numbers of CPUs, counted from 1
	Order      binary.ByteOrder // of their numbers; nil if it is the kernel's: QEMU writes those of little-endian Power in the other one
}

// Setup makes a program that of a kernel, with its memory. A program that it fails for is still what it was. A kernel whose page tables can't
// be found is one all the same: see [Kernel.Unmapped].
func Setup(p *drgn.Program, m Memory) (*Kernel, error) {
	if err := p.CheckUnopened(); err != nil {
		return nil, err
	}
	if p.Platform().Known() {
		m.Platform = p.Platform()
	}
	if info := GivenVMCOREINFO(p); info != nil {
		m.VMCOREINFO = info
	}
	k := &Kernel{prog: p, info: ParseVMCOREINFO(m.VMCOREINFO), machine: machine.For(m.Platform.Arch), physBase: m.PhysBase}
	if m.Local {
		k.proc, k.sys = "/proc", "/sys"
	}
	for _, r := range m.Mapped {
		k.mapped = append(k.mapped, machine.Mapped(r))
	}
	if k.idSaid = k.info.BuildID() != nil; !k.idSaid && m.BuildID != nil {
		k.info.SetBuildID(m.BuildID)
	}
	if err := k.info.CheckValues(); err != nil {
		return nil, err
	}
	if err := checkPageSize(k.info, k.machine); err != nil {
		return nil, err
	}
	if err := k.readPACMask(m.Platform); err != nil {
		return nil, err
	}
	flags := drgn.IsLinuxKernel
	if m.Live {
		flags |= drgn.IsLive
	}
	if m.Local {
		flags |= drgn.IsLocal
	}
	if k.machine == nil {
		k.machine = machine.Unknown(m.Platform)
	}
	err := k.findPhysBase(m)
	if err == nil {
		k.translator, err = k.machine.NewTranslator(k.facts(m.Platform, p.Memory()))
	}
	if err != nil {
		k.translator = machine.NoTranslator(fmt.Errorf("cannot find the kernel's page tables: %w", err))
	}
	if !m.Custom && err == nil { // whose memory may be added later
		_, uname, err := k.verify(m)
		if err != nil {
			return nil, err
		}
		if told := m.Platform.WithByteOrderOf(uname); told != m.Platform && !p.Platform().Known() {
			m.Platform = told // the headers of the dump have another byte order
			if k.translator, err = k.machine.NewTranslator(k.facts(told, p.Memory())); err != nil {
				return nil, err
			}
		}
	}
	k.addCPUs(m)
	err = p.Setup(drgn.Setup{
		Platform: m.Platform, Flags: flags, CoreDumpPath: m.Path, Personality: k,
		Memory: slices.Concat(m.Physical, k.virtual(m)), Objects: k.findObject, ObjectsName: "linux",
		Close: m.Close,
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Of returns the kernel that a program is, or an error if the program is not a kernel.
func Of(p *drgn.Program) (*Kernel, error) {
	if k, ok := p.Personality().(*Kernel); ok {
		return k, nil
	}
	return nil, &drgn.ValueError{Problem: "program is not the Linux kernel"}
}

// Info returns what the kernel says of itself.
func (k *Kernel) Info() *VMCOREINFO { return k.info }

// Unmapped says why the kernel's page tables can't be found, or is nil. Without them, only memory can be read whose addresses the headers
// of the dump say.
func (k *Kernel) Unmapped() error { return machine.Unmapped(k.translator) }

// KASLROffset returns by how much the kernel image lies above the addresses it was linked for.
func (k *Kernel) KASLROffset() uint64 {
	off, err := k.info.Hex("KERNELOFFSET")
	if err != nil && k.machine.Unsaid.KASLROffset != nil {
		off, err = k.machine.Unsaid.KASLROffset(k.facts(arch.Platform{}, nil))
	}
	if err != nil {
		return 0 // there is none: the kernel does not move itself
	}
	return off
}

// Release returns the kernel's release: "6.12.43-cloud-amd64".
func (k *Kernel) Release() string {
	r, _ := k.info.String("OSRELEASE")
	return r
}

// KernelRelease is Release, for those who ask a personality whether the program is a kernel.
func (k *Kernel) KernelRelease() (release string, ok bool) { return k.Release(), true }

// Language returns C, whatever language the function main of a module is in.
func (k *Kernel) Language() *c.Language { return c.C }

// Translate returns the physical address of a virtual one under the page table whose top level lies at the physical
// address root; 0 is the kernel's own.
func (k *Kernel) Translate(root, address uint64) (uint64, error) {
	physical, _, err := k.translator.Translate(root, address)
	return physical, err
}

// ImageToPhysical returns the physical address of one in the kernel's image; ok is false for other addresses.
func (k *Kernel) ImageToPhysical(address uint64) (uint64, bool) {
	if k.machine.ImageToPhysical == nil {
		return 0, false
	}
	return k.machine.ImageToPhysical(k.facts(k.prog.Platform(), k.prog.Memory()), address)
}

// facts returns what the kernel's machine is told of it, with the space in which its physical memory is.
func (k *Kernel) facts(p arch.Platform, physical *mem.Space) machine.Kernel {
	return machine.Kernel{Platform: p, Info: k.info, Physical: physical, PageShift: k.PageShift(), PhysBase: k.physBase, Mapped: k.mapped}
}

// DirectMap returns where all physical memory is mapped: the virtual address of the physical one.
func (k *Kernel) DirectMap() (virtual, physical uint64, err error) {
	m, err := k.machine.DirectMap(k.facts(k.prog.Platform(), k.prog.Memory()), k.prog)
	return m.Virtual, m.Physical, err
}

// IsKernelAddress reports whether an address may be one of the kernel's; where processes have the same ones, any may be.
func (k *Kernel) IsKernelAddress(address uint64) bool { return k.machine.IsKernelAddress(address) }

// PACMask returns the bits of return addresses that a pointer authentication code takes; 0 if there is none.
func (k *Kernel) PACMask() uint64 { return k.pac }

// readPACMask reads the mask, which kernels without CONFIG_ARM64_PTR_AUTH_KERNEL don't say.
func (k *Kernel) readPACMask(p arch.Platform) (err error) {
	if p.Arch == nil || p.Arch.PAC.VMCOREINFO == "" {
		return nil
	}
	if _, ok := k.info.String(p.Arch.PAC.VMCOREINFO); ok {
		k.pac, err = k.info.Hex(p.Arch.PAC.VMCOREINFO)
	}
	return err
}

// Threads walks the kernel's tasks in the order of their PIDs.
func (k *Kernel) Threads(p *drgn.Program) drgn.ThreadSeq {
	return func(yield func(*drgn.Thread, error) bool) {
		for task, err := range pid.ForEachTask(p, false) {
			var t *drgn.Thread
			if err == nil {
				t, err = threadOf(task)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

func threadOf(task drgn.Object) (*drgn.Thread, error) {
	var t struct {
		PID  int32  `drgn:"pid"`
		Comm string `drgn:"comm"`
	}
	if err := task.Decode(&t); err != nil {
		return nil, err
	}
	return &drgn.Thread{TID: uint64(uint32(t.PID)), Name: t.Comm, Object: task}, nil
}

// FindThread returns the task of a PID in the initial namespace.
func (k *Kernel) FindThread(p *drgn.Program, tid uint64) (*drgn.Thread, error) {
	task := pid.FindTask(p, tid)
	null, err := task.IsNull()
	if err != nil {
		return nil, err
	}
	if null {
		return nil, &drgn.ThreadNotFoundError{ID: tid}
	}
	return threadOf(task)
}

// MainThread is not defined for a kernel.
func (k *Kernel) MainThread(*drgn.Program) (*drgn.Thread, error) {
	return nil, &drgn.UnsupportedError{Problem: "main thread is not defined for the Linux kernel"}
}

// CrashedThread returns the task that brought the kernel down; of one that has not crashed, a *ThreadNotFoundError.
func (k *Kernel) CrashedThread(p *drgn.Program) (*drgn.Thread, error) {
	// panic_cpu is PANIC_CPU_INVALID (-1) where nothing panicked. crashing_cpu (x86, arm64, …) is set by crash_kexec.
	notCrashed := &drgn.ThreadNotFoundError{Role: "crashed"}
	cpu, err := p.Variable("panic_cpu").Member("counter").Int()
	if err == nil {
		notCrashed.Reason = "panic_cpu is not set"
	}
	if drgn.IsNotFound(err) || err == nil && cpu < 0 {
		cpu, err = p.Variable("crashing_cpu").Int()
	}
	if err != nil && !drgn.IsNotFound(err) {
		return nil, err
	}
	if err != nil || cpu < 0 {
		return nil, notCrashed
	}
	return threadOf(sched.CPUCurr(p, uint64(cpu)))
}

// ThreadOf returns the thread of a struct task_struct *; nil for other objects.
func (k *Kernel) ThreadOf(o drgn.Object) *drgn.Thread {
	t := o.Type().Underlying()
	if t.Kind() != types.Pointer {
		return nil
	}
	if t = t.Elem().Underlying(); t.Kind() != types.Struct || t.Tag() != "task_struct" {
		return nil
	}
	return &drgn.Thread{Object: o}
}

// InUserMode returns false: the kernel's stacks end where user mode begins.
func (k *Kernel) InUserMode() bool { return false }

// Stopped returns where a task's stack trace starts: where its CPU was stopped or, for a task that does not run, where it was switched out.
func (k *Kernel) Stopped(p *drgn.Program, t *drgn.Thread) (s drgn.Stopped, err error) {
	s.Registers, s.Interrupted, err = k.registers(p, t)
	return s, err
}

func (k *Kernel) registers(p *drgn.Program, t *drgn.Thread) (regs *arch.Registers, interrupted bool, err error) {
	task := t.Object
	running, err := sched.TaskOnCPU(task)
	if err != nil {
		return nil, false, err
	}
	if running {
		if k.cpus == nil {
			return nil, false, &drgn.UnsupportedError{Problem: "cannot unwind stack of running task"}
		}
		cpu, err := sched.TaskCPU(task)
		if err != nil {
			return nil, false, err
		}
		cpus, err := k.cpus()
		if err != nil {
			return nil, false, err
		}
		regs, err := cpus.of(cpu)
		return regs, err == nil, err
	}
	regs, err = k.machine.SwitchedOut(task)
	// A task that is dead gives its stack back when it was switched out for the last time (put_task_stack() in
	// finish_task_switch(), kernel/sched/core.c). What it left there stays until somebody else uses the memory.
	gone, e := task.Member("stack").IsNull()
	if e != nil {
		return nil, false, e
	}
	if gone {
		if exited, e := task.Member("exit_state").Bool(); e != nil {
			return nil, false, e
		} else if !exited {
			return nil, false, &drgn.ValueError{Problem: "this is not a task: it has no stack, and has not exited"}
		}
		if err != nil {
			regs = nil
		}
		err = &drgn.NoStackError{Reason: "the task has exited, its stack was freed"}
	}
	if err != nil {
		return regs, false, err
	}
	// One that has not run yet is at the start of a function, which nothing before it has called.
	starts, err := drgn.Memo(k.prog, taskStartKey{}, k.taskStarts)
	pc, known := regs.Get(p.Platform().Arch.PC)
	return regs, known && slices.Contains(starts, pc), err
}

type taskStartKey struct{}

// taskStarts returns where tasks begin that have not run yet, as far as it is known.
func (k *Kernel) taskStarts() (starts []uint64, err error) {
	for _, name := range k.machine.TaskStart {
		s, err := k.imageSymbol(name)
		if err == nil {
			starts = append(starts, s.Address)
		} else if !drgn.IsNotFound(err) {
			return nil, err
		}
	}
	return starts, nil
}

var _ interface {
	drgn.Personality
	drgn.ModuleLoader
	drgn.Stacks
	drgn.SourceLanguage
	drgn.Identifier
	drgn.KernelCode
	modules.Keeper
} = (*Kernel)(nil)
