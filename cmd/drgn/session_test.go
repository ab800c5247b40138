package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/session.txt anew: look at the change before you keep it")

var versions = regexp.MustCompile(`(godrgn|Go|Python) [0-9][^ ,)\n]*`)

// TestSession types what testdata/session.txt says at the prompt, and compares what the terminal shows.
func TestSession(t *testing.T) {
	path := filepath.Join("testdata", "session.txt")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	banner, rest, ok := strings.Cut(string(b), "\n\n")
	if !ok {
		t.Fatal("session.txt has no banner, which ends with an empty line")
	}
	term := openTerminal(t, t.TempDir(), "-c", filepath.Join(fixture, "vmcore"))
	var got strings.Builder
	got.WriteString(versions.ReplaceAllString(plainText(term.until(reading)), "$1 VERSION"))
	if want := banner + "\n"; got.String() != want && !*update {
		t.Errorf("banner (-want +got):\n%s", cmp.Diff(want, got.String()))
	}
	got.WriteByte('\n')
	for _, part := range strings.Split("\n"+strings.TrimSuffix(rest, "\n"), "\n>>> ")[1:] {
		lines := strings.Split(part, "\n")
		typed, shown := lines[0], ">>> "+lines[0]+"\n"
		for lines = lines[1:]; len(lines) > 0 && strings.HasPrefix(lines[0], "..."); lines = lines[1:] {
			typed += "\n" + strings.TrimPrefix(lines[0][3:], " ")
			shown += lines[0] + "\n"
		}
		out := term.run(typed)
		got.WriteString(shown + out)
		if want := strings.Join(lines, "\n"); strings.TrimSuffix(out, "\n") != want && !*update {
			t.Errorf("%s(-want +got):\n%s", shown, cmp.Diff(strings.Split(want, "\n"), strings.Split(strings.TrimSuffix(out, "\n"), "\n")))
		}
	}
	term.send("\x04")
	if code := term.leave(); code != 0 {
		t.Errorf("Ctrl-D: exit code %d", code)
	}
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
