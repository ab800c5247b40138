package dwarf

import (
	"testing"

	"github.com/godrgn/drgn/types"
)

// Definitions of one name are one type only if an object is read the same by each. gcc -g of two C files with such structures and one that
// declares "s" gave the members of the first file's, whatever the second one's were: {long -1} was 18446744073709551615.
func TestSameDefinition(t *testing.T) {
	base := func(named string, size, encoding uint64) *node {
		return die(TagBaseType, []attrValue{name(named), num(AttrByteSize, size), num(AttrEncoding, encoding)})
	}
	signed, unsigned := base("int", 4, encSigned), base("unsigned int", 4, 0x07)
	member := func(named string, of *node, at uint64) *node {
		return die(TagMember, []attrValue{name(named), byRef(AttrType, of), num(AttrDataMemberLocation, at)})
	}
	structure := func(tag string, size uint64, children ...*node) *node {
		attrs := []attrValue{num(AttrByteSize, size)}
		if tag != "" {
			attrs = append(attrs, name(tag))
		}
		return die(TagStructureType, attrs, children...)
	}
	pair := func(tag, first, second string) *node {
		return structure(tag, 8, member(first, signed, 0), member(second, signed, 4))
	}
	to := func(tag Tag, of *node) *node { return die(tag, []attrValue{byRef(AttrType, of)}) }
	pointer := func(of *node) *node {
		return die(TagPointerType, []attrValue{byRef(AttrType, of), num(AttrByteSize, 8)})
	}
	array := func(of *node, count uint64) *node {
		return die(TagArrayType, []attrValue{byRef(AttrType, of)}, die(TagSubrangeType, []attrValue{num(AttrCount, count)}))
	}
	enum := func(first, second string) *node {
		enumerator := func(named string, value uint64) *node {
			return die(TagEnumerator, []attrValue{name(named), num(AttrConstValue, value)})
		}
		return die(TagEnumerationType, []attrValue{name("e"), num(AttrByteSize, 4), byRef(AttrType, unsigned)}, enumerator(first, 0), enumerator(second, 1))
	}
	union := func(of *node) *node {
		return die(TagUnionType, []attrValue{name("u"), num(AttrByteSize, 4)}, member("m", of, 0))
	}
	for _, tt := range []struct {
		what string
		a, b *node // types of a member
		same bool
	}{
		{"signedness", signed, unsigned, false},
		{"lengths of arrays", array(signed, 2), array(signed, 3), false},
		{"elements of arrays", array(signed, 2), array(unsigned, 2), false},
		{"members of an unnamed structure", pair("", "u", "v"), pair("", "v", "u"), false},
		{"members of a structure", pair("in", "u", "v"), pair("in", "v", "u"), false},
		{"members of an array's structures", array(pair("in", "u", "v"), 2), array(pair("in", "v", "u"), 2), false},
		{"members of a union", union(signed), union(unsigned), false},
		{"enumerators", enum("P", "Q"), enum("Q", "P"), false},
		{"what a pointer points to", pointer(signed), pointer(unsigned), false},
		{"tags behind pointers", pointer(pair("x", "u", "v")), pointer(pair("y", "u", "v")), false},
		{"a pointer and a number", pointer(signed), base("long", 8, encSigned), false},
		{"the same structure", pair("in", "u", "v"), pair("in", "u", "v"), true},
		{"the same enumerators", enum("P", "Q"), enum("P", "Q"), true},
		{"a typedef", signed, die(TagTypedef, []attrValue{name("int32_t"), byRef(AttrType, signed)}), true},
		{"qualifiers of a member", signed, to(TagConstType, to(TagVolatileType, signed)), true},
		{"names of numbers", base("long int", 8, encSigned), base("long long int", 8, encSigned), true},
		{"bool of C and of C++", base("_Bool", 1, encBoolean), base("bool", 1, encBoolean), true},
	} {
		holders := map[string]func(of *node) []*node{
			"member":  func(of *node) []*node { return []*node{member("m", of, 0)} },
			"pointer": func(of *node) []*node { return []*node{member("m", pointer(pointer(of)), 0)} },
		}
		for how, hold := range holders {
			same := tt.same
			switch {
			case how == "pointer" && tt.what == "qualifiers of a member":
				same = false // of what is pointed to they count
			case how == "pointer" && (tt.what == "members of a structure" || tt.what == "members of an array's structures" || tt.what == "members of a union" || tt.what == "enumerators"):
				same = true // what is pointed to has the same name, and is not looked into
			}
			decl := die(TagStructureType, []attrValue{name("s"), yes(AttrDeclaration)})
			alias := die(TagTypedef, []attrValue{name("alias"), byRef(AttrType, decl)})
			first, second := structure("s", 24, hold(tt.a)...), structure("s", 24, hold(tt.b)...)
			second.attrs = append(second.attrs, num(AttrDeclLine, 1)) // those of one line of a file are taken for one
			f := mustOpen(t, write(false, 8, withReferred(first, second, decl, alias)...))
			typ, err := f.FindType(types.KindsOf(types.Typedef), "alias", "")
			if err != nil || typ == nil {
				t.Fatalf("%s: %v, %v", tt.what, typ, err)
			}
			if got := typ.Elem().IsComplete(); got != same {
				t.Errorf("%s, %s: one type: %v, want %v", tt.what, how, got, same)
			}
		}
	}
}

// withReferred returns DIEs, and those that they and their children refer to which are not among these.
func withReferred(top ...*node) []*node {
	written := map[*node]bool{}
	var refers func(n *node)
	var add func(n *node)
	refers = func(n *node) {
		written[n] = true
		for _, c := range n.children {
			refers(c)
		}
		for _, a := range n.attrs {
			if to, ok := a.value.(*node); ok {
				add(to)
			}
		}
	}
	add = func(n *node) {
		if !written[n] {
			top = append(top, n)
			refers(n)
		}
	}
	for _, n := range top {
		written[n] = true
	}
	for _, n := range top {
		refers(n)
	}
	return top
}
