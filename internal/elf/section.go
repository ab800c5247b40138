package elf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/godrgn/drgn/internal/bin"
)

// Types of sections (sh_type) and their flags.
const (
	SHT_NULL         = 0
	SHT_PROGBITS     = 1
	SHT_SYMTAB       = 2
	SHT_STRTAB       = 3
	SHT_RELA         = 4
	SHT_NOTE         = 7
	SHT_NOBITS       = 8
	SHT_REL          = 9
	SHT_DYNSYM       = 11
	SHT_SYMTAB_SHNDX = 18

	SHF_WRITE      = 1
	SHF_ALLOC      = 2
	SHF_EXECINSTR  = 4
	SHF_TLS        = 0x400
	SHF_COMPRESSED = 0x800
)

// MaxSection bounds the size of a decompressed section in bytes.
const MaxSection = 16 << 30

// A Section is a section header and the way to the section's contents.
type Section struct {
	Name      string
	Index     int
	Type      uint32
	Flags     uint64
	Addr      uint64
	Offset    uint64 // in the file
	Size      uint64 // in the file; compressed sections are larger in memory
	Link      uint32
	Info      uint32
	Addralign uint64
	Entsize   uint64

	file *File
	data func() ([]byte, error) // decompresses once
}

func (f *File) sectionSize() uint64 {
	if f.Is64 {
		return 64
	}
	return 40
}

// section reads the section header at off, without its name, and returns the name's offset.
func (f *File) section(off uint64) (Section, uint32) {
	c := bin.New(f.Name, f.Data, f.Big)
	c.Seek(off)
	name := c.U32()
	s := Section{file: f, Type: c.U32()}
	s.Flags, s.Addr, s.Offset, s.Size = f.word(&c), f.word(&c), f.word(&c), f.word(&c)
	s.Link, s.Info = c.U32(), c.U32()
	s.Addralign, s.Entsize = f.word(&c), f.word(&c)
	return s, name
}

func (f *File) parseSections(off, entsize, count uint64, shstrndx uint32) error {
	if err := f.checkTable("section", off, entsize, count, f.sectionSize()); err != nil {
		return err
	}
	f.Sections = make([]Section, count)
	names := make([]uint32, count)
	for i := range f.Sections {
		f.Sections[i], names[i] = f.section(off + uint64(i)*entsize)
		s := &f.Sections[i]
		s.Index = i
		s.data = sync.OnceValues(s.decompress)
	}
	if shstrndx == 0 {
		return nil // sections without names
	}
	if uint64(shstrndx) >= count {
		return &bin.DecodeError{Section: f.Name, Off: off, Problem: fmt.Sprintf("section names are in section %d of %d", shstrndx, count)}
	}
	strs, err := f.Sections[shstrndx].Raw()
	if err != nil {
		return err
	}
	shared := string(strs) // names may overlap: copies of them could be much larger than the file
	for i, name := range names {
		b, ok := cstring(strs, uint64(name))
		if !ok {
			return &bin.DecodeError{Section: f.Name, Off: off + uint64(i)*entsize, Problem: fmt.Sprintf("name of section %d (offset %#x) has no end", i, name)}
		}
		f.Sections[i].Name = shared[name : int(name)+len(b)]
	}
	return nil
}

// cstring returns the string at off in a string table, or false if it has no end.
func cstring(strs []byte, off uint64) ([]byte, bool) {
	if off >= uint64(len(strs)) {
		return nil, false
	}
	n := bytes.IndexByte(strs[off:], 0)
	if n < 0 {
		return nil, false
	}
	return strs[off : off+uint64(n) : off+uint64(n)], true
}

// Section returns the first section of that name, or nil. A .debug_ name also finds the .zdebug_ section in which old
// GNU tools compress it.
func (f *File) Section(name string) *Section {
	var old *Section
	debug, isDebug := strings.CutPrefix(name, ".debug_")
	for i := range f.Sections {
		s := &f.Sections[i]
		if s.Name == name {
			return s
		}
		if isDebug && old == nil && strings.HasPrefix(s.Name, ".zdebug_") && s.Name[len(".zdebug_"):] == debug {
			old = s
		}
	}
	return old
}

// HasData reports whether the section's contents are in this file: a debug file keeps the headers of what it left out.
func (s *Section) HasData() bool { return s.Type != SHT_NOBITS && s.Type != SHT_NULL }

func (s *Section) fail(off uint64, format string, args ...any) error {
	return &bin.DecodeError{Section: s.file.Name + " " + s.Name, Off: off, Problem: fmt.Sprintf(format, args...)}
}

// Raw returns the section's bytes as they are in the file, perhaps compressed.
func (s *Section) Raw() ([]byte, error) {
	if !s.HasData() {
		return nil, s.fail(0, "section has no contents in this file")
	}
	size := uint64(len(s.file.Data))
	if s.Offset > size || s.Size > size-s.Offset {
		return nil, s.fail(0, "section (%#x bytes at %#x) reaches past the end of the file (%#x)", s.Size, s.Offset, size)
	}
	return s.file.Data[s.Offset : s.Offset+s.Size : s.Offset+s.Size], nil
}

// Data returns the section's contents; those of a compressed section are kept once decompressed.
func (s *Section) Data() ([]byte, error) {
	if s.Flags&SHF_COMPRESSED != 0 || strings.HasPrefix(s.Name, ".zdebug_") {
		return s.data()
	}
	return s.Raw()
}

// decompress understands the compression header of the ELF gABI and the one of .zdebug_ sections ("ZLIB" and the size,
// big-endian).
func (s *Section) decompress() ([]byte, error) {
	defer runtime.KeepAlive(s.file)
	raw, err := s.Raw()
	if err != nil {
		return nil, err
	}
	const zlibType, zstdType = 1, 2
	c := bin.New(s.file.Name+" "+s.Name, raw, s.file.Big)
	var size uint64
	kind := uint32(zlibType)
	if s.Flags&SHF_COMPRESSED != 0 {
		kind = c.U32()
		if s.file.Is64 {
			c.U32() // ch_reserved
		}
		size = s.file.word(&c)
		s.file.word(&c) // ch_addralign
	} else {
		if !bytes.HasPrefix(raw, []byte("ZLIB")) {
			return raw, nil
		}
		c.Big = true
		c.Skip(4)
		size = c.U64()
	}
	packed := c.Bytes(uint64(c.Len()))
	if err := c.Err(); err != nil {
		return nil, err
	}
	if size > MaxSection {
		return nil, s.fail(0, "decompressed size %#x is too large", size)
	}
	var out []byte
	switch kind {
	case zlibType:
		out, err = inflate(packed, size)
	case zstdType:
		out, err = unzstd(packed, size)
	default:
		return nil, s.fail(0, "compression type %d is unknown", kind)
	}
	if err != nil {
		return nil, s.fail(0, "can't be decompressed: %v", err)
	}
	return out, nil
}

var errSize = errors.New("its size is not what its header says")

func inflate(packed []byte, size uint64) ([]byte, error) {
	// No deflate stream grows more than 1032 times: a header that says so must not get the memory.
	if size > uint64(len(packed))*1032 {
		return nil, errSize
	}
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	defer r.Close() // reports nothing that reading did not
	out := make([]byte, size)
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, err
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		if n == 0 && err != nil {
			return nil, err // the checksum
		}
		return nil, errSize
	}
	return out, nil
}

var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(MaxSection))
})

func unzstd(packed []byte, size uint64) ([]byte, error) {
	// A block of zstd makes at most 128 KiB of at least 4 bytes.
	if size > uint64(len(packed))*(128<<10)/4 {
		return nil, errSize
	}
	dec, err := zstdDecoder()
	if err != nil {
		return nil, err
	}
	out, err := dec.DecodeAll(packed, make([]byte, 0, size))
	if err != nil {
		return nil, err
	}
	if uint64(len(out)) != size {
		return nil, errSize
	}
	return out, nil
}
