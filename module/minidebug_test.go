package module

import (
	"bytes"
	"compress/gzip"
	"log/slog"
	"slices"
	"testing"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/internal/placed"
)

// A stripped program with the symbols of its own functions in .gnu_debugdata, whose sections are numbered otherwise.
func TestMiniDebugInfo(t *testing.T) {
	file := func(big, is64 bool, hidden []byte) *elf.File {
		f := &elftest.File{Is64: is64, Big: big, Type: elf.ET_DYN, Machine: 62}
		text := elftest.Section{Name: ".text", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Addr: 0x1000, Data: make([]byte, 0x100)}
		size := uint64(16)
		if is64 {
			size = 24
		}
		names := []byte("\x00outer\x00inner\x00gone\x00")
		symbols := f.Sym(nil, 0, 0, 0, 0, 0)
		if hidden == nil {
			symbols = f.Sym(symbols, 7, elf.STT_FUNC, 2, 0x1040, 0x10)
			symbols = f.Sym(symbols, 13, elf.STT_FUNC, 1, 0x10, 0x10)
			symbols = f.Sym(symbols, 7, elf.STT_OBJECT, 0xfff1, 5, 0)
			f.Sections = []elftest.Section{{Name: ".gone", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Addr: 0x10, Data: make([]byte, 8)}, text,
				{Name: ".symtab", Type: elf.SHT_SYMTAB, Link: 4, Entsize: size, Data: symbols}, {Name: ".strtab", Type: 3, Data: names}}
		} else {
			symbols = f.Sym(symbols, 1, elf.STB_GLOBAL<<4|elf.STT_FUNC, 1, 0x1000, 0x20)
			f.Sections = []elftest.Section{text, {Name: ".dynsym", Type: elf.SHT_DYNSYM, Link: 3, Entsize: size, Data: symbols},
				{Name: ".dynstr", Type: 3, Data: names[:7]}, {Name: ".gnu_debugdata", Type: elf.SHT_PROGBITS, Data: hidden}}
		}
		parsed, err := elf.Parse("program", f.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if hidden == nil {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			if _, err := w.Write(f.Bytes()); err != nil || w.Close() != nil {
				t.Fatal(err)
			}
			return &elf.File{Name: b.String()}
		}
		return parsed
	}
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	for _, form := range []struct{ big, is64 bool }{{false, true}, {true, true}, {false, false}, {true, false}} {
		hidden := []byte(file(form.big, form.is64, nil).Name)
		table, _, err := readSymbols(log, placed.At(file(form.big, form.is64, hidden), 0x10000, nil))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]uint64{"outer": {0x11000}, "inner": {0x11040, 5}, "gone": nil} {
			var got []uint64
			for _, s := range table.Named(name) {
				got = append(got, s.Address)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v: %s at %#x, want %#x", form, name, got, want)
			}
		}
		if s, ok := table.At(0x1104f); !ok || s.Name != "inner" || s.Size != 0x10 {
			t.Errorf("%+v: %v, %v", form, s, ok)
		}
		if said.Len() > 0 {
			t.Error(said.String())
		}
		for _, bad := range [][]byte{hidden[:len(hidden)-30], []byte("no format"), {}, []byte(file(!form.big, form.is64, nil).Name)} {
			table, _, err := readSymbols(log, placed.At(file(form.big, form.is64, bad), 0, nil))
			if err != nil || len(table.Named("outer")) != 1 || len(table.Named("inner")) != 0 || said.Len() == 0 && len(bad) > 0 {
				t.Errorf("%.20q: %v, %q", bad, err, said.String())
			}
			said.Reset()
		}
	}
}
