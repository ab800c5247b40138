package compressed

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// text is larger than a step of decompression and not a multiple of anything.
var text = func() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 5_000_001; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.Bytes()
}()

var texts = map[string][]byte{} // text in the formats: xz takes its time

// compress returns data in a format.
func compress(t testing.TB, format string, data []byte) []byte {
	t.Helper()
	if b := texts[format]; b != nil && len(data) == len(text) {
		return b
	}
	var b bytes.Buffer
	defer func() {
		if len(data) == len(text) {
			texts[format] = b.Bytes()
		}
	}()
	var err error
	var w interface {
		Write([]byte) (int, error)
		Close() error
	}
	switch format {
	case "zstd":
		w, err = zstd.NewWriter(&b)
	case "xz":
		w, err = xz.NewWriter(&b)
	case "gzip":
		w = gzip.NewWriter(&b)
	default:
		return data
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var names = []string{"", "zstd", "xz", "gzip"}

func TestOpen(t *testing.T) {
	for _, format := range names {
		packed := compress(t, format, text)
		var done, total int64
		image, err := Open(write(t, packed), Options{Progress: func(d, n int64) error {
			if d < done {
				t.Errorf("%s: progress goes back from %d to %d", format, done, d)
			}
			done, total = d, n
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if image.Format != format || !bytes.Equal(image.Data, text) {
			t.Errorf("%s: %d bytes of %s", format, len(image.Data), image.Format)
		}
		if format != "" && (done == 0 || total != int64(len(packed))) {
			t.Errorf("%s: progress %d of %d", format, done, total)
		}
		for range 2 {
			if err := image.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	for _, format := range names {
		image, err := Open(write(t, compress(t, format, nil)), Options{})
		if err != nil || len(image.Data) != 0 {
			t.Fatal(format, err)
		}
		if err := image.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLimit(t *testing.T) {
	for _, format := range names[1:] {
		path := write(t, compress(t, format, text))
		if image, err := Open(path, Options{MaxSize: uint64(len(text))}); err != nil {
			t.Errorf("%s: %v", format, err)
		} else if err := image.Close(); err != nil {
			t.Error(err)
		}
		for _, limit := range []uint64{1, 4 << 20, uint64(len(text)) - 1} {
			if _, err := Open(path, Options{MaxSize: limit}); !errors.Is(err, ErrTooLarge) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("%s: %v", format, err)
			}
		}
		if _, err := Open(path, Options{MaxSize: 1 << 62}); err == nil {
			t.Error("a limit of 4 EiB")
		}
	}
}

func TestStopped(t *testing.T) {
	stop := errors.New("stop")
	for _, format := range names[1:] {
		if _, err := Open(write(t, compress(t, format, text)), Options{Progress: func(_, _ int64) error { return stop }}); err != stop {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestDamaged(t *testing.T) {
	for _, format := range names[1:] {
		packed := compress(t, format, text)
		for _, n := range []int{6, 10, len(packed) / 2, len(packed) - 1} {
			path := write(t, packed[:n])
			if _, err := Open(path, Options{}); err == nil || !strings.HasPrefix(err.Error(), path+": "+format+" data") {
				t.Errorf("%s, %d bytes of %d: %v", format, n, len(packed), err)
			}
		}
		bad := bytes.Clone(packed)
		for i := len(bad) / 2; i < len(bad)/2+20; i++ {
			bad[i] ^= 0x55
		}
		if _, err := Open(write(t, bad), Options{}); err == nil {
			t.Errorf("%s: changed bytes pass", format)
		}
	}
}

func TestKernelImage(t *testing.T) {
	b := make([]byte, 0x300)
	copy(b[0x1fe:], "\x55\xaa\x00\x00HdrS")
	if _, err := Open(write(t, b), Options{}); err == nil || !strings.Contains(err.Error(), "bootable kernel image") {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Decompress("plain", []byte("plain"), Options{}); err == nil {
		t.Error("plain text decompressed")
	}
}

func FuzzDecompress(f *testing.F) {
	for _, format := range names[1:] {
		f.Add(compress(f, format, []byte("hello, hello, hello")))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		image, err := Decompress("fuzz", data, Options{MaxSize: 1 << 20})
		if (image == nil) == (err == nil) {
			t.Fatal(image, err)
		}
		if err == nil {
			if len(image.Data) > 1<<20 {
				t.Fatal(len(image.Data))
			}
			if err := image.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkFixture(b *testing.B) {
	for b.Loop() {
		image, err := Open("../../testdata/tiny-6.12/vmlinux.zst", Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(image.Data)))
		if err := image.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
