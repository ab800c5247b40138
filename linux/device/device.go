// Package device looks at the kernel's devices, their buses and classes (include/linux/device.h).
package device

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux/list"
)

// minorBits is MINORBITS: a dev_t's lower bits are the minor number (include/linux/kdev_t.h).
const minorBits = 20

// Major returns the major number of a dev_t.
//
//drgn:helper MAJOR
func Major(dev uint64) uint64 { return dev >> minorBits }

// Minor returns the minor number of a dev_t.
//
//drgn:helper MINOR
func Minor(dev uint64) uint64 { return dev & (1<<minorBits - 1) }

// Make returns the dev_t of a major and a minor number.
//
//drgn:helper MKDEV
func Make(major, minor uint64) uint64 { return major<<minorBits | minor }

// Name returns the name of a device.
//
// dev is a struct device *.
//
//drgn:helper dev_name(dev)
func Name(dev drgn.Object) ([]byte, error) {
	first := dev.Member("init_name").Read()
	if null, err := first.IsNull(); err != nil {
		return nil, err
	} else if !null {
		return first.CString()
	}
	return dev.Member("kobj").Member("name").CString()
}

// subsystem finds what the kernel knows of a bus or class of its own, as a struct subsys_private *.
func subsystem(of drgn.Object, member, set string) drgn.Object {
	if none, err := of.IsNull(); err != nil {
		return drgn.Failed(err)
	} else if none {
		return drgn.Null(of.Prog(), "struct subsys_private")
	}
	// Where it has no pointer to it (v6.3 for buses, v6.4 for classes), it is looked for.
	if of.HasMember("p") {
		return of.Member("p").Read()
	}
	p := of.Prog()
	for private, err := range list.ForEachEntry("struct subsys_private", p.Variable(set).Member("list").AddressOf(), "subsys.kobj.entry") {
		if err != nil {
			return drgn.Failed(err)
		}
		if order, err := private.Member(member).Compare(of); err != nil {
			return drgn.Failed(err)
		} else if order == c.Equal {
			return private
		}
	}
	return drgn.Null(p, "struct subsys_private")
}

// BusToSubsys returns what the driver core keeps of a bus, as a struct subsys_private *; a null pointer if the bus is not
// registered.
//
// bus is a struct bus_type *.
//
//drgn:helper bus_to_subsys
func BusToSubsys(bus drgn.Object) drgn.Object { return subsystem(bus, "bus", "bus_kset") }

// ClassToSubsys returns what the driver core keeps of a class, as a struct subsys_private *; a null pointer if the class is
// not registered.
//
// class_ is a struct class *.
//
//drgn:helper class_to_subsys(class_)
func ClassToSubsys(class drgn.Object) drgn.Object { return subsystem(class, "class", "class_kset") }

// knodeDead is KNODE_DEAD: the node of a klist waits to be taken out of it (lib/klist.c).
const knodeDead = 1

// devices walks the devices of a struct subsys_private *; member is that of struct device_private which is in the list.
func devices(private drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		if err := private.Err(); err != nil {
			yield(drgn.Object{}, err)
			return
		}
		typ := "struct device_private"
		if t, err := private.Prog().Type(typ); err == nil {
			if _, err := t.FindMember(member); err != nil {
				typ = "struct device" // knode_class until v5.1, commit 570d0200123f
			}
		}
		for node, err := range list.ForEachEntry("struct klist_node", private.Member("klist_devices").Member("k_list").AddressOf(), "n_node") {
			if err == nil {
				var state uint64
				if state, err = node.Member("n_klist").Uint(); err == nil && state&knodeDead != 0 {
					continue
				}
			}
			if err == nil {
				if node = drgn.Entry(node, typ, member); typ == "struct device_private" {
					node = node.Member("device").Read()
				}
				err = node.Err()
			}
			if !yield(node, err) || err != nil {
				return
			}
		}
	}
}

// BusForEach walks the devices on a bus, each as a struct device *.
//
// bus is a struct bus_type *.
//
//drgn:helper bus_for_each_dev
func BusForEach(bus drgn.Object) iter.Seq2[drgn.Object, error] {
	return devices(BusToSubsys(bus), "knode_bus")
}

// ClassForEach walks the devices of a class, each as a struct device *.
//
// class_ is a struct class *.
//
//drgn:helper class_for_each_device(class_)
func ClassForEach(class drgn.Object) iter.Seq2[drgn.Object, error] {
	return devices(ClassToSubsys(class), "knode_class")
}

// maxBuckets bounds the size of the hash tables of numbers.
const maxBuckets = 1 << 12

// buckets walks the first elements of a hash table of lists.
func buckets(p *drgn.Program, table string) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		heads := p.Variable(table)
		n, err := heads.Len()
		if err == nil && n > maxBuckets {
			err = fmt.Errorf("%s has %d lists, which is not understood", table, n)
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for i := range n {
			if !yield(heads.Index(int64(i)), nil) {
				return
			}
		}
	}
}
