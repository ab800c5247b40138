package kdump

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/internal/kdump/kdumptest"
	"github.com/godrgn/drgn/mem"
)

// sample returns a dump of 1500 pages, of which every third was excluded and every seventh does not exist.
func sample(blockSize int) *kdumptest.Dump { return sampleOf(1500, blockSize) }

func sampleOf(pages uint64, blockSize int) *kdumptest.Dump {
	d := &kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: blockSize, MaxPFN: pages,
		Pages: map[uint64][]byte{}, Excluded: map[uint64]bool{}, Compress: kdumptest.Zlib, VMCOREINFO: []byte("OSRELEASE=6.12\nPAGESIZE=4096\n")}
	for pfn := range d.MaxPFN {
		switch {
		case pfn%7 == 6:
		case pfn%3 == 2:
			d.Excluded[pfn] = true
		default:
			d.Pages[pfn] = samplePage(pfn, blockSize)
		}
	}
	f := elftest.File{Is64: true}
	d.Notes = f.Note(f.Note(nil, "CORE", 1, make([]byte, 336)), "CORE", 1, make([]byte, 336))
	return d
}

func samplePage(pfn uint64, size int) []byte {
	if pfn%5 == 0 {
		return make([]byte, size)
	}
	return bytes.Repeat([]byte(fmt.Sprintf("page %-11d", pfn)), size/16)
}

func space(t testing.TB, f *File) *mem.Space {
	t.Helper()
	s := mem.NewSpace()
	if err := s.Add(f.Segments()...); err != nil {
		t.Fatal(err)
	}
	return s
}

// check reads every page and holds it against the sample.
func check(t *testing.T, d *kdumptest.Dump, src Source) {
	t.Helper()
	f, err := Open(src)
	if err != nil {
		t.Fatal(err)
	}
	if f.Is64 != d.Is64 || f.Big != d.Big || f.MaxPFN != d.MaxPFN || f.BlockSize != uint64(d.BlockSize) || f.PhysBase != 0x1234000 || f.DumpLevel != 31 {
		t.Fatalf("%+v", f.Header)
	}
	if d.Version >= 3 && !bytes.Equal(f.VMCOREINFO, d.VMCOREINFO) {
		t.Errorf("VMCOREINFO %q", f.VMCOREINFO)
	}
	if d.Version >= 4 && len(f.Notes) != 2 {
		t.Errorf("%d notes", len(f.Notes))
	}
	s := space(t, f)
	buf := make([]byte, d.BlockSize)
	for pfn := range d.MaxPFN + 10 {
		address := pfn * uint64(d.BlockSize)
		err := s.Read(buf, address, true)
		want := "could not find physical memory segment"
		if d.Excluded[pfn] {
			want = "page excluded by the dump filter"
		}
		if page, ok := d.Pages[pfn]; ok {
			if d.Split && (pfn < d.StartPFN || pfn >= d.EndPFN) {
				want = "page is in a file of this split dump that is not open"
			} else if d.Lost[pfn] {
				want = "page is missing: the dump is incomplete"
			} else {
				if err != nil || !bytes.Equal(buf, page) {
					t.Fatalf("page %d: %v", pfn, err)
				}
				continue
			}
		}
		var fault *mem.FaultError
		if !errors.As(err, &fault) || fault.Address != address || fault.Message != want && !d.Split {
			t.Fatalf("page %d: %v, want %q", pfn, err, want)
		}
	}
}

func TestCompressions(t *testing.T) {
	for name, how := range map[string]int{"raw": kdumptest.Raw, "zlib": kdumptest.Zlib, "lzo": kdumptest.LZO, "snappy": kdumptest.Snappy, "zstd": kdumptest.Zstd} {
		t.Run(name, func(t *testing.T) {
			d := sample(4096)
			d.Compress = how
			check(t, d, &Plain{Path: "sample", Data: d.Bytes()})
		})
	}
}

func TestHeaders(t *testing.T) {
	for version := 1; version <= 6; version++ {
		for _, machine := range []string{"x86_64", "aarch64", "s390x", "i686", "armv7l", "Unknown", ""} {
			for _, big := range []bool{false, true} {
				d := sampleOf(100, 4096)
				d.Version, d.Machine, d.Big, d.Compress = version, machine, big, kdumptest.Raw
				if machine == "i686" || machine == "armv7l" || machine == "Unknown" {
					d.Is64, d.Packed = false, machine != "armv7l"
				}
				f := elftest.File{Is64: d.Is64, Big: big}
				d.Notes = f.Note(f.Note(nil, "CORE", 1, make([]byte, 336)), "CORE", 3, make([]byte, 100))
				t.Run(fmt.Sprintf("%d %s %v", version, machine, big), func(t *testing.T) { check(t, d, &Plain{Path: "sample", Data: d.Bytes()}) })
			}
		}
	}
	for _, blockSize := range []int{1024, 16384, 65536} {
		d := sampleOf(100, blockSize)
		check(t, d, &Plain{Path: "sample", Data: d.Bytes()})
	}
}

func TestSplit(t *testing.T) {
	d := sample(4096)
	d.Split, d.StartPFN, d.EndPFN = true, 701, 1200
	check(t, d, &Plain{Path: "sample", Data: d.Bytes()})
	d.StartPFN = 1201
	if _, err := Open(&Plain{Path: "sample", Data: d.Bytes()}); err == nil {
		t.Error("a split dump that ends before it starts")
	}
}

func TestLostPages(t *testing.T) {
	d := sample(4096)
	d.Lost = map[uint64]bool{0: true, 7: true, 1498: true}
	d.Status = flagIncomplete
	check(t, d, &Plain{Path: "sample", Data: d.Bytes()})
	d.Status = 0 // makedumpfile died, as --num-threads does where it can't load what ends a thread
	if f, err := Open(&Plain{Path: "sample", Data: d.Bytes()}); err != nil || !f.Incomplete() || f.Truncated {
		t.Errorf("%+v, %v", f, err)
	}
	d.Lost = nil
	if f, err := Open(&Plain{Path: "sample", Data: d.Bytes()}); err != nil || f.Incomplete() || f.Truncated {
		t.Errorf("%+v, %v", f, err)
	}
}

// QEMU's flattened files of guests of 32 bits end the header where its numbers end.
func TestNarrowFlat(t *testing.T) {
	d := sampleOf(100, 4096)
	d.Version, d.Machine, d.Is64, d.Packed = 6, "Unknown", false, true
	data := d.Bytes()
	f, err := OpenFlat("flat", kdumptest.Flatten([]kdumptest.Piece{{Off: 0, Data: data[:452]}, {Off: 4096, Data: data[4096:]}}))
	if err != nil {
		t.Fatal(err)
	}
	check(t, d, f)
}

const realLZOSum = "63a110e05f0fad8c0c2c12e71ff2fdae001ee83fd2c7076ff9dec7a04f2a95a8"

// TestRealLZO has a page that makedumpfile -l compressed, as the writer of the tests makes only the simplest streams.
func TestRealLZO(t *testing.T) {
	packed, err := os.ReadFile("testdata/page.lzo")
	if err != nil {
		t.Fatal(err)
	}
	page := make([]byte, 4096)
	err = unpack(page, packed, flagLZO)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(page)
	if got := hex.EncodeToString(sum[:]); got != realLZOSum {
		t.Error(got)
	}
}

func TestFlat(t *testing.T) {
	d := sample(4096)
	data := d.Bytes()
	rng := rand.New(rand.NewPCG(1, 2))
	inOrder := kdumptest.Cut(data, 1000)
	shuffled := kdumptest.Cut(data, 1000)
	rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	// makedumpfile writes the headers again when all pages are written.
	twice := append([]kdumptest.Piece{{Off: 0, Data: bytes.Repeat([]byte("x"), 9000)}}, inOrder...)
	for name, pieces := range map[string][]kdumptest.Piece{"in order": inOrder, "shuffled": shuffled, "twice": twice} {
		t.Run(name, func(t *testing.T) {
			f, err := OpenFlat("flat", kdumptest.Flatten(pieces))
			if err != nil {
				t.Fatal(err)
			}
			if f.Truncated || f.Size() != uint64(len(data)) {
				t.Errorf("size %d, truncated %v", f.Size(), f.Truncated)
			}
			if all, err := Slice(f, 0, f.Size()); err != nil || !bytes.Equal(all, data) {
				t.Errorf("contents differ: %v", err)
			}
			check(t, d, f)
		})
	}
}

// TestFlatten holds the sweep against writing pieces one after the other.
func TestFlatten(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		var plain [80]int
		var pieces []kdumptest.Piece
		for range rng.IntN(14) + 1 {
			off := rng.IntN(64)
			p := kdumptest.Piece{Off: uint64(off), Data: make([]byte, rng.IntN(16)+1)}
			for i := range p.Data {
				p.Data[i] = byte(rng.IntN(255))
				plain[off+i] = int(p.Data[i]) + 1
			}
			pieces = append(pieces, p)
		}
		f, err := OpenFlat("flat", kdumptest.Flatten(pieces))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range plain {
			b := f.View(uint64(i))
			if want == 0 && b != nil || want != 0 && (len(b) == 0 || int(b[0])+1 != want) {
				t.Fatalf("at %d: %v, want %d", i, b, want-1)
			}
		}
		if !slices.IsSortedFunc(f.pieces, func(a, b flatPiece) int { return int(a.end) - int(b.off) }) && len(f.pieces) > 1 {
			for i := range f.pieces[1:] {
				if f.pieces[i].end > f.pieces[i+1].off {
					t.Fatalf("%v overlap", f.pieces)
				}
			}
		}
	}
}

func TestTruncated(t *testing.T) {
	d := sample(4096)
	whole := d.Bytes()
	for n := 0; n < len(whole); n += 1 + n/25 {
		src := &Plain{Path: "cut", Data: whole[:n]}
		f, err := Open(src)
		if err != nil {
			if !strings.Contains(err.Error(), "cut") {
				t.Fatalf("%d bytes: %v", n, err)
			}
			continue
		}
		if !f.Truncated {
			t.Errorf("%d of %d bytes are not truncated", n, len(whole))
		}
		s := space(t, f)
		buf := make([]byte, 4096)
		for pfn, page := range d.Pages {
			if err := s.Read(buf, pfn*4096, true); err == nil {
				if !bytes.Equal(buf, page) {
					t.Fatalf("%d bytes, page %d differs", n, pfn)
				}
			} else if !strings.HasPrefix(err.Error(), fmt.Sprintf("cut is truncated at %#x: ", n)) {
				t.Fatalf("%d bytes, page %d: %v", n, pfn, err)
			}
		}
	}
	if f, err := Open(&Plain{Path: "whole", Data: whole}); err != nil || f.Truncated {
		t.Errorf("the whole dump: truncated, or %v", err)
	}
	flat := kdumptest.Flatten(kdumptest.Cut(whole, 4096))
	f, err := OpenFlat("cut", flat[:len(flat)-1000])
	if err != nil || !f.Truncated {
		t.Error(f, err)
	}
	check := func(data []byte) {
		if f, err := OpenFlat("cut", data); err == nil {
			if _, err := Open(f); err == nil {
				t.Error("a dump without bitmaps")
			}
		}
	}
	check(flat[:5000])
	check(flat[:4096])
	check(flat[:20])
}

func TestDamaged(t *testing.T) {
	d := sample(4096)
	b := d.Bytes()
	f, err := Open(&Plain{Path: "damaged", Data: b})
	if err != nil {
		t.Fatal(err)
	}
	at := f.descs + f.index(1)*descSize
	for name, c := range map[string]struct {
		off  uint64
		data []byte
		want string
	}{
		"size":        {at + 8, []byte{0xff, 0xff, 0xff}, "page descriptor at"},
		"offset":      {at, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "damaged is truncated at"},
		"compression": {at + 12, []byte{3}, "compression 0x3 is unknown"},
		"raw":         {at + 12, []byte{0}, "it has not the size of a page"},
		"lzo":         {at + 12, []byte{2}, "is damaged"},
		"snappy":      {at + 12, []byte{4}, "is damaged"},
		"zstd":        {at + 12, []byte{0x20}, "is damaged"},
	} {
		bad := slices.Clone(b)
		copy(bad[c.off:], c.data)
		f, err := Open(&Plain{Path: "damaged", Data: bad})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.View(4096 + 8); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), ": 0x1008") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for at := 424; at < 444; at += 4 {
		bad := slices.Clone(b)
		copy(bad[at:], []byte{0xff, 0xff, 0xff, 0xff})
		if _, err := Open(&Plain{Path: "damaged", Data: bad}); err == nil && at != 424 && at != 440 {
			t.Errorf("header with a wild number at %d", at)
		}
	}
}

func TestSegments(t *testing.T) {
	d := sample(4096)
	d.MaxPFN = 70000
	d.Pages = map[uint64][]byte{}
	d.Excluded = map[uint64]bool{}
	for pfn := range d.MaxPFN {
		if pfn >= 64 && pfn < 1000 || pfn >= 4096 && pfn < 8192 || pfn == 69999 {
			d.Excluded[pfn] = true
		}
	}
	f, err := Open(&Plain{Path: "sample", Data: d.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	var got []mem.Range
	for _, s := range f.Segments() {
		got = append(got, mem.Range{Min: s.Min >> 12, Max: s.Max >> 12})
	}
	if want := []mem.Range{{Min: 64, Max: 999}, {Min: 4096, Max: 8191}, {Min: 69999, Max: 69999}}; !slices.Equal(got, want) {
		t.Error(got)
	}
	for pfn := range d.MaxPFN {
		if pfn%2 == 0 {
			d.Excluded[pfn] = true
		}
	}
	clear(d.Excluded)
	for pfn := uint64(0); pfn < d.MaxPFN; pfn += 2 {
		d.Excluded[pfn] = true
	}
	if f, err = Open(&Plain{Path: "sample", Data: d.Bytes()}); err != nil {
		t.Fatal(err)
	}
	if s := f.Segments(); len(s) != 1 || s[0].Min != 0 || s[0].Max != d.MaxPFN<<12-1 {
		t.Error(len(s))
	}
}

func TestNext(t *testing.T) {
	for _, split := range []bool{false, true} {
		d := sample(4096)
		d.Compress = kdumptest.Raw
		for pfn := range d.Pages {
			if pfn > 200 && pfn < 900 || pfn > 1000 && pfn < 1490 || pfn < 10 {
				delete(d.Pages, pfn)
				d.Excluded[pfn] = true
			}
		}
		if split {
			d.Split, d.StartPFN, d.EndPFN = true, 150, 1400
		}
		f, err := Open(&Plain{Path: "sample", Data: d.Bytes()})
		if err != nil {
			t.Fatal(err)
		}
		want, wantOK := uint64(0), false
		for pfn := d.MaxPFN + 1; pfn > 0; pfn-- {
			if _, err := f.View((pfn - 1) << 12); err == nil {
				want, wantOK = (pfn-1)<<12, true
			}
			got, ok := f.Next((pfn-1)<<12 + 5)
			here := want
			if here == (pfn-1)<<12 {
				here += 5
			}
			if ok != wantOK || ok && got != here {
				t.Fatalf("split %v, page %d: %#x %v, want %#x %v", split, pfn-1, got, ok, here, wantOK)
			}
		}
		n := 0
		for c, err := range space(t, f).Chunks(true, 0, ^uint64(0)) {
			if err != nil || len(c.Data)%4096 != 0 { // none is a breath between pages that can't be read
				t.Fatalf("%#x: %d bytes, %v", c.Address, len(c.Data), err)
			}
			for page := range slices.Chunk(c.Data, 4096) {
				if !bytes.Equal(page, d.Pages[c.Address>>12]) {
					t.Fatalf("%#x is not what is there", c.Address)
				}
				c.Address += 4096
				n++
			}
		}
		if !split && n != len(d.Pages) {
			t.Errorf("%d pages of %d", n, len(d.Pages))
		}
	}
}

func TestConcurrent(t *testing.T) {
	d := sample(4096)
	for _, how := range []int{kdumptest.Zlib, kdumptest.Zstd} {
		d.Compress = how
		f, err := Open(&Plain{Path: "sample", Data: d.Bytes()})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for pfn, page := range d.Pages {
					if b, err := f.View(pfn * 4096); err != nil || !bytes.Equal(b, page) {
						t.Errorf("page %d: %v", pfn, err)
					}
				}
			})
		}
		wg.Wait()
	}
}

func fuzzRead(t *testing.T, src Source) {
	f, err := Open(src)
	if err != nil {
		return
	}
	s := mem.NewSpace()
	if err := s.Add(f.Segments()...); err != nil {
		t.Fatal(err)
	}
	for pfn := range min(f.MaxPFN+2, 64) {
		b, err := f.View(pfn<<f.shift + 1)
		if (err == nil) != (len(b) > 0) {
			t.Fatalf("page %d: %d bytes, %v", pfn, len(b), err)
		}
	}
	_, err = f.View(^uint64(0))
	if err == nil && f.MaxPFN<<f.shift != 0 {
		t.Fatal("the last address can be read")
	}
}

func small(how int) *kdumptest.Dump {
	d := sampleOf(20, 512)
	d.Compress = how
	return d
}

func FuzzKdump(f *testing.F) {
	for _, how := range []int{0, 1, 2, 4, 0x20} {
		d := small(how)
		f.Add(d.Bytes())
		d.Big, d.Is64, d.Machine = true, false, "ppc"
		f.Add(d.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, &Plain{Path: "fuzz", Data: data}) })
}

func FuzzFlat(f *testing.F) {
	f.Add(kdumptest.Flatten(kdumptest.Cut(small(1).Bytes(), 700)))
	f.Fuzz(func(t *testing.T, data []byte) {
		flat, err := OpenFlat("fuzz", data)
		if err != nil {
			return
		}
		for i := range flat.pieces {
			if p := flat.pieces[i]; p.off >= p.end || i > 0 && flat.pieces[i-1].end > p.off {
				t.Fatalf("pieces %v", flat.pieces)
			}
		}
		fuzzRead(t, flat)
	})
}

func FuzzUnpack(f *testing.F) {
	page := samplePage(1, 512)
	for _, how := range []int{0, 1, 2, 4, 0x20} {
		b, flags := kdumptest.Compress(page, how)
		f.Add(b, flags)
	}
	f.Fuzz(func(t *testing.T, data []byte, flags uint32) {
		room := make([]byte, 1024)
		if err := unpack(room[:512:512], data, flags); err == nil && flags&packedFlags == 0 && !bytes.Equal(room[:512], data) {
			t.Fatal("what is not packed became something else")
		}
		if !bytes.Equal(room[512:], make([]byte, 512)) {
			t.Fatal("more than a page was filled")
		}
	})
}

func BenchmarkView(b *testing.B) {
	d := sample(4096)
	f, err := Open(&Plain{Path: "sample", Data: d.Bytes()})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.View(4096); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, how := range map[string]int{"raw": 0, "zlib": 1, "lzo": 2, "snappy": 4, "zstd": 0x20} {
		d.Compress = how
		f, err := Open(&Plain{Path: "sample", Data: d.Bytes()})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("miss-"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.cache.slots[1].Store(nil)
				if _, err := f.View(4096); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
