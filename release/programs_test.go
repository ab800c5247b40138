package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// made builds the made-up program for this machine, once, in place of those for all.
func made(t *testing.T) func(src source, m machine, path string) error {
	to := filepath.Join(t.TempDir(), "made-up")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", to, "./testdata/program")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return func(_ source, _ machine, path string) error { return os.WriteFile(path, b, 0o755) }
}

// members reads a compressed tar archive: name → content, directories with "".
func members(t *testing.T, b []byte, at time.Time) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Error("the compressed archive tells when it was made")
	}
	found := map[string]string{}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(at) {
			t.Errorf("%s: owner %d:%d, time %v", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		want := int64(0o644)
		if h.Typeflag == tar.TypeDir || strings.HasSuffix(h.Name, "/drgn") && strings.HasPrefix(string(content), "\x7fELF") || strings.HasSuffix(h.Name, "/drgn-crash") {
			want = 0o755
		}
		if h.Mode != want {
			t.Errorf("%s: mode %o", h.Name, h.Mode)
		}
		if dir := filepath.Dir(strings.TrimSuffix(h.Name, "/")) + "/"; dir != "./" {
			if _, ok := found[dir]; !ok {
				t.Errorf("%s comes before its directory", h.Name)
			}
		}
		found[h.Name] = string(content)
	}
}

// parts reads an archive of ar(1).
func parts(t *testing.T, b []byte) (names []string, contents [][]byte) {
	t.Helper()
	rest, ok := bytes.CutPrefix(b, []byte("!<arch>\n"))
	if !ok {
		t.Fatalf("no archive: %.20q", b)
	}
	for len(rest) > 0 {
		header := string(rest[:60])
		size, err := strconv.Atoi(strings.TrimSpace(header[48:58]))
		if err != nil || header[58:] != "`\n" {
			t.Fatalf("header %q: %v", header, err)
		}
		names, contents = append(names, strings.TrimSpace(header[:16])), append(contents, rest[60:60+size])
		rest = rest[60+size+size%2:]
	}
	return names, contents
}

// TestPrograms makes everything that is published of a made-up program, for all machines, and looks into it.
func TestPrograms(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_795_973_590, 0).UTC()
	src := source{root: root, version: "1.2.3~rc.1", time: at}
	build, out, again := made(t), t.TempDir(), t.TempDir()
	names, err := publish(src, machines, out, build)
	if err != nil {
		t.Fatal(err)
	}
	if err := sums(out); err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	want := []string{
		"drgn-1.2.3-rc.1-linux-amd64.cdx.json", "drgn-1.2.3-rc.1-linux-amd64.tar.gz", "drgn-1.2.3-rc.1-linux-arm64.cdx.json", "drgn-1.2.3-rc.1-linux-arm64.tar.gz",
		"godrgn-1.2.3-rc.1-1.aarch64.rpm", "godrgn-1.2.3-rc.1-1.x86_64.rpm", "godrgn_1.2.3-rc.1_amd64.deb", "godrgn_1.2.3-rc.1_arm64.deb",
	}
	if !slices.Equal(names, want) {
		t.Errorf("made: %q", names)
	}
	files := map[string][]byte{}
	var lines strings.Builder
	for _, name := range want {
		if files[name], err = os.ReadFile(filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	if b, err := os.ReadFile(filepath.Join(out, "SHA256SUMS")); err != nil || string(b) != lines.String() {
		t.Errorf("SHA256SUMS: %v\n%s", err, b)
	}
	if _, err := publish(src, machines, again, build); err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		if b, err := os.ReadFile(filepath.Join(again, name)); err != nil || !bytes.Equal(b, files[name]) {
			t.Errorf("%s is another one the second time: %v", name, err)
		}
	}

	inArchive := members(t, files["drgn-1.2.3-rc.1-linux-amd64.tar.gz"], at)
	for name, text := range map[string]string{
		"drgn": "\x7fELF", "drgn-crash": "#!/bin/sh\n", "drgn.1": "asked for [--manual]\n", "completions/drgn.bash": "asked for [--completion bash]\n", "completions/_drgn": "asked for [--completion zsh]\n",
		"completions/drgn.fish": "asked for [--completion fish]\n", "LICENSE": "", "NOTICE": "godrgn\n", "README.md": "# godrgn", "CHANGELOG.md": "# Changes", "licences/cpython.txt": "",
	} {
		if content, ok := inArchive["drgn-1.2.3-rc.1-linux-amd64/"+name]; !ok || !strings.HasPrefix(content, text) {
			t.Errorf("archive: %s: %.60q", name, content)
		}
	}

	for deb, machine := range map[string]string{"godrgn_1.2.3-rc.1_amd64.deb": "amd64", "godrgn_1.2.3-rc.1_arm64.deb": "arm64"} {
		names, contents := parts(t, files[deb])
		if !slices.Equal(names, []string{"debian-binary", "control.tar.gz", "data.tar.gz"}) || string(contents[0]) != "2.0\n" {
			t.Fatalf("%s: %q, %q", deb, names, contents[0])
		}
		control, data := members(t, contents[1], at), members(t, contents[2], at)
		for _, line := range []string{"Package: godrgn", "Version: 1.2.3~rc.1", "Architecture: " + machine, "Maintainer: ", "Conflicts: python3-drgn", "Description: programmable debugger"} {
			if !strings.Contains("\n"+control["./control"], "\n"+line) {
				t.Errorf("%s: no %q in\n%s", deb, line, control["./control"])
			}
		}
		for _, name := range []string{"usr/bin/drgn", "usr/bin/drgn-crash", "usr/share/man/man1/drgn.1.gz", "usr/share/bash-completion/completions/drgn", "usr/share/fish/vendor_completions.d/drgn.fish",
			"usr/share/zsh/vendor-completions/_drgn", "usr/share/doc/godrgn/copyright", "usr/share/doc/godrgn/licences/cpython.txt"} {
			if data["./"+name] == "" || !strings.Contains(control["./md5sums"], "  "+name+"\n") {
				t.Errorf("%s: no %s", deb, name)
			}
		}
	}

	for name, machine := range map[string]string{"godrgn-1.2.3-rc.1-1.aarch64.rpm": "aarch64", "godrgn-1.2.3-rc.1-1.x86_64.rpm": "x86_64"} {
		b := files[name]
		if !bytes.HasPrefix(b, []byte("\xed\xab\xee\xdb\x03\x00")) || !bytes.Contains(b, []byte("\x00"+machine+"\x00")) || !bytes.Contains(b, []byte("\x00_drgn\x00")) {
			t.Errorf("%s is no package of format 3 for %s: %.100q", name, machine, b)
		}
	}

	var b bill
	if err := json.Unmarshal(files["drgn-1.2.3-rc.1-linux-amd64.cdx.json"], &b); err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(inArchive["drgn-1.2.3-rc.1-linux-amd64/drgn"])))
	if b.Format != "CycloneDX" || b.Metadata.Component.Version != "1.2.3-rc.1" || b.Metadata.Component.Hashes[0].Content != sum || b.Metadata.Timestamp != at.Format(time.RFC3339) {
		t.Errorf("bill of materials: %+v", b)
	}
	for _, c := range b.Components {
		if c.Name == "cpython" && (c.Version == "" || !strings.HasSuffix(c.PURL, "@"+c.Version)) || c.Name == "std" && c.Version == "" {
			t.Errorf("%+v", c)
		}
	}
	if len(b.Components) != 2 {
		t.Errorf("the made-up program is made of %+v", b.Components)
	}
}

// Every module that drgn is built from has its licence in the bill of materials.
func TestTerms(t *testing.T) {
	out, err := command("..", "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./cmd/drgn")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, path := range strings.Fields(out) {
		used[path] = true
		if terms[path] == "" {
			t.Errorf("%s has no licence", path)
		}
	}
	for path := range terms {
		if !used[path] {
			t.Errorf("%s is not used any more", path)
		}
	}
}

func TestVersionAt(t *testing.T) {
	at := time.Date(2026, 11, 29, 16, 39, 50, 0, time.UTC)
	for _, test := range []struct {
		tags []string
		want string // or the error
	}{
		{nil, "0.1.0~20261129163950.5aad2bc4e43f"},
		{[]string{"v0.1.0"}, "0.1.0"},
		{[]string{"v0.1.0-rc.1"}, "0.1.0~rc.1"},
		{[]string{"v0.2.0"}, "the tag is v0.2.0, but cmd/drgn/version.go says 0.1.0"},
		{[]string{"v0.1"}, "the tag v0.1 is no version as Go's modules have them: v1.2.3 or v1.2.3-rc.1"},
		{[]string{"v0.1.0", "v0.1.0-rc.1"}, "the commit has several tags: v0.1.0, v0.1.0-rc.1"},
	} {
		got, err := versionAt("0.1.0", test.tags, "5aad2bc4e43f1234567890123456789012345678", at)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q: %q, want %q", test.tags, got, test.want)
		}
	}
}
