package constant

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cache"
	"github.com/godrgn/drgn/internal/kallsyms"
	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/internal/kdump/kdumptest"
	"github.com/godrgn/drgn/mem"
)

const page = 4096

// text is memory that can be compressed.
func text(pages int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, pages*page)
	for i := range b {
		b[i] = byte('a' + r.IntN(4))
	}
	return b
}

// core returns a program whose memory, from address 0 on, is a compressed dump of data.
func core(t testing.TB, data []byte, how int, dir string) *drgn.Program {
	t.Helper()
	d := &kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: page, MaxPFN: uint64(len(data) / page), Pages: map[uint64][]byte{}, Compress: how}
	for pfn := range d.MaxPFN {
		d.Pages[pfn] = data[pfn*page:][:page]
	}
	f, err := kdump.Open(&kdump.Plain{Path: "sample", Data: d.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	p := drgn.New(arch.Platform{Arch: arch.ByName("x86_64"), Flags: arch.Is64Bit | arch.IsLittleEndian})
	if err := p.Memory().Add(mem.Segment{Max: uint64(len(data)) - 1, View: f}); err != nil {
		t.Fatal(err)
	}
	p.SetCacheDir(dir)
	return p
}

// parts are those of the tests: one begins and ends in the middle of a page, one is less than a page.
var parts = []Part{{Address: 100, Size: 70*page + 7}, {Address: 80 * page, Size: 3 * page}, {Address: 90*page + 5, Size: 90}}

func read(t testing.TB, p *drgn.Program, data []byte) *Bytes {
	t.Helper()
	b, err := Read(p, parts...)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range parts {
		if !bytes.Equal(b.Part(i), data[part.Address:][:part.Size]) {
			t.Fatalf("part %d is not what is in memory", i)
		}
	}
	return b
}

// files returns the names of the cached files.
func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	cache.Finish(time.Minute)
	list, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// What was read from one dump is there for the next one, and only once it was said to be whole.
func TestCached(t *testing.T) {
	for name, how := range map[string]int{"zlib": kdumptest.Zlib, "zstd": kdumptest.Zstd, "snappy": kdumptest.Snappy} {
		t.Run(name, func(t *testing.T) {
			dir, data := filepath.Join(t.TempDir(), "cache"), text(100)
			b := read(t, core(t, data, how, dir), data)
			if b.file != nil || b.Keep() != nil || len(files(t, dir)) != 0 {
				t.Fatal("something is cached before anything was saved")
			}
			b.Save()
			b.Save()
			if got := files(t, dir); len(got) != 1 {
				t.Fatalf("cached are %q", got)
			}
			b = read(t, core(t, data, how, dir), data)
			if b.file == nil || b.Keep() == nil {
				t.Fatal("the file is not used")
			}
			b.Release()
			if b.Save(); !bytes.Equal(b.Part(0), data[100:][:parts[0].Size]) {
				t.Error("released bytes are not loaded again")
			}
			read(t, core(t, data, how, ""), data) // the user's own directory has none
			read(t, core(t, data, how, "-"), data)
			if got := files(t, dir); len(got) != 1 {
				t.Fatalf("cached are %q", got)
			}
		})
	}
	dir, data := t.TempDir(), text(100)
	read(t, core(t, data, kdumptest.Raw, dir), data).Save()
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("memory that is not compressed is cached: %q", got)
	}
}

// A dump that differs in one bit anywhere in the parts gets its own bytes, and so do others afterwards; what lies beside the parts
// makes no difference.
func TestOtherMemory(t *testing.T) {
	dir, data := t.TempDir(), text(100)
	read(t, core(t, data, kdumptest.Zstd, dir), data).Save()
	if len(files(t, dir)) != 1 {
		t.Fatal("nothing is cached")
	}
	for i, at := range []uint64{100, 101, page - 1, page, 7*page + 123, 70 * page, 100 + 70*page + 6, 80 * page, 83*page - 1, 90*page + 5, 90*page + 94} {
		changed := slices.Clone(data)
		changed[at] ^= 4
		b := read(t, core(t, changed, kdumptest.Zstd, dir), changed)
		if b.file != nil {
			t.Errorf("the file is used for memory that differs at %#x", at)
		}
		b.Save()
		if got := files(t, dir); len(got) != i+2 {
			t.Errorf("%d files are cached, want %d", len(got), i+2)
		}
	}
	if read(t, core(t, data, kdumptest.Zstd, dir), data).file == nil {
		t.Error("the first file is not used any more")
	}
	for _, at := range []uint64{99, 100 + 70*page + 7, 79*page + 5, 83 * page, 90*page + 4, 90*page + 95, 87 * page} {
		changed := slices.Clone(data)
		changed[at] ^= 4
		if read(t, core(t, changed, kdumptest.Zstd, dir), changed).file == nil {
			t.Errorf("the file is not used for memory that differs at %#x, outside the parts", at)
		}
	}
}

// A file that is not what was written is not used, and is replaced.
func TestDamaged(t *testing.T) {
	data := text(100)
	other := filepath.Join(t.TempDir(), "other")
	read(t, core(t, text(106)[6*page:], kdumptest.Zstd, other), text(106)[6*page:]).Save()
	others := files(t, other)
	if len(others) != 1 {
		t.Fatal(others)
	}
	for name, damage := range map[string]func(path string, whole []byte) error{
		"cut":   func(path string, whole []byte) error { return os.WriteFile(path, whole[:len(whole)/2], 0o600) },
		"empty": func(path string, whole []byte) error { return os.WriteFile(path, nil, 0o600) },
		"a bit": func(path string, whole []byte) error {
			whole[len(whole)/2] ^= 1
			return os.WriteFile(path, whole, 0o600)
		},
		"writable": func(path string, _ []byte) error { return os.Chmod(path, 0o622) },
		"another dump's": func(path string, _ []byte) error {
			b, err := os.ReadFile(filepath.Join(other, others[0]))
			if err != nil {
				return err
			}
			return os.WriteFile(path, b, 0o600)
		},
		"whole, but wrong": func(path string, whole []byte) error {
			d := cache.Dir{Path: filepath.Dir(path), Suffix: suffix, Limit: maxCache}
			whole[len(magic)+32+3*8+page] ^= 1 // of the first page of the first part
			whole[len(magic)+32+3*8] ^= 1
			return d.Write(filepath.Base(path)[:64], whole[:len(whole)-8])
		},
		"too short, but whole": func(path string, whole []byte) error {
			d := cache.Dir{Path: filepath.Dir(path), Suffix: suffix, Limit: maxCache}
			return d.Write(filepath.Base(path)[:64], whole[:len(whole)-8-page])
		},
		"a directory": func(path string, _ []byte) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		},
		"another user's": func(path string, _ []byte) error { return os.Chown(path, 12345, 12345) },
	} {
		t.Run(name, func(t *testing.T) {
			if name == "another user's" && os.Geteuid() != 0 {
				t.Skip("only root can give a file away")
			}
			dir := t.TempDir()
			read(t, core(t, data, kdumptest.Zstd, dir), data).Save()
			names := files(t, dir)
			path := filepath.Join(dir, names[0])
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(path, whole); err != nil {
				t.Fatal(err)
			}
			b := read(t, core(t, data, kdumptest.Zstd, dir), data)
			if b.file != nil {
				t.Fatal("the file is used")
			}
			b.Save()
			if files(t, dir); name != "a directory" && read(t, core(t, data, kdumptest.Zstd, dir), data).file == nil {
				t.Error("the file was not replaced")
			}
		})
	}
}

// Where nothing can be cached, everything can be read.
func TestNoCache(t *testing.T) {
	data := text(100)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"/proc/nothing", file, filepath.Join(file, "below")} {
		for range 2 {
			b := read(t, core(t, data, kdumptest.Zstd, dir), data)
			b.Save()
			cache.Finish(time.Minute)
		}
	}
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	read(t, core(t, data, kdumptest.Zstd, ""), data).Save()
	cache.Finish(time.Minute)
}

// What is missing in a dump is an error, and none of it is cached.
func TestMissing(t *testing.T) {
	dir, data := t.TempDir(), text(100)
	p := core(t, data, kdumptest.Zstd, dir)
	if _, err := Read(p, Part{Address: 98 * page, Size: 5 * page}); err == nil {
		t.Error("memory that is missing is read")
	}
	if b := Of([]byte("abc"), nil); string(b.Part(0)) != "abc" || b.Keep() != nil {
		t.Error("bytes that were there are others")
	} else {
		b.Save()
		b.Release()
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("cached are %q", got)
	}
}

// Memory is read from the parts where they have all of it, and elsewhere as ever.
func TestMemory(t *testing.T) {
	dir, data := t.TempDir(), text(100)
	for range 2 {
		p := core(t, data, kdumptest.Zstd, dir)
		b := read(t, p, data)
		elsewhere := 0
		m := b.Memory(kallsyms.Memory{Read: func(buf []byte, address uint64) error {
			elsewhere++
			return p.Memory().Read(buf, address, false)
		}})
		for _, r := range []Part{{100, 70*page + 7}, {80*page + 5, 100}, {90 * page, 200}, {83*page - 1, 2}, {0, 100}} {
			buf := make([]byte, r.Size)
			if err := m.Read(buf, r.Address); err != nil || !bytes.Equal(buf, data[r.Address:][:r.Size]) {
				t.Errorf("%v: not what is in memory, %v", r, err)
			}
		}
		if elsewhere != 3 {
			t.Errorf("%d reads went elsewhere, want 3", elsewhere)
		}
		if lent := m.Lend(80*page+1, page); (lent == nil) != (b.file != nil) || lent != nil && !bytes.Equal(lent, data[80*page+1:][:page]) {
			t.Error("bytes of a file are lent, or others are not")
		}
		if m.Lend(83*page-1, 2) != nil || m.Lend(5, 1) != nil {
			t.Error("bytes that are not there are lent")
		}
		b.Save()
		files(t, dir)
	}
}

func TestNote(t *testing.T) {
	dir := t.TempDir()
	p := core(t, text(1), kdumptest.Zstd, dir)
	n := NewNote(p, "a", "b")
	if _, ok := n.Read(); ok {
		t.Error("there is a note that nobody wrote")
	}
	n.Write([]byte("hello"))
	files(t, dir)
	if got, ok := NewNote(p, "a", "b").Read(); !ok || string(got) != "hello" {
		t.Errorf("%q, %v", got, ok)
	}
	for _, name := range [][]string{{"ab"}, {"a"}, {"a", "b", ""}, {"ab", ""}, {"b", "a"}} {
		if _, ok := NewNote(p, name...).Read(); ok {
			t.Errorf("%q has the note of another name", name)
		}
	}
	p.SetCacheDir("-")
	n = NewNote(p, "a", "b")
	n.Write([]byte("hello"))
	if _, ok := n.Read(); ok {
		t.Error("there is a note though nothing is cached")
	}
}

// FuzzFile has the cached file hold anything, whole as far as its own checksum says: it is taken as a whole or not at all.
func FuzzFile(f *testing.F) {
	data := text(100)
	b := &Bytes{parts: parts}
	for i := range b.hash {
		b.hash[i] = byte(i)
	}
	whole := slices.Concat([][]byte{b.head(), data[100:][:parts[0].Size], data[80*page:][:parts[1].Size], data[90*page+5:][:parts[2].Size]}...)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(append(slices.Clone(whole), 0))
	f.Add([]byte(magic))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		b := &Bytes{parts: parts, hash: b.hash}
		if err := b.parse(file); err != nil {
			if bytes.Equal(file, whole) {
				t.Error(err)
			}
			return
		}
		if again := slices.Concat(append([][]byte{b.head()}, b.data...)...); !bytes.Equal(again, file) {
			t.Error("the parts are not what the file has")
		}
	})
}
