package module_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/module"
)

// modules makes three modules, loaded in the order of their names.
func modules(w *worldtest.World, body string) (mods []worldtest.Var) {
	w.Declare(`struct module { int state; struct list_head list; char name[56]; unsigned long taints; ` + body + ` };`)
	head := w.Variable("modules", "struct list_head")
	mods = w.AllocN(3, "struct module")
	heads := []uint64{head.At}
	for i, name := range []string{"alpha", "beta", "gamma"} {
		heads = append(heads, mods[i].SetText("name", name).Addr("list"))
	}
	w.Ring(heads...)
	return mods
}

func TestFind(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		mods := modules(w, "")
		worldtest.Check(t, "modules", module.ForEach(w.Program), mods[0].At, mods[1].At, mods[2].At)
		worldtest.CheckPtr(t, "beta", module.Find(w.Program, "beta"), mods[1].At)
		worldtest.CheckPtr(t, "a name that none has", module.Find(w.Program, "bet"), 0)
		for taints, want := range map[uint64]string{0: "", 1: "P", 1<<12 | 1<<13: "OE", 1 << 63 >> (64 - 8*w.Word()): ""} {
			worldtest.CheckValue(t, "taints", want)(module.Taints(mods[0].Set("taints", taints).Ptr()))
		}
		mods[2].Set("list.next", mods[1].Addr("list"))
		var cycle *walk.CycleError
		if err := module.Find(w.Program, "delta").Err(); !errors.As(err, &cycle) {
			t.Errorf("search in a circle: %v", err)
		}
		worldtest.CheckPtr(t, "beta, which comes before the circle", module.Find(w.Program, "beta"), mods[1].At)
	})
}

// A kernel without modules has none; one that nothing is known of does not say so.
func TestNoModules(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	if all, err := worldtest.Collect(t, module.ForEach(w.Program)); !drgn.IsNotFound(err) || all != nil {
		t.Errorf("a program without types: %v, %v", all, err)
	}
	w = worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct module { int state; };`)
	if all, err := worldtest.Collect(t, module.ForEach(w.Program)); !drgn.IsNotFound(err) || all != nil {
		t.Errorf("a program with types whose variables are not known: %v, %v", all, err)
	}
	w = worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct module { int state; };`)
	w.Variable("init_task", "int")
	worldtest.Check(t, "modules of a kernel without CONFIG_MODULES", module.ForEach(w.Program))
}

// Without DWARF there are no variables, but symbols say where they lie, and types may come from elsewhere.
func TestModulesBySymbol(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct module { int state; struct list_head list; };`)
	head, mods := w.Alloc("struct list_head"), w.AllocN(2, "struct module")
	w.Ring(head.At, mods[0].Addr("list"), mods[1].Addr("list"))
	if err := w.RegisterSymbolFinder("kallsyms", func(_ *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
		if q.HasName && q.Name == "modules" {
			return []drgn.Symbol{{Name: "modules", Address: head.At, Size: 2 * w.Word()}}, nil
		}
		return nil, nil
	}, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	worldtest.Check(t, "modules", module.ForEach(w.Program), mods[0].At, mods[1].At)
}

func TestRegions(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		set  map[string]uint64
		want []module.Region
	}{
		"v6.4": {`struct { void *base; unsigned int size; } mem[4]; void *percpu; unsigned int percpu_size;`,
			map[string]uint64{"mem[0].base": 0x10000, "mem[0].size": 0x2000, "mem[1].base": 0x99000, "mem[3].base": 0x20000, "mem[3].size": 0x10},
			[]module.Region{{Address: 0x10000, Size: 0x2000}, {Address: 0x20000, Size: 0x10}}},
		"v4.5": {`struct { void *base; unsigned int size; } core_layout, init_layout; void *percpu; unsigned int percpu_size;`,
			map[string]uint64{"core_layout.base": 0x10000, "core_layout.size": 0x2000},
			[]module.Region{{Address: 0x10000, Size: 0x2000}}},
		"v5.18 with a layout for data": {`struct { void *base; unsigned int size; } core_layout, init_layout, data_layout; void *percpu; unsigned int percpu_size;`,
			map[string]uint64{"core_layout.base": 0x10000, "core_layout.size": 0x2000, "data_layout.base": 0x30000, "data_layout.size": 0x100},
			[]module.Region{{Address: 0x10000, Size: 0x2000}, {Address: 0x30000, Size: 0x100}}},
		"before": {`void *module_core, *module_init; unsigned int core_size, init_size; void *percpu; unsigned int percpu_size;`,
			map[string]uint64{"module_core": 0x10000, "core_size": 0x2000, "module_init": 0x40000, "init_size": 8},
			[]module.Region{{Address: 0x10000, Size: 0x2000}, {Address: 0x40000, Size: 8}}},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				mods := modules(w, c.body)
				for designator, value := range c.set {
					mods[1].Set(designator, value)
				}
				got, err := module.Regions(mods[1].Ptr())
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%+v, %v; want %+v", got, err, c.want)
				}
				for _, r := range c.want {
					worldtest.CheckPtr(t, "first byte", module.AtAddress(w.Program, r.Address), mods[1].At)
					worldtest.CheckPtr(t, "last byte", module.AtAddress(w.Program, r.Address+r.Size-1), mods[1].At)
					worldtest.CheckPtr(t, "byte before", module.AtAddress(w.Program, r.Address-1), 0)
					worldtest.CheckPtr(t, "byte after", module.AtAddress(w.Program, r.Address+r.Size), 0)
				}
				worldtest.CheckPtr(t, "null", module.AtAddress(w.Program, 0), 0)
				mods[1].Set("percpu", 0x5000).Set("percpu_size", 96)
				worldtest.CheckValue(t, "per-CPU data", module.Region{Address: 0x5000, Size: 96})(module.PerCPURegion(mods[1].Ptr()))
			})
		})
	}
}

// The pointer is that in the kernel's tree of modules, if the node there is the module's own.
func TestAtAddressInTree(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		mods := modules(w, `struct { void *base; unsigned int size; struct { struct module *mod; } mtn; } mem[2];`)
		for i, m := range mods {
			m.Set("mem[1].base", uint64(i+1)<<16).Set("mem[1].size", 16)
		}
		mods[0].Set("mem[1].mtn.mod", mods[0].At)
		mods[1].Set("mem[1].mtn.mod", mods[0].At)
		for i, m := range mods {
			found := module.AtAddress(w.Program, uint64(i+1)<<16)
			worldtest.CheckPtr(t, "module", found, m.At)
			at, ok := found.Address()
			if want := m.Addr("mem[1].mtn.mod"); ok != (i == 0) || ok && at != want {
				t.Errorf("module %d: at %#x, %t; want %#x", i, at, ok, want)
			}
		}
	})
}

// The names and their order are those of include/linux/module.h of v6.12, v6.1 and v4.4.
func TestTextRegions(t *testing.T) {
	const layout = `struct { void *base; unsigned int size, text_size; } core_layout, init_layout;`
	for name, c := range map[string]struct {
		before, body string
		set          map[string]uint64
		want         []module.Region
	}{
		"v6.4": {"enum mod_mem_type { MOD_TEXT = 0, MOD_DATA, MOD_RODATA, MOD_RO_AFTER_INIT, MOD_INIT_TEXT };",
			`struct { void *base; unsigned int size; } mem[5];`,
			map[string]uint64{"mem[0].base": 0x10000, "mem[0].size": 0x2000, "mem[1].base": 0x20000, "mem[1].size": 0x10, "mem[4].base": 0x30000, "mem[4].size": 0x20},
			[]module.Region{{Address: 0x10000, Size: 0x2000}, {Address: 0x30000, Size: 0x20}}},
		"v4.5, loaded": {"", layout,
			map[string]uint64{"core_layout.base": 0x10000, "core_layout.size": 0x3000, "core_layout.text_size": 0x1000},
			[]module.Region{{Address: 0x10000, Size: 0x1000}}},
		"v4.5, being loaded": {"", layout,
			map[string]uint64{"core_layout.base": 0x10000, "core_layout.text_size": 0x1000, "init_layout.base": 0x20000, "init_layout.text_size": 0x10},
			[]module.Region{{Address: 0x10000, Size: 0x1000}, {Address: 0x20000, Size: 0x10}}},
		"before": {"", `void *module_core, *module_init; unsigned int core_size, init_size, core_text_size, init_text_size;`,
			map[string]uint64{"module_core": 0x10000, "core_size": 0x2000, "core_text_size": 0x800, "module_init": 0x40000, "init_size": 8},
			[]module.Region{{Address: 0x10000, Size: 0x800}}},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(c.before)
				mods := modules(w, c.body)
				for designator, value := range c.set {
					mods[1].Set(designator, value)
				}
				if got, err := module.TextRegions(mods[1].Ptr()); err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%+v, %v; want %+v", got, err, c.want)
				}
			})
		})
	}
}

func TestSections(t *testing.T) {
	for name, c := range map[string]struct{ attrs, name, address string }{
		"v6.14, ends with a null pointer": {`
			struct bin_attribute { struct { const char *name; } attr; void *private; };
			struct module_sect_attrs { struct { const struct bin_attribute **bin_attrs_new; } grp; struct bin_attribute attrs[]; };`,
			"attr.name", "private"},
		"v5.8": {`
			struct module_sect_attr { struct { struct { const char *name; } attr; } battr; unsigned long address; };
			struct module_sect_attrs { int grp; unsigned int nsections; struct module_sect_attr attrs[]; };`,
			"battr.attr.name", "address"},
		"before": {`
			struct module_sect_attr { int mattr; char *name; unsigned long address; };
			struct module_sect_attrs { int grp; unsigned int nsections; struct module_sect_attr attrs[]; };`,
			"name", "address"},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(c.attrs)
				mod := modules(w, `struct module_sect_attrs *sect_attrs;`)[0]
				want := map[string]uint64{".text": 0x1000, ".data": 0x2000}
				attrs := w.VarAt("struct module_sect_attrs", w.AllocBytes(512, 16))
				for i, section := range slices.Sorted(maps.Keys(want)) {
					attrs.Set(fmt.Sprintf("attrs[%d].%s", i, c.name), w.Text(section))
					attrs.Set(fmt.Sprintf("attrs[%d].%s", i, c.address), want[section])
				}
				if attrs.Ptr().HasMember("nsections") {
					attrs.Set("nsections", 2)
				} else {
					list := w.Alloc("void *[3]").Set("[0]", 8).Set("[1]", 8)
					attrs.Set("grp.bin_attrs_new", list.At)
				}
				if got, err := module.Sections(mod.Ptr()); err == nil {
					t.Errorf("a module without sections: %v", got)
				}
				mod.Set("sect_attrs", attrs.At)
				if got, err := module.Sections(mod.Ptr()); err != nil || !maps.Equal(got, want) {
					t.Errorf("%v, %v; want %v", got, err, want)
				}
				mod.Set("sect_attrs", worldtest.Dangling)
				if got, err := module.Sections(mod.Ptr()); err == nil {
					t.Errorf("dangling: %v", got)
				}
			})
		})
	}
}

func TestBuildID(t *testing.T) {
	id := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		mod := modules(w, `unsigned char build_id[20];`)[0]
		for i, b := range id {
			mod.Set(fmt.Sprintf("build_id[%d]", i), uint64(b))
		}
		if got, err := module.BuildID(mod.Ptr()); err != nil || !bytes.Equal(got, id) {
			t.Errorf("%x, %v", got, err)
		}
	})
	// Before v5.14, or without CONFIG_STACKTRACE_BUILD_ID, it is in the notes that sysfs shows.
	for _, body := range []string{
		`struct module_notes_attrs { int dir; unsigned int notes; struct bin_attribute attrs[]; };`,
		`struct module_notes_attrs { struct { struct bin_attribute **bin_attrs; } grp; struct bin_attribute attrs[]; };`,
	} {
		worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
			w.Declare(`struct bin_attribute { int attr; unsigned long size; void *private; };` + body)
			mod := modules(w, `struct module_notes_attrs *notes_attrs;`)[0]
			if got, err := module.BuildID(mod.Ptr()); err != nil || got != nil {
				t.Errorf("a module without notes: %x, %v", got, err)
			}
			attrs := w.VarAt("struct module_notes_attrs", w.AllocBytes(256, 16))
			if attrs.Ptr().HasMember("notes") {
				attrs.Set("notes", 1)
			} else {
				attrs.Set("grp.bin_attrs", w.Alloc("void *[2]").Set("[0]", 8).At)
			}
			note := w.AllocBytes(36, 4) // namesz, descsz, NT_GNU_BUILD_ID, "GNU", the ID
			for i, v := range []uint64{4, 20, 3} {
				w.Write(note+4*uint64(i), 4, v)
			}
			for i, b := range append([]byte("GNU\x00"), id...) {
				w.Write(note+12+uint64(i), 1, uint64(b))
			}
			attrs.Set("attrs[0].size", 36).Set("attrs[0].private", note)
			mod.Set("notes_attrs", attrs.At)
			if got, err := module.BuildID(mod.Ptr()); err != nil || !bytes.Equal(got, id) {
				t.Errorf("%x, %v; want %x", got, err, id)
			}
			attrs.Set("attrs[0].size", 1<<31)
			if got, err := module.BuildID(mod.Ptr()); err == nil {
				t.Errorf("notes of 2^31 bytes: %x", got)
			}
		})
	}
}
