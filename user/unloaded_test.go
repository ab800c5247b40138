package user

import (
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

// TestUnloadedLibraries has libraries that leave the dynamic linker's list, and come back, found as the list has them.
func TestUnloadedLibraries(t *testing.T) {
	m, s := linked(arch.Platform{Arch: arch.X86_64, Flags: arch.Is64Bit | arch.IsLittleEndian})
	p := m.program(t, s)
	walk := func() map[string]*drgn.Module {
		t.Helper()
		all := map[string]*drgn.Module{}
		for l, err := range p.LoadedModules() {
			if err != nil {
				t.Fatal(err)
			}
			all[l.Name()] = l.Module
		}
		return all
	}
	check := func(when, want string) {
		t.Helper()
		name := ""
		if at, err := p.ModuleAt(0x14800); err == nil {
			name = at.Name()
		} else if !drgn.IsNotFound(err) {
			t.Error(err)
		}
		if name != want {
			t.Errorf("%s: what lies there is of %q, want %q", when, name, want)
		}
	}
	first := walk()
	check("loaded", "/lib/one.so")
	if again := walk(); again["/lib/one.so"] != first["/lib/one.so"] || len(again) != 4 {
		t.Errorf("libraries that stay are others: %v", again)
	}

	for range p.LoadedModules() { // a walk that is left early tells nothing
		break
	}
	m.put(0x12300+24, 0xdead0000)
	walk() // nor does one that fails
	if first["/lib/three.so"].IsUnloaded() {
		t.Error("a library is unloaded that an unreadable list may have")
	}
	m.put(0x12300+24, 0x12400)

	m.put(0x12100+24, 0x12300) // without the first
	names := p.Generation().Load()
	check("not looked for", "/lib/one.so")
	walk()
	check("unloaded", "")
	if !first["/lib/one.so"].IsUnloaded() || first["/lib/two.so"].IsUnloaded() || first["/bin/program"].IsUnloaded() {
		t.Error("others are unloaded than the first library")
	}
	if names == p.Generation().Load() {
		t.Error("names are not looked for anew")
	}

	copy(m.data[0x2e00:], "/lib/new.so")
	m.put(0x12100+24, 0x12200)
	walk()
	check("another is loaded there", "/lib/new.so")
	copy(m.data[0x2e00:], "/lib/one.so")
	back := walk()["/lib/one.so"]
	check("loaded again", "/lib/one.so")
	if back == first["/lib/one.so"] || back.IsUnloaded() {
		t.Error("the library that came back is the one that was unloaded")
	}
	m.data[0x420c+4]++ // in its build ID
	if other := walk()["/lib/one.so"]; other == back || !back.IsUnloaded() {
		t.Error("another build is taken for the one before")
	}
	check("another build is loaded there", "/lib/one.so")
}
