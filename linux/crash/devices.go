package crash

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/block"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/device"
	"github.com/godrgn/drgn/linux/ioport"
	"github.com/godrgn/drgn/linux/irq"
	"github.com/godrgn/drgn/linux/pci"
	"github.com/godrgn/drgn/linux/swap"
)

// deviceName returns the name of a struct device *.
func deviceName(dev drgn.Object) (string, error) {
	b, err := device.Name(dev)
	return escape(b, ""), err
}

var devCommand = Command{
	Name:        "dev",
	Description: "devices",
	Long:        "Show the major numbers of character and block devices.",
	Arguments: []Argument{
		{Names: []string{"-i"}, Set: 1, Help: "the regions of I/O ports"},
		{Names: []string{"-p"}, Set: 1, Help: "the devices of PCI"},
		{Names: []string{"-d"}, Set: 1, Help: "the disks, and how many requests are under way"},
		{Names: []string{"-D"}, Set: 1, Help: "like -d, but only disks with requests"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		show, code := devMajors, devMajorsCode
		switch {
		case c.Has("-i"):
			show, code = devPorts, devPortsCode
		case c.Has("-p"):
			show, code = devPCI, devPCICode
		case c.Has("-d"), c.Has("-D"):
			show, code = devDisks, devDisksCode
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { code(b); return nil })
		}
		return show(c)
	},
}

// symbolName returns the name of the symbol at an address, or the address.
func symbolName(p *drgn.Program, a uint64) string {
	s, err := p.SymbolAt(a)
	switch {
	case err != nil:
		return fmt.Sprintf("%x", a)
	case a != s.Address:
		return fmt.Sprintf("%s+%d", s.Name, a-s.Address)
	}
	return s.Name
}

func devMajors(c *Call) error {
	g := grid{align: "><^<", header: []string{"CHRDEV", "NAME", "CDEV", "OPERATIONS"}}
	for n, err := range device.ForEachRegisteredCharNumbers(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		row := []string{fmt.Sprint(device.Major(n.First)), escape(n.Name, ""), "(none)", ""}
		at, err := n.Cdev.Uint()
		if err != nil {
			return err
		}
		if at != 0 {
			ops, err := n.Cdev.Member("ops").Uint()
			if err != nil {
				return err
			}
			row[2], row[3] = fmt.Sprintf("%x", at), symbolName(c.Prog, ops)
		}
		g.add(row...)
	}
	disks := map[uint64][][]string{}
	for d, err := range block.ForEachDisk(c.Prog) {
		if c.ctx.Err() == nil && err != nil { // a kernel without block devices has none
			g.print(c)
			c.warn("couldn't get block devices: %v", err)
			return nil
		}
		if err := c.next(err); err != nil {
			return err
		}
		var v [3]uint64
		for i, o := range []drgn.Object{d, d.Member("major"), d.Member("fops")} {
			if v[i], err = o.Uint(); err != nil {
				return err
			}
		}
		disks[v[1]] = append(disks[v[1]], []string{fmt.Sprintf("%x", v[0]), symbolName(c.Prog, v[2])})
	}
	g.add("", "", "", "")
	g.add("BLKDEV", "NAME", "GENDISK", "OPERATIONS")
	for m, err := range device.ForEachRegisteredBlockMajor(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		first := []string{fmt.Sprint(m.Major), escape(m.Name, "")}
		if disks[m.Major] == nil {
			g.add(append(first, "(none)", "")...)
		}
		for _, d := range disks[m.Major] {
			g.add(append(first, d...)...)
			first = []string{"", ""}
		}
	}
	g.print(c)
	return nil
}

func devMajorsCode(b *builder) {
	b.from("drgn.helpers.linux.block", "for_each_disk")
	b.from("drgn.helpers.linux.device", "MAJOR", "for_each_registered_blkdev", "for_each_registered_chrdev")
	b.line("for dev, _, name, cdev in for_each_registered_chrdev():\n    major = MAJOR(dev)\n    if cdev:\n        operations = cdev.ops")
	b.line("for major, name, _ in for_each_registered_blkdev():\n    pass\nfor disk in for_each_disk():\n    major = disk.major\n    operations = disk.fops")
}

func devPorts(c *Call) error {
	g := grid{align: "^^<", header: []string{"RESOURCE", "RANGE", "NAME"}}
	for r, err := range ioport.ForEachResource(c.Prog.Object("ioport_resource").AddressOf()) {
		if err := c.next(err); err != nil {
			return err
		}
		var v [3]uint64
		for i, o := range []drgn.Object{r, r.Member("start"), r.Member("end")} {
			if v[i], err = o.Uint(); err != nil {
				return err
			}
		}
		name, err := r.Member("name").CString()
		if err != nil {
			return err
		}
		g.add(fmt.Sprintf("%x", v[0]), fmt.Sprintf("%04x-%04x", v[1], v[2]), escape(name, ""))
	}
	g.print(c)
	return nil
}

func devPortsCode(b *builder) {
	b.from("drgn.helpers.linux.ioport", "for_each_resource")
	b.line("for resource in for_each_resource(prog[\"ioport_resource\"].address_of_()):\n    start = resource.start\n    end = resource.end\n    name = resource.name")
}

// maxPCIDepth bounds buses below buses, of which there are at most 256.
const maxPCIDepth = 256

func devPCI(c *Call) error {
	n := 0
	for root, err := range pci.ForEachRootBus(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		if n > 0 {
			c.print("\n")
		}
		n++
		at, err := root.Uint()
		if err != nil {
			return err
		}
		name, err := pci.BusName(root)
		if err != nil {
			return err
		}
		g := grid{align: "^<", own: "^<", header: []string{"ROOT BUS", "BUSNAME"}}
		g.add(fmt.Sprintf("%x", at), name)
		g.print(c)
		d := grid{indent: "  ", align: "<<><<", own: "^<<^<", header: []string{"PCI DEV", "DO:BU:SL.FN", "CLASS", "PCI_ID", "TYPE"}}
		d.own = "^<^^<"
		if err := pciBus(c, &d, root, 0); err != nil {
			return err
		}
		d.print(c)
	}
	return nil
}

func pciBus(c *Call, g *grid, bus drgn.Object, depth int) error {
	if depth > maxPCIDepth {
		return invalid("the buses of PCI lie one below the other without end")
	}
	for dev, err := range pci.ForEachDeviceOn(bus) {
		if err := c.next(err); err != nil {
			return err
		}
		var v [4]uint64
		for i, o := range []drgn.Object{dev, dev.Member("class"), dev.Member("vendor"), dev.Member("device")} {
			if v[i], err = o.Uint(); err != nil {
				return err
			}
		}
		name, err := pci.Name(dev)
		if err != nil {
			return err
		}
		kind, err := pciKind(dev)
		if err != nil {
			return err
		}
		g.add(fmt.Sprintf("%x", v[0]), name, fmt.Sprintf("%04x", v[1]>>8), fmt.Sprintf("%04x:%04x", v[2], v[3]), kind)
	}
	for child, err := range pci.ForEachChild(bus) {
		if err := c.next(err); err != nil {
			return err
		}
		if err := pciBus(c, g, child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// pciKind says what a device is: the kinds of PCI Express have names, others are bridges or endpoints.
func pciKind(dev drgn.Object) (string, error) {
	isBridge, err := pci.IsBridge(dev)
	if err != nil {
		return "", err
	}
	if cap, err := dev.Member("pcie_cap").Uint(); err == nil && cap != 0 {
		t, err := pci.PortTypeOf(dev)
		if err != nil {
			return "", err
		}
		names := map[pci.PortType]string{pci.Endpoint: "ENDPOINT", pci.LegacyEndpoint: "LEGACY ENDPOINT", pci.RootPort: "ROOT_PORT", pci.UpstreamPort: "UPSTREAM_PORT",
			pci.DownstreamPort: "DOWNSTREAM_PORT", pci.PCIBridge: "PCI_BRIDGE", pci.PCIeBridge: "PCIE_BRIDGE", pci.RootEndpoint: "ROOT_COMPLEX_ENDPOINT", pci.RootCollector: "ROOT_COMPLEX_EVENT_COLLECTOR"}
		return names[t], nil
	}
	if isBridge {
		return "BRIDGE", nil
	}
	return "ENDPOINT", nil
}

func devPCICode(b *builder) {
	b.from("drgn.helpers.linux.pci", "for_each_pci_root_bus", "pci_bus_for_each_child", "pci_bus_for_each_dev", "pci_bus_name", "pci_is_bridge", "pci_name")
	b.open("def visit_pci_bus(bus):")
	b.open("for dev in pci_bus_for_each_dev(bus):")
	b.line("do_bu_sl_fn = pci_name(dev)\nclass_ = dev.member_(\"class\") >> 8\npci_id = f\"{dev.vendor.value_():04x}:{dev.device.value_():04x}\"\nis_bridge = pci_is_bridge(dev)")
	b.close()
	b.line("for child_bus in pci_bus_for_each_child(bus):\n    visit_pci_bus(child_bus)")
	b.close()
	b.line("\n\nfor root_bus in for_each_pci_root_bus():\n    busname = pci_bus_name(root_bus)\n    visit_pci_bus(root_bus)")
}

func devDisks(c *Call) error {
	g := grid{align: "><<<>>>", header: []string{"MAJOR", "GENDISK", "NAME", "REQUEST_QUEUE", "TOTAL", "READ", "WRITE"}}
	for d, err := range block.ForEachDisk(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		var v [3]uint64
		for i, o := range []drgn.Object{d.Member("major"), d, d.Member("queue")} {
			if v[i], err = o.Uint(); err != nil {
				return err
			}
		}
		name, err := block.DiskName(d)
		if err != nil {
			return err
		}
		var n [2]int
		for rq, err := range block.BusyRequests(d.Member("queue").Read(), nil) {
			if err := c.next(err); err != nil {
				return err
			}
			way, err := block.DataDirection(rq)
			if err != nil {
				return err
			}
			n[way&1]++
		}
		if c.Has("-D") && n[0]+n[1] == 0 {
			continue
		}
		g.add(fmt.Sprint(v[0]), fmt.Sprintf("%x", v[1]), escape(name, ""), fmt.Sprintf("%x", v[2]), fmt.Sprint(n[0]+n[1]), fmt.Sprint(n[0]), fmt.Sprint(n[1]))
	}
	g.print(c)
	return nil
}

func devDisksCode(b *builder) {
	b.from("drgn.helpers.linux.block", "disk_name", "for_each_disk", "request_queue_busy_iter", "rq_data_dir")
	b.open("for disk in for_each_disk():")
	b.line("major = disk.major\nname = disk_name(disk)\nqueue = disk.queue\nread = write = 0")
	b.line("for rq in request_queue_busy_iter(queue):\n    if rq_data_dir(rq):\n        write += 1\n    else:\n        read += 1\ntotal = read + write")
	b.close()
}

var irqCommand = Command{
	Name:        "irq",
	Description: "interrupts",
	Long:        "Show the kernel's descriptors of interrupts.",
	Usage:       "[-c CPU] [--drgn] [-u | -d | -b | -a | -s | number ...]",
	Arguments: []Argument{
		{Meta: "number", Value: Any, Set: 1, Check: isDecimal, Help: "only those of these numbers"},
		{Names: []string{"-u"}, Set: 1, Help: "only those that are allocated"},
		{Names: []string{"-d"}, Set: 1, Help: "the interrupt descriptor table of x86"},
		{Names: []string{"-b"}, Set: 1, Help: "softirqs, which once were bottom halves"},
		{Names: []string{"-a"}, Set: 1, Help: "which CPUs the interrupts that are in use go to"},
		{Names: []string{"-s"}, Set: 1, Help: "how often they came"},
		{Names: []string{"-c"}, Meta: "CPU", Value: One, Help: "with -s, only on these CPUs: 0,3-4"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		show, code := irqs, irqsCode
		switch {
		case c.Has("-d"):
			show, code = irqTable, func(_ *Call, b *builder) error {
				b.from("drgn.helpers.linux.irq", "gate_desc_func")
				b.line("for vec, gate in enumerate(prog[\"idt_table\"]):\n    func = gate_desc_func(gate)\n    try:\n        sym = prog.symbol(func)\n    except LookupError:\n        pass")
				return nil
			}
		case c.Has("-b"):
			show, code = softirqs, func(_ *Call, b *builder) error {
				b.line("for vec, softirq_action in enumerate(prog[\"softirq_vec\"]):\n    action = softirq_action.action\n    try:\n        sym = prog.symbol(action)\n    except LookupError:\n        pass")
				return nil
			}
		case c.Has("-a"):
			show, code = irqAffinity, func(_ *Call, b *builder) error {
				b.from("drgn.helpers.linux.cpumask", "cpumask_to_cpulist")
				b.from("drgn.helpers.linux.irq", "for_each_irq_desc", "irq_desc_action_names", "irq_desc_affinity_mask")
				b.line("for irq, irq_desc in for_each_irq_desc():\n    if not irq_desc.action:\n        continue\n    names = irq_desc_action_names(irq_desc)")
				b.line("    affinity = irq_desc_affinity_mask(irq_desc)\n    affinity_list = cpumask_to_cpulist(affinity)")
				return nil
			}
		case c.Has("-s"):
			show, code = irqCounts, irqCountsCode
		}
		if c.Has("-c") && !c.Has("-s") {
			return c.wrong("-c can only be used with -s")
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return code(c, b) })
		}
		return show(c)
	},
}

func irqs(c *Call) error {
	g := grid{align: "^^^<", header: []string{"IRQ", "IRQ_DESC", "IRQACTION", "NAME"}}
	add := func(n uint64, desc drgn.Object) error {
		at, err := desc.Uint()
		if err != nil {
			return err
		}
		if at == 0 {
			g.add(irqNumber(n), "(unused)", "(unused)", "")
			return nil
		}
		first := []string{irqNumber(n), fmt.Sprintf("%x", at)}
		action := desc.Member("action").Read()
		for i := 0; ; i++ {
			a, err := action.Uint()
			if err := c.next(err); err != nil {
				return err
			}
			if a == 0 {
				if i == 0 {
					g.add(append(first, "(unused)", "")...)
				}
				return nil
			}
			if i > maxActions {
				return invalid("interrupt %d has actions without end", n)
			}
			name := "(none)"
			if null, err := action.Member("name").IsNull(); err != nil {
				return err
			} else if !null {
				b, err := action.Member("name").CString()
				if err != nil {
					return err
				}
				name = `"` + escape(b, `"`) + `"`
			}
			g.add(append(first, fmt.Sprintf("%x", a), name)...)
			first = []string{"", ""}
			action = action.Member("next").Read()
		}
	}
	all, err := irq.NrIRQs(c.Prog) // 0 if it is not known
	if err != nil && !drgn.IsNotFound(err) {
		return err
	}
	if numbers := c.List("number"); len(numbers) > 0 {
		for _, w := range numbers {
			n, _ := number(w)
			if n >= all && all != 0 {
				c.missing("irq: invalid IRQ number: %d", n)
				continue
			}
			if err := add(n, irq.ToDesc(c.Prog, n)); err != nil {
				return err
			}
		}
		if len(g.rows) > 0 {
			g.print(c)
		}
		return nil
	}
	next := uint64(0) // those between are there without anything
	unused := func(end uint64) {
		for ; next < end; next++ {
			g.add(irqNumber(next), "(unused)", "(unused)", "")
		}
	}
	if all = min(all, maxListed); c.Has("-u") {
		all = 0
	}
	for d, err := range irq.ForEachDesc(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		unused(min(d.IRQ, all))
		if err := add(d.IRQ, d.Desc); err != nil {
			return err
		}
		next = d.IRQ + 1
	}
	unused(all)
	g.print(c)
	return nil
}

// irqNumber returns the number of an interrupt as wide as its column's heading.
func irqNumber(n uint64) string { return fmt.Sprintf("%-3s", fmt.Sprintf("%2d", n)) }

// maxListed bounds the interrupts that are listed though nothing uses them: a kernel has room for some thousands.
const maxListed = 1 << 16

// maxActions bounds the actions of one interrupt, which are a list.
const maxActions = 1 << 16

func irqsCode(c *Call, b *builder) error {
	actions := "action = irq_desc.action.read_()\nwhile action:\n    name = action.name\n    action = action.next.read_()"
	if numbers := c.List("number"); len(numbers) > 0 {
		b.from("drgn.helpers.linux.irq", "irq_to_desc")
		for _, n := range numbers {
			b.linef("irq_desc = irq_to_desc(%s)", n)
			b.open("if irq_desc:")
			b.line(actions)
			b.close()
		}
		return nil
	}
	b.from("drgn.helpers.linux.irq", "for_each_irq_desc")
	b.open("for irq, irq_desc in for_each_irq_desc():")
	b.line(actions)
	b.close()
	return nil
}

func irqTable(c *Call) error {
	table := c.Prog.Object("idt_table")
	n, err := table.Len()
	if drgn.IsNotFound(err) {
		return fmt.Errorf("this machine has no interrupt descriptor table, which is x86's: %w", err)
	}
	if err != nil {
		return err
	}
	for i := range min(n, 256) {
		a, err := irq.GateFunc(table.Index(int64(i))).Uint()
		if err := c.next(err); err != nil {
			return err
		}
		c.printf("%5s %s\n", fmt.Sprintf("[%d]", i), symbolName(c.Prog, a))
	}
	return nil
}

func softirqs(c *Call) error {
	table := c.Prog.Object("softirq_vec")
	n, err := table.Len()
	if err != nil {
		return err
	}
	g := grid{align: "^^<", header: []string{"SOFTIRQ_VEC", "ACTION", ""}}
	for i := range min(n, 64) {
		a, err := table.Index(int64(i)).Member("action").Uint()
		if err := c.next(err); err != nil {
			return err
		}
		if a == 0 {
			continue
		}
		g.add(fmt.Sprintf("[%d]", i), fmt.Sprintf("%x", a), "<"+symbolName(c.Prog, a)+">")
	}
	g.print(c)
	return nil
}

// eachUsed calls f for each interrupt that somebody handles, with the names of those who do.
func eachUsed(c *Call, f func(n uint64, d drgn.Object, names string) error) error {
	for d, err := range irq.ForEachDesc(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		null, err := d.Desc.Member("action").IsNull()
		if err != nil {
			return err
		}
		if null {
			continue
		}
		all, err := irq.ActionNames(d.Desc)
		if err != nil {
			return err
		}
		texts := make([]string, len(all))
		for i, n := range all {
			texts[i] = escape(n, "")
		}
		if err := f(d.IRQ, d.Desc, strings.Join(texts, ",")); err != nil {
			return err
		}
	}
	return nil
}

func irqAffinity(c *Call) error {
	g := grid{align: "><<", header: []string{"IRQ", "NAME", "AFFINITY"}}
	err := eachUsed(c, func(n uint64, d drgn.Object, names string) error {
		cpus, err := cpumask.List(irq.AffinityMask(d))
		g.add(fmt.Sprint(n), names, cpus)
		return err
	})
	if err == nil {
		g.print(c)
	}
	return err
}

func irqCPUs(c *Call) ([]uint64, error) {
	spec := cpus{all: true}
	if c.Has("-c") {
		var err error
		if spec, err = parseCPUs(c.Text("-c")); err != nil {
			return nil, err
		}
	}
	return spec.numbers(c)
}

func irqCounts(c *Call) error {
	which, err := irqCPUs(c)
	if err != nil {
		return err
	}
	g := grid{align: ">", header: []string{""}}
	for _, n := range which {
		g.header = append(g.header, fmt.Sprintf("CPU%d", n))
		g.align += ">"
	}
	g.align += "<<"
	err = eachUsed(c, func(n uint64, d drgn.Object, names string) error {
		row := []string{fmt.Sprintf("%d:", n)}
		for _, cpu := range which {
			v, err := irq.CountOnCPU(d, cpu)
			if err != nil {
				return err
			}
			row = append(row, fmt.Sprint(v))
		}
		chip, ok, err := irq.ChipName(d)
		if err != nil {
			return err
		}
		text := escape(chip, "")
		if !ok {
			text = ""
		}
		g.add(append(row, text, names)...)
		return nil
	})
	if err == nil {
		g.print(c)
	}
	return err
}

func irqCountsCode(c *Call, b *builder) error {
	which, err := irqCPUs(c)
	if err != nil {
		return err
	}
	b.from("drgn.helpers.linux.irq", "for_each_irq_desc", "irq_desc_action_names", "irq_desc_chip_name", "irq_desc_kstat_cpu")
	b.open("for irq, irq_desc in for_each_irq_desc():")
	b.line("if not irq_desc.action:\n    continue")
	b.linef("for cpu in %s:\n    count = irq_desc_kstat_cpu(irq_desc, cpu)", cpus{list: which}.python())
	b.line("chip_name = irq_desc_chip_name(irq_desc)\nnames = irq_desc_action_names(irq_desc)")
	b.close()
	return nil
}

var swapCommand = Command{
	Name:        "swap",
	Description: "swap devices",
	Arguments:   []Argument{drgnArgument},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error {
				b.from("drgn.helpers.linux.swap", "for_each_swap_info", "swap_file_path", "swap_is_file", "swap_usage_in_pages")
				b.open("for swap_info in for_each_swap_info():")
				b.line("type = \"FILE\" if swap_is_file(swap_info) else \"PARTITION\"\nsize = swap_info.pages * prog[\"PAGE_SIZE\"]")
				b.line("used = swap_usage_in_pages(swap_info) * prog[\"PAGE_SIZE\"]\npriority = swap_info.prio\npath = swap_file_path(swap_info)")
				b.close()
				return nil
			})
		}
		pageBytes, err := pageSize(c.Prog)
		if err != nil {
			return err
		}
		g := grid{align: "<<<^>><", own: "<^^^>><", header: []string{"SWAP_INFO_STRUCT", "TYPE", "SIZE", "USED", "PCT", "PRI", "FILENAME"}}
		for si, err := range swap.ForEachInfo(c.Prog) {
			if err := c.next(err); err != nil {
				return err
			}
			at, err := si.Uint()
			if err != nil {
				return err
			}
			total, err := si.Member("pages").Uint()
			if err != nil {
				return err
			}
			used, err := swap.Usage(si)
			if err != nil {
				return err
			}
			priority, err := si.Member("prio").Int()
			if err != nil {
				return err
			}
			path, err := swap.FilePath(si)
			if err != nil {
				return err
			}
			isFile, err := swap.IsFile(si)
			if err != nil {
				return err
			}
			share := 0.0
			if total > 0 {
				share = float64(used) * 100 / float64(total)
			}
			g.add(fmt.Sprintf("%x", at), map[bool]string{true: "FILE", false: "PARTITION"}[isFile], fmt.Sprintf("%dk", total*pageBytes/1024), fmt.Sprintf("%dk", used*pageBytes/1024),
				fmt.Sprintf("%.0f%%", share), fmt.Sprint(priority), escape(path, ""))
		}
		g.print(c)
		return nil
	},
}
