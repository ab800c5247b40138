package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryday uses what makes the prompt comfortable: the user's own start, names completed in strings, help by "?", what was
// typed before, what may have been meant.
func TestEveryday(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, ".config", "godrgn")
	if err := os.MkdirAll(config, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(config, "rc.py"), []byte("mine = prog['init_task'].pid + 41\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	term := openTerminal(t, dir, "-q", "-c", filepath.Join(fixture, "vmcore"), "-s", filepath.Join(fixture, "vmlinux.zst"))
	term.until(reading)
	saved := filepath.Join(dir, "saved.py")
	for _, test := range []struct{ typed, want string }{
		{"mine", "(int)41\n"},
		{"prog['jiffies_lo\t'].type_.type_name()", "'raw_spinlock_t'\n"},
		{"prog.type('struct list_hea\t').size", "16\n"},
		{"offsetof(prog.type('struct task_struct'), 'se.vrunt\t') > 0", "True\n"},
		{"offsetof('struct list_head', 'pre\t')", "8\n"},
		{"stack_trace(1)[0]['pre\t'].pid.value_()", "1\n"},
		{"prog.symbol('schedule_timeout_unin\t').name", "'schedule_timeout_uninterruptible'\n"},
		{"list_for_each_entr\t", "function"},
		{"sizeof?", "Return the size of a type or object"},
		{"nosuch?", "NameError: name 'nosuch' is not defined\n"},
		{"def f(): return 7\n", ""},
		{"f??", "def f(): return 7\n"},
		{"stak_trace(1)", "NameError: name 'stak_trace' is not defined\nDid you mean 'stack_trace'?\n"},
		{"prog['init_tsk']", "could not find 'init_tsk'\nDid you mean 'init_task'?\n"},
		{"%history 2-3", "    2  prog['jiffies_lock'].type_.type_name()\n    3  prog.type('struct list_head').size\n"},
		{"%history 99", "drgn: 99 is not in 1-"},
		{"%save " + saved + " 1-3 12", "3 statements written to "},
		{"%save " + saved, "saved.py exists; -f overwrites it\n"},
		{"%help sav\x08\x08\x08save", "usage: %save [-f] file [N[-M] ...]"},
		{"%crash eva\t 1", "decimal: 1"},
	} {
		if got := term.run(test.typed); !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.typed, got, test.want)
		}
	}
	term.send("\x04")
	if code := term.leave(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	want := "mine\nprog['jiffies_lock'].type_.type_name()\nprog.type('struct list_head').size\n"
	if b, err := os.ReadFile(saved); err != nil || string(b) != want {
		t.Errorf("%v; saved was\n%s", err, b)
	}
}

// TestEdit runs what an editor leaves.
func TestEdit(t *testing.T) {
	dir := t.TempDir()
	term := openTerminal(t, dir, "-q", "-c", filepath.Join(fixture, "vmcore"))
	term.until(reading)
	for _, test := range []struct{ typed, want string }{
		{"import os; os.environ['EDITOR'] = 'sed -i s/7/8/'", ""},
		{"x = 7", ""},
		{"%edit", ""},
		{"x", "8\n"},
		{"%edit 2", ""},
		{"os.environ['EDITOR'] = '/nonexistent/editor'", ""},
		{"%edit", "cannot run /nonexistent/editor: No such file or directory; set EDITOR\n"},
		{"os.environ['EDITOR'] = 'false'", ""},
		{"%edit 1", "false ended with status 1; nothing was run\n"},
	} {
		if got := term.run(test.typed); got != test.want && (test.want == "" || !strings.Contains(got, test.want)) {
			t.Errorf("%s: %q, want %q", test.typed, got, test.want)
		}
	}
}

// TestColours shows values on a terminal that has colours, and one that is longer than the screen through a pager.
func TestColours(t *testing.T) {
	term := openTerminal(t, t.TempDir(), "-q", "-c", filepath.Join(fixture, "vmcore"))
	term.until(reading)
	term.run("import os; del os.environ['NO_COLOR']; os.environ['PAGER'] = 'sed s/^/PAGED/'")
	raw := func(statement string) string {
		term.send(statement + "\r")
		term.until(running)
		return strings.ReplaceAll(term.until(reading), "\r", "")
	}
	for statement, want := range map[string]string{
		"prog['init_task'].comm":              "\x1b[36m(char [16])\x1b[0m\x1b[32m\"swapper/0\"\x1b[0m\n",
		"prog['init_task'].pid":               "\x1b[36m(pid_t)\x1b[0m\x1b[33m0\x1b[0m\n",
		"prog['init_task'].stack":             "\x1b[36m(void *)\x1b[0m",
		"prog['init_task'].thread_node":       "\t\x1b[34m.next\x1b[0m = \x1b[36m(struct list_head *)",
		"prog.type('struct list_head')":       "\x1b[36mstruct\x1b[0m list_head {\n\t\x1b[36mstruct\x1b[0m list_head *\x1b[34mnext\x1b[0m;\n",
		"stack_trace(1)":                      "\x1b[33m#1\x1b[0m  \x1b[34m__schedule",
		"prog['init_task']":                   "PAGED\x1b[36m(struct task_struct)\x1b[0m{",
		"print(prog['init_task'].comm)":       "(char [16])\"swapper/0\"\n",
		"'plain'":                             "'plain'\n",
		"len(str(prog['init_task'])) > 10000": "True\n",
	} {
		if got := raw(statement); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", statement, got[:min(len(got), 300)], want)
		}
	}
	term = openTerminal(t, t.TempDir(), "-q", "--no-pager", "-c", filepath.Join(fixture, "vmcore"))
	term.until(reading)
	term.run("import os; os.environ['PAGER'] = 'sed s/^/PAGED/'")
	if got := term.run("prog['init_task']"); strings.Contains(got, "PAGED") || !strings.Contains(got, fmt.Sprintf(".comm = (char [16])%q", "swapper/0")) {
		t.Errorf("--no-pager: %q", got[:min(len(got), 300)])
	}
}
