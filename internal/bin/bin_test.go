package bin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

func TestIntegers(t *testing.T) {
	data := []byte{0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88}
	for _, test := range []struct {
		size        int
		little, big uint64
	}{
		{1, 0x81, 0x81}, {2, 0x0281, 0x8102}, {3, 0x030281, 0x810203}, {4, 0x04030281, 0x81020304}, {5, 0x0504030281, 0x8102030405},
		{6, 0x060504030281, 0x810203040506}, {7, 0x07060504030281, 0x81020304050607}, {8, 0x8807060504030281, 0x8102030405060788},
	} {
		for big, want := range map[bool]uint64{false: test.little, true: test.big} {
			c := New("x", data, big)
			if got := c.Uint(test.size); got != want || c.Off != test.size || c.Err() != nil {
				t.Errorf("%d bytes, big %v: %#x, then at %d, %v; want %#x", test.size, big, got, c.Off, c.Err(), want)
			}
		}
	}
	c := New("x", data, true)
	if a, b, d, e := c.U8(), c.U16(), c.U32(), c.Len(); a != 0x81 || b != 0x0203 || d != 0x04050607 || e != 1 {
		t.Errorf("%#x %#x %#x, %d left", a, b, d, e)
	}
	for _, size := range []int{-1, 0, 9, math.MaxInt} {
		c := New("x", data, false)
		if v := c.Uint(size); v != 0 || c.Err() == nil {
			t.Errorf("an integer of %d bytes: %d, %v", size, v, c.Err())
		}
	}
}

// The examples of DWARF 5, tables 7.7 and 7.8, and the largest numbers.
func TestLEB128(t *testing.T) {
	for _, test := range []struct {
		data []byte
		want uint64
		bad  bool
	}{
		{[]byte{2}, 2, false}, {[]byte{127}, 127, false}, {[]byte{0x80, 1}, 128, false}, {[]byte{0xb9, 0x64}, 12857, false},
		{[]byte{0x80, 0x80, 0x00}, 0, false}, // padded
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, math.MaxUint64, false},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 0, true},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x01}, 0, true},
		{[]byte{0x80}, 0, true}, {nil, 0, true},
	} {
		c := New("x", test.data, false)
		if got := c.ULEB128(); got != test.want || (c.Err() != nil) != test.bad {
			t.Errorf("unsigned %x: %d, %v; want %d", test.data, got, c.Err(), test.want)
		}
	}
	for _, test := range []struct {
		data []byte
		want int64
		bad  bool
	}{
		{[]byte{2}, 2, false}, {[]byte{0x7e}, -2, false}, {[]byte{0xff, 0}, 127, false}, {[]byte{0x81, 0x7f}, -127, false},
		{[]byte{0x80, 1}, 128, false}, {[]byte{0x80, 0x7f}, -128, false}, {[]byte{0x81, 1}, 129, false}, {[]byte{0xff, 0x7e}, -129, false},
		{[]byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, math.MinInt64, false},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}, math.MaxInt64, false},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 0, true},
		{[]byte{0x80}, 0, true},
	} {
		c := New("x", test.data, false)
		if got := c.SLEB128(); got != test.want || (c.Err() != nil) != test.bad {
			t.Errorf("signed %x: %d, %v; want %d", test.data, got, c.Err(), test.want)
		}
	}
}

func TestBytesAndStrings(t *testing.T) {
	c := New("x", []byte("one\x00two\x00\x00end"), false)
	for _, want := range []string{"one", "two", ""} {
		if got := c.CString(); string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	c.Align(4)
	if c.Off != 12 || c.Err() != nil {
		t.Errorf("aligned to %d, %v", c.Off, c.Err())
	}
	if got := c.CString(); got != nil || c.Err() == nil {
		t.Errorf("a string without an end: %q, %v", got, c.Err())
	}
	c = New("x", []byte{1, 2, 3}, false)
	b := c.Bytes(2)
	if grown := append(b, 9); c.U8() != 3 || grown[2] != 9 {
		t.Error("what was returned reaches into the rest")
	}
	c = New("x", []byte{1, 2, 3}, false)
	if c.Skip(3); c.Len() != 0 || c.Err() != nil {
		t.Errorf("%d left, %v", c.Len(), c.Err())
	}
}

// The first failure stays, says where it was, and all later reads give nothing.
func TestFailures(t *testing.T) {
	for name, read := range map[string]func(c *Cursor){
		"U8":             func(c *Cursor) { c.Seek(4); c.U8() },
		"U16":            func(c *Cursor) { c.Seek(3); c.U16() },
		"U32":            func(c *Cursor) { c.Seek(1); c.U32() },
		"U64":            func(c *Cursor) { c.U64() },
		"many bytes":     func(c *Cursor) { c.Bytes(math.MaxUint64) },
		"half of them":   func(c *Cursor) { c.Bytes(1 << 63) },
		"skip":           func(c *Cursor) { c.Skip(5) },
		"seek":           func(c *Cursor) { c.Seek(5) },
		"seek far":       func(c *Cursor) { c.Seek(math.MaxUint64) },
		"align":          func(c *Cursor) { c.Seek(1); c.Align(8) },
		"own":            func(c *Cursor) { c.Fail("%s", "wrong") },
		"past the end":   func(c *Cursor) { c.Off = 9; c.Bytes(1) },
		"string past":    func(c *Cursor) { c.Off = 9; c.CString() },
		"number past":    func(c *Cursor) { c.Off = 9; c.ULEB128() },
		"nothing past":   func(c *Cursor) { c.Off = 9; c.Bytes(1 << 63) },
		"integer past":   func(c *Cursor) { c.Off = 9; c.Uint(3) },
		"signed no end":  func(c *Cursor) { c.Seek(4); c.SLEB128() },
		"string no end":  func(c *Cursor) { c.CString() },
		"integer no end": func(c *Cursor) { c.Uint(7) },
	} {
		c := New("section", []byte{1, 2, 3, 4}, false)
		read(&c)
		first := c.Err()
		var e *DecodeError
		if !errors.As(first, &e) || e.Section != "section" {
			t.Errorf("%s: %v", name, first)
			continue
		}
		c.Seek(0)
		c.Fail("another")
		if c.U8() != 0 || c.U64() != 0 || c.Bytes(0) != nil || c.CString() != nil || c.Len() != 0 || c.Err() != first {
			t.Errorf("%s: after the failure: %v, %d left", name, c.Err(), c.Len())
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0, 0x80, 0x81, 1}, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Fuzz(func(t *testing.T, data, ops []byte) {
		c := New("fuzz", data, len(ops)%2 == 1)
		for _, op := range ops {
			before := c.Off
			switch op % 10 {
			case 0:
				c.U8()
			case 1:
				c.U16()
			case 2:
				c.U32()
			case 3:
				c.U64()
			case 4:
				c.ULEB128()
			case 5:
				c.SLEB128()
			case 6:
				if s := c.CString(); bytes.IndexByte(s, 0) >= 0 {
					t.Fatal("a string with a NUL")
				}
			case 7:
				c.Bytes(uint64(op) << (op % 56))
			case 8:
				c.Uint(int(op>>4) - 2)
			case 9:
				c.Align(1 << (op % 7))
			}
			if c.Off < before || c.Off > len(data) {
				t.Fatalf("from %d to %d of %d", before, c.Off, len(data))
			}
		}
		if c.Err() == nil && len(data) >= 4 {
			c.Seek(0)
			if got := c.U32(); !c.Big && got != binary.LittleEndian.Uint32(data) {
				t.Fatalf("%#x", got)
			}
		}
	})
}
