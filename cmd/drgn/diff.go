package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/triage"
)

// diffTool says what differs between two kernels.
func diffTool() *tool {
	var r reporting
	fs := r.forms("diff")
	boolean(fs, &r.redact, "redact", "", "leave out what drgn report --redact does")
	fs.StringSliceVar(&r.options.Sections, "sections", nil, "only the sections with these `NAMES`, separated by commas")
	t := &tool{name: "diff", summary: "Say what differs between two reports, of a good and a bad machine, or before and after", flags: fs,
		arguments: "BEFORE AFTER", files: true}
	t.run = func(f *flags, all *pflag.FlagSet, _ []string, stdout, stderr io.Writer) int {
		if named := set(all, "core", "kernel", "pid", "qemu"); len(named) > 0 {
			fmt.Fprintf(stderr, "drgn: diff: %s does not go with diff, which opens BEFORE and AFTER\nusage: %s\n", spelled(all.Lookup(named[0])), t.form())
			return 2
		}
		if all.NArg() != 2 || len(set(all, "text", "json", "html")) > 1 {
			fmt.Fprintf(stderr, "drgn: usage: %s\nBoth are core dumps, or reports that drgn report --json wrote.\n", t.form())
			return 2
		}
		if err := r.check(all.Args()); err != nil {
			fmt.Fprintf(stderr, "drgn: diff: %v\n", err)
			return 1
		}
		before, err := r.of(all.Arg(0), f, stderr)
		if err != nil {
			fmt.Fprintf(stderr, "drgn: diff: %s: %v\n", all.Arg(0), err)
			return 1
		}
		after, err := r.of(all.Arg(1), f, stderr)
		if err != nil {
			fmt.Fprintf(stderr, "drgn: diff: %s: %v\n", all.Arg(1), err)
			return 1
		}
		if err := r.save(report.Compare(before, after), stdout); err != nil {
			fmt.Fprintf(stderr, "drgn: diff: %v\n", err)
			return 1
		}
		return 0
	}
	return t
}

// spelled returns how a flag is written: "-c, --core".
func spelled(f *pflag.Flag) string {
	if f.Shorthand == "" {
		return "--" + f.Name
	}
	return "-" + f.Shorthand + ", --" + f.Name
}

// of returns the report that is in a file, or that there is to make on the core dump that it is.
func (r *reporting) of(path string, f *flags, stderr io.Writer) (of *report.Report, err error) {
	if target.KindOf(path) == target.CoreFile {
		of, err = r.ofCore(path, f, stderr)
	} else {
		of, err = readReport(path)
	}
	if err != nil {
		return nil, err
	}
	if r.redact { // before sections are left out that say what is private
		of.Redact()
	}
	return of, of.Keep(r.options.Sections)
}

func (r *reporting) ofCore(path string, f *flags, stderr io.Writer) (*report.Report, error) {
	named := pflag.NewFlagSet("drgn", pflag.ContinueOnError)
	core := *f
	named.StringArrayVar(&core.core, "core", nil, "")
	if err := named.Set("core", path); err != nil {
		return nil, err
	}
	p, err := core.opener(named, func() *slog.Logger { return nil })(context.Background(), func(err error) {
		if f.logLevel != "none" {
			fmt.Fprintf(stderr, "warning: %v\n", err)
		}
	})
	if err != nil {
		return nil, err
	}
	defer p.Close() // was only read
	return triage.Of(context.Background(), p, r.options)
}

func readReport(path string) (*report.Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer file.Close() // was only read
	return report.ReadJSON(file)
}
