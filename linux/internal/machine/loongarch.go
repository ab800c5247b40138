package machine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"regexp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/module"
)

var loongarch64 = &Machine{
	Arch:            arch.LoongArch64,
	PageSizes:       []uint64{4 << 10, 16 << 10, 64 << 10},
	NewTranslator:   newLoongarchTranslator,
	DirectMap:       func(Kernel, *drgn.Program) (DirectMap, error) { return DirectMap{Virtual: loongarchCached}, nil },
	Vmemmap:         func(Kernel, *drgn.Program) (uint64, error) { return 0, drgn.ErrNotFound }, // its place depends on the processor: sections of memory tell
	SwitchedOut:     loongarchSwitchedOut,
	IsKernelAddress: func(address uint64) bool { return int64(address) < 0 },
	ImageToPhysical: func(_ Kernel, address uint64) (uint64, bool) {
		return address & loongarchPhysical, address&^loongarchPhysical == loongarchCached
	},
	Fixed: func(Kernel) func(uint64) bool {
		return func(address uint64) bool { return address&^loongarchPhysical == loongarchCached }
	},
	Rows:      Rows{All: loongarchRow, Misled: loongarchMisled},
	Alias:     loongarchAlias,
	TaskStart: []string{"ret_from_fork_asm", "ret_from_kernel_thread_asm", "ret_from_fork", "ret_from_kernel_thread"}, // the former two since v6.16
}

// Numbers of registers.
const (
	loongarchRA = 1
	loongarchSP = 3
	loongarchT0 = 12
	loongarchFP = 22 // s0 to s8 follow
	loongarchPC = 32
)

// Windows of addresses that the processor maps to physical memory by itself (arch/loongarch/include/asm/addrspace.h): the kernel is in the
// cached one. Physical addresses have up to 48 bits.
const (
	loongarchUncached = 0x8000_0000_0000_0000
	loongarchCached   = 0x9000_0000_0000_0000
	loongarchPhysical = 1<<48 - 1
)

type loongarchThreadKey struct{}

// loongarchSwitchedOut reads thread, a struct thread_struct (arch/loongarch/include/asm/processor.h). What r1 holds is where the task goes on.
func loongarchSwitchedOut(task drgn.Object) (*arch.Registers, error) {
	p := task.Prog()
	thread := task.Member("thread")
	layout, err := drgn.Memo(p, loongarchThreadKey{}, func() (arch.Layout, error) {
		offsets := map[string]uint64{}
		for register := range 32 {
			switch {
			case register == loongarchRA, register == loongarchSP, register >= loongarchFP:
			default:
				continue
			}
			offset, err := drgn.OffsetOf(thread.Type(), fmt.Sprintf("reg%02d", register))
			if err != nil {
				return nil, err
			}
			offsets[fmt.Sprintf("r%d", register)] = offset
		}
		layout, err := p.Platform().LayoutOf(offsets)
		return append(layout, arch.Slot{Register: loongarchPC, Offset: uint32(offsets["r1"]), Size: 8}), err
	})
	if err != nil {
		return nil, err
	}
	data, err := thread.Bytes()
	if err != nil {
		return nil, err
	}
	regs := &arch.Registers{}
	return regs, regs.Load(p.Platform(), layout, data)
}

// Bits of entries of page tables (arch/loongarch/include/asm/pgtable-bits.h).
const (
	loongarchHuge      = 1 << 6 // a page, in an entry of a table that is not of the lowest level
	loongarchPresent   = 1 << 7
	loongarchProtNone  = 1 << 10
	loongarchNotValid  = 1 << 60 // a huge page that is there but not valid for the moment (_PAGE_PRESENT_INVALID)
	loongarchFrameMask = 1<<48 - 1<<12
)

// A loongarchTranslator walks page tables, and knows the windows that need none.
type loongarchTranslator struct{ tableWalk }

// newLoongarchTranslator makes a walk of the page tables that the kernel's handlers of TLB misses walk ("LoongArch Reference Manual", volume 1,
// section "Virtual Address Space and Address Translation Mode"; arch/loongarch/include/asm/pgtable.h): a table fills a page, and how many there are above
// each other follows from how many bits addresses have. Entries lead to tables by virtual addresses, in the window that is cached.
func newLoongarchTranslator(k Kernel) (Translator, error) {
	top, err := k.Info.Symbol("swapper_pg_dir")
	if err != nil {
		return nil, err
	}
	size, levels, err := loongarchLevels(k)
	if err != nil {
		return nil, err
	}
	t := &loongarchTranslator{tableWalk{physical: k.Physical, root: top & loongarchPhysical, word: 8}}
	width := k.PageShift - 3
	for level := levels; level > 0; level-- {
		t.levels = append(t.levels, tableLevel{k.PageShift + width*(level-1), width})
	}
	// The kernel's tables map what follows the begin of the upper half of the processor's addresses, all others the begin of the lower half.
	mapped := min(k.PageShift+width*levels, size)
	t.levels[0].index = mapped - t.levels[0].shift
	base := ^uint64(0) << size
	upper, lower := tableSpace{first: base, last: base + (1<<mapped - 1)}, tableSpace{last: 1<<mapped - 1}
	t.space = func(root, _ uint64) (uint64, *tableSpace) {
		if root == t.root {
			return root, &upper
		}
		return root & loongarchPhysical, &lower
	}
	t.read = func(entry uint64, level int) tableEntry {
		e := tableEntry{at: entry & loongarchFrameMask}
		switch {
		case level == len(t.levels)-1, entry&loongarchHuge != 0:
			present := uint64(loongarchPresent | loongarchProtNone)
			if level < len(t.levels)-1 {
				present |= loongarchNotValid
			}
			e.mapped = entry&present != 0
		default:
			e.table = entry&(1<<12-1) == 0 && entry&^loongarchPhysical == loongarchCached
		}
		return e
	}
	return t, nil
}

// loongarchLevels returns how many bits either half of the processor's addresses has, and how many tables there are above each other: as many as
// map all up to vmemmap, which is the last that the kernel's do. Of kernels that do not say where that is, it is what those with pages of
// 16 KiB have by default.
func loongarchLevels(k Kernel) (size, levels uint, err error) {
	if k.PageShift != 12 && k.PageShift != 14 && k.PageShift != 16 {
		return 0, 0, fmt.Errorf("pages of %d bytes are not understood", uint64(1)<<k.PageShift)
	}
	size = 47
	if start, err := k.Info.Number("VMALLOC_START"); err == nil {
		size = uint(bits.Len64(^start))
	}
	if size < 32 || size > 60 {
		return 0, 0, fmt.Errorf("addresses of %d bits are not understood", size+1)
	}
	last, err := k.Info.Symbol("vmemmap")
	switch {
	case err != nil && k.PageShift == 14:
		return size, 3, nil
	case err != nil:
		return 0, 0, fmt.Errorf("the kernel does not say how many levels they have: %w", err)
	}
	used := last - ^uint64(0)<<size
	for levels = 2; levels <= 4; levels++ {
		if mapped := k.PageShift + (k.PageShift-3)*levels; used>>min(mapped, size) == 0 {
			return size, levels, nil
		}
	}
	return 0, 0, fmt.Errorf("no number of levels maps what lies at %#x", last)
}

// Translate looks at the windows first.
func (t *loongarchTranslator) Translate(root, address uint64) (physical, contiguous uint64, err error) {
	if root == 0 || root == t.root {
		switch address &^ loongarchPhysical {
		case loongarchUncached, loongarchCached:
			physical = address & loongarchPhysical
			return physical, loongarchPhysical + 1 - physical, nil
		}
	}
	return t.tableWalk.Translate(root, address)
}

// Next looks at the windows first.
func (t *loongarchTranslator) Next(root, address uint64) (uint64, bool) {
	if root == 0 || root == t.root {
		for _, window := range []uint64{loongarchUncached, loongarchCached} {
			if address <= window+loongarchPhysical {
				return max(address, window), true
			}
		}
	}
	return t.tableWalk.Next(root, address)
}

// loongarchRow returns how a function is unwound from a program counter: an instruction or, if it has called, the last byte of the call.
func loongarchRow(_ *drgn.Program, fn Function, pc uint64) (*module.UnwindRow, error) {
	offset := int(pc-fn.Start) &^ 3
	called := pc&3 != 0
	switch {
	case fn.Name == "kernel_entry", fn.Name == "smpboot_entry", fn.Name == "start_secondary": // a CPU begins here
		return outermost(), nil
	case loongarchEntry.MatchString(fn.Name) && contains(fn.Code, loongarchERTN):
		if !called {
			return &module.UnwindRow{Between: errLoongarchBetween}, nil
		}
		// On top of a struct pt_regs (arch/loongarch/kernel/genex.S, entry.S).
		row := &module.UnwindRow{Base: loongarchSP, Return: loongarchPC, Interrupted: true}
		for _, slot := range arch.LoongArch64.PtRegs {
			row.Saved = append(row.Saved, saved(slot.Register, int64(slot.Offset)))
		}
		return row, nil
	}
	frame, ok := loongarchFrameAt(fn.Code, offset)
	if !ok {
		return nil, nil
	}
	return frame.row(called)
}

// loongarchEntry matches the names of what exceptions lead to, and of that in which tasks begin (arch/loongarch/kernel/genex.S, entry.S,
// mm/tlbex.S).
var loongarchEntry = regexp.MustCompile(`^(?:handle_(?:ade|ale|bce|bp|fpe|fpu|lsx|lasx|lbt|ri|watch|reserved|sys|syscall|vint|tlb_protect|tlb_(?:load|store|modify)(?:_ptw)?)|` +
	`tlb_do_page_fault_[01]|ret_from_(?:fork|kernel_thread)(?:_asm)?)$`)

// loongarchMisled tells entries, of which the assembler says that they have no frame, and the function that goes to the stack of interrupts.
func loongarchMisled(function string) bool {
	return function == "do_vint" || loongarchEntry.MatchString(function)
}

// Places for the handlers of exceptions, to which the kernel copies them: one for each exception, and then for each interrupt.
const (
	loongarchHandler    = 0x200 // bytes of a place
	loongarchHandlers   = 128   // places
	loongarchExceptions = 64    // of which these are of exceptions
)

// loongarchAlias tells where a handler has been copied from: the first processor has the copies in the image, others elsewhere
// (arch/loongarch/kernel/traps.c, mm/tlb.c).
func loongarchAlias(_ Kernel, p *drgn.Program, address uint64) (image uint64, ok bool) {
	const size = loongarchHandlers * loongarchHandler
	first, err := p.Symbol("exception_handlers")
	if err != nil {
		return 0, false
	}
	at := address - first.Address
	if at >= size {
		if at, ok = loongarchCopied(p, address); !ok {
			return 0, false
		}
	}
	number, within := at/loongarchHandler, at%loongarchHandler
	handler := uint64(0)
	if number < loongarchExceptions {
		table, err := p.Symbol("exception_table")
		if err != nil {
			return 0, false
		}
		if handler, err = p.ReadUint(table.Address+8*number, 8, false); err != nil {
			return 0, false
		}
	} else if s, err := p.Symbol("handle_vint"); err == nil {
		handler = s.Address
	}
	// It must be what lies there.
	here, err := p.Read(address-within, within+4, false)
	there, err2 := p.Read(handler, within+4, false)
	return handler + within, err == nil && err2 == nil && bytes.Equal(here, there)
}

// loongarchCopied returns how far an address lies behind the begin of a processor's own copies.
func loongarchCopied(p *drgn.Program, address uint64) (offset uint64, ok bool) {
	s, err := p.Symbol("pcpu_handlers")
	if err != nil || s.Size > 1<<16 {
		return 0, false
	}
	starts, err := p.Read(s.Address, s.Size&^7, false)
	if err != nil {
		return 0, false
	}
	for ; len(starts) > 0; starts = starts[8:] {
		start := binary.LittleEndian.Uint64(starts)
		if start != 0 && address-start < loongarchHandlers*loongarchHandler {
			return address - start, true
		}
	}
	return 0, false
}

var errLoongarchBetween = errors.New("the CPU was stopped at the begin or the end of an exception; the dump does not have the register that says what that interrupted")

// Instructions ("LoongArch Reference Manual", volume 1, appendix "Table of Instruction Encoding").
const (
	loongarchERTN  = 0x06483800
	loongarchBreak = 0x2a0000 >> 15
)

// A loongarchFrame is what is known of the frame of a function at an instruction. Offsets are in bytes below the canonical frame
// address, which is the stack pointer at the start of the function.
type loongarchFrame struct {
	at       [32]int64 // where registers point to, if points has their bits; else 0
	points   uint32
	saved    [32]int64 // where registers have been saved; 0 if they have not
	constant int64     // what t0 is, if it is known, for large frames
	raGone   bool      // a call has overwritten ra
	unknown  uint32    // bits of registers that have been saved on some ways to the instruction, not on others
}

// loongarchKept reports whether a register is one that functions must preserve, or has the address to which they return.
func loongarchKept(register uint32) bool {
	return register == loongarchRA || register >= loongarchFP && register < 32
}

// place returns what an offset from a register is; known is false if that does not point into the stack.
func (f *loongarchFrame) place(register uint32, offset int64) (at int64, known bool) {
	return f.at[register] - offset, f.pointsAt(register)
}

// pointsAt reports whether a register is known to point into the stack.
func (f *loongarchFrame) pointsAt(register uint32) bool { return f.points>>register&1 != 0 }

// set takes down what a register has become: a pointer into the stack, if that is known.
func (f *loongarchFrame) set(register uint32, at int64, known bool) {
	f.at[register], f.points = 0, f.points&^(1<<register)
	if known && (register == loongarchSP || loongarchKept(register)) {
		f.at[register], f.points = at, f.points|1<<register
	}
	if register == loongarchT0 {
		f.constant = 0
	}
}

// step follows an instruction.
func (f *loongarchFrame) step(w uint32, _ int) {
	rd, rj, rk := w&31, w>>5&31, w>>10&31
	switch op := w >> 22; {
	case op == 0x0b: // ADDI.D
		at, known := f.place(rj, signed(w, 10, 12))
		f.set(rd, at, known)
	case op == 0xa7, w>>24 == 0x27: // ST.D, STPTR.D
		if at, known := f.place(rj, loongarchOffset(w)); known && at > 0 && loongarchKept(rd) && f.saved[rd] == 0 && !f.pointsAt(rd) {
			f.saved[rd] = at
		}
	case op == 0xa3, w>>24 == 0x26: // LD.D, LDPTR.D
		at, known := f.place(rj, loongarchOffset(w))
		f.set(rd, 0, false)
		if known && f.saved[rd] == at && at != 0 {
			f.saved[rd] = 0
			f.raGone = f.raGone && rd != loongarchRA
		}
	case w>>15 == 0x2a && rk == 0: // OR with zero: a move
		at, known := f.place(rj, 0)
		f.set(rd, at, known)
	case w>>25 == 0x0a && rd == loongarchT0: // LU12I.W
		f.set(rd, 0, false)
		f.constant = signed(w, 5, 20) << 12
	case op == 0x0e && rd == loongarchT0 && rj == loongarchT0 && f.constant != 0: // ORI
		f.constant |= int64(w >> 10 & 0xfff)
	case (w>>15 == 0x21 || w>>15 == 0x23) && rk == loongarchT0 && f.constant != 0: // ADD.D, SUB.D
		by := f.constant
		if w>>15 == 0x23 {
			by = -by
		}
		at, known := f.place(rj, by)
		f.set(rd, at, known)
	case w>>26 == 0x15, w>>26 == 0x13 && rd == loongarchRA: // BL, JIRL
		f.raGone = true
		f.set(loongarchT0, 0, false)
	case loongarchWrites(w):
		f.set(rd, 0, false)
	}
}

// loongarchOffset returns the offset of a load or a store of 8 bytes.
func loongarchOffset(w uint32) int64 {
	if w>>28 == 2 && w>>27&1 == 0 { // LDPTR.D, STPTR.D
		return 4 * signed(w, 10, 14)
	}
	return signed(w, 10, 12)
}

// loongarchWrites reports whether an instruction may write the general register in its lowest bits: branches, stores, instructions of
// floating-point numbers and vectors, barriers and those of the system do not.
func loongarchWrites(w uint32) bool {
	switch op, short := w>>22, w>>15; {
	case w>>26 >= 0x10, w>>24 == 0x01, w>>24 == 0x06, w>>24 == 0x25, w>>24 == 0x27, short == loongarchBreak:
		return false
	case op >= 0xa4 && op <= 0xa7, op >= 0xab && op <= 0xb3: // ST, PRELD, FLD, FST, VLD, VST
		return false
	case short >= 0x7020 && short <= 0x7038, short >= 0x7060 && short <= 0x7078, short == 0x70e4, short == 0x70e5: // STX, FLDX, FSTX, DBAR, IBAR
		return false
	}
	return true
}

// loongarchFlow returns where an instruction leads; target is in bytes from it.
func loongarchFlow(w uint32) (to flow, target int64) {
	switch op := w >> 26; {
	case op == 0x14: // B
		return flowJump, 4 * signed(w&0x3ff<<16|w>>10&0xffff, 0, 26)
	case op == 0x15, op == 0x13 && w&31 == loongarchRA, w>>15 == loongarchBreak: // BL, JIRL, BREAK
		return flowCall, 0
	case op >= 0x10 && op <= 0x12: // BEQZ, BNEZ, BCEQZ, BCNEZ
		return flowBranch, 4 * signed(w&31<<16|w>>10&0xffff, 0, 21)
	case op == 0x13 && w>>5&31 == loongarchRA: // JIRL zero, ra
		return flowAway, 0
	case op == 0x13:
		return flowTable, 0
	case op >= 0x16 && op <= 0x1b: // BEQ, BNE, BLT, BGE, BLTU, BGEU
		return flowBranch, 4 * signed(w, 10, 16)
	case w == loongarchERTN, w == 0:
		return flowAway, 0
	}
	return flowOn, 0
}

// loongarchFrameAt returns the frame that a function has before the instruction at an offset in its code; ok is false if it is not
// seen to get there, or gets there with different frames.
func loongarchFrameAt(code []byte, offset int) (_ loongarchFrame, ok bool) {
	w := codeWalk[loongarchFrame]{code: code, offset: offset, step: (*loongarchFrame).step, flow: loongarchFlow, merge: (*loongarchFrame).merge}
	return w.frameAt(loongarchFrame{points: 1 << loongarchSP})
}

// merge makes a frame one that holds where the other does, too; ok is false if there is none.
func (f *loongarchFrame) merge(g loongarchFrame) (ok bool) {
	for i := range f.at {
		if r := uint32(i); f.at[i] != g.at[i] || f.pointsAt(r) != g.pointsAt(r) {
			f.set(r, 0, false)
		}
		if f.saved[i] != g.saved[i] {
			if i == loongarchRA {
				return false
			}
			f.saved[i] = 0
			f.unknown |= 1 << i
		}
	}
	f.raGone = f.raGone || g.raGone
	return true
}

// row returns the row of the frame; called says that the function is in a call.
func (f *loongarchFrame) row(called bool) (*module.UnwindRow, error) {
	row := &module.UnwindRow{Return: loongarchRA, Lost: uint64(f.unknown)}
	row.Base = loongarchSP
	if !f.pointsAt(loongarchSP) { // another stack, or a frame of a size that is not known
		if f.points>>loongarchFP == 0 {
			return nil, nil
		}
		row.Base = loongarchFP + bits.TrailingZeros32(f.points>>loongarchFP)
	}
	row.Offset = f.at[row.Base]
	if f.saved[loongarchRA] == 0 && (called || f.raGone) {
		return nil, errors.New("the function has called another and not saved where it returns to")
	}
	for i, at := range f.saved {
		if at != 0 {
			row.Saved = append(row.Saved, saved(i, -at))
		}
	}
	return row, nil
}
