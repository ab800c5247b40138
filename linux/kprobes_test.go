package linux

import (
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/internal/machine"
	modules "github.com/godrgn/drgn/module"
)

// TestKprobes finds the code of kprobes in a made-up kernel. Its structures are those of v6.12, and the slots of the size that
// x86-64 has there (MAX_INSN_SIZE 16).
func TestKprobes(t *testing.T) {
	const (
		page     = 0xffffffffc0400000
		detours  = 0xffffffffc0500000
		template = 0xffffffff82001000
		probed   = 0xffffffff81234567
		size     = 200 // of a detour
	)
	made := func(t *testing.T) (w *worldtest.World, k *Kernel, table, slots worldtest.Var) {
		w = worldtest.New(t, worldtest.Machines[0])
		w.Declare(`
			struct kprobe_insn_cache { int mutex; const char *sym; struct list_head pages; unsigned long insn_size; int nr_garbage; };
			struct kprobe_insn_page { struct list_head list; unsigned char *insns; struct kprobe_insn_cache *cache; int nused; int ngarbage; char slot_used[]; };
			struct kprobe { struct hlist_node hlist; struct list_head list; unsigned char *addr; struct { unsigned char *insn; } ainsn; };
		`)
		slots = w.Variable("kprobe_insn_slots", "struct kprobe_insn_cache").Set("insn_size", 16)
		optimized := w.Variable("kprobe_optinsn_slots", "struct kprobe_insn_cache").Set("insn_size", size)
		for cache, at := range map[worldtest.Var]uint64{slots: page, optimized: detours} {
			p := w.Alloc("struct kprobe_insn_page").Set("insns", at)
			w.Ring(cache.Addr("pages"), p.Addr("list"))
		}
		table = w.Variable("kprobe_table", "struct hlist_head [64]")
		probe := w.Alloc("struct kprobe").Set("addr", probed).Set("ainsn.insn", page+32)
		table.Set("[3].first", probe.Addr("hlist"))
		names := drgn.NewSymbolIndex([]drgn.Symbol{{Name: "optprobe_template_entry", Address: template}, {Name: "optprobe_template_call", Address: template + 0x30}})
		if err := w.RegisterSymbolFinder("made up", names.Find, drgn.EnableFirst); err != nil {
			t.Fatal(err)
		}
		return w, &Kernel{prog: w.Program, machine: machine.For(w.Arch), info: ParseVMCOREINFO(nil)}, table, slots
	}
	_, k, _, _ := made(t)
	for _, c := range []struct {
		pc   uint64
		want modules.UnwindTable
	}{
		{page - 1, modules.UnwindTable{}},
		{page, modules.UnwindTable{Name: "kprobe_insn_page"}}, // a slot that no probe has
		{page + 32, modules.UnwindTable{Name: "kprobe_insn_page", CopyOf: probed}},
		{page + 37, modules.UnwindTable{Name: "kprobe_insn_page", CopyOf: probed + 5}},
		{page + 0xfff, modules.UnwindTable{Name: "kprobe_insn_page"}},
		{page + 0x1000, modules.UnwindTable{}},
		{detours + size + 0x33, modules.UnwindTable{Name: "kprobe_optinsn_page"}},
		{detours + size + 0x34, modules.UnwindTable{Name: "kprobe_optinsn_page", Registers: true}},
		{detours + size + 0x35, modules.UnwindTable{Name: "kprobe_optinsn_page"}},
		{detours + 20*size, modules.UnwindTable{}}, // there are 20 in a page
	} {
		got, ok, err := k.TableAt(c.pc)
		if got != c.want || ok != (c.want.Name != "") || err != nil {
			t.Errorf("%#x: %+v, %t, %v; want %+v", c.pc, got, ok, err, c.want)
		}
		if s, ok, err := k.CodeSymbol(c.pc); s.Name != c.want.Name || ok != (c.want.Name != "") || err != nil {
			t.Errorf("%#x: symbol %+v, %t, %v", c.pc, s, ok, err)
		}
	}

	// Lists that lead nowhere are errors, not code that is not known.
	w, k, table, _ := made(t)
	w.WriteWord(table.At, worldtest.Dangling)
	if _, ok, err := k.TableAt(page); ok || err == nil {
		t.Errorf("a list of probes that leads nowhere: %t, %v", ok, err)
	}
	w, k, _, slots := made(t)
	w.WriteWord(slots.Addr("pages"), worldtest.Dangling)
	if _, ok, err := k.TableAt(page); ok || err == nil {
		t.Errorf("a list of pages that leads nowhere: %t, %v", ok, err)
	}
	_, k, _, slots = made(t)
	slots.Set("insn_size", 1<<40)
	if _, ok, err := k.TableAt(page); ok || err != nil {
		t.Errorf("slots of 1 TiB: %t, %v", ok, err)
	}
}
