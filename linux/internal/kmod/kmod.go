// Package kmod makes modules for Linux on x86-64 whose init function does some operations and then fails on purpose, so that the
// kernel lets the module go again by itself.
package kmod

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// What a module's init function returns: a number of an error that the loader of modules returns for no reason of its own.
const (
	Done   = 115 // EINPROGRESS: all was done
	Failed = 114 // EALREADY: a function whose result must be 0 returned something else
	NoCopy = 73  // EDOTDOT: the data could not be copied out
)

// A Kind is what an operation does.
type Kind uint8

const (
	Call     Kind = iota // calls Function
	SetBit               // sets bit Number of the 8 bytes at Address, atomically
	ClearBit             // clears it
)

// An Arg is an argument of a function.
type Arg struct {
	Value  uint64
	InData bool // the argument is the address of the byte at offset Value of the module's data
}

// An Op is one operation.
type Op struct {
	Kind     Kind
	Function uint64 // address of the function that is called
	Args     []Arg  // integers and pointers, as the System V ABI passes them
	Result   int    // where in the data the 8 bytes that are returned go; -1: nowhere
	Fails    uint8  // the init function returns minus this if the int that is returned is not 0; 0: it goes on
	Address  uint64 // of SetBit and ClearBit: a multiple of 8
	Number   uint8  // less than 64
}

// A Module is what a module is made of.
type Module struct {
	Name       string
	Magic      string // the kernel's vermagic
	Size       uint64 // of struct module in this kernel, in bytes
	NameOffset uint64 // of its member name
	InitOffset uint64 // of its member init
	Versions   []byte // section __versions; nil: none
	Ops        []Op
	Data       []byte
}

type section struct {
	name              string
	kind              elf.SectionType
	flags             elf.SectionFlag
	data              []byte
	link, info        uint32
	align, entrySize  uint64
	nameAt, dataStart int
}

// Build returns the module as a relocatable ELF file. What does not fit its fields is an error.
func (m *Module) Build() ([]byte, error) {
	if m.Size > 1<<16 || m.NameOffset+uint64(len(m.Name)) >= m.Size || m.InitOffset+8 > m.Size {
		return nil, fmt.Errorf("struct module of %d bytes has no room for a name at %d and init at %d", m.Size, m.NameOffset, m.InitOffset)
	}
	this := make([]byte, m.Size)
	copy(this[m.NameOffset:], m.Name)
	c := &code{dataSize: len(m.Data)}
	if err := c.init(m.Ops); err != nil {
		return nil, err
	}
	le := binary.LittleEndian

	// Symbols: none, the data, init_module, and one for each function that is called.
	const symData, symInit, symCalls = 1, 2, 3
	names := []byte("\x00init_module\x00")
	symbols := make([]byte, 24)
	symbol := func(name uint32, info byte, index elf.SectionIndex, value, size uint64) {
		symbols = le.AppendUint32(symbols, name)
		symbols = append(symbols, info, 0)
		symbols = le.AppendUint16(symbols, uint16(index))
		symbols = le.AppendUint64(le.AppendUint64(symbols, value), size)
	}
	const text, data = 1, 2 // sections
	symbol(0, elf.ST_INFO(elf.STB_LOCAL, elf.STT_SECTION), data, 0, 0)
	symbol(1, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), text, 0, uint64(len(c.text)))
	called := map[uint64]uint32{}
	var relocations []byte
	relocate := func(b []byte, at uint64, symbol uint32, kind elf.R_X86_64, addend int64) []byte {
		b = le.AppendUint64(b, at)
		b = le.AppendUint64(b, uint64(symbol)<<32|uint64(kind))
		return le.AppendUint64(b, uint64(addend))
	}
	for _, r := range c.refs {
		if r.inData {
			relocations = relocate(relocations, uint64(r.at), symData, elf.R_X86_64_PC32, int64(r.target)-4)
			continue
		}
		index, ok := called[r.target]
		if !ok {
			index = symCalls + uint32(len(called))
			called[r.target] = index
			name := uint32(len(names))
			names = append(names, fmt.Sprintf("call_%x\x00", r.target)...)
			symbol(name, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), elf.SHN_ABS, r.target, 0)
		}
		relocations = relocate(relocations, uint64(r.at), index, elf.R_X86_64_PLT32, -4)
	}
	info := "license=GPL\x00intree=Y\x00retpoline=Y\x00name=" + m.Name + "\x00vermagic=" + m.Magic + "\x00"
	sections := []section{{},
		{name: ".init.text", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, data: c.text, align: 16},
		{name: ".data", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_WRITE, data: append([]byte(nil), m.Data...), align: 16},
		{name: ".gnu.linkonce.this_module", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_WRITE, data: this, align: 64},
		{name: ".modinfo", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, data: []byte(info), align: 1},
		{name: ".symtab", kind: elf.SHT_SYMTAB, data: symbols, link: 6, info: symInit, align: 8, entrySize: 24},
		{name: ".strtab", kind: elf.SHT_STRTAB, data: names, align: 1},
		{name: ".rela.init.text", kind: elf.SHT_RELA, flags: elf.SHF_INFO_LINK, data: relocations, link: 5, info: text, align: 8, entrySize: 24},
		{name: ".rela.gnu.linkonce.this_module", kind: elf.SHT_RELA, flags: elf.SHF_INFO_LINK,
			data: relocate(nil, m.InitOffset, symInit, elf.R_X86_64_64, 0), link: 5, info: 3, align: 8, entrySize: 24},
	}
	if m.Versions != nil {
		sections = append(sections, section{name: "__versions", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, data: m.Versions, align: 8})
	}
	return file(sections), nil
}

// file lays sections out in a file, behind its header, the table of section headers behind them.
func file(sections []section) []byte {
	le := binary.LittleEndian
	titles := []byte{0}
	sections = append(sections, section{name: ".shstrtab", kind: elf.SHT_STRTAB, align: 1})
	for i := range sections[1:] {
		s := &sections[i+1]
		s.nameAt = len(titles)
		titles = append(append(titles, s.name...), 0)
	}
	last := &sections[len(sections)-1]
	last.data = titles
	out := make([]byte, 64)
	for i := range sections[1:] {
		s := &sections[i+1]
		for uint64(len(out))%s.align != 0 {
			out = append(out, 0)
		}
		s.dataStart = len(out)
		out = append(out, s.data...)
	}
	for len(out)%8 != 0 {
		out = append(out, 0)
	}
	table := len(out)
	for _, s := range sections {
		out = le.AppendUint32(le.AppendUint32(out, uint32(s.nameAt)), uint32(s.kind))
		out = le.AppendUint64(le.AppendUint64(out, uint64(s.flags)), 0)
		out = le.AppendUint64(le.AppendUint64(out, uint64(s.dataStart)), uint64(len(s.data)))
		out = le.AppendUint32(le.AppendUint32(out, s.link), s.info)
		out = le.AppendUint64(le.AppendUint64(out, s.align), s.entrySize)
	}
	copy(out, elf.ELFMAG)
	out[elf.EI_CLASS], out[elf.EI_DATA], out[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	le.PutUint16(out[16:], uint16(elf.ET_REL))
	le.PutUint16(out[18:], uint16(elf.EM_X86_64))
	le.PutUint32(out[20:], uint32(elf.EV_CURRENT))
	le.PutUint64(out[40:], uint64(table))
	le.PutUint16(out[52:], 64) // sizes of the header and of a section header
	le.PutUint16(out[58:], 64)
	le.PutUint16(out[60:], uint16(len(sections)))
	le.PutUint16(out[62:], uint16(len(sections)-1))
	return out
}
