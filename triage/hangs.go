package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/stacks"
)

var hang = topic{"hangs", "Who waits for whom",
	"the stacks of all tasks, grouped; what those in an uninterruptible sleep wait for, and who waits for which lock that whom holds", lookAtHangs}

// Bounds of what is shown and looked at.
const (
	maxWaits     = 1000 // tasks whose waits are analysed
	maxGroups    = 40   // groups of stacks of tasks in an uninterruptible sleep
	otherGroups  = 10   // others
	shownThreads = 100  // of a group
)

func lookAtHangs(s *scene, out *book) error {
	groups, err := s.groups()
	out.miss("the stacks of all tasks", err)
	found, err := s.waits()
	out.miss("who waits for whom", err)
	out.missed(found.gaps)
	waits := found.waits
	out.find(hanging(found.hanging, hangLimit(s, out))...)
	out.find(deadlocks(waits)...)
	out.find(queues(waits)...)
	if len(waits) > 0 {
		out.add(report.Part{Title: "Tasks that wait for something known", Table: waitTable(waits)})
		if graph := waitGraph(waits); graph != nil {
			out.add(report.Part{Title: "Who waits for whom", Picture: graph})
		}
	}
	var sleeping, rest []report.Stack
	states := map[string]int{}
	for i := range groups {
		stack := s.groupOf(&groups[i], states)
		if groups[i].Hangs() {
			sleeping = append(sleeping, stack)
		} else {
			rest = append(rest, stack)
		}
	}
	if len(states) > 0 {
		out.add(report.Part{Title: "States of tasks", Facts: stateFacts(states)})
	}
	if len(sleeping) > 0 {
		out.add(stackPart("Stacks with tasks in an uninterruptible sleep", sleeping, maxGroups))
	}
	if len(rest) > 0 {
		out.add(stackPart("The most common other stacks", rest, otherGroups))
	}
	if len(groups) > 0 {
		picture, err := flames(groups)
		out.miss("the flame graph", err)
		out.add(report.Part{Title: "All stacks", Note: "click to look closer; each function is as wide as there are tasks in it", Picture: picture})
	}
	return nil
}

// hangLimit returns how long the kernel itself lets tasks hang; 0 if it does not look.
func hangLimit(s *scene, out *book) time.Duration {
	if !has(s.p, "sysctl_hung_task_timeout_secs") {
		return 0 // without CONFIG_DETECT_HUNG_TASK
	}
	seconds, err := s.p.Variable("sysctl_hung_task_timeout_secs").Uint()
	out.miss("hung_task_timeout_secs", err)
	return time.Duration(min(seconds, 1<<32)) * time.Second
}

// groupOf returns a group of threads as a report has it, and counts their states.
func (s *scene) groupOf(g *stacks.Group, states map[string]int) report.Stack {
	stack := report.Stack{Frames: []report.Frame{}}
	for i, t := range g.Threads {
		states[t.State]++
		if i < shownThreads {
			stack.Threads = append(stack.Threads, report.Thread{ID: t.TID, Name: t.Name, State: t.State, Waiting: t.Waiting})
		}
	}
	stack.Title = g.Heading()
	for _, f := range g.Frames[:min(len(g.Frames), maxFrames)] {
		frame := report.Frame{Function: f.Function, Inline: f.Inline}
		if f.Source.Filename != "" {
			frame.Source = f.Source.String()
		}
		stack.Frames = append(stack.Frames, frame)
	}
	if g.Err != nil {
		stack.Error = g.Err.Error()
	}
	return stack
}

// stackPart returns a part with at most so many stacks.
func stackPart(title string, all []report.Stack, most int) report.Part {
	part := report.Part{Title: title, Stacks: all}
	if more := len(all) - most; more > 0 {
		part.Stacks, part.Note = all[:most], fmt.Sprintf("%s more: drgn stacks shows all", count(more, "stack"))
	}
	return part
}

// stateFacts returns how many tasks are in which state.
func stateFacts(states map[string]int) []report.Fact {
	var facts []report.Fact
	for state, n := range states {
		facts = append(facts, report.Fact{Name: cmp.Or(state, "not known"), Value: uint64(n)})
	}
	slices.SortFunc(facts, func(a, b report.Fact) int {
		return cmp.Or(cmp.Compare(b.Value.(uint64), a.Value.(uint64)), strings.Compare(a.Name, b.Name))
	})
	return facts
}

// A waiting is what is known of who waits for what.
type waiting struct {
	waits   []*wait
	hanging []report.Thread // that are in an uninterruptible sleep and can't be killed
	gaps
}

// wakeKill is the bit of a task's state that says that it sleeps only until it is killed (TASK_WAKEKILL in include/linux/sched.h, since v4.14); as
// it waits for a child that it made by vfork.
const wakeKill = 0x100

// findWaits returns what tasks wait for: those in an uninterruptible sleep, and others that wait for a lock.
func (s *scene) findWaits() (found waiting, err error) {
	groups, err := s.groups()
	if err != nil && len(groups) == 0 {
		return found, err
	}
	wanted := map[uint64]report.Thread{}
	left := 0
	for i := range groups {
		g := &groups[i]
		locks := slices.ContainsFunc(g.Frames, func(f stacks.Frame) bool {
			at, ok := placeOf(f.Function)
			return ok && (at.kind == "rt_mutex" || at.waiter != "" && at.kind != "completion")
		})
		for _, t := range g.Threads {
			switch {
			case t.State != "D" && !locks:
			case len(wanted) >= maxWaits:
				left++
			default:
				wanted[t.TID] = report.Thread{ID: t.TID, Name: t.Name, State: t.State, Waiting: t.Waiting}
			}
		}
	}
	if left > 0 {
		found.miss("what more tasks wait for", fmt.Errorf("%d are looked at, %d more are not", maxWaits, left))
	}
	if len(wanted) == 0 {
		return found, nil
	}
	tasks, err := findTasks(s.p)
	found.miss("all tasks", err)
	a, err := newAnalysis(s.p, tasks)
	if err != nil {
		return found, err
	}
	found.miss("mounted file systems", a.findSystems())
	disks, err := s.disks()
	found.miss("block devices", err)
	a.disks = disks.disks
	for _, t := range tasks {
		thread, ok := wanted[t.id]
		if !ok || t.id == 0 {
			continue
		}
		t.thread = thread
		if thread.State == "D" {
			state, err := t.object.MemberAny("__state", "state").Uint()
			found.miss("the state of task "+t.String(), err)
			if err == nil && state&wakeKill == 0 {
				found.hanging = append(found.hanging, thread)
			}
		}
		trace, err := s.p.StackTraceOf(t.object)
		if err != nil {
			found.miss("the stack of task "+t.String(), err)
			continue
		}
		if w := a.waitOf(t, trace); w != nil {
			if w.problem != nil {
				found.miss(fmt.Sprintf("the %s that task %s waits for", w.kind, t), w.problem)
			}
			found.waits = append(found.waits, w)
		}
	}
	slices.SortFunc(found.waits, func(a, b *wait) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.object, b.object), cmp.Compare(a.waiter.id, b.waiter.id))
	})
	slices.SortFunc(found.hanging, func(a, b report.Thread) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(found.gaps, func(a, b report.Gap) int { return cmp.Compare(a.What, b.What) })
	return found, nil
}

// waitTable shows who waits for what.
func waitTable(waits []*wait) *report.Table {
	table := &report.Table{Columns: []report.Column{{Name: "Task"}, {Name: "Name"}, {Name: "State"}, {Name: "For", Unit: report.Time},
		{Name: "Waits for"}, {Name: "At", Unit: report.Address}, {Name: "Which is"}, {Name: "Of file", Private: true}, {Name: "Held by"}}}
	for _, w := range waits {
		row := []any{w.waiter.id, w.waiter.name, w.waiter.thread.State, nil, strings.TrimSpace(w.kind + " " + w.how), nil, w.name, w.file, w.holders}
		if w.waiter.thread.Waiting > 0 {
			row[3] = int64(w.waiter.thread.Waiting)
		}
		if w.object != 0 {
			row[5] = w.object
		}
		if w.owner != nil {
			row[8] = w.owner.String()
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}
