package expr

import (
	"fmt"
	"math/big"

	"github.com/godrgn/drgn/internal/bin"
)

const (
	maxSteps = 1 << 14 // operations carried out; branches may go backwards
	maxDepth = 256     // values on the stack
)

// A value is a value on the stack, kept as its low bits. typ is the zero BaseType for the generic type: an integer of
// the size of an address whose sign is a matter of the operation.
type value struct {
	v    uint64
	typ  BaseType
	wide *big.Float // instead of v, of a floating-point number of more than 64 bits, with its type's precision; never changed
}

// machine is the stack machine in the middle of an expression.
type machine struct {
	Format
	ctx    Context
	c      bin.Cursor
	stack  []value
	few    [8]value // the stack of most expressions
	pieces []Piece
	pieced bool  // a piece has ended, be it of no bits
	loc    Piece // a location other than memory, when have is set
	have   bool
	parts  bool  // a location is wanted, of which some parts may be unknown
	err    error // of the context
}

func newMachine(f Format, ctx Context, code []byte) *machine {
	if f.AddressSize < 1 || f.AddressSize > 8 {
		f.AddressSize = 8
	}
	if f.OffsetSize != 8 {
		f.OffsetSize = 4
	}
	m := &machine{Format: f, ctx: ctx, c: bin.New(Section, code, f.Big)}
	m.stack = m.few[:0]
	return m
}

// mask keeps the bits of a value of this type.
func (m *machine) mask(t BaseType, v uint64) uint64 {
	size := int(t.Size)
	if size == 0 {
		size = m.AddressSize
	}
	return v & (^uint64(0) >> (64 - 8*size))
}

// signed returns a value as a signed number, whatever its type.
func (m *machine) signed(x value) int64 {
	size := int(x.typ.Size)
	if size == 0 {
		size = m.AddressSize
	}
	return int64(x.v<<(64-8*size)) >> (64 - 8*size)
}

func (m *machine) push(v uint64) { m.pushTyped(BaseType{}, v) }

func (m *machine) pushTyped(t BaseType, v uint64) {
	m.pushValue(value{v: m.mask(t, v), typ: t})
}

func (m *machine) pushValue(x value) {
	if len(m.stack) == maxDepth {
		m.c.Fail("more than %d values on the stack", maxDepth)
		return
	}
	m.stack = append(m.stack, x)
}

func (m *machine) pop() value {
	n := len(m.stack) - 1
	if n < 0 {
		m.c.Fail("DWARF expression stack underflow")
		return value{}
	}
	x := m.stack[n]
	m.stack = m.stack[:n]
	return x
}

// popInteger takes what may not be a floating-point number from the stack.
func (m *machine) popInteger() value {
	x := m.pop()
	if x.typ.isFloat() {
		m.c.Fail("floating-point number where an integer should be")
		return value{}
	}
	return x
}

// pick returns the value i places below the top.
func (m *machine) pick(i int) value {
	if i >= len(m.stack) {
		m.c.Fail("DWARF expression stack underflow: %d values on the stack, number %d wanted", len(m.stack), i)
		return value{}
	}
	return m.stack[len(m.stack)-1-i]
}

// fail keeps an error of the context.
func (m *machine) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

func (m *machine) unsupported(op byte, reason string) { m.fail(&UnsupportedError{op, reason}) }

func (m *machine) run() error {
	for steps := 0; m.c.Len() > 0; steps++ {
		if steps == maxSteps {
			m.c.Fail("DWARF expression executed too many operations: more than %d", maxSteps)
			break
		}
		op := m.c.U8()
		if m.have && op != opPiece && op != opBitPiece && op != opGNUUninit {
			m.unsupported(op, "after a location")
			return m.err
		}
		m.step(op)
		if m.err != nil && !m.loses() {
			return m.err
		}
	}
	return m.c.Err()
}

// loses goes on after the piece of an object that is not known, because it depends on a register that is not; it reports whether there is such a
// piece: what is known of the object's other parts is known nevertheless.
func (m *machine) loses() bool {
	if _, ok := m.err.(*UnavailableError); !ok || !m.parts {
		return false
	}
	c := m.c // the expression is not carried out: which way a branch goes is not known
	for c.Err() == nil && c.Len() > 0 {
		switch op := c.U8(); {
		case op == opPiece || op == opBitPiece:
			c.Off--
			m.c, m.err = c, nil
			m.stack = m.stack[:0]
			m.place(Piece{})
			return true
		case !m.skip(&c, op):
			return false
		}
	}
	return false
}

// skip passes over the operands of an operation; ok is false of one after which another one may follow than the next.
func (m *machine) skip(c *bin.Cursor, op byte) (ok bool) {
	switch op {
	case opBra, opSkip, opCall2, opCall4, opCallRef, opXderefType, opGNUEncodedAddr, opGNUVariableValue:
		return false
	case opAddr:
		c.Uint(m.AddressSize)
	case opConst1u, opConst1s, opPick, opDerefSize, opXderefSize:
		c.U8()
	case opConst2u, opConst2s:
		c.U16()
	case opConst4u, opConst4s, opGNUParameterRef:
		c.U32()
	case opConst8u, opConst8s:
		c.U64()
	case opConstu, opRegx, opPlusUconst, opAddrx, opGNUAddrIndex, opConstx, opGNUConstIndex, opConvert, opGNUConvert, opReinterpret, opGNUReinterpret:
		c.ULEB128()
	case opConsts, opFbreg:
		c.SLEB128()
	case opBregx:
		c.ULEB128()
		c.SLEB128()
	case opRegvalType, opGNURegvalType:
		c.ULEB128()
		c.ULEB128()
	case opDerefType, opGNUDerefType:
		c.U8()
		c.ULEB128()
	case opConstType, opGNUConstType:
		c.ULEB128()
		c.Bytes(uint64(c.U8()))
	case opImplicitValue, opEntryValue, opGNUEntryValue:
		c.Bytes(c.ULEB128())
	case opImplicitPointer, opGNUImplicitPointer:
		c.Uint(m.OffsetSize)
		c.SLEB128()
	default:
		if op >= opBreg0 && op <= opBreg31 {
			c.SLEB128()
		}
		return op == opDeref || op >= opDup && op <= opBreg31 || op == opNop || op == opCallFrameCFA || op == opStackValue ||
			op == opPushObjectAddress || op == opFormTLSAddress || op == opGNUPushTLSAddress || op == opGNUUninit
	}
	return true
}

// location returns the result of the expression: the location it stated, or memory at the address on the stack.
func (m *machine) location() (Piece, bool) {
	if m.have {
		m.have = false
		return m.loc, true
	}
	if len(m.stack) == 0 {
		return Piece{}, false
	}
	return Piece{Kind: Memory, Value: m.popInteger().v}, true
}

func (m *machine) place(p Piece) { m.loc, m.have = p, true }

// endPiece ends a piece of size bits.
func (m *machine) endPiece(bits, offset uint64) {
	p, _ := m.location() // none: that part is optimized out
	m.stack = m.stack[:0]
	p.BitSize, p.BitOffset = bits, offset
	m.have, m.pieced = false, true
	if bits != 0 {
		m.pieces = append(m.pieces, p)
	}
}

func (m *machine) step(op byte) {
	c := &m.c
	switch {
	case op >= opLit0 && op <= opLit31:
		m.push(uint64(op - opLit0))
		return
	case op >= opReg0 && op <= opReg31:
		m.place(Piece{Kind: Register, Value: uint64(op - opReg0)})
		return
	case op >= opBreg0 && op <= opBreg31:
		m.register(uint64(op-opBreg0), c.SLEB128())
		return
	}
	switch op {
	case opAddr:
		m.pushAddress(c.Uint(m.AddressSize))
	case opAddrx, opGNUAddrIndex:
		m.indexed(m.pushAddress)
	case opConstx, opGNUConstIndex:
		m.indexed(m.push)
	case opConst1u:
		m.push(uint64(c.U8()))
	case opConst1s:
		m.push(uint64(int8(c.U8())))
	case opConst2u:
		m.push(uint64(c.U16()))
	case opConst2s:
		m.push(uint64(int16(c.U16())))
	case opConst4u:
		m.push(uint64(c.U32()))
	case opConst4s:
		m.push(uint64(int32(c.U32())))
	case opConst8u, opConst8s:
		m.push(c.U64())
	case opConstu:
		m.push(c.ULEB128())
	case opConsts:
		m.push(uint64(c.SLEB128()))
	case opDup:
		m.pushValue(m.pick(0))
	case opDrop:
		m.pop()
	case opOver:
		m.pushValue(m.pick(1))
	case opPick:
		m.pushValue(m.pick(int(c.U8())))
	case opSwap:
		a, b := m.pop(), m.pop()
		m.pushValue(a)
		m.pushValue(b)
	case opRot:
		a, b, d := m.pop(), m.pop(), m.pop()
		m.pushValue(a)
		m.pushValue(d)
		m.pushValue(b)
	case opDeref:
		m.deref(BaseType{}, m.AddressSize)
	case opDerefSize:
		m.derefSize(int(c.U8()))
	case opRegx:
		m.place(Piece{Kind: Register, Value: c.ULEB128()})
	case opBregx:
		m.register(c.ULEB128(), c.SLEB128())
	case opFbreg:
		off := c.SLEB128()
		if base, err := m.ctx.FrameBase(); err != nil {
			m.fail(err)
		} else {
			m.push(base + uint64(off))
		}
	case opCallFrameCFA:
		if cfa, err := m.ctx.CFA(); err != nil {
			m.fail(err)
		} else {
			m.push(cfa)
		}
	case opPiece:
		n := c.ULEB128()
		if n > 1<<60 {
			c.Fail("piece of %d bytes", n)
			return
		}
		m.endPiece(8*n, 0)
	case opBitPiece:
		m.endPiece(c.ULEB128(), c.ULEB128())
	case opImplicitValue:
		n := c.ULEB128()
		if c.Err() == nil && n > uint64(c.Len()) {
			c.Fail("DW_OP_implicit_value size is out of bounds: %d bytes, %d left", n, c.Len())
		}
		m.place(Piece{Kind: Implicit, Bytes: c.Bytes(n)})
	case opStackValue:
		if len(m.stack) == 0 { // a value that is not known
			m.place(Piece{})
			return
		}
		v := m.pop()
		if v.wide != nil {
			m.placeWide(op, v)
			return
		}
		p := Piece{Kind: Number, Value: v.v, Size: uint8(m.AddressSize)}
		if v.typ.Size != 0 {
			p.Size, p.Signed = uint8(v.typ.Size), v.typ.isSigned()
		}
		m.place(p)
	case opImplicitPointer, opGNUImplicitPointer:
		die := c.Uint(m.OffsetSize)
		m.place(Piece{Kind: ImplicitPointer, Value: die, Offset: c.SLEB128()})
	case opNop:
	case opGNUUninit: // the compiler has seen no assignment; gcc -Og says so of variables that functions return, too
	case opBra, opSkip:
		m.branch(op)
	case opEntryValue, opGNUEntryValue:
		if block := c.Bytes(c.ULEB128()); c.Err() == nil {
			m.entryValue(block)
		}
	case opGNUParameterRef:
		m.pushArgument(Argument{Parameter: uint64(c.U32())}, BaseType{})
	default:
		switch {
		case op >= opAbs && op <= opNe:
			m.arithmetic(op)
		case m.typed(op):
		default:
			m.unsupported(op, "")
		}
	}
}

func (m *machine) register(n uint64, off int64) {
	if m.c.Err() != nil {
		return
	}
	if v, ok := m.ctx.Register(n); ok {
		m.push(v + uint64(off))
	} else {
		m.fail(unknownRegister(n))
	}
}

// pushAddress pushes an address that the expression states.
func (m *machine) pushAddress(address uint64) {
	if m.Addresses == nil {
		m.push(address)
		return
	}
	at, ok := m.Addresses.ToProgram(address)
	if !ok && m.c.Err() == nil {
		m.fail(&UnavailableError{fmt.Sprintf("the section that has address %#x of the file is not in memory", address)})
		return
	}
	m.push(at)
}

// indexed gives push the operand's entry of .debug_addr.
func (m *machine) indexed(push func(uint64)) {
	i := m.c.ULEB128()
	if m.c.Err() != nil {
		return
	}
	if a, err := m.ctx.Address(i); err != nil {
		m.fail(err)
	} else {
		push(a)
	}
}

// branch moves by a signed number of bytes from behind the operation.
func (m *machine) branch(op byte) {
	off := int(int16(m.c.U16()))
	if op == opBra && m.popInteger().v == 0 || m.c.Err() != nil {
		return
	}
	if to := m.c.Off + off; to < 0 || to > len(m.c.Data) {
		m.c.Fail("DWARF expression branch is out of bounds: to %d", to)
	} else {
		m.c.Off = to
	}
}

// derefSize reads an integer of at most the size of an address.
func (m *machine) derefSize(size int) {
	if m.c.Err() != nil {
		return
	}
	if size < 1 || size > m.AddressSize {
		m.c.Fail("dereference of %d bytes", size)
		return
	}
	m.deref(BaseType{}, size)
}

func (m *machine) deref(t BaseType, size int) {
	a := m.popInteger()
	if m.c.Err() != nil {
		return
	}
	var buf [16]byte
	if err := m.ctx.Read(buf[:size], a.v); err != nil {
		m.fail(err)
		return
	}
	m.pushBytes(opDerefType, t, buf[:size])
}

// number reads an integer in the target's byte order.
func (m *machine) number(b []byte) uint64 {
	var v uint64
	for i, x := range b {
		if m.Big {
			v = v<<8 | uint64(x)
		} else {
			v |= uint64(x) << (8 * i)
		}
	}
	return v
}

// arithmetic carries out the operations from DW_OP_abs to DW_OP_ne (DWARF 5, sections 2.5.1.4 and 2.5.1.5).
func (m *machine) arithmetic(op byte) {
	switch op {
	case opPlusUconst:
		n := m.c.ULEB128()
		x := m.popInteger()
		m.pushTyped(x.typ, x.v+n)
		return
	case opAbs, opNeg, opNot:
		x := m.pop()
		switch {
		case x.typ.isFloat():
			m.floatSign(op, x)
			return
		case op == opNot:
			x.v = ^x.v
		case op == opNeg || m.signed(x) < 0 && (x.typ.Size == 0 || x.typ.isSigned()):
			x.v = -x.v
		}
		m.pushTyped(x.typ, x.v)
		return
	}
	b, a := m.pop(), m.pop()
	if m.c.Err() != nil {
		return
	}
	if !m.agree(&a, &b) && op != opShl && op != opShr && op != opShra {
		m.c.Fail("operands of different types")
		return
	}
	if a.typ.isFloat() || b.typ.isFloat() {
		m.floats(op, a, b)
		return
	}
	if op == opShl || op == opShr || op == opShra {
		m.shift(op, a, b.v)
		return
	}
	signed := a.typ.Size == 0 || a.typ.isSigned()
	if op >= opEq && op <= opNe {
		m.compare(op, a, b, signed)
		return
	}
	var v uint64
	switch op {
	case opAnd:
		v = a.v & b.v
	case opOr:
		v = a.v | b.v
	case opXor:
		v = a.v ^ b.v
	case opPlus:
		v = a.v + b.v
	case opMinus:
		v = a.v - b.v
	case opMul:
		v = a.v * b.v
	case opDiv, opMod:
		// Of the generic type, division takes the operands as signed and the remainder does not.
		if b.v == 0 {
			m.c.Fail("%s by zero in DWARF expression", map[byte]string{opDiv: "division", opMod: "modulo"}[op])
			return
		}
		switch {
		case op == opDiv && signed:
			v = uint64(quotient(m.signed(a), m.signed(b)))
		case op == opDiv:
			v = a.v / b.v
		case a.typ.isSigned():
			x, y := m.signed(a), m.signed(b)
			v = uint64(x - y*quotient(x, y))
		default:
			v = a.v % b.v
		}
	}
	m.pushTyped(a.typ, v)
}

// quotient wraps around where the true one does not fit.
func quotient(a, b int64) int64 {
	if b == -1 {
		return -a
	}
	return a / b
}

func (m *machine) shift(op byte, a value, by uint64) {
	v := uint64(0)
	switch op {
	case opShl:
		v = a.v << by
	case opShr:
		v = a.v >> by
	case opShra:
		v = uint64(m.signed(a) >> by)
	}
	m.pushTyped(a.typ, v)
}

func (m *machine) compare(op byte, a, b value, signed bool) {
	order := 0
	switch {
	case a.v == b.v:
	case signed && m.signed(a) < m.signed(b), !signed && a.v < b.v:
		order = -1
	default:
		order = 1
	}
	m.pushTruth(op == opEq && order == 0 || op == opNe && order != 0 || op == opLt && order < 0 || op == opLe && order <= 0 ||
		op == opGt && order > 0 || op == opGe && order >= 0)
}

func (m *machine) pushTruth(is bool) {
	if is {
		m.push(1)
	} else {
		m.push(0)
	}
}
