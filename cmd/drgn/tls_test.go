package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestThreadLocals has the thread-local variables of a program, of a library that was there from its start, and of one that was
// loaded later, where its threads say that they have them, while it runs and in its core.
func TestThreadLocals(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	source, err := filepath.Abs("testdata/tls")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-shared", "-fPIC", "-DNAME(x)=early_##x", "-o", "libearly.so", source + "/library.c"},
		{"-shared", "-fPIC", "-DNAME(x)=late_##x", "-o", "liblate.so", source + "/library.c"},
		{"-o", "program", source + "/program.c", "./libearly.so", "-lpthread", "-ldl"},
	} {
		build := exec.Command(gcc, append([]string{"-g"}, args...)...)
		build.Dir = dir
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	// A core is as large as the limit says, if the kernel writes one beside the program.
	program := exec.Command("sh", "-c", "ulimit -c unlimited; exec ./program ./liblate.so")
	program.Dir, program.Env = dir, append(os.Environ(), "LD_LIBRARY_PATH="+dir)
	said, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		program.Process.Kill()
		program.Wait()
	})
	var code, want strings.Builder
	names := strings.Fields("own shared calls early_first early_pair early_zeros late_first late_pair late_zeros")
	lines := bufio.NewScanner(said)
	for n := 0; n < 3 && lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		code.WriteString("show(" + words[1] + ")\n")
		at := map[string]string{}
		for i := 2; i+1 < len(words); i += 2 {
			at[words[i]] = words[i+1]
		}
		for _, name := range names {
			if at[name] == "" {
				at[name] = "thread-local variable '" + name + "': where the thread has those of ./liblate.so is not known: the thread has not used any of them yet"
			}
			want.WriteString(name + " " + at[name] + "\n")
		}
		want.WriteString(map[bool]string{true: "11", false: "10"}[words[0] != "early"] + " 2.5 6 1 2 3 0\n")
	}
	if n := strings.Count(want.String(), "\n"); n != 30 {
		t.Fatalf("the program said only %d lines", n)
	}
	script := filepath.Join(dir, "script.py")
	if err := os.WriteFile(script, []byte(`
def show(tid):
    f = next(f for f in stack_trace(tid) if f.name == "report")
    for name in "`+strings.Join(names, " ")+`".split():
        try:
            print(name, hex(f[name].address_))
        except ValueError as e:
            print(name, e)
    p = f["early_pair"]
    print(*(x.value_() for x in (f["own"], f["shared"], f["calls"], f["early_first"], p.a, p.b, f["early_zeros"][69999])))
`+code.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, exit := drgnProgram(t, "", "-q", "-p", strconv.Itoa(program.Process.Pid), script)
	if exit != 0 && strings.Contains(errs, "permitted") {
		t.Skip("children can't be traced:", errs)
	}
	if exit != 0 || out != want.String() {
		t.Errorf("exit code %d\n%s%s, want\n%s", exit, out, errs, want.String())
	}
	if err := program.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	program.Wait() // says that a signal ended it
	cores, err := filepath.Glob(filepath.Join(dir, "core*"))
	if pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern"); err != nil || string(pattern) != "core\n" {
		t.Logf("no core is looked at: the kernel writes them to %q", pattern)
		return
	}
	if err != nil || len(cores) != 1 {
		t.Fatal(cores, err)
	}
	out, errs, exit = drgnProgram(t, "", "-q", "-c", cores[0], script)
	if exit != 0 || out != want.String() {
		t.Errorf("core: exit code %d\n%s%s, want\n%s", exit, out, errs, want.String())
	}
}
