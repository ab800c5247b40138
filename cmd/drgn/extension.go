//go:build cgo && extension

package main

import (
	"os"

	"github.com/godrgn/drgn/python"
)

// self is how this program is called.
func self() ([]string, error) { return []string{python.Executable, "-m", "drgn"}, nil }

// Built as an extension module of Python, the program has no main function that runs: the module's users call its command line.
func init() {
	python.SetVersion(version, commit)
	python.CommandLine = func(args []string) int { return run(args, os.Stdout, os.Stderr) }
}
