package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn/internal/coretest"
)

const fixture = "../../testdata/tiny-6.12"

// command returns the program's command line in an environment of its own, whose indexes are kept in a directory.
func command(t *testing.T, cache string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = []string{asProgram + "=1", "NO_COLOR=1", "HOME=" + cache, "XDG_CACHE_HOME=" + cache, "XDG_STATE_HOME=" + cache, "LANG=C.UTF-8"}
	return cmd
}

// output runs the program and returns what it writes and its exit code.
func output(t *testing.T, cache string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := command(t, cache, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestExpected runs a script for each file of what the reference says of the bundled core. What it prints must be the
// file, but for what testdata/tiny-6.12/differences.md lists.
func TestExpected(t *testing.T) {
	changes := coretest.Differences(t)
	files, err := os.ReadDir(filepath.Join(fixture, "expected"))
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(fixture, "expected", f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			want := string(b)
			for _, c := range changes[f.Name()] {
				if n := strings.Count("\n"+want, "\n"+c.Reference); n != 1 {
					t.Errorf("differences.md: the file has these lines %d times:\n%s", n, c.Reference)
				}
				want = strings.Replace("\n"+want, "\n"+c.Reference, "\n"+c.Ours, 1)[1:]
			}
			delete(changes, f.Name())
			script := filepath.Join("testdata", "expected", strings.TrimSuffix(f.Name(), ".txt")+".py")
			out, errs, code := output(t, cache, "-q", "-c", filepath.Join(fixture, "vmcore"), script)
			if code != 0 || errs != "" {
				t.Errorf("exit code %d\n%s", code, errs)
			}
			if out != want {
				t.Errorf("differs (-reference +godrgn):\n%s", cmp.Diff(strings.Split(want, "\n"), strings.Split(out, "\n")))
			}
		})
	}
	for name := range changes {
		t.Errorf("differences.md lists %s, which is no file of expected", name)
	}
}

// TestCommonHelpers runs a script whose assertions must hold.
func TestCommonHelpers(t *testing.T) {
	out, errs, code := output(t, t.TempDir(), "-q", "-c", filepath.Join(fixture, "vmcore"), filepath.Join("testdata", "common.py"))
	if code != 0 || out != "" || errs != "" {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

// TestTables compares what print_* helpers print with what they printed while they were written in Python.
func TestTables(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "tables.txt"))
	if err != nil {
		t.Fatal(err)
	}
	out, errs, code := output(t, t.TempDir(), "-q", "-c", filepath.Join(fixture, "vmcore"), filepath.Join("testdata", "tables.py"))
	if code != 0 || errs != "" {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if out != string(want) {
		t.Errorf("differs (-want +got):\n%s", cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out, "\n")))
	}
}
