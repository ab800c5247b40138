package net

import (
	"bytes"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
)

// ForEachDevice walks the network devices in a namespace, each as a struct net_device *.
//
// net is a struct net *.
//
//drgn:helper for_each_netdev(net)
//drgn:eager
func ForEachDevice(net drgn.Scope) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct net_device", namespace(net).Member("dev_base_head").AddressOf(), "dev_list")
}

// DeviceName returns the name of a network device.
//
// dev is a struct net_device *.
//
//drgn:helper netdev_name
func DeviceName(dev drgn.Object) ([]byte, error) { return dev.Member("name").CString() }

// find returns the first device in a namespace that is wanted, a null pointer if there is none.
func find(net drgn.Scope, wanted func(dev drgn.Object) (bool, error)) drgn.Object {
	ns := namespace(net)
	for dev, err := range ForEachDevice(ns) {
		if err != nil {
			return drgn.Failed(err)
		}
		if ok, err := wanted(dev); err != nil {
			return drgn.Failed(err)
		} else if ok {
			return dev
		}
	}
	return drgn.PointerValue(ns, "struct net_device", 0)
}

// DeviceByIndex returns the network device of an index (as "ip link" numbers them) in a namespace, as a struct
// net_device *; a null pointer if there is none.
//
// net is a struct net *.
//
//drgn:helper netdev_get_by_index(net, ifindex)
func DeviceByIndex(net drgn.Scope, ifindex int64) drgn.Object {
	return find(net, func(dev drgn.Object) (bool, error) {
		have, err := dev.Member("ifindex").Int()
		return have == ifindex, err
	})
}

// DeviceByName returns the network device of a name in a namespace, as a struct net_device *; a null pointer if there is
// none. Alternative names are found, too.
//
// net is a struct net *.
//
//drgn:helper netdev_get_by_name(net, name: Union[str, bytes])
func DeviceByName(net drgn.Scope, name string) drgn.Object {
	want := []byte(name)
	return find(net, func(dev drgn.Object) (bool, error) {
		have, err := DeviceName(dev)
		if err != nil || bytes.Equal(have, want) {
			return err == nil, err
		}
		return hasAlternative(dev, want)
	})
}

// hasAlternative reports whether a name is one of a device's alternative ones, which there are since v5.5 (commit
// 36fbf1e52bd3).
func hasAlternative(dev drgn.Object, want []byte) (bool, error) {
	if !dev.HasMember("name_node") {
		return false, dev.Err()
	}
	node := dev.Member("name_node").Read()
	if none, err := node.IsNull(); err != nil || none {
		return false, err
	}
	for other, err := range list.ForEachEntry("struct netdev_name_node", node.Member("list").AddressOf(), "list") {
		if err != nil {
			return false, err
		}
		if have, err := other.Member("name").CString(); err != nil || bytes.Equal(have, want) {
			return err == nil, err
		}
	}
	return false, nil
}

// Private returns the data of a network device that its driver keeps, as a pointer to typ.
//
// dev is a struct net_device *.
//
//drgn:helper netdev_priv(dev, type='void')
func Private[T drgn.TypeLike](dev drgn.Object, typ T) drgn.Object {
	at, err := private(dev)
	if err != nil {
		return drgn.Failed(err)
	}
	return drgn.PointerValue(dev, typ, at)
}

func private(dev drgn.Object) (uint64, error) {
	// A member in newer kernels, 6.12 among them; before, what follows at a multiple of 32 bytes (NETDEV_ALIGN).
	if dev.HasMember("priv") {
		return dev.Member("priv").AddressOf().Uint()
	}
	target := dev.Deref()
	if err := target.Err(); err != nil {
		return 0, err
	}
	size, err := target.Type().Size()
	if err != nil {
		return 0, err
	}
	at, err := dev.Uint()
	return at + (size+31)&^31, err
}

// maxQueues bounds how many queues a device may have: their numbers are sent as 16 bits.
const maxQueues = 1 << 16

// ForEachTxQueue walks the queues that a network device sends from, each as a struct netdev_queue *.
//
// dev is a struct net_device *.
//
//drgn:helper netdev_for_each_tx_queue
func ForEachTxQueue(dev drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		n, err := dev.Member("num_tx_queues").Uint()
		if err == nil && n > maxQueues {
			err = walk.Corrupt("network device", "it has more than 65536 queues")
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		queues := dev.Member("_tx").Read()
		for i := range n {
			queue := queues.Index(int64(i)).AddressOf()
			if err := queue.Err(); !yield(queue, err) || err != nil {
				return
			}
		}
	}
}
