package globals_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/debugdata/frombtf"
	"github.com/godrgn/drgn/linux/internal/globals"
	"github.com/godrgn/drgn/module"
)

// fields returns the lines of a file, each split at tabs.
func fields(t *testing.T, path string) (all [][]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		all = append(all, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return all
}

// testdata/dwarf.txt is what the DWARF of Debian's kernels 5.10.251, 6.1.192, 6.12.117 and 7.2.13 says of the variables of the table:
// kernel, name, type and the size of the symbol, on 28 November 2026; so is that of 6.12.107 for s390x of what kernels without
// CONFIG_NUMA have, and tk_core, of the 29th, and what the three newer ones say of settings and clocks that reports look at, of the 30th. The
// table has each type, and no other.
func TestTable(t *testing.T) {
	named := regexp.MustCompile(`\[[A-Z_]+\]`)
	table := map[string]map[string]bool{} // was the type seen?
	for _, f := range fields(t, "variables.txt") {
		if table[f[0]] != nil || len(f) < 2 {
			t.Errorf("%q", f)
		}
		table[f[0]] = map[string]bool{}
		for _, typ := range f[1:] {
			table[f[0]][named.ReplaceAllString(typ, "[?]")] = false
		}
	}
	length := regexp.MustCompile(`\[\d+\]`)
	for _, f := range fields(t, "testdata/dwarf.txt") {
		kernel, name, typ := f[0], f[1], f[2]
		variants := []string{typ}
		for _, at := range length.FindAllStringIndex(typ, -1) {
			variants = append(variants, typ[:at[0]]+"[?]"+typ[at[1]:])
		}
		known := false
		for _, v := range variants {
			if _, ok := table[name][v]; ok {
				table[name][v], known = true, true
			}
		}
		if !known {
			t.Errorf("%s: %s is of type '%s', which the table does not have", kernel, name, typ)
		}
	}
	for name, types := range table {
		for typ, seen := range types {
			if !seen {
				t.Errorf("no kernel has %s of type '%s'", name, typ)
			}
		}
	}
}

// What helpers ask for is in the table, or is a per-CPU variable, which BTF has, or is found otherwise.
func TestHelpers(t *testing.T) {
	have := map[string]bool{"jiffies": true, "vmemmap": true, "uid": true, "x": true}
	for _, f := range fields(t, "variables.txt") {
		have[f[0]] = true
	}
	for _, f := range fields(t, "../../../internal/schema/variables.txt") {
		if !have[f[0]] {
			t.Errorf("%s is not in the table", f[0])
		}
	}
}

// bare opens the bundled core with its BTF only; symbols are those of its debug file.
func bare(t *testing.T) *drgn.Program {
	t.Helper()
	dir, err := coretest.Dir()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	path, core := filepath.Join(tmp, "vmlinux"), filepath.Join(tmp, "vmcore")
	if err := os.WriteFile(path, coretest.BTF(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "vmcore"), core); err != nil {
		t.Fatal(err)
	}
	with := coretest.Open(t)
	p, err := attach.Core(core, attach.Options{Symbols: []string{path}, NoDefaultSymbols: true, CacheDir: "-", Prepare: func(p *drgn.Program) error {
		return p.RegisterSymbolFinder("debug file", func(_ *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
			return with.Symbols(q)
		}, drgn.EnableFirst)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	// The kernel's own table would say where variables are: here finders do.
	main, err := p.MainModule()
	if err != nil {
		t.Fatal(err)
	}
	main.KeepSymbols(noSymbols{})
	return p
}

// noSymbols are none.
type noSymbols struct{}

func (noSymbols) Named(string) []module.Symbol        { return nil }
func (noSymbols) At(uint64) (s module.Symbol, _ bool) { return s, false }
func (noSymbols) AllAt(uint64) []module.Symbol        { return nil }
func (noSymbols) Table() *module.SymbolTable          { return new(module.SymbolTable) }

// The variables of the table have the same types and addresses by the kernel's BTF and symbols as by its DWARF.
func TestKernel(t *testing.T) {
	p, with := bare(t), coretest.Open(t)
	same := 0
	for _, f := range fields(t, "variables.txt") {
		want := with.Variable(f[0])
		address, ok := want.Address()
		if want.Err() != nil || !ok {
			continue
		}
		if size, err := want.Type().Size(); size == 0 || err != nil {
			continue // a configuration without
		}
		got := p.Variable(f[0])
		if err := got.Err(); err != nil {
			t.Errorf("%s, %s: %v", f[0], want.Type(), err)
			continue
		}
		if at, _ := got.Address(); at != address || got.Type().String() != want.Type().String() {
			t.Errorf("%s is %s at %#x, want %s at %#x", f[0], got.Type(), at, want.Type(), address)
		}
		same++
	}
	if same < 150 {
		t.Errorf("only %d variables", same)
	}
}

// A variable that is not what it is elsewhere is an error, and so is one of which only the symbol is known: both say what to do.
func TestUnknown(t *testing.T) {
	p := bare(t)
	init, err := p.Symbol("init_task")
	if err != nil {
		t.Fatal(err)
	}
	banner, err := p.Symbol("linux_banner")
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.Symbol("slab_caches")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name          string
		address, size uint64
		want          string
	}{
		{"init_pid_ns", init.Address, 8, "'struct pid_namespace': it has 8 bytes, 'struct pid_namespace' takes "},
		{"clear_seq", list.Address, 1 << 20, "it has 1048576 bytes, of which 'u64' takes only 8"},
		{"modules", banner.Address, 16, "it is not a list: 0x65762078756e694c is not a pointer of the kernel's"},
		{"super_blocks", list.Address - 8, 16, "it is not a list: "},
		{"slab_caches", init.Address, 0, "does not say how long it is"},
	} {
		finder := func(_ *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
			if q.Name != test.name {
				return nil, nil
			}
			return []drgn.Symbol{{Name: test.name, Address: test.address, Size: test.size}}, nil
		}
		if err := p.RegisterSymbolFinder(test.name, finder, drgn.EnableFirst); err != nil {
			t.Fatal(err)
		}
		if err := p.EnableFinders(drgn.SymbolFinders, []string{test.name}); err != nil {
			t.Fatal(err)
		}
		err := p.Variable(test.name).Err()
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasSuffix(err.Error(), globals.Advice(test.name)) || drgn.IsNotFound(err) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if err := p.EnableFinders(drgn.SymbolFinders, []string{"debug file"}); err != nil {
		t.Fatal(err)
	}
	err = p.Object("linux_proc_banner").Err()
	if !drgn.IsNotFound(err) || !strings.HasSuffix(err.Error(), globals.Advice("linux_proc_banner")) {
		t.Error(err)
	}
	if err := p.Object("no_such_variable").Err(); !drgn.IsNotFound(err) || strings.Contains(err.Error(), "Object(") {
		t.Error(err)
	}
}

// Of several pointers of one name that is taken which leads back to itself, whichever symbol is first; of several that do not, none.
func TestSeveral(t *testing.T) {
	p := bare(t)
	right, err := p.Symbol("sysfs_root")
	if err != nil {
		t.Fatal(err)
	}
	other, err := p.Symbol("init_fs") // a pointer of the kernel's follows it
	if err != nil {
		t.Fatal(err)
	}
	wrong := drgn.Symbol{Name: "sysfs_root", Size: 8, Binding: right.Binding, Kind: right.Kind}
	for at := other.Address; ; at += 8 {
		if v, err := p.ReadUint(at, 8, false); err != nil || at > other.Address+1<<20 {
			t.Fatal("there is no pointer")
		} else if v > 1<<63 && at != right.Address && v != 1<<64-1 {
			wrong.Address = at
			break
		}
	}
	for name, test := range map[string]struct {
		symbols []drgn.Symbol
		want    uint64
	}{
		"one": {[]drgn.Symbol{right}, right.Address}, "first": {[]drgn.Symbol{right, wrong}, right.Address},
		"last": {[]drgn.Symbol{wrong, right}, right.Address},
		"none": {[]drgn.Symbol{wrong, {Name: "sysfs_root", Address: wrong.Address + 8, Size: 8, Binding: right.Binding}}, 0},
	} {
		finder := func(_ *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
			if q.Name != "sysfs_root" {
				return nil, nil
			}
			return test.symbols, nil
		}
		if err := p.RegisterSymbolFinder(name, finder, drgn.EnableFirst); err != nil {
			t.Fatal(err)
		}
		if err := p.EnableFinders(drgn.SymbolFinders, []string{name, "debug file"}); err != nil {
			t.Fatal(err)
		}
		v := p.Variable("sysfs_root")
		if at, _ := v.Address(); at != test.want || (v.Err() == nil) != (test.want != 0) {
			t.Errorf("%s: at %#x, %v, want %#x", name, at, v.Err(), test.want)
		}
	}
}

// A variable whose type has no name is of the only structure that has its members.
func TestUnnamed(t *testing.T) {
	p := bare(t)
	main, err := p.MainModule()
	if err != nil {
		t.Fatal(err)
	}
	info, err := main.Info()
	if err != nil {
		t.Fatal(err)
	}
	source, ok := info.(*frombtf.Source)
	if !ok {
		t.Fatalf("types come from %T", info)
	}
	for names, want := range map[string]int{"seq timekeeper": 1, "timekeeper seq": 0, "seq": 0, "seq timekeeper more": 0} {
		found, err := source.Unnamed(strings.Fields(names)...)
		if err != nil || len(found) != want {
			t.Errorf("%s: %d structures, want %d, %v", names, len(found), want, err)
		}
	}
	core, with := p.Variable("tk_core"), coretest.Open(t).Variable("tk_core")
	if core.String() != with.String() || core.Err() != nil {
		t.Errorf("tk_core is %v, %v", core, core.Err())
	}
}
