package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/crash"
)

// TestCommands runs the commands of testdata/commands.txt, one after the other, on the bundled core, and those of other files on cores of
// other machines, which hold little more than tasks, stacks, the log and caches. Each is a line after "$ "; "| head -N" behind it leaves out
// what comes after N lines. Of what it prints, paths are left out.
func TestCommands(t *testing.T) {
	for file, vmcore := range map[string]string{"commands.txt": core, "commands-arm64.txt": "../../testdata/debian-arm64/vmcore.xz",
		"commands-s390x.txt": "../../testdata/debian-s390x/vmcore.xz"} {
		t.Run(file, func(t *testing.T) { compareCommands(t, vmcore, filepath.Join("testdata", file)) })
	}
}

// compareCommands runs the commands of a file on a core, and compares what they print.
func compareCommands(t *testing.T, vmcore, path string) {
	p, err := attach.Core(vmcore)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	session := crash.Of(p)
	for _, part := range strings.Split("\n"+string(b), "\n$ ")[1:] {
		line, want, _ := strings.Cut(part, "\n")
		typed, head, _ := strings.Cut(line, " | head -")
		name, rest, _ := strings.Cut(typed, " ")
		command, ok := crash.Lookup(name)
		if !ok {
			t.Errorf("%s: no such command", name)
			continue
		}
		args := []string{rest}
		if !command.Raw || command.Quoted {
			if args, _, err = crash.Words(rest, command.Quoted); err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
		}
		var out bytes.Buffer
		if _, _, err := session.Run(context.Background(), name, args, &out, &out); err != nil {
			fmt.Fprintf(&out, "drgn: %v\n", err)
		}
		text := strings.ReplaceAll(out.String(), root, "../..")
		if n, err := strconv.Atoi(head); err == nil {
			lines := strings.SplitAfter(text, "\n")
			text = strings.Join(lines[:min(n, len(lines))], "")
		}
		text = withoutPaths(text)
		if strings.TrimRight(text, "\n") != strings.TrimRight(want, "\n") && !*update {
			t.Errorf("%s (-want +got):\n%s", line, cmp.Diff(strings.Split(want, "\n"), strings.Split(strings.TrimSuffix(text, "\n"), "\n")))
		}
		got.WriteString("$ " + line + "\n" + text)
	}
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// withoutPaths leaves the directory of the bundled core out of a text.
func withoutPaths(text string) string {
	dir, err := filepath.Abs(fixture)
	if err == nil {
		text = strings.ReplaceAll(text, dir, "tiny-6.12")
	}
	return strings.ReplaceAll(text, fixture, "tiny-6.12")
}

// TestCommandCode runs what the commands print for --drgn: the code must run, but where the command itself fails for want of
// what it names, and come by the addresses that the command prints.
func TestCommandCode(t *testing.T) {
	out, errs, code := output(t, t.TempDir(), "-q", "-c", filepath.Join(fixture, "vmcore"), filepath.Join("testdata", "commandcode.py"),
		filepath.Join("testdata", "commands.txt"), "LookupError", "FaultError", "AttributeError", "ObjectNotFoundError", "ZeroDivisionError")
	if code != 0 || out != "0 failed\n" {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

// TestCommandFramework compares what drgn.commands does with what the reference, 0.3.0, does: testdata/framework.txt is what
// it printed for framework.py, but for the text of --drgn's help, and messages of assertions.
func TestCommandFramework(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "framework.txt"))
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join("testdata", "framework.py"))
	if err != nil {
		t.Fatal(err)
	}
	vmcore, err := filepath.Abs(core)
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, t.TempDir(), "-q", "-c", vmcore, script)
	cmd.Dir = t.TempDir() // it writes files
	out, err := cmd.Output()
	if err != nil || string(out) != string(want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(out), "\n")))
	}
}

// TestCommandsFromShell runs commands as a shell does.
func TestCommandsFromShell(t *testing.T) {
	for _, test := range []struct {
		args           []string
		code           int
		stdout, stderr string // parts of what is written; "" is nothing
	}{
		{[]string{"ps", "-c", core, "-H", "1"}, 0, "  1  0", ""},
		{[]string{"-c", core, "ps", "-H", "-k", "1", "2"}, 0, "[kthreadd]", ""},
		{[]string{"-q", "-c", core, "bt", "-c", "0"}, 0, "PID: ", ""},
		{[]string{"bt", "-c", core, "-c", "0"}, 0, "PID: ", ""},
		{[]string{"eval", "-c", core, "1", "+", "2"}, 0, "decimal: 3", ""},
		{[]string{"help", "ps"}, 0, "NAME\n  ps - ", ""},
		{[]string{"help"}, 0, "Commands:\n", ""},
		{[]string{"ps", "--help"}, 0, "NAME\n  ps - ", ""},
		{[]string{"search", "-c", "/nonexistent", "--help"}, 0, "NAME\n  search - ", ""},
		{[]string{"help", "--help"}, 0, "NAME\n  help - ", ""},
		{[]string{"stacks", "-c", core, "--states", "I"}, 0, "12 threads: I\n  8 (kworker/0:0), ", ""},
		{[]string{"-c", core, "stacks", "--folded"}, 0, ";rescuer_thread;schedule;__schedule_loop;__schedule;context_switch 6\n", ""},
		{[]string{"stacks", core, "--json"}, 0, `"version": 1,`, ""},
		{[]string{"stacks", "--flame", "-c", core}, 0, "<title>all: 57 of 57 threads", ""},
		{[]string{"stacks", "-c", core, "--states", "D"}, 1, "", "drgn: stacks: there are no such threads\n"},
		{[]string{"stacks", "-c", "/nonexistent"}, 1, "", "drgn: open /nonexistent: no such file or directory\n"},
		{[]string{"stacks", "--json", "--flame"}, 2, "", "exclude each other"},
		{[]string{"report", "-c", core}, 0, "it did not crash: it runs, or ran when its memory was saved\n", ""},
		{[]string{"report", core, "--sections", "cpus", "--json", "--redact"}, 0, `"id": "cpus",`, ""},
		{[]string{"report", "-c", core, "-o", "/dev/null/x.json"}, 1, "", "drgn: report: open /dev/null/"},
		{[]string{"report", "-c", core, "--sections", "x"}, 1, "", "drgn: report: there is no section \"x\""},
		{[]string{"report", "-c", core, "--limit", "-5s"}, 1, "", "drgn: report: --limit -5s is less than nothing\n"},
		{[]string{"report", "-c", core, "--sources", "no/such"}, 1, "", "drgn: report: open no/such: no such file or directory\n"},
		{[]string{"web", "-c", core, "--sources", "no/such"}, 1, "", "drgn: web: open no/such: no such file or directory\n"},
		{[]string{"report", "--json", "--text"}, 2, "", "exclude each other"},
		{[]string{"stacks", "--help"}, 0, "usage: drgn [flags] stacks [flags]\n", ""},
		{[]string{"ps", "-c", core, "--bad"}, 2, "", "usage: drgn ps [-k | -u]"},
		{[]string{"ps", "-c", core, "-C", "0"}, 2, "", "-C can only be used with -l or -m"},
		{[]string{"set", "-c", core, "99999"}, 1, "", "drgn: set: no such process with PID 99999\n"},
		{[]string{"ps", "-c", "no/such"}, 1, "", "drgn: open no/such: no such file or directory"},
		{[]string{"sym", "-c", "nosuch", "jiffies"}, 1, "", "drgn: open nosuch: no such file or directory"},
		{[]string{"ps", "-c", "nosuch"}, 1, "", `there is no file "nosuch": -c was taken for an option of ps`},
		{[]string{"ps", "--bad"}, 2, "", "ps: error: unrecognized arguments: --bad"},
		{[]string{"bt", "-c", core, "999999"}, 1, "", "no such process with PID 999999\n"},
		{[]string{"ps", "1", "999999", "-c", core}, 0, "init", "no such process with PID 999999\n"},
		{[]string{"bt", "1", "-c", core}, 0, "COMMAND: \"init\"", ""},
		{[]string{"-c", core, "search", "-c", "/bin/sh"}, 0, "/bin/sh.", ""},
		{[]string{"bt", "-c", core, "--", "-c", "0"}, 0, "PID: ", ""},
		{[]string{"rd", "-c", core, "jiffies", "2"}, 0, "0000000000000000", ""},
	} {
		stdout, stderr, code := drgnProgram(t, "", test.args...)
		ok := func(got, want string) bool {
			return want == "" && got == "" || want != "" && strings.Contains(got, want)
		}
		if code != test.code || !ok(stdout, test.stdout) || !ok(stderr, test.stderr) {
			t.Errorf("drgn %s: exit code %d\n%s%s", strings.Join(test.args, " "), code, stdout, stderr)
		}
	}
}

// TestScriptOrCommand has files and directories that are called as commands are.
func TestScriptOrCommand(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"search", "tree"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"ps", "tree/__main__.py"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{"ps": true, "tree": true, "search": false, "bt": false} {
		if got := isScript(filepath.Join(dir, name)); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
