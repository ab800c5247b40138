package cfi

import (
	"bytes"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
)

// Call frame instructions (DWARF 5, section 7.24, table 7.29). The first three have an operand in their low six bits.
const (
	cfaAdvanceLoc = 0x40
	cfaOffset     = 0x80
	cfaRestore    = 0xc0

	cfaNop              = 0x00
	cfaSetLoc           = 0x01
	cfaAdvanceLoc1      = 0x02
	cfaAdvanceLoc2      = 0x03
	cfaAdvanceLoc4      = 0x04
	cfaOffsetExtended   = 0x05
	cfaRestoreExtended  = 0x06
	cfaUndefined        = 0x07
	cfaSameValue        = 0x08
	cfaRegister         = 0x09
	cfaRememberState    = 0x0a
	cfaRestoreState     = 0x0b
	cfaDefCfa           = 0x0c
	cfaDefCfaRegister   = 0x0d
	cfaDefCfaOffset     = 0x0e
	cfaDefCfaExpression = 0x0f
	cfaExpression       = 0x10
	cfaOffsetExtendedSf = 0x11
	cfaDefCfaSf         = 0x12
	cfaDefCfaOffsetSf   = 0x13
	cfaValOffset        = 0x14
	cfaValOffsetSf      = 0x15
	cfaValExpression    = 0x16

	cfaMIPSAdvanceLoc8 = 0x1d
	// "DWARF for the Arm 64-bit Architecture", section 4.1.1. The second is DW_CFA_GNU_window_save on SPARC.
	cfaAArch64NegateRAStateWithPC = 0x2c
	cfaAArch64NegateRAState       = 0x2d
	cfaGNUArgsSize                = 0x2e // LSB, section 10.6.1.2
	cfaGNUNegativeOffsetExtended  = 0x2f
)

// maxRemembered bounds the depth of DW_CFA_remember_state; compilers need two.
const maxRemembered = 64

// register is the present rule for a register, small since states are copied: a rule's expression is the place of its
// operand in the section.
type register struct {
	how      how
	kind     Kind
	register uint8
	offset   int64
}

type how uint8

const (
	byDefault how = iota // the ABI says
	sameValue
	byRule // the rule says, be it Undefined
)

// state is the row under construction.
type state struct {
	cfa       register
	registers [arch.MaxRegisters]register
}

// machine executes call frame instructions.
type machine struct {
	t          *Table
	ci         *cie
	c          bin.Cursor
	state      state
	initial    *state  // what the CIE's instructions set up; nil while they run
	remembered []state // for DW_CFA_restore_state
	location   uint64  // where the row under construction begins
	end        uint64  // where it ends, once that is known
	target     uint64
}

// execute runs the instructions of a function up to the row for an address.
func (t *Table) execute(n int, address uint64) (*Row, error) {
	f := &t.fdes[n]
	ci := &t.cies[f.cie]
	m := machine{t: t, ci: ci, location: t.starts[n], end: f.end, target: address}

	m.c = bin.New(t.name, t.data[:ci.programOff+len(ci.program)], !t.platform.IsLittleEndian())
	m.c.Seek(uint64(ci.programOff))
	if m.run(); m.c.Err() != nil {
		return nil, m.c.Err()
	}
	initial := m.state
	m.initial = &initial
	m.end = f.end
	if m.location == t.starts[n] { // or else the CIE moved on, which none does
		m.c = bin.New(t.name, t.data[:f.off+f.len], !t.platform.IsLittleEndian())
		m.c.Seek(f.off)
		if m.run(); m.c.Err() != nil {
			return nil, m.c.Err()
		}
	}
	return m.row(), nil
}

// row makes the Row of what has been executed.
func (m *machine) row() *Row {
	r := &Row{
		Start: m.location + m.t.bias, End: m.end + m.t.bias, CFA: m.rule(&m.state.cfa),
		ReturnAddress: m.ci.returnAddress, Signal: m.ci.signal, Bias: m.t.bias,
	}
	a := m.t.platform.Arch
	var ruled uint64
	n := 1
	for i := range a.Slots() {
		if m.state.registers[i].how == byRule {
			n++
		}
	}
	r.Rules = make([]RegisterRule, 0, n)
	for i := range a.Slots() {
		reg := &m.state.registers[i]
		if reg.how == byDefault {
			continue
		}
		ruled |= 1 << i
		if reg.how == sameValue {
			r.Same |= 1 << i
		} else if reg.kind != Undefined {
			r.Rules = append(r.Rules, RegisterRule{uint8(i), m.rule(reg)})
		}
	}
	r.Default(a, ruled)
	// DWARF 5, section 6.4.4: an undefined return address marks the outermost function.
	ra := m.ci.returnAddress
	r.Outermost = ra >= 0 && m.state.registers[ra].how == byRule && m.state.registers[ra].kind == Undefined
	return r
}

// rule makes the Rule of a register's present rule.
func (m *machine) rule(r *register) Rule {
	if r.kind == Expression || r.kind == ExpressionAt {
		c := bin.New(m.t.name, m.t.data, !m.t.platform.IsLittleEndian())
		c.Seek(uint64(r.offset))
		return Rule{Kind: r.kind, Expr: bytes.Clone(c.Bytes(c.ULEB128()))} // it could be read when the instruction was executed
	}
	return Rule{Kind: r.kind, Register: r.register, Offset: r.offset}
}

// advance ends the row under construction at a location. It says whether the wanted row is complete.
func (m *machine) advance(location uint64) bool {
	if location > m.target {
		m.end = min(m.end, location)
		return true
	}
	m.location = location
	return false
}

// run executes instructions to the end, a failure, or the end of the wanted row.
func (m *machine) run() {
	c := &m.c
	for c.Len() > 0 {
		op := c.U8()
		low := uint64(op & 0x3f)
		done := false
		switch op & 0xc0 {
		case cfaAdvanceLoc:
			done = m.advance(m.location + low*m.ci.codeAlign)
		case cfaOffset:
			m.set(low, register{how: byRule, kind: CFAPlusAt, offset: m.factored()})
		case cfaRestore:
			m.restore(low)
		default:
			done = m.step(op)
		}
		if done || c.Err() != nil {
			return
		}
	}
}

// step executes an instruction without operand bits in the opcode.
func (m *machine) step(op byte) (done bool) {
	c := &m.c
	align := m.ci.codeAlign
	switch op {
	case cfaNop:
	case cfaSetLoc:
		done = m.advance(m.t.pointer(c, m.ci.encoding, int(m.ci.addressSize), m.location))
	case cfaAdvanceLoc1:
		done = m.advance(m.location + uint64(c.U8())*align)
	case cfaAdvanceLoc2:
		done = m.advance(m.location + uint64(c.U16())*align)
	case cfaAdvanceLoc4:
		done = m.advance(m.location + uint64(c.U32())*align)
	case cfaMIPSAdvanceLoc8:
		done = m.advance(m.location + c.U64()*align)
	case cfaOffsetExtended:
		m.set(c.ULEB128(), register{how: byRule, kind: CFAPlusAt, offset: m.factored()})
	case cfaOffsetExtendedSf:
		m.set(c.ULEB128(), register{how: byRule, kind: CFAPlusAt, offset: c.SLEB128() * m.ci.dataAlign})
	case cfaGNUNegativeOffsetExtended:
		m.set(c.ULEB128(), register{how: byRule, kind: CFAPlusAt, offset: -m.factored()})
	case cfaValOffset:
		m.set(c.ULEB128(), register{how: byRule, kind: CFAPlus, offset: m.factored()})
	case cfaValOffsetSf:
		m.set(c.ULEB128(), register{how: byRule, kind: CFAPlus, offset: c.SLEB128() * m.ci.dataAlign})
	case cfaRestoreExtended:
		m.restore(c.ULEB128())
	case cfaUndefined:
		m.set(c.ULEB128(), register{how: byRule})
	case cfaSameValue:
		m.set(c.ULEB128(), register{how: sameValue})
	case cfaRegister:
		to, from := c.ULEB128(), c.ULEB128()
		m.set(to, m.registerPlus(from, 0))
	case cfaExpression:
		number := c.ULEB128()
		m.set(number, m.expression(ExpressionAt))
	case cfaValExpression:
		number := c.ULEB128()
		m.set(number, m.expression(Expression))
	case cfaRememberState, cfaRestoreState:
		m.stack(op)
	case cfaAArch64NegateRAState, cfaAArch64NegateRAStateWithPC, cfaGNUArgsSize:
		// Whether a return address is signed need not be known: its authentication code is stripped whenever the
		// target has any. The size of pushed arguments matters only to exceptions.
		if op == cfaGNUArgsSize {
			c.ULEB128()
		}
	default:
		m.defineCFA(op)
	}
	return done
}

// stack executes DW_CFA_remember_state and DW_CFA_restore_state.
func (m *machine) stack(op byte) {
	switch n := len(m.remembered); {
	case op == cfaRememberState && n >= maxRemembered:
		m.c.Fail("states remembered more than %d deep", maxRemembered)
	case op == cfaRememberState:
		m.remembered = append(m.remembered, m.state)
	case n == 0:
		m.c.Fail("DW_CFA_restore_state without a remembered state")
	default:
		m.state = m.remembered[n-1]
		m.remembered = m.remembered[:n-1]
	}
}

// defineCFA executes the instructions that define the canonical frame address.
func (m *machine) defineCFA(op byte) {
	c := &m.c
	switch op {
	case cfaDefCfa:
		number := c.ULEB128()
		m.state.cfa = m.registerPlus(number, int64(c.ULEB128()))
	case cfaDefCfaSf:
		number := c.ULEB128()
		m.state.cfa = m.registerPlus(number, c.SLEB128()*m.ci.dataAlign)
	case cfaDefCfaRegister:
		number := c.ULEB128()
		m.needRegisterCFA(op)
		m.state.cfa = m.registerPlus(number, m.state.cfa.offset)
	case cfaDefCfaOffset:
		m.needRegisterCFA(op)
		m.state.cfa.offset = int64(c.ULEB128())
	case cfaDefCfaOffsetSf:
		m.needRegisterCFA(op)
		m.state.cfa.offset = c.SLEB128() * m.ci.dataAlign
	case cfaDefCfaExpression:
		m.state.cfa = m.expression(Expression)
	default:
		c.Off--
		c.Fail("call frame instruction %#x is unknown", op)
	}
}

// needRegisterCFA fails if the canonical frame address is an expression. It need not be defined: gas for RISC-V begins
// with DW_CFA_def_cfa_register, meaning offset 0.
func (m *machine) needRegisterCFA(op byte) {
	if m.state.cfa.kind == Expression {
		m.c.Fail("call frame instruction %#x, but the CFA is not a register plus an offset", op)
	}
}

// registerPlus makes the rule for a register plus an offset; that of a register which isn't tracked is unknown.
func (m *machine) registerPlus(dwarf uint64, offset int64) register {
	n, ok := m.t.platform.Arch.FromDWARF(dwarf)
	if !ok {
		return register{how: byRule, offset: offset}
	}
	return register{how: byRule, kind: RegisterPlus, register: uint8(n), offset: offset}
}

// factored reads an unsigned operand and multiplies it with the data alignment factor.
func (m *machine) factored() int64 { return int64(m.c.ULEB128()) * m.ci.dataAlign }

// expression makes the rule of a DWARF expression, and passes over that.
func (m *machine) expression(kind Kind) register {
	r := register{how: byRule, kind: kind, offset: int64(m.c.Off)}
	m.c.Skip(m.c.ULEB128())
	return r
}

// set gives a register a rule. Registers that aren't tracked (vectors and the like) are passed over.
func (m *machine) set(dwarf uint64, r register) {
	if n, ok := m.t.platform.Arch.FromDWARF(dwarf); ok {
		m.state.registers[n] = r
	}
}

// restore gives a register the rule that the CIE's instructions gave it.
func (m *machine) restore(dwarf uint64) {
	if m.initial == nil {
		m.c.Fail("DW_CFA_restore in a CIE")
		return
	}
	if n, ok := m.t.platform.Arch.FromDWARF(dwarf); ok {
		m.state.registers[n] = m.initial.registers[n]
	}
}
