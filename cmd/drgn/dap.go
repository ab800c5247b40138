package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/dap"
)

// dapTool serves editors.
func dapTool() *tool {
	return &tool{name: "dap", summary: "Serve an editor by the Debug Adapter Protocol, on standard input and output",
		run: func(_ *flags, _ *pflag.FlagSet, args []string, stdout, stderr io.Writer) int {
			return serveDAP(args, stdout, stderr)
		}}
}

// serveDAP serves an editor on standard input and output. What a request names is added to the flags.
func serveDAP(args []string, stdout, stderr io.Writer) int {
	open := func(ctx context.Context, t dap.Target) (*drgn.Program, error) {
		given := append([]string(nil), args...)
		for _, v := range []struct{ flag, value string }{{"-c", t.Core}, {"--qemu", t.QEMU}, {"-s", t.Program}} {
			if v.value != "" {
				given = append(given, v.flag, v.value)
			}
		}
		for _, file := range t.Symbols {
			given = append(given, "-s", file)
		}
		if t.PID != 0 {
			given = append(given, "-p", fmt.Sprint(t.PID))
		}
		if t.Kernel {
			given = append(given, "-k")
		}
		f, fs := new(flags), pflag.NewFlagSet("drgn", pflag.ContinueOnError)
		fs.SetOutput(io.Discard)
		for _, g := range f.groups() {
			fs.AddFlagSet(g.flags)
		}
		if err := fs.Parse(given); err != nil {
			return nil, err
		}
		if err := f.check(fs); err != nil {
			return nil, err
		}
		f.quiet = true
		return f.opener(fs, func() *slog.Logger { return nil })(ctx, func(err error) { fmt.Fprintf(stderr, "warning: %v\n", err) })
	}
	if err := dap.Serve(context.Background(), os.Stdin, stdout, open); err != nil {
		fmt.Fprintf(stderr, "drgn: %v\n", err)
		return 1
	}
	return 0
}
