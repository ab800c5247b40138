package orc

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/cfi"
)

var errNoMemory = errors.New("no memory there")

// memory has the bytes of tables at addresses.
type memory map[uint64][]byte

func (m memory) Uint(address uint64, size int) (uint64, error) {
	for at, data := range m {
		if off := address - at; off < uint64(len(data)) && uint64(len(data))-off >= uint64(size) {
			var b [8]byte
			copy(b[:], data[off:off+uint64(size)])
			return binary.LittleEndian.Uint64(b[:]), nil
		}
	}
	return 0, errNoMemory
}

const entriesAddress = ipAddress + 0x100000

// inMemory lays tables into memory.
func inMemory(tt Tables, l *Layout) InMemory {
	return InMemory{Memory: memory{ipAddress: tt.IP, entriesAddress: tt.Entries}, Layout: l, IP: ipAddress, Entries: entriesAddress,
		Count: uint64(len(tt.Entries) / entrySize)}
}

// agree reports an address at which two finders differ.
func agree(t *testing.T, table *Table, m InMemory, pcs ...uint64) {
	t.Helper()
	for _, pc := range pcs {
		want, wantErr := table.FindRow(pc)
		got, err := m.FindRow(pc)
		if (err == nil) != (wantErr == nil) || (got == nil) != (want == nil) {
			t.Fatalf("%#x: %+v, %v; want %+v, %v", pc, got, err, want, wantErr)
		}
		if want != nil && (!equal(got.CFA, want.CFA) || got.Start != want.Start || got.End != want.End || got.Signal != want.Signal ||
			got.Outermost != want.Outermost || got.Same != want.Same || len(got.Rules) != len(want.Rules)) {
			t.Fatalf("%#x: %+v; want %+v", pc, got, want)
		}
	}
}

// TestInMemoryAgrees finds in memory what it finds in a file that is the same.
func TestInMemoryAgrees(t *testing.T) {
	for name, k := range kernels {
		tt := tablesOf(k.rows, 1000)
		table := open(t, tt)
		var pcs []uint64
		for pc := uint64(text - 2); pc < text+uint64(table.Len())*0x10+2; pc += 7 {
			pcs = append(pcs, pc)
		}
		if agree(t, table, inMemory(tt, table.Layout()), pcs...); table.Len() < 300 {
			t.Errorf("%s: %d entries", name, table.Len())
		}
		layout, err := RecognizeInMemory(inMemory(tt, nil).Memory, 0, entriesAddress, uint64(table.Len()))
		if err != nil || layout != table.Layout() {
			t.Errorf("%s: layout %v, %v", name, layout, err)
		}
	}
	// Of two entries for an address, the kernel has put that which ends the code before it first.
	tt := tables(raw{text, 8, 0, regSP, 2}, raw{text + 0x10, 0, 0, 0, 0}, raw{text + 0x10, 24, 0, regSP, 2}, raw{text + 0x20, 0, 0, 15, 2})
	tt.Header = headerType
	table := open(t, tt)
	agree(t, table, inMemory(tt, table.Layout()), text-1, text, text+0xf, text+0x10, text+0x1f, text+0x20)
	cut := inMemory(tt, table.Layout())
	cut.Count = 1 << 40
	if row, err := cut.FindRow(text); row != nil || !errors.Is(err, errNoMemory) {
		t.Errorf("more entries than memory: %+v, %v", row, err)
	}
	if l, err := RecognizeInMemory(cut.Memory, 0, entriesAddress, cut.Count); l != nil || !errors.Is(err, errNoMemory) {
		t.Errorf("more entries than memory: %+v, %v", l, err)
	}
}

func FuzzInMemory(f *testing.F) {
	tt := tables(raw{text, 8, 0, regSP, 2}, raw{text + 0x10, 16, -16, regPrevSP<<4 | regBP, 2}, raw{text + 0x20, 0, 0, 0, 1})
	f.Add(tt.IP, tt.Entries, uint64(3), uint64(text+0x15))
	f.Add(tt.IP, tt.Entries, ^uint64(0), uint64(text))
	f.Fuzz(func(t *testing.T, ip, entries []byte, count, pc uint64) {
		for i := range layouts {
			m := inMemory(Tables{IP: ip, Entries: entries}, &layouts[i])
			m.Count = count
			var row *cfi.Row
			row, err := m.FindRow(pc)
			if row != nil && (err != nil || pc < row.Start) {
				t.Fatalf("%+v for %#x, %v", row, pc, err)
			}
		}
	})
}
