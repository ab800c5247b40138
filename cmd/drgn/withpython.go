//go:build cgo && (amd64 || arm64)

package main

import (
	"context"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/python"
)

// pythonLog is the log of Python's logger.
var pythonLog = python.Log

// versionHeader returns the versions of the program and its parts.
func versionHeader() string { return python.VersionHeader(version, commit) }

// runPlain is python itself.
func runPlain(args []string) int {
	return python.Main(python.Options{Mode: python.Plain, Args: args, Version: version, Commit: commit})
}

// runKernel is a kernel of Jupyter, with a connection file.
func runKernel(f *flags, file string, open func(ctx context.Context, warn func(error)) (*drgn.Program, error)) int {
	f.opened = python.TellPlugins
	return python.Main(python.Options{Mode: python.Kernel, Args: []string{file}, Quiet: true, LogLevel: f.logLevel, Version: version, Commit: commit, Open: open})
}

// writeStubs writes the stubs of package drgn below a directory.
func writeStubs(directory string) int {
	return python.Main(python.Options{Mode: python.Exec, Code: []string{"import drgn._stubs, sys\ndrgn._stubs.main(sys.argv[1])"}, Args: []string{directory}, Version: version, Commit: commit})
}

// runPython runs the prompt, code or a script. With late, the program is drgn itself.
func runPython(f *flags, args []string, exec, late bool, open func(ctx context.Context, warn func(error)) (*drgn.Program, error)) int {
	o := python.Options{Args: args, Code: f.exec, Quiet: f.quiet, NoPager: f.noPager, LogLevel: f.logLevel, Version: version, Commit: commit, Open: open}
	o.OpenLate, f.opened = late, python.TellPlugins
	switch {
	case exec:
		o.Mode = python.Exec
	case len(args) > 0:
		o.Mode = python.Script
	}
	return python.Main(o)
}
