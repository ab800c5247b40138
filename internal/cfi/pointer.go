package cfi

import "github.com/godrgn/drgn/internal/bin"

// Pointer encodings (Linux Standard Base Core, section 10.5.1). The low four bits are the format, the next three say to
// what the value is relative.
const (
	peAbsptr  = 0x00
	peULEB128 = 0x01
	peUdata2  = 0x02
	peUdata4  = 0x03
	peUdata8  = 0x04
	peSigned  = 0x08 // a word with a sign
	peSLEB128 = 0x09
	peSdata2  = 0x0a
	peSdata4  = 0x0b
	peSdata8  = 0x0c

	pePcrel   = 0x10
	peTextrel = 0x20
	peDatarel = 0x30
	peFuncrel = 0x40
	peAligned = 0x50

	peIndirect = 0x80
	peOmit     = 0xff
)

// pointer reads an encoded pointer; c reads the section from its start. funcrel is the base of peFuncrel. An indirect
// pointer is an error, since the memory it points to isn't available; no compiler makes one for a code address.
func (t *Table) pointer(c *bin.Cursor, encoding byte, addressSize int, funcrel uint64) uint64 {
	if encoding == peAligned {
		pad := -(t.address + uint64(c.Off)) & uint64(addressSize-1)
		c.Skip(pad)
		encoding = peAbsptr
	}
	here := t.address + uint64(c.Off)
	value := t.number(c, encoding, addressSize)
	switch encoding & 0x70 {
	case peAbsptr:
	case pePcrel:
		value += here
	case peTextrel:
		value += t.textBase
	case peDatarel:
		value += t.dataBase
	case peFuncrel:
		value += funcrel
	default:
		c.Fail("pointer encoding %#x is unknown", encoding)
	}
	if encoding&peIndirect != 0 {
		c.Fail("pointer encoding %#x is indirect", encoding)
	}
	return truncate(value, addressSize)
}

// number reads the number in an encoded pointer, sign-extended if its format is signed.
func (t *Table) number(c *bin.Cursor, encoding byte, addressSize int) uint64 {
	switch encoding & 0x0f {
	case peAbsptr:
		return c.Uint(addressSize)
	case peSigned:
		return signed(c.Uint(addressSize), addressSize)
	case peULEB128:
		return c.ULEB128()
	case peUdata2:
		return uint64(c.U16())
	case peUdata4:
		return uint64(c.U32())
	case peUdata8, peSdata8:
		return c.U64()
	case peSLEB128:
		return uint64(c.SLEB128())
	case peSdata2:
		return signed(uint64(c.U16()), 2)
	case peSdata4:
		return signed(uint64(c.U32()), 4)
	}
	c.Fail("pointer encoding %#x is unknown", encoding)
	return 0
}

// signed extends the sign of a number of the given size in bytes.
func signed(v uint64, size int) uint64 {
	shift := 64 - 8*size
	return uint64(int64(v<<shift) >> shift)
}

// truncate cuts an address to the given size in bytes.
func truncate(v uint64, size int) uint64 { return v << (64 - 8*size) >> (64 - 8*size) }
