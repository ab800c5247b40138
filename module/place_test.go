package module

import (
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/mem"
)

// Where memory says that a module lies counts until a file says it; what a user says counts for good.
func TestKeepRange(t *testing.T) {
	byMemory, byFile, byUser := mem.Range{Min: 0x11000, Max: 0x11fff}, mem.Range{Min: 0x11000, Max: 0x12fff}, mem.Range{Min: 0x5000, Max: 0x5fff}
	file := &placed.File{ELF: &elf.File{Type: elf.ET_DYN, Segments: []elf.Segment{{Type: elf.PT_LOAD, Vaddr: 0x1000, Memsz: 0x2000}}}, Bias: 0x10000}
	m := newModule(NewSet(Config{}), &Spec{Kind: SharedLibrary, Name: "libc.so.6"})
	m.set.config.Generation = new(atomic.Uint64)
	check := func(what string, want mem.Range) {
		t.Helper()
		if got, _ := m.Ranges(); !cmp.Equal(got, []mem.Range{want}) {
			t.Errorf("%s: it lies at %x, want %x", what, got, want)
		}
	}
	keep := func(r mem.Range) {
		if err := m.KeepRange(r); err != nil {
			t.Fatal(err)
		}
	}
	keep(byMemory)
	check("by memory", byMemory)
	keep(byUser)
	check("by memory again", byMemory)
	m.locate(file)
	check("by a file", byFile)
	keep(byMemory)
	check("by memory after a file", byFile)
	if err := m.SetRanges([]mem.Range{byUser}); err != nil {
		t.Fatal(err)
	}
	m.locate(file)
	check("by a file after the user", byUser)
}
