package expr

import "github.com/godrgn/drgn/internal/bin"

// errEntry says that an entry value is not known.
var errEntry = &UnavailableError{"the value at the function's entry is not known"}

// entryValue carries out DW_OP_entry_value (DWARF 5, section 2.5.1.7) of what was in a register.
func (m *machine) entryValue(block []byte) {
	register, ok := RegisterOf(m.Format, block)
	if !ok {
		m.fail(errEntry)
		return
	}
	v, err := m.ctx.EntryValue(register)
	if err != nil {
		m.fail(err)
		return
	}
	m.push(v)
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
