package c

import (
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

type typeRecord struct {
	Label, Name, Definition, Err string
	Type                         *described
}

// nameDifferences are the names that this package writes as C does and the reference (0.0.22) does not.
var nameDifferences = map[string]string{
	"FPF":  "int (*(char))(int)",
	"PFPF": "int (*(*)(char))(int)",
	"FPA":  "int (*(void))[2]",
	"kA":   "const int [2]", // the elements of a const array are const
	"kAk":  "const volatile int [2]",
	"PkA":  "const int (*)[2]",
}

func TestTypesReference(t *testing.T) {
	for _, r := range records[typeRecord](t, "types.jsonl") {
		m := newMock(le64, C)
		typ := m.build(r.Type)
		name, definition := r.Name, r.Definition
		if d, ok := nameDifferences[r.Label]; ok {
			if definition == name {
				definition = d
			}
			name = d
		}
		if r.Err != "" { // the reference does not write out function types
			definition = name
		}
		if r.Label == "mem" {
			definition = strings.Replace(definition, "\tint ka[2]", "\tconst int ka[2]", 1)
		}
		if typ.String() != name {
			t.Errorf("%s: name %q; want %q", r.Label, typ, name)
		}
		if got, err := C.Definition(typ); err != nil || got != definition {
			t.Errorf("%s: %v, definition\n%s\nwant\n%s", r.Label, err, got, definition)
		}
	}
}

func TestDeclaration(t *testing.T) {
	m := newMock(le64, C)
	for _, c := range [][3]string{
		{"int", "x", "int x"}, {"int *", "x", "int *x"}, {"int * const", "x", "int * const x"}, {"int [2]", "x", "int x[2]"},
		{"int (*)[2]", "x", "int (*x)[2]"}, {"int (*(*)(void))(char)", "x", "int (*(*x)(void))(char)"}, {"const struct foo *", "x", "const struct foo *x"},
		{"int (* const [3])(void)", "x", "int (* const x[3])(void)"}, {"void (int)", "f", "void f(int)"},
	} {
		typ, err := C.ParseTypeName(c[0], m)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := C.Declaration(typ, c[1]); err != nil || got != c[2] {
			t.Errorf("%q, %v; want %q", got, err, c[2])
		}
	}
}

// circular returns types that lie: a function that takes pointers to itself, and a structure that holds itself twice.
func circular(m *mock) (function, compound *types.Type) {
	function = m.set.Function(C, m.prim(types.CVoid), false, func() (types.Detail, error) {
		p := types.Parameter{Lazy: types.OfType(m.ptr(function))}
		return types.Detail{Parameters: []types.Parameter{p, p}}, nil
	})
	compound = m.set.Compound(C, types.Struct, "", 8, func() (types.Detail, error) {
		p := types.Member{Name: "self", Lazy: types.OfType(compound)}
		return types.Detail{Members: []types.Member{p, p}}, nil
	})
	return function, compound
}

func TestCircularTypes(t *testing.T) {
	m := newMock(le64, C)
	function, compound := circular(m)
	if n := len(function.String()); n > 2*maxNameLen {
		t.Errorf("a name of %d bytes", n)
	}
	if _, err := C.Definition(compound); err == nil {
		t.Error("a circular structure was written out")
	}
	if _, err := DefaultFormat.String(Value{Type: compound, Form: Bytes, Data: make([]byte, 8)}, nil); err == nil {
		t.Error("a circular object was printed")
	}
}

func TestDetailErrors(t *testing.T) {
	m := newMock(le64, C)
	bad := errors.New("debug info is broken")
	load := func() (types.Detail, error) { return types.Detail{}, bad }
	for _, typ := range []*types.Type{
		m.set.Compound(C, types.Struct, "s", 8, load), m.set.Enum(C, "e", m.prim(types.CInt), load),
		m.set.Typedef(C, "t", m.set.Compound(C, types.Struct, "", 8, load)),
		m.set.Typedef(C, "t", m.ptr(m.set.Function(C, m.prim(types.CInt), false, load))),
	} {
		if s, err := C.Definition(typ); s != "" || !errors.Is(err, bad) {
			t.Errorf("%s: %q, %v", typ, s, err)
		}
	}
	s := m.set.Compound(C, types.Struct, "s", 8, load)
	if out, err := DefaultFormat.String(Value{Type: s, Form: Bytes, Data: make([]byte, 8)}, nil); out != "" || !errors.Is(err, bad) {
		t.Errorf("%q, %v", out, err)
	}
}

func BenchmarkTypeName(b *testing.B) {
	m := newMock(le64, C)
	for _, name := range []string{"unsigned long", "struct foo *", "int (*)(struct foo *, unsigned int)"} {
		typ, err := C.ParseTypeName(name, m)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 256)
			for b.Loop() {
				buf = AppendTypeName(buf[:0], typ)
			}
		})
	}
}
