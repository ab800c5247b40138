package frombtf

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/btf"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/types"
)

func TestFind(t *testing.T) {
	_, data := tiny(t)
	s, err := Open(Config{Name: "BTF", Data: data, Set: types.NewSet(), PointerSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	const all = types.KindSet(0xffff)
	for _, test := range []struct {
		name, filename string
		found          bool
	}{{"task_struct", "", true}, {"task_struct", ".", true}, {"task_struct", "sched.h", false}, {"task_strict", "", false}, {"", "", false}, {"unsigned long", "", true}, {"init_task", "", false}} {
		typ, err := s.FindType(all, test.name, test.filename)
		if err != nil || (typ != nil) != test.found {
			t.Errorf("%s in %q: %v, %v", test.name, test.filename, typ, err)
		}
	}
	for _, test := range []struct {
		kind  debugdata.Kind
		name  string
		where debugdata.Where
		typ   string
	}{
		{debugdata.Variable, "runqueues", debugdata.ByName, "struct rq"},
		{debugdata.Function, "schedule", debugdata.ByName, "void (void)"},
		{debugdata.Constant, "PIDTYPE_PGID", debugdata.IsNumber, "enum pid_type"},
	} {
		e, ok, err := s.FindEntity(test.kind, test.name, "", nil)
		if !ok || err != nil || e.Where != test.where || e.Type.String() != test.typ {
			t.Errorf("%s: %+v, %v, %v", test.name, e, ok, err)
		}
		if _, ok, err := s.FindEntity(test.kind, test.name, "kernel/sched/core.c", nil); ok || err != nil {
			t.Errorf("%s is found in a file: %v", test.name, err)
		}
		if _, ok, err := s.FindEntity(test.kind, test.name+"_", "", nil); ok || err != nil {
			t.Errorf("%s_ is found: %v", test.name, err)
		}
	}
	if e, _, err := s.FindEntity(debugdata.Constant, "PIDTYPE_PGID", "", nil); err != nil || e.Number != 2 {
		t.Errorf("PIDTYPE_PGID is %d, %v", e.Number, err)
	}
	a, errA := s.FindType(types.KindsOf(types.Struct), "list_head", "")
	b, errB := s.FindType(types.KindsOf(types.Struct), "list_head", "")
	if a != b || errA != nil || errB != nil {
		t.Error("two types of one name")
	}
	if m, err := a.FindMember("next"); err != nil || m.Type.Elem() != a {
		t.Errorf("list_head.next is %+v, %v", m, err)
	}
}

// What types say of each other in a circle is an error.
func TestCircle(t *testing.T) {
	data := []byte("\x9f\xeb\x01\x00\x18\x00\x00\x00\x00\x00\x00\x00\x18\x00\x00\x00\x18\x00\x00\x00\x03\x00\x00\x00" +
		"\x01\x00\x00\x00\x00\x00\x00\x08\x02\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x02\x01\x00\x00\x00" + "\x00t\x00")
	s, err := Open(Config{Name: "made up", Data: data, Set: types.NewSet(), PointerSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.FindType(types.KindsOf(types.Typedef), "t", ""); err == nil || !strings.Contains(err.Error(), "refer to each other in a circle") {
		t.Error(err)
	}
}

// FuzzOpen makes all types and entities of a file.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"c.gcc-O2-4", "c.s390x-O2-5", "mod.gcc-O2-5"} {
		f.Add(program(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Open(Config{Name: "fuzz", Data: data, Set: types.NewSet(), PointerSize: 8})
		if err != nil {
			if s != nil {
				t.Fatal("a source and an error")
			}
			return
		}
		n := 0
		for typ := range s.file.All(0xffffffff) {
			if n++; n > 50 {
				break
			}
			name := typ.Name()
			if made, err := s.TypeOf(typ.ID); err == nil {
				visit(made, 3)
			}
			_, _ = s.FindType(0xffff, name, "")
			for _, kind := range []debugdata.Kind{debugdata.Constant, debugdata.Function, debugdata.Variable} {
				_, _, _ = s.FindEntity(kind, name, "", nil)
			}
		}
	})
}

// visit looks at all that a type has.
func visit(t *types.Type, depth int) {
	if depth == 0 {
		return
	}
	_ = t.String()
	_, _ = t.Size()
	look := func(l types.Lazy) {
		if s, err := l.Slot(); err == nil {
			visit(s.Type, depth-1)
		}
	}
	ms, _ := t.Members()
	for _, m := range ms[:min(len(ms), 10)] {
		look(m.Lazy)
	}
	ps, _ := t.Parameters()
	for _, p := range ps[:min(len(ps), 10)] {
		look(p.Lazy)
	}
	_, _ = t.Enumerators()
	if e := t.Elem(); e != nil {
		visit(e, depth-1)
	}
}

func BenchmarkOpen(b *testing.B) {
	_, data := tiny(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(Config{Name: "BTF", Data: data, Set: types.NewSet(), PointerSize: 8}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTypes makes the first thousand structures that have names, with their members.
func BenchmarkTypes(b *testing.B) {
	_, data := tiny(b)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		s, err := Open(Config{Name: "BTF", Data: data, Set: types.NewSet(), PointerSize: 8})
		if err != nil {
			b.Fatal(err)
		}
		var names []string
		for t := range s.file.All(1 << 4) {
			if name := t.Name(); name != "" && len(names) < 1000 {
				names = append(names, name)
			}
		}
		b.StartTimer()
		for _, name := range names {
			t, err := s.FindType(types.KindsOf(types.Struct), name, "")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := t.Members(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// testdata/ops.split is pahole --btf_base=c.gcc-O2-4.btf of ops.gcc-O0-5: its types are those of the program's DWARF, and those that
// the base has are the base's.
func TestSplit(t *testing.T) {
	set := types.NewSet()
	base, err := Open(Config{Name: "base", Data: program(t, "c.gcc-O2-4"), Set: set, PointerSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/ops.split")
	if err != nil {
		t.Fatal(err)
	}
	if !IsSplit(data) || IsSplit(program(t, "c.gcc-O2-4")) {
		t.Error("what is split is told wrongly")
	}
	s, err := Open(Config{Name: "split", Data: data, Set: set, PointerSize: 8, Base: func() (*Source, error) { return base, nil }})
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open("../../../testdata/programs/ops.gcc-O0-5")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dwarf, err := fromdwarf.Open(fromdwarf.Config{File: placed.At(f, 0, nil), Set: set})
	if err != nil {
		t.Fatal(err)
	}
	same, differences := pair{s, dwarf}.compare(t)
	if same < 6 || len(differences) != 0 {
		t.Errorf("%d the same, %q", same, differences)
	}
	// With another base, nothing fits.
	other, err := Open(Config{Name: "other", Data: program(t, "c.clang-O2-4"), Set: set, PointerSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(Config{Name: "split", Data: data, Set: set, PointerSize: 8, Base: func() (*Source, error) { return other, nil }})
	var wrong *btf.BaseError
	if !errors.As(err, &wrong) || wrong.File != "split" || wrong.Base != "other" {
		t.Errorf("another base: %v", err)
	}
}

// made is BTF of types and strings.
func made(text string, words ...uint32) []byte {
	b := []byte{0x9f, 0xeb, 1, 0}
	for _, v := range append([]uint32{24, 0, uint32(4 * len(words)), uint32(4 * len(words)), uint32(len(text))}, words...) {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return append(b, text...)
}

// Split BTF with a distilled base takes its types from the base by name and size, wherever they are there.
func TestDistilled(t *testing.T) {
	const structure, pointer, integer = 4 << 24, 2 << 24, 1 << 24
	base := made("\x00int\x00foo\x00bar\x00a\x00",
		5, structure, 8, // 1: another foo
		1, integer, 4, 1<<24|32, // 2: int
		5, structure|1, 4, 13, 2, 0, // 3: struct foo { int a; }
	)
	distilled := made("\x00foo\x00", 1, structure, 4) // 1: struct foo of 4 bytes
	split := made("mine\x00f\x00", 0, pointer, 1,     // 2
		5, structure|2, 16, 10, 1, 0, 0, 2, 64) // 3: struct mine { struct foo f; struct foo *; }
	set := types.NewSet()
	b, err := Open(Config{Name: "base", Data: base, Set: set, PointerSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	open := func(distilled []byte) (*types.Type, error) {
		s, err := Open(Config{Name: "split", Data: split, Distilled: distilled, Set: set, PointerSize: 8, Base: func() (*Source, error) { return b, nil }})
		if err != nil {
			t.Fatal(err)
		}
		mine, err := s.FindType(types.KindsOf(types.Struct), "mine", "")
		if err != nil {
			t.Fatal(err)
		}
		m, err := mine.FindMember("f")
		return m.Type, err
	}
	foo, err := open(distilled)
	want, wantErr := b.TypeOf(3)
	if foo != want || err != nil || wantErr != nil {
		t.Errorf("mine.f is %v, %v, want %v, %v", foo, err, want, wantErr)
	}
	if _, err := open(made("\x00foo\x00", 1, structure, 5)); err == nil || !strings.Contains(err.Error(), "there is no struct foo of 5 bytes") {
		t.Error(err)
	}
}

// What pahole distils of a base is found in another build of it, whose types have other IDs. Sizes and offsets are gcc's.
func TestDistilledByPahole(t *testing.T) {
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join("testdata", "distilled", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	set := types.NewSet()
	kernel, err := Open(Config{Name: "kernel", Data: read("kernel.btf"), Set: set, PointerSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Name: "module", Data: read("module.btf"), Distilled: read("module.base.btf"), Set: set, PointerSize: 8,
		Base: func() (*Source, error) { return kernel, nil }})
	if err != nil {
		t.Fatal(err)
	}
	own, err := s.FindType(types.KindsOf(types.Struct), "own", "")
	if err != nil || own == nil {
		t.Fatal(own, err)
	}
	if size, err := own.Size(); size != 96 || err != nil {
		t.Errorf("struct own has %d bytes, %v", size, err)
	}
	for name, want := range map[string]struct {
		offset uint64 // in bytes
		kind   types.Kind
	}{
		"dev": {0, types.Struct}, "holder": {64, types.Pointer}, "all": {72, types.Array}, "col": {80, types.Enum}, "next": {88, types.Pointer},
	} {
		m, err := own.FindMember(name)
		if err != nil || m.BitOffset != 8*want.offset || m.Type.Kind() != want.kind {
			t.Errorf("own.%s is %v at bit %d, want %v at byte %d, %v", name, m.Type, m.BitOffset, want.kind, want.offset, err)
		}
	}
	for tag, kind := range map[string]types.Kind{"device": types.Struct, "holder": types.Struct, "number": types.Union, "colour": types.Enum} {
		of, err := kernel.FindType(types.KindsOf(kind), tag, "")
		if err != nil || of == nil {
			t.Fatal(tag, of, err)
		}
		m, err := own.FindMember(map[string]string{"device": "dev", "holder": "holder", "number": "all", "colour": "col"}[tag])
		if err != nil {
			t.Fatal(err)
		}
		got := m.Type
		if got.Kind() == types.Pointer || got.Kind() == types.Array {
			got = got.Elem()
		}
		if got != of {
			t.Errorf("%s is not the kernel's", tag)
		}
	}
	f, ok, err := s.FindEntity(debugdata.Function, "module_function", "", nil)
	if !ok || err != nil || f.Type.String() != "int (struct own *o, struct device *d, u32 n)" {
		t.Errorf("module_function is %v, %v", f.Type, err)
	}
}
