package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExplainSymbols holds what --explain-symbols prints of the bundled core against testdata/explain.txt, which has a part for each
// command line.
func TestExplainSymbols(t *testing.T) {
	path := filepath.Join("testdata", "explain.txt")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	abs, err := filepath.Abs(fixture)
	if err != nil {
		t.Fatal(err)
	}
	cache, self := t.TempDir(), filepath.Join(abs, "vmcore")
	alone := filepath.Join(t.TempDir(), "vmcore")
	dump, err := os.ReadFile(self) // files beside what a link leads to are beside the dump
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alone, dump, 0o600); err != nil {
		t.Fatal(err)
	}
	places := strings.NewReplacer(alone, "ALONE/vmcore", filepath.Dir(alone), "ALONE", abs, "TINY")
	commands := strings.NewReplacer("ALONE", filepath.Dir(alone), "TINY", abs)
	var got strings.Builder
	for _, part := range strings.Split("\n"+string(b), "\n$ drgn ")[1:] {
		line, _, _ := strings.Cut(part, "\n")
		out, errs, code := output(t, cache, strings.Fields(commands.Replace(line))...)
		got.WriteString("$ drgn " + line + "\n" + places.Replace(out+errs))
		if want := 0; code != want {
			t.Errorf("%s: exit code %d", line, code)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got.String() != string(b) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(strings.Split(string(b), "\n"), strings.Split(got.String(), "\n")))
	}
}

// A script gets the same text of a program that is open.
func TestExplainSymbolsInPython(t *testing.T) {
	cache, core := t.TempDir(), filepath.Join(fixture, "vmcore")
	for _, flags := range [][]string{nil, {"--no-symbols-by", "standard"}} {
		args := append([]string{"-q", "-c", core}, flags...)
		want, _, code := output(t, cache, append(args, "--explain-symbols")...)
		if code != 0 || !strings.Contains(want, "kernel, build ID") {
			t.Fatal(want)
		}
		for _, call := range []string{"explain_symbols(prog)", "explain_symbols()"} {
			got, errs, code := output(t, cache, append(args, "-e", "from drgn.cli import explain_symbols\nfrom drgn import set_default_prog\nset_default_prog(prog)\nprint(end="+call+")")...)
			if code != 0 || got != want {
				t.Errorf("%v, %s: %s (-want +got):\n%s", flags, call, errs, cmp.Diff(want, got))
			}
		}
	}
	out, errs, code := output(t, cache, "-q", "-c", core, "-e", "import drgn.cli; drgn.cli.explain_symbols(1)")
	if code == 0 || !strings.Contains(errs, "TypeError") {
		t.Errorf("%s%s", out, errs)
	}
}
