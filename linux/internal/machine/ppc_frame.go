package machine

import (
	"errors"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/module"
)

// Numbers of registers.
const (
	ppc64SP = 1
	ppc64LR = 32
)

// ppc64Row returns how a function is unwound from a program counter: an instruction or, if it has called, the last byte of the call.
// Assembly that calls without a frame of its own does so on top of one that an interruption has made: the chain of stack pointers leads on,
// and the mark in that frame to what was interrupted.
func ppc64Row(p *drgn.Program, fn Function, pc uint64) (*module.UnwindRow, error) {
	offset := int(pc-fn.Start) &^ 3
	called := pc&3 != 0
	order := p.Platform().ByteOrder() // of instructions, too
	code := make([]uint32, 0, len(fn.Code)/4)
	for rest := fn.Code; len(rest) >= 4; rest = rest[4:] {
		code = append(code, order.Uint32(rest))
	}
	if offset/4 >= len(code) {
		return nil, nil
	}
	switch {
	case strings.HasPrefix(fn.Name, "start_here_"), strings.HasPrefix(fn.Name, "start_secondary"): // a CPU begins here
		return outermost(), nil
	case strings.HasPrefix(fn.Name, "exc_"), strings.HasPrefix(fn.Name, "tramp_"), !ppc64Returns(code):
		if called {
			return nil, nil
		}
		return ppc64Handler(fn.Name, code, offset/4)
	}
	f, ok := ppc64FrameAt(code, offset/4)
	switch {
	case !ok && !called, ok && called && !f.made:
		return nil, nil
	case !ok:
		f = ppc64State{made: true, size: -1} // as all that call have
	}
	return f.row(called)
}

// ppc64Returns reports whether code has an instruction by which functions return, or go on in another, and none that ends an
// interruption.
func ppc64Returns(code []uint32) (returns bool) {
	for _, w := range code {
		to, _ := ppc64Flow(w)
		switch {
		case to == flowAway && w != ppc64BLR && w>>26 == 19: // RFID, HRFID, RFSCV
			return false
		case to == flowTable, w == ppc64BLR, to == flowBranch && w>>26 == 19:
			returns = true
		}
	}
	return returns
}

// ppc64Handler returns the row of a handler of interruptions, or what returns from them (arch/powerpc/kernel/exceptions-64s.S,
// interrupt_64.S), at an instruction: once it has told where the registers are of what was interrupted, and before it has loaded the
// stack pointer again, they are there.
func ppc64Handler(name string, code []uint32, at int) (*module.UnwindRow, error) {
	if strings.HasPrefix(name, "system_call_") || strings.HasPrefix(name, "ret_from_") || strings.HasPrefix(name, "start_kernel_thread") {
		return outermost(), nil // which is above a process, or nothing
	}
	const addi = 14 // ADDI rX, r1, STACK_INT_FRAME_REGS
	regs, whole := int64(0), strings.Contains(name, "interrupt_return_")
	for i, w := range code {
		if w>>26 == addi && w>>16&31 == ppc64SP && w>>21&31 != ppc64SP && (w&0xffff == 48 || w&0xffff == 112) {
			regs = int64(w & 0xffff)
			whole = whole || i < at
		}
		if i < at && w>>16 == 0xe821 && w&3 == 0 { // LD r1, …(r1)
			whole = false
			break
		}
	}
	if regs == 0 || !whole {
		return &module.UnwindRow{Between: errPPC64Between}, nil
	}
	row := &module.UnwindRow{Base: ppc64SP, Offset: regs, Return: arch.PPC64.PC, Interrupted: true}
	for _, slot := range arch.PPC64.PtRegs {
		row.Saved = append(row.Saved, saved(slot.Register, int64(slot.Offset)))
	}
	return row, nil
}

var errPPC64Between = errors.New("the CPU was stopped at the begin or the end of an interruption; the dump does not have the register that says what that interrupted")

// Instructions.
const (
	ppc64BLR  = 0x4e800020
	ppc64NOP  = 0x60000000
	ppc64MFLR = 0x7c0802a6 // with the register in bits 21 to 25
	ppc64MTLR = 0x7c0803a6 // likewise
	ppc64Reg  = 31 << 21
)

// A ppc64State is what a function has done to its frame.
type ppc64State struct {
	made    bool  // it has one
	size    int64 // of it, in bytes; negative if only the chain of stack pointers tells
	base    int64 // how far r31, if the function has made it a frame pointer, is from where its frame ends; 0 if it has not
	away    bool  // the stack pointer is that of another stack, which is chained to the frame
	saved   bool  // where it returns to is in its caller's frame
	copied  uint8 // the register that has it, too; 0 if none has, or r0
	inR0    bool  // r0 has it, too
	changed bool  // LR does not have it
}

// step follows an instruction.
func (f *ppc64State) step(w uint32) {
	op, rt, ra, low := w>>26, w>>21&31, w>>16&31, int64(int16(w))
	known := f.size >= 0
	switch {
	case w == ppc64NOP:
	case w&^ppc64Reg == ppc64MFLR:
		if f.forget(rt); !f.changed {
			f.copy(rt)
		}
	case w&^ppc64Reg == ppc64MTLR:
		f.changed = !f.has(rt)
	case op == 62 && w&3 == 1 && rt == ppc64SP && ra == ppc64SP: // STDU
		if f.size = -(low &^ 3); f.made {
			f.size = -1
		}
		f.made = true
	case op == 62 && w&3 == 0 && ra == ppc64SP && known && low == f.size+16 && f.has(rt): // STD
		f.saved = true
	case w == 0x7c3f0b78: // MR r31, r1
		f.base = 0
		if f.made && known && !f.away {
			f.base = f.size
		}
	case op == 14 && rt == ppc64SP && ra == 31 && f.base != 0 && low == f.base: // ADDI
		f.made, f.size, f.away = false, 0, false
	case op == 14 && rt == ppc64SP && ra == ppc64SP && known && low == f.size, // ADDI
		op == 58 && w&3 == 0 && rt == ppc64SP && ra == ppc64SP && low == 0: // LD
		if f.away {
			f.away = false
		} else {
			f.made, f.size = false, 0
		}
	case op == 31 && ra == ppc64SP && ppc64Moves(w): // STDUX
		f.made, f.size = true, -1
	case (op == 14 || op == 58) && rt == ppc64SP, op == 31 && ppc64Result(w) == ppc64SP && (ppc64Logic(w) || ppc64Sums(w)):
		f.away = f.made
		if !f.made {
			f.made, f.size = true, -1
		}
	case op == 58 && w&3 == 0 && ra == ppc64SP && known && low == f.size+16 && f.saved: // LD
		f.forget(rt)
		f.copy(rt)
	case op >= 20 && op <= 30: // OR … of immediate numbers, RLDICL
		f.forget(ra)
	case op == 31:
		f.forget(ppc64Result(w))
	case op >= 32 && op <= 35, op == 58, op == 7, op == 8, op >= 12 && op <= 15, op >= 40 && op <= 43, op == 46:
		f.forget(rt)
	}
}

// ppc64Result returns the register in which an instruction of opcode 31 has its result, if it is one that has one: ra of those of logic.
func ppc64Result(w uint32) uint32 {
	if ppc64Logic(w) {
		return w >> 16 & 31
	}
	return w >> 21 & 31 // of those that store, what they store: as if it were lost
}

// ppc64Logic reports whether an instruction of opcode 31 is one of logic, shifts or counts.
func ppc64Logic(w uint32) bool {
	switch w >> 1 & 0x3ff {
	case 24, 26, 27, 28, 58, 60, 122, 124, 154, 186, 282, 284, 314, 316, 378, 412, 444, 476, 506, 536, 539, 792, 794, 824, 826, 827, 922, 954, 986:
		return true // SLW … EXTSW
	}
	return false
}

// ppc64Sums reports whether an instruction of opcode 31 adds, subtracts, loads or moves to rt.
func ppc64Sums(w uint32) bool {
	switch w >> 1 & 0x3ff {
	case 8, 10, 40, 104, 136, 138, 266, 21, 23, 53, 55, 84, 339: // SUBFC … NEG, ADD, LDX … LDARX, MFSPR
		return true
	}
	return false
}

// ppc64Moves reports whether an instruction of opcode 31 changes ra, too: that it loads or stores and updates.
func ppc64Moves(w uint32) bool {
	switch w >> 1 & 0x3ff {
	case 53, 55, 119, 181, 183, 247, 311, 373, 375, 439: // LDUX … STDUX
		return true
	}
	return false
}

// copy says that a register has the address that the function returns to.
func (f *ppc64State) copy(register uint32) {
	if register == 0 {
		f.inR0 = true
	} else {
		f.copied = uint8(register)
	}
}

// has reports whether a register has the address that the function returns to.
func (f *ppc64State) has(register uint32) bool {
	return register == 0 && f.inR0 || register != 0 && uint32(f.copied) == register
}

// forget says that a register has another value.
func (f *ppc64State) forget(register uint32) {
	if register == 0 {
		f.inR0 = false
	} else if uint32(f.copied) == register {
		f.copied = 0
	}
}

// call follows a call: registers that calls do not preserve are lost.
func (f *ppc64State) call() {
	f.inR0, f.changed = false, true
	if f.copied < 14 {
		f.copied = 0
	}
}

// row returns the row of the frame; called says that the function is in a call, before which it has saved where it returns to.
func (f *ppc64State) row(called bool) (*module.UnwindRow, error) {
	row := &module.UnwindRow{Base: ppc64SP, Offset: f.size, Return: ppc64LR}
	switch {
	case f.away && !called:
		return nil, nil
	case f.size < 0:
		row.Offset, row.Deref = 0, true
	}
	switch {
	case called, f.saved:
		row.Saved = append(row.Saved, saved(ppc64LR, 16))
	case !f.changed:
		row.Saved = append(row.Saved, module.SavedRegister{Register: ppc64LR, In: ppc64LR, InRegister: true})
	case f.inR0:
		row.Saved = append(row.Saved, module.SavedRegister{Register: ppc64LR, In: 0, InRegister: true})
	case f.copied != 0:
		row.Saved = append(row.Saved, module.SavedRegister{Register: ppc64LR, In: int(f.copied), InRegister: true})
	default:
		return nil, errors.New("the function has called another and not saved where it returns to")
	}
	return row, nil
}

// ppc64Flow returns where an instruction leads; target is in bytes from it.
func ppc64Flow(w uint32) (to flow, target int64) {
	always := w>>21&0x14 == 0x14 // BO: neither a condition nor a counter
	switch op := w >> 26; {
	case op == 18 && w&1 != 0, op == 16 && w&1 != 0: // BL, BCL
		return flowCall, 0
	case op == 18 && w&2 == 0: // B
		return flowJump, int64(int32(w<<6)>>6) &^ 3
	case op == 16 && w&2 == 0: // BC
		if always {
			return flowJump, int64(int16(w)) &^ 3
		}
		return flowBranch, int64(int16(w)) &^ 3
	case op == 16, op == 18: // to an absolute address
		return flowAway, 0
	case op == 19 && (w>>1&0x3ff == 16 || w>>1&0x3ff == 528 || w>>1&0x3ff == 560): // BCLR, BCCTR, BCTAR
		switch {
		case w&1 != 0:
			return flowCall, 0
		case !always:
			return flowBranch, 0 // to the next one, or away
		case w>>1&0x3ff == 528:
			return flowTable, 0
		}
		return flowAway, 0
	case op == 19 && (w>>1&0x3ff == 18 || w>>1&0x3ff == 274 || w>>1&0x3ff == 82): // RFID, HRFID, RFSCV
		return flowAway, 0
	case op == 0:
		return flowAway, 0
	}
	return flowOn, 0
}

// ppc64FrameAt returns the frame that a function has before an instruction; ok is false if it is not seen to get there, or gets there with
// different frames.
func ppc64FrameAt(code []uint32, at int) (found ppc64State, ok bool) {
	type place struct {
		at    int
		state ppc64State
	}
	seen := make([]bool, len(code))
	next := []place{{0, ppc64State{}}}
	var later []place // after calls, some of which do not return
	var tables []ppc64State
	different := false
	follow := func() {
		for len(next)+len(later) > 0 {
			var p place
			if n := len(next); n > 0 {
				p, next = next[n-1], next[:n-1]
			} else {
				p, later = later[0], later[1:]
			}
			for p.at >= 0 && p.at < len(code) {
				if p.at == at {
					different = different || ok && !found.merge(p.state)
					if !ok {
						found, ok = p.state, true
					}
				}
				if seen[p.at] {
					break
				}
				seen[p.at] = true
				w := code[p.at]
				to, target := ppc64Flow(w)
				p.state.step(w)
				if (to == flowBranch || to == flowJump) && target != 0 {
					next = append(next, place{p.at + int(target/4), p.state})
				}
				if to == flowCall {
					if p.at == 0 || code[p.at-1] != ppc64MFLR { // which a function calls that is traced: it gives all back
						p.state.call()
					}
					later = append(later, place{p.at + 1, p.state})
				}
				if to == flowTable {
					tables = append(tables, p.state)
				}
				if to != flowOn && to != flowBranch {
					break
				}
				p.at++
				if w>>26 == 1 { // a prefix: the next word is no instruction of its own
					p.at++
				}
			}
		}
	}
	follow()
	for i := 1; i < len(code) && !ok && len(tables) > 0; i++ {
		// What nothing else leads to is where jumps by a table do.
		if to, _ := ppc64Flow(code[i-1]); !seen[i] && to != flowOn && to != flowBranch && to != flowCall {
			for _, state := range tables {
				next = append(next, place{i, state})
			}
			follow()
		}
	}
	return found, ok && !different
}

// merge makes of two states that the function may be in what holds in both; it reports whether their frames are the same.
func (f *ppc64State) merge(g ppc64State) bool {
	if f.made != g.made || f.size != g.size || f.away != g.away {
		return false
	}
	f.saved, f.inR0, f.changed = f.saved && g.saved, f.inR0 && g.inR0, f.changed || g.changed
	if f.copied != g.copied {
		f.copied = 0
	}
	return true
}
