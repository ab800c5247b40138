package machine

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/module"
)

// Numbers of registers. The first that calls preserve is r6.
const (
	s390R6  = 6
	s390R11 = 11 // of the stack pointer before it moved, in functions whose frame has no fixed size
	s390RA  = 14
	s390SP  = 15
	s390PC  = 33
)

// s390Overhead is how far the canonical frame address lies above the caller's stack pointer: the size of struct stack_frame, which is
// at the stack pointer of whoever calls.
const s390Overhead = 160

// s390Handlers are functions in assembly with a struct pt_regs above their struct stack_frame (arch/s390/kernel/entry.S): of what was
// interrupted. The value is where in the lowcore the machine has put its program status word; 0 where more than that is elsewhere.
var s390Handlers = map[string]uint64{
	"ext_int_handler": 0x130, "system_call": 0x140, "pgm_check_handler": 0x150, "io_int_handler": 0x170,
	"mcck_int_handler": 0, "restart_int_handler": 0, "early_pgm_check_handler": 0, "ret_from_fork": 0,
}

// s390Row returns how a function is unwound from a program counter: an instruction or, if it has called, the last byte of the call.
func s390Row(p *drgn.Program, fn Function, pc uint64) (*module.UnwindRow, error) {
	offset := int(pc - fn.Start)
	called := pc&1 != 0
	old, isHandler := s390Handlers[fn.Name]
	switch {
	case fn.Name == "startup_continue": // the first CPU begins here
		return outermost(), nil
	case isHandler && !called && fn.Name != "ret_from_fork": // where a task begins that has not run
		if entry := s390EntryAt(fn.Code, offset); entry.restored || !entry.psw {
			return entry.row(p, fn, pc, old)
		}
		return s390PtRegs(), nil
	case isHandler:
		return s390PtRegs(), nil
	}
	frame, ok := s390FrameAt(fn.Code, offset)
	if !ok || called && frame.saved[s390RA-s390R6] == 0 {
		return nil, nil // the chain of stack pointers tells, if it has called
	}
	return frame.row(), nil
}

// An s390Entry is what a handler has done to save what was interrupted, and to give it back.
type s390Entry struct {
	high     bool  // r8 to r15 are in the lowcore
	low      int   // number of the register from which r0 to r7 have been stored; 0 if they have not
	at       int64 // and how far from it
	psw      bool  // all is in the struct pt_regs, at last the program status word
	restored bool  // all is in the registers again, and the program status word in the lowcore
}

// s390EntryAt returns what a handler has done before the instruction at an offset in its code.
func s390EntryAt(code []byte, offset int) (e s390Entry) {
	for at := 0; at < offset; {
		b, ok := s390Instruction(code[at:])
		if !ok {
			return e
		}
		if at += len(b); len(b) == 6 && b[0] == 0xc0 && b[1] == 0xe5 { // BRASL: the rest of what a system call saves is saved there
			e.psw = true
		}
		if len(b) == 6 && b[0] == 0xeb {
			base := int(b[2] >> 4)
			switch uint16(b[1])<<8 | uint16(b[5]) {
			case 0x8f24: // STMG %r8,%r15
				e.high = true
			case 0x0724: // STMG %r0,%r7
				e.low, e.at = base, int64(b[2]&15)<<8|int64(b[3])|int64(int8(b[4]))<<12
			case 0x8924: // STMG %r8,%r9
				e.psw = true
			case 0x0f04: // LMG %r0,%r15
				e.restored = true
			}
		}
	}
	return e
}

// row returns the row of a handler that has not saved all, or has given all back: the rest is in the lowcore of the CPU that runs it.
// old is where the machine has put the program status word there.
func (e *s390Entry) row(p *drgn.Program, fn Function, pc, old uint64) (*module.UnwindRow, error) {
	cpu, ok := uint64(0), false
	if old != 0 && fn.Stopped != nil {
		cpu, ok = fn.Stopped(pc)
	}
	if !ok && fn.Name == "system_call" { // which nobody but a process does
		return outermost(), nil
	}
	if !ok {
		return nil, errors.New("the CPU was stopped at the begin or the end of an interruption: what that interrupted is in a lowcore, and it is not known in which")
	}
	lowcore, err := s390LowcoreOf(p, cpu)
	if err != nil {
		return nil, err
	}
	t, err := p.Type("struct lowcore")
	if err != nil {
		return nil, err
	}
	if e.restored {
		if old, err = drgn.OffsetOf(t, "return_psw"); err != nil {
			return nil, err
		}
	}
	row := &module.UnwindRow{Base: s390SP, Return: s390PC, Interrupted: true}
	value := func(register int, at uint64) error {
		v, err := p.ReadUint(lowcore+at, 8, false)
		row.Saved = append(row.Saved, module.SavedRegister{Register: register, Value: v, IsValue: true})
		return err
	}
	if err := errors.Join(value(s390PC-1, old), value(s390PC, old+8)); err != nil {
		return nil, err
	}
	if e.low != 0 && !e.restored {
		row.Base = e.low
	}
	area, err := drgn.OffsetOf(t, "save_area")
	if err != nil {
		return nil, err
	}
	for r := range s390SP + 1 {
		switch {
		case e.restored, r < 8 && e.low == 0, r >= 8 && !e.high:
			row.Saved = append(row.Saved, module.SavedRegister{Register: r, In: r, InRegister: true})
		case r < 8:
			row.Saved = append(row.Saved, saved(r, e.at+8*int64(r)))
		default:
			if err := value(r, area+8*uint64(r-8)); err != nil {
				return nil, err
			}
		}
	}
	return row, nil
}

// s390LowcoreOf returns the address of the lowcore of a CPU in the mapping of all memory.
func s390LowcoreOf(p *drgn.Program, cpu uint64) (uint64, error) {
	s, err := p.Symbol("lowcore_ptr")
	if err != nil {
		return 0, err
	}
	return p.ReadUint(s.Address+8*cpu, 8, false)
}

// s390PtRegs returns the row of code on top of a struct pt_regs in which what was interrupted is.
func s390PtRegs() *module.UnwindRow {
	row := &module.UnwindRow{Base: s390SP, Offset: s390Overhead, Return: s390PC, Interrupted: true}
	for _, slot := range arch.S390X.PtRegs {
		row.Saved = append(row.Saved, saved(slot.Register, int64(slot.Offset)))
	}
	return row
}

// s390Instruction returns the first instruction of code; the first two bits of it tell its size.
func s390Instruction(code []byte) ([]byte, bool) {
	if len(code) == 0 {
		return nil, false
	}
	size := [4]int{2, 4, 4, 6}[code[0]>>6]
	if size > len(code) {
		return nil, false
	}
	return code[:size], true
}

// An s390State is what a function has done to its frame. Places are in bytes from the canonical frame address, below 0.
type s390State struct {
	sp      int64
	spKnown bool
	saved   [10]int64 // where the caller's r6 to r15 are; 0 if they are in the registers
	copies  [16]int64 // of the stack pointer in other registers; 0 if they are none
}

// step follows an instruction.
func (f *s390State) step(b []byte) {
	r1, r2 := int(b[1]>>4), int(b[1]&15)
	switch len(b) {
	case 2:
	case 4:
		f.step4(b, r1)
	case 6:
		base := int(b[2] >> 4)
		displacement := int64(b[2]&15)<<8 | int64(b[3]) | int64(int8(b[4]))<<12
		switch op := uint16(b[0])<<8 | uint16(b[5]); {
		case op == 0xeb24 && base == s390SP: // STMG
			f.store(r1, r2, displacement)
		case op == 0xe324 && base == s390SP && r2 == 0: // STG
			f.store(r1, r1, displacement)
		case op == 0xeb04: // LMG
			f.load(r1, r2, base, displacement)
		case op == 0xe304: // LG
			f.load(r1, r1, base+r2<<4, displacement)
		case op == 0xe371 && r1 == s390SP: // LAY
			f.moveTo(base == s390SP && r2 == 0, displacement)
		case op == 0xecd9 && r1 == s390SP: // AGHIK
			f.moveTo(r2 == s390SP, int64(int16(binary.BigEndian.Uint16(b[2:]))))
		case b[0] == 0xc2 && r2 == 8 && r1 == s390SP: // AGFI
			f.moveTo(true, int64(int32(binary.BigEndian.Uint32(b[2:]))))
		case b[0] == 0xe3 && r1 == s390SP && (b[5] == 0x08 || b[5] == 0x09 || b[5] == 0x0a || b[5] == 0x0b), b[0] == 0xc0 && r2 == 0 && r1 == s390SP:
			f.spKnown = false // AG, SG, ALG, SLG; LARL
		}
	}
}

// step4 follows an instruction of four bytes.
func (f *s390State) step4(b []byte, r1 int) {
	to, from := int(b[3]>>4), int(b[3]&15)
	switch {
	case b[0] == 0xa7 && b[1] == 0xfb: // AGHI
		f.moveTo(true, int64(int16(binary.BigEndian.Uint16(b[2:]))))
	case b[0] == 0x41 && r1 == s390SP: // LA
		f.moveTo(b[1]&15 == 0 && b[2]>>4 == s390SP, int64(b[2]&15)<<8|int64(b[3]))
	case b[0] == 0xb9 && b[1] == 0x04 && to == s390SP: // LGR
		f.sp, f.spKnown = f.copies[from], f.copies[from] != 0
	case b[0] == 0xb9 && b[1] == 0x04:
		f.copies[to] = 0
		if from == s390SP && f.spKnown {
			f.copies[to] = f.sp
		}
	case b[0] == 0xb9 && to == s390SP && slices.Contains([]byte{0x08, 0x09, 0x0a, 0x0b, 0x80, 0x82}, b[1]),
		b[0] == 0xb9 && b[3]>>4 == s390SP && slices.Contains([]byte{0xe8, 0xe9, 0xea, 0xeb}, b[1]): // AGR, SGR, …
		f.spKnown = false
	}
}

// moveTo moves the stack pointer, by an amount if it is known.
func (f *s390State) moveTo(known bool, by int64) {
	f.sp += by
	f.spKnown = f.spKnown && known
}

// store saves registers, which follow each other, where the caller has left room for them.
func (f *s390State) store(first, last int, displacement int64) {
	for r, at := first, f.sp+displacement; f.spKnown && r <= last; r, at = r+1, at+8 {
		if r >= s390R6 && f.saved[r-s390R6] == 0 && at >= -s390Overhead && at < 0 && f.copies[r] == 0 {
			f.saved[r-s390R6] = at
		}
	}
}

// load gives registers back that were saved.
func (f *s390State) load(first, last, base int, displacement int64) {
	from, known := f.sp, f.spKnown && base == s390SP
	if base == s390R11 && f.copies[s390R11] != 0 {
		from, known = f.copies[s390R11], true
	}
	for r, at := first, from+displacement; r <= last; r, at = r+1, at+8 {
		f.copies[r] = 0
		back := known && r >= s390R6 && f.saved[r-s390R6] == at
		if back {
			f.saved[r-s390R6] = 0
		}
		if r == s390SP {
			f.sp, f.spKnown = -s390Overhead, back
		}
	}
}

// s390Flow returns where an instruction leads; target is in bytes from it.
func s390Flow(b []byte) (to flow, target int64) {
	mask := b[1] >> 4
	near := func() int64 { return 2 * int64(int16(binary.BigEndian.Uint16(b[2:]))) }
	far := func() int64 { return 2 * int64(int32(binary.BigEndian.Uint32(b[2:]))) }
	conditional := func(target int64) (flow, int64) {
		switch mask {
		case 0:
			return flowOn, 0
		case 15:
			return flowJump, target
		}
		return flowBranch, target
	}
	switch low := b[1] & 15; {
	case b[0] == 0x07 && mask == 15 && low != 0, b[0] == 0x47 && mask == 15: // BCR, BC
		return flowAway, 0
	case b[0] == 0x0d, b[0] == 0xa7 && low == 5, b[0] == 0xc0 && low == 5: // BASR, BRAS, BRASL
		return flowCall, 0
	case b[0] == 0xa7 && low == 4: // BRC
		return conditional(near())
	case b[0] == 0xc0 && low == 4: // BRCL
		return conditional(far())
	case b[0] == 0xa7 && (low == 6 || low == 7), b[0] == 0x84, b[0] == 0x85: // BRCT, BRCTG, BRXH, BRXLE
		return flowBranch, near()
	case b[0] == 0xcc && low == 6: // BRCTH
		return flowBranch, far()
	case b[0] == 0xec && slices.Contains([]byte{0x44, 0x45, 0x64, 0x65, 0x76, 0x77, 0x7c, 0x7d, 0x7e, 0x7f}, b[5]): // BRXHG … CLIJ
		return flowBranch, near()
	case b[0] == 0xb2 && b[1] == 0xb2, b[0] == 0xeb && b[5] == 0x71, b[0] == 0: // LPSWE, LPSWEY, what is no instruction
		return flowAway, 0
	}
	return flowOn, 0
}

// s390FrameAt returns the frame that a function has before the instruction that an offset in its code is in; ok is false if it is not seen to
// get there, or gets there with different frames.
func s390FrameAt(code []byte, offset int) (found s390State, ok bool) {
	type place struct {
		at    int
		state s390State
	}
	seen := make([]bool, len(code)/2+1)
	next := []place{{0, s390State{sp: -s390Overhead, spKnown: true}}}
	var later []place // after calls, some of which do not return
	for len(next)+len(later) > 0 {
		var p place
		if n := len(next); n > 0 {
			p, next = next[n-1], next[:n-1]
		} else {
			p, later = later[0], later[1:]
		}
		for p.at >= 0 && p.at < len(code) {
			b, whole := s390Instruction(code[p.at:])
			if !whole {
				break
			}
			if offset >= p.at && offset < p.at+len(b) {
				if ok && found.frame() != p.state.frame() {
					return found, false
				}
				found, ok = p.state, true
			}
			if seen[p.at/2] {
				break
			}
			seen[p.at/2] = true
			p.state.step(b)
			to, target := s390Flow(b)
			if (to == flowBranch || to == flowJump) && p.at+int(target) >= 0 && p.at+int(target) < len(code) && target%2 == 0 {
				next = append(next, place{p.at + int(target), p.state})
			}
			if to == flowCall {
				later = append(later, place{p.at + len(b), p.state})
			}
			if to != flowOn && to != flowBranch {
				break
			}
			p.at += len(b)
		}
	}
	return found, ok
}

// frame returns what of a state makes a difference to the caller's registers.
func (f s390State) frame() s390State {
	f.copies = [16]int64{s390R11: f.copies[s390R11]}
	if f.spKnown {
		f.copies[s390R11] = 0
	}
	return f
}

// row returns the row of the frame; nil if the stack pointer is not known.
func (f *s390State) row() *module.UnwindRow {
	row := &module.UnwindRow{Base: s390SP, Offset: -f.sp, Return: s390RA}
	if !f.spKnown {
		if f.copies[s390R11] == 0 {
			return nil
		}
		row.Base, row.Offset = s390R11, -f.copies[s390R11]
	}
	for i, at := range f.saved {
		if at != 0 {
			row.Saved = append(row.Saved, saved(s390R6+i, at))
		}
	}
	return row
}
