package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/mcp"
)

// mcpTool serves assistants.
func mcpTool() *tool {
	var redact bool
	fs := pflag.NewFlagSet("mcp", pflag.ContinueOnError)
	boolean(fs, &redact, "redact", "", "leave out what drgn report --redact does, and what else memory holds")
	return &tool{name: "mcp", summary: "Serve an assistant by the Model Context Protocol, on standard input and output", flags: fs,
		run: func(f *flags, all *pflag.FlagSet, _ []string, stdout, stderr io.Writer) int {
			p := f.openQuietly(all, stderr)
			if p == nil {
				return 1
			}
			defer p.Close() // was only read
			if err := mcp.Serve(context.Background(), p, os.Stdin, unclosed{stdout}, mcp.Options{Version: version, Redact: redact}); err != nil {
				fmt.Fprintf(stderr, "drgn: mcp: %v\n", err)
				return 1
			}
			return 0
		}}
}

// unclosed is a writer that its user does not close.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
