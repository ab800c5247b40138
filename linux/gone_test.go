package linux

import (
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/internal/machine"
	linuxmodule "github.com/godrgn/drgn/linux/module"
)

// TestModulesThatGoMeanwhile unloads modules of a kernel that runs while they are looked at: the others are found, each once, and what was made of
// one that had gone by then counts no more, be it loaded again where it was.
func TestModulesThatGoMeanwhile(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	w.Declare(`enum module_state { MODULE_STATE_LIVE, MODULE_STATE_COMING, MODULE_STATE_GOING };
		struct module_sect_attrs { u32 nsections; };
		struct module { enum module_state state; struct list_head list; char name[56]; u8 build_id[20]; void *module_core; u32 core_size; void *module_init; u32 init_size; struct module_sect_attrs *sect_attrs; };`)
	head := w.Variable("modules", "struct list_head").At
	add := func(name string, at uint64) worldtest.Var {
		return w.Alloc("struct module").SetText("name", name).Set("module_core", at).Set("core_size", 0x1000)
	}
	one, two := add("one", 0xffffffffc0100000), add("two", 0xffffffffc0200000)
	ring := func(mods ...worldtest.Var) {
		lists := []uint64{head}
		for _, m := range mods {
			lists = append(lists, m.Addr("list"))
		}
		w.Ring(lists...)
	}
	unload := func(mod worldtest.Var, rest ...worldtest.Var) {
		ring(rest...)
		for i := range uint64(2) {
			w.WriteWord(mod.Addr("list")+i*w.SizeOf("void *"), worldtest.Dangling)
		}
	}
	ring(one, two)
	k := &Kernel{prog: w.Program, machine: machine.For(w.Arch), info: ParseVMCOREINFO(nil)}
	platform, err := arch.NewPlatform(w.Arch)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Setup(drgn.Setup{Platform: platform, Flags: drgn.IsLinuxKernel | drgn.IsLive, Personality: k}); err != nil {
		t.Fatal(err)
	}
	look := func(each func(m *drgn.Module)) (names []string) {
		t.Helper()
		for m, err := range k.LoadedModules(w.Program) {
			if err != nil {
				t.Fatal(err)
			}
			if m.Module.Kind() != drgn.MainModule {
				names = append(names, m.Name())
				each(m.Module)
			}
		}
		return names
	}
	check := func(when string, m *drgn.Module, isUnloaded bool) {
		t.Helper()
		if m.IsUnloaded() != isUnloaded {
			t.Errorf("%s: a module is unloaded: %v", when, !isUnloaded)
		}
	}

	// One look was at the module when it had just gone: nothing is known of it but what was made.
	var made *drgn.Module
	for mod, err := range linuxmodule.ForEach(w.Program) {
		if err != nil {
			t.Fatal(err)
		}
		spec, err := k.describe(mod)
		if err == nil && made == nil {
			made, _, err = w.Program.AddModule(spec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	modules := map[string]*drgn.Module{}
	if names := look(func(m *drgn.Module) { modules[m.Name()] = m }); !slices.Equal(names, []string{"one", "two"}) {
		t.Errorf("modules %q", names)
	}
	if modules["one"] != made {
		t.Error("the module that was made before is another one")
	}
	check("loaded", made, false)
	unload(one, two)
	check("unloaded", made, true)

	// The list leads nowhere behind a module that goes while it is looked at.
	ring(one, two)
	names := look(func(m *drgn.Module) {
		if m.Name() == "one" {
			unload(one, two)
		}
	})
	if !slices.Equal(names, []string{"one", "two"}) {
		t.Errorf("modules %q", names)
	}
	check("unloaded meanwhile", made, true)

	// One that is described when it is listed no more is not made.
	var gone drgn.Object
	ring(two, one)
	for mod, err := range linuxmodule.ForEach(w.Program) {
		if err != nil {
			t.Fatal(err)
		}
		gone = mod
	}
	unload(one, two)
	spec, err := k.describe(gone)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := k.addModule(gone, spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := k.found.Load(m); known {
		t.Error("a module that is not listed is known")
	}
	ring(two, one)
	look(func(m *drgn.Module) { modules[m.Name()] = m })
	check("loaded again", modules["one"], false)
	unload(one, two)
	check("unloaded again", modules["one"], true)

	// What was not found meanwhile is looked for anew when it is loaded again where it was.
	generation := w.Program.Generation().Load()
	ring(two, one)
	look(func(m *drgn.Module) { modules[m.Name()] = m })
	check("loaded once more", modules["one"], false)
	if w.Program.Generation().Load() == generation {
		t.Error("names that were not found while the module was unloaded are not looked for any more")
	}
	three := add("three", 0xffffffffc0300000)
	ring(two, one, three)
	check("another is loaded", modules["one"], false)
	ring(two, one)
	check("another is unloaded", modules["one"], false)
	unload(one, two)

	// Where its sections lie is not known of a module that is being loaded, and is asked for again.
	ring(two)
	m = modules["two"]
	for _, c := range []struct {
		state uint64
		ok    bool
	}{{1, true}, {0, false}, {2, true}} {
		two.Set("state", c.state)
		look(func(is *drgn.Module) { m = is })
		if sections, err := m.SectionAddresses(); (err == nil) != c.ok || len(sections) != 0 {
			t.Errorf("sections of a module in state %d: %v, %v", c.state, sections, err)
		}
	}
	two.Set("state", 0)
	unload(two)
	if sections, err := m.SectionAddresses(); err != nil || len(sections) != 0 {
		t.Errorf("sections of a module that was unloaded: %v, %v", sections, err)
	}
}
