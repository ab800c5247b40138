// Package disasm makes text of machine code, as the GNU tools write it.
package disasm

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/arch/arm/armasm"
	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/loong64/loong64asm"
	"golang.org/x/arch/ppc64/ppc64asm"
	"golang.org/x/arch/riscv64/riscv64asm"
	"golang.org/x/arch/s390x/s390xasm"
	"golang.org/x/arch/x86/x86asm"

	"github.com/godrgn/drgn/arch"
)

// An Instruction is one instruction of a machine.
type Instruction struct {
	Address uint64
	Bytes   []byte
	Text    string // in the syntax of the GNU assembler
	Known   bool   // it is one that the decoder knows; else Text says that it is not
	Memory  []Operand
	Target  uint64 // where it jumps to or what it calls, 0 where the instruction alone does not tell. Only those of x86 are told
}

// An Operand is memory that an instruction refers to: base + index × scale + displacement. Only those of x86 are told.
type Operand struct {
	Text         string // "0x8(%rax)"
	Segment      string // name of a register that adds to it, "" as a rule
	Base, Index  string // names of registers, "" for none; "rip" is the address of the next instruction
	Scale        uint64
	Displacement int64
	Size         int // bytes that are read or written, 0 where that isn't known
}

// Address returns the address of the operand; register returns what a register holds. ok is false if one is not known.
func (o Operand) Address(register func(name string) (v uint64, ok bool)) (v uint64, ok bool) {
	v = uint64(o.Displacement)
	if o.Base != "" {
		base, known := register(o.Base)
		if v += base; !known {
			return 0, false
		}
	}
	if o.Index != "" {
		index, known := register(o.Index)
		if v += index * o.Scale; !known {
			return 0, false
		}
	}
	return v, o.Segment == ""
}

// ErrUnsupported says that a machine's code can't be made text of.
var ErrUnsupported = errors.New("this machine's instructions are not known")

// maxLength is how long an instruction may be, in bytes.
const maxLength = 15

// decode decodes the first instruction of code, which lies at an address, into i. n is how long it is.
type decode func(code []byte, at uint64, i *Instruction) (n int, err error)

// machine returns what decodes a machine's code, and how far the next instruction is where one is not known.
func machine(p arch.Platform) (d decode, step int, err error) {
	switch p.Arch {
	case arch.X86_64:
		return x86(64), 1, nil
	case arch.I386:
		return x86(32), 1, nil
	case arch.AArch64:
		return func(code []byte, at uint64, to *Instruction) (int, error) {
			i, err := arm64asm.Decode(code)
			to.Text = arm64asm.GNUSyntax(i)
			return 4, err
		}, 4, nil
	case arch.ARM:
		return func(code []byte, at uint64, to *Instruction) (int, error) {
			i, err := armasm.Decode(code, armasm.ModeARM)
			to.Text = armasm.GNUSyntax(i)
			return 4, err
		}, 4, nil
	case arch.PPC64:
		return func(code []byte, at uint64, to *Instruction) (int, error) {
			i, err := ppc64asm.Decode(code, p.ByteOrder())
			to.Text = ppc64asm.GNUSyntax(i, at)
			return i.Len, err
		}, 4, nil
	case arch.RISCV64:
		return func(code []byte, at uint64, to *Instruction) (int, error) {
			i, err := riscv64asm.Decode(code)
			to.Text = riscv64asm.GNUSyntax(i)
			return i.Len, err
		}, 2, nil
	case arch.S390X:
		return func(code []byte, at uint64, to *Instruction) (int, error) {
			i, err := s390xasm.Decode(code)
			to.Text = s390xasm.GNUSyntax(i, at)
			return i.Len, err
		}, 2, nil
	case arch.LoongArch64:
		return func(code []byte, at uint64, to *Instruction) (int, error) {
			i, err := loong64asm.Decode(code)
			to.Text = loong64asm.GNUSyntax(i)
			return 4, err
		}, 4, nil
	}
	return nil, 0, ErrUnsupported
}

// Decode returns the instructions of code that lies at an address, at most max of them. What is none is told as such, and the next one
// is looked for behind it; an instruction that the end of code cuts is left out. The error is [ErrUnsupported].
func Decode(p arch.Platform, code []byte, at uint64, max int) ([]Instruction, error) {
	d, step, err := machine(p)
	if err != nil {
		return nil, err
	}
	var all []Instruction
	for len(code) >= step && len(all) < max {
		i := Instruction{Address: at}
		n, err := guarded(d, code, &i)
		if err != nil || n <= 0 || n > len(code) {
			if len(code) < maxLength && step == 1 {
				break // it may be whole in memory
			}
			i, n = Instruction{Address: at, Text: "(unknown instruction)"}, step
		} else {
			i.Known = true
		}
		i.Text, i.Bytes = tidy(i.Text), code[:n:n]
		all = append(all, i)
		code, at = code[n:], at+uint64(n)
	}
	return all, nil
}

// guarded decodes; a decoder that panics at what is no code has not decoded it.
func guarded(d decode, code []byte, i *Instruction) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decoder: %v", r)
		}
	}()
	return d(code[:min(len(code), maxLength)], i.Address, i)
}

// tidy returns the text of an instruction with single blanks.
func tidy(text string) string { return strings.Join(strings.Fields(text), " ") }

// Hex returns the instruction's bytes in hexadecimal, as they lie in memory.
func (i Instruction) Hex() string { return hex.EncodeToString(i.Bytes) }

// x86 returns the decoder of a mode, 32 or 64.
func x86(mode int) decode {
	return func(code []byte, at uint64, to *Instruction) (int, error) {
		if len(code) >= 4 && code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3]&^1 == 0xfa {
			to.Text = map[byte]string{0xfa: "endbr64", 0xfb: "endbr32"}[code[3]] // which the decoder does not know
			return 4, nil
		}
		i, err := x86asm.Decode(code, mode)
		if err != nil {
			return 0, err
		}
		for _, a := range i.Args {
			switch a := a.(type) {
			case x86asm.Mem:
				if i.Op != x86asm.NOP && i.Op != x86asm.LEA {
					to.Memory = append(to.Memory, operand(a, i.MemBytes))
				}
			case x86asm.Rel:
				to.Target = (at + uint64(i.Len) + uint64(int64(a))) & (1<<(mode-1)<<1 - 1)
			}
		}
		to.Text = x86asm.GNUSyntax(i, at, nil)
		for _, m := range to.Memory {
			if m.Text == "0x0" { // the decoder leaves it out: "movl $0x1,"
				if strings.HasSuffix(to.Text, ",") {
					to.Text += m.Text
				}
				to.Text = strings.Replace(to.Text, " ,", " "+m.Text+",", 1)
			}
		}
		return i.Len, nil
	}
}

// operand returns an operand of x86.
func operand(m x86asm.Mem, size int) Operand {
	name := func(r x86asm.Reg) string {
		switch {
		case r == 0:
			return ""
		case r == x86asm.RIP || r == x86asm.EIP:
			return "rip"
		}
		return strings.ToLower(r.String())
	}
	o := Operand{Segment: name(m.Segment), Base: name(m.Base), Index: name(m.Index), Scale: uint64(m.Scale), Displacement: m.Disp, Size: size}
	if m.Segment != x86asm.FS && m.Segment != x86asm.GS {
		o.Segment = "" // the others have the base 0, or that of the stack
	}
	var b strings.Builder
	if o.Segment != "" {
		fmt.Fprintf(&b, "%%%s:", o.Segment)
	}
	switch {
	case m.Disp < 0 && m.Base != 0:
		fmt.Fprintf(&b, "-%#x", uint64(-m.Disp))
	case m.Disp != 0 || m.Base == 0 && m.Index == 0:
		fmt.Fprintf(&b, "%#x", uint64(m.Disp))
	}
	if m.Base != 0 || m.Index != 0 {
		b.WriteByte('(')
		if m.Base != 0 {
			b.WriteString("%" + o.Base)
		}
		if m.Index != 0 {
			fmt.Fprintf(&b, ",%%%s,%d", o.Index, m.Scale)
		}
		b.WriteByte(')')
	}
	o.Text = b.String()
	return o
}
