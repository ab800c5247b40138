package linux_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/net"
	"github.com/godrgn/drgn/linux/tc"
)

// network makes a namespace with two devices, the second of which is also called "wan0".
func network(t *testing.T) (w *world, devices []uint64) {
	w = newWorld(t)
	w.structure("struct netdev_queue", "unsigned long: state")
	w.structure("struct netdev_name_node", "struct list_head: list", "char *: name")
	w.structure("struct in_ifaddr", "struct in_ifaddr *: ifa_next", "unsigned int: ifa_local")
	w.structure("struct in_device", "struct in_ifaddr *: ifa_list")
	w.structure("struct in6_addr", "unsigned char [16]: u6_addr8")
	w.structure("struct inet6_ifaddr", "struct in6_addr: addr", "struct list_head: if_list")
	w.structure("struct inet6_dev", "struct list_head: addr_list")
	w.structure("struct Qdisc", "unsigned int: handle", "struct hlist_node: hash")
	w.structure("struct net_device", "char [16]: name", "int: ifindex", "struct list_head: dev_list", "struct netdev_name_node *: name_node",
		"unsigned int: num_tx_queues", "struct netdev_queue *: _tx", "struct in_device *: ip_ptr", "struct inet6_dev *: ip6_ptr",
		"struct Qdisc *: qdisc", "struct hlist_head [16]: qdisc_hash")
	w.structure("struct net", "struct list_head: list", "struct list_head: dev_base_head")
	ns := w.variable("init_net", "struct net")
	at := func(typ string, address uint64, designator string) uint64 {
		to, _ := w.place(typ, address, designator)
		return to
	}
	ring := []uint64{at("struct net", ns, "dev_base_head")}
	for i, name := range []string{"lo", "eth0"} {
		dev := w.alloc("struct net_device")
		devices = append(devices, dev)
		w.text(dev, name)
		w.set("struct net_device", dev, "ifindex", uint64(i+1))
		node := w.alloc("struct netdev_name_node")
		w.set("struct net_device", dev, "name_node", node)
		names := []uint64{node}
		if i == 1 {
			other := w.alloc("struct netdev_name_node")
			w.set("struct netdev_name_node", other, "name", w.newText("wan0"))
			names = append(names, other)
		}
		w.list(names...)
		ring = append(ring, at("struct net_device", dev, "dev_list"))
	}
	w.list(ring...)
	return w, devices
}

func TestDevices(t *testing.T) {
	w, devices := network(t)
	if got, err := addresses(net.ForEachDevice(w.Program)); err != nil || !slices.Equal(got, devices) {
		t.Errorf("devices %x, %v; want %x", got, err, devices)
	}
	for name, want := range map[string]uint64{"lo": devices[0], "eth0": devices[1], "wan0": devices[1], "eth": 0, "": 0} {
		if got, err := net.DeviceByName(w.Program, name).Uint(); err != nil || got != want {
			t.Errorf("device %q: %#x, %v; want %#x", name, got, err, want)
		}
	}
	for index, want := range map[int64]uint64{1: devices[0], 2: devices[1], 0: 0, 3: 0, 1<<32 + 1: 0, -1: 0} {
		if got, err := net.DeviceByIndex(w.Variable("init_net").AddressOf(), index).Uint(); err != nil || got != want {
			t.Errorf("device %d: %#x, %v; want %#x", index, got, err, want)
		}
	}
}

func TestDevicePrivate(t *testing.T) {
	w, devices := network(t)
	size, err := w.typ("struct net_device").Size()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := net.Private(w.pointer("struct net_device", devices[1]), "int").Uint(); err != nil || got != devices[1]+(size+31)/32*32 {
		t.Errorf("data of the driver at %#x, %v; the device is at %#x", got, err, devices[1])
	}
	w = newWorld(t)
	w.structure("struct net_device", "char [16]: name", "unsigned char [0]: priv")
	dev := w.alloc("struct net_device")
	if got, err := net.Private(w.pointer("struct net_device", dev), "int").Uint(); err != nil || got != dev+16 {
		t.Errorf("data of the driver at %#x, %v; the device is at %#x", got, err, dev)
	}
}

func TestTxQueues(t *testing.T) {
	w, devices := network(t)
	dev := w.pointer("struct net_device", devices[0])
	queues := w.alloc("struct netdev_queue [3]")
	w.set("struct net_device", devices[0], "_tx", queues)
	w.set("struct net_device", devices[0], "num_tx_queues", 3)
	if got, err := addresses(net.ForEachTxQueue(dev)); err != nil || !slices.Equal(got, []uint64{queues, queues + 8, queues + 16}) {
		t.Errorf("queues %x, %v", got, err)
	}
	w.set("struct net_device", devices[0], "num_tx_queues", 1<<32-1)
	if got, err := addresses(net.ForEachTxQueue(dev)); err == nil {
		t.Errorf("%d queues of a corrupt device", len(got))
	}
}

func TestAddresses(t *testing.T) {
	w, devices := network(t)
	dev := w.pointer("struct net_device", devices[0])
	if got, err := net.IPv4Addresses(dev); err != nil || got != nil {
		t.Errorf("addresses of a device without: %v, %v", got, err)
	}
	in, first, second := w.alloc("struct in_device"), w.alloc("struct in_ifaddr"), w.alloc("struct in_ifaddr")
	w.set("struct net_device", devices[0], "ip_ptr", in)
	w.chain(in, first, second)
	w.set("struct in_ifaddr", first, "ifa_local", 0x0100007f)
	w.set("struct in_ifaddr", second, "ifa_local", 0x010200c0)
	got, err := net.IPv4Addresses(dev)
	if err != nil || len(got) != 2 || got[0].String() != "127.0.0.1" || got[1].String() != "192.0.2.1" {
		t.Errorf("addresses %v, %v", got, err)
	}
	w.chain(in, first, second, first)
	var cycle *walk.CycleError
	if got, err := net.IPv4Addresses(dev); !errors.As(err, &cycle) {
		t.Errorf("addresses in a circle: %v, %v", got, err)
	}
	in6, ifa := w.alloc("struct inet6_dev"), w.alloc("struct inet6_ifaddr")
	w.set("struct net_device", devices[0], "ip6_ptr", in6)
	w.list(in6, ifa+16)
	w.set("struct inet6_ifaddr", ifa, "addr.u6_addr8[0]", 0xfe)
	w.set("struct inet6_ifaddr", ifa, "addr.u6_addr8[1]", 0x80)
	w.set("struct inet6_ifaddr", ifa, "addr.u6_addr8[15]", 1)
	if got, err := net.IPv6Addresses(dev); err != nil || len(got) != 1 || got[0].String() != "fe80::1" {
		t.Errorf("addresses %v, %v", got, err)
	}
}

func TestNeighbours(t *testing.T) {
	for layout, declare := range map[string]func(w *world){
		"before v6.13": func(w *world) {
			w.structure("struct neighbour", "struct neighbour *: next")
			w.structure("struct neigh_hash_table", "struct neighbour **: hash_buckets", "unsigned int: hash_shift")
		},
		"since v6.13": func(w *world) {
			w.structure("struct neighbour", "struct hlist_node: hash")
			w.structure("struct neigh_hash_table", "struct hlist_head *: hash_heads", "unsigned int: hash_shift")
		},
	} {
		t.Run(layout, func(t *testing.T) {
			w := newWorld(t)
			declare(w)
			w.structure("struct neigh_table", "struct neigh_hash_table *: nht")
			table, hash, buckets := w.alloc("struct neigh_table"), w.alloc("struct neigh_hash_table"), w.alloc("unsigned long [4]")
			w.put(table, hash)
			w.put(hash, buckets)
			w.set("struct neigh_hash_table", hash, "hash_shift", 2)
			a, b, c := w.alloc("struct neighbour"), w.alloc("struct neighbour"), w.alloc("struct neighbour")
			w.chain(buckets, a, b)
			w.chain(buckets+24, c)
			walked := net.ForEachNeighbour(w.pointer("struct neigh_table", table))
			if got, err := addresses(walked); err != nil || !slices.Equal(got, []uint64{a, b, c}) {
				t.Errorf("neighbours %x, %v; want %x %x %x", got, err, a, b, c)
			}
			w.set("struct neigh_hash_table", hash, "hash_shift", 60)
			if got, err := addresses(walked); err == nil {
				t.Errorf("%d neighbours of a corrupt table", len(got))
			}
		})
	}
}

func TestSharedInfo(t *testing.T) {
	for _, end := range []string{"unsigned int", "unsigned char *"} {
		w := newWorld(t)
		w.structure("struct skb_shared_info", "unsigned char: nr_frags")
		w.structure("struct sk_buff", "unsigned char *: head", end+": end")
		skb := w.alloc("struct sk_buff")
		w.set("struct sk_buff", skb, "head", 0x1000)
		want := uint64(0x40)
		w.set("struct sk_buff", skb, "end", want)
		if end == "unsigned int" {
			want += 0x1000
		}
		if got, err := net.SharedInfo(w.pointer("struct sk_buff", skb)).Uint(); err != nil || got != want {
			t.Errorf("end of type %s: %#x, %v; want %#x", end, got, err, want)
		}
	}
}

func TestPagePool(t *testing.T) {
	w := newWorld(t)
	w.structure("struct page", "unsigned long: flags", "unsigned long: pp_magic")
	page := w.alloc("struct page")
	for magic, want := range map[uint64]bool{
		0xdead000000000040: true, 0xdead000000000043: true, 0xdead000000000040 | 0x12345<<7: true, 0x5deadbeef0000040: true,
		0: false, 0x40: false, 0xdead000000000100: false, 0xdead000000000122: false, 0xffff888012345640: false,
	} {
		w.set("struct page", page, "pp_magic", magic)
		if got, err := net.IsPagePoolPage(w.pointer("struct page", page)); err != nil || got != want {
			t.Errorf("pp_magic %#x: %v, %v", magic, got, err)
		}
	}
}

func TestFullSock(t *testing.T) {
	w := newWorld(t)
	w.enumeration("", "TCP_ESTABLISHED", "TCP_TIME_WAIT", "TCP_NEW_SYN_RECV", "TCP_LISTEN")
	w.structure("struct sock_common", "unsigned char: skc_state")
	w.structure("struct sock", "struct sock_common: __sk_common")
	sk := w.alloc("struct sock")
	for state, want := range []bool{true, false, false, true} {
		w.set("struct sock", sk, "__sk_common.skc_state", uint64(state))
		if got, err := net.FullSock(w.pointer("struct sock", sk)); err != nil || got != want {
			t.Errorf("state %d: %v, %v", state, got, err)
		}
	}
}

func TestNotASocket(t *testing.T) {
	w := newWorld(t)
	w.structure("struct inode", "unsigned short: i_mode", "unsigned long: i_ino")
	w.structure("struct socket", "unsigned long: flags")
	w.structure("struct socket_alloc", "struct socket: socket", "struct inode: vfs_inode")
	at := w.alloc("struct socket_alloc")
	inode := w.pointer("struct inode", at+8)
	var value *drgn.ValueError
	w.set("struct inode", at+8, "i_mode", 0o100644)
	if err := net.SocketOf(inode).Err(); !errors.As(err, &value) {
		t.Errorf("socket of a file: %v", err)
	}
	w.set("struct inode", at+8, "i_mode", 0o140777)
	sock := net.SocketOf(inode)
	if got, err := sock.Uint(); err != nil || got != at {
		t.Errorf("socket %#x, %v; want %#x", got, err, at)
	}
	if got, err := net.SocketInode(sock).Uint(); err != nil || got != at+8 {
		t.Errorf("inode %#x, %v; want %#x", got, err, at+8)
	}
}

func TestQdisc(t *testing.T) {
	w, devices := network(t)
	root, below := w.alloc("struct Qdisc"), w.alloc("struct Qdisc")
	w.set("struct net_device", devices[1], "qdisc", root)
	w.set("struct Qdisc", root, "handle", 0x80010000)
	w.set("struct Qdisc", below, "handle", 0x100000)
	bucket, _ := w.place("struct net_device", devices[1], "qdisc_hash[7]")
	node, _ := w.place("struct Qdisc", below, "hash")
	w.chain(bucket, node)
	dev := w.pointer("struct net_device", devices[1])
	for major, want := range map[int64]uint64{0x8001: root, -0x7fff: root, 0x10: below, 0x11: 0, 0: 0, 0x18001: 0, 1 << 60: 0, -1 << 60: 0, 0x10 - 1<<48: 0} {
		if got, err := tc.LookupQdisc(dev, major).Uint(); err != nil || got != want {
			t.Errorf("%#x: is %#x, %v; want %#x", major, got, err, want)
		}
	}
	w.chain(bucket, node, node)
	if err := tc.LookupQdisc(dev, 0x11).Err(); err == nil {
		t.Error("no error for a chain in a circle")
	}
}

func TestNamespaceInode(t *testing.T) {
	w := newWorld(t)
	w.structure("struct file_operations", "void *: open")
	w.structure("struct proc_ns_operations", "char *: name")
	w.structure("struct inode", "struct file_operations *: i_fop", "void *: i_private")
	w.structure("struct ns_common", "void *: stashed", "struct proc_ns_operations *: ops")
	w.structure("struct net", "struct list_head: list", "struct ns_common: ns")
	files, ops, others := w.variable("ns_file_operations", "struct file_operations"), w.variable("netns_operations", "struct proc_ns_operations"), w.variable("utsns_operations", "struct proc_ns_operations")
	ns, inode := w.alloc("struct net"), w.alloc("struct inode")
	w.set("struct net", ns, "ns.ops", ops)
	w.set("struct inode", inode, "i_private", ns+16)
	o := w.pointer("struct inode", inode)
	var value *drgn.ValueError
	if err := net.NamespaceByInode(o).Err(); !errors.As(err, &value) {
		t.Errorf("namespace of an inode of another kind: %v", err)
	}
	w.set("struct inode", inode, "i_fop", files)
	if got, err := net.NamespaceByInode(o).Uint(); err != nil || got != ns {
		t.Errorf("namespace %#x, %v; want %#x", got, err, ns)
	}
	w.set("struct net", ns, "ns.ops", others)
	if err := net.NamespaceByInode(o).Err(); !errors.As(err, &value) {
		t.Errorf("network namespace of another kind of namespace: %v", err)
	}
}
