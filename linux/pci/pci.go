// Package pci walks the kernel's PCI buses and devices (include/linux/pci.h).
package pci

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
)

// ForEachRootBus walks the PCI root buses, each as a struct pci_bus *.
//
//drgn:helper for_each_pci_root_bus
//drgn:eager
func ForEachRootBus(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct pci_bus", p.Variable("pci_root_buses").AddressOf(), "node")
}

// ForEachChild walks the buses that bridges connect to a PCI bus, each as a struct pci_bus *.
//
// bus is a struct pci_bus *.
//
//drgn:helper pci_bus_for_each_child
//drgn:eager
func ForEachChild(bus drgn.Object) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct pci_bus", bus.Member("children").AddressOf(), "node")
}

// ForEachDeviceOn walks the devices on a PCI bus, each as a struct pci_dev *.
//
// bus is a struct pci_bus *.
//
//drgn:helper pci_bus_for_each_dev
//drgn:eager
func ForEachDeviceOn(bus drgn.Object) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct pci_dev", bus.Member("devices").AddressOf(), "bus_list")
}

// ForEachDevice walks all PCI devices, bus by bus, each as a struct pci_dev *.
//
//drgn:helper for_each_pci_dev
func ForEachDevice(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		devicesBelow(ForEachRootBus(p), map[uint64]struct{}{}, yield)
	}
}

// devicesBelow yields the devices on buses and on those that bridges connect to them; it reports whether to go on. seen
// holds the buses that were visited: none is on two others.
func devicesBelow(buses iter.Seq2[drgn.Object, error], seen map[uint64]struct{}, yield func(drgn.Object, error) bool) bool {
	for bus, err := range buses {
		var at uint64
		if err == nil {
			at, err = bus.Uint()
		}
		if _, again := seen[at]; err == nil && again {
			err = &walk.CycleError{What: "tree of PCI buses", Address: at}
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return false
		}
		seen[at] = struct{}{}
		for dev, err := range ForEachDeviceOn(bus) {
			if !yield(dev, err) || err != nil {
				return false
			}
		}
		if !devicesBelow(ForEachChild(bus), seen, yield) {
			return false
		}
	}
	return true
}

// name returns the name of a struct device.
func name(device drgn.Object) (string, error) {
	s := device.Member("init_name").Read() // of a device that is not registered yet
	if none, err := s.IsNull(); err != nil {
		return "", err
	} else if none {
		s = device.Member("kobj").Member("name")
	}
	b, err := s.CString()
	return string(b), err
}

// Name returns the name of a PCI device: domain, bus, device and function, as in "0000:00:1f.2".
//
// dev is a struct pci_dev *.
//
//drgn:helper pci_name
func Name(dev drgn.Object) (string, error) { return name(dev.Member("dev")) }

// BusName returns the name of a PCI bus: domain and bus, as in "0000:00".
//
// bus is a struct pci_bus *.
//
//drgn:helper pci_bus_name
func BusName(bus drgn.Object) (string, error) { return name(bus.Member("dev")) }

// Types of the header of a device's configuration space (include/uapi/linux/pci_regs.h).
const (
	headerBridge  = 1
	headerCardBus = 2
)

// IsBridge reports whether a PCI device connects another bus.
//
// dev is a struct pci_dev *.
//
//drgn:helper pci_is_bridge
func IsBridge(dev drgn.Object) (bool, error) {
	kind, err := dev.Member("hdr_type").Uint()
	return kind == headerBridge || kind == headerCardBus, err
}

// A PortType is what a PCI Express device is on its link (PCI_EXP_TYPE_*, include/uapi/linux/pci_regs.h).
type PortType uint8

// The types of PCI Express devices.
const (
	Endpoint       PortType = 0x0
	LegacyEndpoint PortType = 0x1
	RootPort       PortType = 0x4
	UpstreamPort   PortType = 0x5
	DownstreamPort PortType = 0x6
	PCIBridge      PortType = 0x7 // from PCI Express to PCI
	PCIeBridge     PortType = 0x8 // from PCI to PCI Express
	RootEndpoint   PortType = 0x9 // integrated into the root complex
	RootCollector  PortType = 0xa // collects events of the root complex
)

// PortTypeOf returns what a PCI Express device is on its link. Of another device it is [Endpoint], as the kernel's
// pci_pcie_type() has it: no register says more. Member pcie_cap tells them apart, which is 0 then.
//
// dev is a struct pci_dev *.
//
//drgn:helper _pci_pcie_type
func PortTypeOf(dev drgn.Object) (PortType, error) {
	flags, err := dev.Member("pcie_flags_reg").Uint()
	return PortType(flags >> 4 & 0xf), err
}
