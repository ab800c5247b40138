// Package arch describes instruction sets as values: their registers, byte order, unwinding conventions, and the
// layouts in which the Linux kernel saves their registers.
//
// Nothing outside this package (and linux/internal) asks for an architecture by name; it asks the [Arch] for the fact.
// A new architecture is one more file here and one more line in [All].
package arch

import (
	"slices"
	"strings"
)

// MaxRegisters bounds the number of slots of a [Registers] file; every architecture fits.
const MaxRegisters = 64

// An Arch is an instruction set. There is one value per instruction set, compared by address.
type Arch struct {
	// Name is the name of the instruction set as in drgn's Architecture enumeration, for example "X86_64".
	Name string
	// DefaultFlags are the word size and byte order which the instruction set usually has.
	DefaultFlags Flags
	// Machines are the ELF machine numbers (e_machine) of the instruction set.
	Machines []uint16
	// Names is what others call it.
	Names Names
	// Relocations are the relocations of data in its object files.
	Relocations Relocations
	// Registers are the registers that have names, in the order that users see. A register's index in this list is
	// its number everywhere in this program; DWARF's own numbers are translated by [Arch.FromDWARF].
	Registers []Register

	// PC is the number of the program counter. It is len(Registers) where users don't see the program counter among
	// the registers.
	PC int
	// SP is the number of the stack pointer, or -1.
	SP int
	// ReturnAddress is the number of the register that holds the return address in call frame information that does
	// not say (DWARF's return address column), or -1.
	ReturnAddress int
	// FramePointer says how a chain of saved frame pointers is walked. Its Register is -1 where there is no such chain.
	FramePointer FramePointer
	// BackChain says how a chain of saved stack pointers is walked that kernels keep. Its ReturnAddress is 0 where they keep none.
	BackChain BackChain

	// SignalFrames are what handlers of signals return to that call frame information does not tell of.
	SignalFrames []SignalFrame
	// InjectedCall is how many bytes Go's runtime takes from the stack of what a signal has interrupted, to make it look as if that had
	// called a function (runtime/signal_*.go, pushCall): the lowest word of them has what was in the register that the return address is in.
	// It is 0 where a call puts the return address on the stack, and where it isn't known.
	InjectedCall uint8
	// CodeBits are bits of the addresses of functions and of return addresses that are no part of where the code lies.
	CodeBits uint64

	// UserMode tells code of processes from that of the kernel.
	UserMode Status
	// InterruptsOff tells where the processor takes no interrupts. It is zero where kernels only note that they don't want any.
	InterruptsOff Status

	// KernelStart is the lowest address that may be the kernel's; 0 where addresses do not tell, or it is not known.
	KernelStart uint64

	// PrStatus is the layout of the ELF note NT_PRSTATUS.
	PrStatus Layout
	// PtRegs is the layout of the kernel's struct pt_regs. It is empty where the layout isn't known.
	PtRegs Layout

	// Alignments are the alignments in bytes of numbers and pointers by the greatest power of two in their size: of 1, 2, 4, 8
	// and 16 bytes and more. They are 0 where they are not known.
	Alignments [5]uint8

	// LongDouble is how many bits the significand of C's long double has on Linux; 0 where that isn't known, or differs.
	LongDouble int

	// Declets says that the digits of decimal floating-point numbers are packed by threes (IEEE 754-2008, section 3.5.2), not a binary integer.
	Declets bool

	// SignedChar says that C's char is signed, unless a compiler is told otherwise.
	SignedChar bool

	// ORC is the layout of the ORC unwind tables that kernels carry.
	ORC ORC
	// PAC says where the bits of return addresses that a pointer authentication code takes are told. It is zero where
	// addresses carry no code.
	PAC PAC

	// TLS is how threads of processes find their variables. It is zero where that isn't known.
	TLS TLS

	dwarf []int8 // DWARF number → register number, or -1
}

// Names is what others call an instruction set. A field is empty where they don't have it.
type Names struct {
	// Uname are the beginnings of the machine that uname(2) tells. Of several that fit, the longest holds.
	Uname []string
	// Little and Big are the machines that uname(2) tells of kernels of these byte orders, where it tells the byte order.
	Little, Big []string
	// QEMU is QEMU's name of the machine with the default byte order (query-target).
	QEMU string
	// GOARCH are Go's names.
	GOARCH []string
	// VMCOREINFO is a key of VMCOREINFO that only kernels for it write, where there is one.
	VMCOREINFO string
}

// ORC is a layout of the kernel's ORC unwind tables.
type ORC uint8

const (
	// NoORC means that kernels carry no ORC tables.
	NoORC ORC = iota
	// ORCx86 is the layout of arch/x86/include/asm/orc_types.h.
	ORCx86
	// ORCLoongArch is the layout of arch/loongarch/include/asm/orc_types.h.
	ORCLoongArch
)

// PAC says which description of a process or kernel tells the bits that pointer authentication codes take; [StripPAC]
// removes them.
type PAC struct {
	// Note is the type of the note "LINUX" in a process's core ([Platform.ParsePACMask]).
	Note uint32
	// VMCOREINFO is the key in a kernel's VMCOREINFO.
	VMCOREINFO string
}

// A Register is a register as users see it.
type Register struct {
	// Names are the names of the register; the first is the preferred one.
	Names []string
	// DWARF is the number that DWARF gives the register, or -1.
	DWARF int
	// Initial is what a caller's register is where call frame information says nothing about it.
	Initial InitialRule
}

// An InitialRule says what is known of a caller's register when its call frame information is silent; the ABI of the
// architecture tells.
type InitialRule uint8

const (
	// Undefined means that the callee may have overwritten the register.
	Undefined InitialRule = iota
	// SameValue means that the callee must preserve the register.
	SameValue
	// CFA means that the register, which is the stack pointer, was where the canonical frame address says: there or, if there is
	// a back chain, below it.
	CFA
)

// A FramePointer describes the frame record that a function which keeps a frame pointer has on its stack. Offsets are
// in bytes from the frame pointer.
type FramePointer struct {
	Register      int   // number of the frame pointer, or -1
	Saved         int64 // where the caller's frame pointer is saved
	ReturnAddress int64 // where the return address is saved
	CFA           int64 // the caller's stack pointer, if HasCFA
	HasCFA        bool  // whether the frame record tells the caller's stack pointer
}

// A BackChain describes what a function that has called another keeps on its stack. Offsets are in bytes.
type BackChain struct {
	Saved         int64 // where the caller's stack pointer is saved, from the function's stack pointer
	ReturnAddress int64 // where the address is saved that the function returns to, from the caller's stack pointer
	CFA           int64 // the canonical frame address, from the caller's stack pointer

	// Own says that on another stack, to which a function goes for a call, it is chained to that function's own frame. Otherwise it
	// is chained to its caller's.
	Own bool

	// Interruptions are the ways in which kernels mark a frame that has the registers of what was interrupted.
	Interruptions []Interruption
}

// An Interruption is a frame that an exception, an interrupt or a system call makes. Offsets are in bytes from the stack pointer.
type Interruption struct {
	Mark   int64    // where the word lies that marks it
	Values []uint64 // one of which that word is
	PtRegs int64    // where a struct pt_regs lies, see [Arch.PtRegs]
}

// A Status says how a status register tells a state of the processor, such as that it runs a process, not the kernel. The zero Status
// never knows.
type Status struct {
	Register int    // number
	Mask     uint64 // bits that tell; 0 if nothing is known
	Value    uint64 // what they are in that state
}

// Of says whether the processor was in that state, by its registers; known is false if they don't tell.
func (s Status) Of(r *Registers) (is, known bool) { return s.In(r.Get) }

// In is Of with a function that returns registers by their numbers.
func (s Status) In(get func(register int) (value uint64, known bool)) (is, known bool) {
	if s.Mask == 0 {
		return false, false
	}
	v, known := get(s.Register)
	return known && v&s.Mask == s.Value, known
}

// All lists all known architectures; [Unknown] is not among them.
var All = []*Arch{X86_64, I386, AArch64, ARM, PPC64, RISCV64, RISCV32, S390X, S390, LoongArch64}

// Unknown is an instruction set that this program does not support.
var Unknown = define(Arch{Name: "UNKNOWN", PC: -1, SP: -1, ReturnAddress: -1, FramePointer: noFramePointer})

var noFramePointer = FramePointer{Register: -1}

// ByName returns the architecture with a name of drgn's Architecture enumeration ("UNKNOWN" included), or nil.
func ByName(name string) *Arch {
	if name == Unknown.Name {
		return Unknown
	}
	return find(func(a *Arch) bool { return a.Name == name })
}

// ByUname returns the architecture of a machine as uname(2) names it, for example "armv7l", or nil.
func ByUname(machine string) *Arch {
	var best *Arch
	longest := 0
	for _, a := range All {
		for _, prefix := range a.Names.Uname {
			if len(prefix) > longest && strings.HasPrefix(machine, prefix) {
				best, longest = a, len(prefix)
			}
		}
	}
	return best
}

// ByQEMU returns the architecture that QEMU calls so, or nil.
func ByQEMU(name string) *Arch {
	return find(func(a *Arch) bool { return a.Names.QEMU != "" && a.Names.QEMU == name })
}

// ByVMCOREINFO returns the architecture whose kernels alone write a key that has says VMCOREINFO has, or nil.
func ByVMCOREINFO(has func(key string) bool) *Arch {
	return find(func(a *Arch) bool { return a.Names.VMCOREINFO != "" && has(a.Names.VMCOREINFO) })
}

func find(fits func(*Arch) bool) *Arch {
	if i := slices.IndexFunc(All, fits); i >= 0 {
		return All[i]
	}
	return nil
}

// String returns the architecture's name.
func (a *Arch) String() string { return a.Name }

// Register returns the number of the register with the given name.
func (a *Arch) Register(name string) (int, bool) {
	for i := range a.Registers {
		if slices.Contains(a.Registers[i].Names, name) {
			return i, true
		}
	}
	return 0, false
}

// FromDWARF translates DWARF's number of a register; ok is false for one that this package doesn't track (for
// example, vector registers).
func (a *Arch) FromDWARF(number uint64) (register int, ok bool) {
	if number >= uint64(len(a.dwarf)) || a.dwarf[number] < 0 {
		return 0, false
	}
	return int(a.dwarf[number]), true
}

// Slots returns the number of slots of a register file: the registers, and the program counter, the status register and the thread
// pointer where they are not among them.
func (a *Arch) Slots() int {
	n := max(len(a.Registers), a.PC+1, a.UserMode.Register+1)
	for _, register := range a.TLS.Pointer {
		n = max(n, register+1)
	}
	return n
}

// define fills in what is computed from the rest of a description.
func define(a Arch) *Arch {
	top := -1
	for _, r := range a.Registers {
		top = max(top, r.DWARF)
	}
	a.dwarf = make([]int8, top+1)
	for i := range a.dwarf {
		a.dwarf[i] = -1
	}
	for i, r := range a.Registers {
		if r.DWARF >= 0 {
			a.dwarf[r.DWARF] = int8(i)
		}
	}
	return &a
}

// reg describes one register.
func reg(dwarf int, initial InitialRule, names ...string) Register {
	return Register{Names: names, DWARF: dwarf, Initial: initial}
}
