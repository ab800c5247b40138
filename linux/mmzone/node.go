// Package mmzone looks at the kernel's nodes, zones and sections of memory (include/linux/mmzone.h).
package mmzone

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/bitops"
)

// NodeData returns what the kernel knows of a node of memory, as a struct pglist_data *.
//
//drgn:helper NODE_DATA
func NodeData(p *drgn.Program, nid uint64) drgn.Object {
	nodes := p.Variable("node_data")
	if drgn.IsNotFound(nodes.Err()) { // without CONFIG_NUMA there is one
		return p.Variable("contig_page_data").AddressOf()
	}
	n, err := nodes.Len()
	if err != nil {
		return drgn.Failed(err)
	}
	if nid >= n {
		return drgn.Failed(&drgn.ValueError{Problem: "there is no such node"})
	}
	return nodes.Index(int64(nid))
}

// ForEachOnlineNode walks the nodes of memory that are online, each as a struct pglist_data *.
//
//drgn:helper for_each_online_pgdat
func ForEachOnlineNode(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		nodes := p.Variable("node_data")
		if err := nodes.Err(); drgn.IsNotFound(err) {
			node := NodeData(p, 0)
			yield(node, node.Err())
			return
		}
		n, err := nodes.Len()
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		online, err := p.Constant("N_ONLINE").Int()
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for nid, err := range bitops.ForEachSetBit(p.Variable("node_states").Index(online).Member("bits"), n) {
			node := drgn.Object{}
			if err == nil {
				node = NodeData(p, nid)
				err = node.Err()
			}
			if !yield(node, err) || err != nil {
				return
			}
		}
	}
}

// Watermark returns a watermark of a zone in pages, with what it is raised by for a while.
//
// zone is a struct zone *; i is an enum zone_watermarks.
//
//drgn:helper wmark_pages(zone, i)
func Watermark(zone drgn.Object, i uint64) (uint64, error) {
	// watermark became _watermark, which may be raised, in v5.0.
	marks := zone.MemberAny("_watermark", "watermark")
	n, err := marks.Len()
	if err != nil {
		return 0, err
	}
	if i >= n {
		return 0, &drgn.ValueError{Problem: "zones have no such watermark"}
	}
	mark, err := marks.Index(int64(i)).Uint()
	if err != nil || !zone.HasMember("watermark_boost") {
		return mark, err
	}
	boost, err := zone.Member("watermark_boost").Uint()
	return mark + boost, err
}

func watermark(zone drgn.Object, name string) (uint64, error) {
	if err := zone.Err(); err != nil {
		return 0, err
	}
	i, err := zone.Prog().Constant(name).Uint()
	if err != nil {
		return 0, err
	}
	return Watermark(zone, i)
}

// MinWatermark returns how many free pages a zone keeps for the most urgent needs.
//
// zone is a struct zone *.
//
//drgn:helper min_wmark_pages
func MinWatermark(zone drgn.Object) (uint64, error) { return watermark(zone, "WMARK_MIN") }

// LowWatermark returns below how many free pages of a zone memory begins to be reclaimed.
//
// zone is a struct zone *.
//
//drgn:helper low_wmark_pages
func LowWatermark(zone drgn.Object) (uint64, error) { return watermark(zone, "WMARK_LOW") }

// HighWatermark returns from how many free pages of a zone on no more memory is reclaimed.
//
// zone is a struct zone *.
//
//drgn:helper high_wmark_pages
func HighWatermark(zone drgn.Object) (uint64, error) { return watermark(zone, "WMARK_HIGH") }
