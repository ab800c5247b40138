package kdump

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/godrgn/drgn/internal/kdump/kdumptest"
	"github.com/godrgn/drgn/mem"
)

// full returns a dump of 300 pages that are all in the file.
func full(how int) *kdumptest.Dump {
	d := &kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, MaxPFN: 300,
		Pages: map[uint64][]byte{}, Excluded: map[uint64]bool{}, Compress: how}
	for pfn := range d.MaxPFN {
		d.Pages[pfn] = samplePage(pfn, 4096)
	}
	return d
}

// Many pages are what each of them is, whichever way they are packed and wherever the first and the last byte lie; a fault is that of
// the first page that can't be read.
func TestUnpackPages(t *testing.T) {
	for name, how := range map[string]int{"raw": kdumptest.Raw, "zlib": kdumptest.Zlib, "lzo": kdumptest.LZO, "snappy": kdumptest.Snappy, "zstd": kdumptest.Zstd} {
		t.Run(name, func(t *testing.T) {
			d := full(how)
			f, err := Open(&Plain{Path: "sample", Data: d.Bytes()})
			if err != nil {
				t.Fatal(err)
			}
			s := space(t, f)
			if _, err := f.View(7 << 12); err != nil { // one is there already
				t.Fatal(err)
			}
			for _, r := range [][2]uint64{{0, 300 << 12}, {100, 200 << 12}, {4096, 4096}, {4095, 2}, {9000, 100}, {0, 33 << 12}, {1 << 12, 31<<12 + 7}, {300<<12 - 1, 1}} {
				want, got := make([]byte, r[1]), make([]byte, r[1])
				if err := s.Unpack(got, r[0], true); err != nil {
					t.Fatal(r, err)
				}
				if err := s.Read(want, r[0], true); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%v: not what is read otherwise, %v", r, err)
				}
			}
			form, ok := f.Form(5 << 12)
			packed, flags := kdumptest.Compress(d.Pages[5], how)
			if ok != (how != kdumptest.Raw) || ok && (form.Method != flags || form.Size != 4096 || !bytes.Equal(form.Bytes, packed)) {
				t.Errorf("%+v, %v", form, ok)
			}
			for _, at := range []uint64{5<<12 + 1, 300 << 12} {
				if _, ok := f.Form(at); ok {
					t.Errorf("something is unpacked from the middle of a page, or none: %#x", at)
				}
			}
		})
	}
	d := full(kdumptest.Zstd)
	for _, pfn := range []uint64{290, 40, 150} {
		delete(d.Pages, pfn)
		d.Excluded[pfn] = true
	}
	f, err := Open(&Plain{Path: "sample", Data: d.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	var fault *mem.FaultError
	if err := space(t, f).Unpack(make([]byte, 299<<12), 4096+5, true); !errors.As(err, &fault) || fault.Address != 40<<12 {
		t.Errorf("%v, want that of the first page that is missing", err)
	}
}

// A dump that is cut off while it is unpacked gives a fault of the first page that is gone, on whichever goroutine it was noticed.
func TestUnpackTruncated(t *testing.T) {
	d := full(kdumptest.Raw)
	path := filepath.Join(t.TempDir(), "vmcore")
	data := d.Bytes()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := mem.MapFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	f, err := Open(&Plain{Path: path, Data: m.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(data)/2)); err != nil {
		t.Fatal(err)
	}
	var fault *mem.FaultError
	err = space(t, f).Unpack(make([]byte, 300<<12), 0, true)
	if !errors.As(err, &fault) || fault.File == nil || fault.File.Path != path || fault.Address == 0 || fault.Address >= 299<<12 {
		t.Errorf("%v", err)
	}
}

func BenchmarkUnpack(b *testing.B) {
	for name, how := range map[string]int{"raw": kdumptest.Raw, "zlib": kdumptest.Zlib, "zstd": kdumptest.Zstd} {
		b.Run(name, func(b *testing.B) {
			f, err := Open(&Plain{Path: "sample", Data: full(how).Bytes()})
			if err != nil {
				b.Fatal(err)
			}
			buf := make([]byte, 300<<12)
			b.SetBytes(int64(len(buf)))
			for b.Loop() {
				if err := f.Unpack(buf, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The page that is stored most often is unpacked once, and is right everywhere.
func TestCommonPage(t *testing.T) {
	for name, how := range map[string]int{"zlib": kdumptest.Zlib, "lzo": kdumptest.LZO, "snappy": kdumptest.Snappy, "zstd": kdumptest.Zstd} {
		d := full(how)
		for pfn := range d.MaxPFN {
			if pfn%3 != 1 {
				d.Pages[pfn] = bytes.Repeat([]byte{byte(pfn / 100)}, 4096) // small when packed, and another one for each 100 pages
			}
		}
		f, err := Open(&Plain{Path: "sample", Data: d.Bytes()})
		if err != nil {
			t.Fatal(err)
		}
		s := space(t, f)
		for _, pfn := range []uint64{0, 2, 3, 150, 152, 299, 5, 6, 297} { // each kind twice in a row, or not
			if b, err := f.View(pfn << 12); err != nil || !bytes.Equal(b, d.Pages[pfn]) {
				t.Errorf("%s: page %d: %v", name, pfn, err)
			}
		}
		got := make([]byte, 300<<12)
		if err := s.Unpack(got, 0, true); err != nil {
			t.Fatal(err)
		}
		for pfn, page := range d.Pages {
			if !bytes.Equal(got[pfn<<12:][:4096], page) {
				t.Errorf("%s: page %d is not what was dumped", name, pfn)
			}
		}
		if name != "lzo" && f.common.page.Load() == nil { // the tests' writer of LZO packs nothing
			t.Errorf("%s: there is no common page", name)
		}
	}
}
