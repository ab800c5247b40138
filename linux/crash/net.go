package crash

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/net"
)

var netCommand = Command{
	Name:        "net",
	Description: "network devices",
	Arguments: []Argument{
		{Names: []string{"-a"}, Help: "the table of ARP instead"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return netCode(c, b) })
		}
		if c.Has("-a") {
			return netARP(c)
		}
		g := grid{align: "^<<", header: []string{"NET_DEVICE", "NAME", "IP ADDRESS(ES)"}}
		for dev, err := range net.ForEachDevice(c.Prog) {
			if err := c.next(err); err != nil {
				return err
			}
			at, err := dev.Uint()
			if err != nil {
				return err
			}
			name, err := net.DeviceName(dev)
			if err != nil {
				return err
			}
			v4, err := net.IPv4Addresses(dev)
			if err != nil {
				return err
			}
			v6, err := net.IPv6Addresses(dev)
			if err != nil {
				return err
			}
			var texts []string
			for _, a := range append(v4, v6...) {
				texts = append(texts, a.String())
			}
			g.add(fmt.Sprintf("%x", at), escape(name, ""), strings.Join(texts, ", "))
		}
		g.print(c)
		return nil
	},
}

// hardware are the types of devices (include/uapi/linux/if_arp.h) that ARP is for, and some that have none.
var hardware = map[uint64]string{0: "NETROM", 1: "ETHER", 2: "EETHER", 3: "AX25", 4: "PRONET", 5: "CHAOS", 6: "IEEE802", 7: "ARCNET", 8: "APPLETLK", 15: "DLCI",
	19: "ATM", 23: "METRICOM", 24: "IEEE1394", 27: "EUI64", 32: "INFINIBAND"}

// neighbourStates are the bits of a neighbour's state (include/uapi/linux/neighbour.h).
var neighbourStates = []string{"INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT"}

// maxHardwareAddress is how long an address of a device may be (MAX_ADDR_LEN).
const maxHardwareAddress = 32

func netARP(c *Call) error {
	g := grid{align: "<<<<<<", header: []string{"NEIGHBOUR", "IP ADDRESS", "HW TYPE", "HW ADDRESS", "DEVICE", "STATE"}}
	table := c.Prog.Object("arp_tbl").AddressOf()
	for n, err := range net.ForEachNeighbour(table) {
		if err := c.next(err); err != nil {
			return err
		}
		row, err := neighbourRow(c.Prog, n)
		if err != nil {
			return err
		}
		g.add(row...)
	}
	g.print(c)
	return nil
}

func neighbourRow(p *drgn.Program, n drgn.Object) ([]string, error) {
	at, err := n.Uint()
	if err != nil {
		return nil, err
	}
	read := func(member string, size uint64) ([]byte, error) {
		a, err := n.Member(member).AddressOf().Uint()
		if err != nil {
			return nil, err
		}
		return p.Read(a, size, false)
	}
	key, err := read("primary_key", 4)
	if err != nil {
		return nil, err
	}
	dev := n.Member("dev")
	size, err := dev.Member("addr_len").Uint()
	if err != nil {
		return nil, err
	}
	address, err := read("ha", min(size, maxHardwareAddress))
	if err != nil {
		return nil, err
	}
	kind, err := dev.Member("type").Uint()
	if err != nil {
		return nil, err
	}
	hw, ok := hardware[kind]
	if !ok {
		hw = "UNKNOWN"
	}
	name, err := net.DeviceName(dev)
	if err != nil {
		return nil, err
	}
	state, err := n.Member("nud_state").Uint()
	if err != nil {
		return nil, err
	}
	var states []string
	for i, s := range neighbourStates {
		if state>>i&1 == 1 {
			states = append(states, s)
		}
	}
	if len(states) == 0 {
		states = []string{"NONE"}
	}
	ip, _ := netip.AddrFromSlice(key)
	var parts []string
	for _, b := range address {
		parts = append(parts, fmt.Sprintf("%02x", b))
	}
	return []string{fmt.Sprintf("%x", at), ip.String(), hw, strings.Join(parts, ":"), escape(name, ""), strings.Join(states, "|")}, nil
}

func netCode(c *Call, b *builder) error {
	if c.Has("-a") {
		b.imports("ipaddress")
		b.from("drgn.helpers.linux.net", "neigh_table_for_each_neighbor", "netdev_name")
		b.open("for neigh in neigh_table_for_each_neighbor(prog[\"arp_tbl\"].address_of_()):")
		b.line("ip_bytes = prog.read(neigh.primary_key.address_of_(), 4)\nip_addr = ipaddress.IPv4Address(ip_bytes)")
		b.line("mac_bytes = prog.read(neigh.ha.address_of_(), neigh.dev.addr_len)\nhw_addr = mac_bytes.hex(sep=\":\")")
		b.line("hw_type = neigh.dev.type\ndevice = netdev_name(neigh.dev)\nstate = neigh.nud_state")
		b.close()
		return nil
	}
	b.from("drgn.helpers.linux.net", "for_each_netdev", "netdev_ipv4_addrs", "netdev_ipv6_addrs", "netdev_name")
	b.open("for dev in for_each_netdev():")
	b.line("name = netdev_name(dev)\nipv4_addrs = netdev_ipv4_addrs(dev)\nipv6_addrs = netdev_ipv6_addrs(dev)")
	b.close()
	return nil
}
