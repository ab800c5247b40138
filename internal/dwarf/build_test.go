package dwarf

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

// node is a DIE to be written: attributes are pairs of attrSpec and a value.
type node struct {
	tag      Tag
	attrs    []attrValue
	children []*node
	off      uint32 // where it was written
}

type attrValue struct {
	attr  Attr
	form  Form
	value any // uint64, string, []byte or *node
}

func die(tag Tag, attrs []attrValue, children ...*node) *node {
	return &node{tag: tag, attrs: attrs, children: children}
}

func name(s string) attrValue           { return attrValue{AttrName, FormString, s} }
func num(at Attr, n uint64) attrValue   { return attrValue{at, FormData4, n} }
func byRef(at Attr, to *node) attrValue { return attrValue{at, FormRef4, to} }
func yes(at Attr) attrValue             { return attrValue{at, FormFlagPresent, nil} }

// writer writes DIEs, each with an abbreviation of its own.
type writer struct {
	order        binary.AppendByteOrder
	info, abbrev []byte
	code         uint64
	fixups       map[int]*node // references within the unit
	far          map[int]*node // those to other units
}

func (w *writer) die(n *node) {
	n.off = uint32(len(w.info))
	w.code++
	w.info = binary.AppendUvarint(w.info, w.code)
	w.abbrev = binary.AppendUvarint(w.abbrev, w.code)
	w.abbrev = binary.AppendUvarint(w.abbrev, uint64(n.tag))
	w.abbrev = append(w.abbrev, byte(min(1, len(n.children))))
	for _, a := range n.attrs {
		w.abbrev = binary.AppendUvarint(w.abbrev, uint64(a.attr))
		w.abbrev = binary.AppendUvarint(w.abbrev, uint64(a.form))
		switch v := a.value.(type) {
		case string:
			w.info = append(append(w.info, v...), 0)
		case []byte:
			if a.form == FormData16 {
				w.info = append(w.info, v...)
				break
			}
			w.info = append(binary.AppendUvarint(w.info, uint64(len(v))), v...)
		case *node:
			if a.form == FormRef4 {
				w.fixups[len(w.info)] = v
			} else {
				w.far[len(w.info)] = v
			}
			w.info = append(w.info, 0, 0, 0, 0)
		case uint64:
			switch a.form {
			case FormData1, FormSdata: // of one byte
				w.info = append(w.info, byte(v))
			case FormData8:
				w.info = w.order.AppendUint64(w.info, v)
			case FormUdata:
				w.info = binary.AppendUvarint(w.info, v)
			default:
				w.info = w.order.AppendUint32(w.info, uint32(v))
			}
		}
	}
	w.abbrev = append(w.abbrev, 0, 0)
	for _, c := range n.children {
		w.die(c)
	}
	if len(n.children) > 0 {
		w.info = append(w.info, 0)
	}
}

// write makes the sections of one DWARF 4 unit of C with these DIEs at the top level.
func write(big bool, addrSize int, top ...*node) Config {
	return writeIn(0x0c, big, addrSize, top...)
}

// writeIn is write for a language.
func writeIn(language Lang, big bool, addrSize int, top ...*node) Config {
	return writeUnits(big, addrSize, die(TagCompileUnit, []attrValue{name("test.c"), {AttrLanguage, FormData1, uint64(language)}}, top...))
}

// writeUnits makes the sections of DWARF 4 units, each with one of these DIEs and what is below it.
func writeUnits(big bool, addrSize int, units ...*node) Config {
	w := writer{order: binary.LittleEndian, fixups: map[int]*node{}, far: map[int]*node{}}
	if big {
		w.order = binary.BigEndian
	}
	put := func(at int, n uint32) { copy(w.info[at:], w.order.AppendUint32(nil, n)) }
	for _, unit := range units {
		start := len(w.info)
		w.info = w.order.AppendUint32(w.info, 0)
		w.info = w.order.AppendUint16(w.info, 4)
		w.info = w.order.AppendUint32(w.info, 0)
		w.info = append(w.info, byte(addrSize))
		w.die(unit)
		put(start, uint32(len(w.info)-start-4))
		for at, to := range w.fixups {
			put(at, to.off-uint32(start))
		}
		clear(w.fixups)
	}
	for at, to := range w.far {
		put(at, to.off)
	}
	w.abbrev = append(w.abbrev, 0)
	return withTypes(Config{Sections: Sections{Info: w.info, Abbrev: w.abbrev}, Big: big, AddrSize: addrSize})
}

func mustOpen(t *testing.T, cfg Config) *File {
	t.Helper()
	f, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestBitFields checks the two ways of DWARF to place bit-fields in both byte orders.
func TestBitFields(t *testing.T) {
	for _, tt := range []struct {
		what  string
		big   bool
		attrs []attrValue
		want  uint64
	}{
		{"data bit offset", false, []attrValue{num(AttrDataBitOffset, 37)}, 37},
		{"data bit offset, big-endian", true, []attrValue{num(AttrDataBitOffset, 37)}, 37},
		{"both locations", false, []attrValue{num(AttrDataMemberLocation, 4), num(AttrDataBitOffset, 5)}, 5},
		{"bit offset", false, []attrValue{num(AttrDataMemberLocation, 4), num(AttrBitOffset, 24), num(AttrByteSize, 4)}, 37},
		{"bit offset, size of the type", false, []attrValue{num(AttrDataMemberLocation, 4), num(AttrBitOffset, 24)}, 37},
		{"bit offset, big-endian", true, []attrValue{num(AttrDataMemberLocation, 4), num(AttrBitOffset, 5), num(AttrByteSize, 4)}, 37},
		{"negative bit offset", false, []attrValue{num(AttrDataMemberLocation, 4), {AttrBitOffset, FormSdata, uint64(0x7f)}, num(AttrByteSize, 1)}, 38},
		{"location as expression", false, []attrValue{{AttrDataMemberLocation, FormExprloc, []byte{0x23, 4}}, num(AttrBitOffset, 24), num(AttrByteSize, 4)}, 37},
		{"no location", false, nil, 0},
	} {
		t.Run(tt.what, func(t *testing.T) {
			integer := die(TagBaseType, []attrValue{name("int"), num(AttrByteSize, 4), {AttrEncoding, FormData1, uint64(encSigned)}})
			member := die(TagMember, append([]attrValue{name("m"), byRef(AttrType, integer), num(AttrBitSize, 3)}, tt.attrs...))
			f := mustOpen(t, write(tt.big, 8, integer, die(TagStructureType, []attrValue{name("s"), num(AttrByteSize, 8)}, member)))
			s, err := f.FindType(types.KindsOf(types.Struct), "s", "")
			if err != nil || s == nil {
				t.Fatal(s, err)
			}
			m, err := s.FindMember("m")
			if err != nil || m.BitOffset != tt.want || m.BitFieldSize != 3 {
				t.Errorf("%+v, %v, want bit offset %d", m, err, tt.want)
			}
			if m.Type.BigEndian() != tt.big {
				t.Error("wrong byte order")
			}
		})
	}
}

// TestDeclarations checks what a declaration stands for.
func TestDeclarations(t *testing.T) {
	point := func(member string) *node {
		return die(TagStructureType, []attrValue{name("s"), num(AttrByteSize, 8)}, die(TagMember, []attrValue{name(member)}))
	}
	for _, tt := range []struct {
		what     string
		defs     []*node
		complete bool
	}{
		{"no definition", nil, false},
		{"one", []*node{point("a")}, true},
		{"two alike", []*node{point("a"), point("a")}, true},
		{"two that differ", []*node{point("a"), point("b")}, false},
	} {
		decl := die(TagStructureType, []attrValue{name("s"), yes(AttrDeclaration)})
		alias := die(TagTypedef, []attrValue{name("alias"), byRef(AttrType, decl)})
		for i, d := range tt.defs {
			d.attrs = append(d.attrs, num(AttrDeclLine, uint64(i)))
		}
		f := mustOpen(t, write(false, 4, append(tt.defs, decl, alias)...))
		typ, err := f.FindType(types.KindsOf(types.Typedef), "alias", "")
		if err != nil || typ == nil || typ.Elem().Tag() != "s" {
			t.Errorf("%s: %v, %v", tt.what, typ, err)
			continue
		}
		if got := typ.Elem().IsComplete(); got != tt.complete {
			t.Errorf("%s: complete %v, want %v", tt.what, got, tt.complete)
		}
		s, err := f.FindType(types.KindsOf(types.Struct), "s", "")
		if err != nil || (s != nil) != (len(tt.defs) > 0) {
			t.Errorf("%s: by name %v, %v", tt.what, s, err)
		}
		if tt.complete && s != typ.Elem() {
			t.Errorf("%s: the declaration and the definition are two types", tt.what)
		}
	}
}

// TestCircles checks that types of bad files that refer to themselves are failures.
func TestCircles(t *testing.T) {
	for _, tag := range []Tag{TagTypedef, TagConstType, TagPointerType, TagArrayType, TagSubroutineType, TagEnumerationType} {
		a, b := die(tag, []attrValue{name("a")}), die(TagTypedef, []attrValue{name("b")})
		a.attrs = append(a.attrs, byRef(AttrType, b))
		b.attrs = append(b.attrs, byRef(AttrType, a))
		f := mustOpen(t, write(false, 8, a, b))
		typ, err := f.FindType(types.KindsOf(types.Typedef), "b", "")
		if typ != nil || !errors.As(err, new(*types.DepthError)) || !strings.Contains(err.Error(), "circle") {
			t.Errorf("%v: %v, %v", tag, typ, err)
		}
	}
	v := die(TagVariable, nil)
	v.attrs = []attrValue{byRef(AttrSpecification, v)}
	if err := mustOpen(t, write(false, 8, v)).IndexNames(nil); err == nil {
		t.Error("a variable that specifies itself: no error")
	}
}

func TestBadTypes(t *testing.T) {
	for _, tt := range []struct {
		n    *node
		want string
	}{
		{die(TagBaseType, []attrValue{name("t"), num(AttrByteSize, 17), num(AttrEncoding, encComplexFloat)}), "of 17 bytes is not supported"},
		{die(TagBaseType, []attrValue{name("t"), num(AttrEncoding, encSigned)}), "missing or invalid DW_AT_byte_size"},
		{die(TagBaseType, []attrValue{name("t"), num(AttrByteSize, 4), num(AttrEncoding, 0x7f)}), "unknown DWARF encoding 0x7f"},
		{die(TagEnumerationType, []attrValue{name("t")}), "missing or invalid DW_AT_byte_size"},
		{die(TagTypedef, []attrValue{name("t"), {AttrType, FormRef4, uint64(0xffffff)}}), "out of the unit"},
		{die(TagTypedef, []attrValue{name("t"), {AttrType, FormRefAddr, uint64(0xffffff)}}), "past the end"},
		{die(TagTypedef, []attrValue{name("t"), {AttrType, FormRefSig8, make([]byte, 0)}}), ""},
		{die(TagTypedef, []attrValue{name("t"), byRef(AttrType, die(TagVariable, nil))}), "unit"},
	} {
		f, err := Open(write(false, 8, tt.n, die(TagVariable, []attrValue{name("after")})))
		if err != nil {
			continue // damaged enough not to open
		}
		typ, err := f.FindType(types.KindsOf(types.Int, types.Float, types.Enum, types.Typedef), "t", "")
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("want %q: %v, %v", tt.want, typ, err)
		}
	}
}

// TestArrays checks what bounds mean.
func TestArrays(t *testing.T) {
	for _, tt := range []struct {
		bounds [][]attrValue
		want   string
	}{
		{[][]attrValue{{num(AttrCount, 3)}}, "int[3]"},
		{[][]attrValue{{num(AttrUpperBound, 3)}}, "int[4]"},
		{[][]attrValue{{num(AttrUpperBound, 3), num(AttrLowerBound, 1)}}, "int[3]"},
		{[][]attrValue{{}}, "int[]"},
		{nil, "int[]"},
		{[][]attrValue{{{AttrUpperBound, FormData8, ^uint64(0)}}}, "int[0]"},
		{[][]attrValue{{{AttrUpperBound, FormExprloc, []byte{0x30}}}}, "int[]"},
		{[][]attrValue{{num(AttrCount, 2)}, {num(AttrCount, 3)}}, "int[2][3]"},
		{[][]attrValue{{}, {num(AttrCount, 3)}}, "int[][3]"},
		{[][]attrValue{{num(AttrCount, 2)}, {}}, "int[2][0]"},
	} {
		integer := die(TagBaseType, []attrValue{name("int"), num(AttrByteSize, 4), num(AttrEncoding, encSigned)})
		array := die(TagArrayType, []attrValue{byRef(AttrType, integer)})
		for _, b := range tt.bounds {
			array.children = append(array.children, die(TagSubrangeType, b))
		}
		f := mustOpen(t, write(true, 4, integer, array, die(TagTypedef, []attrValue{name("t"), byRef(AttrType, array)})))
		typ, err := f.FindType(types.KindsOf(types.Typedef), "t", "")
		if err != nil || typ == nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(typ.Elem().String(), "int [", "int["); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.bounds, got, tt.want)
		}
	}
}

// TestFortranArrays checks arrays of languages whose first index is 1, and whose first index may be the one that changes from element to element:
// integer t(10), m(2,3), lo(-1:2) and last(2,*) of gfortran are int [10], [3][2], [4] and [][2], as gdb prints their elements. Of those that a descriptor
// tells of, and those with gaps, nothing may be read.
func TestFortranArrays(t *testing.T) {
	const c, fortran95, ada95 = 0x0c, 0x0e, 0x0d
	expression := func(at Attr) attrValue { return attrValue{at, FormExprloc, []byte{0x30}} }
	upper := func(n uint64) []attrValue { return []attrValue{num(AttrUpperBound, n)} }
	for _, tt := range []struct {
		language Lang
		array    []attrValue
		bounds   [][]attrValue
		want     string
	}{
		{fortran95, nil, [][]attrValue{upper(10)}, "int[10]"},
		{ada95, nil, [][]attrValue{upper(10)}, "int[10]"},
		{c, nil, [][]attrValue{upper(10)}, "int[11]"},
		{fortran95, []attrValue{num(AttrOrdering, 1)}, [][]attrValue{upper(2), upper(3)}, "int[3][2]"},
		{fortran95, nil, [][]attrValue{upper(2), upper(3)}, "int[3][2]"},
		{fortran95, []attrValue{num(AttrOrdering, 0)}, [][]attrValue{upper(2), upper(3)}, "int[2][3]"},
		{ada95, nil, [][]attrValue{upper(2), upper(3)}, "int[2][3]"},
		{c, []attrValue{num(AttrOrdering, 1)}, [][]attrValue{upper(1), upper(2)}, "int[3][2]"},
		{fortran95, nil, [][]attrValue{append(upper(2), attrValue{AttrLowerBound, FormSdata, uint64(0x7f)})}, "int[4]"},
		{fortran95, nil, [][]attrValue{upper(2), {}}, "int[][2]"},
		{fortran95, nil, [][]attrValue{append(upper(2), expression(AttrLowerBound))}, "int[]"},
		{fortran95, nil, [][]attrValue{append(upper(2), attrValue{AttrLowerBound, FormString, "x"})}, "lower_bound"},
		{fortran95, []attrValue{expression(AttrDataLocation)}, [][]attrValue{upper(2)}, "DW_TAG_array_type with DW_AT_data_location is not supported"},
		{c, nil, [][]attrValue{append(upper(2), num(AttrByteStride, 4))}, "int[3]"},
		{c, nil, [][]attrValue{append(upper(2), num(AttrByteStride, 8))}, "DW_AT_byte_stride"},
		{c, nil, [][]attrValue{append(upper(2), expression(AttrByteStride))}, "DW_AT_byte_stride"},
		{c, []attrValue{num(AttrBitStride, 1)}, [][]attrValue{upper(2)}, "DW_AT_bit_stride"},
		{c, []attrValue{num(AttrBitStride, 32)}, [][]attrValue{upper(2)}, "int[3]"},
		{c, nil, [][]attrValue{append(upper(2), num(AttrByteStride, 8)), upper(1)}, "int[3][2]"},
		{c, nil, [][]attrValue{append(upper(2), num(AttrByteStride, 16)), upper(1)}, "DW_AT_byte_stride"},
	} {
		integer := die(TagBaseType, []attrValue{name("int"), num(AttrByteSize, 4), num(AttrEncoding, encSigned)})
		array := die(TagArrayType, append([]attrValue{byRef(AttrType, integer)}, tt.array...))
		for _, b := range tt.bounds {
			array.children = append(array.children, die(TagSubrangeType, b))
		}
		f := mustOpen(t, writeIn(tt.language, true, 4, integer, array, die(TagTypedef, []attrValue{name("t"), byRef(AttrType, array)})))
		var got string
		typ, err := f.FindType(types.KindsOf(types.Typedef), "t", "")
		switch {
		case err != nil:
			got = err.Error()
		case typ == nil:
			got = "no type"
		default:
			got = strings.ReplaceAll(typ.Elem().String(), "int [", "int[")
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%#x %v %v: %s, want %s", tt.language, tt.array, tt.bounds, got, tt.want)
		}
	}
}

// TestOtherLanguages checks types that C does not have: Rust's of what has no value, and Go's values of functions, which are pointers to what
// begins with a pointer to code.
func TestOtherLanguages(t *testing.T) {
	unit := die(TagBaseType, []attrValue{name("()"), num(AttrByteSize, 0), num(AttrEncoding, encUnsigned)})
	function := die(TagSubroutineType, []attrValue{num(AttrByteSize, 8)})
	plain := die(TagSubroutineType, nil)
	f := mustOpen(t, write(false, 8, unit, function, plain, die(TagTypedef, []attrValue{name("unit"), byRef(AttrType, unit)}),
		die(TagTypedef, []attrValue{name("func()"), byRef(AttrType, function)}), die(TagTypedef, []attrValue{name("function"), byRef(AttrType, plain)})))
	for name, want := range map[string]string{"unit": "struct ()", "func()": "void (**)(void)", "function": "void (void)"} {
		typ, err := f.FindType(types.KindsOf(types.Typedef), name, "")
		if err != nil || typ == nil {
			t.Fatal(name, typ, err)
		}
		if got := typ.Elem().String(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		size, err := typ.Elem().Size()
		if want := map[string]uint64{"func()": 8}[name]; size != want || (err != nil) != (name == "function") {
			t.Errorf("%s: %d bytes, %v", name, size, err)
		}
	}
}
