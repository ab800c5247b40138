package elf

import (
	"encoding/hex"
	"os"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// vmlinux returns the fixture's kernel image, decompressed once.
var vmlinux = sync.OnceValues(func() ([]byte, error) {
	packed, err := os.ReadFile("../../testdata/tiny-6.12/vmlinux.zst")
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	return dec.DecodeAll(packed, nil)
})

func openVmlinux(t testing.TB) *File {
	t.Helper()
	data, err := vmlinux()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("vmlinux", data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestVmlinux(t *testing.T) {
	f := openVmlinux(t)
	if !f.Is64 || f.Big || f.Type != ET_EXEC || f.Machine != 62 {
		t.Errorf("%+v", f)
	}
	if id := hex.EncodeToString(f.BuildID()); len(id) != 40 {
		t.Errorf("build ID %s", id)
	}
	for _, name := range []string{".debug_info", ".BTF", ".orc_unwind", ".symtab"} {
		s := f.Section(name)
		if s == nil {
			t.Errorf("no section %s", name)
			continue
		}
		if data, err := s.Data(); err != nil || len(data) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	if f.Section(".nothing") != nil {
		t.Error("a section .nothing")
	}
	syms, err := f.SymbolTable(SHT_SYMTAB)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i, s := range syms.All() {
		if string(syms.Name(s)) == "init_task" {
			found++
			if s.Type() != STT_OBJECT || s.Bind() != STB_GLOBAL || s.Size == 0 || syms.At(i) != s {
				t.Errorf("%+v", s)
			}
		}
	}
	if found != 1 {
		t.Errorf("init_task found %d times", found)
	}
}

func BenchmarkSymbols(b *testing.B) {
	syms, err := openVmlinux(b).SymbolTable(SHT_SYMTAB)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, s := range syms.All() {
			if s.Type() == STT_FUNC {
				n += len(syms.Name(s))
			}
		}
		if n == 0 {
			b.Fatal("no functions")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(syms.Len()), "ns/symbol")
}
