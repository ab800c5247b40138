// Package machine holds what the kernel does differently on each instruction set: page tables, saved registers.
package machine

import (
	"fmt"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// A Machine is the kernel's side of an instruction set.
type Machine struct {
	Arch *arch.Arch

	// NewTranslator makes the translator of the kernel's page tables from what VMCOREINFO says. Memory can't be read yet.
	NewTranslator func(info Info, physical *mem.Space) (Translator, error)

	// ImageToPhysical returns the physical address of one in the kernel's image; ok is false for other addresses.
	ImageToPhysical func(info Info, address uint64) (physical uint64, ok bool)

	// Fixed returns what tells whether an address is in the kernel's image or its mapping of all physical memory, which
	// stay where they are while the kernel runs; nil where that is unknown.
	Fixed func(info Info) func(address uint64) bool

	// InactiveFrame names the members of struct inactive_task_frame, where a switched-out task's registers lie at
	// thread.sp, and the registers they hold. SP is after the frame.
	InactiveFrame []FrameMember

	// ThreadSize is the size of a task's kernel stack in bytes when the kernel does not say.
	ThreadSize uint64

	// PageOffset is where physical memory is mapped when the kernel does not say.
	PageOffset uint64
}

// A FrameMember says which register a member of struct inactive_task_frame holds.
type FrameMember struct{ Member, Register string }

// Info is what a machine asks of VMCOREINFO.
type Info interface {
	Symbol(name string) (uint64, error)
	Number(name string) (uint64, error)
}

// NotMapped is the message of a fault at an address that page tables do not map.
const NotMapped = "address is not mapped"

// A Translator turns virtual addresses into physical ones.
type Translator interface {
	// Translate returns the physical address of a virtual one under the page table whose top level lies at the
	// physical address root (0: the kernel's own), and how many bytes from there on are mapped one after the other.
	Translate(root, address uint64) (physical, contiguous uint64, err error)

	// Next returns the first virtual address from address on that is mapped under root, or false when there is none.
	// Page tables that can't be read map nothing.
	Next(root, address uint64) (uint64, bool)
}

// For returns the kernel's side of an instruction set, or nil.
func For(a *arch.Arch) *Machine {
	for _, m := range []*Machine{x86_64} {
		if m.Arch == a {
			return m
		}
	}
	return nil
}

// Unknown returns the kernel's side of an instruction set of which nothing is known.
func Unknown(p arch.Platform) *Machine {
	return &Machine{
		Arch:            p.Arch,
		ImageToPhysical: func(Info, uint64) (uint64, bool) { return 0, false },
		NewTranslator: func(Info, *mem.Space) (Translator, error) {
			return nil, fmt.Errorf("those of %s can't be read yet", p)
		},
	}
}

// NoTranslator returns a translator for page tables that can't be found: nothing is mapped, for the reason given.
func NoTranslator(why error) Translator { return noTranslator{why.Error()} }

type noTranslator struct{ why string }

func (t noTranslator) Translate(_, address uint64) (physical, contiguous uint64, err error) {
	return 0, 0, &mem.FaultError{Message: t.why, Address: address}
}

func (noTranslator) Next(_, _ uint64) (uint64, bool) { return 0, false }
