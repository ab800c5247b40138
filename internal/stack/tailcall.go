package stack

import (
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/unwind"
)

// maxTailCallFrames bounds the frames that are added to a stack.
const maxTailCallFrames = 1024

// addTailCalls adds the frames of functions that have ended with a call: a jump to what was called, so that nothing is left of them on the stack. That the caller has called another
// function than the one that it is in the midst of calling tells that there were some, and what these functions call at their ends which ones.
func (u *Unwinder) addTailCalls(frames []Frame, memory cfi.Memory) ([]Frame, error) {
	var out []Frame // nil: the same as frames
	done, added := 0, 0
	for i := 0; i < len(frames); i += max(len(frames[i].functions), 1) {
		between, err := u.tailCalls(frames, i, memory)
		if err != nil {
			return frames, err
		}
		if len(between) == 0 || added+len(between) > maxTailCallFrames {
			continue
		}
		added += len(between)
		next := i + len(frames[i].functions)
		out = append(append(out, frames[done:next]...), between...)
		done = next
	}
	if out == nil {
		return frames, nil
	}
	return append(out, frames[done:]...), nil
}

// tailCalls returns the frames to be added between the function that frame i and those after it are of and its caller.
func (u *Unwinder) tailCalls(frames []Frame, i int, memory cfi.Memory) ([]Frame, error) {
	f := &frames[i]
	c, ok := Caller(frames, i)
	if !ok || len(f.functions) == 0 {
		return nil, nil
	}
	caller := &frames[c]
	info, err := infoOf(caller.Module)
	of, knows := info.(debugdata.Calls)
	if err != nil || !knows {
		return nil, err
	}
	called, ok, err := of.Called(caller.site(), &Variables{Frames: frames, Index: c, Arch: u.config.Platform.Arch, Memory: readBy(memory)})
	if err != nil || !ok {
		return nil, err
	}
	if called.Name != "" {
		named := f.Module.Files().Symbols.Named(called.Name)
		for _, s := range named {
			if s.Address != named[0].Address {
				return nil, nil
			}
		}
		if len(named) == 0 {
			return nil, nil
		}
		called.Entry = named[0].Address
	}
	if info, err = infoOf(f.Module); err != nil {
		return nil, err
	}
	in, knows := info.(debugdata.Calls)
	if !knows {
		return nil, nil
	}
	sites, err := in.TailCalls(called.Entry, f.functions[len(f.functions)-1])
	if err != nil || len(sites) == 0 {
		return nil, err
	}
	registers := make([]unwind.Frame, len(sites))
	for i, s := range sites {
		registers[i] = caller.Registers.TailCalls(s.PC, s.AtJump, &f.Registers, u.config.Platform.Arch)
	}
	return Expand(u.config.Modules, registers)
}

// site returns the call in whose midst the frame is.
func (f *Frame) site() debugdata.CallSite {
	return debugdata.CallSite{PC: f.Registers.PC, AtJump: f.Registers.AtJump}
}

// Overwritten reports whether a variable of frame i that lies at an address is gone since the function has ended with a jump: it was on the
// stack, where there are others now.
func Overwritten(frames []Frame, i int, address uint64, a *arch.Arch) bool {
	if !frames[i].Registers.TailCall {
		return false
	}
	low, known := frames[0].Registers.Register(a.SP)
	for i < len(frames)-1 && frames[i].Registers.TailCall {
		i++
	}
	high := &frames[i].Registers // of the caller, on whose part of the stack arguments lie
	return !known || !high.HasCFA || low <= address && address < high.CFA
}

// readBy returns what reads memory of which integers can be read.
func readBy(memory cfi.Memory) func(buf []byte, address uint64) error {
	return func(buf []byte, address uint64) error {
		for i := range buf {
			b, err := memory.Uint(address+uint64(i), 1)
			if err != nil {
				return err
			}
			buf[i] = byte(b)
		}
		return nil
	}
}
