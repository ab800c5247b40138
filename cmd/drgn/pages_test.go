package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pages are documentation whose examples are run on the bundled core.
var pages = []string{"tutorial", "recipes", "crash-users", "gdb-users", "drgn-users"}

// documented returns the paths of all pages whose examples are run: those of the documentation, and the notes that help() shows.
func documented(t *testing.T) (paths []string) {
	for _, name := range pages {
		path, err := filepath.Abs(filepath.Join("..", "..", "docs", name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	lib, err := filepath.Abs(filepath.Join("..", "..", "python", "lib", "drgn"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(lib, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestPages runs what the pages of the documentation show: at the prompt (pycon) and in the shell (console), where drgn is this
// program and vmcore and vmlinux.zst are the bundled ones. -update writes what it prints now.
func TestPages(t *testing.T) {
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "drgn"), []byte(fmt.Sprintf("#!/bin/sh\nexec %q \"$@\"\n", self)), 0o700); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join("testdata", "pages.py"))
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	run := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = fixture
		cmd.Env = []string{asProgram + "=1", "NO_COLOR=1", "HOME=" + cache, "LANG=C.UTF-8", "PATH=" + bin + ":" + os.Getenv("PATH"), "TZ=UTC"}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		return out.String(), err
	}
	paths := documented(t)
	out, err := run(filepath.Join(bin, "drgn"), append([]string{"-q", "-c", "vmcore", "-s", "vmlinux.zst", script}, paths...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all := strings.Split(out, "\x00")
	for i, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".md"), func(t *testing.T) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			now := all[i]
			blocks := regexp.MustCompile("(?s)(?:^|\n)```console\n(.*?)\n```")
			now = blocks.ReplaceAllStringFunc(now, func(block string) string {
				lead, _, _ := strings.Cut(block, "```")
				var b strings.Builder
				b.WriteString(lead + "```console\n")
				for line := range strings.Lines(block) {
					if typed, ok := strings.CutPrefix(line, "$ "); ok {
						out, err := run("sh", "-c", typed)
						if err != nil {
							out += fmt.Sprintf("%v\n", err)
						}
						b.WriteString(line + out)
					}
				}
				return b.String() + "```"
			})
			if *update {
				if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if string(b) != now {
				t.Errorf("%s is not what is printed now (-page +now):\n%s", path, cmp.Diff(strings.Split(string(b), "\n"), strings.Split(now, "\n")))
			}
		})
	}
}
