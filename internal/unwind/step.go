package unwind

import (
	"errors"
	"math/bits"
	"slices"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
)

// walk is the state of an unwinding.
type walk struct {
	u     *Unwinder
	a     *arch.Arch
	mem   cfi.Memory
	word  int    // bytes of an address
	mask  uint64 // greatest address
	regs  arch.Registers
	arena []uint64 // values of the frames' registers
	// chainEnded says that the present frame is the last of a chain of frame pointers.
	chainEnded bool
	next       [arch.MaxRegisters]uint64

	returns Returns
	lost    error // why it is not known what the trampoline stands for that is the program counter; nil if it is none
}

// Unwind recovers the frames of a stack, beginning with the registers that are given. interrupted says that the thread
// was stopped between two instructions, as opposed to being inside a call (a task that is switched out). returns may be
// nil.
func (u *Unwinder) Unwind(mem cfi.Memory, start *arch.Registers, interrupted bool, returns Returns) Trace {
	if u.platform.Arch == nil {
		return Trace{Err: ErrNoPC}
	}
	w := walk{u: u, a: u.platform.Arch, mem: mem, word: u.platform.AddressSize(), mask: u.platform.AddressMask(), regs: *start, returns: returns}
	pc, ok := w.regs.Get(w.a.PC)
	if !ok {
		return Trace{Err: ErrNoPC}
	}
	t := Trace{Frames: make([]Frame, 0, 16)}
	w.arena = make([]uint64, 0, 16*10)
	var anchor Frame // for the detection of cycles (Brent)
	power := 1
	for {
		f := w.frame(pc, interrupted)
		if w.lost != nil {
			f.Trampoline = true
			return Trace{append(t.Frames, f), w.lost}
		}
		more, signal, err := w.step(&f)
		n := len(t.Frames)
		if n > 0 && (same(&f, &t.Frames[n-1]) || same(&f, &anchor)) || n >= u.options.MaxFrames {
			t.Err = &LoopError{f.PC, n}
			return t
		}
		t.Frames = append(t.Frames, f)
		if n+1 == power {
			anchor, power = f, power*2
		}
		if err != nil || !more {
			t.Err = err
			return t
		}
		pc, _ = w.regs.Get(w.a.PC)
		interrupted = signal
	}
}

// same says whether two frames are at the same place.
func same(f, g *Frame) bool { return f.HasCFA && g.HasCFA && f.PC == g.PC && f.CFA == g.CFA }

// frame makes a frame of the present registers.
func (w *walk) frame(pc uint64, interrupted bool) Frame {
	f := Frame{PC: pc, Interrupted: interrupted, known: w.regs.Known()}
	first := len(w.arena)
	for rest := f.known; rest != 0; rest &= rest - 1 {
		v, _ := w.regs.Get(bits.TrailingZeros64(rest))
		w.arena = append(w.arena, v)
	}
	f.values = w.arena[first:len(w.arena):len(w.arena)]
	return f
}

// step replaces the registers of a frame by those of its caller; more is false if there is none. signal says that the
// caller was interrupted.
func (w *walk) step(f *Frame) (more, signal bool, err error) {
	// Addresses do not tell a process's code from the kernel's where they have address spaces of their own.
	if user, _ := w.a.UserMode.Of(&w.regs); user && !w.u.options.Process {
		f.User = true
		return false, false, nil
	}
	ordinary := false
	if w.u.options.Process && !w.u.isOrdinary(f.PC) {
		var is bool
		if is, ordinary = w.signalFrame(f); is {
			ra, _ := w.regs.Get(w.a.PC)
			return w.goTo(ra, 0) || w.calledNull(), true, nil
		}
	}
	row, err := w.u.row(f.LookupPC())
	if err != nil {
		return false, false, err
	}
	if row != nil && ordinary {
		w.u.keepOrdinary(f.PC)
	}
	chainEnded := w.chainEnded
	w.chainEnded = false
	if row == nil {
		return w.withoutRow(f, chainEnded)
	}
	if row.Between != nil {
		// The kernel's own stack pointer is never a process's address, on machines that tell both by their addresses.
		if sp, ok := w.regs.Get(w.a.SP); ok && sp < w.a.KernelStart {
			return false, false, nil
		}
		return false, false, row.Between
	}
	f.Trampoline = (row.Signal && w.u.options.Process || row.Landing) && !f.Interrupted
	f.CFA, err = w.evaluate(&row.CFA, row, 0)
	f.HasCFA = err == nil
	if row.Outermost || row.ReturnAddress < 0 {
		return false, false, nil
	}
	own := w.a.BackChain.Own // then the chain does no better than a frame pointer
	switch chained := !row.Signal && w.chained(f); {
	case chained && (!own && err == nil || own && (err != nil || int(row.CFA.Register) == w.a.SP)):
		if ended, err := w.chain(f, row); ended || err != nil {
			return false, false, err
		}
	case err != nil: // everything depends on it
		more, err = w.afterError(err)
		return more, false, err
	}
	known := w.regs.Known() & row.Same
	var changed, at uint64
	for i := range row.Rules {
		r := &row.Rules[i]
		value, err := w.evaluate(&r.Rule, row, f.CFA)
		switch {
		case err == nil:
			w.next[r.Register] = value
			changed |= 1 << r.Register
			if int(r.Register) == row.ReturnAddress && r.Rule.Kind == cfi.CFAPlusAt {
				at = f.CFA + uint64(r.Rule.Offset)
			}
		case int(r.Register) == row.ReturnAddress || int(r.Register) == w.a.SP:
			more, err = w.afterError(err)
			return more, false, err
			// Else the register is unknown in the caller, since the place where it is saved can't be read, or
			// depends on what is unknown.
		}
	}
	for rest := w.regs.Known() &^ known; rest != 0; rest &= rest - 1 {
		w.regs.Forget(bits.TrailingZeros64(rest))
	}
	for rest := changed; rest != 0; rest &= rest - 1 {
		n := bits.TrailingZeros64(rest)
		w.regs.Set(n, w.next[n])
	}
	ra, ok := w.regs.Get(row.ReturnAddress)
	if !ok {
		return false, false, nil
	}
	if row.Pushed != 0 {
		if err := w.takePushed(row); err != nil {
			return false, false, err
		}
	}
	if row.Signal { // the address that a return took from the stack before the interrupt
		sp, _ := w.regs.Get(w.a.SP)
		at = sp - uint64(w.word)
	}
	return w.goTo(ra, at) || row.Signal && w.calledNull(), row.Signal || row.Injected, nil
}

// takePushed takes from the stack what was put there before the caller was made to look as if it had called.
func (w *walk) takePushed(row *cfi.Row) error {
	sp, ok := w.regs.Get(w.a.SP)
	if !ok {
		return nil
	}
	saved, err := w.mem.Uint(sp&w.mask, w.word)
	if err != nil {
		return err
	}
	w.regs.Set(row.ReturnAddress, saved)
	w.regs.Set(w.a.SP, (sp+uint64(row.Pushed))&w.mask)
	return nil
}

// signalFrame replaces the registers by those that a signal has interrupted, if its handler returns to a frame; is reports whether that is so,
// ordinary whether the frame's code could be read and is other code.
func (w *walk) signalFrame(f *Frame) (is, ordinary bool) {
	sp, ok := w.regs.Get(w.a.SP)
	ordinary = true
	for i := 0; ok && i < len(w.a.SignalFrames); i++ {
		s := &w.a.SignalFrames[i]
		code, err := w.mem.Uint(f.PC, s.Size)
		if ordinary = ordinary && err == nil; err != nil || code != s.Code {
			continue
		}
		var regs arch.Registers
		for _, slot := range s.Saved {
			if v, err := w.mem.Uint((sp+uint64(slot.Offset))&w.mask, int(slot.Size)); err == nil {
				regs.Set(slot.Register, v)
			}
		}
		if _, ok := regs.Get(w.a.PC); !ok {
			return false, false
		}
		w.regs, f.Trampoline = regs, !f.Interrupted
		f.CFA, f.HasCFA = regs.Get(w.a.SP)
		return true, false
	}
	return false, ordinary && ok
}

// calledNull reports whether what was interrupted at address 0 was a call through a null pointer. Registers that are all 0 are
// those of a thread that begins in the kernel (struct pt_regs of kernel threads): nothing was interrupted.
func (w *walk) calledNull() bool {
	sp, ok := w.regs.Get(w.a.SP)
	return ok && sp != 0
}

// afterError goes on where a row needs a register that isn't known: after a step by frame pointer, where that doesn't
// tell the stack pointer.
func (w *walk) afterError(err error) (more bool, _ error) {
	var unknown *cfi.UnknownRegisterError
	if !w.u.options.FramePointers || !errors.As(err, &unknown) {
		return false, err
	}
	if _, ok := w.regs.Get(w.a.FramePointer.Register); !ok {
		return false, err
	}
	return w.framePointer()
}

// goTo makes a return address, which lies at an address on the stack, the program counter; it says whether there is
// something there.
func (w *walk) goTo(ra, at uint64) bool {
	ra = w.plain(ra)
	if w.returns != nil {
		real, hooked, err := w.returns(ra, at&w.mask)
		if hooked && err == nil {
			ra = w.plain(real)
		}
		w.lost = err
	}
	w.regs.Set(w.a.PC, ra)
	return ra != 0
}

// plain returns where the code of a return address lies: without its pointer authentication code.
func (w *walk) plain(ra uint64) uint64 {
	return arch.StripPAC(ra, w.u.options.PACMask) & w.mask &^ w.a.CodeBits
}

// evaluate computes a rule from the present registers.
func (w *walk) evaluate(r *cfi.Rule, row *cfi.Row, cfa uint64) (uint64, error) {
	var value uint64
	switch r.Kind {
	case cfi.CFAPlus, cfi.CFAPlusAt:
		value = cfa + uint64(r.Offset)
	case cfi.RegisterPlus, cfi.RegisterPlusAt, cfi.RegisterAt:
		v, ok := w.regs.Get(int(r.Register))
		if !ok {
			return 0, &cfi.UnknownRegisterError{Arch: w.a, Register: int(r.Register)}
		}
		if r.Kind == cfi.RegisterAt {
			v, err := w.mem.Uint(v, w.word)
			return (v + uint64(r.Offset)) & w.mask, err
		}
		value = v + uint64(r.Offset)
	case cfi.Expression, cfi.ExpressionAt:
		var v uint64
		var err error
		if r == &row.CFA {
			v, err = cfi.Evaluate(w.u.platform, r.Expr, &w.regs, w.mem, row.Bias)
		} else {
			// DWARF 5, section 6.4.2.3: the canonical frame address is on the stack at first.
			v, err = cfi.Evaluate(w.u.platform, r.Expr, &w.regs, w.mem, row.Bias, cfa)
		}
		if err != nil {
			return 0, err
		}
		value = v
	case cfi.Undefined:
		return 0, &cfi.UnknownRegisterError{Arch: w.a, Register: -1}
	}
	value &= w.mask
	switch r.Kind {
	case cfi.CFAPlusAt, cfi.RegisterPlusAt, cfi.ExpressionAt:
		size := w.word
		if r.Size != 0 {
			size = int(r.Size)
		}
		return w.mem.Uint(value, size)
	}
	return value, nil
}

// withoutRow finds the caller of code about which nothing is known. chainEnded says that the frame before it was found by its
// frame pointer, and was the last; signal says that the caller was interrupted.
func (w *walk) withoutRow(f *Frame, chainEnded bool) (more, signal bool, err error) {
	text := f.PC != 0
	if w.u.options.IsText != nil {
		text = w.u.options.IsText(f.LookupPC())
	}
	_, known := w.a.UserMode.Of(&w.regs)
	switch {
	case !text && f.Interrupted && (known || w.u.options.Process):
		if more, err = w.badCall(f); !more && w.u.options.FramePointers && !w.u.options.Process && w.u.options.IsText != nil {
			// Nothing has called what is no code. Registers that came from elsewhere, as a script's may, can still have a frame.
			if found, frameErr := w.framePointer(); found {
				return found, false, frameErr
			}
		}
		return more, false, err
	case chainEnded:
		return false, false, nil
	case text && w.chained(f):
		return w.backChain(f)
	case text && w.u.options.FramePointers:
		if more, err := w.framePointer(); more || err != nil {
			return more, false, err
		}
	}
	return false, false, &NoRowError{f.PC, text}
}

// badCall finds the caller of what is not code: a call through a null or wild pointer. It has done nothing but to save
// the return address. In a kernel, where all code is known, that must lie in code: a jump or a return may have led there as
// well.
func (w *walk) badCall(f *Frame) (more bool, err error) {
	if w.a.ReturnAddress < 0 {
		return false, nil
	}
	onStack := w.a.ReturnAddress == w.a.PC
	from := w.a.ReturnAddress
	if onStack {
		from = w.a.SP
	}
	ra, ok := w.regs.Get(from)
	if !ok {
		return false, nil
	}
	var at uint64
	if onStack {
		at = ra
		if ra, err = w.mem.Uint(at, w.word); err != nil {
			return false, err
		}
	}
	if isText := w.u.options.IsText; isText != nil && !w.u.options.Process && !isText(w.plain(ra)-1) {
		return false, &NoRowError{f.PC, false}
	}
	if onStack {
		w.regs.Set(w.a.SP, (at+uint64(w.word))&w.mask)
	}
	return w.goTo(ra, at), nil
}

// chained reports whether the code of a frame surely keeps a chain of stack pointers: the kernel's that has called.
func (w *walk) chained(f *Frame) bool {
	return w.a.BackChain.ReturnAddress != 0 && !w.u.options.Process && !f.Interrupted
}

// chain takes the canonical frame address of a frame from the chain of stack pointers: tables do not see that a function has called
// another on another stack, which is chained to its own. ended says that the chain, and so the stack, ends here. row may be nil.
func (w *walk) chain(f *Frame, row *cfi.Row) (ended bool, err error) {
	sp, ok := w.regs.Get(w.a.SP)
	if !ok {
		return false, nil
	}
	saved, err := w.mem.Uint((sp+uint64(w.a.BackChain.Saved))&w.mask, w.word)
	if err != nil {
		return false, err
	}
	f.CFA, f.HasCFA = (saved+uint64(w.a.BackChain.CFA))&w.mask, saved != 0
	if w.a.BackChain.Own && row != nil && row.CFA.Kind == cfi.RegisterPlus && int(row.CFA.Register) == w.a.SP && saved != 0 && saved != sp+uint64(row.CFA.Offset) {
		// On another stack: the frame of the size that the row says is the one that the chain leads to.
		before, err := w.mem.Uint((saved+uint64(w.a.BackChain.Saved))&w.mask, w.word)
		if err == nil && before == saved+uint64(row.CFA.Offset) {
			f.CFA = before
		}
	}
	return saved == 0, nil
}

// backChain finds the caller of code about which nothing is known by the chain of stack pointers, or what that code has interrupted: then
// signal is true.
func (w *walk) backChain(f *Frame) (more, signal bool, err error) {
	chain := &w.a.BackChain
	for i := range chain.Interruptions {
		if more, ok, err := w.interruption(f, &chain.Interruptions[i]); ok || err != nil {
			return more, true, err
		}
	}
	if ended, err := w.chain(f, nil); ended || err != nil || !f.HasCFA {
		return false, false, err
	}
	sp := f.CFA - uint64(chain.CFA)
	at := (sp + uint64(chain.ReturnAddress)) & w.mask
	ra, err := w.mem.Uint(at, w.word)
	if err != nil {
		return false, false, err
	}
	w.regs.Reset()
	w.regs.Set(w.a.SP, sp)
	return w.goTo(ra, at), false, nil
}

// interruption finds what a frame that kernels mark has interrupted; ok is false if the frame is none. Registers that are all 0 are of a
// thread that begins in the kernel: it has interrupted nothing.
func (w *walk) interruption(f *Frame, in *arch.Interruption) (more, ok bool, err error) {
	sp, ok := w.regs.Get(w.a.SP)
	if !ok {
		return false, false, nil
	}
	if mark, err := w.mem.Uint((sp+uint64(in.Mark))&w.mask, w.word); err != nil || !slices.Contains(in.Values, mark) {
		return false, false, nil // at the end of the stack, beyond which nothing may lie
	}
	var regs arch.Registers
	for _, slot := range w.a.PtRegs {
		value, err := w.mem.Uint((sp+uint64(in.PtRegs)+uint64(slot.Offset))&w.mask, int(slot.Size))
		if err != nil {
			return false, true, err
		}
		regs.Set(slot.Register, value)
	}
	w.regs = regs
	f.CFA, f.HasCFA = (sp+uint64(in.PtRegs))&w.mask, true
	pc, _ := regs.Get(w.a.PC)
	return w.goTo(pc, 0) || w.calledNull(), true, nil
}

// maxFrameSize bounds how far away a saved frame pointer may be: a chain of frame pointers stays on one kernel stack.
const maxFrameSize = 1 << 16

// framePointer follows the chain of frame pointers. It ends where the chain leaves the stack.
func (w *walk) framePointer() (more bool, err error) {
	rule := &w.a.FramePointer
	if rule.Register < 0 {
		return false, nil
	}
	fp, ok := w.regs.Get(rule.Register)
	sp, spKnown := w.regs.Get(w.a.SP)
	if !ok || fp == 0 || fp%uint64(w.word) != 0 || spKnown && fp-sp >= maxFrameSize {
		return false, nil
	}
	at := (fp + uint64(rule.ReturnAddress)) & w.mask
	ra, err := w.mem.Uint(at, w.word)
	if err != nil {
		return false, err
	}
	ra = w.plain(ra)
	saved, err := w.mem.Uint((fp+uint64(rule.Saved))&w.mask, w.word)
	if err != nil {
		return false, err
	}
	if ra == 0 || w.u.options.IsText != nil && !w.u.options.IsText(ra-1) {
		return false, nil
	}
	w.regs.Reset()
	if saved > fp {
		w.regs.Set(rule.Register, saved)
	}
	w.chainEnded = saved == 0
	if rule.HasCFA {
		w.regs.Set(w.a.SP, (fp+uint64(rule.CFA))&w.mask)
	}
	return w.goTo(ra, at), nil
}
