// Package coretest opens the bundled core, testdata/tiny-6.12, once for all tests and examples of a package.
package coretest

import (
	"fmt"
	"os"
	"path/filepath"
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
