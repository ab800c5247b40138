package dwarf

import (
	"slices"
	"testing"

	"github.com/godrgn/drgn/types"
)

const langCPP = 0x04

// TestInDeclaredClasses: what is in a class that is only declared is found by its name, as clang and GCC write classes of which
// they leave out the rest.
func TestInDeclaredClasses(t *testing.T) {
	method := die(TagSubprogram, []attrValue{name("run"), yes(AttrDeclaration)})
	f := mustOpen(t, writeIn(langCPP, false, 4,
		die(TagClassType, []attrValue{name("outer"), yes(AttrDeclaration)},
			die(TagClassType, []attrValue{name("middle"), yes(AttrDeclaration)},
				die(TagStructureType, []attrValue{name("inner"), num(AttrByteSize, 1)}, die(TagMember, []attrValue{name("m")}), method))),
		die(TagSubprogram, []attrValue{byRef(AttrSpecification, method), {AttrLowPC, FormAddr, uint64(0x1000)}, num(AttrHighPC, 8)})))
	for name, want := range map[string]bool{"outer::middle::inner": true, "inner": false, "outer::middle": false} {
		typ, err := f.FindType(types.KindsOf(types.Struct, types.Class), name, "")
		if err != nil || (typ != nil) != want {
			t.Errorf("%s: %v, %v", name, typ, err)
		}
	}
	if e, ok, err := f.FindEntity(EntityFunction, "outer::middle::inner::run", "", nil); !ok || err != nil || e.Address != 0x1000 {
		t.Errorf("%+v, %v, %v", e, ok, err)
	}
}

// TestDiscardedFunctions: each unit of C++ describes its own copy of an inline function; what the linker left out has the address 0 or
// the last but one, or that of the copy that it kept.
func TestDiscardedFunctions(t *testing.T) {
	at := func(low uint64) *node {
		return die(TagSubprogram, []attrValue{name("f"), {AttrLowPC, FormAddr, low}, num(AttrHighPC, 8)})
	}
	for _, tt := range []struct {
		what  string
		lows  []uint64
		known int
		want  uint64 // 0: without an address
	}{
		{"discarded before", []uint64{0, 0xfffffffe, 0xffffffff, 0x1000}, 1, 0x1000},
		{"discarded behind", []uint64{0x1000, 0}, 1, 0x1000},
		{"kept once", []uint64{0x1000, 0x1000, 0x1000}, 1, 0x1000},
		{"two", []uint64{0x2000, 0x1000, 0, 0x2000}, 2, 0x2000},
		{"none", []uint64{0, 0}, 0, 0},
	} {
		for _, big := range []bool{false, true} {
			var all []*node
			for _, low := range tt.lows {
				all = append(all, at(low))
			}
			f := mustOpen(t, writeIn(langCPP, big, 4, all...))
			e, ok, err := f.FindEntity(EntityFunction, "f", "", nil)
			if !ok || err != nil || e.HasAddress != (tt.want != 0) || e.HasAddress && e.Address != tt.want {
				t.Errorf("%s: %+v, %v, %v", tt.what, e, ok, err)
			}
			known := 0
			for x := range f.find(entityKinds[EntityFunction], "f", "") {
				if x.known {
					known++
				}
			}
			if known != tt.known {
				t.Errorf("%s: %d definitions, want %d", tt.what, known, tt.known)
			}
		}
	}
}

// TestBoolEnum: the values of an enumerated type of C++ may be those of bool.
func TestBoolEnum(t *testing.T) {
	boolean := die(TagBaseType, []attrValue{name("bool"), num(AttrByteSize, 1), {AttrEncoding, FormData1, uint64(encBoolean)}})
	f := mustOpen(t, writeIn(langCPP, true, 8, boolean, die(TagEnumerationType, []attrValue{name("backed"), num(AttrByteSize, 1), byRef(AttrType, boolean)},
		die(TagEnumerator, []attrValue{name("NO"), num(AttrConstValue, 0)}), die(TagEnumerator, []attrValue{name("YES"), num(AttrConstValue, 1)}))))
	e, ok, err := f.FindEntity(EntityConstant, "YES", "", nil)
	if err != nil || !ok || e.Value != 1 || e.Type.Elem().Kind() != types.Int || e.Type.Elem().Name() != "bool" || e.Type.OwnSize() != 1 {
		t.Errorf("%+v, %v, %v", e, ok, err)
	}
}

func TestSplitName(t *testing.T) {
	for name, want := range map[string][]string{
		"a": {"a"}, "a::b": {"a", "b"}, "::a::b": {"a", "b"}, "a<x::y>::b": {"a<x::y>", "b"},
		"a::operator b::c": {"a", "operator b::c"}, "a::operator<": {"a", "operator<"}, "a::operator>=<b::c>": {"a", "operator>=<b::c>"},
		"operators::x": {"operators", "x"}, "operator_::x": {"operator_", "x"}, "operator::x": {"operator", "x"}, "a::operator": {"a", "operator"},
		"a::operator()": {"a", "operator()"}, "f(operator ::x)::y": {"f(operator ::x)", "y"},
	} {
		scopes, last := splitName(name)
		if got := append(scopes, last); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
