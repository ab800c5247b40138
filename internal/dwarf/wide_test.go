package dwarf

import (
	"bytes"
	"slices"
	"testing"
)

// TestWideConstants: compilers write a constant of 128 bits as DW_FORM_sdata if that holds it, which is to be extended by its sign.
func TestWideConstants(t *testing.T) {
	for _, big := range []bool{false, true} {
		signed := die(TagBaseType, []attrValue{name("__int128"), num(AttrByteSize, 16), num(AttrEncoding, encSigned)})
		unsigned := die(TagBaseType, []attrValue{name("__int128 unsigned"), num(AttrByteSize, 16), num(AttrEncoding, encUnsigned)})
		variable := func(called string, typ *node, form Form, value uint64) *node {
			return die(TagVariable, []attrValue{name(called), byRef(AttrType, typ), {AttrConstValue, form, value}})
		}
		f := mustOpen(t, withTypes(write(big, 8, signed, unsigned,
			variable("minus", signed, FormSdata, 0x7e), variable("all", unsigned, FormSdata, 0x7f), variable("small", signed, FormSdata, 5),
			variable("byte", unsigned, FormData1, 0xff), variable("word", signed, FormData8, 1<<63))))
		for _, c := range []struct {
			name  string
			first []byte // the least significant
			rest  byte
		}{
			{"minus", []byte{0xfe}, 0xff}, {"all", []byte{0xff}, 0xff}, {"small", []byte{5}, 0}, {"byte", []byte{0xff}, 0},
			{"word", []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, 0},
		} {
			want := append(c.first, bytes.Repeat([]byte{c.rest}, 16-len(c.first))...)
			if big {
				slices.Reverse(want)
			}
			e, ok, err := f.FindEntity(EntityVariable, c.name, "", nil)
			if !ok || err != nil || !bytes.Equal(e.Bytes, want) {
				t.Errorf("%s at the top level: % x, %v, %v, want % x", c.name, e.Bytes, ok, err, want)
				continue
			}
			l, err := e.DIE.Locate(0, nil, nil) // as a local variable
			if err != nil {
				t.Fatal(err)
			}
			if b, absence, err := l.Bytes(128); absence != Present || err != nil || !bytes.Equal(b, want) {
				t.Errorf("%s in a frame: % x, %v, %v, want % x", c.name, b, absence, err, want)
			}
		}
	}
}

// TestShortLocation: clang says of a structure no more than the first of its parts if that is all it knows.
func TestShortLocation(t *testing.T) {
	number := die(TagBaseType, []attrValue{name("long"), num(AttrByteSize, 8), num(AttrEncoding, encSigned)})
	code := []byte{0x10, 5, 0x9f, 0x93, 8} // DW_OP_constu 5, DW_OP_stack_value, DW_OP_piece 8
	pair := die(TagStructureType, []attrValue{name("pair"), num(AttrByteSize, 16)})
	f := mustOpen(t, withTypes(write(false, 8, number, pair,
		die(TagVariable, []attrValue{name("v"), byRef(AttrType, pair), {AttrLocation, FormExprloc, code}}),
		die(TagVariable, []attrValue{name("whole"), byRef(AttrType, number), {AttrLocation, FormExprloc, code}}))))
	locate := func(name string) Location {
		e, ok, err := f.FindEntity(EntityVariable, name, "", nil)
		if !ok || err != nil {
			t.Fatal(name, ok, err)
		}
		l, err := e.DIE.Locate(0, nil, noRegisters{})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	v := locate("v")
	if _, absence, err := v.Bytes(128); absence != OptimizedOut || err != nil || !v.Partial() {
		t.Errorf("the whole: %v, %v, partial: %v", absence, err, v.Partial())
	}
	first, second := v.Slice(128, 0, 64), v.Slice(128, 64, 64)
	if b, absence, err := first.Bytes(64); absence != Present || err != nil || !bytes.Equal(b, []byte{5, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("the first half: % x, %v, %v", b, absence, err)
	}
	if b, absence, err := second.Bytes(64); absence != OptimizedOut || err != nil {
		t.Errorf("the second half: % x, %v, %v", b, absence, err)
	}
	whole := locate("whole")
	if b, absence, err := whole.Bytes(64); absence != Present || err != nil || b[0] != 5 {
		t.Errorf("one that is whole: % x, %v, %v", b, absence, err)
	}
}

// noRegisters is a frame of which nothing is known.
type noRegisters struct{ Frame }
