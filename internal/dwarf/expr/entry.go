package expr

import "github.com/godrgn/drgn/internal/bin"

// An Argument is something that a function was called with.
type Argument struct {
	Register uint64 // that had it, by its DWARF number
	Pointed  bool   // it is what the register pointed to
	// Parameter is the parameter that it is, where it is in no register: the compiler found out what it is in each call, and left it out. In an
	// expression this is the offset of a DIE in its unit, an uint64.
	Parameter any
}

// errEntry says that an entry value is not known.
var errEntry = &UnavailableError{"the value at the function's entry is not known"}

// entryValue carries out DW_OP_entry_value (DWARF 5, section 2.5.1.7) of what was in a register, or what that pointed to.
func (m *machine) entryValue(block []byte) {
	a, t, ok := m.argument(block)
	if !ok {
		m.fail(errEntry)
		return
	}
	m.pushArgument(a, t)
}

// pushArgument pushes an argument as a value of a type.
func (m *machine) pushArgument(a Argument, t BaseType) {
	if m.c.Err() != nil || m.err != nil {
		return
	}
	v, err := m.ctx.EntryValue(a)
	if err != nil {
		m.fail(err)
		return
	}
	m.pushTyped(t, v)
}

// argument returns the argument that a block means, and its type.
func (m *machine) argument(block []byte) (a Argument, t BaseType, ok bool) {
	if a.Register, ok = RegisterOf(m.Format, block); ok {
		return a, t, true
	}
	c := bin.New(Section, block, m.Big)
	switch op := c.U8(); {
	case op == opRegvalType || op == opGNURegvalType:
		a.Register = c.ULEB128()
		if t, ok = m.baseType(op, c.ULEB128()); !ok {
			return a, t, m.err != nil // which says why
		}
		if t.isWide() {
			return a, t, false
		}
	case op >= opBreg0 && op <= opBreg31 || op == opBregx:
		a.Register, a.Pointed = uint64(op-opBreg0), true
		if op == opBregx {
			a.Register = c.ULEB128()
		}
		if c.SLEB128() != 0 {
			return a, t, false
		}
		switch c.U8() {
		case opDeref:
		case opDerefSize:
			if size := int(c.U8()); size < 1 || size > m.AddressSize {
				return a, t, false
			}
		default:
			return a, t, false
		}
	default:
		return a, t, false
	}
	return a, t, c.Err() == nil && c.Len() == 0
}

// RegisterOf returns the register that a location description consists of; ok is false for others.
func RegisterOf(f Format, code []byte) (register uint64, ok bool) {
	c := bin.New(Section, code, f.Big)
	switch op := c.U8(); {
	case op >= opReg0 && op < opReg0+32:
		register = uint64(op - opReg0)
	case op == opRegx:
		register = c.ULEB128()
	default:
		return 0, false
	}
	return register, c.Err() == nil && c.Len() == 0
}
