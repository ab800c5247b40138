package linux

import (
	"sort"
	"sync/atomic"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/pid"
)

// taskStacks are the stacks of all tasks, in the order of their addresses.
type taskStacks struct {
	size   uint64 // of each in bytes
	stacks []taskStack
	// mapped says that all but those of idle tasks lie in the area of vmalloc, as they do if the kernel was built so (CONFIG_VMAP_STACK).
	mapped bool
}

type taskStack struct {
	start uint64
	pid   uint64 // 0: an idle task
	task  drgn.Object
}

// at returns the stack that an address lies on.
func (all *taskStacks) at(address uint64) (s taskStack, ok bool) {
	i := sort.Search(len(all.stacks), func(i int) bool { return all.stacks[i].start > address })
	if i == 0 || address-all.stacks[i-1].start >= all.size {
		return s, false
	}
	return all.stacks[i-1], true
}

// noStackAt reports whether an address surely lies on no stack, also of a task that has come since the stacks were gathered.
func (all *taskStacks) noStackAt(p *drgn.Program, address uint64) bool {
	if !all.mapped {
		return false
	}
	if direct, err := mm.InDirectMap(p, address); direct || err != nil {
		return err == nil
	}
	area := mm.FindVmapArea(p, address)
	if null, err := area.IsNull(); null || err != nil {
		return err == nil
	}
	var a struct {
		Start uint64 `drgn:"va_start"`
		End   uint64 `drgn:"va_end"`
	}
	page, err := p.Object("PAGE_SIZE").Uint()
	if err != nil || area.Decode(&a) != nil {
		return false
	}
	return a.End-a.Start < all.size || a.End-a.Start > all.size+page // behind a stack may be a guard page
}

// isStill reports whether a stack of a running kernel is still that of its task: the kernel finds the task by its PID.
func (s taskStack) isStill(p *drgn.Program) bool {
	if s.pid != 0 { // idle tasks stay
		task, err := pid.FindTask(p, s.pid).Uint()
		if at, e := s.task.Uint(); err != nil || e != nil || task != at {
			return false
		}
	}
	start, err := s.task.Member("stack").Uint()
	return err == nil && start == s.start
}

type (
	stacksKey       struct{}
	latestStacksKey struct{}
)

// stackOwner returns the task whose stack an address lies on, and where the stack starts. Those of a dump are gathered
// once; those of a running kernel again when what was gathered does not tell, or is no longer so.
func stackOwner(p *drgn.Program, address uint64) (task drgn.Object, start uint64, ok bool, err error) {
	if p.Flags()&drgn.IsLive == 0 {
		all, err := drgn.Memo(p, stacksKey{}, func() (*taskStacks, error) { return gatherStacks(p) })
		if err != nil {
			return task, 0, false, err
		}
		s, ok := all.at(address)
		return s.task, s.start, ok, nil
	}
	latest, err := drgn.Memo(p, latestStacksKey{}, func() (*atomic.Pointer[taskStacks], error) { return new(atomic.Pointer[taskStacks]), nil })
	if err != nil {
		return task, 0, false, err
	}
	if before := latest.Load(); before != nil {
		s, ok := before.at(address)
		if ok && s.isStill(p) {
			return s.task, s.start, true, nil
		}
		if !ok && before.noStackAt(p, address) {
			return task, 0, false, nil
		}
	}
	now, err := gatherStacks(p)
	if err != nil {
		return task, 0, false, err
	}
	latest.Store(now)
	s, ok := now.at(address)
	return s.task, s.start, ok, nil
}

func gatherStacks(p *drgn.Program) (*taskStacks, error) {
	size, err := p.Object("THREAD_SIZE").Uint()
	if err != nil {
		return nil, err
	}
	all, mapped, direct := &taskStacks{size: size}, 0, 0
	for task, err := range pid.ForEachTask(p, true) {
		if err != nil {
			return nil, err
		}
		start, err := task.Member("stack").Uint()
		if err != nil {
			return nil, err
		}
		if start == 0 {
			continue // a zombie's may be gone
		}
		s := taskStack{start: start, task: task}
		if s.pid, err = task.Member("pid").Uint(); err != nil {
			return nil, err
		}
		all.stacks = append(all.stacks, s)
		if isDirect, err := mm.InDirectMap(p, start); s.pid != 0 && (err != nil || isDirect) {
			direct++
		} else if s.pid != 0 {
			mapped++
		}
	}
	all.mapped = mapped > 0 && direct == 0
	sort.Slice(all.stacks, func(i, j int) bool { return all.stacks[i].start < all.stacks[j].start })
	return all, nil
}
