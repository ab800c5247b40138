package debuginfo_test

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

const files = "../python/testdata/parity/files/"

// contained is a process in a container.
type contained struct {
	drgn.Personality
	root string
}

func (contained) MainBias(uint64) (uint64, error)            { return 0, nil }
func (contained) NotesID(uint64, uint64) ([]byte, bool)      { return nil, false }
func (contained) MappedFiles(*drgn.Module) []drgn.MappedFile { return nil }
func (contained) Image(*drgn.Module) ([]byte, error)         { return nil, nil }
func (contained) KernelRelease() (release string, ok bool)   { return "", false }
func (c contained) Root() (path, name string)                { return c.root, "/proc/7/root" }

// TestContainer: debug files are found where a process in a container has them, by build ID, by debug link and as a supplementary file.
func TestContainer(t *testing.T) {
	here, err := filepath.Abs(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what, loaded, file, at string
		procfs                 bool
		want                   string
	}{
		{"by build ID", "point.stripped", "point.debug", "/debug/.build-id/ID.debug", true, "/proc/7/root/debug/.build-id/ID.debug"},
		{"by link", "point.stripped", "point.debug", "/debug" + here + "/point.debug", true, "/proc/7/root/debug" + here + "/point.debug"},
		{"by link beside it", "point.stripped", "point.debug", here + "/.debug/point.debug", true, "/proc/7/root" + here + "/.debug/point.debug"},
		{"another file", "point.stripped", "libpoint.so", "/debug" + here + "/point.debug", true, ""},
		{"not asked for", "point.stripped", "point.debug", "/debug" + here + "/point.debug", false, ""},
		{"nothing", "point.stripped", "point.debug", "/debug/point.debug", true, ""},
	} {
		root := t.TempDir()
		p := drgn.New(arch.Platform{})
		p.SetCacheDir("-")
		if err := p.Setup(drgn.Setup{Personality: contained{root: root}}); err != nil {
			t.Fatal(err)
		}
		m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.TryFile(filepath.Join(here, tt.loaded)); err != nil {
			t.Fatal(err)
		}
		id := hex.EncodeToString(m.BuildID())
		path := func(s string) string { return strings.ReplaceAll(s, "ID", id[:2]+"/"+id[2:]) }
		data, err := os.ReadFile(files + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		at := root + path(tt.at)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, data, 0o600); err != nil {
			t.Fatal(err)
		}
		o := drgn.DebugInfoOptions{Directories: []string{"/debug"}, DebugLinkDirectories: []string{"$ORIGIN/.debug", ""}, NoProcfs: !tt.procfs, NoReuse: true}
		if err := p.FindStandardDebugInfo(context.Background(), []*drgn.Module{m}, o); err != nil {
			t.Fatal(err)
		}
		if got := m.DebugFile().Path; got != path(tt.want) {
			t.Errorf("%s: %q, want %q", tt.what, got, path(tt.want))
		}
		p.Close()
	}
}
