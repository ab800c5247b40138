package debuginfo

import (
	"os"
	"path/filepath"
	"testing"
)

func TestModulesOfLinkedDirectory(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real", "kernel", "fs")
	if err := os.MkdirAll(real, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(real, "snd-pcm.ko.xz")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	s := Search{Kernels: []string{link}, Roots: []string{}}
	if got := s.Modules("")["snd_pcm"]; len(got) != 1 {
		t.Errorf("found %q", got)
	}
}
