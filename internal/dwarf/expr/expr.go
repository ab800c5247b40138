// Package expr evaluates DWARF expressions and location descriptions (DWARF 5, sections 2.5 and 2.6).
package expr

import (
	"fmt"

	"github.com/godrgn/drgn/types"
)

// Section is what errors in decoding an expression name as the section.
const Section = "DWARF expression"

// Format is what is the same for all expressions of a unit.
type Format struct {
	AddressSize int        // in bytes: the size of the generic type
	OffsetSize  int        // of references to DIEs: 4, or 8 in 64-bit DWARF
	Big         bool       // byte order
	Addresses   AddressMap // of the file that has the expression; nil: its addresses are those of the program
}

// An AddressMap translates between the addresses in a file and those in a program that has loaded it.
type AddressMap interface {
	// ToProgram returns where an address of the file lies in the program; ok is false for what was not loaded.
	ToProgram(address uint64) (_ uint64, ok bool)
	// ToFile returns which address of the file lies at one of the program; ok is false where nothing of the file lies.
	ToFile(address uint64) (_ uint64, ok bool)
}

// A Bias is the [AddressMap] of a file that was loaded as a whole: what is added to its addresses, modulo 2^64.
type Bias uint64

// ToProgram adds the bias.
func (b Bias) ToProgram(address uint64) (uint64, bool) { return address + uint64(b), true }

// ToFile subtracts the bias.
func (b Bias) ToFile(address uint64) (uint64, bool) { return address - uint64(b), true }

// A Context is what an expression may ask of the frame and unit it belongs to. An error of type [*UnavailableError]
// says that what is asked for cannot be known in this frame.
type Context interface {
	// Register returns the value of a register by its DWARF number and whether it is known.
	Register(number uint64) (uint64, bool)
	// CFA returns the canonical frame address.
	CFA() (uint64, error)
	// FrameBase returns the value of the function's DW_AT_frame_base.
	FrameBase() (uint64, error)
	// EntryValue returns what an argument was when the function was entered.
	EntryValue(a Argument) (uint64, error)
	// Read fills buf with the memory at address.
	Read(buf []byte, address uint64) error
	// Address returns the address number index of the unit's table in .debug_addr, without bias.
	Address(index uint64) (uint64, error)
	// BaseType returns the base type described by the DIE at this offset of the unit.
	BaseType(offset uint64) (BaseType, error)
}

// A WideContext is a Context that knows registers which may be wider than 64 bits.
type WideContext interface {
	// Wide returns what such a register holds, by its DWARF number, as a store to memory has it; nil if it is not known.
	Wide(number uint64) []byte
	// LongDouble returns how many bits the significand of the machine's long double has; 0 where that isn't known.
	LongDouble() int
}

// A BaseType is the type of a typed value on the stack.
type BaseType struct {
	Encoding uint8 // DW_ATE_*
	Size     uint64
	Float    types.FloatFormat // of floating-point numbers of more than 64 bits
}

// Encodings of base types (DWARF 5, section 7.8).
const (
	ateAddress      = 0x01
	ateBoolean      = 0x02
	ateFloat        = 0x04
	ateSigned       = 0x05
	ateSignedChar   = 0x06
	ateUnsigned     = 0x07
	ateUnsignedChar = 0x08
	ateUTF          = 0x10
	ateUCS          = 0x11
	ateASCII        = 0x12
)

// isInteger reports whether values of the type are integers this package calculates with.
func (t BaseType) isInteger() bool {
	switch t.Encoding {
	case ateAddress, ateBoolean, ateSigned, ateSignedChar, ateUnsigned, ateUnsignedChar, ateUTF, ateUCS, ateASCII:
		return t.Size >= 1 && t.Size <= 8
	}
	return false
}

func (t BaseType) isSigned() bool { return t.Encoding == ateSigned || t.Encoding == ateSignedChar }

// An UnavailableError says why a value cannot be known in a frame: the compiler did not keep it.
type UnavailableError struct {
	Reason string // "register 3 is not known"
}

func (e *UnavailableError) Error() string { return e.Reason }

// An UnsupportedError names an operation that is not implemented.
type UnsupportedError struct {
	Op     byte
	Reason string // "" or what about the operation is not implemented
}

func (e *UnsupportedError) Error() string {
	s := "DWARF operation " + opName(e.Op) + " is not implemented"
	if e.Reason != "" {
		s += " " + e.Reason
	}
	return s
}

// A Kind says where a piece of an object is.
type Kind uint8

// The kinds of pieces.
const (
	Empty           Kind = iota // optimized out
	Memory                      // in memory at Value
	Register                    // in register number Value
	Number                      // the object is the number Value, of Size bytes, without an address
	Implicit                    // the object's bytes are Bytes, without an address
	ImplicitPointer             // the object is a pointer Offset bytes into the object of the DIE at Value of .debug_info, which has no address
)

var kindNames = [...]string{"empty", "memory", "register", "number", "implicit", "implicit pointer"}

func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// A Piece is a part of an object, or all of it.
type Piece struct {
	Kind      Kind
	Signed    bool   // Number: extended by its sign where it is too small
	Sliced    bool   // Register: it is a part of what is there
	Size      uint8  // Number: in bytes
	BitSize   uint64 // how many bits of the object it holds; 0: all
	BitOffset uint64 // where they start in the register, memory or value
	Value     uint64
	Offset    int64
	Bytes     []byte
}

// Locate evaluates a location description: where an object is, in the order of its parts. There is at least one piece,
// and one that holds the whole object is the only one. A part whose place depends on a register that is not known is [Empty].
func Locate(f Format, ctx Context, code []byte) ([]Piece, error) {
	m := newMachine(f, ctx, code)
	m.parts = true
	if len(code) == 0 {
		return []Piece{{}}, nil
	}
	if err := m.run(); err != nil {
		return nil, err
	}
	if len(m.pieces) != 0 {
		if m.have || len(m.stack) != 0 {
			m.c.Fail("location that is not part of a piece")
			return nil, m.c.Err()
		}
		return m.pieces, nil
	}
	p, ok := m.location()
	if !ok && m.pieced {
		return []Piece{{}}, nil // a piece of nothing
	}
	if !ok {
		m.c.Fail("location description without a location")
		return nil, m.c.Err()
	}
	return []Piece{p}, nil
}

// Value evaluates an expression that yields a number, or the bits of a floating-point number, on a stack that holds initial. It serves attributes
// such as DW_AT_frame_base, where a register stands for what is in it, and call frame information.
func Value(f Format, ctx Context, code []byte, initial ...uint64) (uint64, error) {
	m := newMachine(f, ctx, code)
	for _, v := range initial {
		m.push(v)
	}
	if err := m.run(); err != nil {
		return 0, err
	}
	if len(m.stack) != 0 && !m.have && len(m.pieces) == 0 {
		if x := m.pop(); x.wide == nil {
			return x.v, nil
		}
		m.c.Fail("expression yields a number of more than 64 bits")
		return 0, m.c.Err()
	}
	p, ok := m.location()
	if ok && len(m.pieces) == 0 {
		switch p.Kind {
		case Implicit:
			if n := len(p.Bytes); n > 0 && n <= 8 {
				return m.number(p.Bytes), nil
			}
		case Number:
			return p.Value, nil
		case Register:
			if v, ok := ctx.Register(p.Value); ok {
				return v, nil
			}
			return 0, unknownRegister(p.Value)
		}
	}
	m.c.Fail("expression does not yield a number")
	return 0, m.c.Err()
}

func unknownRegister(n uint64) error {
	return &UnavailableError{fmt.Sprintf("register %d is not known", n)}
}
