package elf

import (
	"bytes"
	"slices"
	"testing"

	"github.com/godrgn/drgn/internal/elf/elftest"
)

func parseTest(t *testing.T, f elftest.File) *File {
	t.Helper()
	parsed, err := Parse("test", f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestLayout(t *testing.T) {
	f := parseTest(t, elftest.File{Is64: true, Type: ET_REL, Machine: 62, Sections: []elftest.Section{
		{Name: ".text", Type: SHT_PROGBITS, Flags: SHF_ALLOC, Data: make([]byte, 0x25)},
		{Name: ".debug_info", Type: SHT_PROGBITS, Data: make([]byte, 8)},
		{Name: ".data", Type: SHT_PROGBITS, Flags: SHF_ALLOC, Addr: 0x60c0, Addralign: 1 << 63, Data: make([]byte, 1)},
		{Name: ".empty", Type: SHT_PROGBITS, Flags: SHF_ALLOC},
		{Name: ".bss", Type: SHT_PROGBITS, Flags: SHF_ALLOC, Addralign: 64, Data: make([]byte, 5)},
	}})
	if got, want := f.Layout(), []uint64{0, 0x1000, 0, 0x2000, 0x2020, 0x2040, 0}; !slices.Equal(got, want) {
		t.Errorf("%#x, want %#x", got, want)
	}
	// Sizes that only a bad file has: what does not fit has no address, and nothing wraps around.
	for _, is64 := range []bool{false, true} {
		f.Is64 = is64
		f.Sections[1].Size, f.Sections[3].Size = 1<<63, 1<<64-1
		if got, want := f.Layout(), []uint64{0, 0, 0, 0, 0x1000, 0x1040, 0}; !slices.Equal(got, want) {
			t.Errorf("%#x, want %#x", got, want)
		}
	}
}

// TestDebugIdentity changes whatever an index of debugging information depends on.
func TestDebugIdentity(t *testing.T) {
	id := (&elftest.File{}).Note(nil, "GNU", 3, []byte("0123456789"))
	info := bytes.Repeat([]byte("debug information"), 10000)
	build := func(change func(f *elftest.File)) []byte {
		f := elftest.File{Is64: true, Type: ET_REL, Machine: 62, Sections: []elftest.Section{
			{Name: ".note.gnu.build-id", Type: SHT_NOTE, Flags: SHF_ALLOC, Data: id},
			{Name: ".text", Type: SHT_PROGBITS, Flags: SHF_ALLOC, Data: make([]byte, 64)},
			{Name: ".debug_info", Type: SHT_PROGBITS, Data: bytes.Clone(info)},
			{Name: ".rela.debug_info", Type: SHT_RELA, Data: make([]byte, 24)},
			{Name: ".debug_str", Type: SHT_PROGBITS, Data: make([]byte, 30)},
			{Name: ".comment", Type: SHT_PROGBITS, Data: []byte("one")},
		}}
		change(&f)
		return parseTest(t, f).DebugIdentity()
	}
	same := build(func(*elftest.File) {})
	if len(same) != 32 {
		t.Fatalf("%x", same)
	}
	for _, tt := range []struct {
		what   string
		equal  bool
		change func(f *elftest.File)
	}{
		{"nothing", true, func(f *elftest.File) {}},
		{"a section that is no debugging information", true, func(f *elftest.File) { f.Sections[5].Data = []byte("another") }},
		{"build ID", false, func(f *elftest.File) { f.Sections[0].Data = f.Note(nil, "GNU", 3, []byte("0123456788")) }},
		{"machine", false, func(f *elftest.File) { f.Machine = 183 }},
		{"type", false, func(f *elftest.File) { f.Type = 3 }},
		{"size of a section that is loaded", false, func(f *elftest.File) { f.Sections[1].Data = make([]byte, 65) }},
		{"first byte", false, func(f *elftest.File) { f.Sections[2].Data[0]++ }},
		{"last byte", false, func(f *elftest.File) { f.Sections[2].Data[len(info)-1]++ }},
		{"byte in a sample", false, func(f *elftest.File) { f.Sections[2].Data[len(info)/9*5]++ }},
		{"size", false, func(f *elftest.File) { f.Sections[4].Data = make([]byte, 31) }},
		{"a relocation", false, func(f *elftest.File) { f.Sections[3].Data[8]++ }},
		{"name: compressed", false, func(f *elftest.File) { f.Sections[4].Name = ".zdebug_str" }},
		{"left out", false, func(f *elftest.File) { f.Sections[4].Type = SHT_NOBITS }},
	} {
		if got := build(tt.change); bytes.Equal(got, same) != tt.equal {
			t.Errorf("%s: equal is %v", tt.what, !tt.equal)
		}
	}
	for what, change := range map[string]func(f *elftest.File){
		"no build ID": func(f *elftest.File) { f.Sections[0].Name, f.Sections[0].Type = ".other", SHT_PROGBITS },
		"a short one": func(f *elftest.File) { f.Sections[0].Data = f.Note(nil, "GNU", 3, []byte("0123456")) },
	} {
		if got := build(change); got != nil {
			t.Errorf("%s: %x, want none", what, got)
		}
	}
}
