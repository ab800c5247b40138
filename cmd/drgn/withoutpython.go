//go:build !cgo || !(amd64 || arm64)

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"github.com/godrgn/drgn"
)

func pythonLog() *slog.Logger { return nil }

// versionHeader returns the versions of the program and its parts.
func versionHeader() string {
	from := ""
	if commit != "" {
		from = "commit " + commit + ", "
	}
	return fmt.Sprintf("godrgn %s (%susing Go %s, without Python)", version, from, runtime.Version()[2:])
}

func runPlain([]string) int { return noPython() }

func writeStubs(string) int { return noPython() }

func runPython(*flags, []string, bool, bool, func(context.Context, func(error)) (*drgn.Program, error)) int {
	return noPython()
}

func runKernel(*flags, string, func(context.Context, func(error)) (*drgn.Program, error)) int {
	return noPython()
}

func noPython() int {
	fmt.Fprintln(os.Stderr, "drgn: this program was built without cgo and has no Python: only commands (drgn ps -c FILE, drgn help), drgn dap and --explain-symbols work. "+
		"With a C compiler, CGO_ENABLED=1 go build ./cmd/drgn builds the whole program, for amd64 and arm64")
	return 1
}
