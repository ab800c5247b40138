package expr

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
)

// Of the frame's types, 10 is x87's in 16 bytes and 11 the one of 128 bits. Bytes are those that gcc 12 makes of the same numbers.
const (
	one     = "\xa4\x0a\x10\x00\x00\x00\x00\x00\x00\x00\x80\xff\x3f\x00\x00\x00\x00\x00\x00"
	tenth   = "\xa4\x0a\x10\xcd\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xfb\x3f\x00\x00\x00\x00\x00\x00"
	least   = "\xa4\x0a\x10\x00\x00\x00\x00\x00\x00\x00\x80\x01\x00\x00\x00\x00\x00\x00\x00" // the least number of full precision
	endless = "\xa4\x0a\x10\x00\x00\x00\x00\x00\x00\x00\x80\xff\x7f\x00\x00\x00\x00\x00\x00"
	none    = "\xa4\x0a\x10\x00\x00\x00\x00\x00\x00\x00\xc0\xff\x7f\x00\x00\x00\x00\x00\x00"
)

func TestWide(t *testing.T) {
	for _, tt := range []struct{ name, code, want string }{
		{"constant", tenth, "cdccccccccccccccfb3f"},
		{"third", one + "\x33\xa8\x0a\x1b", "abaaaaaaaaaaaaaafd3f"},
		{"sum", one + tenth + "\x22", "cdcccccccccccc8cff3f"},
		{"difference", one + tenth + "\x1c", "66666666666666e6fe3f"},
		{"product", tenth + "\x12\x1e", "0bd7a3703d0ad7a3f83f"},
		{"nothing left", tenth + "\x12\x1c", "00000000000000000000"},
		{"negative", one + "\x1f", "0000000000000080ffbf"},
		{"negative zero", "\x30\xa8\x0a\x1f", "00000000000000000080"},
		{"absolute", one + "\x1f\x19", "0000000000000080ff3f"},
		{"of a signed integer", "\x09\xff\xa8\x0a", "0000000000000080ffbf"},
		{"of an integer that float64 can't be", "\x0e\x01\x00\x00\x00\x00\x00\x20\x00\xa8\x0a", "00040000000000803440"},
		{"of an unsigned integer", "\xa4\x02\x04\xff\xff\xff\xff\xa8\x0a", "00000000ffffffff1e40"},
		{"of a float", "\xa5\x14\x04\xa8\x0a", "00000000000000c0ff3f"},
		{"in a register", "\xa5\x29\x0a", "00000000000000c0ff3f"},
		{"stack", one + tenth + "\x16\x13", "cdccccccccccccccfb3f"},
		{"same type", tenth + "\xa9\x0a", "cdccccccccccccccfb3f"},
	} {
		p, err := Locate(Format{AddressSize: 8}, frame{}, []byte(tt.code+"\x9f"))
		want := strings.ReplaceAll(tt.want, " ", "") + "000000000000"
		if err != nil || len(p) != 1 || p[0].Kind != Implicit || hex.EncodeToString(p[0].Bytes) != want {
			t.Errorf("%s: %+v, %v, want %s", tt.name, p, err, want)
		}
	}
	// 1/3 in 128 bits, in either byte order.
	for big, want := range map[bool]string{false: "5555555555555555555555555555fd3f", true: "3ffd5555555555555555555555555555"} {
		p, err := Locate(Format{AddressSize: 8, Big: big}, frame{}, []byte("\x31\xa8\x0b\x33\xa8\x0b\x1b\x9f"))
		if err != nil || len(p) != 1 || hex.EncodeToString(p[0].Bytes) != want {
			t.Errorf("%+v, %v, want %s", p, err, want)
		}
	}
}

func TestWideToNarrow(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		want       uint64
	}{
		{"to double", tenth + "\xa8\x04", math.Float64bits(0.1)},
		{"to float", tenth + "\xa8\x08", uint64(math.Float32bits(0.1))},
		{"infinity to double", endless + "\xa8\x04", math.Float64bits(math.Inf(1))},
		{"to integer", one + "\x33\xa8\x0a\x1b\x1f\xa8\x03", 0},
		{"to a negative integer", one + "\x1f\xa8\x01\xa8\x03", ^uint64(0)},
		{"to the generic type", one + "\x1f\xa8\x00", ^uint64(0)},
		{"below", tenth + one + "\x2d", 1},
		{"not below", one + one + "\x2d", 0},
		{"at least", one + one + "\x2a", 1},
		{"equal", one + tenth + "\x29", 0},
		{"different", one + tenth + "\x2e", 1},
		{"double in a register of 80 bits", "\xa5\x29\x04", math.Float64bits(1.5)},
		{"float in a register of 80 bits", "\xa5\x29\x08", uint64(math.Float32bits(1.5))},
	} {
		if got, err := Value(Format{AddressSize: 8}, frame{}, []byte(tt.code)); err != nil || got != tt.want {
			t.Errorf("%s: %#x, %v; want %#x", tt.name, got, err, tt.want)
		}
	}
}

func TestWideErrors(t *testing.T) {
	for _, tt := range []struct {
		name, code, want string
		as               any
	}{
		{"infinity", endless + "\x12\x1c", "not exact", new(*UnsupportedError)},
		{"by zero", one + "\x30\xa8\x0a\x1b", "not exact", new(*UnsupportedError)},
		{"too small", least + tenth + "\x1e", "not exact", new(*UnsupportedError)},
		{"not a number", none, "not a number", new(*UnsupportedError)},
		{"float that is not a number", "\x30\xa8\x04\x12\x1b\xa8\x0a", "not a number", new(*UnsupportedError)},
		{"bits", one + "\xa9\x0b", "numbers of more than 64 bits", new(*UnsupportedError)},
		{"integer in a register of 80 bits", "\xa5\x29\x03", "for an integer", new(*UnsupportedError)},
		{"128 bits in a register of 80", "\xa5\x29\x0b", "content of the register", new(*UnsupportedError)},
		{"too large", one + "\x0a\x00\x01\xa8\x0a\x1e\xa8\x07", "does not fit into an integer of 8 bits", nil},
		{"infinite integer", endless + "\xa8\x03", "does not fit", nil},
		{"negative to unsigned", one + "\x1f\xa8\x02", "does not fit", nil},
		{"as a number", one, "more than 64 bits", nil},
		{"not", one + "\x20", "bits of a floating-point number", nil},
		{"modulo", one + "\x12\x1d", "bits of a floating-point number", nil},
		{"other type", one + "\x31\xa8\x04\x22", "different types", nil},
		{"shift", one + "\x31\x24", "different types", nil},
		{"address", one + "\x06", "where an integer should be", nil},
		{"integer added", one + "\x23\x01", "where an integer should be", nil},
		{"branch", one + "\x28\x00\x00\x31", "where an integer should be", nil},
		{"entry value", "\xa3\x03\xa5\x05\x0a", "entry", new(*UnavailableError)},
	} {
		_, err := Value(Format{AddressSize: 8}, frame{}, []byte(tt.code))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		} else if tt.as != nil && !errors.As(err, tt.as) {
			t.Errorf("%s: error of type %T", tt.name, err)
		}
	}
}

// TestX87Register has a variable in a register of 80 bits, whose size tells its type.
func TestX87Register(t *testing.T) {
	piece := Piece{Kind: Register, Value: 41}
	for _, tt := range []struct {
		bits uint64
		want string
	}{
		{32, "0000c03f"}, {64, "000000000000f83f"}, {80, "00000000000000c0ff3f"}, {96, "00000000000000c0ff3f0000"}, {128, "00000000000000c0ff3f000000000000"},
		{16, ""}, {72, ""}, {136, ""},
	} {
		b, err := Bytes(Format{AddressSize: 8}, frame{}, []Piece{piece}, tt.bits)
		if hex.EncodeToString(b) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%d bits: %x, %v, want %s", tt.bits, b, err, tt.want)
		}
	}
	// What fields of the number are is not known before it is converted: only the whole can be had.
	for _, at := range []uint64{0, 32} {
		if b, err := Bytes(Format{AddressSize: 8}, frame{}, Slice([]Piece{piece}, 64, at, 32, false), 32); !errors.As(err, new(*UnavailableError)) {
			t.Errorf("part at %d: %x, %v", at, b, err)
		}
	}
	if b, err := Bytes(Format{AddressSize: 8}, frame{}, Slice([]Piece{piece}, 64, 0, 64, false), 64); hex.EncodeToString(b) != "000000000000f83f" || err != nil {
		t.Errorf("whole: %x, %v", b, err)
	}
}
