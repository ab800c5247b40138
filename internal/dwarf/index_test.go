package dwarf

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/godrgn/drgn/types"
)

// TestIndexComplete holds the index against a plain walk over all top-level DIEs.
func TestIndexComplete(t *testing.T) {
	f := openKernel(t)
	type named struct {
		kind uint8
		name string
	}
	want := map[named]bool{}
	for u, err := range f.Units() {
		if err != nil {
			t.Fatal(err)
		}
		root, err := u.Root()
		if err != nil {
			t.Fatal(err)
		}
		for d, err := range root.Children() {
			if err != nil {
				t.Fatal(err)
			}
			kind := uint8(ixNone)
			if int(d.Tag) < len(indexed) {
				kind = indexed[d.Tag]
			}
			decl, err := d.Flag(AttrDeclaration)
			if err != nil {
				t.Fatal(err)
			}
			if kind == ixNone || decl {
				continue
			}
			if kind == ixFunction && d.Has(AttrAbstractOrigin) {
				if !d.Has(AttrLowPC) && !d.Has(AttrRanges) {
					continue
				}
				kind = ixInstance
			}
			name, err := d.FullName()
			if err != nil {
				t.Fatal(err)
			}
			if name != "" {
				want[named{kind, name}] = true
			}
			if kind != ixEnum {
				continue
			}
			for c, err := range d.Children() {
				if err != nil {
					t.Fatal(err)
				}
				name, err := c.Name()
				if err != nil {
					t.Fatal(err)
				}
				want[named{ixConstant, name}] = true
			}
		}
	}
	got := map[named]bool{}
	if err := f.IndexNames(nil); err != nil {
		t.Fatal(err)
	}
	ix := f.byName.index.Load()
	for i := range ix.numEntries() {
		e := ix.entry(i)
		got[named{e.kind, string(f.entryName(&e))}] = true
	}
	for k := range want {
		if !got[k] {
			t.Errorf("not in the index: %+v", k)
		}
	}
	for k := range got {
		if !want[k] {
			t.Errorf("only in the index: %+v", k)
		}
	}
	if len(want) < 20000 {
		t.Errorf("only %d names", len(want))
	}
}

func TestKernelEntities(t *testing.T) {
	f, err := Open(withTypes(kernelConfig()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind       EntityKind
		name, file string
		address    uint64 // as `nm` has it; 0: not found
	}{
		{EntityVariable, "init_task", "", 0xffffffff81a0a540},
		{EntityVariable, "init_task", "init/init_task.c", 0xffffffff81a0a540},
		{EntityVariable, "init_task", "sched/core.c", 0},
		{EntityFunction, "schedule", "", 0xffffffff811fc61c},
		{EntityFunction, "schedule", "kernel/sched/core.c", 0xffffffff811fc61c},
		{EntityFunction, "schedule", "ernel/sched/core.c", 0},
		{EntityFunction, "schedule", "/kernel/sched/core.c", 0},
		{EntityFunction, "no_such_function", "", 0},
	} {
		e, ok, err := f.FindEntity(tt.kind, tt.name, tt.file, nil)
		if err != nil || ok != (tt.address != 0) || e.Address != tt.address {
			t.Errorf("%s in %q: %#x, %v, %v, want %#x", tt.name, tt.file, e.Address, ok, err, tt.address)
		}
	}
	e, ok, err := f.FindEntity(EntityFunction, "put_pid", "", nil)
	if err != nil || !ok || !slices.Contains(e.Instances, 0xffffffff8104cbc2) {
		t.Errorf("put_pid, which is also inlined: %+v, %v, %v", e, ok, err)
	}
	if typ, err := f.FindType(types.KindsOf(types.Struct), "list_head", "linux/types.h"); err != nil || typ == nil {
		t.Errorf("list_head by file: %v", err)
	}
	if typ, err := f.FindType(types.KindsOf(types.Struct), "list_head", "list.h"); err != nil || typ != nil {
		t.Errorf("list_head in the wrong file: %v", err)
	}
}

func TestUnitForPC(t *testing.T) {
	cfg := kernelConfig()
	f, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Sections.ARanges = nil
	plain, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		pc   uint64
		unit string
	}{
		{0xffffffff811fc61c, "kernel/sched/core.c"},
		{0xffffffff811fc61c + 10, "kernel/sched/core.c"},
		{0x1234, ""},
	} {
		for _, f := range []*File{f, plain} {
			u, ok, err := f.UnitForPC(tt.pc)
			if err != nil || ok != (tt.unit != "") {
				t.Errorf("%#x: %v, %v", tt.pc, ok, err)
				continue
			}
			if !ok {
				continue
			}
			if in, err := u.Info(); err != nil || in.Name != tt.unit {
				t.Errorf("%#x: unit %q, %v, want %q", tt.pc, in.Name, err, tt.unit)
			}
			if fns, err := f.Functions(tt.pc); err != nil || len(fns) == 0 || f.byName.index.Load() != nil {
				t.Errorf("%#x: %d functions, %v; names are indexed: %t", tt.pc, len(fns), err, f.byName.index.Load() != nil)
			}
		}
	}
}

func TestCache(t *testing.T) {
	cfg := kernelConfig()
	cfg.Cache.Dir = filepath.Join(t.TempDir(), "new", "dir")
	cfg.Cache.Identity = []byte("0123456789abcdefghij")
	var built atomic.Int32
	progress := func(done, total uint64) {
		if done == total {
			built.Add(1)
		}
	}
	open := func(what string, wantBuilt bool) *File {
		t.Helper()
		built.Store(0)
		f, err := Open(cfg)
		if err == nil {
			err = f.IndexNames(progress)
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := built.Load() == 1; got != wantBuilt {
			t.Errorf("%s: built %v, want %v", what, got, wantBuilt)
		}
		return f
	}
	first := open("empty cache", true)
	second := open("cached", false)
	if !bytes.Equal(first.byName.index.Load().data, second.byName.index.Load().data) || second.NumUnits() != first.NumUnits() {
		t.Error("the cached index differs from the built one")
	}
	list, err := filepath.Glob(filepath.Join(cfg.Cache.Dir, "*"))
	if err != nil || len(list) != 1 {
		t.Fatalf("files in the cache: %q, %v", list, err)
	}
	path := list[0]
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("cache file: %v, %v", st.Mode(), err)
	}
	if st, err := os.Stat(cfg.Cache.Dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("cache directory: %v, %v", st.Mode(), err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(what string, do func() error) {
		t.Helper()
		// A new file: what maps the old one must not see it change.
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := do(); err != nil {
			t.Fatal(err)
		}
		open(what, true)
	}
	write := func(b []byte, mode os.FileMode) func() error {
		return func() error { return os.WriteFile(path, b, mode) }
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	spoil("one bit differs", write(flipped, 0o600))
	spoil("cut short", write(good[:len(good)/2], 0o600))
	spoil("empty", write(nil, 0o600))
	spoil("longer", write(append(bytes.Clone(good), 0), 0o600))
	spoil("of another version", write(append([]byte("godrgn\x00\x00"), good[8:]...), 0o600))
	spoil("a directory", func() error { return os.Mkdir(path, 0o700) })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	spoil("a link", func() error {
		other := filepath.Join(t.TempDir(), "index")
		if err := os.WriteFile(other, good, 0o600); err != nil {
			return err
		}
		return os.Symlink(other, path)
	})
	spoil("others may write", func() error {
		if err := os.WriteFile(path, good, 0o600); err != nil {
			return err
		}
		return os.Chmod(path, 0o666)
	})
	open("good again", false)

	cfg.Cache.Identity = []byte("0123456789abcdefghik")
	open("another identity", true)
	cfg.Cache.Dir = path + "/none"
	open("no directory", true)
}

// BenchmarkIndex builds the index of the small kernel.
func BenchmarkIndex(b *testing.B) {
	cfg := kernelConfig()
	b.SetBytes(int64(len(cfg.Sections.Info)))
	for b.Loop() {
		f, err := Open(cfg)
		if err == nil {
			err = f.IndexNames(nil)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens the small kernel, with which addresses are looked up.
func BenchmarkOpen(b *testing.B) {
	cfg := kernelConfig()
	for b.Loop() {
		if _, err := Open(cfg); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenCached opens the small kernel with its index in the cache.
func BenchmarkOpenCached(b *testing.B) {
	cfg := kernelConfig()
	cfg.Cache.Dir = b.TempDir()
	cfg.Cache.Identity = []byte("0123456789abcdefghij")
	f, err := Open(cfg)
	if err == nil {
		err = f.IndexNames(nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Open(cfg); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFindEntity looks a variable up whose type is known already.
func BenchmarkFindEntity(b *testing.B) {
	f, err := Open(withTypes(kernelConfig()))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, ok, err := f.FindEntity(EntityVariable, "init_task", "", nil); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}
