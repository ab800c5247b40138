package fromdwarf_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/types"
)

const programs = "../../../testdata/programs/"

// copyFile copies a program, or what belongs to one, and returns where to.
func copyFile(t *testing.T, from, to string) string {
	t.Helper()
	data, err := os.ReadFile(programs + from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// openSplit opens a program and says how many of its files are missing, the first of them, and whether a variable is known.
func openSplit(t *testing.T, path, beside, cache, variable string) (n int, first string, known bool) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := fromdwarf.Open(fromdwarf.Config{File: placed.At(f, 0, nil), Path: beside, Set: types.NewSet(), CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	n, first = info.(debugdata.Split).Missing()
	e, known, err := info.FindEntity(debugdata.Variable, variable, "", nil)
	if err != nil || known && e.Where != debugdata.InMemory {
		t.Fatalf("%s: %+v, %v", variable, e, err)
	}
	return n, first, known
}

// Files of split DWARF are found beside the program; what is cached of a program depends on which were there.
func TestSplit(t *testing.T) {
	for _, tt := range []struct{ program, suffix string }{{"c.gcc-split-O2-4", ".dwo"}, {"c.gcc-split-O0-5", ".dwo"}, {"c.gcc-split-dwp-O2-4", ".dwp"}, {"c.clang-split-dwp-O0-5", ".dwp"}} {
		t.Run(tt.program, func(t *testing.T) {
			dir, cache := t.TempDir(), t.TempDir()
			path := copyFile(t, tt.program, filepath.Join(dir, tt.program))
			for range 2 { // once from the cache
				if n, first, known := openSplit(t, path, "", cache, "small"); n != 1 || !strings.Contains(first, tt.program+".dwo: it was not found") || known {
					t.Errorf("without its file: %d missing, %q, known %t", n, first, known)
				}
			}
			split := copyFile(t, tt.program+tt.suffix, path+tt.suffix)
			for range 2 {
				if n, first, known := openSplit(t, path, "", cache, "small"); n != 0 || !known {
					t.Errorf("with its file: %d missing, %q, known %t", n, first, known)
				}
			}
			other := "c.gcc-split-O2-4"
			if strings.HasSuffix(tt.program, "O2-4") { // the unit of the same source and options has the same ID
				other = "c.gcc-split-O0-5"
			}
			copyFile(t, other+".dwo", split)
			if n, first, known := openSplit(t, path, "", cache, "small"); n != 1 || !strings.Contains(first, "of another build") || known {
				t.Errorf("with another program's: %d missing, %q, known %t", n, first, known)
			}
			if err := os.WriteFile(split, []byte("no ELF file"), 0o600); err != nil {
				t.Fatal(err)
			}
			if n, first, known := openSplit(t, path, "", cache, "small"); n != 1 || !strings.Contains(first, split) || known {
				t.Errorf("with no ELF file: %d missing, %q, known %t", n, first, known)
			}
			// A separate debug file lies elsewhere.
			elsewhere := filepath.Join(t.TempDir(), "program.debug")
			copyFile(t, tt.program, elsewhere)
			copyFile(t, tt.program+tt.suffix, split)
			if n, first, known := openSplit(t, elsewhere, path, cache, "small"); n != 0 || !known {
				t.Errorf("beside the program: %d missing, %q, known %t", n, first, known)
			}
		})
	}
}
