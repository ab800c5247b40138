package linux

import (
	"bytes"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/mem"
)

// noteID is a module's note with a build ID of four bytes.
func noteID(id string) string { return "\x04\x00\x00\x00\x04\x00\x00\x00\x03\x00\x00\x00GNU\x00" + id }

// writeTree writes files below a directory.
func writeTree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// listingKernel returns a running kernel without types, whose proc and sysfs are directories.
func listingKernel(t *testing.T) (*Kernel, *worldtest.World) {
	t.Helper()
	w := worldtest.New(t, worldtest.Machines[0])
	dir := t.TempDir()
	k := &Kernel{prog: w.Program, machine: machine.For(w.Arch), proc: filepath.Join(dir, "proc"), sys: filepath.Join(dir, "sys"), info: ParseVMCOREINFO(nil)}
	platform, err := arch.NewPlatform(w.Arch)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Setup(drgn.Setup{Platform: platform, Flags: drgn.IsLinuxKernel | drgn.IsLive, Personality: k}); err != nil {
		t.Fatal(err)
	}
	return k, w
}

// walked returns the modules that a walk finds behind the kernel, and those of them that are new.
func walked(t *testing.T, k *Kernel) (all []*drgn.Module, added int) {
	t.Helper()
	for m, err := range k.LoadedModules(k.prog) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind() == drgn.MainModule {
			continue
		}
		if all = append(all, m.Module); m.New {
			added++
		}
	}
	return all, added
}

// TestListedModules has the modules of a running kernel whose types are not known: from what it lists, and never where they end.
func TestListedModules(t *testing.T) {
	k, w := listingKernel(t)
	if all, _ := walked(t, k); all != nil {
		t.Errorf("a kernel that lists nothing has modules: %v", all)
	}
	writeTree(t, k.proc, map[string]string{"modules": "two 2000000 1 one, Live 0xffffffffc0200000 (OE)\n" +
		"gone 16384 -1 - Unloading 0xffffffffc0700000\n" +
		"hidden 16384 0 - Live 0x0000000000000000\n" +
		"../two 16384 0 - Live 0xffffffffc0800000\n" +
		"short\n" +
		"one 16384 0 - Live 0xffffffffc0100000\n"})
	writeTree(t, filepath.Join(k.sys, "module"), map[string]string{
		"one/notes/.note.Linux": "\x06\x00\x00\x00\x01\x00\x00\x00\x00\x01\x00\x00Linux\x00\x00\x00\x00\x00\x00\x00", "one/notes/.note.gnu.build-id": noteID("one1"),
		"one/sections/.text": "0xffffffffc0100000\n", "one/sections/.data": "0xffffffffc0500000\n", "one/sections/.init.text": "0xffffffffc0600000\n",
		"one/sections/.symtab": "0xffffffffc0604000\n", "one/sections/.exit.text": "0xffffffffc0101000\n",
		"two/notes/.note.gnu.build-id": noteID("two2"), "two/sections/.text": "0x0000000000000000\n",
	})
	all, added := walked(t, k)
	if len(all) != 2 || added != 2 || all[0].Name() != "two" || all[1].Name() != "one" {
		t.Fatalf("found %v, %d of them new", all, added)
	}
	two, one := all[0], all[1]
	if one.ID() != 0xffffffffc0100000 || !bytes.Equal(one.BuildID(), []byte("one1")) || !bytes.Equal(two.BuildID(), []byte("two2")) {
		t.Errorf("found %v of build ID %x, %v of %x", one, one.BuildID(), two, two.BuildID())
	}
	if ranges, known := one.Ranges(); known {
		t.Errorf("one lies at %x", ranges)
	}
	if m, err := w.ModuleAt(0xffffffffc0100000); !drgn.IsNotFound(err) {
		t.Errorf("its first address is in %v, %v", m, err)
	}
	sections, err := one.SectionAddresses()
	if want := map[string]uint64{".text": 0xffffffffc0100000, ".data": 0xffffffffc0500000, ".exit.text": 0xffffffffc0101000}; err != nil || !maps.Equal(sections, want) {
		t.Errorf("sections %#x, %v; want %#x", sections, err, want)
	}
	if sections, err := two.SectionAddresses(); err == nil {
		t.Errorf("sections whose addresses are hidden: %#x", sections)
	}
	if again, added := walked(t, k); len(again) != 2 || again[0] != two || again[1] != one || added != 0 {
		t.Errorf("found anew: %v, %d of them new", again, added)
	}

	// Another build of one is loaded where it was, and two is loaded no more.
	line := "one 16384 0 - Live 0xffffffffc0100000\n"
	writeTree(t, k.proc, map[string]string{"modules": line})
	writeTree(t, filepath.Join(k.sys, "module"), map[string]string{"one/notes/.note.gnu.build-id": noteID("one9")})
	if !one.IsUnloaded() || !two.IsUnloaded() {
		t.Errorf("unloaded: one %v, two %v", one.IsUnloaded(), two.IsUnloaded())
	}
	all, added = walked(t, k)
	if len(all) != 1 || added != 1 || all[0] == one || !bytes.Equal(all[0].BuildID(), []byte("one9")) || all[0].IsUnloaded() {
		t.Errorf("found %v, %d of them new", all, added)
	}

	// The types of modules become known: the module is the same, and known from memory.
	w.Declare(`struct module { struct list_head list; char name[56]; void *notes_attrs; void *module_core; u32 core_size; void *module_init; u32 init_size; };`)
	mod := w.Alloc("struct module").SetText("name", "one").Set("module_core", uint64(0xffffffffc0100000)).Set("core_size", 0x3000)
	w.Ring(w.Variable("modules", "struct list_head").At, mod.Addr("list"))
	var log strings.Builder
	w.SetLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	found, added := walked(t, k)
	if text := log.String(); !strings.Contains(text, "found loaded kernel module one@0xffffffffc0100000") || strings.Contains(text, "address range") {
		t.Errorf("logged of a module that was known: %s", text)
	}
	if len(found) != 1 || added != 0 || found[0] != all[0] {
		t.Fatalf("found %v, %d of them new", found, added)
	}
	if ranges, _ := all[0].Ranges(); len(ranges) != 1 || ranges[0] != (mem.Range{Min: 0xffffffffc0100000, Max: 0xffffffffc0102fff}) {
		t.Errorf("one lies at %x", ranges)
	}
	if at, err := drgn.ModuleObject(all[0]).Uint(); at != mod.At || err != nil {
		t.Errorf("its object is at %#x, %v; want %#x", at, err, mod.At)
	}
}

// FuzzModulesLine parses lines of /proc/modules: those that are taken are of names that are files, with an address.
func FuzzModulesLine(f *testing.F) {
	f.Add("xfs 2000000 1 crc32c,zlib, Live 0xffffffffc0000000 (OE)")
	f.Add("a 1 - - Loading 0x1")
	f.Add(".. 1 0 - Live 7")
	f.Fuzz(func(t *testing.T, line string) {
		l, err := parseModulesLine(line)
		if err != nil {
			return
		}
		if filepath.Base(l.name) != l.name || l.name == ".." || l.name == "" {
			t.Errorf("%q is taken as the name of a module", l.name)
		}
	})
}
