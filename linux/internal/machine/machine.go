// Package machine holds what the kernel does differently on each instruction set: page tables, where it maps memory, where
// it saves the registers of tasks that don't run.
package machine

import (
	"errors"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// A Machine is the kernel's side of an instruction set. Functions that are nil answer "not known"; [Unknown] has none.
type Machine struct {
	Arch *arch.Arch

	// PageSizes are those that a page may have, in bytes, as the kernel was configured; nil where that is not known.
	PageSizes []uint64

	// NewTranslator makes the translator of the kernel's page tables from what VMCOREINFO says. Memory can't be read yet.
	NewTranslator func(Kernel) (Translator, error)

	// Unsaid is how what some kernels don't say in VMCOREINFO is found.
	Unsaid Unsaid

	// DirectMap returns where the kernel maps all physical memory.
	DirectMap func(Kernel, *drgn.Program) (DirectMap, error)

	// Vmemmap returns the address of the struct page of page frame 0, for kernels with CONFIG_SPARSEMEM_VMEMMAP whose
	// VMCOREINFO does not say it; nil where that is not known.
	Vmemmap func(Kernel, *drgn.Program) (uint64, error)

	// SwitchedOut returns the registers that a task, a struct task_struct *, left behind when it was switched out.
	SwitchedOut func(task drgn.Object) (*arch.Registers, error)

	// IsKernelAddress reports whether an address may be one of the kernel's.
	IsKernelAddress func(address uint64) bool

	// ImageToPhysical returns the physical address of one in the kernel's image; ok is false for other addresses. It is nil
	// where only page tables tell.
	ImageToPhysical func(k Kernel, address uint64) (physical uint64, ok bool)

	// Fixed returns what tells whether an address is in the kernel's image or its mapping of all physical memory, which
	// stay where they are while the kernel runs; nil where that is unknown.
	Fixed func(Kernel) func(address uint64) bool

	// Rows tell how code is unwound by its instructions.
	Rows Rows

	// Alias returns the address in the kernel's image of what lies at an address outside of it; ok is false if that is no part of
	// the image. It is nil on machines where no code is run at another address than that of its symbol.
	Alias func(k Kernel, p *drgn.Program, address uint64) (image uint64, ok bool)

	// TaskStart are names of the functions in which a task begins that has not run yet, of kernels of any version.
	TaskStart []string

	// CharIsSigned says that a plain char was signed before v6.2 (commit 3bc753c06dd0), as on nearly all machines but Arm's.
	CharIsSigned bool

	// ThreadSize is the size of a task's kernel stack in bytes when the kernel does not say; 0 if it is not known.
	ThreadSize uint64
}

// Unsaid finds what VMCOREINFO does not say.
type Unsaid struct {
	// FindPhysBase returns Kernel.PhysBase, by the kernel's physical memory; nil where it can't be had, or is not needed. What it means is
	// the machine's own matter.
	FindPhysBase func(k Kernel, memory []mem.Segment) (*uint64, error)

	// KASLROffset returns by how much the kernel's image lies above where it was linked; nil where VMCOREINFO says it if it is not 0.
	KASLROffset func(Kernel) (uint64, error)
}

// Rows return how code is unwound from a program counter by its instructions; nil if they do not tell.
type Rows struct {
	// All is for code of kernels without tables; nil on machines whose kernels have them, or whose instructions are not understood.
	All func(p *drgn.Program, fn Function, pc uint64) (*module.UnwindRow, error)

	// Misled says of which functions debugging information tells what is not so: assembly of which it tells nothing, and functions that go to
	// another stack by inline assembly. All is for them, too. It is nil on machines without such functions.
	Misled func(function string) bool

	// Untold is for functions that the kernel's tables leave out; nil on machines whose kernels have no tables.
	Untold func(fn Function, pc uint64) *module.UnwindRow
}

// A Kernel is what machines are told of a kernel before it has debugging information.
type Kernel struct {
	Platform  arch.Platform
	Info      Info
	Physical  *mem.Space // with its physical memory
	PageShift uint       // binary logarithm of the size of a page

	// PhysBase is x86's phys_base as a dump says it apart from VMCOREINFO or, on machines that have such a function, what FindPhysBase
	// has found; nil if neither. Mapped is what its headers say of where
	// virtual memory lies.
	PhysBase *uint64
	Mapped   []Mapped
}

// A Mapped is a range of virtual memory that lies in physical memory one address after the other.
type Mapped struct{ Virtual, Physical, Size uint64 }

// A Function is one in the kernel's memory, with the bytes from its start to its end.
type Function struct {
	Name  string
	Start uint64
	Code  []byte
	Gap   mem.Range // addresses of which the kernel's tables say nothing; the zero Range if it has no tables

	// Stopped returns the number of the CPU that was stopped at a program counter; ok is false unless it is one and no other.
	Stopped func(pc uint64) (cpu uint64, ok bool)
}

// Info is what machines ask of VMCOREINFO.
type Info interface {
	String(key string) (string, bool)
	Symbol(name string) (uint64, error)
	Number(name string) (uint64, error)
	Hex(key string) (uint64, error)
}

// A DirectMap says where all physical memory is mapped, one address after the other.
type DirectMap struct {
	Virtual  uint64 // PAGE_OFFSET
	Physical uint64 // the physical address that is mapped there; it may lie below all memory
}

// NotMapped is the message of a fault at an address that page tables do not map.
const NotMapped = "address is not mapped"

// NotCanonical is the message of a fault at an address that page tables of their number of levels can't map.
const NotCanonical = "address is not canonical"

// A Translator turns virtual addresses into physical ones.
type Translator interface {
	// Translate returns the physical address of a virtual one under the page table whose top level lies at the
	// physical address root (0: the kernel's own), and how many bytes from there on are mapped one after the other.
	Translate(root, address uint64) (physical, contiguous uint64, err error)

	// Next returns the first virtual address from address on that is mapped under root, or false when there is none.
	// Page tables that can't be read map nothing.
	Next(root, address uint64) (uint64, bool)
}

// flatVmemmap returns where the struct page of page frame 0 would lie of a kernel with CONFIG_FLATMEM: it has one array of them, which begins
// with that of the frame first.
func flatVmemmap(k Kernel, p *drgn.Program, first uint64) (uint64, error) {
	array, err := p.Variable("mem_map").Uint()
	if err != nil {
		return 0, err
	}
	t, err := p.Type("struct page")
	if err != nil {
		return 0, err
	}
	size, err := t.Size()
	return (array - first*size) & k.Platform.AddressMask(), err
}

// all are the machines whose kernels can be read.
var all = []*Machine{x86_64, aarch64, s390x, riscv64, ppc64, arm32, i386, loongarch64}

// For returns the kernel's side of an instruction set, or nil.
func For(a *arch.Arch) *Machine {
	for _, m := range all {
		if m.Arch == a {
			return m
		}
	}
	return nil
}

// Unknown returns the kernel's side of an instruction set of which nothing is known.
func Unknown(p arch.Platform) *Machine {
	problem := fmt.Errorf("those of %s can't be read", p)
	if p.Arch == arch.Unknown {
		problem = errors.New("its instruction set is not known")
	}
	return &Machine{
		Arch:          p.Arch,
		NewTranslator: func(Kernel) (Translator, error) { return nil, problem },
		DirectMap:     func(Kernel, *drgn.Program) (DirectMap, error) { return DirectMap{}, drgn.ErrNotFound },
		SwitchedOut: func(drgn.Object) (*arch.Registers, error) {
			return nil, &drgn.ValueError{Problem: fmt.Sprintf("registers of tasks that don't run are not known on %s", p)}
		},
		IsKernelAddress: func(uint64) bool { return true },
	}
}

// NoTranslator returns a translator for page tables that can't be found: nothing is mapped, for the reason given.
func NoTranslator(why error) Translator { return noTranslator{why} }

// Unmapped returns why page tables could not be found, of whose translator that is what it knows; nil of another.
func Unmapped(t Translator) error {
	none, _ := t.(noTranslator)
	return none.why
}

type noTranslator struct{ why error }

func (t noTranslator) Translate(_, address uint64) (physical, contiguous uint64, err error) {
	return 0, 0, &mem.FaultError{Message: t.why.Error(), Address: address}
}

func (noTranslator) Next(_, _ uint64) (uint64, bool) { return 0, false }
