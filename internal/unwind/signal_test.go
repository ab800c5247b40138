package unwind

import (
	"fmt"
	"testing"

	"github.com/godrgn/drgn/arch"
)

// TestSignalFrames has the handler of a signal return to each kind of code that no table tells of: what is next has the registers that were
// saved. A frame that can't be read, other code, and a kernel's stack, go no further.
func TestSignalFrames(t *testing.T) {
	const code, sp = 0x5000, 0x10000
	machines := 0
	for _, a := range arch.All {
		if len(a.SignalFrames) > 0 {
			machines++
		}
		for _, s := range a.SignalFrames {
			t.Run(fmt.Sprintf("%s %#x", a, s.Code), func(t *testing.T) {
				m := words{code: s.Code}
				for _, slot := range s.Saved {
					m[sp+uint64(slot.Offset)] = 0x100000 + 16*uint64(slot.Register)
				}
				begin := &arch.Registers{}
				begin.Set(a.PC, code)
				begin.Set(a.SP, sp)
				p := platform(t, a)
				trace := func(m words, process bool) Trace {
					u := New(p, rows{}, Options{Process: process, IsText: func(pc uint64) bool { return true }})
					return u.Unwind(m, begin, false, nil)
				}
				got := trace(m, true)
				if len(got.Frames) != 2 {
					t.Fatalf("%d frames, %v", len(got.Frames), got.Err)
				}
				if f := got.Frames[0]; !f.Trampoline || f.Interrupted || f.CFA != 0x100000+16*uint64(a.SP) {
					t.Errorf("what the handler returns to: %+v", f)
				}
				f := got.Frames[1]
				if !f.Interrupted || f.PC != 0x100000+16*uint64(a.PC) {
					t.Errorf("what was interrupted: %+v", f)
				}
				for _, slot := range s.Saved {
					if v, ok := f.Register(slot.Register); !ok || v != 0x100000+16*uint64(slot.Register) {
						t.Errorf("register %d is %#x, %t", slot.Register, v, ok)
					}
				}
				if got := trace(m, false); len(got.Frames) != 1 {
					t.Errorf("a kernel's: %d frames", len(got.Frames))
				}
				for _, c := range []words{{code: s.Code}, {code: s.Code ^ 1}} {
					if got := trace(c, true); len(got.Frames) != 1 || got.Err == nil {
						t.Errorf("%#x: %d frames, %v", c[code], len(got.Frames), got.Err)
					}
				}
			})
		}
	}
	if machines < 5 {
		t.Errorf("%d machines have frames of signals", machines)
	}
}
