package dwarf

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

// variantShapes are structures with variants: one by a list of values, with another in it, and one by a member of its own, as
// Ada has it.
func variantShapes(bigEndian bool) []*node {
	ref := byRef
	signed := die(TagBaseType, []attrValue{name("i8"), num(AttrByteSize, 1), num(AttrEncoding, encSigned)})
	wide := die(TagBaseType, []attrValue{name("u128"), num(AttrByteSize, 16), num(AttrEncoding, encUnsigned)})
	member := func(called string, typ *node, at uint64) *node {
		return die(TagMember, []attrValue{name(called), ref(AttrType, typ), num(AttrDataMemberLocation, at)})
	}
	inner := die(TagMember, []attrValue{ref(AttrType, signed), num(AttrDataMemberLocation, 1), yes(AttrArtificial)})
	nested := die(TagVariantPart, []attrValue{ref(AttrDiscr, inner)}, inner,
		die(TagVariant, []attrValue{num(AttrDiscrValue, 3)}, member("three", signed, 2)),
		die(TagVariant, nil, member("more", signed, 2)))
	outer := die(TagMember, []attrValue{ref(AttrType, signed), num(AttrDataMemberLocation, 0), yes(AttrArtificial)})
	part := die(TagVariantPart, []attrValue{ref(AttrDiscr, outer)}, outer,
		// -128 to -126, and 7.
		die(TagVariant, []attrValue{{AttrDiscrList, FormBlock, []byte("\x01\x80\x7f\x82\x7f\x00\x07")}}, member("list", signed, 1)),
		die(TagVariant, []attrValue{num(AttrDiscrValue, 0xff)}, nested),
		die(TagVariant, nil, member("others", signed, 1)))
	named := member("tag", signed, 0)
	state := die(TagMember, []attrValue{name("__state"), ref(AttrType, signed), num(AttrDataMemberLocation, 0), yes(AttrArtificial)})
	big := die(TagMember, []attrValue{ref(AttrType, wide), num(AttrDataMemberLocation, 0), yes(AttrArtificial)})
	huge := die(TagMember, []attrValue{ref(AttrType, wide), num(AttrDataMemberLocation, 0), yes(AttrArtificial)})
	number := func(n byte) []byte { // of 16 bytes
		b := make([]byte, 16)
		if bigEndian {
			b[15] = n
		} else {
			b[0] = n
		}
		return b
	}
	return []*node{signed, wide,
		die(TagStructureType, []attrValue{name("nested"), num(AttrByteSize, 3)}, part),
		die(TagStructureType, []attrValue{name("ada"), num(AttrByteSize, 2)}, named,
			die(TagVariantPart, []attrValue{ref(AttrDiscr, named)},
				die(TagVariant, []attrValue{num(AttrDiscrValue, 1)}, member("one", signed, 1)))),
		die(TagStructureType, []attrValue{name("future"), num(AttrByteSize, 2)}, // of Rust
			die(TagVariantPart, []attrValue{ref(AttrDiscr, state)}, state,
				die(TagVariant, []attrValue{num(AttrDiscrValue, 3)}, member("3", signed, 1)))),
		die(TagStructureType, []attrValue{name("big"), num(AttrByteSize, 16)},
			die(TagVariantPart, []attrValue{ref(AttrDiscr, big)}, big,
				die(TagVariant, []attrValue{{AttrDiscrValue, FormBlock1, number(0)}}, member("none", signed, 1)), // as rustc has it
				die(TagVariant, []attrValue{{AttrDiscrValue, FormData16, number(5)}}, member("five", signed, 1)),
				die(TagVariant, nil, member("others", signed, 1)))),
		die(TagStructureType, []attrValue{name("huge"), num(AttrByteSize, 16)},
			die(TagVariantPart, []attrValue{ref(AttrDiscr, huge)}, huge,
				die(TagVariant, []attrValue{{AttrDiscrValue, FormData16, bytes.Repeat([]byte{0xff}, 16)}}, member("one", signed, 1)))),
		die(TagStructureType, []attrValue{name("only"), num(AttrByteSize, 2)},
			die(TagVariantPart, nil, die(TagVariant, nil, member("one", signed, 1)))),
		die(TagStructureType, []attrValue{name("untold"), num(AttrByteSize, 2)},
			die(TagVariantPart, nil, die(TagVariant, nil, member("one", signed, 1)), die(TagVariant, nil, member("two", signed, 1)))),
	}
}

// there returns the names of the members that are in an object of type t with these bytes.
func there(t *types.Type, data string, bigEndian bool) (string, error) {
	members, err := t.Members()
	if err != nil {
		return "", err
	}
	var names []string
	for _, m := range members {
		in, err := m.Variant.In(func(_ *types.Type, bitOffset, size uint64) (uint64, error) {
			b := data[bitOffset/8:]
			switch {
			case size == 64 && bigEndian:
				return binary.BigEndian.Uint64([]byte(b)), nil
			case size == 64:
				return binary.LittleEndian.Uint64([]byte(b)), nil
			}
			return uint64(b[0]), nil
		})
		if err != nil {
			return "", err
		}
		if in {
			names = append(names, m.Name)
		}
	}
	return strings.Join(names, " "), nil
}

// wide are numbers of 16 bytes, the least significant one first; above has a bit that 64 bits have not.
var wide = map[string]string{"0": strings.Repeat("\x00", 16), "5": "\x05" + strings.Repeat("\x00", 15), "6": "\x06" + strings.Repeat("\x00", 15),
	"above": "\x05" + strings.Repeat("\x00", 14) + "\x01"}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func TestVariants(t *testing.T) {
	for _, big := range []bool{false, true} {
		f := mustOpen(t, withTypes(write(big, 8, variantShapes(big)...)))
		for _, c := range []struct{ typ, data, want string }{
			{"nested", "\x80\x00\x00", "list"}, {"nested", "\x82\x00\x00", "list"}, {"nested", "\x07\x00\x00", "list"},
			{"nested", "\x83\x00\x00", "others"}, {"nested", "\x7f\x00\x00", "others"}, {"nested", "\x00\x03\x00", "others"},
			{"nested", "\xff\x03\x00", "three"}, {"nested", "\xff\x04\x00", "more"},
			{"ada", "\x01\x00", "tag one"}, {"ada", "\x02\x00", "tag"}, {"only", "\x09\x00", "one"},
			{"future", "\x03\x00", "__state 3"}, {"future", "\x01\x00", "__state"},
			{"big", "0", "none"}, {"big", "5", "five"}, {"big", "6", "others"}, {"big", "above", "others"},
		} {
			if of, is := wide[c.data]; is {
				if c.data = of; big {
					c.data = reversed(of)
				}
			}
			typ, err := f.FindType(types.KindsOf(types.Struct), c.typ, "")
			if err != nil {
				t.Fatal(err)
			}
			if got, err := there(typ, c.data, big); got != c.want || err != nil {
				t.Errorf("%s %q: %q, %v, want %q", c.typ, c.data, got, err, c.want)
			}
		}
		for name, want := range map[string]string{"huge": "more than 64 bits, which is not supported", "untold": "does not say which of the variants"} {
			typ, err := f.FindType(types.KindsOf(types.Struct), name, "")
			if err != nil {
				t.Fatal(err)
			}
			if got, err := there(typ, strings.Repeat("\xff", 16), big); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}

func TestBadVariants(t *testing.T) {
	integer := die(TagBaseType, []attrValue{name("i8"), num(AttrByteSize, 1), num(AttrEncoding, encSigned)})
	discr := die(TagMember, []attrValue{byRef(AttrType, integer), yes(AttrArtificial)})
	deep := die(TagVariantPart, []attrValue{byRef(AttrDiscr, discr)})
	for range 100 {
		deep = die(TagVariantPart, []attrValue{byRef(AttrDiscr, discr)}, die(TagVariant, nil, deep))
	}
	type bad struct {
		want string
		part *node
	}
	parts := []bad{
		{"refers to a DW_TAG_base_type", die(TagVariantPart, []attrValue{byRef(AttrDiscr, integer)})},
		{"two variants have no value", die(TagVariantPart, []attrValue{byRef(AttrDiscr, discr)}, discr, die(TagVariant, nil), die(TagVariant, nil))},
		{"nests too deeply", deep},
	}
	for _, list := range []string{"", "\x02\x01", "\x01\x01", "\x00\x80", "\x00"} {
		v := die(TagVariant, []attrValue{{AttrDiscrList, FormBlock, []byte(list)}})
		parts = append(parts, bad{"invalid DW_AT_discr_list", die(TagVariantPart, []attrValue{byRef(AttrDiscr, discr)}, discr, v)})
	}
	for _, c := range parts {
		f := mustOpen(t, withTypes(write(false, 8, integer, die(TagStructureType, []attrValue{name("s"), num(AttrByteSize, 2)}, discr, c.part))))
		typ, err := f.FindType(types.KindsOf(types.Struct), "s", "")
		if err != nil {
			t.Fatal(err)
		}
		if ms, err := typ.Members(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", c.want, ms, err)
		}
	}
}
