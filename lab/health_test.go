package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// someResults are of two kernels: on the newer one stacks fail in both dumps, for another reason in each, and on the older
// one the check of a running guest.
var someResults = []result{
	{series: "6.12", release: "6.12.9-cloud-amd64", dump: "vmcore.elf", check: "stacks", said: "4 stacks"},
	{series: "6.12", release: "6.12.9-cloud-amd64", dump: "vmcore.d31", check: "stacks", said: "4 stacks"},
	{series: "6.12", release: "6.12.9-cloud-amd64", dump: liveDump, check: "first"},
	{series: "6.12", release: "6.12.9-cloud-amd64", dump: liveDump, check: throughQEMU + "stacks", why: "a | b\n<c>"},
	{series: "newest", release: "7.2.1-cloud-amd64", dump: "vmcore.elf", check: "stacks", why: "pid 1"},
	{series: "newest", release: "7.2.1-cloud-amd64", dump: "vmcore.d31", check: "stacks", why: "page excluded"},
	{series: "newest", release: "7.2.1-cloud-amd64", dump: "vmcore.elf", check: "vmas"},
	{series: "newest", release: "7.2.1-cloud-amd64", dump: "panic-nmi", check: "panic-nmi"},
	{series: "newest", release: "7.2.1-cloud-amd64", dump: "vmcore.d31", check: "vmas", why: "page excluded"},
	{series: "newest", release: "7.2.1-cloud-amd64", dump: "panic-bug", check: "panic-bug"},
	{series: "newest", release: "7.2.1-cloud-amd64", dump: "panic-bug", check: "panic-bug-bare"},
	{series: "6.12", release: "6.12.9-cloud-amd64", dump: "form-split", check: "form-split"},
}

func TestPage(t *testing.T) {
	p := pageOf(someResults, []knownFailure{{"newest", "stacks", "ORC is new"}}, "2026-01-02", "godrgn 1; QEMU 2.3")
	text := p.String()
	for _, want := range []string{
		"godrgn 1; QEMU 2.3.\n",
		"| check | 6.12.9-cloud-amd64 | 7.2.1-cloud-amd64 |\n|---|---|---|\n| checked on | 2026-01-02 | 2026-01-02 |\n",
		"| stacks | ok (2) | **fails** (2) |\n",
		"| live, from within: first | ok (1) | – |\n",
		"| live, through QEMU: stacks | **fails** (1) | – |\n",
		"| vmas | – | **fails** (1 of 2) |\n",
		"| panic: nmi | – | ok (1) |\n",
		"| panic: bug | – | ok (1) |\n",
		"| panic: bug-bare | – | ok (1) |\n",
		"| form: split | ok (1) | – |\n",
		"| 6.12.9-cloud-amd64 | live, through QEMU: stacks | live | a \\| b &lt;c> |\n",
		"| 7.2.1-cloud-amd64 | stacks | vmcore.elf | ORC is new: pid 1 |\n",
		"| 7.2.1-cloud-amd64 | stacks | vmcore.d31 | ORC is new: page excluded |\n",
		"| 7.2.1-cloud-amd64 | vmas | vmcore.d31 | page excluded |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := pageOf(someResults[:3], nil, "", "").String(); !strings.HasSuffix(text, "## What fails\n\nNothing.\n") {
		t.Errorf("where nothing fails:\n%s", text)
	}
	for _, results := range [][]result{someResults, someResults[:3]} {
		want := pageOf(results, nil, "2026-01-02", "godrgn 1; QEMU 2.3").String()
		for _, text := range []string{want, strings.Replace(want, "looked at from within", "seen from within", 1)} {
			if p, err := parsePage(text); err != nil || p.String() != want {
				t.Errorf("read again, the page is %v\n%v", err, p)
			}
		}
	}
	for name, text := range map[string]string{
		"empty": "", "no table": pageStart + "x.\n\n" + failsHead + nothing,
		"a cell too many": strings.Replace(text, "| stacks |", "| stacks | ok (1) |", 1), "no dates": strings.Replace(text, checkedOn, "on", 1),
	} {
		if p, err := parsePage(text); err == nil {
			t.Errorf("%s: read as\n%v", name, p)
		}
	}
}

// A run of some kernels or checks changes only what it ran.
func TestPageUpdate(t *testing.T) {
	var all []series
	for _, name := range []string{"6.12", "newest"} {
		s, err := seriesNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	live := []result{{series: "6.12", release: "6.12.9-cloud-amd64", dump: liveDump, check: throughQEMU + "stacks"}}
	tasks := []result{{series: "6.12", release: "6.12.9-cloud-amd64", dump: "vmcore.elf", check: "tasks", why: "none"}}
	moved := []result{{series: "6.12", release: "6.12.10-cloud-amd64", dump: "vmcore.elf", check: "stacks"}}
	generic := []result{{series: "6.12-generic", release: "6.12.9-amd64", dump: "vmcore.elf", check: "stacks"}}
	none := []result{{series: "newest", check: "cores", why: "no mirror"}}
	for name, c := range map[string]struct {
		results    []result
		ran        []series
		whole      bool
		has, hasNo []string
	}{
		"one check, mended": {live, all[:1], false,
			[]string{"checked on | 2026-01-02 to 2026-02-01 | 2026-01-02 |", "| stacks | ok (2) | **fails** (2) |", "QEMU: stacks | ok (1) | – |", "godrgn 2.\n", "| vmcore.elf | pid 1 |"},
			[]string{"a \\| b"}},
		"a check that is new": {tasks, all[:1], false, []string{"| tasks | **fails** (1) | – |\n| stacks | ok (2) |", "| tasks | vmcore.elf | none |", "a \\| b"}, nil},
		"a kernel as a whole": {tasks, all[:1], true, []string{"checked on | 2026-02-01 | 2026-01-02 |", "| stacks | – | **fails** (2) |"}, []string{"QEMU: stacks", "a \\| b"}},
		"a newer release":     {moved, all[:1], false, []string{"| check | 6.12.10-cloud-amd64 | 7.2.1-cloud-amd64 |"}, []string{"6.12.9", "a \\| b"}},
		"another flavour":     {generic, carried[3:4], true, []string{"| check | 6.12.9-cloud-amd64 | 6.12.9-amd64 | 7.2.1-cloud-amd64 |", "a \\| b"}, nil},
		"none to be had":      {none, all[1:], true, []string{"| check | 6.12.9-cloud-amd64 | newest |", "| cores | – | **fails** (1) |"}, []string{"7.2.1"}},
	} {
		p := pageOf(someResults, nil, "2026-01-02", "godrgn 1")
		p.update(pageOf(c.results, nil, "2026-02-01", "godrgn 2"), c.ran, c.whole)
		text := p.String()
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		for _, gone := range c.hasNo {
			if strings.Contains(text, gone) {
				t.Errorf("%s: %q in\n%s", name, gone, text)
			}
		}
		if again, err := parsePage(text); err != nil || again.String() != text {
			t.Errorf("%s: read again, the page is %v\n%v", name, err, again)
		}
	}
	for only, want := range map[string]bool{"": true, "dumps": true, "bare": true, "live": true, "panic": true, "panic-nmi": true, "form-raw": true, "vmcore.elf": false} {
		if hasOwnRows(only) != want {
			t.Errorf("-only %s: %v", only, !want)
		}
	}
}

func TestJudge(t *testing.T) {
	stacks := knownFailure{"newest", "stacks", "ORC is new"}
	vmas := knownFailure{"newest", "vmas", "one dump only"}
	for _, test := range []struct {
		name    string
		results []result
		known   []knownFailure
		want    []string // the lines of the error
	}{
		{"all pass", someResults[:3], nil, nil},
		{"all failures are known; one of a kernel that did not run", someResults[4:], []knownFailure{stacks, vmas, {"6.1", "tasks", "…"}}, nil},
		{"one is not known", someResults[4:], []knownFailure{vmas}, []string{"newest vmcore.elf stacks: pid 1", "newest vmcore.d31 stacks: page excluded"}},
		{"known to fail, and passes", someResults[:8], []knownFailure{stacks, vmas, {"6.12", "q-stacks", "…"}},
			[]string{"newest vmas passes: take it out of the known failures in lab/known.go"}},
		{"nothing ran", nil, nil, []string{"no check passed"}},
	} {
		var got []string
		if _, err := judge(test.results, test.known); err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestJudgeCounts(t *testing.T) {
	if said, _ := judge(someResults, []knownFailure{{"newest", "stacks", "ORC is new"}}); said != "8 passed, 2 failed, 2 known to fail" {
		t.Error(said)
	}
}

func TestReason(t *testing.T) {
	err := errors.New("exit status 1")
	for _, test := range []struct{ name, stdout, stderr, want string }{
		{"the first difference", "found\nWRONG pid 1: no x in\n#0 y\nWRONG pid 2\n2 compared, 2 wrong\n", "", "pid 1: no x in"},
		{"an exception", "found\n", "Traceback:\n  File\nValueError: no\n\n", "ValueError: no"},
		{"neither", "found\n", "", "exit status 1"},
	} {
		if got := reason(test.stdout, test.stderr, err); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// A package's files: only those that are wanted are written, with links, and none outside the directory.
func TestExtract(t *testing.T) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	add := func(header tar.Header, text string) {
		header.Size, header.Mode = int64(len(text)), 0o644
		if err := errors.Join(w.WriteHeader(&header), write(w, text)); err != nil {
			t.Fatal(err)
		}
	}
	add(tar.Header{Name: "./a/", Typeflag: tar.TypeDir}, "")
	add(tar.Header{Name: "./a/vmlinux", Typeflag: tar.TypeReg}, "kernel")
	add(tar.Header{Name: "./a/large", Typeflag: tar.TypeReg}, "not wanted")
	add(tar.Header{Name: "./b/link", Typeflag: tar.TypeSymlink, Linkname: "../a/vmlinux"}, "")
	whole := bytes.Clone(archive.Bytes())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	wanted := func(name string) bool { return !strings.Contains(name, "large") }
	if err := extract(dir, &archive, wanted); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "b/link")); err != nil || string(text) != "kernel" {
		t.Errorf("through the link: %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a/large")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not wanted: %v", err)
	}
	if err := extract(t.TempDir(), bytes.NewReader(whole[:len(whole)-300]), wanted); err == nil {
		t.Error("no error of an archive that is cut")
	}
	archive.Reset()
	w = tar.NewWriter(&archive)
	add(tar.Header{Name: "../outside", Typeflag: tar.TypeReg}, "no")
	if err := extract(dir, &archive, wanted); err == nil {
		t.Error("no error of a name outside the directory")
	}
}

func write(w *tar.Writer, text string) error {
	_, err := w.Write([]byte(text))
	return err
}
