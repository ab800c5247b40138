package compressed

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestCache opens a compressed file through the cache: the second time it is mapped, and a damaged cache is not used.
func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	want := make([]byte, 9<<20) // more than is decompressed between two calls of Progress
	r := rand.NewChaCha8([32]byte{1})
	if _, err := r.Read(want); err != nil {
		t.Fatal(err)
	}
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f.zst")
	if err := os.WriteFile(path, w.EncodeAll(want, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	steps := 0
	open := func(what string, decompresses bool) {
		t.Helper()
		steps = 0
		image, err := Open(path, Options{CacheDir: dir, Progress: func(_, _ int64) error { steps++; return nil }})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(image.Data, want) {
			t.Errorf("%s: other contents", what)
		}
		if (steps > 0) != decompresses {
			t.Errorf("%s: decompressed: %v, want %v", what, steps > 0, decompresses)
		}
		image.Release(image.Data)
		if !bytes.Equal(image.Data, want) {
			t.Errorf("%s: other contents after Release", what)
		}
		if err := image.Close(); err != nil {
			t.Error(err)
		}
	}
	open("first", true)
	open("second", false)
	files, err := filepath.Glob(filepath.Join(dir, "*.image"))
	if err != nil || len(files) != 1 {
		t.Fatalf("cached: %q, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[1<<20] ^= 1
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	open("damaged", true)
	open("mended", false)
	if _, err := Open(path, Options{CacheDir: dir, MaxSize: 8 << 20}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("cached contents over the bound: %v", err)
	}
}
