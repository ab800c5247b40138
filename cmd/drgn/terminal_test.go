package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A terminal is a pseudo-terminal with the program's prompt on it.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	tty  *os.File
	text chan string // what is written to it
	have string      // of that, what nobody has looked at
}

// openTerminal runs the program on a terminal of its own.
func openTerminal(t *testing.T, cache string, args ...string) *terminal {
	t.Helper()
	return openTerminalIn(t, cache, nil, args...)
}

// openTerminalIn is openTerminal with more of an environment.
func openTerminalIn(t *testing.T, cache string, environment []string, args ...string) *terminal {
	t.Helper()
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { tty.Close() })
	fd := int(tty.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 120}); err != nil {
		t.Fatal(err)
	}
	inner, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	cmd := command(t, cache, args...)
	cmd.Env = append(cmd.Env, "TERM=xterm", "PAGER=cat", "PATH="+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, environment...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inner, inner, inner
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: cmd, tty: tty, text: make(chan string, 16)}
	go func() {
		defer close(term.text)
		buf := make([]byte, 1<<16)
		for {
			n, err := tty.Read(buf)
			if n > 0 {
				term.text <- string(buf[:n])
			}
			if err != nil {
				return // EIO: the program has left
			}
		}
	}()
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			for range term.text {
			}
			_ = cmd.Wait()
		}
	})
	return term
}

// The prompt turns bracketed paste on when it begins to read a statement, and off when it has it. It hides the cursor
// while it draws.
const (
	reading = "\x1b[?2004h"
	running = "\x1b[?2004l"
	shown   = "\x1b[?25h"
)

// escapes are sequences that move nothing on, and what is overstruck to be bold.
var escapes = regexp.MustCompile(`\x1b(\[[0-9;?]*[A-Za-z@]|[=>])|.\x08`)

// plainText returns what a terminal shows of text that only goes forward.
func plainText(s string) string {
	return strings.ReplaceAll(escapes.ReplaceAllString(s, ""), "\r\n", "\n")
}

// until waits for a mark and returns what is written before it, as it is.
func (term *terminal) until(mark string) string {
	term.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		if before, after, ok := strings.Cut(term.have, mark); ok {
			term.have = after
			return before
		}
		select {
		case s, ok := <-term.text:
			if !ok {
				term.t.Fatalf("the program left while %q was waited for; it wrote\n%s", mark, plainText(term.have))
			}
			term.have += s
		case <-deadline:
			term.t.Fatalf("waited for %q in vain; there is\n%q", mark, term.have)
		}
	}
}

// send types keys.
func (term *terminal) send(keys string) {
	term.t.Helper()
	if _, err := term.tty.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// run types a statement and returns what it writes. The prompt must be there, and is there again after it.
func (term *terminal) run(statement string) string {
	term.t.Helper()
	if strings.Contains(statement, "\n") { // the prompt would indent by itself what is not pasted
		term.until(shown)
		term.send("\x1b[200~" + strings.TrimSuffix(statement, "\n") + "\x1b[201~")
		term.until(shown) // what comes too early is pasted with it
		statement = "\r"
	}
	term.send(statement + "\r")
	term.until(running)
	return plainText(term.until(reading))
}

// leave waits for the program's end and returns its exit code.
func (term *terminal) leave() int {
	term.t.Helper()
	for {
		select {
		case _, ok := <-term.text:
			if ok {
				continue
			}
		case <-time.After(30 * time.Second):
			term.t.Fatal("the program does not leave")
		}
		break
	}
	err := term.cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		term.t.Fatal(err)
	}
	return term.cmd.ProcessState.ExitCode()
}
