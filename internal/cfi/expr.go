package cfi

import (
	"errors"
	"fmt"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/dwarf/expr"
)

// Memory is what frames are recovered from.
type Memory interface {
	// Uint reads an unsigned integer of 1, 2, 4 or 8 bytes in the target's byte order.
	Uint(address uint64, size int) (uint64, error)
}

// An UnknownRegisterError says that a rule needs a register whose value isn't known.
type UnknownRegisterError struct {
	Arch     *arch.Arch
	Register int // number in the architecture's list
}

func (e *UnknownRegisterError) Error() string {
	if e.Register < 0 || e.Register >= len(e.Arch.Registers) {
		return "the value of a register that isn't tracked is needed"
	}
	return fmt.Sprintf("the value of register %s is not known", e.Arch.Registers[e.Register].Names[0])
}

// Evaluate runs a DWARF expression of call frame information (DWARF 5, sections 6.4.2 and 7.7.1): on the registers of a
// frame, on memory, with the given values on the stack at first. bias is added to addresses in the expression. It fails
// with a [*bin.DecodeError], an [*UnknownRegisterError], or the error of a read.
func Evaluate(p arch.Platform, code []byte, regs *arch.Registers, mem Memory, bias uint64, initial ...uint64) (uint64, error) {
	f := frame{platform: p, regs: regs, mem: mem, unknown: known}
	format := expr.Format{AddressSize: p.AddressSize(), OffsetSize: 4, Big: !p.IsLittleEndian(), Addresses: expr.Bias(bias)}
	v, err := expr.Value(format, &f, code, initial...)
	var unavailable *expr.UnavailableError
	var unsupported *expr.UnsupportedError
	switch {
	case err == nil:
		return v, nil
	case errors.As(err, &unavailable) && f.unknown != known:
		return 0, &UnknownRegisterError{p.Arch, f.unknown}
	case errors.As(err, &unavailable), errors.As(err, &unsupported):
		return 0, &bin.DecodeError{Section: "expression in call frame information", Problem: err.Error() + ", which is not allowed there"}
	}
	return 0, err
}

// known is the number of no register: all that were asked for are known.
const known = -2

// frame is what an expression may ask of a frame that is being unwound: an [expr.Context].
type frame struct {
	platform arch.Platform
	regs     *arch.Registers
	mem      Memory
	unknown  int // the register that was asked for and is not known
}

func (f *frame) Register(number uint64) (uint64, bool) {
	n, ok := f.platform.Arch.FromDWARF(number)
	if !ok {
		n = -1
	}
	v, ok := f.regs.Get(n)
	if !ok {
		f.unknown = n
	}
	return v, ok
}

func (f *frame) Read(buf []byte, address uint64) error {
	if n := len(buf); n > 8 || n&(n-1) != 0 {
		return &bin.DecodeError{Section: "expression in call frame information", Problem: fmt.Sprintf("it reads %d bytes", n)}
	}
	v, err := f.mem.Uint(address, len(buf))
	if err != nil {
		return err
	}
	var word [8]byte
	f.platform.ByteOrder().PutUint64(word[:], v)
	if f.platform.IsLittleEndian() {
		copy(buf, word[:])
	} else {
		copy(buf, word[8-len(buf):])
	}
	return nil
}

// What is not of a frame that is being unwound has no place in its expressions.
var errForeign = &expr.UnavailableError{Reason: "DWARF operation that needs more than a frame"}

func (f *frame) CFA() (uint64, error)                         { return 0, errForeign }
func (f *frame) EntryValue(expr.Argument) (uint64, error)     { return 0, errForeign }
func (f *frame) FrameBase() (uint64, error)                   { return 0, errForeign }
func (f *frame) Address(uint64) (uint64, error)               { return 0, errForeign }
func (f *frame) BaseType(uint64) (t expr.BaseType, err error) { return t, errForeign }
