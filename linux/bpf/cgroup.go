package bpf

import (
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/types"
)

// enumerator returns the name of a value of an enumeration, "" if none has it.
func enumerator(t *types.Type, value uint64) (string, error) {
	all, err := t.Enumerators()
	if err != nil {
		return "", err
	}
	for _, e := range all {
		if e.Value == value {
			return e.Name, nil
		}
	}
	return "", nil
}

// places are where a control group has the programs of a type of attachment: from first up to but not including end.
type places struct{ first, end uint64 }

// placesOf returns the places of a type of attachment: none of a type that is not for control groups.
//
// A control group had room for each enum bpf_attach_type until v5.15 and has an enumeration of its own since, whose
// CGROUP_DEVICE is the place of BPF_CGROUP_DEVICE.
func placesOf(p *drgn.Program, attachType uint64) (at places, err error) {
	own, err := p.Type("enum cgroup_bpf_attach_type")
	if drgn.IsNotFound(err) {
		return places{attachType, attachType + 1}, nil
	}
	if err != nil {
		return at, err
	}
	all, err := p.Type("enum bpf_attach_type")
	if err != nil {
		return at, err
	}
	name, err := enumerator(all, attachType)
	if err != nil {
		return at, err
	}
	if name == "" {
		return at, &drgn.ValueError{Problem: fmt.Sprintf("enum bpf_attach_type has no value %d", attachType)}
	}
	first, last := strings.TrimPrefix(name, "BPF_"), strings.TrimPrefix(name, "BPF_")
	if name == "BPF_LSM_CGROUP" { // a place for each hook, since v6.0
		first, last = "CGROUP_LSM_START", "CGROUP_LSM_END"
	}
	enumerators, err := own.Enumerators()
	for _, e := range enumerators {
		if e.Name == first {
			at.first = e.Value
		}
		if e.Name == last {
			at.end = e.Value + 1
		}
	}
	return at, err
}

// slots walks the elements of an array of the programs of a control group that are for a type of attachment.
func slots(cgrp drgn.Object, member string, attachType uint64) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		array := cgrp.Member("bpf").Member(member)
		n, err := array.Len()
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		at, err := placesOf(cgrp.Prog(), attachType)
		if err == nil && (at.first >= n || at.end > n) {
			err = &drgn.ValueError{Problem: fmt.Sprintf("control groups have no BPF programs of type %d", attachType)}
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for i := at.first; i < at.end; i++ {
			if !yield(array.Index(int64(i)), nil) {
				return
			}
		}
	}
}

// ForEachAttached walks the BPF programs that are attached to a control group itself, each as a struct bpf_prog *.
//
// cgrp is a struct cgroup *; bpf_attach_type is an enum bpf_attach_type.
//
//drgn:helper cgroup_bpf_prog_for_each(cgrp, bpf_attach_type)
func ForEachAttached(cgrp drgn.Object, attachType uint64) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		for head, err := range slots(cgrp, "progs", attachType) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			head = head.AddressOf()
			entries := list.ForEachEntry("struct bpf_prog_list", head, "node")
			if head.HasMember("first") { // a hash list since v6.0, commit 00442143a2ab
				entries = list.HlistForEachEntry("struct bpf_prog_list", head, "node")
			}
			for e, err := range entries {
				prog := drgn.Object{}
				if err == nil {
					prog = attached(e)
					err = prog.Err()
				}
				if !yield(prog, err) || err != nil {
					return
				}
			}
		}
	}
}

// attached returns the program of a struct bpf_prog_list *. That of a link is in the link.
func attached(e drgn.Object) drgn.Object {
	if e.HasMember("link") {
		link := e.Member("link").Read()
		if none, err := link.IsNull(); err != nil {
			return drgn.Failed(err)
		} else if !none {
			return link.Member("link").Member("prog")
		}
	}
	return e.Member("prog")
}

// maxEffective bounds how many programs may be in effect for a control group (BPF_CGROUP_MAX_PROGS is 64 for each of its
// ancestors).
const maxEffective = 1 << 16

// ForEachEffective walks the BPF programs that are in effect for a control group, which may be attached to one above
// it, each as a struct bpf_prog *.
//
// cgrp is a struct cgroup *; bpf_attach_type is an enum bpf_attach_type.
//
//drgn:helper cgroup_bpf_prog_for_each_effective(cgrp, bpf_attach_type)
func ForEachEffective(cgrp drgn.Object, attachType uint64) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		for array, err := range slots(cgrp, "effective", attachType) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			if !effective(array.Read(), yield) {
				return
			}
		}
	}
}

// effective yields the programs in a struct bpf_prog_array *, which a null pointer ends; it reports whether to go on.
func effective(array drgn.Object, yield func(drgn.Object, error) bool) bool {
	fail := func(err error) bool {
		yield(drgn.Object{}, err)
		return false
	}
	if none, err := array.IsNull(); err != nil {
		return fail(err)
	} else if none {
		return true
	}
	for i := range int64(maxEffective) {
		prog := array.Member("items").Index(i).Member("prog").Read()
		none, err := prog.IsNull()
		if err != nil {
			return fail(err)
		}
		if none {
			return true
		}
		if !yield(prog, nil) {
			return false
		}
	}
	return fail(walk.Corrupt("array of BPF programs", "it has no end"))
}
