package dwarf

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/types"
)

const typeDir = "testdata/types/"

// supplementary files of dwz.
var sups = map[string]string{"c.dwz": "c.sup", "inline.dwz-sup": "inline.sup"}

func openTypes(t testing.TB, name string) *File {
	t.Helper()
	return openTypesCached(t, name, "")
}

func openTypesCached(t testing.TB, name, cacheDir string) *File {
	t.Helper()
	image, err := os.ReadFile(typeDir + name)
	if err != nil {
		t.Fatal(err)
	}
	cfg := withTypes(loadELF(t, image))
	cfg.Cache.Dir, cfg.Cache.Identity = cacheDir, []byte(name)
	if supName := sups[name]; supName != "" {
		image, err := os.ReadFile(typeDir + supName)
		if err != nil {
			t.Fatal(err)
		}
		sup := loadELF(t, image)
		sup.Set, sup.C, sup.CPP = cfg.Set, cfg.C, cfg.CPP
		sup.Cache.Dir, sup.Cache.Identity = cacheDir, []byte(supName)
		if cfg.Sup, err = Open(sup); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// cPrograms are the builds of c.c, and which file says what is in them.
var cPrograms = []struct{ name, expected string }{
	{"c.dwarf2", "c.dwarf2"}, {"c.dwarf3", "c.dwarf4"}, {"c.dwarf4", "c.dwarf4"}, {"c.dwarf5", "c.dwarf5"},
	{"c.dwarf64", "c.dwarf5"}, {"c.types4", "c.dwarf4"}, {"c.types5", "c.dwarf5"}, {"c.strict2", "c.strict2"},
	{"c.m32", "c.m32"}, {"c.dwz", "c.dwarf5"},
}

func TestProgramTypes(t *testing.T) {
	for _, p := range cPrograms {
		t.Run(p.name, func(t *testing.T) {
			want, err := os.ReadFile(typeDir + p.expected + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			f := openTypes(t, p.name)
			for _, section := range strings.Split(strings.TrimPrefix(string(want), "## "), "\n## ") {
				name, text, _ := strings.Cut(strings.TrimRight(section, "\n"), "\n")
				if p.name == "c.m32" && strings.Contains(text, "unsigned long\nsize 4") {
					continue // no such type in the file: the reference makes C's own types up
				}
				got, err := describeType(f, name)
				if err != nil {
					t.Errorf("%s: %v", name, err)
				} else if got != text {
					t.Errorf("%s:\n--- got\n%s\n--- want\n%s", name, got, text)
				}
			}
		})
	}
}

// describeType says of a type what expected.py does.
func describeType(f *File, name string) (string, error) {
	typ, err := findTest(f, name)
	if err != nil {
		return "", err
	}
	if typ == nil {
		return "LookupError: could not find '" + name + "'", nil
	}
	def := f.cfg.C.TypeName(typ)
	if typ.Kind().IsCompound() || typ.Kind() == types.Enum || typ.Kind() == types.Typedef {
		if def, err = f.cfg.C.Definition(typ); err != nil {
			return "", err
		}
	}
	size, err := typ.Size()
	if err != nil {
		return "", err
	}
	def += fmt.Sprintf("\nsize %d", size)
	if typ.Kind() == types.Enum {
		def += "\ncompatible " + typ.Elem().String()
	}
	if typ.Kind().IsCompound() {
		def += "\noffsets"
		ms, err := typ.Members()
		if err != nil {
			return "", err
		}
		for _, m := range ms {
			def += fmt.Sprint(" ", m.BitOffset)
		}
	}
	return def, nil
}

func TestProgramEntities(t *testing.T) {
	for _, p := range cPrograms {
		t.Run(p.name, func(t *testing.T) {
			f := openTypes(t, p.name)
			for _, tt := range []struct {
				name  string
				kind  EntityKind
				file  string
				typ   string
				where string
			}{
				{"origin", EntityVariable, "", "point_t", "address"},
				{"origin", EntityVariable, "c.c", "point_t", "address"},
				{"origin", EntityVariable, "/src/c.c", "point_t", "address"},
				{"origin", EntityVariable, "d.c", "", ""},
				{"shared_int", EntityVariable, "", "int", "address"},
				{"counter", EntityVariable, "c.c", "int", "address"},
				{"grid", EntityVariable, "", "const int [2][3]", "address"},
				{"ld", EntityVariable, "", "long double", "address"},
				{"ush", EntityVariable, "", "unsigned short", "address"},
				{"per_thread", EntityVariable, "", "int", "expression"},
				{"add", EntityVariable, "", "", ""},
				{"add", EntityFunction, "", "int (int a, const point_t *p, ...)", "address"},
				{"nothing", EntityFunction, "", "void (void)", "address"},
				{"twice", EntityFunction, "", "int (int n)", "instances"},
				{"unused_constant", EntityFunction, "", "int (void)", "absent"},
				{"LONELY", EntityConstant, "", "enum ", "17"},
				{"POSITIVE", EntityConstant, "", "enum sign", "200"},
				{"NEGATIVE", EntityConstant, "", "enum sign", "-1"},
				{"HUGE_ONE", EntityConstant, "", "enum big", "-16"},
				{"lonely", EntityConstant, "", "", ""},
			} {
				e, ok, err := f.FindEntity(tt.kind, tt.name, tt.file, nil)
				if err != nil || ok != (tt.where != "") {
					t.Errorf("%s in %q: found %v, error %v", tt.name, tt.file, ok, err)
					continue
				}
				if !ok {
					continue
				}
				where := "absent"
				switch {
				case e.HasAddress:
					where = "address"
				case len(e.Instances) == 1:
					where = "instances"
				case e.Expr != nil:
					where = "expression"
				case e.HasValue:
					where = fmt.Sprint(int64(e.Value))
				}
				if where != tt.where || e.Absent() != (where == "absent") {
					t.Errorf("%s: got %s, want %s", tt.name, where, tt.where)
				}
				if got := strings.ReplaceAll(strings.TrimRight(e.Type.String(), " "), "int[", "int ["); got != strings.TrimRight(tt.typ, " ") && strings.ReplaceAll(got, "(", " (") != tt.typ {
					t.Errorf("%s: type %q, want %q", tt.name, got, tt.typ)
				}
			}
		})
	}
}

func TestProgramNames(t *testing.T) {
	for _, p := range cPrograms {
		f := openTypes(t, p.name)
		got := slices.Sorted(f.Names(EntityFunction))
		if want := []string{"add", "entry", "nothing", "twice", "unused_constant"}; !slices.Equal(got, want) {
			t.Errorf("%s: functions %q, want %q", p.name, got, want)
		}
		got = slices.Sorted(f.TypeNames(types.KindsOf(types.Struct)))
		want := []string{"anonymous", "arrays", "bits", "flexible", "ops", "point", "qualified", "self"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: structures %q, want %q", p.name, got, want)
		}
		got = slices.Sorted(f.Names(EntityConstant))
		want = []string{"ALONE", "BLUE", "GREEN", "HUGE_ONE", "LONELY", "NEGATIVE", "POSITIVE", "RED"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: constants %q, want %q", p.name, got, want)
		}
	}
}

func TestCPP(t *testing.T) {
	compound := types.KindsOf(types.Struct, types.Class)
	for _, name := range []string{"cpp.dwarf4", "cpp.dwarf5"} {
		t.Run(name, func(t *testing.T) {
			f := openTypes(t, name)
			for _, tt := range []struct {
				name    string
				kinds   types.KindSet
				members string
			}{
				{"outer::inner::point", compound, "x@0 y@32"},
				{"::outer::inner::point", compound, "x@0 y@32"},
				{"inner::point", compound, ""},
				{"point", compound, ""},
				{"outer::Base", compound, "_vptr.Base@0 base_member@64"},
				{"outer::Derived", compound, "@0 nested@96 derived_member@104"},
				{"outer::Derived::Nested", compound, "c@0"},
				{"outer::Array<int, 3>", compound, "items@0"},
			} {
				typ, err := f.FindType(tt.kinds, tt.name, "")
				if err != nil {
					t.Errorf("%s: %v", tt.name, err)
					continue
				}
				if typ == nil {
					if tt.members != "" {
						t.Errorf("%s: not found", tt.name)
					}
					continue
				}
				ms, err := typ.Members()
				if err != nil {
					t.Errorf("%s: %v", tt.name, err)
				}
				var got []string
				for _, m := range ms {
					got = append(got, fmt.Sprintf("%s@%d", m.Name, m.BitOffset))
				}
				if s := strings.Join(got, " "); s != tt.members {
					t.Errorf("%s: members %q, want %q", tt.name, s, tt.members)
				}
			}
			derived, ok, err := f.FindEntity(EntityVariable, "derived", "cpp.cc", nil)
			if err != nil || !ok || !derived.HasAddress {
				t.Fatalf("derived: %+v, %v, %v", derived, ok, err)
			}
			if m, err := derived.Type.FindMember("base_member"); err != nil || m.BitOffset != 64 {
				t.Errorf("derived.base_member: %+v, %v", m, err)
			}
			for _, name := range []string{"outer::inner::depth", "outer::Base::count", "hidden", "mode", "null", "three"} {
				if e, ok, err := f.FindEntity(EntityVariable, name, "", nil); err != nil || !ok || !e.HasAddress {
					t.Errorf("%s: %+v, %v, %v", name, e, ok, err)
				}
			}
			for _, name := range []string{"main", "outer::function", "outer::Array<int, 3>::size"} {
				if e, ok, err := f.FindEntity(EntityFunction, name, "", nil); err != nil || !ok || !e.HasAddress {
					t.Errorf("%s: %+v, %v, %v", name, e, ok, err)
				}
			}
			for name, want := range map[string]uint64{"outer::FIRST": 0, "outer::SECOND": 1, "outer::Mode::On": 1} {
				if e, ok, err := f.FindEntity(EntityConstant, name, "", nil); err != nil || !ok || e.Value != want {
					t.Errorf("%s: %+v, %v, %v", name, e, ok, err)
				}
			}
			array, err := f.FindType(compound, "outer::Array<int, 3>", "")
			if err != nil || array == nil {
				t.Fatal(err)
			}
			ps, err := array.TemplateParameters()
			if err != nil || len(ps) != 2 {
				t.Fatalf("template parameters %+v, %v", ps, err)
			}
			if s, err := ps[1].Slot(); err != nil || ps[1].Name != "N" || s.Value != uint64(3) {
				t.Errorf("template parameter %+v %+v, %v", ps[1], s, err)
			}
		})
	}
}

// TestInlineDWZ: what dwz has moved, here and into another file, is in the namespaces and of the language that it was in, though dwz says
// neither. The second time the index comes from the cache.
func TestInlineDWZ(t *testing.T) {
	for _, name := range []string{"inline.dwz", "inline.dwz-sup"} {
		dir := t.TempDir()
		for range 2 {
			f := openTypesCached(t, name, dir)
			for typ, want := range map[string]bool{
				"lib::Thing": true, "lib::v1::Thing": true, "lib::Thing::Part": true, "lib::plain::Other": true, "lib::Shape": true,
				"lib::Other": false, "Thing": false, "v1::Thing": false, "lib::v2::Thing": false,
			} {
				found, err := f.FindType(types.KindsOf(types.Struct, types.Class, types.Enum), typ, "")
				if err != nil || (found != nil) != want {
					t.Errorf("%s: %s: %v, %v", name, typ, found, err)
				}
				if found != nil && found.Language() != f.cfg.CPP {
					t.Errorf("%s: %s is of %v", name, typ, found.Language())
				}
			}
			for what, kind := range map[string]EntityKind{
				"one": EntityVariable, "two": EntityVariable, "lib::Thing::made": EntityVariable, "lib::v1::Thing::made": EntityVariable,
				"f_two": EntityFunction, "lib::Thing::count": EntityFunction, "lib::ROUND": EntityConstant,
			} {
				e, ok, err := f.FindEntity(kind, what, "", nil)
				if err != nil || !ok || kind != EntityConstant && !e.HasAddress {
					t.Errorf("%s: %s: %+v, %v, %v", name, what, e, ok, err)
				}
			}
			names := map[string]bool{}
			if err := f.EachName(func(_ debugdata.NameOf, n []byte) bool { names[string(n)] = true; return true }); err != nil || !names["lib::v1::Thing"] {
				t.Error(name, err, names)
			}
		}
	}
}
