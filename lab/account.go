package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godrgn/drgn/report"
)

// An account holds numbers of a report against what the guest wrote of itself just before its memory was saved. It went on in between: what it
// wrote last took memory, and averages went down.
type account struct {
	truth    string // the directory of what the guest wrote
	report   *report.Report
	compared int
	wrong    []string
}

// Margins for what goes on in between: files that are written and sent, a task that ends, counters that CPUs have not yet handed in.
const (
	memoryMargin = 16 << 20 // bytes, of memory as a whole
	freeMargin   = 64 << 20 // bytes: what the guest's programs and the host's dump take and give meanwhile
	cacheMargin  = 0.15     // of a slab cache's objects
	loadMargin   = 1.0
	psiMargin    = 15.0 // percent, of some seconds
)

// checkAccount checks the numbers of a report on a dump.
func checkAccount(ctx context.Context, c cores, file, program string) result {
	start := time.Now()
	r, err := reportOn(ctx, c, c.path(file), program)
	a := &account{truth: c.path("truth"), report: r}
	if err == nil {
		err = a.check()
	}
	if err == nil && len(a.wrong) > 0 {
		err = fmt.Errorf("%s", a.wrong[0])
	}
	for _, w := range a.wrong {
		fmt.Println("WRONG", w)
	}
	return newResult(c, file, "account", fmt.Sprintf("%d numbers of a report compared with the guest's, %d wrong", a.compared, len(a.wrong)), "", err, time.Since(start))
}

func (a *account) check() error {
	for _, part := range []func() error{a.memory, a.caches, a.disks, a.pressure, a.load, a.groups} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// same compares a number with the guest's; margin 0: they must be equal.
func (a *account) same(what string, got any, want, margin float64) {
	a.compared++
	v, ok := numberIn(got)
	if !ok || math.IsNaN(want) || math.Abs(v-want) > margin {
		a.wrong = append(a.wrong, fmt.Sprintf("%s: the report says %v, the guest %v", what, got, want))
	}
}

// numberIn returns the number that a cell of a table has.
func numberIn(cell any) (float64, bool) {
	v, err := strconv.ParseFloat(fmt.Sprint(cell), 64)
	return v, err == nil
}

// lines returns the words of each line of a file that the guest wrote.
func (a *account) lines(file string) ([][]string, error) {
	text, err := os.ReadFile(filepath.Join(a.truth, file))
	if err != nil {
		return nil, err
	}
	var all [][]string
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 0 {
			all = append(all, words)
		}
	}
	return all, nil
}

// rows returns the rows of a table of the report by their first cells.
func (a *account) rows(section, title string) (map[string][]any, error) {
	for _, s := range a.report.Sections {
		for _, p := range s.Parts {
			if s.ID == section && p.Title == title && p.Table != nil {
				all := map[string][]any{}
				for _, row := range p.Table.Rows {
					all[fmt.Sprint(row[0])] = row[1:]
				}
				return all, nil
			}
		}
	}
	return nil, fmt.Errorf("the report has no table %q", title)
}

// memory compares with /proc/meminfo.
func (a *account) memory() error {
	words, err := a.lines("meminfo")
	if err != nil {
		return err
	}
	told := map[string]float64{}
	for _, w := range words {
		if kib, ok := numberIn(w[1]); ok {
			told[w[0]] = kib * 1024
		}
	}
	rows, err := a.rows("memory", "What memory is used for")
	if err != nil {
		return err
	}
	for name, of := range map[string]struct {
		fields string // which the guest's number is the sum of
		margin float64
	}{
		"Total": {"MemTotal:", 0}, "Limit of what can be committed": {"CommitLimit:", 0}, "Swap": {"SwapTotal:", 0}, "Per-CPU memory": {"Percpu:", 0},
		"Free": {"MemFree:", freeMargin}, "Page cache, with buffers and swap cache": {"Buffers: Cached: SwapCached:", memoryMargin},
		"Anonymous memory": {"AnonPages:", memoryMargin}, "Mapped files": {"Mapped:", memoryMargin}, "Shared memory and tmpfs": {"Shmem:", memoryMargin},
		"Dirty pages": {"Dirty:", memoryMargin}, "Pages under writeback": {"Writeback:", memoryMargin}, "Kernel stacks": {"KernelStack:", memoryMargin},
		"Page tables": {"PageTables:", memoryMargin}, "Active, anonymous": {"Active(anon):", memoryMargin}, "Inactive, anonymous": {"Inactive(anon):", memoryMargin},
		"Active, files": {"Active(file):", memoryMargin}, "Inactive, files": {"Inactive(file):", memoryMargin}, "Unevictable": {"Unevictable:", memoryMargin},
		"Buffers": {"Buffers:", memoryMargin}, "Slabs that can be given up": {"SReclaimable:", memoryMargin}, "Slabs that can't": {"SUnreclaim:", memoryMargin},
		"Committed": {"Committed_AS:", memoryMargin}, "Swap that is free": {"SwapFree:", memoryMargin},
	} {
		want := 0.0
		for field := range strings.FieldsSeq(of.fields) {
			v, ok := told[field]
			if !ok {
				return fmt.Errorf("the guest's meminfo has no %s", field)
			}
			want += v
		}
		row, ok := rows[name]
		if !ok {
			return fmt.Errorf("the report has no %q", name)
		}
		a.same(name, row[0], want, of.margin)
	}
	return nil
}

// caches compares the largest slab caches with /proc/slabinfo: "name <active> <objects> <size> … : slabdata <active slabs> <slabs> <shared>".
func (a *account) caches() error {
	words, err := a.lines("slabinfo")
	if err != nil {
		return err
	}
	rows, err := a.rows("memory", "The largest slab caches")
	if err != nil {
		return err
	}
	for _, w := range words {
		row, ok := rows[w[0]]
		if !ok || len(w) < 16 {
			continue
		}
		delete(rows, w[0])
		near := func(what string, got any, told string) {
			want, _ := numberIn(told)
			a.same(what+" of slab cache "+w[0], got, want, max(32, want*cacheMargin))
		}
		near("objects", row[1], w[2])
		near("slabs", row[4], w[14])
		size, _ := numberIn(w[3])
		a.same("size of objects of slab cache "+w[0], row[3], size, 0)
	}
	if len(rows) > 0 {
		return fmt.Errorf("slab caches that the guest does not know: %q", slices.Sorted(maps.Keys(rows)))
	}
	return nil
}

// disks compares with /proc/diskstats: "major minor name" and numbers, of which the ninth is that of requests that are under way.
func (a *account) disks() error {
	words, err := a.lines("diskstats")
	if err != nil {
		return err
	}
	rows, err := a.rows("io", "Block devices")
	if err != nil {
		return err
	}
	found := 0
	for _, w := range words {
		row, ok := rows[w[2]]
		if !ok || len(w) < 12 {
			continue // a partition
		}
		found++
		want, _ := numberIn(w[11])
		a.same("requests under way of "+w[2], row[0], want, 0)
	}
	a.same("disks", len(rows), float64(found), 0)
	swaps, err := a.lines("swaps")
	if err != nil {
		return err
	}
	areas, err := a.rows("io", "Swap areas")
	if err != nil {
		return err
	}
	for _, w := range swaps[1:] {
		row, ok := areas[w[0]]
		if !ok {
			return fmt.Errorf("the report has no swap area %s", w[0])
		}
		for i, what := range []string{"size of ", "use of "} {
			kib, _ := numberIn(w[2+i])
			a.same(what+w[0], row[i], kib*1024, 0)
		}
	}
	return nil
}

// pressure compares with the files of /proc/pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and "full …".
func (a *account) pressure() error {
	rows, err := a.rows("cgroups", "Pressure (PSI)")
	if err != nil {
		return err
	}
	for name, what := range map[string]string{"CPU": "cpu", "memory": "memory", "I/O": "io"} {
		words, err := a.lines("pressure-" + what)
		if err != nil {
			return err
		}
		for _, w := range words {
			row, ok := rows[name+", "+map[string]string{"some": "some", "full": "all"}[w[0]]]
			if !ok {
				continue // of CPUs, only some are shown
			}
			for i, average := range w[1:4] {
				_, told, _ := strings.Cut(average, "=")
				want, _ := numberIn(told)
				a.same("pressure: "+name+" "+average, row[i], want, psiMargin)
			}
		}
	}
	return nil
}

// load compares with /proc/loadavg.
func (a *account) load() error {
	words, err := a.lines("loadavg")
	if err != nil {
		return err
	}
	for _, s := range a.report.Sections {
		for _, p := range s.Parts {
			for _, f := range p.Facts {
				if f.Name != "Load average" {
					continue
				}
				for i, got := range strings.Split(fmt.Sprint(f.Value), ", ") {
					want, _ := numberIn(words[0][i])
					a.same(fmt.Sprintf("load average %d", i), got, want, loadMargin)
				}
				return nil
			}
		}
	}
	return fmt.Errorf("the report has no load average")
}

// groups compares with memory.current and memory.max of control groups, which the one above all has not.
func (a *account) groups() error {
	words, err := a.lines("cgroup-memory")
	if err != nil {
		return err
	}
	rows, err := a.rows("cgroups", "Memory of control groups")
	if err != nil {
		return err
	}
	for i, w := range words {
		if w[0] != "@" || i+2 >= len(words) || words[i+1][0] == "@" {
			continue
		}
		path := strings.TrimPrefix(w[1], "/sys/fs/cgroup")
		row, ok := rows[path]
		if !ok {
			return fmt.Errorf("the report has no control group %s", path)
		}
		want, _ := numberIn(words[i+1][0])
		a.same("memory of "+path, row[0], want, memoryMargin)
		a.compared++
		if limit := words[i+2][0]; limit != "max" || row[1] != "none" {
			if got, ok := numberIn(row[1]); !ok || fmt.Sprint(uint64(got)) != limit {
				a.wrong = append(a.wrong, fmt.Sprintf("limit of %s: the report says %v, the guest %s", path, row[1], limit))
			}
		}
	}
	return nil
}
