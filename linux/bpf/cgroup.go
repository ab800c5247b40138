package bpf

import (
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn"
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

// place returns where a control group has the programs of a type of attachment; ok is false for a type that control
// groups have none of.
//
// A control group had room for each enum bpf_attach_type until v5.15 and has an enumeration of its own since, whose
// CGROUP_DEVICE is the place of BPF_CGROUP_DEVICE.
func place(p *drgn.Program, attachType uint64) (i int64, ok bool, err error) {
	own, err := p.Type("enum cgroup_bpf_attach_type")
	if drgn.IsNotFound(err) {
		return int64(attachType), true, nil
	}
	if err != nil {
		return 0, false, err
	}
	all, err := p.Type("enum bpf_attach_type")
	if err != nil {
		return 0, false, err
	}
	name, err := enumerator(all, attachType)
	if err != nil {
		return 0, false, err
	}
	if name == "" {
		return 0, false, &drgn.ValueError{Problem: fmt.Sprintf("enum bpf_attach_type has no value %d", attachType)}
	}
	places, err := own.Enumerators()
	if err != nil {
		return 0, false, err
	}
	for _, e := range places {
		if e.Name == strings.TrimPrefix(name, "BPF_") {
			return int64(e.Value), true, nil
		}
	}
	if name == "BPF_LSM_CGROUP" {
		return 0, false, &drgn.ValueError{Problem: "programs attached as BPF_LSM_CGROUP have a place for each hook: which is not said"}
	}
	return 0, false, nil
}

// ForEachAttached walks the BPF programs that are attached to a control group itself, each as a struct bpf_prog *.
//
// cgrp is a struct cgroup *; bpf_attach_type is an enum bpf_attach_type.
//
//drgn:helper cgroup_bpf_prog_for_each(cgrp, bpf_attach_type)
func ForEachAttached(cgrp drgn.Object, attachType uint64) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		head, ok, err := slot(cgrp, "progs", attachType)
		if err != nil || !ok {
			if err != nil {
				yield(drgn.Object{}, err)
			}
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

// attached returns the program of a struct bpf_prog_list *. That of a link is in the link.
func attached(e drgn.Object) drgn.Object {
	if e.HasMember("link") {
		link := e.Member("link").Read()
		if none, err := link.IsNull(); err != nil {
			return drgn.Failed(err)
		} else if !none {
			return link.Member("link").Member("prog").Read()
		}
	}
	return e.Member("prog").Read()
}

// slot returns the element of an array of the programs of a control group.
func slot(cgrp drgn.Object, member string, attachType uint64) (o drgn.Object, ok bool, err error) {
	array := cgrp.Member("bpf").Member(member)
	n, err := array.Len()
	if err != nil {
		return o, false, err
	}
	i, ok, err := place(cgrp.Prog(), attachType)
	if err != nil || !ok {
		return o, false, err
	}
	if i < 0 || uint64(i) >= n {
		return o, false, &drgn.ValueError{Problem: fmt.Sprintf("control groups have no BPF programs of type %d", attachType)}
	}
	return array.Index(i), true, nil
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
		array, ok, err := slot(cgrp, "effective", attachType)
		if err != nil || !ok {
			if err != nil {
				yield(drgn.Object{}, err)
			}
			return
		}
		array = array.Read()
		if none, err := array.IsNull(); err != nil {
			yield(drgn.Object{}, err)
			return
		} else if none {
			return
		}
		for i := range int64(maxEffective) {
			prog := array.Member("items").Index(i).Member("prog").Read()
			none, err := prog.IsNull()
			if err == nil && none {
				return
			}
			if !yield(prog, err) || err != nil {
				return
			}
		}
		yield(drgn.Object{}, fmt.Errorf("array of BPF programs is corrupt: it has no end"))
	}
}
