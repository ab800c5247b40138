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

// What the kernel's memory says is kept in the cache once it was read: from there, it is the same, and where it can't be kept or was
// damaged there, too.
func TestCachedWithoutFiles(t *testing.T) {
	run := func(cache string) string {
		t.Helper()
		out, errs, code := output(t, cache, "-q", "-c", filepath.Join(fixture, "vmcore"), "--no-symbols-by", "standard",
			"-e", `print(prog["init_task"].comm, prog.type("struct list_head"), prog.stack_trace(1))`)
		if code != 0 || errs != "" {
			t.Fatal(errs)
		}
		return out
	}
	dir := t.TempDir()
	want := run(dir)
	kept, err := filepath.Glob(filepath.Join(dir, "godrgn", "*.kernel"))
	if err != nil || len(kept) != 2 || !strings.Contains(want, "schedule+0x") {
		t.Fatalf("%q is kept of\n%s", kept, want)
	}
	if got := run(dir); got != want {
		t.Errorf("from the cache: %s", got)
	}
	for i, path := range kept {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, damaged := range map[string][]byte{"cut": whole[:len(whole)/3], "empty": nil, "another one": []byte(strings.Repeat("?", len(whole)))} {
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := run(dir); got != want {
				t.Errorf("file %d is %s: %s", i, name, got)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != string(whole) {
				t.Errorf("file %d was %s and is not replaced, %v", i, name, err)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, nowhere := range []string{file, "/proc/nothing"} {
		if got := run(nowhere); got != want {
			t.Errorf("with %s as cache directory: %s", nowhere, got)
		}
	}
}
