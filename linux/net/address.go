package net

import (
	"net/netip"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
)

// IPv4Addresses returns the IPv4 addresses of a network device.
//
// dev is a struct net_device *.
func IPv4Addresses(dev drgn.Object) ([]netip.Addr, error) {
	in := dev.Member("ip_ptr").Read()
	if none, err := in.IsNull(); err != nil || none {
		return nil, err
	}
	var out []netip.Addr
	for ifa, err := range walk.Nodes("list of addresses", in.Member("ifa_list"), "ifa_next") {
		if err != nil {
			return nil, err
		}
		raw, err := ifa.Member("ifa_local").Bytes()
		if err != nil {
			return nil, err
		}
		if addr, ok := netip.AddrFromSlice(raw); ok {
			out = append(out, addr)
		}
	}
	return out, nil
}

// IPv6Addresses returns the IPv6 addresses of a network device.
//
// dev is a struct net_device *.
func IPv6Addresses(dev drgn.Object) ([]netip.Addr, error) {
	in := dev.Member("ip6_ptr").Read()
	if none, err := in.IsNull(); err != nil || none {
		return nil, err
	}
	var out []netip.Addr
	for ifa, err := range list.ForEachEntry("struct inet6_ifaddr", in.Member("addr_list").AddressOf(), "if_list") {
		if err != nil {
			return nil, err
		}
		raw, err := ifa.Member("addr").Bytes()
		if err != nil {
			return nil, err
		}
		if addr, ok := netip.AddrFromSlice(raw); ok {
			out = append(out, addr)
		}
	}
	return out, nil
}

func packed(addrs []netip.Addr, err error) ([][]byte, error) {
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(addrs))
	for i, a := range addrs {
		out[i] = a.AsSlice()
	}
	return out, nil
}

// PackedIPv4Addresses returns what [IPv4Addresses] does, as bytes in network order.
//
//drgn:helper _netdev_ipv4_addrs
func PackedIPv4Addresses(dev drgn.Object) ([][]byte, error) { return packed(IPv4Addresses(dev)) }

// PackedIPv6Addresses returns what [IPv6Addresses] does, as bytes in network order.
//
//drgn:helper _netdev_ipv6_addrs
func PackedIPv6Addresses(dev drgn.Object) ([][]byte, error) { return packed(IPv6Addresses(dev)) }
