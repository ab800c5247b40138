package drgn_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// moduleFiles are small programs and their debug files: see the Makefile there.
const moduleFiles = "python/testdata/parity/files/"

func newProgram() (*drgn.Program, *bytes.Buffer) {
	p, log := drgn.New(arch.Platform{}), &bytes.Buffer{}
	p.SetCacheDir("-")
	p.SetLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return p, log
}

func try(t *testing.T, m *drgn.Module, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := m.TryFile(moduleFiles + name); err != nil {
			t.Fatal(name, err)
		}
	}
}

func statuses(m *drgn.Module) string {
	return m.LoadedFile().Status.String() + ", " + m.DebugFile().Status.String()
}

func TestTryFile(t *testing.T) {
	for _, test := range []struct {
		files, want string
	}{
		{"point", "found, found"}, {"point.debug", "wanted, found"}, {"point.stripped", "found, wanted"}, {"point.stripped point.debug", "found, found"},
		{"point.debug point.stripped", "found, found"}, {"point.stripped libpoint.so", "found, wanted"}, {"point.c nosuch .", "wanted, wanted"},
		{"one", "found, supplementary file wanted"}, {"one point", "found, supplementary file wanted"}, {"one shared.sup", "found, found"},
	} {
		p, log := newProgram()
		m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		try(t, m, strings.Fields(test.files)...)
		if got := statuses(m); got != test.want {
			t.Errorf("%s: %s, want %s\n%s", test.files, got, test.want, log)
		}
		if m.HasDebugInfo() {
			name := "struct point"
			if strings.HasPrefix(test.files, "one") {
				name = "struct only1"
			}
			if _, err := p.Type(name); err != nil {
				t.Errorf("%s: %v", test.files, err)
			}
		}
	}
}

func TestFileStatus(t *testing.T) {
	p, _ := newProgram()
	m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.WantedSupplementaryFile()
	wantErr[*drgn.ValueError](t, err, "module does not want supplementary debug file")
	wantErr[*drgn.FileStatusError](t, m.SetDebugFileStatus(drgn.HaveFile), "cannot change the status of the debug file from 'wanted' to 'found'")
	try(t, m, "one")
	w, err := m.WantedSupplementaryFile()
	if err != nil || w.Name != "shared.sup" || filepath.Base(w.Path) != "one" || len(w.Checksum) != 20 {
		t.Error(w, err)
	}
	if err := errors.Join(m.SetDebugFileStatus(drgn.WantFile), m.SetLoadedFileStatus(drgn.HaveFile)); err != nil || statuses(m) != "found, wanted" {
		t.Error(statuses(m), err)
	}
	wantErr[*drgn.FileStatusError](t, m.SetLoadedFileStatus(drgn.DontWantFile), "cannot change the status of the loaded file from 'found' to 'not wanted'")
	wantErr[*drgn.ValueError](t, m.SetSectionAddress(".text", 1), "section addresses can only be set for relocatable modules")
	wantErr[*drgn.ValueError](t, m.SetRanges([]mem.Range{{Min: 5, Max: 9}, {Min: 1, Max: 5}}), "x [0x1, 0x6) overlaps [0x5, 0xa)")
	if s := drgn.FileStatus(9).String(); s != "FileStatus(9)" {
		t.Error(s)
	}
}

func TestFinders(t *testing.T) {
	p, _ := newProgram()
	m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: moduleFiles + "point.stripped"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var asked []string
	find := func(_ context.Context, _ *drgn.Program, modules []*drgn.Module) error {
		for _, m := range modules {
			asked = append(asked, filepath.Base(m.Name()))
		}
		return nil
	}
	if err := p.RegisterDebugInfoFinder("first", find, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	if err := p.LoadModuleDebugInfo(ctx, m); err != nil || statuses(m) != "found, found" || filepath.Base(m.DebugFile().Path) != "point.debug" || !slices.Equal(asked, []string{"point.stripped"}) {
		t.Error(statuses(m), m.DebugFile(), asked, err)
	}
	other, _ := newProgram()
	wantErr[*drgn.ValueError](t, other.LoadModuleDebugInfo(ctx, m), "module from wrong program")
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	n, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.LoadModuleDebugInfo(canceled, n); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A file that is replaced while it is in use goes on to be what it was.
func TestReplacedFile(t *testing.T) {
	data, err := os.ReadFile(moduleFiles + "point")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "point")
	if err := os.WriteFile(path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	p, _ := newProgram()
	m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.TryFile(path); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("other"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Type("struct point"); err != nil {
		t.Error(err)
	}
}

// Many goroutines give a module its files while others look at it.
func TestTryFileConcurrently(t *testing.T) {
	p, _ := newProgram()
	p.SetLogger(nil)
	m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.SharedLibraryModule, Name: "x", ID: 0x10003e20})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		for _, f := range []string{"point.stripped", "point.debug", "point"} {
			wg.Go(func() {
				if err := m.TryFile(moduleFiles + f); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			_, _, _ = m.LoadedFile(), m.BuildID(), m.WantsDebugFile()
			_, _ = p.Type("struct point")
			_, _ = p.ModuleAt(0x10000100)
		})
	}
	wg.Wait()
	if statuses(m) != "found, found" {
		t.Error(statuses(m))
	}
	if _, err := p.Type("struct point"); err != nil {
		t.Error(err)
	}
}

func TestMissingDebugInfoError(t *testing.T) {
	p, _ := newProgram()
	e := &drgn.MissingDebugInfoError{}
	for _, name := range strings.Fields("a b c d e f g") {
		m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		e.Modules = append(e.Modules, m)
	}
	wantErr[*drgn.MissingDebugInfoError](t, e, "missing debugging symbols for 7 modules: a, b, c, d, e, f, g")
	if lines := e.Lines(); len(lines) != 6 || lines[0] != "missing debugging symbols for a" || lines[5] != "... missing 2 more" {
		t.Errorf("%q", lines)
	}
}
