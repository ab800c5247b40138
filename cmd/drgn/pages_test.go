package main

import (
	"bytes"
	"fmt"
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
	for _, name := range pages {
		t.Run(name, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("..", "..", "docs", name+".md"))
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			now, err := run(filepath.Join(bin, "drgn"), "-q", "-c", "vmcore", "-s", "vmlinux.zst", script, path)
			if err != nil {
				t.Fatalf("%v\n%s", err, now)
			}
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
				t.Errorf("docs/%s.md is not what is printed now (-page +now):\n%s", name, cmp.Diff(strings.Split(string(b), "\n"), strings.Split(now, "\n")))
			}
		})
	}
}
