package machine

import (
	"strings"

	"github.com/godrgn/drgn/module"
)

// The kernel's ORC tables leave out functions of which objtool was told not to look at them (STACK_FRAME_NON_STANDARD). One of them,
// __crash_kexec, is the innermost of each panic that kdump saves: it keeps the registers of the thread that has panicked. Such functions
// are unwound by what their instructions do to the stack from their start on.
//
// Calling convention: System V ABI AMD64, section 3.2.

// x86Registers are the numbers that registers have in the architecture's list, by those that they have in instructions.
var x86Registers = [16]int{0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15}

// Registers, by their numbers in instructions.
const (
	x86RBX, x86RSP, x86RBP = 3, 4, 5
	x86NoRegister          = 16
)

// x86Preserved are those that calls preserve, but for the stack pointer.
const x86Preserved = 1<<x86RBX | 1<<x86RBP | 1<<12 | 1<<13 | 1<<14 | 1<<15

// x86PC is the program counter's number in the architecture's list.
const x86PC = 16

// An x86State is what is known of the frame of a function at an instruction. Offsets are in bytes below the canonical frame address,
// which is the stack pointer before the call.
type x86State struct {
	sp, bp           int64 // where the stack pointer and the frame pointer point to
	spKnown, bpKnown bool

	changed uint16    // bits of registers that are not the caller's any more
	saved   [16]int64 // where registers have been saved while they were the caller's; 0 if they have not
	pushed  uint16    // bits of those that were pushed there
	lost    uint16    // bits of those that have been stored in several places, any of which may be used for something else since
}

// x86Start is the state of a function when it has been called.
var x86Start = x86State{sp: 8, spKnown: true}

// place returns where an operand in memory lies; known is false if it is not seen to be in the frame.
func (f *x86State) place(i *x86Instruction) (at int64, known bool) {
	switch i.base {
	case x86RSP:
		return f.sp - i.displacement, f.spKnown
	case x86RBP:
		return f.bp - i.displacement, f.bpKnown
	}
	return 0, false
}

// write takes down that a register has another value.
func (f *x86State) write(register int) {
	f.changed |= 1 << register & x86Preserved
	switch register {
	case x86RSP:
		f.sp, f.spKnown = 0, false
	case x86RBP:
		f.bp, f.bpKnown = 0, false
	}
}

// store takes down that a register has been stored, or pushed.
func (f *x86State) store(register int, at int64, known, push bool) {
	bit := uint16(1) << register
	switch {
	case bit&x86Preserved&^f.changed == 0 || !known || at <= 8:
	case push:
		f.saved[register] = at
		f.pushed |= bit
		f.lost &^= bit
	case f.pushed&bit != 0:
	case f.saved[register] != 0 && f.saved[register] != at:
		f.lost |= bit
	default:
		f.saved[register] = at
	}
}

// load takes down that a register has been loaded: from where it was saved, it is the caller's again.
func (f *x86State) load(register int, at int64, known bool) {
	f.write(register)
	if bit := uint16(1) << register; known && at != 0 && f.saved[register] == at && f.lost&bit == 0 {
		f.changed &^= bit
	}
}

// push moves the stack pointer by a word.
func (f *x86State) push() { f.sp += 8 }

// pop takes a word off the stack, into a register if it is one.
func (f *x86State) pop(register int) {
	at, known := f.sp, f.spKnown
	f.sp -= 8
	if register < x86NoRegister {
		f.load(register, at, known)
	}
}

// step follows what an instruction does; ok is false if that is not understood.
func (f *x86State) step(i *x86Instruction) (ok bool) {
	toRegister := i.mod == 3
	switch op := i.op; {
	case i.narrow && (op>>4 == 5 || op == 0x68 || op == 0x6a || op == 0x9c || op == 0x9d || op == 0x8f || op == 0xc9 || op == 0xff && i.reg&7 == 6):
		return false // half a word is moved
	case op>>3 == 0x50>>3: // PUSH
		f.push()
		f.store(i.reg, f.sp, f.spKnown, true)
	case op == 0x68 || op == 0x6a || op == 0x9c || op == 0xff && i.reg&7 == 6 || op == 0x0fa0 || op == 0x0fa8: // PUSH, PUSHF
		f.push()
	case op>>3 == 0x58>>3: // POP
		f.pop(i.reg)
	case op == 0x8f && toRegister: // POP
		f.pop(i.rm)
	case op == 0x8f || op == 0x9d || op == 0x0fa1 || op == 0x0fa9: // POP, POPF
		f.pop(x86NoRegister)
	case op == 0xc9: // LEAVE
		f.sp, f.spKnown = f.bp, f.bpKnown
		f.pop(x86RBP)
	case (op == 0x81 || op == 0x83) && toRegister && i.rm == x86RSP && (i.reg&7 == 0 || i.reg&7 == 5) && i.wide: // ADD, SUB
		if i.reg&7 == 0 {
			f.sp -= i.immediate
		} else {
			f.sp += i.immediate
		}
	case op == 0x8d && i.wide && (i.reg == x86RSP || i.reg == x86RBP): // LEA
		at, known := f.place(i)
		f.point(i.reg, at, known)
	case (op == 0x89 || op == 0x8b) && toRegister && i.wide: // MOV
		to, from := i.rm, i.reg
		if op == 0x8b {
			to, from = from, to
		}
		at, known := f.place(&x86Instruction{base: from})
		f.point(to, at, known)
	case op == 0x89 && !toRegister && i.wide: // MOV
		at, known := f.place(i)
		f.store(i.reg, at, known, false)
	case op == 0x8b && i.wide: // MOV
		at, known := f.place(i)
		f.load(i.reg, at, known)
	case op == 0xc8: // ENTER
		return false
	default:
		for r := range x86NoRegister {
			if i.written()>>r&1 != 0 {
				f.write(r)
			}
		}
	}
	return true
}

// point takes down that a register points to a place.
func (f *x86State) point(register int, at int64, known bool) {
	f.write(register)
	switch {
	case known && register == x86RSP:
		f.sp, f.spKnown = at, true
	case known && register == x86RBP:
		f.bp, f.bpKnown = at, true
	}
}

// merge makes a state one that holds where the other does, too.
func (f *x86State) merge(g *x86State) {
	if f.sp != g.sp || f.spKnown != g.spKnown {
		f.sp, f.spKnown = 0, false
	}
	if f.bp != g.bp || f.bpKnown != g.bpKnown {
		f.bp, f.bpKnown = 0, false
	}
	changed := f.changed | g.changed
	f.lost |= g.lost
	for r, at := range f.saved {
		if at != g.saved[r] {
			f.saved[r] = 0
			f.lost |= uint16(1) << r & changed
		}
	}
	f.pushed &= g.pushed
	f.changed = changed
}

// row returns the row of a state; nil if the canonical frame address is not known.
func (f *x86State) row() *module.UnwindRow {
	row := &module.UnwindRow{Return: x86PC, Saved: []module.SavedRegister{saved(x86PC, -8)}}
	switch {
	case f.spKnown:
		row.Base, row.Offset = x86Registers[x86RSP], f.sp
	case f.bpKnown:
		row.Base, row.Offset = x86Registers[x86RBP], f.bp
	default:
		return nil
	}
	for r, at := range f.saved {
		switch bit := uint16(1) << r; {
		case f.changed&bit == 0:
		case at != 0 && f.lost&bit == 0:
			row.Saved = append(row.Saved, saved(x86Registers[r], -at))
		default:
			row.Lost |= 1 << x86Registers[r]
		}
	}
	return row
}

// maxX86Visits bounds how often the instructions of a function are followed: so often for each byte of it.
const maxX86Visits = 8

// x86StateAt returns the state of a function before the instruction that an offset in its code is in; ok is false if it is not seen to
// get there.
func x86StateAt(code []byte, offset int) (state x86State, ok bool) {
	type place struct {
		at    int
		state x86State
	}
	states := map[int]*x86State{}
	found := -1 // where the instruction begins
	next := []place{{0, x86Start}}
	var later []place // after calls, some of which do not return
	table := false    // whether the function goes somewhere by a table
	for steps := 0; len(next)+len(later) > 0; {
		var p place
		if n := len(next); n > 0 {
			p, next = next[n-1], next[:n-1]
		} else {
			p, later = later[0], later[1:]
		}
		for p.at >= 0 && p.at < len(code) {
			if steps++; steps > maxX86Visits*len(code) {
				return state, false
			}
			if known := states[p.at]; known == nil {
				copied := p.state
				states[p.at] = &copied
			} else {
				before := *known
				if known.merge(&p.state); *known == before {
					break
				}
				p.state = *known
			}
			i, whole := x86Decode(code[p.at:])
			if !whole {
				break
			}
			if offset >= p.at && offset < p.at+i.length {
				if found >= 0 && found != p.at {
					return state, false // it is in two instructions
				}
				found = p.at
			}
			if !p.state.step(&i) {
				break
			}
			to, target := i.flow()
			end := p.at + i.length
			if t := int64(end) + target; (to == flowBranch || to == flowJump) && t >= 0 && t < int64(len(code)) {
				next = append(next, place{int(t), p.state})
			}
			if t := int64(end) + target; i.op == 0xe8 && t > 0 && t < int64(len(code)) {
				break // it calls itself in the midst: to have an address, or to go somewhere
			}
			table = table || to == flowTable
			if to == flowCall {
				later = append(later, place{end, p.state})
			}
			if to != flowOn && to != flowBranch {
				break
			}
			p.at = end
		}
	}
	if found < 0 || table {
		return state, false
	}
	return *states[found], true
}

// x86Untold returns how a function of which the kernel's tables say nothing is unwound from a program counter: an instruction or, if it
// has called, the last byte of the call. It is nil if that is not known.
func x86Untold(fn Function, pc uint64) *module.UnwindRow {
	if fn.Start < fn.Gap.Min || fn.Start+uint64(len(fn.Code))-1 > fn.Gap.Max {
		return nil // the tables know it, and that there is nothing to unwind by at this place
	}
	if strings.Contains(fn.Name, ".cold") { // a part of a function, to which that jumps
		return nil
	}
	state, ok := x86StateAt(fn.Code, int(pc-fn.Start))
	if !ok {
		return nil
	}
	return state.row()
}
