package elf

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// relocKind says what a type of relocation does to size bytes of the section.
type relocKind struct {
	size int // 0: nothing to do
	op   relocOp
}

type relocOp uint8

const (
	relocAbs     relocOp = iota // S + A
	relocPC                     // S + A - P
	relocAdd                    // V + S + A
	relocSub                    // V - S - A
	relocSet6                   // low six bits of the byte become S + A
	relocSub6                   // low six bits of the byte lose S + A
	relocSetULEB                // the padded ULEB128 number becomes S + A
	relocAddULEB                // the padded ULEB128 number gains S + A
	relocSubULEB                // the padded ULEB128 number loses S + A
)

// relocations holds, by e_machine, the relocations which the processor supplements allow in data: debug information,
// unwind tables, pointers. Those of instructions never occur there.
var relocations = map[uint16]map[uint32]relocKind{
	3: { // EM_386
		0: {}, 1: {4, relocAbs}, 2: {4, relocPC}, 20: {2, relocAbs}, 21: {2, relocPC}, 22: {1, relocAbs}, 23: {1, relocPC},
		32: {4, relocAbs}, // R_386_TLS_LDO_32
	},
	20: {0: {}, 1: {4, relocAbs}, 26: {4, relocPC}, 78: {4, relocAbs}},                                      // EM_PPC
	21: {0: {}, 1: {4, relocAbs}, 26: {4, relocPC}, 38: {8, relocAbs}, 44: {8, relocPC}, 78: {8, relocAbs}}, // EM_PPC64
	22: { // EM_S390
		0: {}, 1: {1, relocAbs}, 3: {2, relocAbs}, 4: {4, relocAbs}, 5: {4, relocPC}, 16: {2, relocPC}, 22: {8, relocAbs}, 23: {8, relocPC},
		52: {4, relocAbs}, 53: {8, relocAbs}, // R_390_TLS_LDO32, R_390_TLS_LDO64
	},
	40: {0: {}, 2: {4, relocAbs}, 3: {4, relocPC}, 5: {2, relocAbs}, 8: {1, relocAbs}}, // EM_ARM
	62: { // EM_X86_64
		0: {}, 1: {8, relocAbs}, 2: {4, relocPC}, 4: {4, relocPC}, 10: {4, relocAbs}, 11: {4, relocAbs}, 12: {2, relocAbs}, 13: {2, relocPC},
		14: {1, relocAbs}, 15: {1, relocPC}, 17: {8, relocAbs}, 21: {4, relocAbs}, 24: {8, relocPC},
	},
	183: { // EM_AARCH64
		0: {}, 256: {}, 257: {8, relocAbs}, 258: {4, relocAbs}, 259: {2, relocAbs}, 260: {8, relocPC}, 261: {4, relocPC}, 262: {2, relocPC},
	},
	243: { // EM_RISCV
		0: {}, 1: {4, relocAbs}, 2: {8, relocAbs}, 33: {1, relocAdd}, 34: {2, relocAdd}, 35: {4, relocAdd}, 36: {8, relocAdd},
		37: {1, relocSub}, 38: {2, relocSub}, 39: {4, relocSub}, 40: {8, relocSub}, 51: {}, 52: {1, relocSub6}, 53: {1, relocSet6},
		54: {1, relocAbs}, 55: {2, relocAbs}, 56: {4, relocAbs}, 57: {4, relocPC}, 60: {1, relocSetULEB}, 61: {1, relocSubULEB},
	},
	258: { // EM_LOONGARCH
		0: {}, 1: {4, relocAbs}, 2: {8, relocAbs}, 47: {1, relocAdd}, 48: {2, relocAdd}, 50: {4, relocAdd}, 51: {8, relocAdd},
		52: {1, relocSub}, 53: {2, relocSub}, 55: {4, relocSub}, 56: {8, relocSub}, 99: {4, relocPC}, 100: {}, 109: {8, relocPC},
		107: {1, relocAddULEB}, 108: {1, relocSubULEB},
	},
}

// RelocatedData returns the section's contents with the relocations of a relocatable file (ET_REL) applied; other files
// need none. SectionAddr gives the address of the section of an index; nil takes the addresses of the section headers,
// which are zero in a file that was not loaded.
func (f *File) RelocatedData(s *Section, sectionAddr func(index int) uint64) ([]byte, error) {
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
	kinds := relocations[f.Machine]
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
	var order binary.ByteOrder = binary.LittleEndian
	if f.Big {
		order = binary.BigEndian
	}
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
		if f.Is64 {
			return order.Uint64(b)
		}
		return uint64(order.Uint32(b))
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
		if kind.size == 0 {
			continue
		}
		if off > uint64(len(data)) || uint64(kind.size) > uint64(len(data))-off {
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
		field := data[off : off+uint64(kind.size)]
		if rela {
			addend := word(e[2*width:])
			if !f.Is64 {
				addend = uint64(int64(int32(addend)))
			}
			value += addend
		} else if kind.op == relocAbs || kind.op == relocPC {
			value += signed(getField(field, order), kind.size)
		}
		if !applyReloc(data[off:], field, kind.op, value, sectionAddr(s.Index)+off, order) {
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
func applyReloc(rest, field []byte, op relocOp, value, place uint64, order binary.ByteOrder) bool {
	switch op {
	case relocAbs:
		putField(field, value, order)
	case relocPC:
		putField(field, value-place, order)
	case relocAdd:
		putField(field, getField(field, order)+value, order)
	case relocSub:
		putField(field, getField(field, order)-value, order)
	case relocSet6:
		field[0] = field[0]&0xc0 | byte(value)&0x3f
	case relocSub6:
		field[0] = field[0]&0xc0 | (field[0]-byte(value))&0x3f
	case relocSetULEB, relocAddULEB, relocSubULEB:
		return relocULEB(rest, op, value)
	}
	return true
}

// relocULEB changes the ULEB128 number rest starts with, keeping its length.
func relocULEB(rest []byte, op relocOp, value uint64) bool {
	n := slices.IndexFunc(rest[:min(len(rest), 10)], func(b byte) bool { return b&0x80 == 0 })
	if n < 0 {
		return false
	}
	var old uint64
	for i, b := range rest[:n+1] {
		old |= uint64(b&0x7f) << (7 * i)
	}
	switch op {
	case relocAddULEB:
		value = old + value
	case relocSubULEB:
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

func getField(b []byte, order binary.ByteOrder) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

func putField(b []byte, v uint64, order binary.ByteOrder) {
	switch len(b) {
	case 1:
		b[0] = byte(v)
	case 2:
		order.PutUint16(b, uint16(v))
	case 4:
		order.PutUint32(b, uint32(v))
	default:
		order.PutUint64(b, v)
	}
}
