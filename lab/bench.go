package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// benchLimit is how long one process of the benchmark may take.
const benchLimit = 5 * time.Minute

// starts is how often a start is timed; the quickest counts.
const starts = 3

// A row is one measurement of the benchmark.
type row struct {
	name   string
	value  float64 // seconds, or bytes; 0 when it could not be measured
	unit   string
	remark string
}

// bothPrograms returns drgn and the one that it is held against: what -than names, else Debian's newest.
func bothPrograms(ctx context.Context, opt options) (program, other string, err error) {
	if program, err = drgnProgram(ctx, opt); err != nil {
		return "", "", err
	}
	if other = opt.than; other == "" {
		other, err = fetchReference(ctx, opt.cache)
	}
	return program, other, err
}

// bench times drgn beside another drgn on the same core and prints a table.
func bench(ctx context.Context, opt options, c cores) error {
	if opt.only == liveDump {
		return benchLive(ctx, opt, c)
	}
	program, other, err := bothPrograms(ctx, opt)
	if err != nil {
		return err
	}
	core := "vmcore.elf"
	if opt.only != "" {
		core = opt.only
	}
	ours, err := measure(ctx, program, c, core)
	if err != nil {
		return err
	}
	theirs, err := measure(ctx, other, c, core)
	if err != nil {
		return err
	}
	version, err := output(ctx, time.Minute, other, "--version")
	if err != nil {
		return err
	}
	version, _, _ = strings.Cut(version, "\n")
	fmt.Printf("%s of %s; the other is %s\n\n", core, c.release, version)
	return printRows([]string{"other"}, ours, theirs)
}

// printRows prints the measurements of a drgn beside those of others, and how many times as long they take.
func printRows(names []string, ours []row, others ...[]row) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "work\tgodrgn\t")
	for _, name := range names {
		fmt.Fprintf(table, "%s\tratio\t", name)
	}
	fmt.Fprintln(table)
	for i, our := range ours {
		fmt.Fprintf(table, "%s\t%s\t", our.name, our)
		remark := our.remark
		for _, other := range others {
			var their row
			if i < len(other) {
				their = other[i]
			}
			ratio := "-"
			if our.value > 0 && their.value > 0 {
				ratio = fmt.Sprintf("%.1f ×", their.value/our.value)
			}
			if their.remark != our.remark {
				remark += " | " + their.remark
			}
			fmt.Fprintf(table, "%s\t%s\t", their, ratio)
		}
		fmt.Fprintln(table, remark)
	}
	return table.Flush()
}

// String returns the value with a unit that suits it.
func (r row) String() string {
	switch {
	case r.value == 0:
		return "-"
	case r.unit == "bytes":
		return fmt.Sprintf("%.0f MiB", r.value/(1<<20))
	}
	per := ""
	if r.unit != "run" {
		per = " a " + r.unit
	}
	switch {
	case r.value < 1e-6:
		return fmt.Sprintf("%.0f ns%s", r.value*1e9, per)
	case r.value < 1e-3:
		return fmt.Sprintf("%.2f µs%s", r.value*1e6, per)
	case r.value < 1:
		return fmt.Sprintf("%.1f ms%s", r.value*1e3, per)
	}
	return fmt.Sprintf("%.2f s%s", r.value, per)
}

// measure runs a drgn on a core: cold, with what it may have cached, and at work.
func measure(ctx context.Context, program string, c cores, core string) ([]row, error) {
	say("timing %s", program)
	caches, err := os.MkdirTemp("", "lab-cache-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(caches)
	fresh := "" // the directory where an index may be cached
	run := func(script string) (string, row, row, error) {
		ctx, cancel := context.WithTimeout(ctx, benchLimit)
		defer cancel()
		var stdout, stderr bytes.Buffer
		cmd := exec.CommandContext(ctx, program, "-q", "-c", c.path(core), "-s", c.path("vmlinux"), filepath.Join("lab", "bench", script))
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+fresh)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return "", row{}, row{}, fmt.Errorf("%s: %w\n%s", cmd, err, tail(stderr.String(), 2000))
		}
		took := row{value: time.Since(start).Seconds(), unit: "run"}
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			return "", row{}, row{}, errors.New("the system tells nothing of the process")
		}
		return stdout.String(), took, row{value: float64(usage.Maxrss) * 1024, unit: "bytes"}, nil
	}
	// The kernel's page cache is warm for everybody.
	for _, file := range []string{core, "vmlinux"} {
		if _, err := output(ctx, time.Minute, "md5sum", c.path(file)); err != nil {
			return nil, err
		}
	}
	var cold, warm, memory row
	for i := range starts {
		fresh = filepath.Join(caches, strconv.Itoa(i))
		_, first, _, err := run("first.py")
		if err != nil {
			return nil, err
		}
		_, second, peak, err := run("first.py")
		if err != nil {
			return nil, err
		}
		if i == 0 || first.value < cold.value {
			cold = first
		}
		if i == 0 || second.value < warm.value {
			warm, memory = second, peak
		}
	}
	cold.name, warm.name, memory.name = "start to first answer, nothing cached", "start to first answer, index cached", "peak memory after that"
	rows := []row{cold, warm, memory}
	said, _, peak, err := run("work.py")
	if err != nil {
		return nil, err
	}
	work, err := parseRows(said)
	if err != nil {
		return nil, err
	}
	rows = append(rows, work...)
	peak.name = "peak memory of all that"
	return append(rows, peak), nil
}

// parseRows reads what a script of lab/bench has printed.
func parseRows(said string) ([]row, error) {
	var rows []row
	for line := range strings.Lines(said) {
		field := strings.Split(strings.TrimSpace(line), "\t")
		if len(field) < 3 {
			return rows, fmt.Errorf("the benchmark printed %q", line)
		}
		r := row{name: field[0], unit: field[2]}
		if len(field) > 3 {
			r.remark = field[3]
		}
		if field[1] != "-" {
			var err error
			if r.value, err = strconv.ParseFloat(field[1], 64); err != nil {
				return nil, err
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// quickest returns the rows of one measurement or another, each as it was quicker; either may lack the last ones.
func quickest(a, b []row) []row {
	if len(a) < len(b) {
		a, b = b, a
	}
	a = slices.Clone(a)
	for i, r := range b {
		if r.name == a[i].name && r.value > 0 && (r.value < a[i].value || a[i].value == 0) {
			a[i] = r
		}
	}
	return a
}

// fetchReference unpacks the newest drgn that Debian has, with the Python, the
// libraries and the loader it was built for, and returns the path of a script that
// runs it. It is used to compare with, by running it.
func fetchReference(ctx context.Context, cache string) (string, error) {
	a, err := amd64.apt(ctx, cache)
	if err != nil {
		return "", err
	}
	root := filepath.Join(cache, "tools", "reference")
	err = fetchTool(ctx, root, func() ([]string, error) {
		packages, err := a.closure(ctx, "python3-drgn", "lib", "python3", "zlib1g")
		if err != nil {
			return nil, err
		}
		return a.download(ctx, filepath.Join(root, "debs"), packages...)
	})
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "drgn")
	return path, os.WriteFile(path, []byte(referenceScript(root)), 0o755)
}

// referenceScript returns a script that runs the drgn that lies unpacked below root, with the Python and loader there.
func referenceScript(root string) string {
	return fmt.Sprintf("#!/bin/sh\nexport PYTHONHOME=%[1]s/usr PYTHONPATH=%[1]s/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1\n"+
		"exec %[2]s/ld-linux-x86-64.so.2 --library-path %[2]s %[1]s/usr/bin/python3 %[1]s/usr/bin/drgn \"$@\"\n",
		root, filepath.Join(root, "usr/lib/x86_64-linux-gnu"))
}
