package elf

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/godrgn/drgn/arch"
)

// RelocatedData returns the section's contents with the relocations of a relocatable file (ET_REL) applied; other files
// need none. SectionAddr gives the address of the section of an index; nil takes the addresses of the section headers,
// which are zero in a file that was not loaded.
func (f *File) RelocatedData(s *Section, sectionAddr func(index int) uint64) ([]byte, error) {
	defer runtime.KeepAlive(f)
	data, err := s.Data()
	if err != nil || f.Type != ET_REL {
		return data, err
	}
	if sectionAddr == nil {
		sectionAddr = func(i int) uint64 { return f.Sections[i].Addr }
	}
	copied := false
	for i := range f.Sections {
		r := &f.Sections[i]
		if (r.Type != SHT_RELA && r.Type != SHT_REL) || uint64(r.Info) != uint64(s.Index) || r.Size == 0 {
			continue
		}
		if !copied {
			data = slices.Clone(data)
			copied = true
		}
		if err := f.relocate(data, s, r, sectionAddr); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// relocate applies the relocations in section r to data, the contents of section s.
func (f *File) relocate(data []byte, s, r *Section, sectionAddr func(int) uint64) error {
	kinds := arch.RelocationsOf(f.Machine)
	if kinds == nil {
		return r.fail(0, "relocations of machine %d are unknown", f.Machine)
	}
	symbols, err := f.relocSymbols(r)
	if err != nil {
		return err
	}
	table, err := r.Data()
	if err != nil {
		return err
	}
	platform := f.Platform()
	rela := r.Type == SHT_RELA
	width := 4
	if f.Is64 {
		width = 8
	}
	entsize := 2 * width
	if rela {
		entsize += width
	}
	word := func(b []byte) uint64 {
		return platform.Uint(b[:width])
	}
	for at := 0; at+entsize <= len(table); at += entsize {
		e := table[at:]
		off, info := word(e), word(e[width:])
		sym, typ := info>>8, uint32(info&0xff)
		if f.Is64 {
			sym, typ = info>>32, uint32(info)
		}
		kind, ok := kinds[typ]
		if !ok {
			return r.fail(uint64(at), "relocation type %d of machine %d is unknown", typ, f.Machine)
		}
		if kind.Size == 0 {
			continue
		}
		if off > uint64(len(data)) || uint64(kind.Size) > uint64(len(data))-off {
			return r.fail(uint64(at), "relocation of offset %#x lies outside of %s", off, s.Name)
		}
		var value uint64
		if sym != 0 {
			if sym >= uint64(symbols.Len()) {
				return r.fail(uint64(at), "relocation uses symbol %d of %d", sym, symbols.Len())
			}
			if value, err = f.symbolAddress(symbols, int(sym), sectionAddr); err != nil {
				return r.fail(uint64(at), "%v", err)
			}
		}
		field := data[off : off+uint64(kind.Size)]
		if rela {
			addend := word(e[2*width:])
			if !f.Is64 {
				addend = uint64(int64(int32(addend)))
			}
			value += addend
		} else if kind.Op == arch.RelocateAbs || kind.Op == arch.RelocatePC {
			value += signed(platform.Uint(field), int(kind.Size))
		}
		if !applyReloc(data[off:], field, kind.Op, value, sectionAddr(s.Index)+off, platform) {
			return r.fail(uint64(at), "ULEB128 number at %#x of %s has no end", off, s.Name)
		}
	}
	return nil
}

// relocSymbols returns the symbol table that relocation section r refers to, which is the file's only one.
func (f *File) relocSymbols(r *Section) (*SymbolTable, error) {
	if uint64(r.Link) >= uint64(len(f.Sections)) || f.Sections[r.Link].Type != SHT_SYMTAB {
		return nil, r.fail(0, "symbols are in section %d, which is no symbol table", r.Link)
	}
	return f.SymbolTable(SHT_SYMTAB)
}

func (f *File) symbolAddress(t *SymbolTable, i int, sectionAddr func(int) uint64) (uint64, error) {
	s := t.At(i)
	switch {
	case s.Section == SHN_ABS:
		return s.Value, nil
	case s.Section == SHN_UNDEF && s.Bind() == STB_WEAK:
		return 0, nil
	case s.Section == SHN_UNDEF || uint64(s.Section) >= uint64(len(f.Sections)):
		return 0, fmt.Errorf("symbol %q is not defined in this file", t.Name(s))
	}
	return sectionAddr(int(s.Section)) + s.Value, nil
}

// applyReloc changes field, or the ULEB128 number rest starts with, and reports whether it could.
func applyReloc(rest, field []byte, op arch.RelocationOp, value, place uint64, p arch.Platform) bool {
	switch op {
	case arch.RelocateAbs:
		p.PutUint(field, value)
	case arch.RelocatePC:
		p.PutUint(field, value-place)
	case arch.RelocateAdd:
		p.PutUint(field, p.Uint(field)+value)
	case arch.RelocateSub:
		p.PutUint(field, p.Uint(field)-value)
	case arch.RelocateSet6:
		field[0] = field[0]&0xc0 | byte(value)&0x3f
	case arch.RelocateSub6:
		field[0] = field[0]&0xc0 | (field[0]-byte(value))&0x3f
	case arch.RelocateSetULEB, arch.RelocateAddULEB, arch.RelocateSubULEB:
		return relocULEB(rest, op, value)
	}
	return true
}

// relocULEB changes the ULEB128 number rest starts with, keeping its length.
func relocULEB(rest []byte, op arch.RelocationOp, value uint64) bool {
	n := slices.IndexFunc(rest[:min(len(rest), 10)], func(b byte) bool { return b&0x80 == 0 })
	if n < 0 {
		return false
	}
	var old uint64
	for i, b := range rest[:n+1] {
		old |= uint64(b&0x7f) << (7 * i)
	}
	switch op {
	case arch.RelocateAddULEB:
		value = old + value
	case arch.RelocateSubULEB:
		value = old - value
	}
	for i := range n + 1 {
		rest[i] = rest[i]&0x80 | byte(value>>(7*i))&0x7f
	}
	return true
}

func signed(v uint64, size int) uint64 {
	shift := 64 - 8*size
	return uint64(int64(v<<shift) >> shift)
}
