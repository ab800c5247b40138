package linux

import "github.com/godrgn/drgn"

// StackAt tells of an address whether it lies on the stack of a task, whether that still is so, and whether it surely lies on none.
func StackAt(p *drgn.Program, address uint64) (on, still, none bool, err error) {
	all, err := gatherStacks(p)
	if err != nil {
		return false, false, false, err
	}
	s, on := all.at(address)
	return on, on && s.isStill(p), all.noStackAt(p, address), nil
}

// OtherStack tells whether a stack is taken for that of a task although it has another one, or although no task has its PID.
func OtherStack(p *drgn.Program, task drgn.Object) (bool, error) {
	start, err := task.Member("stack").Uint()
	if err != nil {
		return false, err
	}
	id, err := task.Member("pid").Uint()
	if err != nil {
		return false, err
	}
	return taskStack{start: start + 0x1000, pid: id, task: task}.isStill(p) || taskStack{start: start, pid: 1 << 21, task: task}.isStill(p) ||
		taskStack{start: start, pid: id, task: task.Member("real_parent")}.isStill(p), nil
}
