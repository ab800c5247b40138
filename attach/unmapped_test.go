package attach_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/mem"
)

// TestUnmapped opens cores of kernels whose page tables can't be found: there is a warning, and memory can be read whose addresses their
// headers say. What else is read says why it can't be.
func TestUnmapped(t *testing.T) {
	const info = "OSRELEASE=6.12.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=c0010000\n"
	const x86, mips, ppc, arm64 = 3, 8, 20, 183
	for _, c := range []struct {
		name, why string
		file      elftest.File
	}{
		{"32-bit PowerPC", "its instruction set is not known", elftest.File{Big: true, Machine: ppc}},
		{"64-bit MIPS", "its instruction set is not known", elftest.File{Is64: true, Machine: mips}},
		{"big-endian i386", "", elftest.File{Big: true, Machine: x86}},
		{"aarch64 without VA_BITS", "VMCOREINFO has no NUMBER(VA_BITS)", elftest.File{Is64: true, Machine: arm64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &c.file
			f.Type = elf.ET_CORE
			f.Segments = []elftest.Segment{
				{Type: elf.PT_NOTE, Data: f.Note(nil, "VMCOREINFO", 0, []byte(info))},
				{Type: elf.PT_LOAD, Vaddr: 0xc0000000, Paddr: 0x5000, Data: []byte("memory")},
			}
			path := files{t, t.TempDir()}.write("vmcore", f.Bytes())
			p, warnings, err := attachTo(path, attach.Options{NoDefaultSymbols: true})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if !slices.ContainsFunc(warnings, func(err error) bool {
				return strings.Contains(err.Error(), "only memory can be read whose addresses") && strings.Contains(err.Error(), c.why)
			}) {
				t.Error(warnings)
			}
			for address, physical := range map[uint64]bool{0xc0000000: false, 0x5000: true} {
				if b, err := p.Read(address, 6, physical); string(b) != "memory" || err != nil {
					t.Errorf("%#x: %q, %v", address, b, err)
				}
			}
			_, err = p.Read(0xc0001000, 4, false)
			said[*mem.FaultError](t, err, "cannot find the kernel's page tables: ", c.why)
			k, err := linux.Of(p)
			if err != nil || k.Unmapped() == nil {
				t.Error(err)
			}
		})
	}
}
