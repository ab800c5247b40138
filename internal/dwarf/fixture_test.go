package dwarf

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const fixture = "../../testdata/tiny-6.12/"

// vmlinux returns the small kernel, decompressed once.
var vmlinux = sync.OnceValues(func() ([]byte, error) {
	f, err := os.Open(fixture + "vmlinux.zst")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
})

// loadELF fills a Config from the debug sections of an ELF file.
func loadELF(t testing.TB, image []byte) Config {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Big: f.Data == elf.ELFDATA2MSB, AddrSize: 8}
	if f.Class == elf.ELFCLASS32 {
		cfg.AddrSize = 4
	}
	s := &cfg.Sections
	sections := map[string]*[]byte{
		".debug_info": &s.Info, ".debug_types": &s.Types, ".debug_abbrev": &s.Abbrev, ".debug_str": &s.Str,
		".debug_line_str": &s.LineStr, ".debug_str_offsets": &s.StrOffsets, ".debug_addr": &s.Addr,
		".debug_line": &s.Line, ".debug_ranges": &s.Ranges, ".debug_rnglists": &s.RngLists, ".debug_loc": &s.Loc,
		".debug_loclists": &s.LocLists, ".debug_aranges": &s.ARanges,
	}
	eachSection(t, image, func(name string, data []byte) {
		if to := sections[name]; to != nil {
			*to = data
		}
	})
	return cfg
}

// eachSection calls f with the sections of debugging information.
func eachSection(t testing.TB, image []byte, f func(name string, data []byte)) {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range file.Sections {
		if !strings.HasPrefix(s.Name, ".debug_") {
			continue
		}
		data, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		f(s.Name, data)
	}
}

var kernelConfig = sync.OnceValue(func() (cfg Config) {
	image, err := vmlinux()
	if err != nil {
		panic(err)
	}
	return loadELF(new(testing.T), image)
})

func openKernel(t testing.TB) *File {
	t.Helper()
	f, err := Open(kernelConfig())
	if err != nil {
		t.Fatal(err)
	}
	return f
}
