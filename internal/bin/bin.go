// Package bin reads untrusted bytes with a cursor whose first error sticks.
package bin

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/godrgn/drgn/failure"
)

// A DecodeError says where in which section or file the bytes did not make sense: [failure.DecodeError].
type DecodeError = failure.DecodeError

// A Cursor reads from Data at Off. After the first failure every read returns zero and Err returns that failure, so a
// caller may read a whole record and check once; loops must check in every turn.
type Cursor struct {
	Data    []byte
	Off     int
	Big     bool   // byte order
	Section string // for errors
	err     error
}

// New returns a cursor at the start of data.
func New(section string, data []byte, big bool) Cursor {
	return Cursor{Data: data, Big: big, Section: section}
}

// Err returns the first failure, or nil.
func (c *Cursor) Err() error { return c.err }

// Fail records a failure at the present offset unless there is one already.
func (c *Cursor) Fail(format string, args ...any) {
	if c.err == nil {
		c.err = &DecodeError{Section: c.Section, Off: uint64(c.Off), Problem: fmt.Sprintf(format, args...)}
	}
}

// Len returns the number of bytes left; 0 after a failure.
func (c *Cursor) Len() int {
	if c.err != nil || c.Off > len(c.Data) {
		return 0
	}
	return len(c.Data) - c.Off
}

// Seek moves to an absolute offset; one past the end is allowed.
func (c *Cursor) Seek(off uint64) {
	if off > uint64(len(c.Data)) {
		c.Fail("offset %#x lies past the end (%#x)", off, len(c.Data))
		return
	}
	if c.err == nil {
		c.Off = int(off)
	}
}

// Bytes returns the next n bytes without copying them, or nil.
func (c *Cursor) Bytes(n uint64) []byte {
	if c.err != nil {
		return nil
	}
	if n > uint64(c.Len()) {
		c.Fail("%d bytes wanted, %d left", n, c.Len())
		return nil
	}
	b := c.Data[c.Off : c.Off+int(n) : c.Off+int(n)]
	c.Off += int(n)
	return b
}

// Skip passes over n bytes.
func (c *Cursor) Skip(n uint64) { c.Bytes(n) }

// U8 reads a byte.
func (c *Cursor) U8() uint8 {
	if c.err != nil || c.Off >= len(c.Data) {
		c.Fail("1 byte wanted, 0 left")
		return 0
	}
	v := c.Data[c.Off]
	c.Off++
	return v
}

// U16 reads two bytes in the cursor's byte order.
func (c *Cursor) U16() uint16 {
	b := c.Bytes(2)
	if b == nil {
		return 0
	}
	if c.Big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

// U32 reads four bytes in the cursor's byte order.
func (c *Cursor) U32() uint32 {
	b := c.Bytes(4)
	if b == nil {
		return 0
	}
	if c.Big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// U64 reads eight bytes in the cursor's byte order.
func (c *Cursor) U64() uint64 {
	b := c.Bytes(8)
	if b == nil {
		return 0
	}
	if c.Big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// Uint reads an unsigned integer of 1 to 8 bytes in the cursor's byte order.
func (c *Cursor) Uint(size int) uint64 {
	switch size {
	case 1:
		return uint64(c.U8())
	case 2:
		return uint64(c.U16())
	case 4:
		return uint64(c.U32())
	case 8:
		return c.U64()
	}
	if size < 1 || size > 8 {
		c.Fail("integer of %d bytes", size)
		return 0
	}
	var v uint64
	for i, b := range c.Bytes(uint64(size)) {
		if c.Big {
			v = v<<8 | uint64(b)
		} else {
			v |= uint64(b) << (8 * i)
		}
	}
	return v
}

// ULEB128 reads an unsigned LEB128 number (DWARF 5, section 7.6); one that does not fit 64 bits is a failure.
func (c *Cursor) ULEB128() uint64 {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		b := c.U8()
		if c.err != nil {
			return 0
		}
		low := uint64(b & 0x7f)
		if shift >= 64 && low != 0 || shift == 63 && low > 1 {
			c.Fail("ULEB128 number overflows 64 bits")
			return 0
		}
		if shift < 64 {
			v |= low << shift
		}
		if b&0x80 == 0 {
			return v
		}
	}
}

// SLEB128 reads a signed LEB128 number (DWARF 5, section 7.6); one that does not fit 64 bits is a failure.
func (c *Cursor) SLEB128() int64 {
	var v int64
	for shift := uint(0); ; shift += 7 {
		b := c.U8()
		if c.err != nil {
			return 0
		}
		low := b & 0x7f
		switch {
		case shift < 63:
			v |= int64(low) << shift
		case shift == 63 && (low == 0 || low == 0x7f):
			v |= int64(low&1) << 63
		case shift > 63 && (low == 0 && v >= 0 || low == 0x7f && v < 0):
		default:
			c.Fail("SLEB128 number overflows 64 bits")
			return 0
		}
		if b&0x80 == 0 {
			if shift+7 < 64 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
}

// CString reads bytes up to a NUL, which it passes over, without copying them.
func (c *Cursor) CString() []byte {
	if c.err != nil {
		return nil
	}
	n := bytes.IndexByte(c.Data[len(c.Data)-c.Len():], 0)
	if n < 0 {
		c.Fail("string without an end")
		return nil
	}
	b := c.Data[c.Off : c.Off+n : c.Off+n]
	c.Off += n + 1
	return b
}

// Align moves forward to a multiple of n (a power of two) from the start of Data.
func (c *Cursor) Align(n int) {
	if pad := -c.Off & (n - 1); pad > 0 {
		c.Skip(uint64(pad))
	}
}
