package attach_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
)

// sparse writes a core of the bundled kernel on a machine with more memory, in a number of segments with holes between them, as
// NUMA nodes have them. All of it is in the file, as holes.
func sparse(t testing.TB, memory uint64, segments int) string {
	t.Helper()
	m, err := bundled()
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	header := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	notes := header.Note(nil, "VMCOREINFO", 0, m.vmcoreinfo)
	header.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: notes}}
	for range len(m.blocks) + segments {
		header.Segments = append(header.Segments, elftest.Segment{Type: elf.PT_LOAD, Memsz: 1})
	}
	start := header.Bytes()
	path := filepath.Join(t.TempDir(), "vmcore")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	end := uint64(len(start)+page-1) &^ (page - 1)
	index := 1
	place := func(physical, size uint64) (off uint64) { // fills in a program header
		h := start[64+56*index:]
		for i, v := range []uint64{end, 0, physical, size, size} {
			binary.LittleEndian.PutUint64(h[8+8*i:], v)
		}
		index++
		end += size
		return end - size
	}
	for _, b := range m.blocks {
		off := place(b.Address, uint64(len(b.Data)))
		for at := 0; at < len(b.Data); at += page {
			if data := b.Data[at:min(at+page, len(b.Data))]; len(bytes.Trim(data, "\x00")) > 0 {
				if _, err := f.WriteAt(data, int64(off)+int64(at)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	each := memory / uint64(segments) &^ (page - 1)
	for i := range uint64(segments) {
		place(1<<32+i*2*each, each)
	}
	if _, err := f.WriteAt(start, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(end)); err != nil {
		t.Fatal("the file system has no files of this size: set TMPDIR: ", err)
	}
	return path
}

// BenchmarkOpenSparse opens cores of machines with more and more memory: what it takes does not depend on that.
func BenchmarkOpenSparse(b *testing.B) {
	for _, test := range []struct {
		gib      uint64
		segments int
	}{{1, 4}, {64, 4}, {1024, 8}, {64, 4000}} {
		b.Run(fmt.Sprintf("%dGiB/%dsegments", test.gib, test.segments), func(b *testing.B) {
			path := sparse(b, test.gib<<30, test.segments)
			for b.Loop() {
				p := drgn.New(arch.Platform{})
				if err := attach.SetCore(p, path); err != nil {
					b.Fatal(err)
				}
				if err := p.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestOpenSparse reads the first and the last byte of a core of 64 GiB.
func TestOpenSparse(t *testing.T) {
	p := drgn.New(arch.Platform{})
	if err := attach.SetCore(p, sparse(t, 64<<30, 4)); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	readable(t, p)
	const each = 16 << 30
	last := uint64(1<<32 + 7*each - 1)
	if b, err := p.Read(last, 1, true); err != nil || b[0] != 0 {
		t.Error(b, err)
	}
	for _, hole := range []uint64{last + 1, last - each} {
		if _, err := p.Read(hole, 1, true); err == nil {
			t.Errorf("memory at %#x, in a hole", hole)
		}
	}
}
