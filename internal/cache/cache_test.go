package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestCache(t *testing.T) {
	d := Dir{Path: filepath.Join(t.TempDir(), "a", "b"), Suffix: ".x", Limit: 1000}
	if _, ok := d.Open("one"); ok {
		t.Fatal("a file that was never written is there")
	}
	if err := d.Write("one", []byte("hello "), []byte("world")); err != nil {
		t.Fatal(err)
	}
	f, ok := d.Open("one")
	if !ok || string(f.Data) != "hello world" {
		t.Fatalf("read back %v, %v", f, ok)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.Path, "one.x")
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if st, err := os.Stat(d.Path); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("mode of the directory %v, %v", st.Mode(), err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damage := map[string]func() error{
		"a bit flipped": func() error {
			b := slices.Clone(whole)
			b[3] ^= 4
			return os.WriteFile(path, b, 0o600)
		},
		"cut":      func() error { return os.WriteFile(path, whole[:len(whole)-1], 0o600) },
		"longer":   func() error { return os.WriteFile(path, append(slices.Clone(whole), 0), 0o600) },
		"empty":    func() error { return os.WriteFile(path, nil, 0o600) },
		"writable": func() error { return os.Chmod(path, 0o666) },
		"a link": func() error {
			other := filepath.Join(t.TempDir(), "other")
			if err := os.Rename(path, other); err != nil {
				return err
			}
			return os.Symlink(other, path)
		},
	}
	for name, do := range damage {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := d.Write("one", []byte("hello world")); err != nil {
			t.Fatal(err)
		}
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if _, ok := d.Open("one"); ok {
			t.Errorf("%s: still taken", name)
		}
	}
}

func TestEvict(t *testing.T) {
	d := Dir{Path: t.TempDir(), Suffix: ".x", Limit: 250}
	old := time.Now().Add(-2 * time.Hour)
	for i, name := range []string{"a", "b", "c"} {
		if err := d.Write(name, bytes.Repeat([]byte{1}, 60)); err != nil {
			t.Fatal(err)
		}
		at := old.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(filepath.Join(d.Path, name+".x"), at, at); err != nil {
			t.Fatal(err)
		}
	}
	for name, at := range map[string]time.Time{".tmp-old.x": old, ".tmp-new.x": time.Now(), "other": old} {
		path := filepath.Join(d.Path, name)
		if err := os.WriteFile(path, []byte("?"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Write("d", bytes.Repeat([]byte{1}, 100)); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Name())
	}
	if want := []string{".tmp-new.x", "b.x", "c.x", "d.x", "other"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
}

// What is written in the background is there once it is finished; one that can't be written harms nobody.
func TestWriteLater(t *testing.T) {
	d := Dir{Path: t.TempDir(), Suffix: ".x", Limit: 1000}
	for _, name := range []string{"a", "b", "a"} {
		d.WriteLater(name, []byte("hello "), []byte(name))
	}
	Dir{Path: "/proc/nothing", Suffix: ".x", Limit: 1000}.WriteLater("a", []byte("hello"))
	Finish(time.Minute)
	for _, name := range []string{"a", "b"} {
		f, ok := d.Open(name)
		if !ok || string(f.Data) != "hello "+name {
			t.Fatalf("%s: %v, %v", name, f, ok)
		}
		f.Release()
		if string(f.Data) != "hello "+name {
			t.Errorf("%s: %q after it was released", name, f.Data)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
