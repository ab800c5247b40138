package c

import (
	"bufio"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

// A described type is one of testdata/*.jsonl: what the reference was asked about.
type described struct {
	Kind, Name, Tag  string
	Quals            types.Qualifiers
	Size             uint64
	Signed, Complete bool
	Variadic         bool
	Length           string
	Elem             *described
	Enumerators      [][2]string
	Members          []struct {
		Name      string
		Off, Bits uint64
		Type      *described
	}
}

var kindsByName = map[string]types.Kind{}

func init() {
	for k := types.Void; k <= types.Function; k++ {
		kindsByName[k.String()] = k
	}
}

// build makes the type that d describes.
func (m *mock) build(d *described) *types.Type {
	var t *types.Type
	switch k := kindsByName[d.Kind]; k {
	case types.Void:
		t = m.set.Void(m.lang)
	case types.Int:
		t = m.set.Int(m.lang, d.Name, d.Size, d.Signed, m.model.BigEndian)
	case types.Bool:
		t = m.set.Bool(m.lang, d.Name, d.Size, m.model.BigEndian)
	case types.Float:
		t = m.set.Float(m.lang, d.Name, d.Size, m.model.BigEndian)
	case types.Struct, types.Union, types.Class:
		if !d.Complete {
			t = m.set.IncompleteCompound(m.lang, k, d.Tag)
			break
		}
		var fields []field
		for _, f := range d.Members {
			fields = append(fields, field{f.Name, f.Off, m.build(f.Type), f.Bits})
		}
		t = m.compound(k, d.Tag, d.Size, fields...)
	case types.Enum:
		if !d.Complete {
			t = m.set.IncompleteEnum(m.lang, d.Tag)
			break
		}
		t = m.set.Enum(m.lang, d.Tag, m.build(d.Elem), func() (types.Detail, error) {
			var detail types.Detail
			for _, e := range d.Enumerators {
				v, err := strconv.ParseUint(e[1], 10, 64)
				if s, serr := strconv.ParseInt(e[1], 10, 64); serr == nil {
					v, err = uint64(s), nil
				}
				if err != nil {
					return detail, err
				}
				detail.Enumerators = append(detail.Enumerators, types.Enumerator{Name: e[0], Value: v})
			}
			return detail, nil
		})
	case types.Typedef:
		t = m.typedef(d.Name, m.build(d.Elem))
	case types.Pointer:
		t = m.ptr(m.build(d.Elem))
	case types.Array:
		elem := m.build(d.Elem)
		if d.Complete {
			n, _ := strconv.ParseUint(d.Length, 10, 64)
			t = m.array(elem, n)
		} else {
			t = m.open(elem)
		}
	case types.Function:
		var params []field
		for _, p := range d.Members {
			params = append(params, field{name: p.Name, typ: m.build(p.Type)})
		}
		t = m.function(m.build(d.Elem), d.Variadic, params...)
	}
	return t.Qualified(d.Quals)
}

// records decodes a file of testdata, a JSON value a line.
func records[T any](t testing.TB, name string) (rs []T) {
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	s := bufio.NewScanner(in)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var r T
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rs = append(rs, r)
	}
	if s.Err() != nil || len(rs) == 0 {
		t.Fatalf("%s: %d records, %v", name, len(rs), s.Err())
	}
	return rs
}

// flatMemory is memory at one place.
type flatMemory struct {
	base  uint64
	data  []byte
	names map[uint64]string
}

func (m *flatMemory) Read(buf []byte, addr uint64) error {
	if off := addr - m.base; addr >= m.base && off <= uint64(len(m.data)) && uint64(len(buf)) <= uint64(len(m.data))-off {
		copy(buf, m.data[off:])
		return nil
	}
	return fmt.Errorf("could not read %d bytes at %#x", len(buf), addr)
}

func (m *flatMemory) Missing(error) bool { return true }

func (m *flatMemory) Symbolize(addr uint64) (string, uint64, bool) {
	for start, name := range m.names {
		if addr >= start && addr < start+16 {
			return name, addr - start, true
		}
	}
	return "", 0, false
}

type formatRecord struct {
	Name, Form string
	Type       *described
	Addr, Off  uint64
	Bits       uint64
	Data       string
	Mem        [][2]any
	Cases      []struct {
		Opts map[string]any
		Out  *string
		Err  string
	}
}

var flagsByOption = map[string]FormatFlags{
	"dereference": Dereference, "symbolize": Symbolize, "string": String, "char": Char, "type_name": TypeName,
	"member_type_names": MemberTypeNames, "element_type_names": ElementTypeNames, "members_same_line": MembersSameLine,
	"elements_same_line": ElementsSameLine, "member_names": MemberNames, "element_indices": ElementIndices,
	"implicit_members": ImplicitMembers, "implicit_elements": ImplicitElements,
}

func (r *formatRecord) value(m *mock) (Value, *flatMemory) {
	mem := &flatMemory{base: 0x10000, data: make([]byte, 4096)}
	for _, run := range r.Mem {
		b, _ := hex.DecodeString(run[1].(string))
		copy(mem.data[int(run[0].(float64)):], b)
	}
	v := Value{Type: m.build(r.Type), Address: r.Addr, BitOffset: r.Off, BitFieldSize: r.Bits}
	switch r.Form {
	case "bytes":
		v.Form = Bytes
		v.Data, _ = hex.DecodeString(r.Data)
	case "absent":
		v.Form = Absent
	}
	return v, mem
}

// differences are the printed forms in which this package means to differ from the reference (0.0.22), and why.
var differences = map[string]struct{ want, why string }{
	"flex map[implicit_members:false]": {"(struct fa){\n\t.n = (int)1,\n}", "an array of unknown length counts as zero; the reference fails"},
	"incm map[]":                       {"(struct hi){\n\t.n = (int)1,\n\t.d = (struct inc)<incomplete>,\n\t.v = (void)<void>,\n}", "what can be printed is; the reference fails"},
	"voidm map[]":                      {"(struct hi){\n\t.n = (int)1,\n\t.v = (void)<void>,\n}", "what can be printed is"},
	"incenum map[]":                    {"(struct hi){\n\t.n = (int)1,\n\t.v = (enum ei)<incomplete>,\n}", "what can be printed is"},
	"ldm map[]":                        {"(struct hi){\n\t.n = (int)1,\n\t.v = (long double)<128-bit float>,\n}", "what can be printed is"},
	"fault map[]":                      {"(struct line){\n\t.a = (struct point){\n\t\t.x = (int)0,\n\t\t.y = (int)0,\n\t},\n\t.b = (struct point)<fault at 0x11000>,\n}", "what can be read is printed"},
	"pL end map[]":                     {"*(struct line *)0x10ff8 = {\n\t.a = (struct point){\n\t\t.x = (int)0,\n\t\t.y = (int)0,\n\t},\n\t.b = (struct point)<fault at 0x11000>,\n}", "what can be read is printed"},
	"i128 map[]":                       {"(__int128)316912650112397582603894390785", "128-bit integers are supported"},
}

func TestFormatReference(t *testing.T) {
	n := 0
	for _, r := range records[formatRecord](t, "format.jsonl") {
		v, mem := r.value(newMock(le64, C))
		for _, c := range r.Cases {
			format := DefaultFormat
			for name, on := range c.Opts {
				if name == "columns" {
					format.Columns = int(on.(float64))
				} else if flag, ok := flagsByOption[name]; !ok {
					t.Fatalf("option %q", name)
				} else if on.(bool) {
					format.Flags |= flag
				} else {
					format.Flags &^= flag
				}
			}
			got, err := format.String(v, mem)
			n++
			id := fmt.Sprint(r.Name, " ", c.Opts)
			if d, ok := differences[id]; ok {
				if err != nil || got != d.want {
					t.Errorf("%s: %q, %v; want %q", id, got, err, d.want)
				}
				continue
			}
			switch {
			case c.Out == nil && err == nil:
				t.Errorf("%s: %q; want error %q", id, got, c.Err)
			case c.Out != nil && err != nil:
				t.Errorf("%s: %v; want %s", id, err, *c.Out)
			case c.Out != nil && got != *c.Out:
				t.Errorf("%s:\n%s\nwant\n%s", id, got, *c.Out)
			}
		}
	}
	t.Logf("%d printed forms", n)
}
