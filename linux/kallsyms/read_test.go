package kallsyms_test

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/cache"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// cachingCore opens the bundled core with a cache directory.
func cachingCore(t *testing.T, cacheDir string) *drgn.Program {
	t.Helper()
	dir, err := coretest.Dir()
	if err != nil {
		t.Fatal(err)
	}
	p, err := attach.Core(filepath.Join(dir, "vmcore"), attach.Options{NoDefaultSymbols: true, CacheDir: cacheDir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() }) // was only read
	return p
}

// The table is the same whether it was read from memory, found by its shape, by a note of where it was, or read from the cache; a note
// that leads elsewhere does no harm and is replaced.
func TestCachedTable(t *testing.T) {
	want, err := kallsyms.Vmlinux(coretest.Open(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	check := func(what string, left string) *drgn.Program {
		t.Helper()
		p := cachingCore(t, dir)
		own, err := kallsyms.ReadOwn(p, without(t, p, left))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := own.Table().All(); !slices.Equal(got, want) {
			t.Errorf("%s: %d symbols are not the %d of the kernel", what, len(got), len(want))
		}
		cache.Finish(time.Minute)
		return p
	}
	cached := func() int {
		t.Helper()
		all, err := filepath.Glob(filepath.Join(dir, "*.kernel"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	check("cold", "-")
	if cached() != 2 {
		t.Errorf("%d files are cached, want the symbols and the types", cached())
	}
	check("cached", "-")
	p := check("found by its shape", "kallsyms")
	if cached() != 3 {
		t.Errorf("%d files are cached, want a note, too", cached())
	}
	check("by the note", "kallsyms")
	for _, note := range [][]byte{nil, []byte("hello"), make([]byte, 56), slices.Repeat([]byte{255}, 56), binary.LittleEndian.AppendUint64(make([]byte, 48), 1<<40)} {
		kallsyms.WriteFar(p, without(t, p, "kallsyms"), note)
		cache.Finish(time.Minute)
		check("with a wrong note", "kallsyms")
	}
}

// FuzzFar reads the table from any places: it is the right one, or none.
func FuzzFar(f *testing.F) {
	p := coretest.Open(f)
	raw, err := p.Object("VMCOREINFO").Bytes()
	if err != nil {
		f.Fatal(err)
	}
	info := vmcoreinfo.Parse(raw)
	far, err := kallsyms.Far(p, info)
	if err != nil {
		f.Fatal(err)
	}
	want, err := kallsyms.LoadFar(p, info, far)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(far)
	for i := range len(far) / 8 {
		for _, by := range []uint64{1, 4, 8, 1 << 20, 1 << 63} {
			other := slices.Clone(far)
			binary.LittleEndian.PutUint64(other[8*i:], binary.LittleEndian.Uint64(other[8*i:])+by)
			f.Add(other)
		}
	}
	f.Fuzz(func(t *testing.T, far []byte) {
		got, err := kallsyms.LoadFar(p, info, far)
		if err != nil {
			return
		}
		if got.Len() != want.Len() {
			t.Fatalf("%d symbols, the kernel has %d", got.Len(), want.Len())
		}
		for i := range got.Len() {
			if got.Address(i) != want.Address(i) || got.Name(i) != want.Name(i) || got.Letter(i) != want.Letter(i) {
				t.Fatalf("symbol %d is %s at %#x, in the kernel %s at %#x", i, got.Name(i), got.Address(i), want.Name(i), want.Address(i))
			}
		}
	})
}
