package cfi

import (
	"fmt"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
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

// Operations of DWARF expressions that call frame information may have (DWARF 5, sections 6.4.2 and 7.7.1); ranges of
// operations with a number in the opcode begin with opLit0, opReg0 and opBreg0.
const (
	opAddr       = 0x03
	opDeref      = 0x06
	opConst1u    = 0x08
	opConst1s    = 0x09
	opConst2u    = 0x0a
	opConst2s    = 0x0b
	opConst4u    = 0x0c
	opConst4s    = 0x0d
	opConst8u    = 0x0e
	opConst8s    = 0x0f
	opConstu     = 0x10
	opConsts     = 0x11
	opDup        = 0x12
	opDrop       = 0x13
	opOver       = 0x14
	opPick       = 0x15
	opSwap       = 0x16
	opRot        = 0x17
	opAbs        = 0x19
	opAnd        = 0x1a
	opDiv        = 0x1b
	opMinus      = 0x1c
	opMod        = 0x1d
	opMul        = 0x1e
	opNeg        = 0x1f
	opNot        = 0x20
	opOr         = 0x21
	opPlus       = 0x22
	opPlusUconst = 0x23
	opShl        = 0x24
	opShr        = 0x25
	opShra       = 0x26
	opXor        = 0x27
	opBra        = 0x28
	opEq         = 0x29
	opGe         = 0x2a
	opGt         = 0x2b
	opLe         = 0x2c
	opLt         = 0x2d
	opNe         = 0x2e
	opSkip       = 0x2f
	opLit0       = 0x30
	opReg0       = 0x50
	opBreg0      = 0x70
	opBregx      = 0x92
	opDerefSize  = 0x94
	opNop        = 0x96
)

// Bounds on what an expression may do; those of compilers have about ten operations.
const (
	maxOperations = 10000
	maxStack      = 256
)

// evaluator runs a DWARF expression.
type evaluator struct {
	c        bin.Cursor
	platform arch.Platform
	regs     *arch.Registers
	mem      Memory
	bias     uint64
	stack    []uint64
	buf      [16]uint64
	err      error // one that is not about the expression's bytes
}

// Evaluate runs a DWARF expression of call frame information: on the registers of a frame, on memory, with the given
// values on the stack at first. bias is added to addresses in the expression. It fails with a [*bin.DecodeError], an
// [*UnknownRegisterError], or the error of a read.
func Evaluate(p arch.Platform, expr []byte, regs *arch.Registers, mem Memory, bias uint64, initial ...uint64) (uint64, error) {
	e := evaluator{
		c: bin.New("expression in call frame information", expr, !p.IsLittleEndian()), platform: p, regs: regs, mem: mem,
		bias: bias,
	}
	e.stack = append(e.buf[:0], initial...)
	for n := 0; e.c.Len() > 0; n++ {
		if n == maxOperations {
			e.c.Fail("expression does not end after %d operations", maxOperations)
			break
		}
		e.step(e.c.U8())
		if e.err != nil {
			return 0, e.err
		}
	}
	value := e.pop()
	if err := e.c.Err(); err != nil {
		return 0, err
	}
	return value, nil
}

func (e *evaluator) push(v uint64) {
	if len(e.stack) >= maxStack {
		e.c.Fail("expression needs a stack of more than %d values", maxStack)
		return
	}
	e.stack = append(e.stack, truncate(v, e.platform.AddressSize()))
}

func (e *evaluator) pop() uint64 {
	if len(e.stack) == 0 {
		e.c.Fail("expression takes a value from an empty stack")
		return 0
	}
	v := e.stack[len(e.stack)-1]
	e.stack = e.stack[:len(e.stack)-1]
	return v
}

// pick pushes a copy of the value at a depth, 0 for the top.
func (e *evaluator) pick(depth int) {
	if depth >= len(e.stack) {
		e.c.Fail("expression takes a value from below the stack")
		return
	}
	e.push(e.stack[len(e.stack)-1-depth])
}

// step executes one operation.
func (e *evaluator) step(op byte) {
	c := &e.c
	switch {
	case op >= opLit0 && op < opReg0:
		e.push(uint64(op - opLit0))
	case op >= opBreg0 && op < opBreg0+32:
		e.register(uint64(op-opBreg0), c.SLEB128())
	case op == opBregx:
		number := c.ULEB128()
		e.register(number, c.SLEB128())
	case op == opAddr:
		e.push(c.Uint(e.platform.AddressSize()) + e.bias)
	case op >= opConst1u && op <= opConst8s:
		size := 1 << ((op - opConst1u) / 2)
		v := c.Uint(size)
		if op&1 != 0 {
			v = signed(v, size)
		}
		e.push(v)
	case op == opConstu:
		e.push(c.ULEB128())
	case op == opConsts:
		e.push(uint64(c.SLEB128()))
	case op == opDeref:
		e.deref(e.platform.AddressSize())
	case op == opDerefSize:
		e.deref(int(c.U8()))
	case op == opPlusUconst:
		e.push(e.pop() + c.ULEB128())
	case op == opSkip, op == opBra:
		offset := int16(c.U16())
		if op == opBra && e.pop() == 0 {
			return
		}
		c.Seek(uint64(int64(c.Off) + int64(offset)))
	case op == opNop:
	case op >= opDup && op <= opRot:
		e.shuffle(op)
	case op == opAbs, op == opNeg, op == opNot:
		e.unary(op)
	default:
		e.binary(op)
	}
}

// register pushes the value of a register plus an offset.
func (e *evaluator) register(dwarf uint64, offset int64) {
	n, ok := e.platform.Arch.FromDWARF(dwarf)
	if !ok {
		n = -1
	}
	v, known := e.regs.Get(n)
	if !known && e.c.Err() == nil {
		e.err = &UnknownRegisterError{e.platform.Arch, n}
	}
	e.push(v + uint64(offset))
}

// deref replaces an address by what is stored there.
func (e *evaluator) deref(size int) {
	if size != 1 && size != 2 && size != 4 && size != 8 || size > e.platform.AddressSize() {
		e.c.Fail("expression reads %d bytes", size)
	}
	address := e.pop()
	if e.c.Err() != nil {
		return
	}
	v, err := e.mem.Uint(address, size)
	if err != nil {
		e.err = err
	}
	e.push(v)
}

// shuffle executes the operations that move values on the stack.
func (e *evaluator) shuffle(op byte) {
	switch op {
	case opDup:
		e.pick(0)
	case opDrop:
		e.pop()
	case opOver:
		e.pick(1)
	case opPick:
		e.pick(int(e.c.U8()))
	case opSwap:
		a, b := e.pop(), e.pop()
		e.push(a)
		e.push(b)
	case opRot:
		a, b, c := e.pop(), e.pop(), e.pop()
		e.push(a)
		e.push(c)
		e.push(b)
	}
}

// unary executes the operations on one value.
func (e *evaluator) unary(op byte) {
	v := e.pop()
	switch op {
	case opAbs:
		if int64(signed(v, e.platform.AddressSize())) < 0 {
			v = -v
		}
	case opNeg:
		v = -v
	case opNot:
		v = ^v
	}
	e.push(v)
}

// binary executes the operations on two values; b is the one on top.
func (e *evaluator) binary(op byte) {
	size := e.platform.AddressSize()
	b, a := e.pop(), e.pop()
	sa, sb := int64(signed(a, size)), int64(signed(b, size))
	switch op {
	case opAnd:
		e.push(a & b)
	case opOr:
		e.push(a | b)
	case opXor:
		e.push(a ^ b)
	case opPlus:
		e.push(a + b)
	case opMinus:
		e.push(a - b)
	case opMul:
		e.push(a * b)
	case opDiv, opMod:
		switch {
		case b == 0:
			e.c.Fail("expression divides by zero")
		case op == opDiv && sb == -1: // the least number has no positive counterpart
			e.push(uint64(-sa))
		case op == opDiv:
			e.push(uint64(sa / sb))
		default:
			e.push(a % b)
		}
	case opShl:
		e.push(a << min(b, 64))
	case opShr:
		e.push(a >> min(b, 64))
	case opShra:
		e.push(uint64(sa >> min(b, 63)))
	case opEq:
		e.push(boolean(a == b))
	case opNe:
		e.push(boolean(a != b))
	case opGe:
		e.push(boolean(sa >= sb))
	case opGt:
		e.push(boolean(sa > sb))
	case opLe:
		e.push(boolean(sa <= sb))
	case opLt:
		e.push(boolean(sa < sb))
	default:
		e.c.Fail("operation %#x is not allowed in call frame information", op)
	}
}

func boolean(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
