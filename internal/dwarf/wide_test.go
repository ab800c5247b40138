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
