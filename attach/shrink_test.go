package attach_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/annotate"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/internal/kdump/kdumptest"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/search"
	"github.com/godrgn/drgn/target"
)

// shrinking is a program whose files are copies.
type shrinking struct {
	p              *drgn.Program
	core, vmlinux  string
	cached         string // the index of vmlinux
	walked, search int    // how many elements the walk and the search gave
}

// A coreForm makes the bundled core another kind of file.
type coreForm func(t *testing.T, core []byte) []byte

func asItIs(_ *testing.T, core []byte) []byte { return core }

func flattened(_ *testing.T, core []byte) []byte {
	return kdumptest.Flatten(kdumptest.Cut(core, 1<<16))
}

// asELF makes an ELF core of the same notes and memory.
func asELF(t *testing.T, _ []byte) []byte {
	t.Helper()
	core, err := target.Open(filepath.Join(fixture, "vmcore"))
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62} // EM_X86_64
	notes := f.Note(nil, "VMCOREINFO", 0, core.VMCOREINFO)
	for _, n := range core.Notes {
		if n.Name != "VMCOREINFO" {
			notes = f.Note(notes, n.Name, n.Type, n.Desc)
		}
	}
	f.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: notes}}
	space, err := core.Space()
	if err != nil {
		t.Fatal(err)
	}
	for c, err := range space.Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Data) == 0 {
			continue
		}
		if last := &f.Segments[len(f.Segments)-1]; last.Type == elf.PT_LOAD && last.Paddr+uint64(len(last.Data)) == c.Address {
			last.Data = append(last.Data, c.Data...)
		} else {
			f.Segments = append(f.Segments, elftest.Segment{Type: elf.PT_LOAD, Paddr: c.Address, Data: bytes.Clone(c.Data)})
		}
	}
	return f.Bytes()
}

func openShrinking(t *testing.T, form coreForm) *shrinking {
	t.Helper()
	dir := t.TempDir()
	s := &shrinking{core: filepath.Join(dir, "vmcore"), vmlinux: filepath.Join(dir, "vmlinux")}
	plain, err := plainVmlinux()
	if err != nil {
		t.Fatal(err)
	}
	for to, from := range map[string]string{s.core: filepath.Join(fixture, "vmcore"), s.vmlinux: plain} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if to == s.core {
			data = form(t, data)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cache := filepath.Join(dir, "cache")
	if s.p, err = attach.Core(s.core, attach.Options{Symbols: []string{s.vmlinux}, NoDefaultSymbols: true, CacheDir: cache}); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask asks for all kinds of things, and returns the errors. What breaks off a walk or search is called after its first element.
func (s *shrinking) ask(inWalk, inSearch func()) (errs []error) {
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	_, err := s.types()
	add(err)
	_, err = s.p.Variable("init_task").Member("pid").Int()
	add(err)
	_, err = s.p.Variable("init_task").Member("comm").CString()
	add(err)
	s.walked = 0
	for task, err := range pid.ForEachTask(s.p, false) {
		if add(err); err != nil {
			break
		}
		_, err := task.Member("mm").Member("pgd").Uint()
		add(err)
		if s.walked++; s.walked == 1 && inWalk != nil {
			inWalk()
		}
	}
	add(s.lines())
	_, err = s.p.Symbol("schedule")
	add(err)
	_, err = s.p.Symbols(drgn.SymbolQuery{})
	add(err)
	_ = s.p.Variable("init_task").String()
	s.search = 0
	for _, err := range search.Bytes(context.Background(), s.p, []byte("swapper"), 1, search.Area{Physical: true}) {
		if add(err); err != nil {
			break
		}
		if s.search++; s.search == 1 && inSearch != nil {
			inSearch()
		}
	}
	return errs
}

func (s *shrinking) types() (n int, err error) {
	for _, name := range []string{"struct task_struct", "struct page", "struct inode", "struct net", "enum pid_type"} {
		t, err := s.p.Type(name)
		if err != nil {
			return n, err
		}
		members, err := t.Members()
		if err != nil && !strings.HasPrefix(name, "enum") {
			return n, err
		}
		n += len(members)
	}
	return n, nil
}

func (s *shrinking) lines() error {
	trace, err := s.p.StackTrace(1)
	if err != nil {
		return err
	}
	errs := []error{trace.Err, annotate.Stack(io.Discard, trace)}
	for f := range trace.Frames() {
		if _, err := f.Source(); !drgn.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// damages returns what is done to files, by its name.
func damages() map[string]func(path string, size int64) error {
	return map[string]func(path string, size int64) error{
		"empty": func(path string, _ int64) error { return os.Truncate(path, 0) },
		"half":  func(path string, size int64) error { return os.Truncate(path, size/2) },
		"garbage": func(path string, size int64) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = io.Copy(f, io.LimitReader(rand.NewChaCha8([32]byte{}), size))
			return errors.Join(err, f.Close())
		},
	}
}

// TestFilesShrink truncates files, or replaces their bytes, while a program has them open: what is asked then is an error or
// as before, and whatever of it was a file that can't be read names the file. The program goes on.
func TestFilesShrink(t *testing.T) {
	files := []struct {
		name string
		form coreForm
		path func(s *shrinking) string
	}{
		{"kdump", asItIs, func(s *shrinking) string { return s.core }},
		{"flattened", flattened, func(s *shrinking) string { return s.core }},
		{"elf", asELF, func(s *shrinking) string { return s.core }},
		{"vmlinux", asItIs, func(s *shrinking) string { return s.vmlinux }},
		{"cache", asItIs, func(s *shrinking) string { return s.cached }},
	}
	damages := damages()
	stages := []string{"opened", "index read", "types read", "lines read", "in a walk", "in a search"}
	if testing.Short() { // the race detector makes it slow
		delete(damages, "half")
		delete(damages, "garbage")
		stages = []string{"opened", "in a walk"}
	}
	for _, file := range files {
		for how, damage := range damages {
			for _, stage := range stages {
				t.Run(fmt.Sprintf("%s/%s/%s", file.name, how, stage), func(t *testing.T) {
					s := openShrinking(t, file.form)
					defer s.p.Close()
					if file.name == "cache" {
						if _, err := s.types(); err != nil { // which makes the index
							t.Fatal(err)
						}
						indexes, err := filepath.Glob(filepath.Join(filepath.Dir(s.core), "cache", "*.dwarfidx"))
						if err != nil || len(indexes) != 1 {
							t.Fatalf("indexes: %q, %v", indexes, err)
						}
						s.cached = indexes[0]
					}
					spoil := func() {
						t.Helper()
						path := file.path(s)
						info, err := os.Stat(path)
						if err != nil {
							t.Fatal(err)
						}
						if err := damage(path, info.Size()); err != nil {
							t.Fatal(err)
						}
					}
					var errs []error
					switch stage {
					case "index read":
						if err := s.p.Variable("jiffies").Err(); err != nil {
							t.Fatal(err)
						}
						spoil()
					case "types read":
						if _, err := s.types(); err != nil {
							t.Fatal(err)
						}
						spoil()
					case "lines read":
						if err := s.lines(); err != nil {
							t.Fatal(err)
						}
						spoil()
					case "opened":
						spoil()
					case "in a walk":
						errs = s.ask(spoil, nil)
					case "in a search":
						errs = s.ask(nil, spoil)
					}
					errs = append(errs, s.ask(nil, nil)...)
					named := 0
					for _, err := range errs {
						var failed *mem.FileError
						if errors.As(err, &failed) {
							if failed.Path != file.path(s) || !strings.Contains(err.Error(), failed.Path) {
								t.Errorf("%v names %s, not %s", err, failed.Path, file.path(s))
							}
							named++
						}
					}
					// Late in ask, all that it looks up has been found in the index before, and is remembered.
					remembered := file.name == "cache" && stage == "in a search"
					if how == "empty" && named == 0 && !remembered {
						t.Errorf("no error says that %s can't be read: %v", file.path(s), errs)
					}
				})
			}
		}
	}
}

// TestModuleFilesShrink is TestFilesShrink for the files of modules: a kernel module (whose sections are relocated), a separate
// debug file, one whose types are in a file of their own, and that file.
func TestModuleFilesShrink(t *testing.T) {
	programs := filepath.Join("..", "testdata", "programs")
	tests := []struct {
		name     string
		files    []string // copies of which the module's files are
		damaged  int      // the index of the one that is damaged
		variable string
		types    []string
	}{
		{"kernel module", []string{"mod.gcc-O2-5"}, 0, "counter", []string{"int"}},
		{"debug file", []string{"c.gcc-O0-5"}, 0, "point", []string{"struct point", "struct bits", "union bit_union"}},
		{"debug file with a supplementary file", []string{"c.dwz", "c.dwz.shared"}, 0, "point", []string{"struct point", "struct bits", "union bit_union"}},
		{"supplementary file", []string{"c.dwz", "c.dwz.shared"}, 1, "point", []string{"struct point", "struct bits", "union bit_union"}},
	}
	for _, tt := range tests {
		for how, damage := range damages() {
			for _, stage := range []string{"opened", "index read", "types read"} {
				t.Run(fmt.Sprintf("%s/%s/%s", tt.name, how, stage), func(t *testing.T) {
					dir := t.TempDir()
					p := drgn.New(arch.Platform{})
					defer p.Close()
					p.SetCacheDir(filepath.Join(dir, "cache"))
					m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "m", Ranges: []mem.Range{{Min: 0x10000, Max: 0x8fffff}}})
					if err != nil {
						t.Fatal(err)
					}
					if err := m.SetLoadedFileStatus(drgn.DontWantFile); err != nil {
						t.Fatal(err)
					}
					var paths []string
					for _, name := range tt.files {
						data, err := os.ReadFile(filepath.Join(programs, name))
						if err != nil {
							t.Fatal(err)
						}
						path := filepath.Join(dir, name)
						if err := os.WriteFile(path, data, 0o600); err != nil {
							t.Fatal(err)
						}
						if err := m.TryFile(path); err != nil {
							t.Fatal(err)
						}
						paths = append(paths, path)
					}
					if m.DebugFile().Status != drgn.HaveFile {
						t.Fatal(m.DebugFile().Status)
					}
					index := func() error { return p.Variable(tt.variable).Err() }
					ask := func() error {
						errs := []error{index()}
						for _, name := range tt.types {
							typ, err := p.Type(name)
							if err == nil && len(tt.types) > 1 {
								_, err = typ.Members()
							}
							errs = append(errs, err)
						}
						_, err := p.Symbols(drgn.SymbolQuery{})
						return errors.Join(append(errs, err)...)
					}
					switch stage {
					case "index read":
						err = index()
					case "types read":
						err = ask()
					}
					if err != nil {
						t.Fatal(err)
					}
					path := paths[tt.damaged]
					info, err := os.Stat(path)
					if err != nil {
						t.Fatal(err)
					}
					if err := damage(path, info.Size()); err != nil {
						t.Fatal(err)
					}
					err = ask()
					var failed *mem.FileError
					if errors.As(err, &failed) && (failed.Path != path || !strings.Contains(err.Error(), path)) {
						t.Errorf("%v names %s, not %s", err, failed.Path, path)
					}
					if how == "empty" && stage != "types read" && failed == nil {
						t.Errorf("no error says that %s can't be read: %v", path, err)
					}
				})
			}
		}
	}
}
