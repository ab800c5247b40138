// Package childtest runs children of tests: processes to be looked at.
package childtest

import (
	"bufio"
	"io"
	"os/exec"
	"testing"
)

// Start starts a command and returns the first line that it writes, without which the test fails: with it a program says that it is where the
// test wants it. Its input stays open, and it is killed when the test has ended; the test may wait for it before.
func Start(t testing.TB, c *exec.Cmd) string {
	t.Helper()
	_, line := start(t, c, "")
	return line
}

// Answering starts a command that writes the line it reads, such as cat. It has answered when Answering returns, so all that its program
// consists of is mapped: its name alone, which the system sets before, does not say so. The function that is returned ends its input. It is
// killed when the test has ended.
func Answering(t testing.TB, name string, arg ...string) (*exec.Cmd, func()) {
	t.Helper()
	c := exec.Command(name, arg...)
	in, line := start(t, c, "here\n")
	if line != "here\n" {
		t.Fatalf("%s answered %q", name, line)
	}
	return c, func() { in.Close() }
}

func start(t testing.TB, c *exec.Cmd, says string) (in io.Closer, line string) {
	t.Helper()
	w, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		c.Process.Kill() // may have ended by itself
		c.Wait()
	})
	if _, err := io.WriteString(w, says); err != nil {
		t.Fatal(err)
	}
	if line, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return w, line
}
