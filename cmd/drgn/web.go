package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/web"
)

// webTool serves a browser.
func webTool() *tool {
	var o web.Options
	fs := pflag.NewFlagSet("web", pflag.ContinueOnError)
	fs.StringVar(&o.Address, "listen", "127.0.0.1:0", "on this `ADDRESS`, which must be one of this machine alone; port 0 is any that is free")
	boolean(fs, &o.Redact, "redact", "", "leave out what drgn report --redact does, and what else memory holds")
	fs.StringVar(&o.Sources, "sources", "", "show source lines from below `DIR`, the kernel's sources")
	return &tool{name: "web", summary: "Serve a browser on this machine: the report, stacks, objects, types and memory, with links", flags: fs,
		run: func(f *flags, all *pflag.FlagSet, _ []string, stdout, stderr io.Writer) int {
			if err := directory(o.Sources); err != nil {
				fmt.Fprintf(stderr, "drgn: web: %v\n", err)
				return 1
			}
			p := f.openQuietly(all, stderr)
			if p == nil {
				return 1
			}
			defer p.Close() // was only read
			s, err := web.Listen(p, o)
			if err == nil {
				fmt.Fprintf(stdout, "Open %s\nCtrl-C ends it.\n", s.URL())
				err = s.Serve(context.Background())
			}
			if err != nil {
				fmt.Fprintf(stderr, "drgn: web: %v\n", err)
				return 1
			}
			return 0
		}}
}
