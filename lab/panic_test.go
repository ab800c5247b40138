package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each way that the module has is a crash of the lab, and the other way round.
func TestWaysToCrash(t *testing.T) {
	source, err := os.ReadFile("guest/module/crash.c")
	if err != nil {
		t.Fatal(err)
	}
	has := []string{"init"} // by an argument when it is loaded
	for _, m := range regexp.MustCompile(`(?m)^\t\{ "([\w-]+)", lab_\w+ \},$`).FindAllStringSubmatch(string(source), -1) {
		has = append(has, m[1])
	}
	var used, usual []string
	for _, of := range crashes {
		if of.what == "" || of.cause == "" || of.end == "" && of.bring == nil && of.module == "" {
			t.Errorf("crash %q: something is missing", of.kind)
		}
		if of.module == "" {
			continue
		}
		used = append(used, of.module)
		if !of.seldom {
			usual = append(usual, of.kind)
		}
		if commands := of.commands(); !strings.Contains(commands, "insmod /crash/crash.ko") || !strings.Contains(commands, of.module) {
			t.Errorf("crash %q: %q", of.kind, commands)
		}
	}
	slices.Sort(has)
	slices.Sort(used)
	if !slices.Equal(has, used) {
		t.Errorf("the module has %q, the lab uses %q", has, used)
	}
	if len(usual) != 3 { // more take too long
		t.Errorf("lab check takes %q", usual)
	}
}

// A crash is made anew when what it is made from changes, and only then.
func TestCrashKey(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("lab/guest/module", 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile("lab/guest/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	key := func(of crash) string {
		t.Helper()
		key, err := crashKey(of, amd64)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	for _, name := range append([]string{"panic", "save", "kexec.c"}, moduleSources...) {
		write(name, "1")
	}
	without, with := crash{kind: "a", end: "x"}, crash{kind: "a", module: "x"}
	before := []string{key(without), key(with)}
	if before[0] == before[1] {
		t.Errorf("both %s", before)
	}
	write("module/crash.c", "2")
	if got := key(without); got != before[0] {
		t.Errorf("without the module: %s, was %s", got, before[0])
	}
	if got := key(with); got == before[1] {
		t.Errorf("with another module: %s, as before", got)
	}
	write("module/crash.c", "1")
	if got := key(with); got != before[1] {
		t.Errorf("with the module of before: %s, was %s", got, before[1])
	}
	write("save", "2")
	if got := key(without); got == before[0] {
		t.Errorf("with another kernel's init: %s, as before", got)
	}
}
