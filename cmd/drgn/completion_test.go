package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestComplete asks for what may stand at the cursor, the last word.
func TestComplete(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{"--comp", []string{"--completion"}},
		{"--log-level i", []string{"info"}},
		{"--log-level=i", nil},
		{"--completion ", []string{"bash", "fish", "zsh"}},
		{"-c ", nil},
		{"-c vmcore km", []string{"kmem"}},
		{"help bt", []string{"bt", "btop"}},
		{"sys --dr", []string{"--drgn"}},
		{"search --c", []string{"--completion", "--core"}},
		{"script.py --c", nil},
		{"-k swa", []string{"swap"}},
	} {
		out, errs, code := drgnProgram(t, "", append([]string{"--complete"}, strings.Split(test.line, " ")...)...)
		if got := strings.Fields(out); code != 0 || errs != "" || !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q (exit code %d, %s)", test.line, got, test.want, code, errs)
		}
	}
}

// TestShells has shells complete a command line by what --completion prints for them.
func TestShells(t *testing.T) {
	dir := t.TempDir()
	drgn := filepath.Join(dir, "drgn")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(drgn, []byte(fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", asProgram, self)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kmemdump"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for shell, test := range map[string]struct{ code, want string }{
		"bash": {`source <(drgn --completion bash); COMP_WORDS=(drgn -c vmcore kme) COMP_CWORD=3; _drgn; echo "${COMPREPLY[@]}"; COMP_WORDS=(drgn --symb) COMP_CWORD=1; _drgn; echo "${COMPREPLY[@]}"`, "kmem kmemdump\n--symbols\n"},
		"fish": {`drgn --completion fish | source; complete -C "drgn -c vmcore kme" | cut -f1; complete -C "drgn --symb"`, "kmem\nkmemdump\n--symbols\n"},
		"zsh":  {`autoload -U compinit; compinit -u -D; source <(drgn --completion zsh); echo $_comps[drgn]`, "_drgn\n"},
	} {
		path, err := exec.LookPath(shell)
		if err != nil && shell == "bash" {
			t.Fatal(err)
		}
		if err != nil {
			if os.Getenv("GODRGN_TEST_SHELLS") != "" {
				t.Errorf("%s is not here", shell)
			}
			continue
		}
		cmd := exec.CommandContext(t.Context(), path, "-c", test.code)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir}
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != test.want {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}

// TestManual compares the manual page with docs/drgn.1, which the program prints.
func TestManual(t *testing.T) {
	page, errs, code := drgnProgram(t, "", "--manual")
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d\n%s", code, errs)
	}
	path := filepath.Join("..", "..", "docs", "drgn.1")
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != page {
		t.Errorf("%v; docs/drgn.1 is not what drgn --manual prints: go test ./cmd/drgn -run TestManual -update", err)
	}
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "'") || strings.Contains(line, "%!") {
			t.Errorf("a line that is no text: %s", line)
		}
	}
}

// TestFullDisk writes where nothing can be written.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err) // Linux has it wherever it has /dev
	}
	defer full.Close()
	for _, args := range [][]string{{"--help"}, {"--version"}, {"help", "ps"}, {"ps", "-c", core}} {
		cmd := command(t, t.TempDir(), args...)
		var errs strings.Builder
		cmd.Stdout, cmd.Stderr = full, &errs
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(errs.String(), "no space left on device") {
			t.Errorf("%v: %v\n%s", args, err, &errs)
		}
	}
}
