// Package bpf finds the kernel's BPF programs, maps, links and type information, and what is attached to control groups
// (include/linux/bpf.h).
package bpf

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/idr"
)

// forEach walks what has an ID in an IDR of the kernel, each as a pointer to typ.
func forEach(p *drgn.Program, ids, typ string) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		for e, err := range idr.ForEachEntry(p.Variable(ids).AddressOf(), typ) {
			if !yield(e.Value, err) || err != nil {
				return
			}
		}
	}
}

// ForEachProgram walks the BPF programs in the order of their IDs, each as a struct bpf_prog *.
//
//drgn:helper bpf_prog_for_each
func ForEachProgram(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return forEach(p, "prog_idr", "struct bpf_prog")
}

// ForEachMap walks the BPF maps in the order of their IDs, each as a struct bpf_map *.
//
//drgn:helper bpf_map_for_each
func ForEachMap(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return forEach(p, "map_idr", "struct bpf_map")
}

// ForEachLink walks the BPF links in the order of their IDs, each as a struct bpf_link *. There are such since v5.8.
//
//drgn:helper bpf_link_for_each
func ForEachLink(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return forEach(p, "link_idr", "struct bpf_link")
}

// ForEachBTF walks the BTF objects, which hold types, in the order of their IDs, each as a struct btf *.
//
//drgn:helper bpf_btf_for_each
func ForEachBTF(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return forEach(p, "btf_idr", "struct btf")
}

func byID(p *drgn.Program, ids, typ string, id uint64) drgn.Object {
	t, err := p.Type(typ)
	if err != nil {
		return drgn.Failed(err)
	}
	return idr.Find(p.Variable(ids).AddressOf(), id).Cast(t)
}

// ProgramByID returns the BPF program of an ID, as a struct bpf_prog *; a null pointer if there is none.
//
//drgn:helper bpf_prog_by_id
func ProgramByID(p *drgn.Program, id uint64) drgn.Object {
	return byID(p, "prog_idr", "struct bpf_prog *", id)
}

// MapByID returns the BPF map of an ID, as a struct bpf_map *; a null pointer if there is none.
//
//drgn:helper bpf_map_by_id
func MapByID(p *drgn.Program, id uint64) drgn.Object {
	return byID(p, "map_idr", "struct bpf_map *", id)
}

// maxUsedMaps bounds how many maps a program may use (MAX_USED_MAPS is 64).
const maxUsedMaps = 1 << 16

// UsedMaps walks the maps that a BPF program uses, each as a struct bpf_map *.
//
// bpf_prog is a struct bpf_prog *.
//
//drgn:helper bpf_prog_used_maps(bpf_prog)
//drgn:eager faults
func UsedMaps(prog drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		aux := prog.Member("aux").Read()
		n, err := aux.Member("used_map_cnt").Uint()
		if err == nil && n > maxUsedMaps {
			err = walk.Corrupt("BPF program", "it uses too many maps")
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		maps := aux.Member("used_maps").Read()
		for i := range n {
			m := maps.Index(int64(i)).Read()
			if err := m.Err(); !yield(m, err) || err != nil {
				return
			}
		}
	}
}
