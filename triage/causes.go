package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/report"
)

// lookAtCauses adds to what a crash of a kind is called what other sections know that explains it.
func lookAtCauses(s *scene, out *book, k kind) {
	switch k.name {
	case "hung-task":
		lookAtBlocked(s, out)
		lookAtStandstill(s, out)
	case "oom":
		found, err := s.hogs()
		out.miss("what has the memory", err)
		out.find(found.found...)
	case "sysrq", "nmi", "soft-lockup", "hard-lockup", "rcu-stall":
		lookAtStandstill(s, out) // somebody, or something, ended a machine that did not get on
	}
}

// lookAtStandstill says what keeps tasks from getting on.
func lookAtStandstill(s *scene, out *book) {
	found, err := s.waits()
	out.miss("who waits for whom", err)
	out.find(deadlocks(found.waits)...)
	out.find(s.slowDisks(out)...)
	out.find(s.lateCPUs(out)...)
	frozen, err := s.frozen()
	out.miss("frozen file systems", err)
	out.find(frozen...)
	out.find(queues(found.waits)...)
}

// hung says which tasks the kernel found hanging, by its own log.
var hung = rule{"hung-tasks", report.Critical, "the kernel's own: hung_task_timeout_secs", "they wait for what does not come, and can't be killed"}

// lookAtBlocked says which tasks the kernel found hanging, and what those that hang wait for.
func lookAtBlocked(s *scene, out *book) {
	records, err := s.log()
	if err != nil {
		return // the log itself says so
	}
	tasks := blockedIn(records)
	if len(tasks) == 0 {
		return
	}
	found, err := s.waits()
	out.miss("what they wait for", err)
	var waits []*wait
	for _, w := range found.waits {
		if w.waiter.thread.State == "D" {
			waits = append(waits, w)
		}
	}
	out.find(blocked(tasks, waits))
}

// blocked says that the kernel found tasks hanging; tasks are the lines in which it said so.
func blocked(tasks []string, waits []*wait) report.Finding {
	text := "Blocked, says the kernel: " + count(len(tasks), "task")
	if len(waits) > 0 {
		text += "; " + kindsOf(waits)
	}
	return hung.found(append(tasks, lines(waits)...), "%s", text)
}

// blockedIn returns what the kernel logged of tasks that it found hanging (kernel/hung_task.c), each line once.
func blockedIn(records []printk.Record) []string {
	var all []string
	for _, r := range records {
		line := string(r.Text)
		if strings.HasPrefix(line, "INFO: task ") && strings.Contains(line, " blocked for more than ") && !slices.Contains(all, line) && len(all) < maxEvidence {
			all = append(all, line)
		}
	}
	return all
}

// maxKinds is how many kinds of waits a finding tells.
const maxKinds = 3

// kindsOf says what tasks wait for, the most common first: "3 tasks wait for mutex 0xffff888003a2c000 (a), 1 task for I/O". Pages and requests of
// one disk count as one.
func kindsOf(waits []*wait) string {
	of := map[string]int{}
	for _, w := range waits {
		what := w.String()
		if w.disk != "" && (w.kind == "page" || w.kind == "free request") {
			what = w.kind + "s of " + w.disk
		}
		of[what]++
	}
	var all []string
	for what := range of {
		all = append(all, what)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) })
	var texts []string
	for i, what := range all[:min(len(all), maxKinds)] {
		verb := ""
		if i == 0 {
			verb = map[bool]string{true: " waits", false: " wait"}[of[what] == 1]
		}
		texts = append(texts, fmt.Sprintf("%s%s for %s", count(of[what], "task"), verb, what))
	}
	if more := len(all) - maxKinds; more > 0 {
		texts = append(texts, fmt.Sprintf("others for %s", count(more, "other thing")))
	}
	return strings.Join(texts, ", ")
}

// lines says of each wait who waits for what, and who has it.
func lines(waits []*wait) []string {
	var all []string
	for _, w := range waits[:min(len(waits), maxEvidence/2)] {
		line := fmt.Sprintf("task %s waits for %s", w.waiter, w)
		switch {
		case w.owner != nil:
			line += fmt.Sprintf(", which task %s holds", w.owner)
		case w.holders != "":
			line += ": " + w.holders
		}
		all = append(all, line)
	}
	return all
}
