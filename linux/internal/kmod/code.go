package kmod

import (
	"encoding/binary"
	"fmt"
)

// A reference is a place in the code that depends on where the module lies: 4 bytes, relative to the next instruction.
type reference struct {
	at     int
	inData bool
	target uint64 // an offset in the data, or the address of a function
}

// code is the text of an init function.
type code struct {
	text     []byte
	refs     []reference
	ends     []int // where jumps to the end have their 4 bytes
	dataSize int
}

func (c *code) add(b ...byte)  { c.text = append(c.text, b...) }
func (c *code) add32(v uint32) { c.text = binary.LittleEndian.AppendUint32(c.text, v) }
func (c *code) add64(v uint64) { c.text = binary.LittleEndian.AppendUint64(c.text, v) }
func (c *code) refer(r reference) {
	r.at = len(c.text)
	c.refs = append(c.refs, r)
	c.add32(0)
}

// inData checks that size bytes at an offset are part of the data.
func (c *code) inData(offset uint64, size int) error {
	if offset > uint64(c.dataSize) || uint64(size) > uint64(c.dataSize)-offset {
		return fmt.Errorf("offset %d is not in the %d bytes of data", offset, c.dataSize)
	}
	return nil
}

// The registers of a function's first arguments, as the prefix, the opcode of mov with 64 bits, and ModRM of lea relative to rip
// have them: rdi, rsi, rdx, rcx, r8, r9, and rax, by which others go to the stack.
var registers = [...]struct{ mov, lea [2]byte }{
	{[2]byte{0x48, 0xbf}, [2]byte{0x48, 0x3d}}, {[2]byte{0x48, 0xbe}, [2]byte{0x48, 0x35}}, {[2]byte{0x48, 0xba}, [2]byte{0x48, 0x15}},
	{[2]byte{0x48, 0xb9}, [2]byte{0x48, 0x0d}}, {[2]byte{0x49, 0xb8}, [2]byte{0x4c, 0x05}}, {[2]byte{0x49, 0xb9}, [2]byte{0x4c, 0x0d}},
	{[2]byte{0x48, 0xb8}, [2]byte{0x48, 0x05}},
}

const inRegisters = len(registers) - 1

// load puts an argument into a register.
func (c *code) load(register int, a Arg) error {
	r := registers[register]
	if !a.InData {
		c.add(r.mov[:]...)
		c.add64(a.Value)
		return nil
	}
	c.add(r.lea[0], 0x8d, r.lea[1])
	c.refer(reference{inData: true, target: a.Value})
	return c.inData(a.Value, 0)
}

// leave makes the function return minus a number of an error, unless the int in eax is 0 and only what fails is to leave.
func (c *code) leave(number uint8) {
	c.add(0xb8) // mov eax, -number
	c.add32(-uint32(number))
	c.add(0xe9) // jmp
	c.ends = append(c.ends, len(c.text))
	c.add32(0)
}

// init writes the function: System V ABI, with the endbr64 that indirect calls need where the CPU checks them.
func (c *code) init(ops []Op) error {
	c.add(0xf3, 0x0f, 0x1e, 0xfa) // endbr64
	c.add(0x55, 0x48, 0x89, 0xe5) // push rbp; mov rbp, rsp: the stack is aligned to 16 bytes now
	for i := range ops {
		var err error
		if op := &ops[i]; op.Kind == Call {
			err = c.call(op)
		} else {
			err = c.bit(op)
		}
		if err != nil {
			return err
		}
	}
	c.leave(Done)
	for _, at := range c.ends {
		binary.LittleEndian.PutUint32(c.text[at:], uint32(len(c.text)-at-4))
	}
	c.add(0xc9, 0xc3) // leave; ret
	return nil
}

func (c *code) call(op *Op) error {
	onStack := max(len(op.Args)-inRegisters, 0)
	if onStack > 64 {
		return fmt.Errorf("a call with %d arguments", len(op.Args))
	}
	if onStack%2 != 0 {
		c.add(0x50) // push rax, for the alignment
	}
	for i := len(op.Args) - 1; i >= 0; i-- {
		if err := c.load(min(i, inRegisters), op.Args[i]); err != nil {
			return err
		}
		if i >= inRegisters {
			c.add(0x50) // push rax
		}
	}
	c.add(0x31, 0xc0) // xor eax, eax: a variadic function has no arguments in vector registers
	c.add(0xe8)       // call
	c.refer(reference{target: op.Function})
	if onStack > 0 {
		c.add(0x48, 0x81, 0xc4) // add rsp, …
		c.add32(uint32(8 * (onStack + onStack%2)))
	}
	if op.Result >= 0 {
		c.add(0x48, 0x89, 0x05) // mov [rip + …], rax
		c.refer(reference{inData: true, target: uint64(op.Result)})
		if err := c.inData(uint64(op.Result), 8); err != nil {
			return err
		}
	}
	if op.Fails != 0 {
		c.add(0x85, 0xc0) // test eax, eax
		c.add(0x74, 10)   // je over leave
		c.leave(op.Fails)
	}
	return nil
}

func (c *code) bit(op *Op) error {
	if op.Address%8 != 0 || op.Number > 63 {
		return fmt.Errorf("bit %d at %#x", op.Number, op.Address)
	}
	if err := c.load(0, Arg{Value: op.Address}); err != nil {
		return err
	}
	which := byte(0x2f) // bts [rdi], imm8
	if op.Kind == ClearBit {
		which = 0x37 // btr
	}
	c.add(0xf0, 0x48, 0x0f, 0xba, which, op.Number)
	return nil
}
