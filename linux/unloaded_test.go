package linux

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/internal/constant"
	"github.com/godrgn/drgn/linux/internal/machine"
	modules "github.com/godrgn/drgn/module"
)

// noInfo is debugging information that nothing is asked of.
type noInfo struct{ debugdata.Info }

// TestUnloadedModules asks a kernel that runs for names and addresses of modules that are unloaded and loaded meanwhile: what is no more in
// memory is not found.
func TestUnloadedModules(t *testing.T) {
	const first, second = 0xffffffffc0100000, 0xffffffffc0200000
	w := worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct mod_kallsyms { u32 num_symtab; };
		struct module { struct list_head list; char name[56]; u8 build_id[20]; void *module_core; u32 core_size; void *module_init; u32 init_size; struct mod_kallsyms *kallsyms; };`)
	head := w.Variable("modules", "struct list_head").At
	add := func(name string, at uint64) worldtest.Var {
		return w.Alloc("struct module").SetText("name", name).Set("module_core", at).Set("core_size", 0x1000)
	}
	unload := func(mod worldtest.Var) { w.WriteWord(mod.Addr("list")+w.SizeOf("void *"), worldtest.Dangling) } // LIST_POISON2
	one := add("one", first)
	one.Set("module_init", first+0x8000).Set("init_size", 0x1000)
	w.Ring(head, one.Addr("list"))
	k := &Kernel{prog: w.Program, machine: machine.For(w.Arch), info: ParseVMCOREINFO(nil)}
	platform, err := arch.NewPlatform(w.Arch)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Setup(drgn.Setup{Platform: platform, Flags: drgn.IsLinuxKernel | drgn.IsLive, Personality: k}); err != nil {
		t.Fatal(err)
	}
	find := func() map[string]*drgn.Module {
		t.Helper()
		found := map[string]*drgn.Module{}
		for m, err := range k.LoadedModules(w.Program) {
			if err != nil {
				t.Fatal(err)
			}
			if m.Module.Kind() != drgn.MainModule {
				found[m.Name()] = m.Module
			}
		}
		return found
	}
	// where says which module, by its name, has an address, a symbol and the symbol of an address.
	where := func(address uint64) (at, named, symbol string) {
		t.Helper()
		if m, err := w.Program.ModuleAt(address); err == nil {
			at = m.Name()
		} else if !drgn.IsNotFound(err) {
			t.Error(err)
		}
		if s, err := w.Program.Symbol("a_function"); err == nil && s.Address == address {
			named = s.Name
		} else if err != nil && !drgn.IsNotFound(err) {
			t.Error(err)
		}
		if s, err := w.Program.SymbolAt(address); err == nil {
			symbol = s.Name
		} else if !drgn.IsNotFound(err) {
			t.Error(err)
		}
		return at, named, symbol
	}
	check := func(when string, address uint64, module string) {
		t.Helper()
		var want string
		if module != "" {
			want = "a_function"
		}
		for range 2 {
			if at, named, symbol := where(address); at != module || named != want || symbol != want {
				t.Errorf("%s: module %q, symbol %q, symbol there %q; want %q and %q", when, at, named, symbol, module, want)
			}
		}
	}
	give := func(m *drgn.Module, address uint64) {
		m.KeepSymbols(oneSymbol{Name: "a_function", Address: address, Size: 16, Binding: drgn.BindLocal, Kind: drgn.SymbolFunc})
	}
	m := find()["one"]
	give(m, first+0x100)
	check("loaded", first+0x100, "one")
	if at, _, _ := where(first + 0x8000); at != "one" {
		t.Error("code for loading is no module's")
	}
	one.Set("init_size", 0)
	check("the code for loading is freed", first+0x100, "one")
	if at, _, _ := where(first + 0x8000); at != "" {
		t.Errorf("freed memory is that of %q", at)
	}
	two := add("two", second)
	w.Ring(head, two.Addr("list"), one.Addr("list"))
	check("another is loaded", first+0x100, "one")

	w.Ring(head, two.Addr("list"))
	unload(one)
	check("unloaded", first+0x100, "")
	if !m.IsUnloaded() {
		t.Error("the module is not unloaded")
	}
	if s, err := w.Program.Symbols(drgn.SymbolQuery{}); len(s) != 0 || err != nil {
		t.Errorf("all symbols: %v, %v", s, err)
	}
	gone := []btfSource{{name: "BTF that has gone", read: func() (*constant.Bytes, error) { return nil, os.ErrNotExist }}}
	k.setBTF(m, gone, nil)
	if info, err := m.Info(); info != nil || err != nil {
		t.Errorf("BTF of an unloaded module: %v, %v", info, err)
	}
	var opens int
	kept := errors.New("damaged")
	source := noInfo{}
	m.SetFallback("BTF of one", func() (debugdata.Info, string, error) {
		opens++
		return source, "BTF of one", kept
	})
	if info, err := m.Info(); info != nil || err != nil || opens != 1 {
		t.Errorf("BTF of an unloaded module: %v, %v, opened %d times", info, err, opens)
	}
	w.Ring(head, one.Addr("list"), two.Addr("list")) // it is loaded again where it was, with no look at the kernel's list in between
	if info, err := m.Info(); info != nil || err != kept || opens != 3 {
		t.Errorf("BTF that can't be read: %v, %v, opened %d times", info, err, opens)
	}
	kept = modules.ErrGone // it is being unloaded, and listed still
	if info, err := m.Info(); info != nil || err != nil {
		t.Errorf("BTF of a module that is being unloaded: %v, %v", info, err)
	}
	kept = nil
	for range 2 {
		if info, err := m.Info(); info != debugdata.Info(source) || err != nil || opens != 5 {
			t.Errorf("BTF of a module that was loaded again: %v, %v, opened %d times", info, err, opens)
		}
	}
	k.setBTF(m, gone, nil)
	w.Ring(head, two.Addr("list"))
	unload(one)
	again := add("one", first+0x10000)
	w.Ring(head, again.Addr("list"), two.Addr("list"))
	n := find()["one"]
	give(n, first+0x10100)
	check("loaded elsewhere", first+0x10100, "one")
	k.setBTF(n, gone, nil)
	if _, err := n.Info(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("BTF of a module that can't be read: %v", err)
	}

	w.Ring(head, two.Addr("list"))
	unload(again)
	third := add("one", first) // with its struct module elsewhere
	w.Ring(head, third.Addr("list"), two.Addr("list"))
	check("loaded where it was first, and not looked for", first+0x100, "")
	if now := find()["one"]; now == m || now == n {
		t.Error("the module is the one that was unloaded")
	} else {
		give(now, first+0x200)
	}
	check("loaded where it was first", first+0x200, "one")

	w.Ring(head, two.Addr("list"))
	unload(third)
	large := add("large", first-0x800)
	large.Set("core_size", 0x4000)
	w.Ring(head, large.Addr("list"), two.Addr("list"))
	give(find()["large"], first+0x300)
	for _, at := range []uint64{first - 0x800, first, first + 0x300, first + 0x1000, first + 0x37ff} {
		if m, err := w.Program.ModuleAt(at); err != nil || m.Name() != "large" {
			t.Errorf("%#x: %v, %v", at, m, err)
		}
	}
	check("a larger one lies over it", first+0x300, "large")
	w.WriteWord(large.Addr("build_id"), 5)
	check("another build is loaded at its very place", first+0x300, "")
	give(find()["large"], first+0x400)
	check("the other build is found", first+0x400, "large")
	names := []string{}
	for m := range w.Program.Modules() {
		names = append(names, m.Name())
	}
	if want := []string{"kernel", "one", "one", "two", "one", "large", "large"}; !slices.Equal(names, want) {
		t.Errorf("modules: %q, want %q", names, want)
	}
}

// oneSymbol is the only symbol of a module.
type oneSymbol drgn.Symbol

func (s oneSymbol) Named(name string) []drgn.Symbol {
	return slices.DeleteFunc([]drgn.Symbol{drgn.Symbol(s)}, func(s drgn.Symbol) bool { return s.Name != name })
}

func (s oneSymbol) At(address uint64) (drgn.Symbol, bool) {
	return drgn.Symbol(s), address-s.Address < s.Size
}

func (s oneSymbol) AllAt(address uint64) (all []drgn.Symbol) {
	if _, ok := s.At(address); ok {
		all = []drgn.Symbol{drgn.Symbol(s)}
	}
	return all
}

func (s oneSymbol) Table() *modules.SymbolTable {
	t := &modules.SymbolTable{}
	t.Append([]drgn.Symbol{drgn.Symbol(s)})
	return t
}
