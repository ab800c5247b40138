package frombtf

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/btf"
	"github.com/godrgn/drgn/internal/compressed"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/types"
)

var update = flag.Bool("update", false, "write testdata/*.txt anew")

// A pair is the BTF and the DWARF of the same program.
type pair struct {
	btf   *Source
	dwarf debugdata.Info
}

func newPair(t testing.TB, f *elf.File, data []byte) pair {
	t.Helper()
	set := types.NewSet()
	size := uint64(4)
	if f.Is64 {
		size = 8
	}
	s, err := Open(Config{Name: f.Name, Data: data, Set: set, PointerSize: size})
	if err != nil {
		t.Fatal(err)
	}
	d, err := fromdwarf.Open(fromdwarf.Config{File: placed.At(f, 0, nil), Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return pair{s, d}
}

// typeKinds are the kinds of types of a program that those of BTF with names are made.
var typeKinds = map[btf.Kind]types.KindSet{btf.Struct: types.KindsOf(types.Struct), btf.Union: types.KindsOf(types.Union),
	btf.Enum: types.KindsOf(types.Enum), btf.Enum64: types.KindsOf(types.Enum), btf.Typedef: types.KindsOf(types.Typedef),
	btf.Int: types.KindsOf(types.Int, types.Bool, types.Float), btf.Float: types.KindsOf(types.Float)}

// find returns what both say of a name; nil is nothing.
func (p pair) find(t testing.TB, kind btf.Kind, name string) (a, b *types.Type) {
	t.Helper()
	infos := [2]debugdata.Info{p.btf, p.dwarf}
	var found [2]*types.Type
	for i, info := range infos {
		var err error
		switch kind {
		case btf.Func, btf.Var:
			entity := debugdata.Function
			if kind == btf.Var {
				entity = debugdata.Variable
			}
			var e debugdata.Entity
			e, _, err = info.FindEntity(entity, name, "", nil)
			found[i] = e.Type
		default:
			found[i], err = info.FindType(typeKinds[kind], name, "")
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return found[0], found[1]
}

// compare returns how many names BTF and DWARF say the same of, and the differences, a name each.
func (p pair) compare(t testing.TB) (same int, differences []string) {
	t.Helper()
	seen := map[string]bool{}
	for typ := range p.btf.file.All(btf.ByName &^ btf.KindsOf(btf.Fwd)) {
		key := fmt.Sprintf("%s %s", typ.Kind, typ.Name())
		if typ.Name() == "" || seen[key] {
			continue
		}
		seen[key] = true
		a, b := p.find(t, typ.Kind, typ.Name())
		switch {
		case a == nil && b == nil: // only declared
		case a == nil:
			differences = append(differences, key+"\tnot in BTF")
		case b == nil:
			differences = append(differences, key+"\tnot in DWARF")
		default:
			x, y := describe(t, a), describe(t, b)
			if x == y {
				same++
			} else {
				differences = append(differences, key+"\t"+difference(x, y))
			}
		}
	}
	return same, differences
}

// difference returns the first line that differs, both ways.
func difference(x, y string) string {
	a, b := strings.Split(x, "\n"), strings.Split(y, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return strings.TrimSpace(a[i]) + "\t" + strings.TrimSpace(b[i])
		}
	}
	return fmt.Sprintf("%d lines\t%d lines", len(a), len(b))
}

// expect compares lines with those of a file in testdata.
func expect(t *testing.T, name string, got []string) {
	t.Helper()
	path, text := filepath.Join("testdata", name), strings.Join(got, "\n")+"\n"
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs (-update writes it anew): got\n%s", path, text)
	}
}

// The BTF that pahole makes of programs says the same as their DWARF, but for what is in the file: in both byte orders and word
// sizes, bit-fields included.
func TestPrograms(t *testing.T) {
	paths, err := filepath.Glob("../../../testdata/programs/*.btf")
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d programs, %v", len(paths), err)
	}
	var all []string
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.Open(strings.TrimSuffix(path, ".btf"))
		if err != nil {
			t.Fatal(err)
		}
		same, differences := newPair(t, f, data).compare(t)
		all = append(all, fmt.Sprintf("%s: %d the same", filepath.Base(f.Name), same))
		for _, d := range differences {
			all = append(all, "\t"+d)
		}
	}
	expect(t, "programs.txt", all)
}

// tiny opens the vmlinux of the bundled core.
func tiny(t testing.TB) (*elf.File, []byte) {
	t.Helper()
	image, err := compressed.Open("../../../testdata/tiny-6.12/vmlinux.zst", compressed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.ParseOwned("vmlinux", image.Data, image)
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.RelocatedData(f.Section(".BTF"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f, bytes.Clone(data) // the file's go away with it
}

// The BTF of the bundled kernel says the same as its DWARF, but for what is in the file.
func TestKernel(t *testing.T) {
	f, data := tiny(t)
	same, differences := newPair(t, f, data).compare(t)
	expect(t, "kernel.txt", append(differences, fmt.Sprintf("%d the same", same)))
}

// program returns the BTF of a program of testdata/programs.
func program(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../testdata/programs", name+".btf"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
