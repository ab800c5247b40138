package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExpectedWithoutFiles runs the scripts of TestExpected as if no debug file were there. What they print is in expected-bare, beside
// what they print with vmlinux; "diff -r expected expected-bare" in testdata/tiny-6.12 shows what BTF, kallsyms and ORC do not tell.
// A script ends where it asks for what is not there: the last line then is the error.
func TestExpectedWithoutFiles(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("testdata", "expected", "*.py"))
	if err != nil || len(scripts) < 9 {
		t.Fatal(scripts, err)
	}
	cache := t.TempDir()
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".py") + ".txt"
		t.Run(name, func(t *testing.T) {
			out, errs, code := output(t, cache, "-q", "-c", filepath.Join(fixture, "vmcore"), "--no-symbols-by", "standard", script)
			if (code == 0) != (errs == "") {
				t.Errorf("exit code %d\n%s", code, errs)
			}
			errs = strings.TrimSuffix(errs, "\n")
			if last := errs[strings.LastIndexByte(errs, '\n')+1:]; last != "" {
				out += last + "\n"
			}
			path := filepath.Join(fixture, "expected-bare", name)
			if *update {
				if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if out != string(want) {
				t.Errorf("differs (-want +got):\n%s", cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out, "\n")))
			}
		})
	}
}
