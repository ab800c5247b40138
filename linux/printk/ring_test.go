package printk

import (
	"encoding/binary"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// TestText reads texts from a ring of 64 bytes at 0x1000.
func TestText(t *testing.T) {
	const base, id, lost = 0x1000, 7, "(lost)"
	block := func(owner uint64, text string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, owner), text...)
	}
	for _, test := range []struct {
		name        string
		at          uint64 // where the block is written
		block       []byte
		begin, next uint64
		length      uint64
		want        string
	}{
		{"at the start", 0, block(id, "hello"), 0x40, 0x50, 5, "hello"},
		{"in the middle", 16, block(id, "hello"), 0x50, 0x60, 5, "hello"},
		{"up to the end", 48, block(id, "hello"), 0x70, 0x80, 5, "hello"},
		{"moved to the start", 0, block(id, "hello"), 0x78, 0x90, 5, "hello"},
		{"positions overflow", 48, block(id, "hello"), ^uint64(0) - 15, 0, 5, "hello"},
		{"moved, positions overflow", 0, block(id, "hello"), ^uint64(0) - 7, 16, 5, "hello"},
		{"longer than its block", 0, block(id, "hello you"), 0x40, 0x50, 100, "hello yo"},
		{"of no length", 0, block(id, ""), 0x40, 0x48, 0, ""},
		{"of another message", 0, block(id+1, "hello"), 0x40, 0x50, 5, lost},
		{"an empty line", 0, nil, 3, 3, 0, ""},
		{"that did not fit", 0, nil, 1, 1, 5, lost},
		{"smaller than a block", 0, block(id, "hello"), 0x40, 0x44, 5, lost},
		{"next before begin", 0, block(id, "hello"), 0x50, 0x40, 5, lost},
		{"more than the ring", 0, block(id, "hello"), 0x40, 0x1000, 5, lost},
	} {
		t.Run(test.name, func(t *testing.T) {
			platform, err := arch.NewPlatform(arch.X86_64)
			if err != nil {
				t.Fatal(err)
			}
			p := drgn.New(platform)
			data := make([]byte, 64)
			copy(data[test.at:], test.block)
			if err := p.Memory().Add(mem.BytesSegment(base, data, false)); err != nil {
				t.Fatal(err)
			}
			r := ring{SizeBits: 6, Data: base, prog: p, word: 8, wordMask: ^uint64(0)}
			text, ok, err := r.text(&desc{Begin: test.begin, Next: test.next}, id, test.length)
			if err != nil {
				t.Fatal(err)
			}
			got := string(text)
			if !ok {
				got = lost
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestFormat(t *testing.T) {
	records := []Record{{Text: []byte("one"), Timestamp: 1234567890}, {Text: []byte("two\nlines"), Timestamp: 98765_000_001_000}}
	if got, want := string(Format(records, Seconds, 0)), "[    1.234567] one\n[98765.000001] two\n[98765.000001] lines\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := string(Format(records, NoTimestamps, 0)), "one\ntwo\nlines\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := string(format(records, Seconds, 0, false)), "[    1.234567] one\n[98765.000001] two\nlines\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, bad := range []any{nil, "dates", 1} {
		if _, err := timestampsOf(bad); err == nil {
			t.Errorf("timestamps %v are taken", bad)
		}
	}
}
