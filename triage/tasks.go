package triage

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/report"
)

// A task is what the analysis of waits needs of one.
type task struct {
	address uint64 // of its struct task_struct
	id      uint64
	name    string
	object  drgn.Object
	stack   uint64 // where its kernel stack begins
	thread  report.Thread
}

// String returns "123 (name)".
func (t *task) String() string { return fmt.Sprintf("%d (%s)", t.id, t.name) }

// nameOf returns a task's name, as it can stand in a line.
func nameOf(task drgn.Object) (string, error) {
	name, err := word(task.Member("comm"))
	return report.PrintableLine(name), err
}

// findTasks returns all tasks by the addresses of their struct task_struct; where the list can't be walked to its end, those before with the error.
func findTasks(p *drgn.Program) (map[uint64]*task, error) {
	all := map[uint64]*task{}
	for o, err := range pid.ForEachTask(p, true) {
		if err != nil {
			return all, err
		}
		t := &task{object: o}
		if t.address, err = o.Uint(); err != nil {
			return all, err
		}
		if t.id, err = o.Member("pid").Uint(); err != nil {
			return all, err
		}
		if t.name, err = nameOf(o); err != nil {
			return all, err
		}
		if t.stack, err = o.Member("stack").Uint(); err != nil {
			return all, err
		}
		t.thread = report.Thread{ID: t.id, Name: t.name}
		all[t.address] = t
	}
	return all, nil
}
