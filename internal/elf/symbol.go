package elf

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// Bindings and types of symbols, and special section indices.
const (
	STB_LOCAL      = 0
	STB_GLOBAL     = 1
	STB_WEAK       = 2
	STB_GNU_UNIQUE = 10 // global, and one of each name in a process

	STT_NOTYPE  = 0
	STT_OBJECT  = 1
	STT_FUNC    = 2
	STT_SECTION = 3
	STT_FILE    = 4
	STT_TLS     = 6

	SHN_UNDEF = 0
	// SHN_ABS and SHN_COMMON are what [Symbol.Section] holds for symbols without a section, moved out of the way of the
	// true index that a file with more than 65,279 sections may have.
	SHN_ABS    = 0xfffffff1
	SHN_COMMON = 0xfffffff2
)

// A Symbol is an entry of a symbol table.
type Symbol struct {
	NameOffset uint32 // in the string table; see [SymbolTable.Name]
	Info       uint8
	Other      uint8
	Section    uint32 // index of the section, SHN_UNDEF, SHN_ABS or SHN_COMMON
	Value      uint64
	Size       uint64
}

// Type returns the symbol's type (STT_…).
func (s Symbol) Type() uint8 { return s.Info & 15 }

// Bind returns the symbol's binding (STB_…).
func (s Symbol) Bind() uint8 { return s.Info >> 4 }

// A SymbolTable reads symbols from the bytes of the file as they are asked for. Names are bytes of the file, too.
type SymbolTable struct {
	file              *File // keeps the bytes
	syms, strs, shndx []byte
	entsize, n        int
	is64              bool
	order             binary.ByteOrder
}

// SymbolTable returns the symbol table of a type: SHT_SYMTAB or SHT_DYNSYM. A file without one, or with its contents
// left out, gives an empty table.
func (f *File) SymbolTable(typ uint32) (*SymbolTable, error) {
	t := &SymbolTable{file: f, is64: f.Is64, entsize: 16, order: binary.LittleEndian}
	if f.Big {
		t.order = binary.BigEndian
	}
	if f.Is64 {
		t.entsize = 24
	}
	var s *Section
	for i := range f.Sections {
		if f.Sections[i].Type == typ {
			s = &f.Sections[i]
			break
		}
	}
	if s == nil || !s.HasData() {
		return t, nil
	}
	if s.Entsize != uint64(t.entsize) {
		return nil, s.fail(0, "symbols of %d bytes, not %d", s.Entsize, t.entsize)
	}
	if uint64(s.Link) >= uint64(len(f.Sections)) {
		return nil, s.fail(0, "names are in section %d of %d", s.Link, len(f.Sections))
	}
	var err error
	if t.syms, err = s.Data(); err != nil {
		return nil, err
	}
	if t.strs, err = f.Sections[s.Link].Data(); err != nil {
		return nil, err
	}
	t.n = len(t.syms) / t.entsize
	for i := range f.Sections {
		if x := &f.Sections[i]; x.Type == SHT_SYMTAB_SHNDX && x.Link == uint32(s.Index) {
			if t.shndx, err = x.Data(); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// Join returns a table of the symbols of both, which are of the same class and byte order; section returns the number in t's file of a
// section of u's, SHN_UNDEF for one that is not in it. The symbols are copied.
func (t *SymbolTable) Join(u *SymbolTable, section func(uint32) uint32) *SymbolTable {
	if uint64(len(t.strs))+uint64(len(u.strs)) >= 1<<32-1 {
		return t
	}
	all := *t
	all.syms = append(bytes.Clone(t.syms[:t.n*t.entsize]), make([]byte, 0, len(u.syms))...)
	all.strs = bytes.Clone(t.strs)
	if !bytes.HasSuffix(all.strs, []byte{0}) {
		all.strs = append(all.strs, 0)
	}
	names := uint32(len(all.strs))
	all.strs = append(all.strs, u.strs...)
	if all.n == 0 {
		all.syms, all.n = make([]byte, all.entsize), 1 // the null symbol
	}
	at := 6 // of the section's number
	if !all.is64 {
		at = 14
	}
	for i, s := range u.All() {
		number := s.Section
		if number != SHN_ABS && number != SHN_COMMON {
			number = section(number)
		}
		if number == SHN_UNDEF || number >= shnLoReserve && number < SHN_ABS {
			continue
		}
		b := bytes.Clone(u.syms[i*u.entsize:][:u.entsize])
		all.order.PutUint32(b, s.NameOffset+names)
		all.order.PutUint16(b[at:], uint16(number))
		all.syms = append(all.syms, b...)
		all.n++
	}
	return &all
}

// Len returns the number of symbols, with the null symbol at index 0.
func (t *SymbolTable) Len() int { return t.n }

// At returns the symbol at index i, which must be at least 0 and less than Len.
func (t *SymbolTable) At(i int) (s Symbol) {
	t.Read(i, &s)
	return s
}

// Read is At for those who read many.
func (t *SymbolTable) Read(i int, s *Symbol) {
	b := t.syms[i*t.entsize:][:t.entsize]
	var shndx uint16
	if le := binary.LittleEndian; t.is64 && t.order == le { // the common case, without calls through an interface
		b := (*[24]byte)(b)
		s.NameOffset, s.Info, s.Other, s.Value, s.Size = le.Uint32(b[:]), b[4], b[5], le.Uint64(b[8:]), le.Uint64(b[16:])
		shndx = le.Uint16(b[6:])
	} else if t.is64 {
		*s = Symbol{NameOffset: t.order.Uint32(b), Info: b[4], Other: b[5], Value: t.order.Uint64(b[8:]), Size: t.order.Uint64(b[16:])}
		shndx = t.order.Uint16(b[6:])
	} else {
		*s = Symbol{NameOffset: t.order.Uint32(b), Value: uint64(t.order.Uint32(b[4:])), Size: uint64(t.order.Uint32(b[8:])), Info: b[12], Other: b[13]}
		shndx = t.order.Uint16(b[14:])
	}
	switch {
	case shndx < shnLoReserve:
		s.Section = uint32(shndx)
	case shndx == shnXIndex && len(t.shndx) >= i*4+4:
		s.Section = t.order.Uint32(t.shndx[i*4:])
	default:
		s.Section = 0xffff0000 | uint32(shndx)
	}
}

// Name returns the name of a symbol of this table; it is empty if the string table does not hold it.
func (t *SymbolTable) Name(s Symbol) []byte {
	b, _ := cstring(t.strs, uint64(s.NameOffset))
	return b
}

// Strings returns the string table up to its last NUL: the names of symbols are at their NameOffset, if that is within it, up
// to the next NUL.
func (t *SymbolTable) Strings() []byte { return t.strs[:bytes.LastIndexByte(t.strs, 0)+1] }

// Named returns the indices of the symbols of a name that is not empty, or of its default version ("name@@VERSION"), ascending. It looks through the whole table, which
// is faster than making an index for the first few names.
func (t *SymbolTable) Named(name string) (indices []int) {
	size := uint64(len(name))
	if size == 0 || size >= uint64(len(t.strs)) {
		return nil
	}
	little := t.order == binary.LittleEndian
	first, last := name[0], uint64(len(t.strs))-size // the NUL must be in the table, too
	for i := 1; i < t.n; i++ {
		b := t.syms[i*t.entsize:][:4]
		off := uint64(binary.BigEndian.Uint32(b))
		if little {
			off = uint64(binary.LittleEndian.Uint32(b))
		}
		if off < last && t.strs[off] == first && (t.strs[off+size] == 0 || bytes.HasPrefix(t.strs[off+size:], []byte("@@"))) && string(t.strs[off:off+size]) == name {
			indices = append(indices, i)
		}
	}
	return indices
}

// All iterates over the symbols and their indices, leaving out the null symbol.
func (t *SymbolTable) All() iter.Seq2[int, Symbol] {
	return func(yield func(int, Symbol) bool) {
		for i := 1; i < t.n; i++ {
			if !yield(i, t.At(i)) {
				return
			}
		}
	}
}
