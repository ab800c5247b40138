package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write writes a file of a test and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPromptCommands types the prompt's own commands, and those of crash at the prompt that %crash leads to. PYTHONSTARTUP is run before the
// first line; sys.argv is the command line, for plugins, too.
func TestPromptCommands(t *testing.T) {
	startup := write(t, "startup.py", "import sys\nstarted = len(sys.argv), prog['init_task'].pid.value_()\n")
	plugin := write(t, "plugin.py", "import sys\ndef drgn_prog_set(prog): prog.cache['argv'] = list(sys.argv)\n")
	source := write(t, "source.py", "sourced = find_task(prog, 1).comm.string_()\nprint('argv', __name__)\n")
	term := openTerminalIn(t, t.TempDir(), []string{"PYTHONSTARTUP=" + startup, "DRGN_PLUGINS=mine=" + plugin}, "-q", "-c", filepath.Join(fixture, "vmcore"))
	term.until(reading)
	for _, step := range []struct{ typed, want string }{
		{"started", "(4, 0)\n"},
		{"import sys; prog.cache['argv'] == sys.argv, sys.argv[1:3]", "(True, ['-q', '-c'])\n"},
		{"%sh echo one; exit 3", "one\n"},
		{"%sh echo $((6 * 7)) | cat", "42\n"},
		{"%py x = 3; x + 4", "7\n"},
		{"x", "3\n"},
		{"%source " + source, "argv __main__\n"},
		{"sourced", "b'init'\n"},
		{"%py print(x) | tr 3 4", "4\n"},
	} {
		if got := term.run(step.typed); !strings.HasSuffix(got, step.want) {
			t.Errorf("%s: %q, not %q", step.typed, got, step.want)
		}
	}

	const prompt = "%crash> "
	term.send("%crash\r")
	if got := plainText(term.until(prompt)); !strings.Contains(got, "KERNEL: ") || !strings.Contains(got, "COMMAND: ") {
		t.Errorf("%%crash shows\n%s", got)
	}
	for _, step := range []struct{ typed, want string }{
		{"ps -H 1", "ffff98d700188000"},
		{"set 1", `COMMAND: "init"`},
		{"set -x", "unrecognized arguments: -x"},
		{"nosuch", "nosuch: command not found"},
		{"sym init_task | tr a-z A-Z", "INIT_TASK"},
		{"drgn x * 100", "300"},
		{"eval 6 * 7", "decimal: 42"},
	} {
		term.send(step.typed + "\r")
		if got := plainText(term.until(prompt)); !strings.Contains(got, step.want) {
			t.Errorf("%s: no %q in %q", step.typed, step.want, got)
		}
	}
	term.send("exit\r")
	term.until(reading)
	if got := term.run("x + 2"); got != "5\n" {
		t.Errorf("back at the prompt: %q", got)
	}
	term.send("\x04")
	if code := term.leave(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// Scripts read the lines of crash's prompt from standard input.
func TestCrashPromptInScript(t *testing.T) {
	t.Setenv("DRGN_PLUGINS", "mine="+write(t, "plugin.py", "import sys\ndef drgn_prog_set(prog): print('plugin', sys.argv[1:])\n"))
	script := write(t, "script.py", "import sys\nfrom drgn.commands import run_command\nprint('script', sys.argv[1:])\nrun_command(prog, 'crash')\nprint('after')\n")
	out, errs, code := drgnProgram(t, "ps -H 1\n\nnosuch\nset 41\ndrgn 1 / 0\nq\nps 2\n", "-q", "-c", core, script, "one", "-two")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	rest := out
	for _, want := range []string{"plugin ['-q', '-c', '" + core + "', '" + script + "', 'one', '-two']\nscript ['one', '-two']\n", "KERNEL: ", "ffff98d700188000", `COMMAND: "crowd"`, "after\n"} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("no %q in\n%s", want, rest)
		}
		rest = after
	}
	if rest != "" || !strings.Contains(errs, "nosuch: command not found") || !strings.Contains(errs, "ZeroDivisionError") {
		t.Errorf("at the end %q, errors\n%s", rest, errs)
	}
}

// TestCrash types at the prompt of drgn crash, from which "drgn" leads to Python's and %crash back, and names files as users of crash do.
func TestCrash(t *testing.T) {
	state := t.TempDir()
	term := openTerminalIn(t, t.TempDir(), []string{"XDG_STATE_HOME=" + state}, "-q", "crash", core)
	if got := plainText(term.until(reading)); !strings.Contains(got, "KERNEL: ") {
		t.Errorf("drgn crash shows\n%s", got)
	}
	term.send("ev\x03") // leaves the line, not the prompt
	term.until("^C")
	term.until(reading)
	for _, step := range []struct{ typed, want string }{
		{"eval 6 * 7", "decimal: 42"},
		{"sys --dr\t", "num_online_cpus()"}, // options are completed
		{"struct list_he\t", "prev;"},
		{"drgn", "from drgn.helpers.linux import *"},
		{"prog['init_task'].pid", "(pid_t)0"},
		{"%crash", ""},
		{"sym init_task | tr a-z A-Z", "INIT_TASK"},
	} {
		if got := term.run(step.typed); !strings.Contains(got, step.want) {
			t.Errorf("%s: no %q in %q", step.typed, step.want, got)
		}
	}
	term.send("q\r")
	if code := term.leave(); code != 0 {
		t.Errorf("q: exit code %d", code)
	}
	history, err := os.ReadFile(filepath.Join(state, "godrgn", "crash_history"))
	if want := "eval 6 * 7\nsys --drgn\nstruct list_head\ndrgn\nsym init_task | tr a-z A-Z\nq\n"; err != nil || string(history) != want {
		t.Errorf("the history is %q, not %q: %v", history, want, err)
	}

	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{core}, 0, "KERNEL: "},
		{[]string{"nofile", core}, 2, "drgn: error: cannot open the kernel: stat nofile: no such file or directory"},
		{[]string{t.TempDir(), core}, 2, " is no kernel"},
		{[]string{"ps"}, 1, "ps"},
		{[]string{"a", "b", "c"}, 2, "drgn: error: unrecognized arguments: b c"},
		{[]string{core, "b"}, 2, "drgn: error: unrecognized arguments: b"},
		{[]string{"/nonexistent"}, 1, "/nonexistent"},
		{[]string{"-p", "0"}, 1, "drgn: crash's commands are for kernels"},
	} {
		out, errs, code := drgnProgram(t, "q\n", append([]string{"-q", "crash"}, c.args...)...)
		if code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("drgn crash %q: exit code %d, %q", c.args, code, out+errs)
		}
	}
}
