// Package cfi reads call frame information (.debug_frame and .eh_frame) and says, for a program counter, how the
// registers of the caller are recovered.
//
// See DWARF 5, section 6.4; the Linux Standard Base Core Specification, section 10.6; and, for the vendor's
// instructions, the ABI supplements named next to them.
package cfi

import "github.com/godrgn/drgn/arch"

// A Kind is a way to compute an address or a register's value.
type Kind uint8

const (
	// Undefined means that nothing is known.
	Undefined Kind = iota
	// RegisterPlus is the value of Register plus Offset.
	RegisterPlus
	// RegisterAt is the word in memory at the value of Register, with Offset added to that word.
	RegisterAt
	// RegisterPlusAt is the word in memory at the value of Register plus Offset.
	RegisterPlusAt
	// CFAPlus is the canonical frame address plus Offset.
	CFAPlus
	// CFAPlusAt is the word in memory at the canonical frame address plus Offset.
	CFAPlusAt
	// Expression is the result of a DWARF expression.
	Expression
	// ExpressionAt is the word in memory at the result of a DWARF expression.
	ExpressionAt
)

// A Rule computes an address or a register's value from the registers of a frame.
type Rule struct {
	Kind     Kind
	Register uint8 // number in the architecture's list
	Size     uint8 // bytes to read from memory; 0 means an address
	Offset   int64
	Expr     []byte // DWARF expression
}

// A RegisterRule says how a register of the caller is recovered.
type RegisterRule struct {
	Register uint8 // number in the architecture's list
	Rule     Rule
}

// A Row says how to recover the caller's registers from a frame's whose program counter lies within a range of
// addresses. It is immutable. A register that is neither in Same nor in Rules is unknown in the caller.
type Row struct {
	// Start and End bound the program counters for which the row holds; End is the first after them.
	Start, End uint64
	// CFA computes the canonical frame address.
	CFA Rule
	// Same is the set of registers which have the same value in the caller, bit i for register i.
	Same uint64
	// Rules recover other registers.
	Rules []RegisterRule
	// ReturnAddress is the register of the caller that holds the program counter to continue at, or -1.
	ReturnAddress int
	// Signal means that the caller did not call: it was interrupted, and its program counter is the address of the
	// instruction it will execute next.
	Signal bool
	// Landing means that the row is of an address that nothing called from: it was put where a return address belongs.
	Landing bool
	// Injected means that the code was made to look as if the caller had called it: that was interrupted, as with Signal, but nothing returns to
	// this code in such a way.
	Injected bool
	// Pushed is how many bytes on top of the stack of what was interrupted are not its: their lowest word has its ReturnAddress. See
	// [arch.Arch.InjectedCall].
	Pushed uint8
	// Outermost means that there is no caller.
	Outermost bool
	// Between says why it is not known what was interrupted, by code that has not saved it yet, or has given it back; nil elsewhere.
	Between error
	// Bias is what was added to addresses in the file to get those in memory; DW_OP_addr needs it.
	Bias uint64
}

// Default completes a row that has no rule for some registers with what the ABI says of them: registers that a callee
// preserves are the same, and the stack pointer is where the canonical frame address says. Bits of ruled are the registers that
// have a rule, be it Undefined.
func (r *Row) Default(a *arch.Arch, ruled uint64) {
	for i := range a.Registers {
		if ruled>>i&1 != 0 {
			continue
		}
		switch a.Registers[i].Initial {
		case arch.SameValue:
			r.Same |= 1 << i
		case arch.CFA:
			r.Rules = append(r.Rules, RegisterRule{uint8(i), Rule{Kind: CFAPlus, Offset: -a.BackChain.CFA}})
		case arch.Undefined:
		}
	}
}
