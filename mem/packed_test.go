package mem

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// block is the size of what is packed together in these tests, in bytes.
const block = 4096

// shouted is memory of blocks that are packed as small letters; those in raw are not packed, those in missing not there.
type shouted struct {
	text         string
	raw, missing map[int]bool
	views        *int
}

func (s shouted) View(address uint64) ([]byte, error) {
	i := int(address / block)
	if s.missing[i] {
		return nil, &FaultError{Message: "missing", Address: address}
	}
	*s.views++
	return []byte(strings.ToUpper(s.text[i*block : (i+1)*block]))[address%block:], nil
}

// Packs is true.
func (s shouted) Packs() bool { return true }

// Next returns the first address from address on whose block is there.
func (s shouted) Next(address uint64) (uint64, bool) {
	for i := int(address / block); i < len(s.text)/block; i++ {
		if !s.missing[i] {
			return max(address, uint64(i)*block), true
		}
	}
	return 0, false
}

func (s shouted) Form(address uint64) (f Form, ok bool) {
	i := int(address / block)
	if address%block != 0 || s.raw[i] || s.missing[i] {
		return f, false
	}
	return Form{Method: 1, Bytes: []byte(s.text[i*block : (i+1)*block]), Size: block}, true
}

func (s shouted) Unpack(buf []byte, address uint64) error {
	for i := range buf {
		if s.missing[int(address+uint64(i))/block] {
			return &FaultError{Message: "missing", Address: address + uint64(i)}
		}
		buf[i] = strings.ToUpper(s.text[address+uint64(i):][:1])[0]
	}
	return nil
}

func shouting(t *testing.T, text string) (*Space, shouted) {
	t.Helper()
	v := shouted{text, map[int]bool{}, map[int]bool{}, new(int)}
	s := NewSpace()
	add(t, s, Segment{Max: uint64(len(text)) - 1, View: v})
	return s, v
}

var verse = strings.Repeat("the quick brown fox jumps over the lazy dog. ", 40*block/45+1)[:40*block]

// Memory that is read once is unpacked into the buffer, and none of it is viewed.
func TestUnpack(t *testing.T) {
	s, v := shouting(t, verse)
	add(t, s, BytesSegment(100, []byte("0123456789"), false))
	want := []byte(strings.ToUpper(verse))
	copy(want[100:], "0123456789")
	for _, r := range [][2]int{{0, 40 * block}, {3, 13 * block}, {block, block}, {90, 15}, {105, 30}, {40*block - 1, 1}, {50, 0}} {
		buf := make([]byte, r[1])
		if err := s.Unpack(buf, uint64(r[0]), false); err != nil || !bytes.Equal(buf, want[r[0]:r[0]+r[1]]) {
			t.Errorf("%v: not what is there, %v", r, err)
		}
	}
	if *v.views != 0 {
		t.Errorf("%d blocks were viewed", *v.views)
	}
	v.missing[20] = true
	wantFault(t, s.Unpack(make([]byte, 30*block), 0, false), 20*block)
	wantFault(t, s.Unpack(make([]byte, 40*block+1), 0, false), 20*block)
	wantFault(t, s.Unpack(make([]byte, 100), 40*block-5, false), 40*block)
	s.Close()
	if err := s.Unpack(make([]byte, 4), 0, false); err == nil {
		t.Error("a closed space is read")
	}
}

func digest(t *testing.T, s *Space, address, n uint64) (string, uint64) {
	t.Helper()
	var b bytes.Buffer
	packed, err := s.Digest(&b, address, n, false)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), packed
}

// Of what is written, any difference in memory makes another text: in what is packed, in what is not, and at the edges.
func TestDigest(t *testing.T) {
	s, _ := shouting(t, verse)
	const first, n = 5, 39*block + 10 // ends in the last block
	whole, packed := digest(t, s, first, n)
	if packed != 38*block { // without those at the edges
		t.Errorf("%d bytes are packed", packed)
	}
	for _, at := range []int{first, 7, block, 20*block + 9, 39 * block, first + n - 1} {
		changed := []byte(verse)
		changed[at] = '!'
		other, _ := shouting(t, string(changed))
		if got, _ := digest(t, other, first, n); got == whole {
			t.Errorf("a change at %d is not seen", at)
		}
	}
	for _, at := range []int{first - 1, first + n} {
		changed := []byte(verse)
		changed[at] = '!'
		other, _ := shouting(t, string(changed))
		if got, _ := digest(t, other, first, n); got != whole {
			t.Errorf("a change at %d, which is outside, is seen", at)
		}
	}
	raw, v := shouting(t, strings.ToUpper(verse))
	for i := range 40 {
		v.raw[i] = true
	}
	if got, packed := digest(t, raw, 0, 40*block); packed != 0 || !strings.Contains(got, "QUICK BROWN") {
		t.Errorf("%d bytes are packed of memory that is not", packed)
	}
	v.missing[3] = true
	if _, err := raw.Digest(&bytes.Buffer{}, 0, 40*block, false); err == nil {
		t.Error("memory that is missing has a digest")
	} else {
		wantFault(t, err, 3*block)
	}
	if _, err := s.Digest(failing{}, 0, 2*block, false); !errors.Is(err, errFailing) {
		t.Error(err)
	}
	if f, ok := s.Form(2*block, false); !ok || string(f.Bytes) != verse[2*block:3*block] {
		t.Errorf("%d bytes, %v", len(f.Bytes), ok)
	}
	add(t, s, BytesSegment(2*block+8, []byte("~"), false))
	if _, ok := s.Form(2*block, false); ok {
		t.Error("a block that is hidden in part is said to be packed as a whole")
	}
	if got, _ := digest(t, s, 0, 40*block); !strings.Contains(got, "~") {
		t.Error("what hides a part of a block is not seen")
	}
}

var errFailing = errors.New("no room")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFailing }

// twoViews views memory page by page, as it lies behind page tables.
type twoViews struct {
	data []byte
	at   func(page uint64) uint64 // offset in data
}

func (v twoViews) View(address uint64) ([]byte, error) {
	off := v.at(address / block)
	return v.data[off+address%block : off+block], nil
}

// Memory lies together where each page follows the one before it in the same file; copies of it do not.
func TestWhole(t *testing.T) {
	data := []byte(verse)
	in := func(at func(uint64) uint64) *Space {
		s := NewSpace()
		add(t, s, Segment{Max: 40*block - 1, View: twoViews{data, at}})
		return s
	}
	together := in(func(page uint64) uint64 { return block * page })
	for _, r := range [][2]uint64{{0, 40 * block}, {5, 3 * block}, {block, block}, {40*block - 1, 1}} {
		b, keep, ok := together.Whole(r[0], r[1], false)
		if !ok || keep == nil || string(b) != verse[r[0]:r[0]+r[1]] || cap(b) != len(b) {
			t.Errorf("%v: not what is there, %v", r, ok)
		}
	}
	apart := in(func(page uint64) uint64 { return block * (page ^ 1) })
	repeated := in(func(uint64) uint64 { return 0 })
	packed, _ := shouting(t, verse)
	for name, s := range map[string]*Space{"apart": apart, "repeated": repeated, "made when it is viewed": packed} {
		if b, _, ok := s.Whole(0, 3*block, false); ok {
			t.Errorf("%s: %d bytes", name, len(b))
		}
	}
	add(t, together, BytesSegment(40, []byte("x"), false))
	for _, r := range [][2]uint64{{0, 40*block + 1}, {41 * block, 1}, {0, 0}, {30, 20}, {0, 1 << 62}} {
		if b, _, ok := together.Whole(r[0], r[1], false); ok {
			t.Errorf("%v: %d bytes", r, len(b))
		}
	}
}

// Where a mapped file was truncated, none of the ways to read many pages ends the program.
func TestManyTruncated(t *testing.T) {
	m := truncated(t)
	s := NewSpace()
	add(t, s, BytesSegment(0x10000, m.Bytes(), false))
	bad := 0x10000 + 2*uint64(page)
	wantFault(t, s.Unpack(make([]byte, 8*page), 0x10000, false), bad)
	_, err := s.Digest(&bytes.Buffer{}, 0x10000, 8*uint64(page), false)
	wantFault(t, err, bad)
	b, _, ok := s.Whole(0x10000, 8*uint64(page), false)
	if !ok {
		t.Fatal("the file does not lie together")
	}
	var file *FileError
	if err := Guard(func() error { _ = bytes.IndexByte(b, 7); return nil }); !errors.As(err, &file) {
		t.Error(err)
	}
}
