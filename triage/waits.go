package triage

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/locking"
	"github.com/godrgn/drgn/types"
)

// A wait is a task that waits for something.
type wait struct {
	waiter  *task
	kind    string // "mutex", "rw_semaphore", …
	how     string // "to read", "to write"; "" where there is one way only
	object  uint64 // the address of what it waits for; 0 where it isn't known
	name    string // what lies there: "lab_first"; "" where it isn't known
	disk    string // the block device that is waited for; "" for none
	file    string // the path of the file whose page it is
	owner   *task  // who holds it; nil if nobody does, or it isn't known
	holders string // what is known of who holds it, where that is not just the owner
	told    []string
	problem error // why the object isn't known
}

// String returns "mutex 0xffff888003a2c000 (lab_first) to read".
func (w *wait) String() string {
	text := w.kind
	if w.object != 0 {
		text += fmt.Sprintf(" %#x", w.object)
	}
	if w.name != "" {
		text += " (" + w.name + ")"
	}
	if w.how != "" {
		text += " " + w.how
	}
	return text
}

// A place is a function of the kernel in which tasks wait, and how what they wait for is found: the function has a structure on its stack that
// says who waits, and that is in a list of the object.
type place struct {
	functions []string
	kind, how string
	waiter    string   // the type of that structure; "" if there is none
	task      string   // its member that points to the task
	node      string   // its member that is in the list
	object    string   // the type of what has the list
	lists     []string // members of that type that are the list's head, or point to its first waiter, the newest kernel's first
	locals    []string // what functions call the object
	points    []string // members of the waiter of which one points to the object, where it has no list: the newest kernel's first
	weak      bool     // an outer frame may tell more
	holder    func(w *wait, object drgn.Object) (owner drgn.Object, text string, err error)
}

// places are asked for each frame of a stack, the innermost first. Names of functions are those that kernels from 5.10 to 7.2 have.
var places = []place{
	{functions: []string{"rt_mutex_slowlock", "__rt_mutex_slowlock", "rt_mutex_slowlock_block", "rt_mutex_wait_proxy_lock"}, kind: "rt_mutex"},
	{functions: []string{"__mutex_lock", "__mutex_lock_common", "__mutex_lock_slowpath", "__ww_mutex_lock", "__mutex_lock_killable_slowpath", "__mutex_lock_interruptible_slowpath"},
		kind: "mutex", waiter: "struct mutex_waiter", task: "task", node: "list", object: "struct mutex", lists: []string{"first_waiter", "wait_list"}, locals: []string{"lock"}, holder: mutexHolder},
	{functions: []string{"rwsem_down_read_slowpath", "rwsem_down_read_failed", "__rwsem_down_read_failed_common"}, how: "to read",
		kind: "rw_semaphore", waiter: "struct rwsem_waiter", task: "task", node: "list", object: "struct rw_semaphore", lists: []string{"first_waiter", "wait_list"}, locals: []string{"sem"}, holder: semaphoreHolder},
	{functions: []string{"rwsem_down_write_slowpath", "rwsem_down_write_failed", "__rwsem_down_write_failed_common"}, how: "to write",
		kind: "rw_semaphore", waiter: "struct rwsem_waiter", task: "task", node: "list", object: "struct rw_semaphore", lists: []string{"first_waiter", "wait_list"}, locals: []string{"sem"}, holder: semaphoreHolder},
	{functions: []string{"___down_common", "__down_common", "__down", "__down_killable", "__down_interruptible", "__down_timeout"},
		kind: "semaphore", waiter: "struct semaphore_waiter", task: "task", node: "list", object: "struct semaphore", lists: []string{"first_waiter", "wait_list"}, locals: []string{"sem"}, holder: nobody("semaphores do not record who holds them")},
	{functions: []string{"percpu_rwsem_wait"},
		kind: "percpu_rw_semaphore", waiter: "struct wait_queue_entry", task: "private", node: "entry", object: "struct percpu_rw_semaphore", lists: []string{"waiters.head"}, locals: []string{"sem"},
		holder: nobody("it is held to write, as by who freezes a file system; by whom is not recorded")},
	{functions: []string{"do_wait_for_common", "__wait_for_common", "wait_for_common"},
		kind: "completion", waiter: "struct swait_queue", task: "task", node: "task_list", object: "struct completion", lists: []string{"wait.task_list"}, locals: []string{"x"},
		holder: nobody("completions do not record who will complete them")},
	{functions: []string{"folio_wait_bit_common", "wait_on_page_bit_common", "__lock_page", "__folio_lock"},
		kind: "page", waiter: "struct wait_page_queue", task: "wait.private", node: "wait.entry", object: "struct page", points: []string{"folio", "page"}, holder: pageHolder},
	{functions: []string{"__wait_on_bit_lock", "__wait_on_bit", "bit_wait", "bit_wait_io", "out_of_line_wait_on_bit"}, kind: "bit lock"},
	{functions: []string{"__wait_rcu_gp", "synchronize_rcu", "synchronize_rcu_expedited", "synchronize_rcu_normal"}, kind: "RCU grace period"},
	{functions: []string{"__synchronize_srcu", "synchronize_srcu"}, kind: "SRCU grace period"},
	{functions: []string{"blk_mq_freeze_queue_wait", "__blk_mq_freeze_queue_wait"}, kind: "frozen block queue"},
	{functions: []string{"blk_mq_get_tag", "__blk_mq_get_tag"},
		kind: "free request", waiter: "struct sbq_wait", task: "wait.private", node: "wait.entry", object: "struct sbitmap_queue", points: []string{"sbq"}, holder: nobody("its requests are under way")},
	{functions: []string{"jbd2_log_wait_commit", "wait_transaction_locked", "add_transaction_credits", "start_this_handle"}, kind: "journal of ext4"},
	{functions: []string{"io_schedule", "io_schedule_timeout"}, kind: "I/O", weak: true},
}

// placeOf returns the place that a function is; ok is false for others. What compilers add to names does not count.
func placeOf(function string) (p *place, ok bool) {
	function, _, _ = strings.Cut(function, ".")
	for i := range places {
		if slices.Contains(places[i].functions, function) {
			return &places[i], true
		}
	}
	return nil, false
}

// waitOf returns what the stack of a task says that it waits for; nil if that is nothing known.
func (a *analysis) waitOf(t *task, trace *drgn.StackTrace) *wait {
	var weak *wait
	for f := range trace.Frames() {
		at, ok := placeOf(f.Name())
		if !ok {
			continue
		}
		if at.weak {
			weak = &wait{waiter: t, kind: at.kind}
			continue
		}
		w := &wait{waiter: t, kind: at.kind, how: at.how}
		switch {
		case at.waiter != "":
			sp, ok := trace.Frame(0).SP()
			if !ok {
				w.problem = fmt.Errorf("the stack pointer of task %s is not known", t)
				break
			}
			w.problem = a.find(w, at, sp, func() []uint64 { return held(at, trace, f.Index()) })
		case at.kind == "rt_mutex":
			w.problem = a.realTime(w)
		}
		switch {
		case w.object == 0:
		case len(at.points) == 0:
			if known, err := a.nameLock(w); err != nil {
				w.problem = errors.Join(w.problem, err)
			} else if !known {
				w.name = a.nameOf(w.object)
			}
		case at.kind == "page":
			w.problem = errors.Join(w.problem, a.namePage(w))
		default:
			w.problem = errors.Join(w.problem, a.nameQueue(w))
		}
		return w
	}
	return weak
}

// nameQueue says from which disk's requests a task wants one that is free. A struct sbitmap_queue is part of the tags, but for kernels from v5.10 to
// v5.15, where tags point there. Disks of one controller may share them: then it may be each of these.
func (a *analysis) nameQueue(w *wait) error {
	size, err := a.sizeOf("struct blk_mq_tags")
	if err != nil {
		return err
	}
	var names []string
	for _, d := range a.disks {
		if slices.ContainsFunc(d.tags, func(tags uint64) bool { return w.object-tags < size }) {
			names = append(names, d.name)
		}
	}
	if w.name = strings.Join(names, " or "); len(names) == 1 {
		w.disk = names[0]
	}
	return nil
}

// nameOf returns what lies at an address, such as "lab_first" or "slab object: dentry+0x58"; "" where that is not known.
func (a *analysis) nameOf(address uint64) string {
	for _, sb := range a.systems {
		if address-sb.address < sb.size {
			return sb.name
		}
	}
	if name := symbolic(a.p, address); name != "" {
		return name
	}
	for what, err := range a.p.Identify(address) {
		if err != nil {
			return ""
		}
		return what.String()
	}
	return ""
}

// maxRing bounds how many wait for one thing.
const maxRing = 1 << 16

// find finds the object that a task waits for. The waiter's structure is looked for on its stack: it points to the task, and its neighbours in the
// list point back. Around the list stands its head, which is part of the object; where the object only points to the first waiter, the object
// is looked for among what held returns and what the stack has. from is the stack pointer.
func (a *analysis) find(w *wait, at *place, from uint64, held func() []uint64) error {
	toTask, err := a.offset(at.waiter, at.task)
	if err != nil {
		return err
	}
	toNode, err := a.offset(at.waiter, at.node)
	if err != nil {
		return err
	}
	if from < w.waiter.stack || from >= w.waiter.stack+a.stackSize {
		return fmt.Errorf("the stack pointer of task %s is not in its stack", w.waiter)
	}
	words, err := a.words(from, w.waiter.stack+a.stackSize)
	if err != nil {
		return err
	}
	for i, word := range words {
		structure := from + uint64(i)*a.word - toTask
		if word != w.waiter.address || structure < from {
			continue
		}
		ring, err := a.ring(structure + toNode)
		if err != nil || len(ring) < 1 {
			continue // something else that points to the task
		}
		if len(at.points) > 0 {
			if len(ring) < 2 {
				continue // it waits in no queue
			}
			object, err := a.pointedTo(at, structure)
			if err != nil {
				return err
			}
			w.object = object
			w.told = append(w.told, fmt.Sprintf("the %s of task %s, at %#x on its stack, points to the %s at %#x", strings.TrimPrefix(at.waiter, "struct "), w.waiter, structure, at.kind, object))
			return a.holder(w, at)
		}
		object, list, err := a.objectOf(at, ring, toTask-toNode, func() []uint64 { return append(held(), words...) })
		if err != nil {
			return err
		}
		if object == 0 {
			continue
		}
		w.object = object
		w.told = append(w.told, fmt.Sprintf("the %s of task %s, at %#x on its stack, is in the %s of the %s at %#x, with %s", strings.TrimPrefix(at.waiter, "struct "), w.waiter, structure,
			list, at.kind, object, count(max(a.waiters(ring, toTask-toNode), 1), "waiter")))
		return a.holder(w, at)
	}
	return fmt.Errorf("no %s of task %s is on its stack", at.waiter, w.waiter)
}

// holder finds out who holds what is waited for.
func (a *analysis) holder(w *wait, at *place) error {
	o, err := a.at(at.object, w.object)
	if err != nil || at.holder == nil {
		return err
	}
	owner, text, err := at.holder(w, o)
	if err != nil {
		return err
	}
	w.holders = text
	return a.own(w, owner)
}

// pointedTo returns the object that a waiter's structure points to.
func (a *analysis) pointedTo(at *place, structure uint64) (uint64, error) {
	for _, member := range at.points {
		offset, err := a.offset(at.waiter, member)
		var missing *types.MemberError
		if errors.As(err, &missing) {
			continue // of another kernel
		}
		if err != nil {
			return 0, err
		}
		return a.p.ReadUint(structure+offset, int(a.word), false)
	}
	return 0, &drgn.ValueError{Problem: at.waiter + " has no pointer that is known"}
}

// own sets the owner of what is waited for.
func (a *analysis) own(w *wait, owner drgn.Object) error {
	if owner.Prog() == nil {
		return nil
	}
	address, err := owner.Uint()
	if err != nil || address == 0 {
		return err
	}
	if w.owner = a.tasks[address]; w.owner == nil {
		w.holders = fmt.Sprintf("its owner, %#x, is no task that there is", address)
		return nil
	}
	w.told = append(w.told, fmt.Sprintf("the owner of the %s at %#x is task %s", w.kind, w.object, w.owner))
	return nil
}

// ring returns the addresses of the nodes of a list from one on, each of whose neighbours points back.
func (a *analysis) ring(first uint64) ([]uint64, error) {
	nodes := []uint64{first}
	for at := first; ; {
		next, err := a.p.ReadUint(at, int(a.word), false)
		if err != nil {
			return nil, err
		}
		back, err := a.p.ReadUint(next+a.word, int(a.word), false)
		if err != nil {
			return nil, err
		}
		if back != at {
			return nil, fmt.Errorf("the list at %#x is damaged", at)
		}
		if next == first {
			return nodes, nil
		}
		if nodes = append(nodes, next); len(nodes) > maxRing {
			return nil, fmt.Errorf("the list at %#x has no end", first)
		}
		at = next
	}
}

// isWaiter reports whether a node is part of a waiter's structure: it lies on the stack of the task that the structure points to.
func (a *analysis) isWaiter(node, toTask uint64) bool {
	address, err := a.p.ReadUint(node+toTask, int(a.word), false)
	if err != nil {
		return false
	}
	t := a.tasks[address]
	return t != nil && node >= t.stack && node < t.stack+a.stackSize
}

// onStack reports whether an address lies on the stack of a task.
func (a *analysis) onStack(address uint64) bool {
	if a.stacks == nil {
		for _, t := range a.tasks {
			a.stacks = append(a.stacks, t.stack)
		}
		slices.Sort(a.stacks)
	}
	i, found := slices.BinarySearch(a.stacks, address)
	return found || i > 0 && address-a.stacks[i-1] < a.stackSize
}

// waiters returns how many nodes of a ring are waiters.
func (a *analysis) waiters(ring []uint64, toTask uint64) (n uint64) {
	for _, node := range ring {
		if a.isWaiter(node, toTask) {
			n++
		}
	}
	return n
}

// objectOf returns the object that has a list, and the member that is it; 0 if this is no such list. candidates are words of which one may be the
// object's address.
func (a *analysis) objectOf(at *place, ring []uint64, toTask uint64, candidates func() []uint64) (object uint64, list string, err error) {
	for _, list := range at.lists {
		offset, err := a.offset(at.object, list)
		var missing *types.MemberError
		if errors.As(err, &missing) {
			continue // of another kernel
		}
		if err != nil {
			return 0, "", err
		}
		if list != "first_waiter" {
			heads := slices.DeleteFunc(slices.Clone(ring), func(node uint64) bool { return a.isWaiter(node, toTask) })
			if len(heads) != 1 {
				return 0, "", nil
			}
			return heads[0] - offset, list, nil
		}
		for _, c := range candidates() {
			// What lies on a stack may be a pointer to a waiter as well: it is no lock.
			if c%a.word != 0 || c == 0 || a.onStack(c) {
				continue
			}
			if first, err := a.p.ReadUint(c+offset, int(a.word), false); err == nil && slices.Contains(ring, first) && a.isWaiter(first, toTask) {
				return c, list, nil
			}
		}
		return 0, "", nil
	}
	return 0, "", &drgn.ValueError{Problem: at.object + " has no list of waiters that is known"}
}

// held returns what a frame and those around it call what they wait for, and what their registers have.
func held(at *place, trace *drgn.StackTrace, frame int) []uint64 {
	var all []uint64
	for i := frame; i < min(trace.Len(), frame+6); i++ {
		f := trace.Frame(i)
		for _, name := range at.locals {
			if v, err := f.Object(name).Uint(); err == nil {
				all = append(all, v)
			}
		}
		for _, r := range f.Registers() {
			all = append(all, r.Value)
		}
	}
	return all
}

// realTime finds the rt_mutex that a task waits for, which it points to itself.
func (a *analysis) realTime(w *wait) error {
	lock := w.waiter.object.Member("pi_blocked_on").Member("lock")
	address, err := lock.Uint()
	if err != nil {
		return err
	}
	w.object = address
	owner, err := lock.Member("owner").Uint()
	if err != nil {
		return err
	}
	w.told = append(w.told, fmt.Sprintf("pi_blocked_on of task %s is of the rt_mutex at %#x", w.waiter, address))
	return a.own(w, drgn.PointerValue(lock, "struct task_struct", owner&^1)) // bit 0: there are waiters
}

// mutexHolder returns who holds a mutex.
func mutexHolder(_ *wait, lock drgn.Object) (drgn.Object, string, error) {
	owner := locking.MutexOwner(lock)
	free, err := owner.IsNull()
	if free {
		return owner, "nobody holds it now", err
	}
	return owner, "", err
}

// semaphoreHolder returns who holds a read-write semaphore.
func semaphoreHolder(_ *wait, sem drgn.Object) (drgn.Object, string, error) {
	state, err := locking.SemaphoreState(sem)
	if err != nil {
		return drgn.Object{}, "", err
	}
	switch state {
	case locking.WriteLocked:
		return locking.SemaphoreOwner(sem), "", nil
	case locking.ReadLocked:
		return drgn.Object{}, "readers hold it, which are not recorded", nil
	}
	return drgn.Object{}, "nobody holds it now", nil
}

// nobody is of what records no owner.
func nobody(why string) func(*wait, drgn.Object) (drgn.Object, string, error) {
	return func(*wait, drgn.Object) (drgn.Object, string, error) { return drgn.Object{}, why, nil }
}
