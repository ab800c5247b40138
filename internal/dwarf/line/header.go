package line

import (
	"github.com/godrgn/drgn/internal/bin"
)

// Content types of the entry formats (DWARF 5, section 7.22).
const (
	lnctPath           = 1
	lnctDirectoryIndex = 2
)

// Forms that entry formats use (DWARF 5, section 7.5.6).
const (
	formBlock2    = 0x03
	formBlock4    = 0x04
	formData2     = 0x05
	formData4     = 0x06
	formData8     = 0x07
	formString    = 0x08
	formBlock     = 0x09
	formBlock1    = 0x0a
	formData1     = 0x0b
	formSdata     = 0x0d
	formStrp      = 0x0e
	formUdata     = 0x0f
	formSecOffset = 0x17
	formStrx      = 0x1a
	formStrpSup   = 0x1d
	formData16    = 0x1e
	formLineStrp  = 0x1f
	formStrx1     = 0x25
	formStrx2     = 0x26
	formStrx3     = 0x27
	formStrx4     = 0x28
)

// header is a line program's header (DWARF 5, section 6.2.4).
type header struct {
	s           *Sections
	u           *Unit
	version     int
	offsetSize  int // 4 or 8
	addressSize int
	minInst     uint64
	maxOps      uint64
	lineBase    int64
	lineRange   uint64
	opcodeBase  int
	lengths     []byte // operands of the standard opcodes from 1
}

// Decode decodes the line program at an offset of .debug_line.
func Decode(s *Sections, off uint64, u Unit) (*Table, error) {
	c := bin.New(".debug_line", s.Line, s.Big)
	c.Seek(off)
	h := header{s: s, u: &u, offsetSize: 4, addressSize: u.AddressSize}
	length := uint64(c.U32())
	if length == 0xffffffff {
		h.offsetSize = 8
		length = c.U64()
	} else if length >= 0xfffffff0 {
		c.Fail("reserved unit length %#x", length)
	}
	if length > uint64(c.Len()) {
		c.Fail("unit of %#x bytes, %#x left", length, c.Len())
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	c.Data = c.Data[:c.Off+int(length)]
	t := &Table{}
	h.read(&c, t)
	if c.Err() != nil {
		return nil, c.Err()
	}
	t.rows = make([]row, 0, c.Len()/6) // as compilers write them
	p := program{header: &h, table: t}
	p.run(&c)
	if c.Err() != nil {
		return nil, c.Err()
	}
	t.finish()
	return t, nil
}

func (h *header) read(c *bin.Cursor, t *Table) {
	h.version = int(c.U16())
	t.version = h.version
	if c.Err() == nil && (h.version < 2 || h.version > 5) {
		c.Fail("line program of version %d", h.version)
	}
	if h.version >= 5 {
		h.addressSize = int(c.U8())
		if n := c.U8(); n != 0 {
			c.Fail("segment selectors of %d bytes", n)
		}
	}
	if c.Err() == nil && (h.addressSize < 1 || h.addressSize > 8) {
		c.Fail("addresses of %d bytes", h.addressSize)
	}
	length := c.Uint(h.offsetSize)
	if length > uint64(c.Len()) {
		c.Fail("header of %#x bytes, %#x left", length, c.Len())
	}
	if c.Err() != nil {
		return
	}
	start := c.Off + int(length)
	h.minInst = uint64(c.U8())
	h.maxOps = 1
	if h.version >= 4 {
		h.maxOps = uint64(c.U8())
	}
	c.U8() // default_is_stmt
	h.lineBase = int64(int8(c.U8()))
	h.lineRange = uint64(c.U8())
	h.opcodeBase = int(c.U8())
	switch {
	case c.Err() != nil:
		return
	case h.maxOps == 0:
		c.Fail("maximum_operations_per_instruction is 0")
	case h.opcodeBase == 0:
		c.Fail("opcode_base is 0")
	}
	h.lengths = c.Bytes(uint64(max(h.opcodeBase-1, 0)))
	if h.version >= 5 {
		h.entries(c, func(name []byte, _ uint64) { t.dirs = append(t.dirs, name) })
		var files []file
		h.entries(c, func(name []byte, dir uint64) { files = append(files, file{name: name, dir: dir}) })
		t.files = files
	} else {
		h.tables(c, t)
	}
	if c.Err() == nil && c.Off > start {
		c.Fail("header is longer than it says")
	}
	c.Seek(uint64(start)) // past what vendors may have added
}

// tables reads the tables of directories and files of versions 2 to 4.
func (h *header) tables(c *bin.Cursor, t *Table) {
	t.dirs = append(t.dirs, []byte(h.u.CompDir))
	for {
		s := c.CString()
		if c.Err() != nil {
			return
		}
		if len(s) == 0 {
			break
		}
		t.dirs = append(t.dirs, s)
	}
	for {
		if !readFile(c, t) {
			return
		}
	}
}

// readFile reads a file entry of versions 2 to 4 and reports whether there was one.
func readFile(c *bin.Cursor, t *Table) bool {
	s := c.CString()
	if len(s) == 0 {
		return false
	}
	dir := c.ULEB128()
	c.ULEB128() // time of last modification
	c.ULEB128() // length
	if c.Err() != nil {
		return false
	}
	t.files = append(t.files, file{name: s, dir: dir})
	return true
}

// entries reads a table of directories or files of version 5.
func (h *header) entries(c *bin.Cursor, add func(name []byte, dir uint64)) {
	type format struct{ content, form uint64 }
	formats := make([]format, c.U8())
	for i := range formats {
		formats[i] = format{c.ULEB128(), c.ULEB128()}
	}
	count := c.ULEB128()
	// Every form takes at least a byte, so the section bounds the number of entries.
	if len(formats) == 0 && count != 0 {
		c.Fail("%d entries of no format", count)
	}
	for ; count > 0 && c.Err() == nil; count-- {
		var name []byte
		var dir uint64
		for _, f := range formats {
			s, n := h.form(c, f.form)
			switch f.content {
			case lnctPath:
				name = s
			case lnctDirectoryIndex:
				dir = n
			}
		}
		if c.Err() == nil {
			add(name, dir)
		}
	}
}

// form reads an attribute's value: a string or a number, whichever the form says, or neither for what is passed over.
func (h *header) form(c *bin.Cursor, form uint64) (s []byte, n uint64) {
	switch form {
	case formString:
		return c.CString(), 0
	case formLineStrp:
		return stringAt(c, ".debug_line_str", h.s.LineStr, c.Uint(h.offsetSize)), 0
	case formStrp:
		return stringAt(c, ".debug_str", h.s.Str, c.Uint(h.offsetSize)), 0
	case formStrpSup, formSecOffset:
		c.Skip(uint64(h.offsetSize))
	case formStrx:
		return h.indexed(c, c.ULEB128()), 0
	case formStrx1:
		return h.indexed(c, uint64(c.U8())), 0
	case formStrx2:
		return h.indexed(c, uint64(c.U16())), 0
	case formStrx3:
		return h.indexed(c, c.Uint(3)), 0
	case formStrx4:
		return h.indexed(c, uint64(c.U32())), 0
	case formUdata:
		return nil, c.ULEB128()
	case formSdata:
		return nil, uint64(c.SLEB128())
	case formData1:
		return nil, uint64(c.U8())
	case formData2:
		return nil, uint64(c.U16())
	case formData4:
		return nil, uint64(c.U32())
	case formData8:
		return nil, c.U64()
	case formData16:
		c.Skip(16)
	case formBlock:
		c.Skip(c.ULEB128())
	case formBlock1:
		c.Skip(uint64(c.U8()))
	case formBlock2:
		c.Skip(uint64(c.U16()))
	case formBlock4:
		c.Skip(uint64(c.U32()))
	default:
		c.Fail("entry format of form %#x", form)
	}
	return nil, 0
}

// indexed returns the string with this index in the unit's part of .debug_str_offsets.
func (h *header) indexed(c *bin.Cursor, index uint64) []byte {
	if c.Err() != nil {
		return nil
	}
	size := uint64(h.offsetSize)
	off := h.u.StrOffsetsBase + index*size
	if index > uint64(len(h.s.StrOffsets))/size || off < h.u.StrOffsetsBase || off > uint64(len(h.s.StrOffsets)) {
		c.Fail("string index %d lies past the end of .debug_str_offsets", index)
		return nil
	}
	o := bin.New(".debug_str_offsets", h.s.StrOffsets, h.s.Big)
	o.Seek(off)
	at := o.Uint(h.offsetSize)
	if o.Err() != nil {
		c.Fail("%v", o.Err())
		return nil
	}
	return stringAt(c, ".debug_str", h.s.Str, at)
}

// stringAt returns a section from a string on.
func stringAt(c *bin.Cursor, section string, data []byte, off uint64) []byte {
	if off >= uint64(len(data)) {
		c.Fail("string at %#x lies past the end of %s", off, section)
		return nil
	}
	return data[off:]
}
