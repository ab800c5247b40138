package coretest

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/godrgn/drgn/internal/compressed"
	"github.com/godrgn/drgn/internal/elf"
)

// KernelBTF returns the BTF of one of the kernels in testdata/btf, such as "6.12".
func KernelBTF(t testing.TB, series string) []byte {
	t.Helper()
	return unpacked(t, filepath.Join("..", "btf", series+".btf.xz"))
}

// BTF returns the BTF of the bundled kernel, out of its debug file.
func BTF(t testing.TB) []byte {
	t.Helper()
	f, err := elf.Parse("vmlinux", unpacked(t, "vmlinux.zst"))
	if err != nil {
		t.Fatal(err)
	}
	s := f.Section(".BTF")
	if s == nil {
		t.Fatal("the bundled kernel has no BTF")
	}
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// unpacked returns the contents of a compressed file, whose path is relative to Dir.
func unpacked(t testing.TB, path string) []byte {
	t.Helper()
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	image, err := compressed.Open(filepath.Join(dir, path), compressed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Clone(image.Data)
	if err := image.Close(); err != nil {
		t.Fatal(err)
	}
	return data
}
