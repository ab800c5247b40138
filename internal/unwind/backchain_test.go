package unwind

import (
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
