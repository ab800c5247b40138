package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godrgn/drgn/report"
)

// cycles returns the waits that form a circle: each one's owner is the waiter of the next, the last one's that of the first. A task waits for one
// thing at a time, so that each is in one circle at most.
func cycles(waits []*wait) [][]*wait {
	of := map[*task]*wait{}
	for _, w := range waits {
		of[w.waiter] = w
	}
	seen := map[*task]int{} // the walk that came by
	var all [][]*wait
	for i, w := range waits {
		var path []*wait
		for w != nil && seen[w.waiter] == 0 {
			seen[w.waiter] = i + 1
			path = append(path, w)
			w = of[w.owner]
		}
		if w != nil && seen[w.waiter] == i+1 {
			all = append(all, path[slices.Index(path, w):])
		}
	}
	return all
}

var deadlock = rule{"deadlock", report.Critical, "tasks that wait for each other's locks in a circle", "none of them ever goes on, nor does who waits for them"}

// deadlocks says that tasks wait for each other.
func deadlocks(waits []*wait) []report.Finding {
	var all []report.Finding
	for _, circle := range cycles(waits) {
		var steps, evidence []string
		for _, w := range circle {
			steps = append(steps, fmt.Sprintf("task %s waits for %s, which task %s holds", w.waiter, w, w.owner))
			evidence = append(evidence, w.told...)
		}
		all = append(all, deadlock.found(evidence, "Deadlock: %s", strings.Join(steps, "; ")))
	}
	return all
}

// manyWait is how many tasks wait for one task, directly or not, where that is called out.
const manyWait = 10

var queue = rule{"many-wait-for-one", report.Warning, fmt.Sprintf("%d tasks that wait for locks of one task, or of tasks that wait for it", manyWait), "that task is what to look at"}

// queues says for whom many wait who waits for no lock itself.
func queues(waits []*wait) []report.Finding {
	of := map[*task]*wait{}
	for _, w := range waits {
		of[w.waiter] = w
	}
	behind := map[*task][]*wait{}
	for _, w := range waits {
		root := w.owner
		for n := 0; root != nil && of[root] != nil && of[root].owner != nil && n <= len(waits); n++ {
			root = of[root].owner
		}
		if root != nil && (of[root] == nil || of[root].owner == nil) { // else a circle
			behind[root] = append(behind[root], w)
		}
	}
	var all []report.Finding
	for root, w := range behind {
		if len(w) < manyWait {
			continue
		}
		var evidence []string
		for _, w := range w[:min(len(w), maxEvidence)] {
			evidence = append(evidence, fmt.Sprintf("task %s waits for %s, which task %s holds", w.waiter, w, w.owner))
		}
		text := "which waits for no lock"
		if own := of[root]; own != nil {
			text = "which waits for " + own.String()
		}
		all = append(all, queue.found(evidence, "%s wait for task %s, %s", count(len(w), "task"), root, text))
	}
	slices.SortFunc(all, func(a, b report.Finding) int { return cmp.Compare(a.Text, b.Text) })
	return all
}

// defaultHang is how long a task may be in an uninterruptible sleep where the kernel does not say: its own default (CONFIG_DEFAULT_HUNG_TASK_TIMEOUT).
const defaultHang = 120 * time.Second

var hangs = rule{"uninterruptible", report.Warning, "hung_task_timeout_secs in an uninterruptible sleep that not even a kill ends, 120 s where that is off", "they wait for what does not come, and can't be killed"}

// hanging says which tasks have been in an uninterruptible sleep for too long; limit 0 is the kernel's default.
func hanging(threads []report.Thread, limit time.Duration) []report.Finding {
	if limit == 0 {
		limit = defaultHang
	}
	var evidence []string
	n := 0
	for _, t := range threads {
		if t.State == "D" && t.Waiting > limit {
			if n++; n <= maxEvidence {
				evidence = append(evidence, fmt.Sprintf("task %s, for at least %s", t, report.Short(t.Waiting)))
			}
		}
	}
	if n == 0 {
		return nil
	}
	return []report.Finding{hangs.found(evidence, "%s in an uninterruptible sleep for more than %s", count(n, "task"), report.Short(limit))}
}
