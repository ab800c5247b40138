package main

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestWeb tells where a browser is to look, and until Ctrl-C.
func TestWeb(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-c", core, "web", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), asProgram+"=1", "HOME="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !regexp.MustCompile(`^Open http://127\.0\.0\.1:\d+/\?token=[A-Z2-7]{20,}\n$`).MatchString(line) {
		t.Errorf("%q, %v", line, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // it was interrupted
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-c", core, "web", "--listen", "0.0.0.0:0"}, 1, "0.0.0.0:0 is no address of this machine alone"},
		{[]string{"-c", core, "web", "--listen", "here"}, 1, "missing port"},
		{[]string{"-c", core, "web", "8080"}, 2, "web takes no arguments: 8080"},
	} {
		if out, errs, code := drgnProgram(t, "", test.args...); code != test.code || !strings.Contains(errs, test.want) {
			t.Errorf("drgn %v: exit code %d, want %d\n%s%s", test.args, code, test.code, out, errs)
		}
	}
}
