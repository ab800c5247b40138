// Package elftest writes ELF files for tests, also such as no linker would make.
package elftest

import (
	"bytes"
	"encoding/binary"
)

// A File describes an ELF file.
type File struct {
	Is64, Big bool
	Type      uint16
	Machine   uint16
	Segments  []Segment
	Sections  []Section // without the null section and .shstrtab, which are added
	Extended  bool      // write the numbers of headers to section 0, as files with too many of them do
}

// A Segment is a program header and the bytes of the segment.
type Segment struct {
	Type, Flags  uint32
	Vaddr, Paddr uint64
	Memsz        uint64 // len(Data) if zero
	Align        uint64
	Data         []byte
}

// A Section is a section header and the bytes of the section.
type Section struct {
	Name       string
	Type       uint32
	Flags      uint64
	Addr       uint64
	Link, Info uint32
	Addralign  uint64
	Entsize    uint64
	Data       []byte
}

// Order returns the byte order of the file.
func (f *File) Order() interface {
	binary.ByteOrder
	binary.AppendByteOrder
} {
	if f.Big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Word appends an address of the file's class.
func (f *File) Word(b []byte, v uint64) []byte {
	if f.Is64 {
		return f.Order().AppendUint64(b, v)
	}
	return f.Order().AppendUint32(b, uint32(v))
}

// Sym appends a symbol table entry.
func (f *File) Sym(b []byte, name uint32, info uint8, shndx uint16, value, size uint64) []byte {
	o := f.Order()
	b = o.AppendUint32(b, name)
	if f.Is64 {
		b = append(b, info, 0)
		b = o.AppendUint16(b, shndx)
		b = o.AppendUint64(b, value)
		return o.AppendUint64(b, size)
	}
	b = o.AppendUint32(b, uint32(value))
	b = o.AppendUint32(b, uint32(size))
	b = append(b, info, 0)
	return o.AppendUint16(b, shndx)
}

// Note appends a note, aligned to 4 bytes.
func (f *File) Note(b []byte, name string, typ uint32, desc []byte) []byte {
	o := f.Order()
	b = o.AppendUint32(b, uint32(len(name)+1))
	b = o.AppendUint32(b, uint32(len(desc)))
	b = o.AppendUint32(b, typ)
	b = append(b, name...)
	b = append(b, make([]byte, 4-len(name)%4)...) // the NUL, too
	b = append(b, desc...)
	return append(b, make([]byte, -len(desc)&3)...)
}

// Bytes returns the file: ELF header, program headers, section headers, contents.
func (f *File) Bytes() []byte {
	o := f.Order()
	ehsize, phentsize, shentsize := 52, 32, 40
	if f.Is64 {
		ehsize, phentsize, shentsize = 64, 56, 64
	}
	sections := append([]Section{{}}, f.Sections...)
	names := []byte{0}
	nameOffs := []int{0}
	for _, s := range f.Sections {
		nameOffs = append(nameOffs, len(names))
		names = append(append(names, s.Name...), 0)
	}
	nameOffs = append(nameOffs, len(names))
	names = append(names, ".shstrtab\x00"...)
	sections = append(sections, Section{Type: 3, Data: names})
	if len(f.Sections) == 0 && !f.Extended {
		sections = nil
	}

	phoff := ehsize
	shoff := phoff + phentsize*len(f.Segments)
	end := shoff + shentsize*len(sections)
	var body bytes.Buffer
	place := func(data []byte) int {
		body.Write(make([]byte, -(end+body.Len())&7))
		at := end + body.Len()
		body.Write(data)
		return at
	}
	b := []byte{0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if f.Is64 {
		b[4] = 2
	}
	if f.Big {
		b[5] = 2
	}
	b = o.AppendUint16(b, f.Type)
	b = o.AppendUint16(b, f.Machine)
	b = o.AppendUint32(b, 1)
	b = f.Word(b, 0)
	b = f.Word(b, uint64(phoff))
	if len(sections) == 0 {
		shoff = 0
	}
	b = f.Word(b, uint64(shoff))
	b = o.AppendUint32(b, 0)
	phnum, shnum, shstrndx := len(f.Segments), len(sections), max(len(sections)-1, 0)
	if f.Extended {
		phnum, shnum, shstrndx = 0xffff, 0, 0xffff
	}
	for _, v := range []int{ehsize, phentsize, phnum, shentsize, shnum, shstrndx} {
		b = o.AppendUint16(b, uint16(v))
	}
	for _, s := range f.Segments {
		at := uint64(place(s.Data))
		memsz := s.Memsz
		if memsz == 0 {
			memsz = uint64(len(s.Data))
		}
		b = o.AppendUint32(b, s.Type)
		if f.Is64 {
			b = o.AppendUint32(b, s.Flags)
		}
		for _, v := range []uint64{at, s.Vaddr, s.Paddr, uint64(len(s.Data)), memsz} {
			b = f.Word(b, v)
		}
		if !f.Is64 {
			b = o.AppendUint32(b, s.Flags)
		}
		b = f.Word(b, s.Align)
	}
	for i, s := range sections {
		at := uint64(0)
		size := uint64(len(s.Data))
		if i > 0 {
			at = uint64(place(s.Data))
		} else if f.Extended {
			size, s.Link, s.Info = uint64(len(sections)), uint32(len(sections)-1), uint32(len(f.Segments))
		}
		b = o.AppendUint32(b, uint32(nameOffs[i]))
		b = o.AppendUint32(b, s.Type)
		for _, v := range []uint64{s.Flags, s.Addr, at, size} {
			b = f.Word(b, v)
		}
		b = o.AppendUint32(b, s.Link)
		b = o.AppendUint32(b, s.Info)
		b = f.Word(b, s.Addralign)
		b = f.Word(b, s.Entsize)
	}
	return append(b, body.Bytes()...)
}
