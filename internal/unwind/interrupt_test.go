package unwind

import (
	"slices"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
)

// function returns the addresses in memory of a function of the fixture's kernel.
func (k *kernel) function(t testing.TB, name string) (start, end uint64) {
	t.Helper()
	for _, s := range k.symbols {
		if string(k.names(s)) == name {
			return s.Value + k.offset, s.Value + s.Size + k.offset
		}
	}
	t.Fatalf("no function %s", name)
	return 0, 0
}

// TestInterrupt unwinds a stack as an interrupt makes it, by the tables of the fixture's kernel: common_interrupt has
// switched to the stack for interrupts with inline assembly, of which DWARF knows nothing; asm_common_interrupt has saved
// all registers of what was interrupted.
func TestInterrupt(t *testing.T) {
	k := fixture(t)
	find := func(name string, want func(*cfi.Row) bool) uint64 {
		t.Helper()
		start, end := k.function(t, name)
		for pc := start; pc < end; pc++ {
			row, err := k.orc.FindRow(pc)
			if err != nil {
				t.Fatal(err)
			}
			if row != nil && want(row) {
				return pc
			}
		}
		t.Fatalf("%s has no such row", name)
		return 0
	}
	rsp, rbx := arch.X86_64.SP, 3
	switched := find("common_interrupt", func(r *cfi.Row) bool { return r.CFA.Kind == cfi.RegisterAt })
	row, err := k.combined().FindRow(switched)
	if err != nil {
		t.Fatal(err)
	}
	entry := find("asm_common_interrupt", func(r *cfi.Row) bool { return r.Signal && len(r.Rules) > 10 && int(r.CFA.Register) == rsp }) + 1
	interrupted, _ := k.function(t, "vfs_read")

	const irqStack, taskStack = 0xffffa70ac0100000, 0xffffa70ac0200000
	ptRegs := taskStack + uint64(row.CFA.Offset)
	m := words{
		irqStack:    taskStack, // where the stack pointer was
		ptRegs - 8:  entry,
		ptRegs + 40: 0xb0b, ptRegs + 128: interrupted, ptRegs + 136: 0x10, ptRegs + 152: taskStack + 0x1000,
		taskStack + 0x1000: 0, // vfs_read has just been called, by nobody
	}
	for off := int64(0); off < 168; off += 8 {
		if _, ok := m[ptRegs+uint64(off)]; !ok {
			m[ptRegs+uint64(off)] = 0
		}
	}
	regs := start(arch.X86_64, map[string]uint64{"rip": switched, "rsp": irqStack, "rbx": 1})
	trace := k.unwinder(k.combined()).Unwind(m, regs, true, nil)
	if want := []uint64{switched, entry, interrupted}; trace.Err != nil || !slices.Equal(pcs(trace), want) {
		t.Fatalf("%#x, %v; want %#x", pcs(trace), trace.Err, want)
	}
	last := &trace.Frames[2]
	if sp, ok := last.Register(rsp); !ok || sp != taskStack+0x1000 || !last.Interrupted || last.LookupPC() != interrupted {
		t.Errorf("interrupted frame: sp %#x, %+v", sp, last)
	}
	if v, ok := last.Register(rbx); !ok || v != 0xb0b {
		t.Errorf("interrupted frame: rbx %#x, %t", v, ok)
	}
	if sp, ok := trace.Frames[1].Register(rsp); !ok || sp != ptRegs {
		t.Errorf("entry: sp %#x, want %#x", sp, ptRegs)
	}
}

// TestNullCall unwinds from a page fault that a call through a null pointer made: below the entry's frame are the one at
// address 0 and the caller, whose return address is all that is on the stack. The empty registers at the end of a kernel
// thread's stack are no such call.
func TestNullCall(t *testing.T) {
	k := fixture(t)
	start0, end := k.function(t, "asm_exc_page_fault")
	entry := uint64(0)
	for pc := start0; pc < end; pc++ {
		row, err := k.orc.FindRow(pc)
		if err != nil {
			t.Fatal(err)
		}
		if row != nil && row.Signal && len(row.Rules) > 10 {
			entry = pc + 1
		}
	}
	caller, _ := k.function(t, "vfs_read")
	const sp, ptRegs = 0xffffa70ac0200000, 0xffffa70ac0200000
	for _, c := range []struct {
		name        string
		cs, stack   uint64
		want        []uint64
		interrupted int // index of the frame at 0
	}{
		{"call of null", 0x10, sp + 0x1000, []uint64{entry, 0, caller + 1, 0x1000}, 1},
		{"kernel thread", 0, 0, []uint64{entry}, -1},
	} {
		m := words{}
		for off := uint64(0); off < 168; off += 8 {
			m[ptRegs+off] = 0
		}
		m[ptRegs+136], m[ptRegs+152] = c.cs, c.stack // cs and sp; ip is 0
		m[sp+0x1000] = caller + 1                    // what the call has pushed
		m[sp+0x1008] = 0x1000                        // who called vfs_read, at whose first instruction nothing is saved
		trace := k.unwinder(k.combined()).Unwind(m, start(arch.X86_64, map[string]uint64{"rip": entry, "rsp": ptRegs}), false, nil)
		if got := pcs(trace); !slices.Equal(got, c.want) {
			t.Errorf("%s: %#x, %v; want %#x", c.name, got, trace.Err, c.want)
		} else if i := c.interrupted; i >= 0 && (!trace.Frames[i].Interrupted || trace.Frames[i+1].Interrupted) {
			t.Errorf("%s: %+v", c.name, trace.Frames)
		}
	}
}
