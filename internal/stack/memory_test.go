package stack_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/stack"
	"github.com/godrgn/drgn/internal/unwind"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// memory is a program's.
type memory struct{ p *drgn.Program }

func (m memory) Uint(address uint64, size int) (uint64, error) {
	return m.p.ReadUint(address, size, false)
}

// withoutFiles returns an unwinder that has nothing but the kernel's memory.
func withoutFiles(p *drgn.Program, code module.Code) *stack.Unwinder {
	return stack.New(stack.Config{
		Platform: p.Platform(), Modules: module.NewSet(module.Config{}), Tables: &stack.Tables{}, Memory: memory{p},
		Code: code,
	})
}

// registersOfInit returns the registers that the stack of task 1 begins with.
func registersOfInit(t *testing.T, p *drgn.Program) (regs *arch.Registers, interrupted bool) {
	t.Helper()
	thread, err := p.Thread(1)
	if err != nil {
		t.Fatal(err)
	}
	at, err := p.Personality().Stopped(p, thread)
	if err != nil {
		t.Fatal(err)
	}
	return at.Registers, at.Interrupted
}

// TestORCInMemory unwinds all stacks of the bundled core by the tables in its memory alone: they have the program counters
// that the tables of vmlinux and its DWARF give.
func TestORCInMemory(t *testing.T) {
	p := coretest.Open(t)
	u := withoutFiles(p, p.Personality().(drgn.KernelCode))
	stacks, frames := 0, 0
	for thread, err := range p.Threads() {
		if err != nil {
			t.Fatal(err)
		}
		want, err := thread.StackTrace()
		if err != nil {
			t.Fatal(err)
		}
		at, err := p.Personality().Stopped(p, thread)
		var none *drgn.NoStackError // a zombie's stack is whole in this core
		if err != nil && !errors.As(err, &none) {
			t.Fatal(err)
		}
		got, err := u.Unwind(nil, at.Registers, at.Interrupted, nil, nil)
		if (err == nil) != (want.Err == nil) {
			t.Errorf("thread %d: %v, want %v", thread.TID, err, want.Err)
		}
		var gotPCs, wantPCs []uint64
		for i := range got {
			gotPCs = append(gotPCs, got[i].Registers.PC)
		}
		for f := range want.Frames() {
			if !f.IsInline() {
				wantPCs = append(wantPCs, f.PC())
			}
		}
		if !slices.Equal(gotPCs, wantPCs) {
			t.Errorf("thread %d: %#x\nwant %#x", thread.TID, gotPCs, wantPCs)
		}
		stacks++
		frames += len(got)
	}
	if stacks < 50 || frames < 300 {
		t.Errorf("%d stacks of %d frames", stacks, frames)
	}
}

// code is a kernel whose tables are other than they should be.
type code struct {
	drgn.KernelCode
	change func(t *module.UnwindTable, image bool)
}

func (c code) TableAt(pc uint64) (module.UnwindTable, bool, error) {
	t, ok, err := c.KernelCode.TableAt(pc)
	c.change(&t, false)
	return t, ok, err
}

func (c code) ImageTable() (module.UnwindTable, bool, error) {
	t, ok, err := c.KernelCode.ImageTable()
	c.change(&t, true)
	return t, ok, err
}

// TestORCInMemoryMissing says of a stack that it ends where tables are missing or wrong.
func TestORCInMemoryMissing(t *testing.T) {
	p := coretest.Open(t)
	regs, interrupted := registersOfInit(t, p)
	var noRow *unwind.NoRowError
	var decode *drgn.DecodeError
	var fault *mem.FaultError
	for _, c := range []struct {
		name   string
		change func(t *module.UnwindTable, image bool)
		frames int
		want   any
	}{
		{"no table of this code", func(t *module.UnwindTable, image bool) {
			if !image {
				t.Count = 0
			}
		}, 1, &noRow},
		{"no tables, frame pointers", func(t *module.UnwindTable, _ bool) { t.Count = 0 }, 3, &noRow},
		{"addresses that can't be read", func(t *module.UnwindTable, _ bool) { t.IP = 0xffff << 32 }, 1, &fault},
		{"entries that can't be read", func(t *module.UnwindTable, _ bool) { t.Entries = 0xffff << 32 }, 1, &fault},
		{"more entries than there is memory", func(t *module.UnwindTable, _ bool) { t.Count = ^uint64(0) }, 1, &fault},
		{"no entries", func(t *module.UnwindTable, _ bool) { t.Header, t.Entries = 0, t.IP }, 1, &decode},
	} {
		frames, err := withoutFiles(p, code{p.Personality().(drgn.KernelCode), c.change}).Unwind(nil, regs, interrupted, nil, nil)
		if len(frames) != c.frames || !errors.As(err, c.want) {
			t.Errorf("%s: %d frames, %v", c.name, len(frames), err)
		}
	}
}

// copies is a kernel that has copies of its code.
type copies struct{ drgn.KernelCode }

const copyOffset = 1 << 28

func (c copies) TableAt(pc uint64) (module.UnwindTable, bool, error) {
	if t, ok, err := c.KernelCode.TableAt(pc); ok || err != nil {
		return t, ok, err
	}
	_, ok, err := c.KernelCode.TableAt(pc - copyOffset)
	return module.UnwindTable{Name: "a copy", CopyOf: pc - copyOffset}, ok, err
}

// TestCopiedCode unwinds a task that is in a copy of the kernel's code, as ftrace's trampolines are.
func TestCopiedCode(t *testing.T) {
	p := coretest.Open(t)
	regs, interrupted := registersOfInit(t, p)
	u := withoutFiles(p, copies{p.Personality().(drgn.KernelCode)})
	want, err := u.Unwind(nil, regs, interrupted, nil, nil)
	if err != nil || len(want) < 5 {
		t.Fatal(len(want), err)
	}
	pc, _ := regs.Get(p.Platform().Arch.PC)
	moved := *regs
	moved.Set(p.Platform().Arch.PC, pc+copyOffset)
	got, err := u.Unwind(nil, &moved, interrupted, nil, nil)
	if err != nil || len(got) != len(want) {
		t.Fatal(len(got), err)
	}
	for i := range got {
		if i == 0 && got[0].Registers.PC != pc+copyOffset || i > 0 && got[i].Registers.PC != want[i].Registers.PC {
			t.Errorf("frame %d: %#x, want %#x", i, got[i].Registers.PC, want[i].Registers.PC)
		}
	}
}

// detour is a kernel with the detour of an optimized kprobe, as the kernel's template makes them: what the last byte of the call of the
// handler returns to finds a struct pt_regs at the stack pointer.
type detour struct {
	drgn.KernelCode
	call uint64 // address of the last byte
}

func (d detour) TableAt(pc uint64) (module.UnwindTable, bool, error) {
	if pc == d.call {
		return module.UnwindTable{Name: "kprobe_optinsn_page", Registers: true}, true, nil
	}
	return d.KernelCode.TableAt(pc)
}

// onStack is a program's memory with registers on a stack.
type onStack struct {
	memory
	words map[uint64]uint64
}

func (m onStack) Uint(address uint64, size int) (uint64, error) {
	if w, ok := m.words[address]; ok && size == 8 {
		return w, nil
	}
	return m.memory.Uint(address, size)
}

// TestRegistersOnStack unwinds from the handler of an optimized kprobe to the function that it is in.
func TestRegistersOnStack(t *testing.T) {
	const call, sp = 0xffffffffc0000010, 0xffffc90000001000 // where this core has nothing
	p := coretest.Open(t)
	a := p.Platform().Arch
	regs, _ := registersOfInit(t, p)
	code := detour{p.Personality().(drgn.KernelCode), call}
	m := onStack{memory{p}, map[uint64]uint64{}}
	for _, slot := range a.PtRegs {
		m.words[sp+uint64(slot.Offset)], _ = regs.Get(slot.Register)
	}
	u := stack.New(stack.Config{Platform: p.Platform(), Modules: module.NewSet(module.Config{}), Tables: &stack.Tables{}, Memory: m, Code: code})
	want, err := u.Unwind(nil, regs, true, nil, nil)
	if err != nil || len(want) < 5 {
		t.Fatal(len(want), err)
	}
	var inDetour arch.Registers
	inDetour.Set(a.PC, call+1)
	inDetour.Set(a.SP, sp)
	got, err := u.Unwind(nil, &inDetour, false, nil, nil)
	if err != nil || len(got) != len(want)+1 || !got[1].Registers.Interrupted {
		t.Fatal(len(got), len(want), err)
	}
	for i, f := range got[1:] {
		if f.Registers.PC != want[i].Registers.PC {
			t.Errorf("frame %d: %#x, want %#x", i, f.Registers.PC, want[i].Registers.PC)
		}
	}
	// Elsewhere in the detour the registers are not complete.
	inDetour.Set(a.PC, call-4)
	if got, _ := u.Unwind(nil, &inDetour, true, nil, nil); len(got) != 1 {
		t.Errorf("%d frames from the middle of a detour", len(got))
	}
}
