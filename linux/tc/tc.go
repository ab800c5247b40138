// Package tc looks at the kernel's traffic control: the queueing disciplines of network devices (include/net/sch_generic.h).
package tc

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
)

// LookupQdisc returns the queueing discipline of a network device that has a handle, as a struct Qdisc *; a null pointer
// if there is none.
//
// dev is a struct net_device *; major is the part of the handle before the colon, which tc(8) writes in hexadecimal. It is
// 0 of a root discipline that the kernel has set up itself.
//
//drgn:helper qdisc_lookup(dev, major)
func LookupQdisc(dev drgn.Object, major int64) drgn.Object {
	none := drgn.PointerValue(dev, "struct Qdisc", 0)
	roots := []drgn.Object{dev.Member("qdisc")}
	if err := roots[0].Err(); err != nil {
		return drgn.Failed(err)
	}
	if none.Err() != nil || major > 0xffff || major < -0x8000 { // -1 is 0xffff, as C has it
		return none
	}
	handle := uint64(uint32(major << 16))
	if dev.HasMember("ingress_queue") { // with CONFIG_NET_CLS_ACT
		ingress := dev.Member("ingress_queue").Read()
		if null, err := ingress.IsNull(); err != nil {
			return drgn.Failed(err)
		} else if !null {
			roots = append(roots, ingress.Member("qdisc_sleeping"))
		}
	}
	for _, root := range roots {
		if null, err := root.IsNull(); err != nil {
			return drgn.Failed(err)
		} else if null {
			continue
		}
		if ok, err := has(root, handle); err != nil {
			return drgn.Failed(err)
		} else if ok {
			return root
		}
	}
	// The disciplines below the roots.
	table := dev.Member("qdisc_hash")
	n, err := table.Len()
	if err != nil {
		return drgn.Failed(err)
	}
	for i := range n {
		for qdisc, err := range list.HlistForEachEntry("struct Qdisc", table.Index(int64(i)).AddressOf(), "hash") {
			if err != nil {
				return drgn.Failed(err)
			}
			if ok, err := has(qdisc, handle); err != nil {
				return drgn.Failed(err)
			} else if ok {
				return qdisc
			}
		}
	}
	return none
}

func has(qdisc drgn.Object, handle uint64) (bool, error) {
	have, err := qdisc.Member("handle").Uint()
	return have == handle, err
}
