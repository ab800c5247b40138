// Package triage looks at a kernel as an engineer does in the first ten minutes after a crash: what happened, what the CPUs did, who waits for
// whom, where the memory is. What it finds is a [report.Report]: each topic is a section, made by one function in the file of that topic. What
// is out of the ordinary is said by rules: small functions that get plain values, with a threshold and a reason.
//
// Nothing is guessed. What can't be read is a gap of its section, with the reason.
package triage

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/safe"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/stacks"
)

// Options say what is looked at, and for how long.
type Options struct {
	// Sections are the IDs of the sections that are made, each once; none: all of them.
	Sections []string
	// Limit is how long one section may take; what it has found by then stays. 0: as long as it takes.
	Limit time.Duration
	// Sources is the directory of the kernel's sources, "" for none: frames then have the lines around where they are.
	Sources string
	// Progress is told how many of the sections are done; nil: nobody is.
	Progress func(done, total int)
}

// A topic is what a section is made by.
type topic struct {
	id, title string
	looked    string                          // what is looked at
	look      func(s *scene, out *book) error // adds to out what it finds; the error is why it does not go on
}

// topics are the sections, in the order of the report.
var topics = []topic{happened, cpus, hang, memory, disks, network, work, groups, settings}

// Topics returns the IDs of all sections, in their order.
func Topics() []string {
	var ids []string
	for _, t := range topics {
		ids = append(ids, t.id)
	}
	return ids
}

// A scene is what sections look at, with what several of them need.
type scene struct {
	ctx     context.Context
	p       *drgn.Program
	options Options
	log     func() ([]printk.Record, error)  // the kernel's log
	groups  func() ([]stacks.Group, error)   // the stacks of all tasks
	waits   func() (waiting, error)          // who waits for what
	disks   func() (fleet, error)            // block devices with their requests
	frozen  func() ([]report.Finding, error) // file systems that are frozen
	hogs    func() (hogs, error)             // what has memory
	late    func() ([]lateTimer, error)      // timers
	crash   func() (*drgn.Thread, error)     // the task in which the kernel came down; nil if it did not
}

// Of looks at a kernel. Sections that fail, that a fault in a file ends or that take longer than the limit say so themselves; an error
// is one of the options, or that the program is no kernel, or ctx's.
func Of(ctx context.Context, p *drgn.Program, o Options) (*report.Report, error) {
	if p.Flags()&drgn.IsLinuxKernel == 0 {
		return nil, &drgn.ValueError{Problem: "only kernels can be reported on; for a process, see the stacks of its threads"}
	}
	wanted := topics
	if len(o.Sections) > 0 {
		wanted = nil
		for _, id := range o.Sections {
			i := slices.IndexFunc(topics, func(t topic) bool { return t.id == id })
			if i < 0 {
				return nil, &drgn.ValueError{Problem: fmt.Sprintf("there is no section %q; there are %s", id, strings.Join(Topics(), ", "))}
			}
			if !slices.ContainsFunc(wanted, func(t topic) bool { return t.id == id }) {
				wanted = append(wanted, topics[i])
			}
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &scene{ctx: ctx, p: p, options: o}
	s.log = guarded(func() ([]printk.Record, error) { return printk.Records(p) })
	s.groups = guarded(func() ([]stacks.Group, error) { return stacks.Of(ctx, p, stacks.Options{}) })
	s.waits = guarded(s.findWaits)
	s.disks = guarded(s.findDisks)
	s.frozen = guarded(s.findFrozen)
	s.hogs = guarded(s.findHogs)
	s.late = guarded(s.findLate)
	s.crash = guarded(func() (*drgn.Thread, error) { return crashedThread(p) })
	r := &report.Report{Version: report.Version, Title: title(p), Sections: make([]report.Section, len(wanted)), Private: Private(p)}
	progress := o.Progress
	if progress == nil {
		progress = func(int, int) {}
	}
	var mu sync.Mutex
	var work sync.WaitGroup
	done, next := 0, make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(wanted)) {
		work.Go(func() {
			for i := range next {
				r.Sections[i] = made(s, wanted[i])
				mu.Lock()
				done++
				progress(done, len(wanted))
				mu.Unlock()
			}
		})
	}
	progress(0, len(wanted))
	for i := range wanted {
		next <- i
	}
	close(next)
	work.Wait()
	return r, context.Cause(ctx)
}

// Private returns the names that are private of a program, for [report.NewScrubber]: the dump's, with its path and without, and the host's, which
// only kernels have. What can't be read is left out; the section of a report that has it says why.
func Private(p *drgn.Program) []string {
	var all []string
	if path := p.CoreDumpPath(); path != "" {
		all = append(all, path, filepath.Base(path))
	}
	if p.Flags()&drgn.IsLinuxKernel == 0 {
		return all
	}
	host := ""
	if err := safe.Call(func() (err error) {
		host, err = word(p.Object("init_uts_ns").Member("name").Member("nodename"))
		return err
	}); err == nil {
		all = append(all, host)
	}
	return all
}

// cpuOf returns the CPU that a task is on.
func (s *scene) cpuOf(thread *drgn.Thread) (uint64, error) { return sched.TaskCPU(thread.Object) }

// title returns the title of a report.
func title(p *drgn.Program) string {
	if release, err := p.Object("UTS_RELEASE").CString(); err == nil {
		return "Linux " + string(release)
	}
	return "A Linux kernel"
}
