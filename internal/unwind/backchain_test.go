package unwind

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
)

// s390Row is the row of a function of s390x whose frame has the given size, and which has saved r14 and r15.
func s390Row(size int64) *cfi.Row {
	const r14, r15 = 14, 15
	r := &cfi.Row{
		CFA:           cfi.Rule{Kind: cfi.RegisterPlus, Register: r15, Offset: 160 + size},
		ReturnAddress: r14,
		Rules: []cfi.RegisterRule{
			{Register: r14, Rule: cfi.Rule{Kind: cfi.CFAPlusAt, Offset: -24}}, {Register: r15, Rule: cfi.Rule{Kind: cfi.CFAPlusAt, Offset: -16}},
		},
	}
	r.Default(arch.S390X, 1<<r14|1<<r15)
	return r
}

// The kernel of s390x keeps a chain of stack pointers: it leads through functions that have called another on another stack, of which
// tables know nothing, and through those without a table. A stack ends where the chain does, or in a process, at whose address the
// kernel may have code of its own.
func TestBackChain(t *testing.T) {
	const irq, task = 0x380_0000_8000, 0x380_0010_0000 // stack pointers
	pt := &cfi.Row{CFA: cfi.Rule{Kind: cfi.RegisterPlus, Register: 15, Offset: 160}, ReturnAddress: arch.S390X.PC, Signal: true}
	for _, slot := range arch.S390X.PtRegs {
		pt.Rules = append(pt.Rules, cfi.RegisterRule{Register: uint8(slot.Register), Rule: cfi.Rule{Kind: cfi.CFAPlusAt, Offset: int64(slot.Offset)}})
	}
	known := rows{
		0x1000: s390Row(0x40), // the handler, on the stack of interrupts
		0x2000: s390Row(0x20), // which this has called from another stack
		0x4000: pt,
		0x7000: s390Row(0x30),
	}
	m := words{
		// 0x1000 was called at the top of the stack, which is chained to where that began that called it.
		irq - 0x40 + 152: irq, irq + 136: 0x2010, irq + 144: irq,
		irq + 152: task,
		// That was called by code without a table.
		task + 136: 0x3010, task + 144: task,
		task + 152: task + 0x80, task + 0x80 + 136: 0x4010, // its caller's r15 is not saved
	}
	at := uint64(task + 0x80 + 160)
	for _, slot := range arch.S390X.PtRegs {
		m[at+uint64(slot.Offset)] = 0
	}
	pswm, _ := arch.S390X.Register("pswm")
	regs := start(arch.S390X, map[string]uint64{"pswa": 0x1020, "r15": irq - 0x40, "r14": 0xbad})
	regs.Set(arch.S390X.PC, 0x1020)
	u := New(platform(t, arch.S390X), known, Options{IsText: func(pc uint64) bool { return pc < 0x8000 }})
	for _, c := range []struct {
		name      string
		mask, psw uint64
		want      []uint64
		user      bool
	}{
		{"a process, where the kernel has a function", 0x0705_0001_8000_0000, 0x7010, []uint64{0x1020, 0x2010, 0x3010, 0x4010, 0x7010}, true},
		{"a task that begins", 0x0704_c001_8000_0000, 0, []uint64{0x1020, 0x2010, 0x3010, 0x4010}, false},
	} {
		for _, slot := range arch.S390X.PtRegs {
			switch slot.Register {
			case pswm:
				m[at+uint64(slot.Offset)] = c.mask
			case arch.S390X.PC:
				m[at+uint64(slot.Offset)] = c.psw
			}
		}
		// Inside of a call: what is interrupted need not have made its frame.
		trace := u.Unwind(m, regs, false, nil)
		if trace.Err != nil || !slices.Equal(pcs(trace), c.want) {
			t.Errorf("%s: %#x, %v; want %#x", c.name, pcs(trace), trace.Err, c.want)
			continue
		}
		if last := &trace.Frames[len(trace.Frames)-1]; last.User != c.user {
			t.Errorf("%s: the last frame is %+v", c.name, last)
		}
		if sp, ok := trace.Frames[2].Register(15); !ok || sp != task {
			t.Errorf("%s: stack pointer of the code without a table %#x", c.name, sp)
		}
	}
	// The chain ends: so does the stack.
	m[irq+152] = 0
	if trace := u.Unwind(m, regs, false, nil); trace.Err != nil || len(trace.Frames) != 2 {
		t.Errorf("%#x, %v", pcs(trace), trace.Err)
	}
	// Of a process nothing is known.
	process := New(platform(t, arch.S390X), rows{}, Options{Process: true, FramePointers: true})
	if trace := process.Unwind(m, regs, false, nil); trace.Err == nil || len(trace.Frames) != 1 {
		t.Errorf("%#x, %v", pcs(trace), trace.Err)
	}
}

// The kernel of Power keeps a chain of stack pointers, too, marks frames of interruptions, and chains another stack to the frame of the
// function that goes there.
func TestPowerBackChain(t *testing.T) {
	const irq, task, regs = 0xc000_0000_0100_8000, 0xc000_0000_0200_0000, 0x53474552
	power := func(size int64) *cfi.Row {
		r := &cfi.Row{
			CFA:           cfi.Rule{Kind: cfi.RegisterPlus, Register: 1, Offset: size},
			ReturnAddress: 32,
			Rules:         []cfi.RegisterRule{{Register: 32, Rule: cfi.Rule{Kind: cfi.CFAPlusAt, Offset: 16}}},
		}
		r.Default(arch.PPC64, 1<<32)
		return r
	}
	framed := power(0x60) // by a frame pointer, which the chain does not do better
	framed.CFA.Register = 31
	known := rows{0x1000: power(0x40), 0x2000: power(0x50), 0x5000: framed, 0x7000: power(0x30)}
	const user = task + 0x300
	m := words{
		irq - 0x40: irq, irq + 16: 0x2010, // 0x1000 was called at the top of the stack
		irq: task, task: task + 0x50, task + 0x50 + 16: 0x3010, // by 0x2000 from its own
		// That was called by code without a table, on top of what it interrupted.
		task + 0x50: 0xbad, task + 0x50 + 32: regs,
		// In the frame of which the word at the place of older kernels is another's mark.
		user: user + 0x40, user + 0x40 + 16: 0x4010, user + 0x40: 0xbad, user + 0x40 + 32: regs,
	}
	put := func(at uint64, values map[string]uint64) {
		for _, slot := range arch.PPC64.PtRegs {
			m[at+uint64(slot.Offset)] = 0
			for name, v := range values {
				n, ok := arch.PPC64.Register(name)
				if name == "pc" {
					n, ok = arch.PPC64.PC, true
				} else if name == "msr" {
					n, ok = arch.PPC64.UserMode.Register, true
				}
				if ok && n == slot.Register {
					m[at+uint64(slot.Offset)] = v
				}
			}
		}
	}
	put(task+0x50+48, map[string]uint64{"pc": 0x5020, "r1": user - 0x60, "r31": user - 0x60, "lr": 0xbad, "msr": 1 << 63})
	m[user-0x60], m[user+16] = user, 0x7010
	m[user] = user + 0x30
	m[user+0x30+16] = 0x6010
	m[user+0x30], m[user+0x30+32] = 0x7fff_0000, regs
	put(user+0x30+48, map[string]uint64{"pc": 0x7010, "r1": 0x7fff_0000, "msr": 1<<63 | 1<<14})
	u := New(platform(t, arch.PPC64), known, Options{IsText: func(pc uint64) bool { return pc < 0x8000 }})
	at := start(arch.PPC64, map[string]uint64{"r1": irq - 0x40, "lr": 0xbad})
	at.Set(arch.PPC64.PC, 0x1020)
	want := []uint64{0x1020, 0x2010, 0x3010, 0x5020, 0x7010, 0x6010, 0x7010}
	trace := u.Unwind(m, at, false, nil)
	if trace.Err != nil || !slices.Equal(pcs(trace), want) {
		t.Fatalf("%#x, %v; want %#x", pcs(trace), trace.Err, want)
	}
	for i, f := range trace.Frames {
		if f.Interrupted != (i == 3 || i == 6) || f.User != (i == 6) {
			t.Errorf("frame %d: %+v", i, f)
		}
	}
	if cfa := trace.Frames[1].CFA; cfa != task+0x50 {
		t.Errorf("the frame of the function that went to another stack ends at %#x", cfa)
	}
	// Code that has not saved yet what it interrupted: a process, if the stack pointer is one's.
	between := errors.New("not known")
	known[0x6f00] = &cfi.Row{Between: between, ReturnAddress: -1}
	for sp, want := range map[uint64]error{0x7fff_0000: nil, task: between} {
		at := start(arch.PPC64, map[string]uint64{"r1": sp})
		at.Set(arch.PPC64.PC, 0x6f00)
		if trace := u.Unwind(m, at, true, nil); trace.Err != want || len(trace.Frames) != 1 {
			t.Errorf("stack pointer %#x: %#x, %v", sp, pcs(trace), trace.Err)
		}
	}
	// A thread of the kernel that has never been a process's: its registers are all 0, and the chain ends.
	m[user+0x30] = 0
	put(user+0x30+48, nil)
	if trace := u.Unwind(m, at, false, nil); trace.Err != nil || !slices.Equal(pcs(trace), want[:6]) {
		t.Errorf("%#x, %v; want %#x", pcs(trace), trace.Err, want[:6])
	}
}
