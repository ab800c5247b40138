package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/stacks"
)

// stacksTool shows the stacks of all threads, grouped.
func stacksTool() *tool {
	var states string
	var goroutines, folded, asJSON, flame bool
	fs := pflag.NewFlagSet("stacks", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.StringVar(&states, "states", "", "only tasks in one of these states, the `LETTERS` that ps has for them, such as D or DS")
	boolean(fs, &goroutines, "goroutines", "", "of a program of Go the goroutines instead of the threads; a running process is stopped meanwhile")
	boolean(fs, &folded, "folded", "", "a line for each stack, as programs that draw flame graphs read them")
	boolean(fs, &asJSON, "json", "", "as JSON")
	boolean(fs, &flame, "flame", "", "as a flame graph, an SVG picture for a browser")
	return &tool{
		name: "stacks", summary: "Show the stacks of all threads, each once with the threads that have it, the hanging ones first", flags: fs,
		run: func(f *flags, all *pflag.FlagSet, _ []string, stdout, stderr io.Writer) int {
			if len(set(fs, "folded", "json", "flame")) > 1 {
				fmt.Fprintln(stderr, "drgn: --folded, --json and --flame exclude each other")
				return 2
			}
			p := f.openQuietly(all, stderr)
			if p == nil {
				return 1
			}
			defer p.Close() // was only read
			groups, err := stacks.Of(context.Background(), p, stacks.Options{States: states, Goroutines: goroutines})
			write := stacks.WriteText
			switch {
			case folded:
				write = stacks.WriteFolded
			case asJSON:
				write = stacks.WriteJSON
			case flame:
				write = func(w io.Writer, groups []stacks.Group) error {
					return stacks.WriteFlameGraph(w, flameTitle(p), groups)
				}
			}
			for _, err := range []error{write(stdout, groups), err} {
				if err != nil {
					fmt.Fprintf(stderr, "drgn: stacks: %v\n", err)
					return 1
				}
			}
			if len(groups) == 0 {
				fmt.Fprintln(stderr, "drgn: stacks: there are no such threads")
				return 1
			}
			return 0
		},
	}
}

// set returns which of some flags are set.
func set(fs *pflag.FlagSet, names ...string) (list []string) {
	for _, name := range names {
		if fs.Changed(name) {
			list = append(list, name)
		}
	}
	return list
}

// flameTitle says whose stacks a picture shows.
func flameTitle(p *drgn.Program) string {
	if release, err := p.Object("UTS_RELEASE").CString(); err == nil {
		return "Stacks of all threads, Linux " + string(release)
	}
	return "Stacks of all threads"
}
