// Package mm looks at the kernel's memory management: pages, page tables, address spaces and what is mapped in them
// (include/linux/mm.h).
package mm

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/mapletree"
	"github.com/godrgn/drgn/linux/rbtree"
)

const vma = "struct vm_area_struct"

// ForEachVMA walks the areas of an address space in the order of their addresses, each as a struct vm_area_struct *.
//
// mm is a struct mm_struct *.
//
//drgn:helper for_each_vma
func ForEachVMA(mm drgn.Object) iter.Seq2[drgn.Object, error] {
	// They are in a maple tree since v6.1, commit 763ecb035029; in a linked list before.
	if !mm.HasMember("mm_mt") {
		return walk.Nodes("list of memory areas", mm.Member("mmap"), "vm_next")
	}
	return func(yield func(drgn.Object, error) bool) {
		t, err := mm.Prog().Type(vma + " *")
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for r, err := range mapletree.ForEach(mm.Member("mm_mt").AddressOf(), false) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			area := r.Value.Cast(t)
			if !yield(area, area.Err()) {
				return
			}
		}
	}
}

// FindVMA returns the area that contains an address as a struct vm_area_struct *; a null pointer if none does.
//
// mm is a struct mm_struct *.
//
//drgn:helper vma_find
//drgn:wraps
func FindVMA(mm drgn.Object, addr uint64) drgn.Object {
	if err := mm.Err(); err != nil {
		return mm
	}
	if mm.HasMember("mm_mt") {
		t, err := mm.Prog().Type(vma + " *")
		if err != nil {
			return drgn.Failed(err)
		}
		return mapletree.Load(mm.Member("mm_mt").AddressOf(), addr, false).Cast(t)
	}
	return rbtree.Find(vma, mm.Member("mm_rb").AddressOf(), "vm_rb", func(area drgn.Object) (int, error) {
		var a struct {
			Start uint64 `drgn:"vm_start"`
			End   uint64 `drgn:"vm_end"`
		}
		err := area.Decode(&a)
		return side(addr, a.Start, a.End), err
	})
}

// side says on which side of a range an address lies: -1 below, 1 above, 0 in it. end is exclusive.
func side(addr, start, end uint64) int {
	switch {
	case addr < start:
		return -1
	case addr >= end:
		return 1
	}
	return 0
}

const vmap = "struct vmap_area"

// FindVmapArea returns the area of vmalloc that contains an address as a struct vmap_area *; a null pointer if none
// does.
//
//drgn:helper find_vmap_area
//drgn:wraps
func FindVmapArea(p *drgn.Program, addr uint64) drgn.Object {
	compare := func(area drgn.Object) (int, error) {
		var a struct {
			Start uint64 `drgn:"va_start"`
			End   uint64 `drgn:"va_end"`
		}
		err := area.Decode(&a)
		return side(addr, a.Start, a.End), err
	}
	for root, err := range vmapRoots(p) {
		if err != nil {
			return drgn.Failed(err)
		}
		area := rbtree.Find(vmap, root, "rb_node", compare)
		if null, err := area.IsNull(); err != nil || !null {
			return area
		}
	}
	return drgn.Null(p, vmap)
}

// ForEachVmapArea walks the areas of vmalloc, each as a struct vmap_area *.
//
//drgn:helper for_each_vmap_area
func ForEachVmapArea(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		for root, err := range vmapRoots(p) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			for area, err := range rbtree.InorderForEachEntry(vmap, root, "rb_node") {
				if !yield(area, err) || err != nil {
					return
				}
			}
		}
	}
}

// maxVmapNodes bounds the number of trees: the kernel makes no more than 128.
const maxVmapNodes = 1 << 16

// vmapRoots walks the roots of the trees of areas in use, as struct rb_root *.
func vmapRoots(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		// One tree became several in v6.9, commit d093602919ad.
		nodes := p.Variable("vmap_nodes")
		if drgn.IsNotFound(nodes.Err()) {
			root := p.Variable("vmap_area_root").AddressOf()
			yield(root, root.Err())
			return
		}
		if _, absent := nodes.Absent(); absent {
			// The compiler knows that a kernel of 32 bits has but the one that they are at first, single.
			root := p.FindObject("single", drgn.FindVariable, "mm/vmalloc.c").Member("busy").Member("root").AddressOf()
			yield(root, root.Err())
			return
		}
		n, err := p.Variable("nr_vmap_nodes").Uint()
		if err == nil && n > maxVmapNodes {
			err = &drgn.ValueError{Problem: "nr_vmap_nodes is too large"}
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for i := range n {
			root := nodes.Index(int64(i)).Member("busy").Member("root").AddressOf()
			if !yield(root, root.Err()) {
				return
			}
		}
	}
}
