package linux

import (
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/internal/machine"
	modules "github.com/godrgn/drgn/module"
)

// TestCodeInMemory finds the tables and names of code in a made-up kernel that has a module and compiled BPF.
func TestCodeInMemory(t *testing.T) {
	const (
		text    = 0xffffffffc0100000
		rodata  = 0xffffffffc0200000
		program = 0xffffffffc0300000
		stepped = 0xffffffffc0310000
		traced  = 0xffffffffc0320000
		caller  = 0xffffffff81001000
	)
	w := worldtest.New(t, worldtest.Machines[0])
	w.Declare(`
		struct elf64_sym { u32 st_name; u8 st_info; u8 st_other; u16 st_shndx; u64 st_value; u64 st_size; };
		struct mod_kallsyms { struct elf64_sym *symtab; u32 num_symtab; char *strtab; char *typetab; };
		enum mod_mem_type { MOD_TEXT = 0, MOD_RODATA, MOD_INIT_TEXT };
		struct module_memory { void *base; u32 size; };
		struct mod_arch_specific { u32 num_orcs; int *orc_unwind_ip; void *orc_unwind; };
		struct module {
			struct list_head list; char name[56]; struct module_memory mem[3]; struct mod_arch_specific arch; struct mod_kallsyms *kallsyms;
		};
		struct bpf_ksym { unsigned long start; unsigned long end; char name[128]; struct list_head lnode; u32 fp_start; u32 fp_end; };
	`)
	mod := w.Alloc("struct module").SetText("name", "labmod")
	mod.Set("mem[0].base", text).Set("mem[0].size", 0x1000).Set("mem[1].base", rodata).Set("mem[1].size", 0x800)
	mod.Set("arch.num_orcs", 7).Set("arch.orc_unwind_ip", rodata+0x100).Set("arch.orc_unwind", rodata+0x200)
	symbols := w.AllocBytes(2*w.SizeOf("struct elf64_sym"), 8)
	w.VarAt("struct elf64_sym", symbols+w.SizeOf("struct elf64_sym")).Set("st_name", 1).Set("st_info", 2).Set("st_shndx", 1).
		Set("st_value", text+0x40).Set("st_size", 0x20)
	kallsyms := w.Alloc("struct mod_kallsyms").Set("num_symtab", 2).Set("symtab", symbols)
	kallsyms.Set("strtab", w.Text("\x00labmod_wait")).Set("typetab", w.Text("tt"))
	mod.Set("kallsyms", kallsyms.At)
	w.Ring(w.Variable("modules", "struct list_head").At, mod.Addr("list"))
	bpf := w.Alloc("struct bpf_ksym").SetText("name", "bpf_prog_1234_wait").Set("start", program).Set("end", program+0x80)
	late := w.Alloc("struct bpf_ksym").SetText("name", "bpf_trampoline_1").Set("start", stepped).Set("end", stepped+0x100)
	late.Set("fp_start", 8).Set("fp_end", 0xf0)
	w.Ring(w.Variable("bpf_kallsyms", "struct list_head").At, late.Addr("lnode"), bpf.Addr("lnode"))

	// The list of ftrace's users ends with one that has no trampoline.
	w.Declare("struct ftrace_ops { void *func; struct ftrace_ops *next; unsigned long flags; unsigned long trampoline; unsigned long trampoline_size; };")
	ops, regs, last := w.Alloc("struct ftrace_ops"), w.Alloc("struct ftrace_ops"), w.Alloc("struct ftrace_ops")
	ops.Set("trampoline", traced).Set("trampoline_size", 0x100).Set("next", regs.At).Set("flags", 1<<0)
	regs.Set("trampoline", traced+0x1000).Set("trampoline_size", 0x100).Set("next", last.At).Set("flags", 1<<2|1<<0)
	w.Write(w.Variable("ftrace_ops_list", "struct ftrace_ops *").At, 8, ops.At)
	names := drgn.NewSymbolIndex([]drgn.Symbol{{Name: "ftrace_caller", Address: caller, Size: 0x100}, {Name: "ftrace_regs_caller", Address: caller + 0x400, Size: 0x100}})
	if err := w.RegisterSymbolFinder("made up", names.Find, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}

	k := &Kernel{prog: w.Program, machine: machine.For(w.Arch)}
	table := modules.UnwindTable{Name: "module labmod", IP: rodata + 0x100, Entries: rodata + 0x200, Count: 7}
	for _, c := range []struct {
		pc     uint64
		want   modules.UnwindTable
		symbol string
	}{
		{text - 1, modules.UnwindTable{}, ""},
		{text, table, ""},
		{text + 0x40, table, "labmod_wait"},
		{text + 0x5f, table, "labmod_wait"},
		{text + 0xfff, table, ""},
		{text + 0x1000, modules.UnwindTable{}, ""},
		{rodata + 0x10, modules.UnwindTable{}, ""}, // no code
		{program, modules.UnwindTable{Name: "bpf_prog_1234_wait", FramePointers: true}, "bpf_prog_1234_wait"},
		{program + 0x80, modules.UnwindTable{}, ""},
		{stepped, modules.UnwindTable{Name: "bpf_trampoline_1"}, "bpf_trampoline_1"}, // it has not yet a frame
		{stepped + 8, modules.UnwindTable{Name: "bpf_trampoline_1", FramePointers: true}, "bpf_trampoline_1"},
		{stepped + 0xf0, modules.UnwindTable{Name: "bpf_trampoline_1"}, "bpf_trampoline_1"},
		{traced + 0x12, modules.UnwindTable{Name: "ftrace_trampoline", CopyOf: caller + 0x12}, "ftrace_trampoline"},
		{traced + 0x100, modules.UnwindTable{}, ""},
		{traced + 0x10ff, modules.UnwindTable{Name: "ftrace_trampoline", CopyOf: caller + 0x4ff}, "ftrace_trampoline"},
		{0x400000, modules.UnwindTable{}, ""}, // a process's
	} {
		got, ok, err := k.TableAt(c.pc)
		if got != c.want || ok != (c.want.Name != "") || err != nil {
			t.Errorf("%#x: %+v, %t, %v; want %+v", c.pc, got, ok, err, c.want)
		}
		s, ok, err := k.CodeSymbol(c.pc)
		if s.Name != c.symbol || ok != (c.symbol != "") || err != nil {
			t.Errorf("%#x: symbol %+v, %t, %v; want %q", c.pc, s, ok, err, c.symbol)
		}
	}
	if _, ok, err := k.ImageTable(); ok || err != nil {
		t.Errorf("the kernel's own, without symbols: %t, %v", ok, err)
	}
}

// TestCodeInMemoryCorrupt has lists that lead nowhere.
func TestCodeInMemoryCorrupt(t *testing.T) {
	for _, name := range []string{"modules", "bpf_kallsyms", "ftrace_ops_list"} {
		w := worldtest.New(t, worldtest.Machines[0])
		w.Declare(`
			struct module { struct list_head list; char name[56]; void *module_core; u32 core_size; void *module_init; u32 init_size; };
			struct bpf_ksym { unsigned long start; unsigned long end; char name[128]; struct list_head lnode; };
		`)
		for _, list := range []string{"modules", "bpf_kallsyms"} {
			head := w.Variable(list, "struct list_head")
			w.Ring(head.At)
			if list == name {
				w.WriteWord(head.At, worldtest.Dangling)
			}
		}
		w.Declare("struct ftrace_ops { struct ftrace_ops *next; unsigned long flags; unsigned long trampoline; unsigned long trampoline_size; };")
		if head := w.Variable("ftrace_ops_list", "struct ftrace_ops *"); name == "ftrace_ops_list" {
			w.WriteWord(head.At, worldtest.Dangling)
		}
		names := drgn.NewSymbolIndex([]drgn.Symbol{{Name: "ftrace_caller", Address: 1, Size: 1}, {Name: "ftrace_regs_caller", Address: 2, Size: 1}})
		if err := w.RegisterSymbolFinder("made up", names.Find, drgn.EnableFirst); err != nil {
			t.Fatal(err)
		}
		k := &Kernel{prog: w.Program, machine: machine.For(w.Arch)}
		if _, ok, err := k.TableAt(0xffffffffc0100000); ok || err == nil {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
		if _, ok, err := k.CodeSymbol(0xffffffffc0100000); ok || err == nil {
			t.Errorf("%s: symbol: %t, %v", name, ok, err)
		}
	}
}
