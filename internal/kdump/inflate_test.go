package kdump

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"
)

// standard unpacks a page as package compress/zlib does.
func standard(page, packed []byte) error {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(z, page); err != nil {
		return err
	}
	var more [1]byte
	if n, err := z.Read(more[:]); n != 0 || err != io.EOF {
		return errPageSize
	}
	return nil
}

func zlibbed(t testing.TB, page []byte, level int) []byte {
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	for part := range 3 { // several blocks
		z.Write(page[len(page)*part/3 : len(page)*(part+1)/3])
		if part == 1 && len(page)%2 == 0 {
			z.Flush()
		}
	}
	z.Close()
	return b.Bytes()
}

// somePages returns pages of all kinds: random in few values, with repetitions near and far, and of one byte.
func somePages(size int) (pages [][]byte) {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	for _, values := range []int{1, 2, 3, 17, 120, 256} {
		for _, repeat := range []int{0, 1, 2, 3, 5, 7, 8, 9, 64, 300, 2000} {
			page := make([]byte, size)
			for i := range page {
				if page[i] = byte(r.IntN(values)); repeat > 0 && i >= repeat && r.IntN(20) > 0 {
					page[i] = page[i-repeat]
				}
			}
			pages = append(pages, page)
		}
	}
	// Words of as many bits as there can be.
	page := make([]byte, 0, size)
	for n, count := 0, 1; len(page) < size; n, count = n+1, count+count/2+1 {
		page = append(page, bytes.Repeat([]byte{byte(n)}, min(count, size-len(page)))...)
	}
	r.Shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
	return append(pages, page)
}

func TestInflate(t *testing.T) {
	for _, size := range []int{1, 7, 4096, 65536} {
		for i, page := range somePages(size) {
			if size > 4096 && i%8 != 0 {
				continue
			}
			for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
				packed := zlibbed(t, page, level)
				got := make([]byte, size)
				if err := unzlib(got, packed); err != nil || !bytes.Equal(got, page) {
					t.Fatalf("page %d of %d bytes, level %d: %v", i, size, level, err)
				}
				if err := unzlib(make([]byte, size+1), packed); err == nil {
					t.Errorf("page %d of %d bytes, level %d: unpacked to more than there is", i, size, level)
				}
				if err := unzlib(make([]byte, size-1), packed); err == nil {
					t.Errorf("page %d of %d bytes, level %d: unpacked to less than there is", i, size, level)
				}
				if size == 4096 {
					spoil(t, packed, page)
				}
			}
		}
	}
}

// spoil checks that streams which end early, or in which bits differ, are unpacked as package compress/zlib does it.
func spoil(t *testing.T, packed, page []byte) {
	t.Helper()
	got, want := make([]byte, len(page)), make([]byte, len(page))
	step := len(packed)/16 + 1
	for i := 0; i < len(packed); i += step {
		if err := unzlib(got, packed[:i:i]); err == nil {
			t.Fatalf("%d of %d bytes are enough", i, len(packed))
		}
		b := bytes.Clone(packed)
		b[i] ^= 1 << (i % 8)
		if err, other := unzlib(got, b), standard(want, b); (err == nil) != (other == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("byte %d: %v, package compress/zlib: %v", i, err, other)
		}
	}
}

// FuzzInflate holds the unpacking of zlib's streams to that of package compress/zlib.
func FuzzInflate(f *testing.F) {
	for i, page := range somePages(512) {
		f.Add(zlibbed(f, page, i%10), uint16(512))
	}
	f.Add([]byte{0x78, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01}, uint16(0)) // nothing
	f.Add([]byte{0x78, 0x9c, 0xed, 0xc1, 0x01, 0x01, 0, 0}, uint16(4096))
	f.Fuzz(func(t *testing.T, packed []byte, size uint16) {
		got, want := make([]byte, size), make([]byte, size)
		err, other := unzlib(got, packed), standard(want, packed)
		if (err == nil) != (other == nil) {
			t.Fatalf("%v, package compress/zlib: %v", err, other)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatal("another page")
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	page := somePages(4096)[30]
	packed := zlibbed(b, page, 1)
	for name, unpack := range map[string]func(page, packed []byte) error{"here": unzlib, "standard": standard} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				if err := unpack(page, packed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
