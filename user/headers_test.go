package user_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/user"
)

// TestNoHeaders has cores that lack what lies in memory of the files that were mapped (coredump_filter): their headers, or all. The files
// on disk say what they are, if they are those that were mapped.
func TestNoHeaders(t *testing.T) {
	directory, err := filepath.Abs(data)
	if err != nil {
		t.Fatal(err)
	}
	const stack = `#0  callback (/src/dynamic.c:11:9)
#1  library_call (/src/library.c:12:9)
#2  main (/src/dynamic.c:17:9)
#3  _start+0xb/0xc`
	modules := "main " + directory + "/dynamic 0x55fa86687000-0x55fa86689fff\nvdso linux-vdso.so.1 0x7fb068c9b000-0x7fb068c9cfff\nshared library " +
		directory + "/libsmall.so 0x7fb068c90000-0x7fb068c92fff\n"
	for _, test := range []struct {
		name        string
		all         bool   // that was mapped is lacking
		old, new    string // in the paths of files
		want, warns string
	}{
		{"headers", false, "", "", strings.ReplaceAll(modules, directory+"/libsmall", "/src/libsmall") + stack, "the core lacks the build IDs of " + directory + "/dynamic"},
		{"files", true, "", "", modules + stack, "can't find shared libraries: couldn't read main dynamic section"},
		// Another file has the name now.
		{"other", false, "/libsmall.so", "/variants", strings.ReplaceAll(modules, directory+"/libsmall.so 0x7fb068c90000-0x7fb068c92fff", "/src/libsmall.so"), ""},
		{"others", true, "/libsmall.so", "/variants", modules[:strings.Index(modules, "shared")], "can't find shared libraries"},
	} {
		t.Run(test.name, func(t *testing.T) {
			core, err := target.Open(filepath.Join(data, "dynamic.core.gz"))
			if err != nil {
				t.Fatal(err)
			}
			for i := range core.Notes {
				n := &core.Notes[i]
				if n.Name != "CORE" || n.Type != target.NT_FILE {
					continue
				}
				mappings, err := target.ParseFiles(n.Desc, core.Is64, core.Big)
				if err != nil {
					t.Fatal(err)
				}
				core.Virtual = slices.DeleteFunc(slices.Clone(core.Virtual), func(s mem.Segment) bool {
					i := slices.IndexFunc(mappings, func(m target.Mapping) bool { return m.Start == s.Min })
					return i >= 0 && (test.all || i == 0 || mappings[i-1].Path != mappings[i].Path)
				})
				n.Desc = bytes.ReplaceAll(n.Desc, []byte("/src/"), []byte(directory+"/"))
				if test.old != "" {
					n.Desc = bytes.ReplaceAll(n.Desc, []byte(test.old), []byte(test.new))
				}
			}
			p := drgn.New(arch.Platform{})
			p.SetCacheDir("-")
			var log bytes.Buffer
			p.SetLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			if err := user.SetupCore(p, core, core.Path, core.Platform); err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for m, err := range p.LoadedModules() {
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(m.Name(), "/ld-linux") {
					continue // of the machine that the test runs on
				}
				fmt.Fprintf(&got, "%s %s", m.Kind(), m.Name())
				if r, ok := m.Ranges(); ok {
					fmt.Fprintf(&got, " %#x-%#x", r[0].Min, r[0].Max)
				}
				got.WriteString("\n")
				if test.new != "" && m.Kind() == drgn.SharedLibraryModule {
					if u, err := user.Of(p); err != nil || len(u.MappedFiles(m.Module)) != 0 {
						t.Errorf("%s: another file is taken for it: %v, %v", m.Name(), u.MappedFiles(m.Module), err)
					}
				}
				if id := m.BuildID(); id != nil && m.Kind() != drgn.VdsoModule {
					t.Errorf("%s: build ID %x, which is nowhere in the core", m.Name(), id)
				}
				if err := m.TryFile(filepath.Join(data, filepath.Base(m.Name()))); err != nil {
					t.Fatal(err)
				}
			}
			if strings.Contains(test.want, "#0") {
				thread, err := p.MainThread()
				if err != nil {
					t.Fatal(err)
				}
				trace, err := thread.StackTrace()
				if err != nil {
					t.Fatal(err)
				}
				got.WriteString(trace.String())
			}
			if got.String() != test.want {
				t.Errorf("%s\nwant\n%s\n%s", &got, test.want, &log)
			}
			if !strings.Contains(log.String(), test.warns) {
				t.Errorf("log: %s\nwant %s", &log, test.warns)
			}
		})
	}
}
