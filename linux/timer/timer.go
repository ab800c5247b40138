// Package timer walks the kernel's timers: those of the timer wheel (kernel/time/timer.c) and high-resolution ones
// (include/linux/hrtimer.h).
package timer

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/rbtree"
)

// BaseNames returns what the kernel calls the elements of each CPU's timer_bases.
//
//drgn:helper timer_base_names -> Sequence[str]
func BaseNames(p *drgn.Program) ([]string, error) {
	n, err := p.Variable("timer_bases").Len()
	if err != nil {
		return nil, err
	}
	switch n {
	case 1: // without CONFIG_NO_HZ_COMMON
		return []string{"BASE_STD"}, nil
	case 2:
		return []string{"BASE_STD", "BASE_DEF"}, nil
	case 3: // since v6.9
		return []string{"BASE_LOCAL", "BASE_GLOBAL", "BASE_DEF"}, nil
	}
	return nil, fmt.Errorf("kernel has %d timer bases, whose names are not known", n)
}

// ForEach walks the timers in a base of the timer wheel, each as a struct timer_list *, those that expire sooner on the
// whole before those that expire later.
//
// base is a struct timer_base *.
//
//drgn:helper timer_base_for_each
func ForEach(base drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		vectors := base.Member("vectors")
		n, err := vectors.Len()
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for i := range n {
			for t, err := range list.HlistForEachEntry("struct timer_list", vectors.Index(int64(i)).AddressOf(), "entry") {
				if !yield(t, err) || err != nil {
					return
				}
			}
		}
	}
}

// ForEachHighResolution walks the high-resolution timers of a clock in the order in which they expire, each as a struct
// hrtimer *.
//
// clock_base is a struct hrtimer_clock_base *.
//
//drgn:helper hrtimer_clock_base_for_each(clock_base)
//drgn:eager
func ForEachHighResolution(clock drgn.Object) iter.Seq2[drgn.Object, error] {
	root := clock.Member("active").MemberAny("rb_root", "head")
	if root.HasMember("rb_root") { // remembers its first node since v5.4, commit 511885d7061e
		root = root.Member("rb_root")
	}
	member := "node.node"
	if err := root.Err(); err == nil {
		// In newer kernels nodes are linked in their order, too, which is a structure of its own.
		t, err := root.Prog().Type("struct hrtimer")
		if err == nil {
			if _, err := drgn.OffsetOf(t, "node.node.node"); err == nil {
				member = "node.node.node"
			}
		}
	}
	return rbtree.InorderForEachEntry("struct hrtimer", root.AddressOf(), member)
}
