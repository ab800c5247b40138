// Package btf reads BTF, the types that kernels carry with them (Documentation/bpf/btf.rst, include/uapi/linux/btf.h): base
// BTF, and split BTF, whose type IDs and string offsets go on where those of its base end.
//
// A [File] refers to the bytes that it was opened with and keeps twelve bytes more for each type: where it lies, and an index
// of names. A type is decoded when it is asked for.
package btf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/lock"
)

// An ID is the number of a type: 0 is void.
type ID uint32

// A Kind is what a type is (BTF_KIND_*).
type Kind uint8

// The kinds of types.
const (
	Void Kind = iota
	Int
	Ptr
	Array
	Struct
	Union
	Enum
	Fwd
	Typedef
	Volatile
	Const
	Restrict
	Func
	FuncProto
	Var
	Datasec
	Float
	DeclTag
	TypeTag
	Enum64
	kinds
)

var kindNames = [kinds]string{"VOID", "INT", "PTR", "ARRAY", "STRUCT", "UNION", "ENUM", "FWD", "TYPEDEF", "VOLATILE", "CONST",
	"RESTRICT", "FUNC", "FUNC_PROTO", "VAR", "DATASEC", "FLOAT", "DECL_TAG", "TYPE_TAG", "ENUM64"}

func (k Kind) String() string {
	if k >= kinds {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return kindNames[k]
}

// A KindSet is a set of kinds.
type KindSet uint32

// KindsOf returns the set of kinds.
func KindsOf(ks ...Kind) (s KindSet) {
	for _, k := range ks {
		s |= 1 << k
	}
	return s
}

// Has reports whether the set has a kind.
func (s KindSet) Has(k Kind) bool { return k < 32 && s>>k&1 != 0 }

// ByName are the kinds that [File.Find] finds.
const ByName KindSet = 1<<Int | 1<<Struct | 1<<Union | 1<<Enum | 1<<Typedef | 1<<Func | 1<<Var | 1<<Float | 1<<Enum64 | 1<<Fwd

// A layout is how many bytes follow the 12 that each type has: some, and some for each of its elements.
type layout struct {
	known      bool
	some, each uint8
}

// layouts are those of the kinds of types.
var layouts = [kinds]layout{
	Int: {true, 4, 0}, Ptr: {true, 0, 0}, Array: {true, 12, 0}, Struct: {true, 0, 12}, Union: {true, 0, 12}, Enum: {true, 0, 8},
	Fwd: {true, 0, 0}, Typedef: {true, 0, 0}, Volatile: {true, 0, 0}, Const: {true, 0, 0}, Restrict: {true, 0, 0},
	Func: {true, 0, 0}, FuncProto: {true, 0, 8}, Var: {true, 4, 0}, Datasec: {true, 0, 12}, Float: {true, 0, 0},
	DeclTag: {true, 4, 0}, TypeTag: {true, 0, 0}, Enum64: {true, 0, 12},
}

const (
	magic      = 0xeb9f
	headerSize = 24 // of the first version; since v7.1 the layouts of kinds follow
	typeSize   = 12 // of struct btf_type
	maxID      = 1 << 28
)

// A File is BTF, checked as far as it takes to find a type and its name. It never changes and is thread-safe.
type File struct {
	name  string
	big   bool
	order binary.ByteOrder
	types []byte
	text  []byte
	base  *File
	start uint64 // of the types in the bytes, for errors

	firstID   ID     // of the file's own types
	firstText uint32 // offset of the file's own first string
	offsets   []uint32
	names     index
	enums     lock.First[*enumIndex] // made when an enumerator is first looked for
}

// Is reports whether data begins as BTF does, in either byte order.
func Is(data []byte) bool {
	return len(data) >= 4 && (data[0] == 0x9f && data[1] == 0xeb || data[0] == 0xeb && data[1] == 0x9f) && data[2] == 1
}

// IsSplit reports whether data is split BTF: its first string is not the empty one, which is the base's.
func IsSplit(data []byte) bool {
	h, err := readHeader("BTF", data)
	return err == nil && h.textEnd <= uint64(len(data)) && (h.text >= h.textEnd || data[h.text] != 0)
}

// A header is where the sections lie in the bytes.
type header struct {
	big                            bool
	types, text, layout, layoutEnd uint64
	typesEnd, textEnd              uint64
}

// Size returns how many bytes BTF takes, of which data holds the first 32 at least: it may be longer, and what follows is not looked at.
func Size(data []byte) (uint64, error) {
	h, err := readHeader("BTF", data)
	return max(h.typesEnd, h.textEnd, h.layoutEnd), err
}

func readHeader(name string, data []byte) (h header, err error) {
	if !Is(data) {
		return h, &failure.DecodeError{Section: name, Problem: "BTF must begin with the magic number 0xeb9f and version 1"}
	}
	h.big = data[0] == 0xeb
	c := bin.New(name, data, h.big)
	c.Skip(4) // magic number, version, flags
	size := uint64(c.U32())
	if size < headerSize || size%4 != 0 {
		c.Fail("BTF header of %d bytes", size)
	}
	part := func() (start, end uint64) {
		start = size + uint64(c.U32())
		return start, start + uint64(c.U32())
	}
	h.types, h.typesEnd = part()
	h.text, h.textEnd = part()
	if size >= headerSize+8 {
		h.layout, h.layoutEnd = part()
	}
	return h, c.Err()
}

// Open checks BTF. Data is kept, not copied; what follows BTF in it is ignored. Base is the base of split BTF, else nil. Name
// is for errors, which are *failure.DecodeError.
func Open(name string, data []byte, base *File) (*File, error) {
	h, err := readHeader(name, data)
	if err != nil {
		return nil, err
	}
	bad := func(off uint64, format string, args ...any) (*File, error) {
		return nil, &failure.DecodeError{Section: name, Off: off, Problem: fmt.Sprintf(format, args...)}
	}
	for _, part := range []struct {
		name       string
		start, end uint64
	}{{"types", h.types, h.typesEnd}, {"strings", h.text, h.textEnd}, {"layouts", h.layout, h.layoutEnd}} {
		if part.end > uint64(len(data)) {
			return bad(4, "the %s end at %#x, past the end (%#x)", part.name, part.end, len(data))
		}
	}
	f := &File{name: name, big: h.big, order: binary.LittleEndian, types: data[h.types:h.typesEnd:h.typesEnd],
		text: data[h.text:h.textEnd:h.textEnd], base: base, start: h.types, firstID: 1}
	if h.big {
		f.order = binary.BigEndian
	}
	if base != nil {
		if base.big != f.big {
			return bad(0, "byte order is not that of its base, %s", base.name)
		}
		f.firstID, f.firstText = ID(base.Len()), base.textEnd()
	}
	switch {
	case len(f.text) > 0 && f.text[len(f.text)-1] != 0:
		return bad(h.textEnd, "the last string does not end")
	case base == nil && (len(f.text) == 0 || f.text[0] != 0):
		return bad(h.text, "the first string is not empty")
	}
	if err := f.scan(data[h.layout:h.layoutEnd]); err != nil {
		return nil, err
	}
	if base != nil {
		if err := f.checkSplit(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// scan goes once over all types: it remembers where they lie, and indexes their names.
func (f *File) scan(table []byte) error {
	more := map[Kind]layout{} // of kinds that are newer than this package
	for i := 0; i+4 <= len(table) && i/4 < 128; i += 4 {
		k, l := Kind(i/4), layout{true, table[i], table[i+1]}
		if k >= kinds {
			more[k] = l
		} else if known := layouts[k]; known.some != l.some || known.each != l.each {
			return &failure.DecodeError{Section: f.name, Problem: fmt.Sprintf("the file has other layouts of types than are known: %s of %d and %d bytes", k, l.some, l.each)}
		}
	}
	hash := make([]uint32, 0, len(f.types)/24)
	f.offsets = make([]uint32, 0, len(f.types)/24)
	named, end := 0, f.textEnd()
	for at := 0; at < len(f.types); {
		id := f.firstID + ID(len(f.offsets))
		left := f.types[at:]
		switch {
		case len(left) < typeSize:
			return f.bad(id, at, "%d bytes are left for a type", len(left))
		case id >= maxID:
			return f.bad(id, at, "more than %d types", maxID)
		}
		name, info := f.order.Uint32(left), f.order.Uint32(left[4:])
		k, n := Kind(info>>24&0x7f), uint64(info&0xffffff)
		var l layout
		if k < kinds {
			l = layouts[k]
		} else {
			l = more[k]
		}
		if !l.known {
			return f.bad(id, at, "%s is not known, and the file does not say how long it is", k)
		}
		if l.each == 0 && k < kinds {
			n = 0
		}
		size := typeSize + uint64(l.some) + n*uint64(l.each)
		if size > uint64(len(left)) {
			return f.bad(id, at, "%s of %d elements takes %d bytes, %d are left", k, n, size, len(left))
		}
		if name >= end {
			return f.bad(id, at, "name at offset %#x, past the end of the strings (%#x)", name, end)
		}
		h := uint32(0)
		if name != 0 && ByName.Has(k) {
			h = hashOf(f.bytes(name))
			named++
		}
		hash = append(hash, h)
		f.offsets = append(f.offsets, uint32(at))
		at += int(size)
	}
	f.names = newIndex(hash, named)
	return nil
}

// bad says what is wrong with a type at an offset among the types.
func (f *File) bad(id ID, at int, format string, args ...any) error {
	return &failure.DecodeError{Section: f.name, Off: f.start + uint64(at), Problem: fmt.Sprintf("type %d: ", id) + fmt.Sprintf(format, args...)}
}

// Name returns what the file is called in errors.
func (f *File) Name() string { return f.name }

// BigEndian reports the byte order.
func (f *File) BigEndian() bool { return f.big }

// Base returns the base of split BTF, else nil.
func (f *File) Base() *File { return f.base }

// First returns the ID of the first type that is not the base's.
func (f *File) First() ID { return f.firstID }

// Len returns the number of types, void and those of the base included: all IDs are less.
func (f *File) Len() uint32 { return uint32(f.firstID) + uint32(len(f.offsets)) }

// bytes returns the string at an offset that is not past the end.
func (f *File) bytes(off uint32) []byte {
	for off < f.firstText {
		f = f.base
	}
	b := f.text[off-f.firstText:]
	return b[:max(bytes.IndexByte(b, 0), 0)] // the last byte is 0
}

// textEnd returns the offset where the strings end.
func (f *File) textEnd() uint32 { return f.firstText + uint32(len(f.text)) }

// An index finds types by the hash of their names: chains of those whose hashes end in the same bits, in the order of IDs. What
// a chain has is an index in File.offsets plus one.
type index struct{ heads, next []uint32 }

var seed = maphash.MakeSeed()

// hashOf returns the hash of a name, which is never 0.
func hashOf(name []byte) uint32 { return uint32(maphash.Bytes(seed, name)) | 1<<31 }

// newIndex makes the index of types whose names have hashes; 0 is that of a type that is not found by name.
func newIndex(hashes []uint32, named int) index {
	size := 1
	for size < named {
		size *= 2
	}
	ix := index{make([]uint32, size), make([]uint32, len(hashes))}
	for i := len(hashes) - 1; i >= 0; i-- {
		if h := hashes[i]; h != 0 {
			head := &ix.heads[h&uint32(size-1)]
			ix.next[i], *head = *head, uint32(i+1)
		}
	}
	return ix
}

func (ix *index) first(hash uint32) uint32 { return ix.heads[hash&uint32(len(ix.heads)-1)] }
