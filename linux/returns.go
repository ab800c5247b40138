package linux

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/llist"
)

// trampolines are the functions that tracers let traced ones return to, with what reads the return addresses that a task
// keeps instead, the last replaced first.
var trampolines = []struct {
	name string
	kept func(k *Kernel, task drgn.Object) ([]replaced, error)
}{
	{"return_to_handler", (*Kernel).graphReturns},          // the function graph tracer, fprobe since v6.14
	{"arch_rethook_trampoline", (*Kernel).rethookReturns},  // kretprobe since v5.18 (73f9b911faa7)
	{"__kretprobe_trampoline", (*Kernel).kretprobeReturns}, // before; so called since v5.16
	{"kretprobe_trampoline", (*Kernel).kretprobeReturns},
}

// replaced is a return address that a tracer has replaced.
type replaced struct {
	address uint64
	at      uint64 // where it lay on the stack; 0 if the kernel does not say
}

// maxReplaced bounds how many return addresses of a task may be replaced.
const maxReplaced = 1 << 12

type trampolinesKey struct{}

// trampolineAddresses returns where the trampolines lie that the kernel has; the value is an index of trampolines.
func (k *Kernel) trampolineAddresses() (map[uint64]int, error) {
	found := map[uint64]int{}
	for i, t := range trampolines {
		s, err := k.imageSymbol(t.name)
		switch {
		case err == nil:
			found[s.Address] = i
		case !drgn.IsNotFound(err): // it would be remembered that there is none
			return nil, err
		}
	}
	return found, nil
}

// Returns implements [drgn.KernelCode].
func (k *Kernel) Returns(thread *drgn.Thread) func(ra, at uint64) (real uint64, hooked bool, err error) {
	addresses, err := drgn.Memo(k.prog, trampolinesKey{}, k.trampolineAddresses)
	if err != nil || len(addresses) == 0 {
		return nil // a trampoline that is not recognized has no row: the stack ends there, and says so
	}
	var lists [4]*returnList // of trampolines
	return func(ra, at uint64) (real uint64, hooked bool, err error) {
		// A tracer may have replaced another's trampoline.
		for range trampolines {
			i, ok := addresses[ra]
			if !ok {
				break
			}
			hooked = true
			if lists[i] == nil {
				if lists[i], err = k.returnList(i, thread); err != nil {
					return 0, true, fmt.Errorf("the return address at %#x was replaced by %s: %w", at, trampolines[i].name, err)
				}
			}
			if ra, ok = lists[i].take(at, ra); !ok {
				return 0, true, fmt.Errorf("the return address at %#x was replaced by %s, and the task keeps no other for it", at, trampolines[i].name)
			}
		}
		return ra, hooked, nil
	}
}

// returnList are the replaced return addresses of a task that a walk of its stack has not come to yet.
type returnList struct {
	kept    []replaced
	byPlace bool // where they lay is known, and the walk knows it, too
}

func (k *Kernel) returnList(i int, thread *drgn.Thread) (*returnList, error) {
	if thread == nil {
		return nil, fmt.Errorf("it is not known which task keeps the other")
	}
	kept, err := trampolines[i].kept(k, thread.Object)
	if err != nil {
		return nil, err
	}
	// Where calls put return addresses into a register, tracers keep other places than that on the stack.
	a := k.prog.Platform().Arch
	l := &returnList{kept: kept, byPlace: a.ReturnAddress == a.PC}
	for _, r := range kept {
		l.byPlace = l.byPlace && r.at != 0
	}
	return l, nil
}

// take returns the return address that own, a trampoline's, has replaced at a place, or else the next one. A function that
// was entered by a jump has the place of the one that jumped, whose return address was replaced before: only the first
// has the real one.
func (l *returnList) take(at, own uint64) (address uint64, ok bool) {
	for i, r := range l.kept {
		if r.address == own || l.byPlace && r.at != at {
			continue
		}
		if !l.byPlace {
			l.kept = l.kept[i+1:]
		}
		return r.address, true
	}
	return 0, false
}

// field reads a number that a member has.
func field(o drgn.Object, member string, to *uint64) (err error) {
	*to, err = o.Member(member).Uint()
	return err
}

// graphReturns reads the task's ret_stack.
func (k *Kernel) graphReturns(task drgn.Object) ([]replaced, error) {
	stack := task.Member("ret_stack").Read()
	top, err := task.Member("curr_ret_stack").Int()
	if err != nil {
		return nil, err
	}
	if none, err := stack.IsNull(); err != nil || none || top < 0 {
		return nil, err
	}
	if top > maxReplaced {
		return nil, walk.Corrupt("the task's stack of return addresses", "its top is at %d", top)
	}
	var all []replaced
	add := func(entry drgn.Object) error {
		var r replaced
		if err := field(entry, "ret", &r.address); err != nil {
			return err
		}
		if entry.HasMember("retp") {
			if err := field(entry, "retp", &r.at); err != nil {
				return err
			}
		}
		all = append(all, r)
		return nil
	}
	if !stack.Deref().HasMember("ret") {
		// Words since v6.11, commit 42675b723b48: entries of different sizes, before each what its user keeps, then a word
		// of which bits 0 to 9 say how many words before it the entry begins. The top is after the last.
		const offsetBits = 10
		base, err := stack.Uint()
		if err != nil {
			return nil, err
		}
		t, err := k.prog.Type("struct ftrace_ret_stack")
		if err != nil {
			return nil, err
		}
		for top > 0 {
			word, err := stack.Index(top - 1).Uint()
			if err != nil {
				return nil, err
			}
			size := int64(word & (1<<offsetBits - 1))
			if size == 0 || size > top-1 {
				return nil, walk.Corrupt("the task's stack of return addresses", "its entry at %d has %d words", top-1, size)
			}
			top -= 1 + size
			if err := add(k.prog.ObjectAt(t, base+uint64(top)*uint64(k.prog.Platform().AddressSize()))); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	for ; top >= 0; top-- { // the index of the last
		if err := add(stack.Index(top)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// rethookReturns reads the task's list of struct rethook_node.
func (k *Kernel) rethookReturns(task drgn.Object) ([]replaced, error) {
	return collect(llist.ForEachEntry("struct rethook_node", task.Member("rethooks").Member("first"), "llist"), "frame", nil)
}

// kretprobeReturns reads the task's list of struct kretprobe_instance; before v5.11 (commit d741bf41d7c7) there was a table
// of those of all tasks.
func (k *Kernel) kretprobeReturns(task drgn.Object) ([]replaced, error) {
	if task.HasMember("kretprobe_instances") {
		return collect(llist.ForEachEntry("struct kretprobe_instance", task.Member("kretprobe_instances").Member("first"), "llist"), "fp", nil)
	}
	address, err := task.Uint()
	if err != nil {
		return nil, err
	}
	table := k.prog.Variable("kretprobe_inst_table")
	n, err := table.Len()
	if err != nil {
		return nil, err
	}
	var all []replaced
	for i := range min(n, maxReplaced) {
		found, err := collect(list.HlistForEachEntry("struct kretprobe_instance", table.Index(int64(i)).AddressOf(), "hlist"), "fp", func(o drgn.Object) (bool, error) {
			of, err := o.Member("task").Uint()
			return of == address, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// collect reads the return addresses of a list; place is the member that says where they lay. isOne picks entries; nil means
// all.
func collect(entries iter.Seq2[drgn.Object, error], place string, isOne func(drgn.Object) (bool, error)) (all []replaced, err error) {
	for entry, err := range entries {
		if err != nil {
			return nil, err
		}
		if isOne != nil {
			if one, err := isOne(entry); err != nil || !one {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		var r replaced
		if err := field(entry, "ret_addr", &r.address); err != nil {
			return nil, err
		}
		if entry.HasMember(place) {
			if err := field(entry, place, &r.at); err != nil {
				return nil, err
			}
		}
		if all = append(all, r); len(all) > maxReplaced {
			return nil, walk.Corrupt("the task's list of return addresses", "it has more than %d", maxReplaced)
		}
	}
	return all, nil
}
