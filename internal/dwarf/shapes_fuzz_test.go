package dwarf

import (
	"testing"

	"github.com/godrgn/drgn/types"
)

// shapes are DIEs of shapes that compilers rarely or never write, as parity scripts have them.
func shapes() []*node {
	ref := func(at Attr, n *node) attrValue { return byRef(at, n) }
	expr := func(code string) attrValue { return attrValue{AttrLocation, FormExprloc, []byte(code)} }
	integer := die(TagBaseType, []attrValue{name("int"), num(AttrByteSize, 4), num(AttrEncoding, encSigned)})
	open := die(TagArrayType, []attrValue{ref(AttrType, integer)}, die(TagSubrangeType, nil))
	flexible := die(TagTypedef, []attrValue{name("flexible"), ref(AttrType, open)})
	pack := die(TagGNUTemplateParamPack, []attrValue{name("Ts")},
		die(TagTemplateTypeParam, []attrValue{ref(AttrType, integer)}),
		die(TagTemplateValueParam, []attrValue{name("V"), ref(AttrType, integer), {AttrLocation, FormExprloc, []byte("\x31\x9f")}}))
	structure := die(TagStructureType, []attrValue{name("s"), num(AttrByteSize, 8)}, pack,
		die(TagMember, []attrValue{name("bits"), ref(AttrType, integer), num(AttrBitSize, 3), num(AttrBitOffset, 29), num(AttrByteSize, 4)}),
		die(TagMember, []attrValue{name("f"), ref(AttrType, flexible), {AttrDataMemberLocation, FormExprloc, []byte("\x23\x04")}}))
	declared := die(TagStructureType, []attrValue{name("s"), num(AttrDeclaration, 1)})
	enum := die(TagEnumerationType, []attrValue{name("e"), num(AttrByteSize, 4), num(AttrEnumClass, 1)},
		die(TagEnumerator, []attrValue{name("A"), num(AttrConstValue, 5)}))
	spec := die(TagVariable, []attrValue{name("v"), ref(AttrType, structure), num(AttrDeclaration, 1)})
	out := []*node{integer, open, flexible, structure, declared, enum, spec,
		die(TagNamespace, []attrValue{name("n")}, die(TagVariable, []attrValue{name("inner"), ref(AttrType, declared), expr("\x9c")})),
		die(TagVariable, []attrValue{ref(AttrSpecification, spec), expr("\x31\x9f\x93\x04\x9e\x02\x01\x02\x93\x04")}),
		die(TagVariable, []attrValue{name("text"), ref(AttrType, open), {AttrConstValue, FormString, "abc"}}),
		die(TagVariable, []attrValue{name("number"), ref(AttrType, integer), num(AttrConstValue, 255)}),
		die(TagVariable, []attrValue{name("block"), ref(AttrType, structure), {AttrConstValue, FormBlock, []byte("12345678")}}),
	}
	for _, code := range []string{"\x31\x30\x1b", "\x2f\xfd\xff", "\x9f", "\x30\x06", "\x93\x04\x9d\x03\x01", "\xa0\x00\x00\x00\x00\x00", "\x96", "\xff"} {
		out = append(out, die(TagVariable, []attrValue{name("x"), ref(AttrType, integer), expr(code)}))
	}
	return out
}

// FuzzShapes opens damaged sections that hold such shapes, with a supplementary file, and looks at all there is.
func FuzzShapes(f *testing.F) {
	for _, big := range []bool{false, true} {
		s := write(big, 8, shapes()...).Sections
		f.Add(s.Info, s.Abbrev, big)
		s = write(big, 8, variantShapes(false)...).Sections
		f.Add(s.Info, s.Abbrev, big)
	}
	sup := mustOpenFuzz(f, write(false, 8, shapes()...))
	f.Fuzz(func(t *testing.T, info, abbrev []byte, big bool) {
		cfg := withTypes(Config{Big: big, AddrSize: 8, Sup: sup, Sections: Sections{Info: info, Abbrev: abbrev}})
		cfg.Argument = func(d DIE, _ *types.Type) (any, error) { return d.Unit.File.EntityOf(d) }
		file, err := Open(cfg)
		if err != nil {
			return
		}
		const all = types.KindSet(0xffff)
		n := 0
		for name := range file.TypeNames(all) {
			if n++; n > 50 {
				break
			}
			if typ, err := file.FindType(all, name, ""); err == nil {
				visit(t, typ, 3)
			}
		}
		for _, kind := range []EntityKind{EntityVariable, EntityFunction, EntityConstant} {
			n := 0
			for name := range file.Names(kind) {
				if n++; n > 50 {
					break
				}
				e, ok, err := file.FindEntity(kind, name, "", nil)
				if err != nil || !ok {
					continue
				}
				visit(t, e.Type, 2)
				bits, err := e.Type.BitSize()
				if loc, bad := e.DIE.Locate(0, nil, nil); bad == nil && err == nil {
					loc.Address(e.Type.BitSize)
					if b, absence, err := loc.Bytes(bits); b != nil && (err != nil || absence != Present) {
						t.Fatal("a value and none")
					}
				}
			}
		}
	})
}

func mustOpenFuzz(f *testing.F, cfg Config) *File {
	file, err := Open(cfg)
	if err != nil {
		f.Fatal(err)
	}
	return file
}

// TestShapes checks that the shapes are well-formed.
func TestShapes(t *testing.T) {
	for _, big := range []bool{false, true} {
		file := mustOpen(t, write(big, 8, shapes()...))
		s, err := file.FindType(types.KindsOf(types.Struct), "s", "")
		if err != nil || s == nil {
			t.Fatal(s, err)
		}
		ms, err := s.Members()
		if err != nil || len(ms) != 2 || ms[1].BitOffset != 32 {
			t.Errorf("members %+v, %v", ms, err)
		}
		if ps, err := s.TemplateParameters(); err != nil || len(ps) != 2 {
			t.Errorf("template parameters %+v, %v", ps, err)
		}
		for _, what := range []string{"e::A", "A"} {
			if file.mainCPP {
				break
			}
			if e, ok, err := file.FindEntity(EntityConstant, what, "", nil); err != nil || !ok || e.Value != 5 {
				t.Errorf("%s: %+v, %v, %v", what, e, ok, err)
			}
		}
		if e, ok, err := file.FindEntity(EntityVariable, "v", "", nil); err != nil || !ok || e.Expr == nil {
			t.Errorf("v: %+v, %v, %v", e, ok, err)
		}
		if e, ok, err := file.FindEntity(EntityVariable, "block", "", nil); err != nil || !ok || string(e.Bytes) != "12345678" {
			t.Errorf("block: %+v, %v, %v", e, ok, err)
		}
	}
}
