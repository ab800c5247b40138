// Package coretest opens the bundled core, testdata/tiny-6.12, once for all tests and examples of a package.
package coretest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
)

// Dir is the directory of the bundled core and of what is known of it. It is found from the directory that the test runs
// in, as go test has it.
var Dir = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			return filepath.Join(dir, "testdata", "tiny-6.12"), nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			err = fmt.Errorf("no go.mod above the working directory")
		}
		dir = above
	}
	return "", err
})

var shared = sync.OnceValues(New)

// New opens the core anew, for a test that changes the program.
func New() (*drgn.Program, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	return attach.Core(filepath.Join(dir, "vmcore"), attach.Options{CacheDir: "-"})
}

// Program returns the program that all of a package's examples share. It panics when the core can't be opened.
func Program() *drgn.Program {
	p, err := shared()
	if err != nil {
		panic(err)
	}
	return p
}

// Open returns the program that all of a package's tests share. They must not change it.
func Open(t testing.TB) *drgn.Program {
	t.Helper()
	p, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Expected returns a file of what is known of the core, from its directory "expected".
func Expected(t testing.TB, name string) string {
	t.Helper()
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "expected", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A Change is lines of a file of "expected" and those of this program that stand in their place.
type Change struct{ Reference, Ours string }

// Differences returns the changes to each file of "expected" that differences.md lists: a diff a change.
func Differences(t testing.TB) map[string][]Change {
	t.Helper()
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]Change{}
	file, inside := "", false
	for line := range strings.Lines(string(b)) {
		c := all[file]
		switch {
		case line == "```diff\n":
			all[file], inside = append(c, Change{}), true
		case line == "```\n":
			inside = false
		case inside && line[0] == '-':
			c[len(c)-1].Reference += line[1:]
		case inside && line[0] == '+':
			c[len(c)-1].Ours += line[1:]
		case inside && line[0] == ' ':
			c[len(c)-1].Reference += line[1:]
			c[len(c)-1].Ours += line[1:]
		case inside:
			t.Fatalf("differences.md: bad line of a diff: %s", line)
		case strings.HasPrefix(line, "## "):
			file = strings.TrimSpace(line[3:])
		}
	}
	return all
}

// Ours returns what this program is to say where a file of "expected" has what the reference says.
func Ours(t testing.TB, name string) string {
	t.Helper()
	text := "\n" + Expected(t, name)
	for _, c := range Differences(t)[name] {
		text = strings.Replace(text, "\n"+c.Reference, "\n"+c.Ours, 1)
	}
	return text[1:]
}
