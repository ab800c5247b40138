package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// recorded is where the numbers of the last release's benchmarks are, as go test prints them.
var recorded = filepath.Join("lab", "testdata", "benchmarks.txt")

// A measurement is what the benchmarks said of one benchmark: its best value for each unit.
type measurement map[string]float64

// measurements are by package and benchmark: "internal/kdump Read".
type measurements map[string]measurement

// numbers runs the module's benchmarks and prints their ratios to the recorded ones. Clocks differ between machines and
// moments: nothing fails for being slow. With -record, it writes what it measured to the recorded file instead.
func numbers(ctx context.Context, opt options) error {
	packages, err := benchmarked(".")
	if err != nil {
		return err
	}
	args := []string{"test", "-run", "^$", "-bench", opt.benchmarks, "-benchmem", "-benchtime", "100ms", "-count", "3", "-timeout", opt.limit.String()}
	say("running the benchmarks of %d packages", len(packages))
	// One package after the other, so that they do not slow each other down.
	said, err := output(ctx, opt.limit, "go", append(append(args, "-p", "1"), packages...)...)
	if err != nil {
		return err
	}
	if opt.record {
		commit, err := output(ctx, time.Minute, "git", "describe", "--always", "--dirty")
		if err != nil {
			return err
		}
		head := fmt.Sprintf("commit: %s\nrecorded: %s with %s on %d CPUs\n", strings.TrimSpace(commit), time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.NumCPU())
		return os.WriteFile(recorded, []byte(head+said), 0o644)
	}
	old, err := os.ReadFile(recorded)
	if err != nil {
		return fmt.Errorf("no numbers to compare with; make them from the last release with -record: %w", err)
	}
	before, about, err := parseBenchmarks(strings.NewReader(string(old)))
	if err != nil {
		return err
	}
	now, here, err := parseBenchmarks(strings.NewReader(said))
	if err != nil {
		return err
	}
	fmt.Printf("compared with %s, recorded %s\n", about["commit"], about["recorded"])
	if about["cpu"] != here["cpu"] {
		fmt.Printf("times are of another machine (%s, here %s): only bytes and allocations can be compared\n", about["cpu"], here["cpu"])
	}
	if opt.benchmarks != "." {
		for name := range before {
			if now[name] == nil {
				delete(before, name)
			}
		}
	}
	return printRatios(os.Stdout, before, now)
}

// benchmarked returns the packages below dir that have benchmarks, as go test takes them.
func benchmarked(dir string) (packages []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		p := "./" + filepath.ToSlash(filepath.Dir(path))
		if strings.Contains(string(text), "\nfunc Benchmark") && !slices.Contains(packages, p) {
			packages = append(packages, p)
		}
		return nil
	})
	return packages, err
}

// benchmarkLine is one line of results: the name without the number of CPUs, the number of turns, then values and units.
var benchmarkLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// parseBenchmarks reads what go test -bench prints: the best of several values, and the lines "key: value" about the run.
func parseBenchmarks(r io.Reader) (all measurements, about map[string]string, err error) {
	all, about = measurements{}, map[string]string{}
	s := bufio.NewScanner(r)
	for s.Scan() {
		line := s.Text()
		m := benchmarkLine.FindStringSubmatch(line)
		if m == nil {
			if key, value, ok := strings.Cut(line, ": "); ok && !strings.Contains(key, " ") {
				about[key] = strings.TrimSpace(value)
			}
			continue
		}
		pkg := strings.TrimPrefix(strings.TrimPrefix(about["pkg"], "github.com/godrgn/drgn"), "/")
		name := strings.TrimSpace(pkg + " " + m[1])
		if all[name] == nil {
			all[name] = measurement{}
		}
		fields := strings.Fields(m[2])
		for i := 0; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, nil, fmt.Errorf("benchmark %s: %q: %w", name, line, err)
			}
			unit := fields[i+1]
			have, ok := all[name][unit]
			better := value < have
			if strings.HasSuffix(unit, "/s") {
				better = value > have
			}
			if !ok || better {
				all[name][unit] = value
			}
		}
	}
	if err := s.Err(); err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, errors.New("no benchmark results")
	}
	return all, about, nil
}

// printRatios writes a line for each benchmark and each of the three units that all have: before, now, and now as a
// part of before, marked where it is worse by more than a tenth.
func printRatios(w io.Writer, before, now measurements) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "benchmark\tunit\tbefore\tnow\tratio\t")
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range now {
		names[name] = true
	}
	var sorted []string
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		switch {
		case now[name] == nil:
			fmt.Fprintf(table, "%s\t\t\t\tgone\t\n", name)
			continue
		case before[name] == nil:
			fmt.Fprintf(table, "%s\t\t\t\tnew\t\n", name)
			continue
		}
		for _, unit := range []string{"ns/op", "B/op", "allocs/op"} {
			was, okWas := before[name][unit]
			is, okIs := now[name][unit]
			if !okWas || !okIs || was == 0 && is == 0 {
				continue
			}
			ratio, mark := "-", ""
			if was != 0 {
				ratio = fmt.Sprintf("%.2f", is/was)
			}
			if is > 1.1*was {
				mark = "worse"
			}
			fmt.Fprintf(table, "%s\t%s\t%.6g\t%.6g\t%s\t%s\n", name, unit, was, is, ratio, mark)
		}
	}
	return table.Flush()
}
