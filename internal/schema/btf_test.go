package schema

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// Kinds of BTF types (include/uapi/linux/btf.h).
const (
	kindInt = 1 + iota
	kindPtr
	kindArray
	kindStruct
	kindUnion
	kindEnum
	kindFwd
	kindTypedef
	kindVolatile
	kindConst
	kindRestrict
	kindFunc
	kindFuncProto
	kindVar
	kindDatasec
	kindFloat
	kindDeclTag
	kindTypeTag
	kindEnum64
)

// A record is a struct btf_type with what follows it.
type record struct {
	name       string
	kind       uint32
	flag       bool   // kind_flag
	vlen       uint32 // number of members, enumerators, parameters
	sizeOrType uint32
	data       []byte
}

// btf is the type information of a kernel.
type btf struct {
	records []record          // by ID; 0 is void
	byName  map[string]uint32 // "struct page", "atomic_t", "enum zone_type" → ID
	vars    map[string]uint32 // per-CPU variables → ID of their type
	consts  map[string]uint32 // enumerators → ID of their enumeration
	text    bin.Cursor
	set     *types.Set
	made    []*types.Type
}

// extra is the size of what follows a struct btf_type.
func extra(kind, vlen uint32) uint64 {
	switch kind {
	case kindInt, kindVar, kindDeclTag:
		return 4
	case kindArray:
		return 12
	case kindStruct, kindUnion, kindDatasec, kindEnum64:
		return 12 * uint64(vlen)
	case kindEnum, kindFuncProto:
		return 8 * uint64(vlen)
	}
	return 0
}

// readBTF reads a file that is compressed with xz. Types are made in the set.
func readBTF(t testing.TB, name string, set *types.Set) *btf {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := xz.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	head := bin.New(name, data, false)
	if magic := head.U16(); magic != 0xeb9f {
		t.Fatalf("%s: magic number %#x", name, magic)
	}
	head.Skip(2)
	length := uint64(head.U32())
	typeOff, typeLen, strOff, strLen := uint64(head.U32()), uint64(head.U32()), uint64(head.U32()), uint64(head.U32())
	head.Seek(length + typeOff)
	section := bin.New(name+" types", head.Bytes(typeLen), false)
	head.Seek(length + strOff)
	text := bin.New(name+" strings", head.Bytes(strLen), false)
	b := &btf{records: make([]record, 1), byName: map[string]uint32{}, vars: map[string]uint32{}, consts: map[string]uint32{}, set: set}
	for section.Len() > 0 {
		text.Seek(uint64(section.U32()))
		info := section.U32()
		r := record{name: string(text.CString()), kind: info >> 24 & 31, flag: info>>31 != 0, vlen: info & 0xffff, sizeOrType: section.U32()}
		r.data = section.Bytes(extra(r.kind, r.vlen))
		b.index(r, &text)
		b.records = append(b.records, r)
	}
	for _, err := range []error{head.Err(), section.Err(), text.Err()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.made = make([]*types.Type, len(b.records))
	b.text = text
	return b
}

// prefixes are what a type of a kind is asked for with.
var prefixes = map[uint32]string{kindStruct: "struct ", kindUnion: "union ", kindEnum: "enum ", kindEnum64: "enum ", kindTypedef: "", kindInt: "", kindFloat: ""}

// index remembers a type by its name. Of several with one name, the first counts.
func (b *btf) index(r record, text *bin.Cursor) {
	id := uint32(len(b.records))
	if r.kind == kindVar {
		b.vars[r.name] = r.sizeOrType
		return
	}
	prefix, ok := prefixes[r.kind]
	if !ok {
		return
	}
	if _, ok := b.byName[prefix+r.name]; !ok && r.name != "" {
		b.byName[prefix+r.name] = id
	}
	if r.kind != kindEnum && r.kind != kindEnum64 {
		return
	}
	step := extra(r.kind, 1)
	for i := range uint64(r.vlen) {
		text.Seek(uint64(binary.LittleEndian.Uint32(r.data[i*step:])))
		b.consts[string(text.CString())] = id
	}
}

func (b *btf) string(off uint32) string {
	text := b.text
	text.Seek(uint64(off))
	return string(text.CString())
}

// typ returns the type of an ID. Qualifiers and tags are passed over.
func (b *btf) typ(id uint32) (*types.Type, error) {
	if id == 0 {
		return b.set.Void(c.C), nil
	}
	if int(id) >= len(b.records) {
		return nil, fmt.Errorf("BTF has no type %d", id)
	}
	if t := b.made[id]; t != nil {
		return t, nil
	}
	t, err := b.make(&b.records[id])
	b.made[id] = t
	return t, err
}

func (b *btf) make(r *record) (*types.Type, error) {
	u32 := func(i int) uint32 { return binary.LittleEndian.Uint32(r.data[4*i:]) }
	switch r.kind {
	case kindInt:
		if u32(0)>>24&4 != 0 {
			return b.set.Bool(c.C, r.name, uint64(r.sizeOrType), false), nil
		}
		return b.set.Int(c.C, r.name, uint64(r.sizeOrType), u32(0)>>24&1 != 0, false), nil
	case kindFloat:
		return b.set.Float(c.C, r.name, uint64(r.sizeOrType), false), nil
	case kindStruct, kindUnion:
		kind := types.Struct
		if r.kind == kindUnion {
			kind = types.Union
		}
		return b.set.Compound(c.C, kind, r.name, uint64(r.sizeOrType), func() (types.Detail, error) { return b.members(r) }), nil
	case kindFwd:
		kind := types.Struct
		if r.flag {
			kind = types.Union
		}
		return b.set.IncompleteCompound(c.C, kind, r.name), nil
	case kindEnum, kindEnum64:
		return b.enum(r), nil
	case kindArray:
		elem, err := b.typ(u32(0))
		if err != nil {
			return nil, err
		}
		return b.set.Array(c.C, elem, uint64(u32(2))), nil
	}
	of, err := b.typ(r.sizeOrType)
	if err != nil {
		return nil, err
	}
	switch r.kind {
	case kindPtr:
		return b.set.Pointer(c.C, of, 8, false), nil
	case kindTypedef:
		return b.set.Typedef(c.C, r.name, of), nil
	case kindFuncProto:
		return b.set.Function(c.C, of, false, func() (types.Detail, error) { return types.Detail{}, nil }), nil
	case kindVolatile, kindConst, kindRestrict, kindTypeTag:
		return of, nil
	}
	return nil, fmt.Errorf("BTF type of kind %d is none", r.kind)
}

func (b *btf) members(r *record) (d types.Detail, err error) {
	for i := range int(r.vlen) {
		m := r.data[12*i:]
		name, id, offset := b.string(binary.LittleEndian.Uint32(m)), binary.LittleEndian.Uint32(m[4:]), binary.LittleEndian.Uint32(m[8:])
		size := uint32(0)
		if r.flag {
			offset, size = offset&0xffffff, offset>>24
		}
		d.Members = append(d.Members, types.Member{Name: name, BitOffset: uint64(offset), Lazy: types.Later(func() (types.Slot, error) {
			t, err := b.typ(id)
			return types.Slot{Type: t, BitFieldSize: uint64(size)}, err
		})})
	}
	return d, nil
}

func (b *btf) enum(r *record) *types.Type {
	compatible := b.set.Int(c.C, "unsigned int", 4, false, false)
	if r.sizeOrType == 8 {
		compatible = b.set.Int(c.C, "unsigned long", 8, false, false)
	}
	step := int(extra(r.kind, 1))
	return b.set.Enum(c.C, r.name, compatible, func() (d types.Detail, err error) {
		for i := range int(r.vlen) {
			e := r.data[step*i:]
			value := uint64(binary.LittleEndian.Uint32(e[4:]))
			if r.kind == kindEnum64 {
				value |= uint64(binary.LittleEndian.Uint32(e[8:])) << 32
			}
			d.Enumerators = append(d.Enumerators, types.Enumerator{Name: b.string(binary.LittleEndian.Uint32(e)), Value: value})
		}
		return d, nil
	})
}

// in returns the same types, to be made in another set.
func (b *btf) in(set *types.Set) *btf {
	again := *b
	again.set, again.made = set, make([]*types.Type, len(b.records))
	return &again
}
