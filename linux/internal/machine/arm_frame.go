package machine

import (
	"encoding/binary"
	"errors"
	"regexp"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/module"
)

// Code that no table describes is unwound by what its instructions do to the stack pointer, the frame pointer and the link
// register from the start of its function on: assembly always, and all of it where there is no debugging information. A chain of
// frame pointers would pass over the caller of a function that has made no frame record, or not yet, or not any more.
//
// Encodings: "Arm Architecture Reference Manual for A-profile", chapter C6.

// Numbers of registers.
const (
	armX9, armX19 = 9, 19
	armFP, armLR  = 29, 30
	armSP, armPC  = 31, 33
)

// An arm64Frame is what is known of the frame of a function at an instruction. Offsets are in bytes below the canonical frame
// address, which is the stack pointer at the start of the function.
type arm64Frame struct {
	sp, fp   int64                     // where the stack pointer and the frame pointer point to
	spKnown  bool                      // whether sp says anything
	fpKnown  bool                      // whether the frame pointer is the function's own
	saved    [armLR - armX19 + 1]int64 // where x19 to x30 have been saved; 0 if they have not
	lrGone   bool                      // the link register has been overwritten by a call
	unknown  uint32                    // bits of registers that have been saved on some ways to the instruction, not on others
	argument int64                     // where x9 has been saved, in which functions that are traced keep their link register
}

// base returns what an offset from a register that is the base of an address means; known is false for other registers.
func (f *arm64Frame) base(register uint32) (offset int64, known bool) {
	switch {
	case register == armSP:
		return f.sp, f.spKnown
	case register == armFP:
		return f.fp, f.fpKnown
	}
	return 0, false
}

// store takes down that a register has been saved, if it had not been before.
func (f *arm64Frame) store(register uint32, at int64) {
	switch {
	case register >= armX19 && register <= armLR && f.saved[register-armX19] == 0 && at > 0:
		f.saved[register-armX19] = at
	case register == armX9 && f.argument == 0 && at > 0:
		f.argument = at
	}
}

// load takes down that a register has been loaded: from where it was saved, it is the caller's again.
func (f *arm64Frame) load(register uint32, at int64, known bool) {
	if register < armX19 || register > armLR {
		return
	}
	if register == armFP {
		f.fpKnown = false
	}
	if known && f.saved[register-armX19] == at {
		f.saved[register-armX19] = 0
		f.lrGone = f.lrGone && register != armLR
	}
}

// merge makes a frame one that holds where the other does, too; ok is false if there is none.
func (f *arm64Frame) merge(g arm64Frame) (ok bool) {
	for i := range f.saved[:armFP-armX19] {
		if f.saved[i] != g.saved[i] {
			f.saved[i], g.saved[i] = 0, 0
			f.unknown |= 1 << (armX19 + i)
		}
	}
	if f.fpKnown != g.fpKnown || f.fp != g.fp {
		f.fp, f.fpKnown, g.fp, g.fpKnown = 0, false, 0, false
	}
	if f.spKnown != g.spKnown || f.sp != g.sp {
		f.sp, f.spKnown, g.sp, g.spKnown = 0, false, 0, false
	}
	if f.argument != g.argument {
		f.argument, g.argument = 0, 0
	}
	g.unknown = f.unknown
	return *f == g
}

// signed returns n bits of an instruction from a bit on as a signed number.
func signed(w uint32, from, n uint) int64 { return int64(int32(w<<(32-from-n)) >> (32 - n)) }

// access follows an instruction that stores or loads one register or two of 8 bytes; ok is false for others.
func (f *arm64Frame) access(w uint32) (ok bool) {
	rn, rt := w>>5&31, w&31
	registers := []uint32{rt}
	var offset int64
	var before, after bool // whether the base is changed before or after the access
	var isLoad bool
	switch {
	case w>>23&^3 == 0x150 && w>>23&3 != 0: // STP, LDP
		registers = []uint32{rt, w >> 10 & 31}
		offset, isLoad = 8*signed(w, 15, 7), w>>22&1 != 0
		after, before = w>>23&3 == 1, w>>23&3 == 3
	case w>>22 == 0x3e4 || w>>22 == 0x3e5: // STR, LDR with an unsigned offset
		offset, isLoad = 8*int64(w>>10&0xfff), w>>22&1 != 0
	case w>>21 == 0x7c0 || w>>21 == 0x7c2: // STUR, LDUR, STR and LDR with another base afterwards
		offset, isLoad = signed(w, 12, 9), w>>22&1 != 0
		after, before = w>>10&3 == 1, w>>10&3 == 3
		if w>>10&3 == 2 {
			return true // STTR, LDTR: of a process
		}
	default:
		return false
	}
	base, known := f.base(rn)
	at := base - offset
	if after {
		at = base
	}
	if (before || after) && rn == armSP {
		f.sp -= offset
	}
	for i, r := range registers {
		place := at - 8*int64(i)
		switch {
		case isLoad:
			f.load(r, place, known)
		case known:
			f.store(r, place)
		}
	}
	return true
}

// arithmetic follows an instruction that computes the stack pointer or the frame pointer; ok is false for others.
func (f *arm64Frame) arithmetic(w uint32) (ok bool) {
	rd, rn := w&31, w>>5&31
	if rd != armSP && rd != armFP {
		return false
	}
	var value int64
	known := false
	switch op := w >> 23; {
	case op == 0x122 || op == 0x1a2: // ADD, SUB of an immediate
		n := int64(w >> 10 & 0xfff)
		if w>>22&1 != 0 {
			n <<= 12
		}
		if op == 0x122 {
			n = -n
		}
		value, known = f.base(rn)
		value += n
	case op == 0x124, w&0xffe00000 == 0x8b200000, w&0xffe00000 == 0xcb200000: // AND of an immediate, ADD, SUB of a register
		if rd != armSP {
			return false
		}
	case rd == armFP && w&0xffe0ffe0 == 0xaa0003e0: // MOV
	default:
		return false
	}
	if rd == armSP {
		f.sp, f.spKnown = value, known
	} else {
		f.fp, f.fpKnown = value, known
	}
	return true
}

// arm64Flow returns where an instruction leads; target is in bytes from it.
func arm64Flow(w uint32) (to flow, target int64) {
	switch {
	case w>>26 == 0x05: // B
		return flowJump, 4 * signed(w, 0, 26)
	case w>>24 == 0x54, w>>25&0x3f == 0x1a: // B.cond, CBZ, CBNZ
		return flowBranch, 4 * signed(w, 5, 19)
	case w>>25&0x3f == 0x1b: // TBZ, TBNZ
		return flowBranch, 4 * signed(w, 5, 14)
	case w>>26 == 0x25, w>>25 == 0x6b && w>>21&7 == 1: // BL, BLR
		return flowCall, 0
	case w>>21 == armBRK:
		return flowCall, 0
	case w>>25 == 0x6b && w>>21&7 == 0: // BR
		return flowTable, 0
	case w>>25 == 0x6b: // RET, ERET
		return flowAway, 0
	case w>>16 == 0: // UDF
		return flowAway, 0
	}
	return flowOn, 0
}

const armBRK = 0x6a1 // the highest 11 bits of BRK

// movX9LR is how a function that can be traced begins: what it calls next, if it is traced, gives the link register back.
const movX9LR = 0xaa1e03e9

// arm64FrameAt returns the frame that a function has before the instruction at an offset in its code; ok is false if it is not
// seen to get there, or gets there with different frames.
func arm64FrameAt(code []byte, offset int) (_ arm64Frame, ok bool) {
	w := codeWalk[arm64Frame]{code: code, offset: offset, flow: arm64Flow, merge: (*arm64Frame).merge}
	w.step = func(f *arm64Frame, word uint32, at int) {
		if !f.access(word) {
			f.arithmetic(word)
		}
		if to, _ := arm64Flow(word); to == flowCall {
			traced := at >= 4 && binary.LittleEndian.Uint32(code[at-4:]) == movX9LR
			f.lrGone = f.lrGone || f.saved[armLR-armX19] == 0 && !traced && word>>21 != armBRK
		}
	}
	return w.frameAt(arm64Frame{spKnown: true})
}

// arm64Row returns how a function is unwound from a program counter: an instruction or, if it has called, the last byte of the
// call.
func arm64Row(p *drgn.Program, fn Function, pc uint64) (*module.UnwindRow, error) {
	offset := int(pc-fn.Start) &^ 3
	rest := fn.Code[offset:]
	switch kind := arm64Entry.FindStringSubmatch(fn.Name); {
	case kind != nil && (contains(rest, arm64SavePC) || contains(fn.Code, arm64LoadFP) && !contains(rest, arm64LoadFP)): // it has not saved all, or loaded all
		return arm64Between(kind[1] == "0")
	case (fn.Name == "ret_to_user" || fn.Name == "ret_to_kernel") && !contains(rest, arm64LoadFP): // it has loaded all
		return arm64Between(fn.Name == "ret_to_user")
	case kind != nil || fn.Name == "ret_to_user" || fn.Name == "ret_to_kernel":
		return arm64PtRegs(p)
	case fn.Name == "ret_from_fork": // a task begins here, on top of the registers of its process
		return arm64PtRegs(p)
	case fn.Name == "vectors" || fn.Name == "__bp_harden_el1_vectors" || fn.Name == "tramp_vectors":
		const fromUser = 0x400 // in a table of vectors, of 0x800 bytes: exceptions from a lower level
		return arm64Between(offset%0x800 >= fromUser)
	case fn.Name == "tramp_exit":
		return arm64Between(true)
	case fn.Name == "__primary_switched" || fn.Name == "__secondary_switched": // an idle task begins here
		return outermost(), nil
	}
	frame, ok := arm64FrameAt(fn.Code, offset)
	if !ok {
		return nil, nil
	}
	if fn.Name == "ftrace_caller" {
		return frame.traced(), nil
	}
	if called := pc&3 != 0; called && frame.saved[armLR-armX19] == 0 {
		traced := offset >= 4 && binary.LittleEndian.Uint32(fn.Code[offset-4:]) == movX9LR
		frame.lrGone = frame.lrGone || !traced
	}
	return frame.row()
}

// arm64Between returns the row of code that runs when an exception has come and the registers have not been saved, or when they have
// been loaded again. What the exception has interrupted is in a register that a dump does not have: a process, with no more of the
// kernel's stack, or some function of the kernel.
func arm64Between(process bool) (*module.UnwindRow, error) {
	if process {
		return outermost(), nil
	}
	return nil, errors.New("the CPU was stopped at the begin or the end of an exception; the dump does not have the register that says what that interrupted")
}

// outermost is the row of code that has no caller.
func outermost() *module.UnwindRow {
	return &module.UnwindRow{Outermost: true}
}

// arm64Entry matches the names of what exception vectors lead to (arch/arm64/kernel/entry.S), since v5.14, commit ec841aab8d6c, and before.
var arm64Entry = regexp.MustCompile(`^el([01])(?:[ht]_(?:64|32)_(?:sync|irq|fiq|error)|_(?:sync|irq|fiq|error)(?:_invalid)?(?:_compat)?(?:_naked)?)$`)

// The last that an exception saves of what it has interrupted, and the last that is loaded of what is not of a call.
const (
	arm64SavePC = 0xa9105ff6 // STP X22, X23, [SP, #S_PC]
	arm64LoadFP = 0xa94e77fc // LDP X28, X29, [SP, #16 * 14]
)

// contains reports whether an instruction is in code.
func contains(code []byte, instruction uint32) bool {
	for ; len(code) >= 4; code = code[4:] {
		if binary.LittleEndian.Uint32(code) == instruction {
			return true
		}
	}
	return false
}

// arm64PtRegs returns the row of code on top of a struct pt_regs in which what was interrupted is: the frame pointer points to the
// frame record in there, since v5.14, commit 7d7b720a4b80.
func arm64PtRegs(p *drgn.Program) (*module.UnwindRow, error) {
	t, err := p.Type("struct pt_regs")
	if err != nil {
		return nil, err
	}
	record, err := drgn.OffsetOf(t, "stackframe")
	if err != nil {
		return nil, err
	}
	row := &module.UnwindRow{Base: armFP, Offset: -int64(record), Return: armPC, Interrupted: true}
	for _, slot := range arch.AArch64.PtRegs {
		if slot.Register >= 0 {
			row.Saved = append(row.Saved, saved(slot.Register, int64(slot.Offset)))
		}
	}
	return row, nil
}

// traced returns the row of ftrace_caller, which a function calls that is traced, before it does anything else: the link register
// has where that goes on, and x9 has what the link register had.
func (f *arm64Frame) traced() *module.UnwindRow {
	row, err := f.row()
	if err != nil || row == nil {
		return nil
	}
	row.Return = armPC
	goesOn := module.SavedRegister{Register: armPC, In: armLR, InRegister: true}
	if at := f.saved[armLR-armX19]; at != 0 {
		goesOn = saved(armPC, -at)
	}
	link := module.SavedRegister{Register: armLR, In: armX9, InRegister: true}
	if f.argument != 0 {
		link = saved(armLR, -f.argument)
	}
	row.Saved = append(slices.DeleteFunc(row.Saved, func(r module.SavedRegister) bool { return r.Register == armLR }), goesOn, link)
	return row
}

// row returns the row of the frame.
func (f *arm64Frame) row() (*module.UnwindRow, error) {
	row := &module.UnwindRow{Return: armLR, Lost: uint64(f.unknown)}
	switch {
	case f.fpKnown:
		row.Base, row.Offset = armFP, f.fp
	case f.spKnown:
		row.Base, row.Offset = armSP, f.sp
	default:
		return nil, nil
	}
	if f.saved[armLR-armX19] == 0 && f.lrGone {
		return nil, errors.New("the function has called another and not saved where it returns to")
	}
	for i, at := range f.saved {
		if at != 0 {
			row.Saved = append(row.Saved, saved(armX19+i, -at))
		}
	}
	return row, nil
}

// saved is a register that lies at an offset from the canonical frame address.
func saved(register int, offset int64) module.SavedRegister {
	return module.SavedRegister{Register: register, Offset: offset}
}
