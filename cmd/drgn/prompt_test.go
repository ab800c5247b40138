package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPrompt uses the keys of the prompt.
func TestPrompt(t *testing.T) {
	cache := t.TempDir()
	term := openTerminal(t, cache, "-q", "-c", filepath.Join(fixture, "vmcore"))
	if out := plainText(term.until(reading)); out != "" {
		t.Errorf("-q shows\n%s", out)
	}
	same := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %#v, not %#v", what, got, want)
		}
	}

	same("completion behind a subscript", term.run("prog[\"init_task\"].active_m\t"), "(struct mm_struct *)0x0\n")
	term.run("task = find_task(1)")
	same("completion of a member", term.run("task.mm.mm_count.coun\t.value_()"), "1\n")
	same("completion of a function", term.run("len(list(for_each_vmap\t)))"), "62\n")
	term.send("task.mm.pgt\t\t")
	if out := term.until("ables_bytes"); strings.Contains(out, running) {
		t.Errorf("Tab runs a statement: %q", out)
	}
	term.send("\x03")
	if out := plainText(term.until(reading)); !strings.Contains(out, "KeyboardInterrupt") {
		t.Errorf("Ctrl-C at the prompt: %q", out)
	}

	for _, loop := range []string{
		"while True: pass",
		"for i in range(1 << 40): x = prog['init_task'].pid.value_()",
		"while True: x = sum(1 for t in for_each_task())",
		"while True: x = str(stack_trace(1))",
	} {
		term.until(shown)
		term.send("\x1b[200~" + loop + "\x1b[201~")
		term.until(shown)
		term.send("\r\r")
		term.until(running)
		time.Sleep(50 * time.Millisecond) // any moment of the loop is good
		term.send("\x03")
		if out := plainText(term.until(reading)); !strings.HasSuffix(out, "\nKeyboardInterrupt\n") {
			t.Errorf("Ctrl-C in %q:\n%s", loop, out)
		}
	}
	same("after Ctrl-C", term.run("find_task(1).comm"), "(char [16])\"init\"\n")

	for statement, want := range map[string]string{
		"help(drgn)":                  "Programmable debugger",
		"help(drgn.helpers.linux.fs)": "for_each_mount(ns: Object, *, src",
		"help(Object)":                "class Object",
		"help(print_annotated_stack)": "print_annotated_stack(trace: StackTrace) -> None",
		"1/0":                         "ZeroDivisionError: division by zero",
		"prog.read(0, 8)":             "FaultError: address is not mapped: 0x0",
		"prog.stack_trace(99999)":     "LookupError",
	} {
		if out := term.run(statement); !strings.Contains(out, want) {
			t.Errorf("%s: no %q in\n%s", statement, want, out)
		}
	}
	same("arithmetic", term.run("6 * 7"), "42\n")
	term.send("\x04")
	same("exit code", term.leave(), 0)

	term = openTerminal(t, cache, "-q", "-c", filepath.Join(fixture, "vmcore"))
	term.until(reading)
	same("the history's last statement", term.run("\x1bOA"), "42\n")
	term.send("raise SystemExit(3)\r")
	same("exit code", term.leave(), 3)
}
