package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/triage"
)

// A reporting is what the flags of report say.
type reporting struct {
	output       string
	asJSON, text bool
	html         bool
	redact       bool
	options      triage.Options
}

// reportTool says what happened to a kernel.
func reportTool() *tool {
	var r reporting
	fs := r.forms("report")
	boolean(fs, &r.redact, "redact", "", "leave out host names, addresses of networks, command lines, paths, the end of the log and the values of variables")
	fs.DurationVar(&r.options.Limit, "limit", time.Minute, "end a section that takes longer than this `TIME`, such as 30s; what it has found stays. 0: none")
	fs.StringSliceVar(&r.options.Sections, "sections", nil, "only the sections with these `NAMES`, separated by commas")
	fs.StringVar(&r.options.Sources, "sources", "", "show source lines from below `DIR`, the kernel's sources")
	return &tool{name: "report", summary: "Say what happened to a kernel: why it came down, what its CPUs did, what is out of the ordinary", flags: fs,
		run: func(f *flags, all *pflag.FlagSet, _ []string, stdout, stderr io.Writer) int {
			return r.run(f, all, stdout, stderr)
		}}
}

// forms returns flags that say how and where a report is written.
func (r *reporting) forms(tool string) *pflag.FlagSet {
	fs := pflag.NewFlagSet(tool, pflag.ContinueOnError)
	fs.SortFlags = false
	fs.StringVarP(&r.output, "output", "o", "", "write to `FILE`; its ending .html or .json says the form unless a flag does, .txt is text")
	boolean(fs, &r.html, "html", "", "as a page for a browser, one file that needs nothing else")
	boolean(fs, &r.text, "text", "", "as text, the default")
	boolean(fs, &r.asJSON, "json", "", "as JSON, whose schema docs/report.md has")
	return fs
}

// write writes a report in the form that is asked for.
func (r *reporting) write(w io.Writer, of *report.Report) error {
	out := bufio.NewWriter(w)
	write := report.WriteText
	byName := !r.asJSON && !r.html && !r.text
	switch ending := r.ending(); {
	case r.asJSON, byName && ending == ".json":
		write = report.WriteJSON
	case r.html, byName && (ending == ".html" || ending == ".htm"):
		write = report.WriteHTML
	}
	if err := write(out, of); err != nil {
		return err
	}
	return out.Flush()
}

func (r *reporting) run(f *flags, all *pflag.FlagSet, stdout, stderr io.Writer) int {
	if len(set(all, "text", "html", "json")) > 1 {
		fmt.Fprintln(stderr, "drgn: --text, --html and --json exclude each other")
		return 2
	}
	if err := r.check(f.core); err != nil {
		fmt.Fprintf(stderr, "drgn: report: %v\n", err)
		return 1
	}
	p := f.openQuietly(all, stderr)
	if p == nil {
		return 1
	}
	defer p.Close() // was only read
	if progress := progressTo(os.Stderr); progress != nil && !f.quiet {
		r.options.Progress = func(done, total int) { progress("looking", uint64(done), uint64(total)) }
	}
	of, err := triage.Of(context.Background(), p, r.options)
	if err == nil {
		if r.redact {
			of.Redact()
		}
		err = r.save(of, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "drgn: report: %v\n", err)
		return 1
	}
	return 0
}

// endings are those that the names of files with reports may have unless a flag says the form.
var endings = []string{".html", ".htm", ".json", ".txt", ".text", ".md", ".log"}

// ending returns the ending of the file's name, in small letters.
func (r *reporting) ending() string { return strings.ToLower(filepath.Ext(r.output)) }

// check refuses what would go wrong only after the look, or silently: above all to write over one of the files that are read.
func (r *reporting) check(read []string) error {
	if out, err := os.Stat(r.output); err == nil { // else there is nothing to write over
		for _, name := range read {
			if in, err := os.Stat(withoutAddress(name)); err == nil && os.SameFile(in, out) {
				return fmt.Errorf("%s is what is looked at: write to another file", r.output)
			}
		}
	}
	if ending := r.ending(); ending != "" && !r.asJSON && !r.html && !r.text && !slices.Contains(endings, ending) {
		return fmt.Errorf("%s: what form %s is, is not known: use one of %s, or --text, --html or --json", r.output, filepath.Ext(r.output), strings.Join(endings, ", "))
	}
	if r.options.Limit < 0 {
		return fmt.Errorf("--limit %v is less than nothing", r.options.Limit)
	}
	return directory(r.options.Sources)
}

// directory refuses what --sources names unless it is a directory, or nothing: frames would be without source lines, and no word why.
func directory(sources string) error {
	if sources == "" {
		return nil
	}
	_, err := os.ReadDir(sources)
	return err
}

// save writes a report where it is wanted.
func (r *reporting) save(of *report.Report, stdout io.Writer) error {
	if r.output == "" {
		return r.write(stdout, of)
	}
	file, err := os.Create(r.output)
	if err != nil {
		return err
	}
	return errors.Join(r.write(file, of), file.Close())
}
