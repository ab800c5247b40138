package unwind

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn/arch"
)

// TestProgramCounters compares program counters with those that the reference found, for the tasks in locals.txt.
func TestProgramCounters(t *testing.T) {
	k := fixture(t)
	u := k.unwinder(k.combined())
	want := map[int][]uint64{}
	for _, line := range lines(t, "locals.txt") {
		f := strings.Fields(line) // pid, frame, name, inlined, pc
		if len(f) != 5 || f[3] != "False" {
			continue
		}
		pid, err := strconv.Atoi(f[0])
		if err != nil {
			continue
		}
		pc, err := strconv.ParseUint(f[4], 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		want[pid] = append(want[pid], pc)
	}
	if len(want) != 3 {
		t.Fatalf("expected values for %d tasks", len(want))
	}
	all := tasks(t)
	for pid, pcs := range want {
		trace := u.Unwind(k, k.stopped(t, all[pid]), false, nil)
		if trace.Err != nil {
			t.Errorf("pid %d: %v", pid, trace.Err)
		}
		var got []uint64
		for _, f := range trace.Frames {
			got = append(got, f.PC)
		}
		if !slices.Equal(got, pcs) {
			t.Errorf("pid %d: %#x\nwant %#x", pid, got, pcs)
		}
	}
}

// expectedStacks returns the names of functions in stack-traces.txt by pid, inlined ones included.
func expectedStacks(t *testing.T) map[int][]string {
	stacks := map[int][]string{}
	pid := 0
	for _, line := range lines(t, "stack-traces.txt") {
		if rest, ok := strings.CutPrefix(line, "Call stack for PID "); ok {
			n, err := strconv.Atoi(rest)
			if err != nil {
				t.Fatal(err)
			}
			pid = n
		} else if strings.HasPrefix(line, "#") {
			name, _, _ := strings.Cut(strings.Fields(line)[1], "+")
			stacks[pid] = append(stacks[pid], name)
		}
	}
	return stacks
}

// TestAllStacks unwinds every task and compares the functions with the reference's. The reference also lists inlined
// functions, so those found must be a part of its list, in the same order, the last one included.
func TestAllStacks(t *testing.T) {
	k := fixture(t)
	u := k.unwinder(k.combined())
	stacks := expectedStacks(t)
	n := 0
	for pid, task := range tasks(t) {
		onCPU, err := k.Uint(task+offOnCPU, 4)
		if err != nil {
			t.Fatal(err)
		}
		var trace Trace
		if onCPU != 0 {
			trace = u.Unwind(k, k.running(t), true, nil)
		} else {
			trace = u.Unwind(k, k.stopped(t, task), false, nil)
		}
		n++
		if trace.Err != nil {
			t.Errorf("pid %d: %v", pid, trace.Err)
		}
		rest := stacks[pid]
		var got [][]string
		for _, f := range trace.Frames {
			names := k.functions(f.LookupPC())
			if names == nil {
				names = []string{fmt.Sprintf("%#x", f.PC)}
			}
			got = append(got, names)
			i := slices.IndexFunc(rest, func(name string) bool { return slices.Contains(names, name) })
			if i < 0 {
				rest = []string{"?"}
				break
			}
			rest = rest[i+1:]
		}
		if len(rest) > 0 {
			t.Errorf("pid %d:\n%s\nwant\n%s", pid, got, stacks[pid])
		}
	}
	if n != len(stacks) {
		t.Errorf("%d tasks, %d stacks", n, len(stacks))
	}
}

// TestRegisters checks registers and frame addresses: the first word that the reference shows of a frame lies at the
// stack pointer of the frame, and a pt_regs gives all registers.
func TestRegisters(t *testing.T) {
	k := fixture(t)
	u := k.unwinder(k.combined())
	trace := u.Unwind(k, k.stopped(t, tasks(t)[1]), false, nil)
	rsp, _ := arch.X86_64.Register("rsp")
	rbx, _ := arch.X86_64.Register("rbx")
	want := []uint64{ // from annotated-stacks.txt, frames that aren't inlined
		0xffffa70ac000bd60, 0xffffa70ac000bdb8, 0xffffa70ac000bdd0, 0xffffa70ac000be00, 0xffffa70ac000be90,
		0xffffa70ac000bf48, 0xffffa70ac000bf58,
	}
	if len(trace.Frames) != 8 {
		t.Fatalf("%d frames", len(trace.Frames))
	}
	for i, sp := range want {
		if got, ok := trace.Frames[i].Register(rsp); !ok || got != sp {
			t.Errorf("frame %d: rsp = %#x, %t; want %#x", i, got, ok, sp)
		}
	}
	user := &trace.Frames[7]
	if !user.Interrupted || user.LookupPC() != user.PC || user.HasCFA {
		t.Errorf("user frame: %+v", user)
	}
	if sp, ok := user.Register(rsp); !ok || sp>>40 != 0x7f {
		t.Errorf("user frame: rsp = %#x, %t", sp, ok)
	}
	regs := user.Registers()
	if v, ok := regs.Get(rbx); !ok || regs.Known() != user.Known() {
		t.Errorf("user frame: rbx = %#x, %t", v, ok)
	}
	if _, ok := user.Register(arch.MaxRegisters); ok {
		t.Error("a register that does not exist is known")
	}
}

// TestORCAgrees checks ORC against DWARF: where both know a caller, they find the same.
func TestORCAgrees(t *testing.T) {
	k := fixture(t)
	both, onlyORC := k.unwinder(k.combined()), k.unwinder(k.orc)
	for pid, task := range tasks(t) {
		regs := k.stopped(t, task)
		want, got := both.Unwind(k, regs, false, nil), onlyORC.Unwind(k, regs, false, nil)
		if (got.Err == nil) != (want.Err == nil) || len(got.Frames) != len(want.Frames) {
			t.Errorf("pid %d: %d frames, %v; want %d", pid, len(got.Frames), got.Err, len(want.Frames))
			continue
		}
		for i := range want.Frames {
			g, w := &got.Frames[i], &want.Frames[i]
			if g.PC != w.PC || g.Interrupted != w.Interrupted {
				t.Errorf("pid %d, frame %d: pc %#x, want %#x", pid, i, g.PC, w.PC)
			}
			for r := range arch.X86_64.Slots() {
				gv, ok := g.Register(r)
				if wv, known := w.Register(r); ok && known && gv != wv {
					t.Errorf("pid %d, frame %d: %s = %#x, want %#x", pid, i, arch.X86_64.Registers[r].Names[0], gv, wv)
				}
			}
		}
	}
}

// TestTablesAgree looks up the start of every ORC entry in DWARF: they give the same frame address, but for inline
// assembly that moves the stack pointer behind the compiler's back, where Combined takes ORC's.
func TestTablesAgree(t *testing.T) {
	k := fixture(t)
	agree, differ := 0, 0
	different := map[string]bool{}
	section, ips, err := k.section(".orc_unwind_ip")
	if err != nil {
		t.Fatal(err)
	}
	for off := 0; off < len(ips); off += 4 {
		pc := k.offset + section.Addr + uint64(off) + uint64(int64(int32(binary.LittleEndian.Uint32(ips[off:]))))
		row, err := k.orc.FindRow(pc)
		if err != nil {
			t.Fatal(err)
		}
		dwarf, err := k.dwarf.FindRow(pc)
		if err != nil {
			t.Fatal(err)
		}
		if row == nil || dwarf == nil {
			continue
		}
		d, o := dwarf.CFA, row.CFA
		if d.Kind == o.Kind && d.Register == o.Register && d.Offset == o.Offset {
			agree++
			continue
		}
		differ++
		for _, name := range k.functions(pc) {
			different[name] = true
		}
		both, err := k.combined().FindRow(pc)
		if err != nil || int(o.Register) == arch.X86_64.SP && both.CFA.Kind != o.Kind || len(both.Rules) != len(dwarf.Rules) {
			t.Errorf("%#x: %+v, %v", pc, both, err)
		}
	}
	if agree < 50000 || differ > agree/100 || !different["common_interrupt"] || !different["do_softirq"] || different["vfs_read"] {
		t.Errorf("they agree at %d places, differ at %d: %v", agree, differ, different)
	}
}

// BenchmarkUnwind measures a stack of a task; the fixture's memory is read through page tables without a cache.
func BenchmarkUnwind(b *testing.B) {
	k := fixture(b)
	u := k.unwinder(k.combined())
	regs := k.stopped(b, tasks(b)[62])
	m := &recorded{k: k, words: map[uint64]uint64{}}
	frames := len(u.Unwind(m, regs, false, nil).Frames)
	b.ReportAllocs()
	for b.Loop() {
		u.Unwind(m, regs, false, nil)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*frames), "ns/frame")
}

// recorded is memory that remembers what was read.
type recorded struct {
	k     *kernel
	words map[uint64]uint64
}

func (r *recorded) Uint(address uint64, size int) (uint64, error) {
	if v, ok := r.words[address]; ok {
		return v, nil
	}
	v, err := r.k.Uint(address, size)
	if err == nil {
		r.words[address] = v
	}
	return v, err
}

// BenchmarkFindRow measures what a program counter costs when it is met first.
func BenchmarkFindRow(b *testing.B) {
	k := fixture(b)
	trace := k.unwinder(k.combined()).Unwind(k, k.stopped(b, tasks(b)[62]), false, nil)
	for name, f := range map[string]Finder{"dwarf": k.dwarf, "orc": k.orc, "combined": k.combined()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := f.FindRow(trace.Frames[i%len(trace.Frames)].LookupPC()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
