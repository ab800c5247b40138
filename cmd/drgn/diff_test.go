package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDiff compares reports and cores.
func TestDiff(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	made := filepath.Join(dir, "report.json")
	if out, errs, code := drgnProgram(t, "", "-c", core, "report", "--sections", "cpus", "-o", made); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	b, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	other := file("other.json", strings.Replace(string(b), `"title": "Linux`, `"title": "Another Linux`, 1))
	for _, test := range []struct {
		args []string
		code int
		out  string
		errs string
	}{
		{[]string{"diff", made, core, "--sections", "cpus"}, 0, "Linux 6.12.117-godrgn, compared\n\nThere is no difference.\n", ""},
		{[]string{"diff", core, made, "--sections", "cpus", "--redact"}, 0, "There is no difference.\n", ""},
		{[]string{"diff", made, other}, 0, "Linux 6.12.117-godrgn → Another Linux 6.12.117-godrgn\n", ""},
		{[]string{"diff", "--json", made, other}, 0, `"compared": true`, ""},
		{[]string{"diff", made}, 2, "", "usage: drgn [flags] diff [flags] BEFORE AFTER"},
		{[]string{"-c", core, "diff", made, other}, 2, "", "drgn: diff: -c, --core does not go with diff, which opens BEFORE and AFTER\nusage: drgn [flags] diff"},
		{[]string{"diff", made, other, "--sections", "cpus,cpus"}, 0, "Another Linux", ""},
		{[]string{"diff", made, other, "-o", "x.pdf"}, 1, "", "drgn: diff: x.pdf: what form .pdf is, is not known"},
		{[]string{"diff", made, filepath.Join(dir, "none")}, 1, "", "none: no such file or directory"},
		{[]string{"diff", made, file("text", "hello")}, 1, "", "text: this is no report: invalid character"},
		{[]string{"diff", made, other, "--sections", "weather"}, 1, "", `the report has no section "weather"`},
		{[]string{"diff", core, made, "--sections", "weather"}, 1, "", `there is no section "weather"`},
	} {
		out, errs, code := drgnProgram(t, "", append([]string{"-q"}, test.args...)...)
		if code != test.code || !strings.Contains(out, test.out) || !strings.Contains(errs, test.errs) {
			t.Errorf("drgn %v: exit code %d, want %d\n%s%s", test.args, code, test.code, out, errs)
		}
	}
}

// TestReadFilesStay asks to write reports over the files that are read: these are refused and stay as they are.
func TestReadFilesStay(t *testing.T) {
	dir := t.TempDir()
	dump, link, made := filepath.Join(dir, "vmcore"), filepath.Join(dir, "report.html"), filepath.Join(dir, "report.json")
	for _, name := range []string{dump, made} {
		if err := os.WriteFile(name, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dump, link); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-c", dump, "report", "-o", dump},
		{"-c", dump, "report", "-o", link},
		{"-c", dump + "@0x80000000", "report", "-o", link},
		{"diff", made, dump, "-o", dump},
		{"diff", made, dump, "-o", made},
	} {
		out, errs, code := drgnProgram(t, "", args...)
		if code != 1 || out != "" || !strings.HasSuffix(errs, " is what is looked at: write to another file\n") {
			t.Errorf("drgn %v: exit code %d\n%s%s", args, code, out, errs)
		}
	}
	for _, name := range []string{dump, made} {
		if b, err := os.ReadFile(name); err != nil || string(b) != "{}" {
			t.Errorf("%s has %q: %v", name, b, err)
		}
	}
}

// TestReportForm has the form of a report told by the name of its file.
func TestReportForm(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{"a.html": "<!DOCTYPE html>", "a.htm": "<!DOCTYPE html>", "a.HTML": "<!DOCTYPE html>", "a.JSON": "{\n", "a.txt": "Linux", "a.Md": "Linux", "a": "Linux"} {
		path := filepath.Join(dir, name)
		if out, errs, code := drgnProgram(t, "", "-q", "-c", core, "report", "--sections", "kernel", "-o", path); code != 0 {
			t.Errorf("%s: exit code %d\n%s%s", name, code, out, errs)
		}
		if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), want) {
			t.Errorf("%s has %.30q: %v", name, b, err)
		}
	}
	path := filepath.Join(dir, "a.pdf")
	const unknown = "a.pdf: what form .pdf is, is not known: use one of .html, .htm, .json, .txt, .text, .md, .log, or --text, --html or --json\n"
	if out, errs, code := drgnProgram(t, "", "-q", "-c", core, "report", "-o", path); code != 1 || !strings.HasSuffix(errs, unknown) {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if out, errs, code := drgnProgram(t, "", "-q", "-c", core, "report", "--sections", "kernel", "--text", "-o", path); code != 0 {
		t.Errorf("with --text: exit code %d\n%s%s", code, out, errs)
	}
}
