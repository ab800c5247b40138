package expr

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

// frame is a context of a made-up frame.
type frame struct{}

func (frame) Register(n uint64) (uint64, bool) {
	if n > 40 {
		return 0, false
	}
	return 0x1111111111111111 * (n % 16), true
}
func (frame) CFA() (uint64, error)       { return 0x7000, nil }
func (frame) FrameBase() (uint64, error) { return 0x6000, nil }

func (frame) EntryValue(a Argument) (uint64, error) {
	switch {
	case a.Register == 31:
		return 0, errEntry
	case a.Parameter != nil:
		return 0x9000 + a.Parameter.(uint64), nil
	case a.Pointed:
		return 0x8000 + a.Register, nil
	}
	return 0x7000 + a.Register, nil
}

// Wide: register 20 holds 0x3ff8000000000000, which is 1.5, and what is above it; 41, of x87, 1.5.
func (frame) Wide(n uint64) []byte {
	if n == 20 {
		return []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0xaa, 0xbb, 0, 0, 0, 0, 0, 0}
	}
	if n == 41 {
		return []byte{0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0x3f}
	}
	return nil
}

// LongDouble: that of x87.
func (frame) LongDouble() int { return 64 }

// Read: each byte of memory is the low byte of its address; nothing is below 0x1000.
func (frame) Read(buf []byte, a uint64) error {
	if a < 0x1000 {
		return fmt.Errorf("fault at %#x", a)
	}
	for i := range buf {
		buf[i] = byte(a) + byte(i)
	}
	return nil
}

func (frame) Address(i uint64) (uint64, error) {
	if i > 9 {
		return 0, errors.New("no such address")
	}
	return 0x2000 + i, nil
}

var baseTypes = map[uint64]BaseType{
	1: {Encoding: ateSigned, Size: 4}, 2: {Encoding: ateUnsigned, Size: 4}, 3: {Encoding: ateSigned, Size: 8}, 4: {Encoding: ateFloat, Size: 8}, 8: {Encoding: ateFloat, Size: 4}, 9: {Encoding: ateFloat, Size: 16}, 5: {Encoding: ateUnsigned, Size: 1}, 6: {Encoding: ateUnsigned, Size: 16}, 7: {Encoding: ateSigned, Size: 1},
	10: {Encoding: ateFloat, Size: 16, Float: types.Extended}, 11: {Encoding: ateFloat, Size: 16, Float: types.Quadruple},
}

func (frame) BaseType(off uint64) (BaseType, error) {
	if t, ok := baseTypes[off]; ok {
		return t, nil
	}
	return BaseType{}, errors.New("no base type there")
}

func TestValue(t *testing.T) {
	const ff = ^uint64(0)
	for _, tt := range []struct {
		name string
		code string
		want uint64
	}{
		{"addr", "\x03\x00\x10\x00\x00\x00\x00\x00\x00", 0x101000},
		{"addrx", "\xa1\x02", 0x102002},
		{"GNU_addr_index", "\xfb\x02", 0x102002},
		{"constx", "\xa2\x03", 0x2003},
		{"const1u", "\x08\xff", 0xff},
		{"const1s", "\x09\xff", ff},
		{"const2u", "\x0a\xfe\xff", 0xfffe},
		{"const2s", "\x0b\xfe\xff", ff - 1},
		{"const4u", "\x0c\xfd\xff\xff\xff", 0xfffffffd},
		{"const4s", "\x0d\xfd\xff\xff\xff", ff - 2},
		{"const8u", "\x0e\x01\x00\x00\x00\x00\x00\x00\x80", 1<<63 | 1},
		{"constu", "\x10\x80\x02", 0x100},
		{"consts", "\x11\x7f", ff},
		{"dup", "\x35\x12\x22", 10},
		{"drop", "\x35\x36\x13", 5},
		{"over", "\x35\x36\x14\x13\x13", 5},
		{"over", "\x35\x36\x14", 5},
		{"pick", "\x35\x36\x37\x15\x02", 5},
		{"swap", "\x35\x33\x16\x1c", 3 - 5 + 1<<64 - 1 + 1},
		{"rot top", "\x31\x32\x33\x17", 2},
		{"rot second", "\x31\x32\x33\x17\x13", 1},
		{"rot third", "\x31\x32\x33\x17\x13\x13", 3},
		{"deref", "\x0a\x00\x10\x06", 0x0706050403020100},
		{"deref_size", "\x0a\x01\x10\x94\x02", 0x0201},
		{"abs", "\x09\xfb\x19", 5},
		{"and", "\x3c\x36\x1a", 4},
		{"div", "\x09\xf8\x32\x1b", ff - 3},
		{"div overflow", "\x0e\x00\x00\x00\x00\x00\x00\x00\x80\x09\xff\x1b", 1 << 63},
		{"mod", "\x09\xff\x3a\x1d", 5},
		{"mul", "\x36\x37\x1e", 42},
		{"neg", "\x31\x1f", ff},
		{"not", "\x30\x20", ff},
		{"or", "\x3c\x33\x21", 15},
		{"plus_uconst", "\x31\x23\x80\x01", 129},
		{"shl", "\x31\x3c\x24", 0x1000},
		{"shl all", "\x31\x08\x40\x24", 0},
		{"shr", "\x09\xff\x08\x3f\x25", 1},
		{"shra", "\x09\xf0\x32\x26", ff - 3},
		{"shra all", "\x09\xf0\x08\xff\x26", ff},
		{"xor", "\x3c\x36\x27", 10},
		{"eq", "\x31\x31\x29", 1},
		{"ne", "\x31\x31\x2e", 0},
		{"lt signed", "\x09\xff\x31\x2d", 1},
		{"gt signed", "\x31\x09\xff\x2b", 1},
		{"le", "\x31\x31\x2c", 1},
		{"ge", "\x30\x31\x2a", 0},
		{"bra taken", "\x35\x31\x28\x01\x00\x13", 5},
		{"bra not taken", "\x35\x36\x30\x28\x01\x00\x13", 5},
		{"skip", "\x35\x2f\x01\x00\x13", 5},
		{"loop", "\x3a\x31\x1c\x12\x28\xfa\xff\x37\x22", 7},
		{"breg", "\x72\x7f", 0x2222222222222221},
		{"bregx", "\x92\x12\x02", 0x2222222222222224},
		{"reg", "\x53", 0x3333333333333333},
		{"reg, not assigned as far as the compiler sees", "\x53\xf0", 0x3333333333333333},
		{"regx", "\x90\x04", 0x4444444444444444},
		{"fbreg", "\x91\x70", 0x5ff0},
		{"call_frame_cfa", "\x9c", 0x7000},
		{"nop", "\x96\x31", 1},
		{"stack_value", "\x35\x9f", 5},
		{"initial", "\x22", 13},
		{"const_type", "\xa4\x01\x04\xfe\xff\xff\xff\xa8\x00", ff - 1},
		{"const_type unsigned", "\xa4\x02\x04\xfe\xff\xff\xff\xa8\x00", 0xfffffffe},
		{"regval_type", "\xa5\x03\x07\xa8\x00", 0x33},
		{"regval_type signed", "\xa5\x0f\x07\xa8\x00", ff},
		{"deref_type", "\x0a\x81\x10\xa6\x01\x07\xa8\x03", 0xffffffffffffff81},
		{"convert", "\x09\xff\xa8\x02\xa8\x00", 0xffffffff},
		{"typed lt", "\xa4\x02\x04\xff\xff\xff\xff\xa4\x02\x04\x01\x00\x00\x00\x2d", 0},
		{"typed signed lt", "\xa4\x01\x04\xff\xff\xff\xff\xa4\x01\x04\x01\x00\x00\x00\x2d", 1},
		{"typed mod", "\xa4\x01\x04\xf9\xff\xff\xff\xa4\x01\x04\x03\x00\x00\x00\x1d\xa8\x00", ff},
		{"reinterpret", "\x09\xff\xa8\x02\xa9\x01\xa8\x03\x9f", ff},
		{"typed wrap", "\xa4\x05\x01\xff\xa4\x05\x01\x02\x22\xa8\x00", 1},
		{"address with signed", "\x09\xff\xa8\x03\x35\x1e", ff - 4},
		{"signed with address", "\x39\x09\xfe\xa8\x03\x1b", ff - 3},
		{"address below signed", "\x30\x09\xff\xa8\x03\x2d", 0},
		{"entry value", "\xa3\x01\x55", 0x7005},
		{"entry value of a type", "\xa3\x03\xa5\x05\x05\xa8\x00", 5},
		{"entry value of what is pointed to", "\xa3\x03\x75\x00\x06", 0x8005},
		{"entry value of bytes that are pointed to", "\xf3\x05\x92\x25\x00\x94\x04", 0x8025},
		{"parameter", "\xfa\x34\x00\x00\x00", 0x9034},
		{"float", "\x39\x31\x1c\x1f\xa8\x04", math.Float64bits(-8)},
		{"float of 32 bits", "\xa4\x02\x04\xff\xff\xff\xff\xa8\x08", uint64(math.Float32bits(1 << 32))},
		{"float from float", "\xa5\x14\x04\xa8\x08", uint64(math.Float32bits(1.5))},
		{"float in a register", "\xa5\x14\x04", math.Float64bits(1.5)},
		{"float times float", "\xa5\x14\x04\x33\xa8\x04\x1e", math.Float64bits(4.5)},
		{"float by float", "\x31\xa8\x04\x34\xa8\x04\x1b", math.Float64bits(0.25)},
		{"float minus float", "\x31\xa8\x08\x34\xa8\x08\x1c\x19", uint64(math.Float32bits(3))},
		{"float plus float", "\x31\xa8\x08\x34\xa8\x08\x22\x1f", uint64(math.Float32bits(-5))},
		{"floats equal", "\x31\xa8\x08\x31\xa8\x08\x29", 1},
		{"float below float", "\x09\xff\xa8\x04\x31\xa8\x04\x2d", 1},
		{"not a number", "\x30\xa8\x04\x12\x1b\x12\x2e", 1},
		{"float to integer", "\xa5\x14\x04\x1f\xa8\x01\xa8\x03", ff},
		{"float to unsigned", "\xa4\x04\x08\x00\x00\x00\x00\x00\x00\xe0\x43\xa8\x00\xa8\x03", 1 << 63},
		{"bits of a float", "\x31\xa8\x08\xa9\x02\xa8\x00", 0x3f800000},
		{"float of bits", "\x0c\x00\x00\x80\x3f\xa8\x02\xa9\x08\xa8\x00", 1},
		{"implicit", "\x9e\x04\x00\x00\x80\x3f", 0x3f800000},
	} {
		f := Format{AddressSize: 8, Addresses: Bias(0x100000)}
		var initial []uint64
		if tt.name == "initial" {
			initial = []uint64{6, 7}
		}
		got, err := Value(f, frame{}, []byte(tt.code), initial...)
		if err != nil || got != tt.want {
			t.Errorf("%s: %#x, %v; want %#x", tt.name, got, err, tt.want)
		}
	}
}

func TestNarrow(t *testing.T) {
	for _, tt := range []struct {
		code string
		want uint64
	}{
		{"\x03\x12\x34\x56\x78", 0x12345678},
		{"\x0c\xff\xff\xff\xff\x31\x22", 0},
		{"\x09\xff\x31\x25", 0x7fffffff},
		{"\x09\xff\x31\x26", 0xffffffff},
		{"\x09\xf8\x32\x1b", 0xfffffffc},
		{"\x0a\x10\x00\x06", 0x00010203},
		{"\x09\xff\x31\x2d", 1},
	} {
		got, err := Value(Format{AddressSize: 4, Big: true}, frame{}, []byte(tt.code))
		if err != nil || got != tt.want {
			t.Errorf("%x: %#x, %v; want %#x", tt.code, got, err, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		want       string
		as         any
	}{
		{"empty stack", "\x22", "stack underflow", nil},
		{"pick", "\x31\x15\x01", "number 1 wanted", nil},
		{"nothing", "\x96", "does not yield a number", nil},
		{"loop", "\x2f\xfd\xff", "too many operations", nil},
		{"deep", "\x31\x2f\xfc\xff", "more than 256 values", nil},
		{"branch", "\x2f\x00\x70", "branch is out of bounds", nil},
		{"cut", "\x0e\x00", "8 bytes wanted", nil},
		{"unknown", "\x01", "0x1 is not implemented", new(*UnsupportedError)},
		{"after", "\x50\x31", "after a location", new(*UnsupportedError)},
		{"zero", "\x31\x30\x1b", "division by zero in", nil},
		{"types", "\x31\xa4\x01\x04\x00\x00\x00\x00\x22", "different types", nil},
		{"type", "\x31\xa8\x70", "no base type", nil},
		{"float", "\x31\xa8\x09", "DW_OP_convert is not implemented for a type of 16 bytes", new(*UnsupportedError)},
		{"float to nothing", "\x30\xa8\x04\x12\x1b\xa8\x01", "does not fit", nil},
		{"float too large", "\x31\xa8\x04\x08\xff\xa8\x04\x1e\xa8\x07", "255 does not fit into an integer of 8 bits", nil},
		{"address of a float", "\x31\xa8\x04\x06", "where an integer should be", nil},
		{"float and integer", "\x31\xa8\x04\x31\x22", "different types", nil},
		{"float modulo", "\x31\xa8\x04\x12\x1d", "bits of a floating-point number", nil},
		{"float shifted", "\x31\xa8\x04\x31\x24", "different types", nil},
		{"float not", "\x31\xa8\x04\x20", "bits of a floating-point number", nil},
		{"float plus", "\x31\xa8\x04\x23\x01", "where an integer should be", nil},
		{"float asked", "\x31\xa8\x04\x28\x00\x00\x31", "where an integer should be", nil},
		{"entry of more", "\xa3\x02\x75\x01", "entry", new(*UnavailableError)},
		{"entry of what is pointed to", "\xa3\x04\x75\x00\x94\x09", "entry", new(*UnavailableError)},
		{"entry of no type", "\xa3\x03\xa5\x05\x70", "no base type", nil},
		{"wide", "\x31\xa8\x06", "not implemented", new(*UnsupportedError)},
		{"call", "\x98\x00\x00", "DW_OP_call2 is not implemented", new(*UnsupportedError)},
		{"tls", "\x31\xe0", "GNU_push_tls_address", new(*UnsupportedError)},
		{"register", "\x92\xff\x00\x00", "register 127 is not known", new(*UnavailableError)},
		{"regx", "\x90\xff\x00", "register 127 is not known", new(*UnavailableError)},
		{"entry", "\xa3\x01\x6f", "entry", new(*UnavailableError)},
		{"fault", "\x30\x06", "fault at 0x0", nil},
		{"addrx", "\xa1\x7f", "no such address", nil},
		{"implicit", "\x9e\x09123456789", "does not yield", nil},
	} {
		_, err := Value(Format{AddressSize: 8}, frame{}, []byte(tt.code))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		} else if tt.as != nil && !errors.As(err, tt.as) {
			t.Errorf("%s: error of type %T", tt.name, err)
		}
	}
}

func TestLocate(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		big        bool
		bits       uint64
		want       string // pieces
		bytes      string
	}{
		{"empty", "", false, 8, "empty", "!optimized out"},
		{"memory", "\x0a\x34\x12", false, 16, "memory 0x1234", "\x34\x35"},
		{"register", "\x53", false, 32, "register 0x3", "\x33\x33\x33\x33"},
		{"number", "\x0a\x34\x12\x9f", false, 16, "number 0x1234", "\x34\x12"},
		{"number big", "\x0a\x12\x34\x9f", true, 16, "number 0x1234", "\x12\x34"},
		{"number too small", "\x31\x9f", false, 128, "number 0x1", "\x01" + strings.Repeat("\x00", 15)},
		{"typed", "\xa4\x01\x04\xfe\xff\xff\xff\x9f", false, 64, "number 0xfffffffe", "\xfe\xff\xff\xff\xff\xff\xff\xff"},
		{"typed and longer", "\xa4\x01\x04\xfe\xff\xff\xff\x9f", false, 128, "number 0xfffffffe", "\xfe" + strings.Repeat("\xff", 15)},
		{"typed and longer big", "\xa4\x01\x04\xff\xff\xff\xfe\x9f", true, 128, "number 0xfffffffe", strings.Repeat("\xff", 15) + "\xfe"},
		{"typed above 0 and longer", "\xa4\x01\x04\xfe\xff\xff\x7f\x9f", false, 72, "number 0x7ffffffe", "\xfe\xff\xff\x7f\x00\x00\x00\x00\x00"},
		{"bits of a typed number", "\xa4\x01\x04\xd2\xff\xff\xff\x9f\x9d\x04\x04", false, 4, "number 0xffffffd2/4+4", "\x0d"},
		{"bits of a typed number big", "\xa4\x01\x04\xff\xff\xff\xd2\x9f\x9d\x04\x04", true, 4, "number 0xffffffd2/4+4", "\xd0"},
		{"implicit", "\x9e\x03abc", false, 24, "implicit 0x0", "abc"},
		{"implicit too small", "\x9e\x03abc", false, 32, "implicit 0x0", "abc\x00"},
		{"implicit pointer", "\xa0\x78\x56\x34\x12\x7f", false, 64, "implicit pointer 0x12345678", "!DW_OP_implicit_pointer is not implemented"},
		{"pieces", "\x51\x93\x02\x0a\x34\x12\x93\x01\x9e\x01x\x93\x01", false, 32, "register 0x1/16 memory 0x1234/8 implicit 0x0/8", "\x11\x11\x34x"},
		{"gap", "\x51\x93\x02\x93\x02", false, 32, "register 0x1/16 empty/16", "!optimized out"},
		{"gap unasked", "\x51\x93\x02\x93\x02", false, 16, "register 0x1/16 empty/16", "\x11\x11"},
		{"short", "\x51\x93\x02", false, 32, "register 0x1/16", "!16 of 32 bits"},
		{"bits", "\x08\xb5\x9f\x9d\x04\x00\x08\xb5\x9f\x9d\x04\x04\x38\x9f\x93\x01", false, 16, "number 0xb5/4 number 0xb5/4+4 number 0x8/8", "\xb5\x08"},
		{"bits big", "\x08\xb5\x9f\x9d\x04\x00\x08\xb5\x9f\x9d\x04\x04\x38\x9f\x93\x01", true, 16, "number 0xb5/4 number 0xb5/4+4 number 0x8/8", "\x5b\x08"},
		{"bits of memory", "\x0a\x34\x12\x9d\x04\x04\x9e\x01\xff\x9d\x04\x04", false, 8, "memory 0x1234/4+4 implicit 0x0/4+4", "\xf3"},
		{"bits of memory big", "\x0a\x12\x34\x9d\x04\x04\x9e\x01\x0f\x9d\x04\x00", true, 8, "memory 0x1234/4+4 implicit 0x0/4", "\x4f"},
		{"bits of an implicit value big", "\x9e\x04\x11\x22\x33\x44\x93\x02\x9e\x02\x55\x66\x93\x02", true, 32, "implicit 0x0/16 implicit 0x0/16", "\x33\x44\x55\x66"},
		{"longer than what is left big", "\x9e\x02\x77\x66\x93\x02\x9e\x04\x00\x00\xbb\xaa\x93\x04", true, 32, "implicit 0x0/16 implicit 0x0/32", "\x77\x66\xbb\xaa"},
		{"implicit too small big", "\x9e\x03abc", true, 32, "implicit 0x0", "\x00abc"},
		{"a piece of nothing", "\x0a\x34\x12\x93\x00", false, 8, "empty", "!optimized out"},
		{"unknown register", "\x90\x64\x93\x01\x31\x9f\x93\x01", false, 16, "register 0x64/8 number 0x1/8", "!register 100"},
		// A part that is not known: breg100, the entry value of register 31, an operand of each kind behind it.
		{"unknown part", "\x51\x93\x01\x92\x64\x00\x9f\x93\x01\x53\x93\x01", false, 8, "register 0x1/8 empty/8 register 0x3/8", "\x11"},
		{"unknown first part", "\xa3\x01\x6f\x9f\x93\x01\x53\x93\x01", false, 16, "empty/8 register 0x3/8", "!optimized out"},
		{"unknown bits", "\x92\x64\x00\x9d\x04\x00\x53\x9d\x04\x00", false, 8, "empty/4 register 0x3/4", "!optimized out"},
		{"operands behind what is unknown", "\x92\x64\x00\x03\x93\x93\x93\x93\x93\x93\x93\x93\x08\x93\x0b\x93\x93\x0c\x93\x93\x93\x93\x0e\x93\x93\x93\x93\x93\x93\x93\x93" +
			"\x10\x93\x01\x11\x93\x01\x73\x93\x01\x91\x93\x01\x92\x93\x01\x93\x01\x23\x93\x01\xa5\x93\x01\x93\x01\xa6\x93\x93\x01\xa4\x01\x02\x93\x93\xa8\x93\x01" +
			"\x9e\x02\x93\x93\xa3\x02\x93\x93\xa0\x93\x93\x93\x93\x93\x01\x12\x22\x06\x9c\x96\x9f\x93\x01\x53\x93\x01", false, 16, "empty/8 register 0x3/8", "!optimized out"},
	} {
		f := Format{AddressSize: 8, Big: tt.big}
		ps, err := Locate(f, frame{}, []byte(tt.code))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var s []string
		for _, p := range ps {
			w := p.Kind.String()
			if p.Kind != Empty {
				w += fmt.Sprintf(" %#x", p.Value)
			}
			if p.BitSize != 0 {
				w += fmt.Sprintf("/%d", p.BitSize)
			}
			if p.BitOffset != 0 {
				w += fmt.Sprintf("+%d", p.BitOffset)
			}
			s = append(s, w)
		}
		if got := strings.Join(s, " "); got != tt.want {
			t.Errorf("%s: %s; want %s", tt.name, got, tt.want)
		}
		b, err := Bytes(f, frame{}, ps, tt.bits)
		if want, bad := strings.CutPrefix(tt.bytes, "!"); bad {
			if !errors.As(err, new(*UnavailableError)) && !errors.As(err, new(*UnsupportedError)) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q, %v", tt.name, b, err)
			}
		} else if err != nil || string(b) != tt.bytes {
			t.Errorf("%s: %q, %v; want %q", tt.name, b, err, tt.bytes)
		}
	}
	for _, code := range []string{"\x92\x64\x00", "\x92\x64\x00\x2f\x00\x00\x93\x01", "\x92\x64\x00\x03\x93", "\x92\x64\x00\xff\x93\x01", "\x96", "\x51\x93\x02\x31", "\x51\x93\x02\x50"} {
		if ps, err := Locate(Format{AddressSize: 8}, frame{}, []byte(code)); err == nil {
			t.Errorf("%q: %v and no error", code, ps)
		}
	}
	if _, err := Bytes(Format{}, frame{}, []Piece{{Kind: Memory, Value: 1 << 20}}, 1<<63); err == nil {
		t.Error("object of 2^63 bits: no error")
	}
}

func FuzzLocate(f *testing.F) {
	f.Add([]byte("\x51\x93\x02\x0a\x34\x12\x93\x01\x9e\x01x\x93\x01"), false, uint64(32))
	f.Add([]byte("\x3a\x31\x1c\x12\x28\xfa\xff\x37\x22\x9f"), true, uint64(8))
	f.Add([]byte("\x51\x93\x01\x92\x64\x00\x9f\x93\x01\x53\x93\x01"), false, uint64(8))
	f.Add([]byte("\xa4\x01\x04\xf9\xff\xff\xff\xa4\x01\x04\x03\x00\x00\x00\x1d\xa8\x00\x9f"), false, uint64(64))
	f.Add([]byte("\x08\xb5\x9f\x9d\x04\x00\x08\xb5\x9f\x9d\x04\x04\x38\x9f\x93\x01"), true, uint64(13))
	f.Add([]byte("\x31\xa8\x0a\x33\xa8\x0b\xa8\x0a\x1b\x23\x01\x9f"), true, uint64(128))
	f.Add([]byte("\xa5\x29\x0a\x9f\x93\x10\x90\x29\x93\x08"), false, uint64(192))
	f.Fuzz(func(t *testing.T, code []byte, big bool, bits uint64) {
		for _, size := range []int{4, 8} {
			f := Format{AddressSize: size, Big: big, Addresses: Bias(1 << 40)}
			ps, err := Locate(f, frame{}, code)
			if (len(ps) == 0) == (err == nil) {
				t.Fatalf("%v and %v", ps, err)
			}
			if err == nil {
				b, err := Bytes(f, frame{}, ps, bits%4096)
				if err == nil && uint64(len(b)) != (bits%4096+7)/8 {
					t.Fatalf("%d bytes for %d bits", len(b), bits%4096)
				}
				if err == nil && bits%4096 > 0 { // its parts are parts of it
					at := bits / 4096 % (bits % 4096)
					checkSlice(t, f, ps, b, bits%4096, at, bits/4096/4096%(bits%4096-at)+1)
				}
			}
			if _, err := Value(f, frame{}, code, 0x2000); err != nil && err.Error() == "" {
				t.Fatal("error without a message")
			}
		}
	})
}

// checkSlice checks that a slice of pieces holds bits of the whole object that these are of.
func checkSlice(t *testing.T, f Format, ps []Piece, whole []byte, total, at, n uint64) {
	t.Helper()
	want := make([]byte, (n+7)/8)
	copyBits(want, 0, whole, at, n, f.Big)
	got, err := Bytes(f, frame{}, Slice(ps, total, at, n, f.Big), n)
	if err != nil && slices.ContainsFunc(ps, func(p Piece) bool { return p.Kind == Register && p.Value == 41 }) {
		return // a number of x87 has no parts
	}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%d bits from %d on of %d in %v: % x, %v; want % x", n, at, total, ps, got, err, want)
	}
}

func TestSlice(t *testing.T) {
	pieces := []Piece{
		{Kind: Number, Value: 0x1234567890abcdef, Size: 8, BitSize: 24}, {Kind: Implicit, Bytes: []byte{1, 0x82, 0xc3, 4}, BitSize: 13},
		{Kind: Number, Value: 5, Size: 1, BitSize: 3}, {Kind: Number, Value: 0xfedcba98, Size: 4, BitOffset: 7, BitSize: 20}, {Kind: Implicit, Bytes: []byte("object"), BitSize: 36},
	}
	for _, big := range []bool{false, true} {
		f := Format{AddressSize: 8, Big: big}
		whole, err := Bytes(f, frame{}, pieces, 96)
		if err != nil {
			t.Fatal(err)
		}
		for at := range uint64(96) {
			for n := uint64(1); at+n <= 96; n++ {
				checkSlice(t, f, pieces, whole, 96, at, n)
			}
		}
	}
	pointer := []Piece{{Kind: Number, Value: 1, Size: 4, BitSize: 32}, {BitSize: 32}, {Kind: ImplicitPointer, Value: 7, Offset: 3, BitSize: 64}}
	if got := Slice(pointer, 128, 64, 64, false); len(got) != 1 || got[0].Kind != ImplicitPointer || got[0].Offset != 3 {
		t.Errorf("%v", got)
	}
	for _, r := range [][2]uint64{{64, 32}, {32, 64}, {96, 64}, {128, 8}, {1 << 63, 8}, {^uint64(0) - 7, 8}} { // half of a pointer, what is gone and beyond the end
		if got, err := Bytes(Format{AddressSize: 8}, frame{}, Slice(pointer, 128, r[0], r[1], false), r[1]); err == nil {
			t.Errorf("%d bits from %d on: % x", r[1], r[0], got)
		}
	}
}

func BenchmarkLocate(b *testing.B) {
	code := slices.Concat([]byte{opBreg0 + 7, 8}, []byte{opDeref, opPlusUconst, 16, opStackValue})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Locate(Format{AddressSize: 8}, frame{}, code); err != nil {
			b.Fatal(err)
		}
	}
}
