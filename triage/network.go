package triage

import (
	"context"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/net"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/tcp"
	"github.com/godrgn/drgn/report"
)

var network = topic{"network", "Network", "network devices with what they dropped, what CPUs dropped, TCP sockets by state with what waits in their queues", lookAtNetwork}

func lookAtNetwork(s *scene, out *book) error {
	if !has(s.p, "net_namespace_list") {
		return nil // without CONFIG_NET
	}
	lookAtDevices(s, out)
	lookAtBacklogs(s, out)
	if has(s.p, "tcp_hashinfo") { // without CONFIG_INET
		lookAtTCP(s, out)
	}
	return context.Cause(s.ctx)
}

// interfaceUp is IFF_UP (include/uapi/linux/if.h).
const interfaceUp = 1

// troubles are the counters of a device that are of something bad, by their names in struct rtnl_link_stats64 and struct net_device_core_stats.
var troubles = []string{"rx_errors", "tx_errors", "rx_dropped", "tx_dropped"}

func lookAtDevices(s *scene, out *book) {
	table := &report.Table{Columns: []report.Column{{Name: "Namespace"}, {Name: "Device"}, {Name: "Up"}, {Name: "MTU"}, {Name: "Receive errors"}, {Name: "Send errors"}, {Name: "Dropped when received"}, {Name: "Dropped when sent"}}}
	each(out, "namespaces", net.ForEach(s.p), func(ns drgn.Object) error {
		number, err := ns.Member("ns").Member("inum").Uint()
		if err != nil {
			return err
		}
		each(out, "network devices", net.ForEachDevice(ns), func(dev drgn.Object) error {
			name, err := net.DeviceName(dev)
			if err != nil {
				return err
			}
			flags, err := dev.Member("flags").Uint()
			if err != nil {
				return err
			}
			mtu, err := dev.Member("mtu").Uint()
			if err != nil {
				return err
			}
			row := []any{number, string(name), flags&interfaceUp != 0, mtu}
			for _, counter := range troubles {
				n, err := counterOf(dev, counter)
				if err != nil {
					return err
				}
				row = append(row, n)
			}
			table.Rows = append(table.Rows, row)
			return nil
		})
		return nil
	})
	out.tabled("Devices", "as far as the devices themselves do not keep other counters", table)
}

// counterOf returns what a device's own counters and those of CPUs count.
func counterOf(dev drgn.Object, name string) (uint64, error) {
	counter := dev.Member("stats").Member(name)
	n, err := counter.Uint()
	if err != nil {
		return 0, err
	}
	core := dev.Member("core_stats") // since v5.18, commit 625788b58445
	if !dev.HasMember("core_stats") {
		return n, nil
	}
	if none, err := core.IsNull(); err != nil || none {
		return n, err
	}
	if !core.HasMember(name) {
		return n, nil
	}
	for cpu, err := range cpumask.ForEachPossibleCPU(dev.Prog()) {
		if err != nil {
			return 0, err
		}
		more, err := percpu.PerCPUPtr(core.Read(), cpu).Member(name).Uint()
		if err != nil {
			return 0, err
		}
		n += more
	}
	return n, nil
}

// manyDrops is how many packets a CPU may drop since the start.
const manyDrops = 1000

var dropRule = rule{"packets-dropped", report.Warning, fmt.Sprintf("a CPU dropped more than %d packets for want of room in its queue", manyDrops), "it is too slow for what it gets, or net.core.netdev_max_backlog is too small"}

// drops says that a CPU dropped packets.
func drops(cpu, dropped uint64) []report.Finding {
	if dropped <= manyDrops {
		return nil
	}
	return []report.Finding{dropRule.found([]string{fmt.Sprintf("softnet_data.dropped of CPU %d is %d", cpu, dropped)}, "CPU %d dropped %d packets", cpu, dropped)}
}

func lookAtBacklogs(s *scene, out *book) {
	table := &report.Table{Columns: []report.Column{{Name: "CPU"}, {Name: "In its queue"}, {Name: "Dropped"}, {Name: "Ran out of time"}}}
	each(out, "queues of CPUs", cpumask.ForEachOnlineCPU(s.p), func(cpu uint64) error {
		data := percpu.PerCPU(s.p.Variable("softnet_data"), cpu)
		queued, err := data.Member("input_pkt_queue").Member("qlen").Uint()
		if err != nil {
			return err
		}
		lost, err := droppedOf(data)
		if err != nil {
			return err
		}
		squeezed, err := data.Member("time_squeeze").Uint()
		if err != nil {
			return err
		}
		table.Rows = append(table.Rows, []any{cpu, queued, lost, squeezed})
		out.find(drops(cpu, lost)...)
		return nil
	})
	out.tabled("Packets that CPUs have received", "", table)
}

// droppedOf returns how many packets a CPU dropped, which its struct softnet_data counts.
func droppedOf(data drgn.Object) (uint64, error) {
	if data.HasMember("drop_counters") { // by v7.2
		first, err := data.Member("drop_counters").Member("drops0").Member("counter").Uint()
		if err != nil {
			return 0, err
		}
		second, err := data.Member("drop_counters").Member("drops1").Member("counter").Uint()
		return first + second, err
	}
	dropped := data.Member("dropped")
	if dropped.HasMember("counter") { // an atomic_t since v6.10
		dropped = dropped.Member("counter")
	}
	return dropped.Uint()
}

// maxBuckets bounds how much of the table of TCP sockets is looked at; the kernel makes at most 512 Ki.
const maxBuckets = 1 << 21

// A sockets is how many sockets there are of a state, and what waits in their queues.
type sockets struct {
	n, received, sent uint64
}

func lookAtTCP(s *scene, out *book) {
	by := map[string]*sockets{}
	var states []string
	err := forEachTCP(s.p, func(sk drgn.Object) error {
		state, err := enumerator(tcp.State(sk))
		if err != nil {
			return err
		}
		if by[state] == nil {
			by[state] = &sockets{}
			states = append(states, state)
		}
		by[state].n++
		if full, err := net.FullSock(sk); err != nil || !full {
			return err // a socket that is being made or closed has no queues
		}
		received, err := sk.Member("sk_backlog").Member("rmem_alloc").Member("counter").Uint()
		if err != nil {
			return err
		}
		sent, err := sk.Member("sk_wmem_queued").Uint()
		by[state].received += received
		by[state].sent += sent
		return err
	})
	out.miss("TCP sockets", err)
	table := &report.Table{Columns: []report.Column{{Name: "State"}, {Name: "Sockets", Bar: true}, {Name: "Not read yet", Unit: report.Bytes}, {Name: "Not sent, or not acknowledged", Unit: report.Bytes}}}
	for _, state := range states {
		table.Rows = append(table.Rows, []any{state, by[state].n, by[state].received, by[state].sent})
	}
	out.tabled("TCP sockets that do not listen", "in the table that all namespaces share", table)
}

// forEachTCP calls f for each TCP socket that does not listen.
func forEachTCP(p *drgn.Program, f func(sk drgn.Object) error) error {
	info := p.Variable("tcp_hashinfo")
	mask, err := info.Member("ehash_mask").Uint()
	if err != nil {
		return err
	}
	if mask >= maxBuckets {
		return &drgn.ValueError{Problem: fmt.Sprintf("the table of TCP sockets is said to have %d buckets", mask+1)}
	}
	buckets := info.Member("ehash").Read()
	first, err := buckets.Uint()
	if err != nil {
		return err
	}
	word, err := p.AddressSize()
	if err != nil {
		return err
	}
	size, err := buckets.Type().Underlying().Elem().Size()
	if err != nil || size < word {
		return err
	}
	data, err := p.Read(first, (mask+1)*size, false)
	if err != nil {
		return err
	}
	for i := range mask + 1 {
		if p.Platform().Uint(data[i*size:][:word])&1 != 0 {
			continue // it is empty: a list ends with an odd number
		}
		for sk, err := range net.ForEachInChain(buckets.Index(int64(i)).Member("chain").AddressOf()) {
			if err == nil {
				err = f(sk)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
