package linux

import (
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/internal/machine"
)

// TestModulesOfRunningKernel asks a kernel that runs where its modules lie, while it loads and unloads them: what is remembered is
// never out of date, and the list is not walked again for nothing.
func TestModulesOfRunningKernel(t *testing.T) {
	const first, second, third = 0xffffffffc0100000, 0xffffffffc0200000, 0xffffffffc0300000
	w := worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct module { struct list_head list; char name[56]; void *module_core; u32 core_size; void *module_init; u32 init_size; };`)
	head := w.Variable("modules", "struct list_head").At
	added := map[string]worldtest.Var{}
	add := func(name string, at uint64) uint64 {
		mod := w.Alloc("struct module").SetText("name", name).Set("module_core", at).Set("core_size", 0x1000)
		added[name] = mod
		return mod.Addr("list")
	}
	one, two := add("one", first), add("two", second)
	added["two"].Set("module_init", second+0x8000).Set("init_size", 0x1000)
	w.Ring(head, two, one) // the newest comes first
	k := &Kernel{prog: w.Program, machine: machine.For(w.Arch)}
	platform, err := arch.NewPlatform(w.Arch)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Setup(drgn.Setup{Platform: platform, Flags: drgn.IsLinuxKernel | drgn.IsLive, Personality: k}); err != nil {
		t.Fatal(err)
	}
	check := func(when string, want map[uint64]string) {
		t.Helper()
		for range 2 {
			for _, at := range []uint64{first, second + 0xfff, second + 0x8000, third, third + 0x1000, 0xffffffff81000000} {
				m, err := k.moduleAt(at)
				if err != nil || (m != nil) != (want[at] != "") {
					t.Errorf("%s: %#x: %v, %v; want %q", when, at, m, err, want[at])
				}
				if m == nil {
					continue
				}
				if name, err := m.mod.Member("name").CString(); string(name) != want[at] || err != nil {
					t.Errorf("%s: %#x: %s, %v; want %q", when, at, name, err, want[at])
				}
			}
		}
	}
	check("two are loaded", map[uint64]string{first: "one", second + 0xfff: "two", second + 0x8000: "two"})
	added["two"].Set("init_size", 0)
	check("the newest has freed its code for loading", map[uint64]string{first: "one", second + 0xfff: "two"})
	three := add("three", third)
	w.Ring(head, three, two, one)
	check("a third is loaded", map[uint64]string{first: "one", second + 0xfff: "two", third: "three"})
	w.Ring(head, three, one)
	w.WriteWord(two+w.SizeOf("void *"), worldtest.Dangling) // LIST_POISON2
	check("the second is unloaded", map[uint64]string{first: "one", third: "three"})
	w.Ring(head, one)
	w.WriteWord(three+w.SizeOf("void *"), worldtest.Dangling)
	check("the newest is unloaded", map[uint64]string{first: "one"})
	four := add("four", second)
	w.Ring(head, four, one)
	check("another is loaded where the second was", map[uint64]string{first: "one", second + 0xfff: "four"})
	w.Ring(head)
	w.WriteWord(one+w.SizeOf("void *"), worldtest.Dangling)
	w.WriteWord(four+w.SizeOf("void *"), worldtest.Dangling)
	check("none is left", nil)
	w.Ring(head, add("five", third))
	check("one is loaded again", map[uint64]string{third: "five"})
	w.WriteWord(head, worldtest.Dangling)
	if m, err := k.moduleAt(first); m != nil || err == nil {
		t.Errorf("the list leads nowhere: %v, %v", m, err)
	}
}
