package linux_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/unwind"
)

// TestWildCall unwinds from calls of what is no code: nothing at all and data of the kernel's image. The caller is the one whose return address is all that the call has left on the stack, as in a guest that crashed so; the stack is
// that of task 1 of the bundled core as it would be, had the caller of its innermost function called there.
func TestWildCall(t *testing.T) {
	p := coretest.Program()
	trace, err := p.StackTrace(1)
	if err != nil {
		t.Fatal(err)
	}
	var callers []uint64 // of the innermost function
	for f := range trace.Frames() {
		if !f.IsInline() {
			callers = append(callers, f.PC())
		}
	}
	callers = callers[1:]
	var sp, fp uint64 // where the first caller's return address lies, and its frame pointer
	for f := range trace.Frames() {
		if f.PC() == callers[0] {
			above, ok := f.SP()
			if !ok {
				t.Fatal("the caller's stack pointer is not known")
			}
			sp = above - 8
			if fp, err = f.Register("rbp"); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	ra, err := p.ReadUint(sp, 8, false)
	if err != nil || ra != callers[0] {
		t.Fatalf("at the top of the stack: %#x, %v; want %#x", ra, err, callers[0])
	}
	symbol, err := p.Symbol("init_task")
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]uint64{"nothing": 0, "low": 0x123, "data of the image": symbol.Address}
	pushed, err := p.Symbol("linux_banner") // begins with text, which is no address
	if err != nil {
		t.Fatal(err)
	}
	// Had it been reached in another way, with the frame pointer of a function that has one, its caller would be that function's.
	returned, err := p.ReadUint(fp+8, 8, false)
	if err != nil {
		t.Fatal(err)
	}
	above := slices.Index(callers, returned)
	other := sp + 8 // where no address of code lies
	for ; other < fp; other += 8 {
		if v, err := p.ReadUint(other, 8, false); err == nil && v < 0xffffffff80000000 {
			break
		}
	}
	if above < 0 || other >= fp {
		t.Fatalf("the frame pointer %#x leads to %#x", fp, returned)
	}
	for name, pc := range targets {
		for _, c := range []struct {
			name string
			sp   uint64
			want []uint64
		}{
			{"called", sp, append([]uint64{pc}, callers...)},
			{"jumped to", pushed.Address, []uint64{pc}},
			{"with a frame pointer", other, append([]uint64{pc}, callers[above:]...)},
		} {
			got, err := p.StackTraceOf(registers(t, p, pc, c.sp, fp))
			if err != nil {
				t.Fatal(err)
			}
			var pcs []uint64
			for f := range got.Frames() {
				if !f.IsInline() {
					pcs = append(pcs, f.PC())
				}
			}
			var none *unwind.NoRowError
			if !slices.Equal(pcs, c.want) || errors.As(got.Err, &none) != (len(c.want) == 1) {
				t.Errorf("%s, %s: %#x, %v; want %#x", name, c.name, pcs, got.Err, c.want)
			}
		}
	}
}

// registers returns a struct pt_regs of the kernel on x86-64 (arch/x86/include/asm/ptrace.h).
func registers(t *testing.T, p *drgn.Program, pc, sp, fp uint64) drgn.Object {
	t.Helper()
	regs, err := p.Type("struct pt_regs")
	if err != nil {
		t.Fatal(err)
	}
	size, err := regs.Size()
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, size)
	for offset, value := range map[int]uint64{32: fp, 128: pc, 136: 0x10, 144: 0x202, 152: sp, 160: 0x18} { // bp, ip, cs, flags, sp, ss
		binary.LittleEndian.PutUint64(data[offset:], value)
	}
	return p.BytesValue(regs, data)
}
