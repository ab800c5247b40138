package crash

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/mmzone"
	"github.com/godrgn/drgn/linux/pages"
	"github.com/godrgn/drgn/linux/vmstat"
)

// A zone is what is known of a zone of a node.
type zone struct {
	object                drgn.Object // struct zone *
	name                  string
	node, number          uint64
	spanned, present, pfn uint64
}

// zones returns the zones of all nodes that are online.
func zones(c *Call) ([]zone, error) {
	var out []zone
	for pgdat, err := range mmzone.ForEachOnlineNode(c.Prog) {
		if err := c.next(err); err != nil {
			return nil, err
		}
		node, err := pgdat.Member("node_id").Uint()
		if err != nil {
			return nil, err
		}
		all := pgdat.Member("node_zones")
		n, err := all.Len()
		if err != nil {
			return nil, err
		}
		for i := range n {
			z := zone{object: all.Index(int64(i)).AddressOf(), node: node, number: i}
			name, err := z.object.Member("name").CString()
			if err != nil {
				return nil, err
			}
			z.name = escape(name, "")
			if z.spanned, err = z.object.Member("spanned_pages").Uint(); err != nil {
				return nil, err
			}
			if z.present, err = z.object.Member("present_pages").Uint(); err != nil {
				return nil, err
			}
			if z.pfn, err = z.object.Member("zone_start_pfn").Uint(); err != nil {
				return nil, err
			}
			out = append(out, z)
		}
	}
	return out, nil
}

// where returns the cells that say where a zone lies: its first struct page, physical address and page frame.
func (z zone) where(p *drgn.Program) ([]string, error) {
	if z.spanned == 0 {
		return []string{"0", "0", "0"}, nil
	}
	page, err := mm.PFNToPage(p, z.pfn).Uint()
	if err != nil {
		return nil, err
	}
	physical, err := mm.PFNPhys(p, z.pfn).Uint()
	return []string{fmt.Sprintf("%x", page), fmt.Sprintf("%x", physical), fmt.Sprint(z.pfn)}, err
}

func kmemZones(c *Call) error {
	all, err := zones(c)
	if err != nil {
		return err
	}
	k := counters[0]
	items, err := k.items(c.Prog)
	if err != nil {
		return err
	}
	for i, z := range all {
		if i > 0 {
			c.print("\n")
			if all[i-1].spanned > 0 {
				c.print("\n")
			}
		}
		at, err := z.object.Uint()
		if err != nil {
			return err
		}
		c.printf("NODE: %d  ZONE: %d  ADDR: %x  NAME: \"%s\"\n", z.node, z.number, at, z.name)
		if z.spanned == 0 {
			c.print("  [unpopulated]\n")
			continue
		}
		var marks [3]uint64
		for i, get := range []func(drgn.Object) (uint64, error){mmzone.MinWatermark, mmzone.LowWatermark, mmzone.HighWatermark} {
			if marks[i], err = get(z.object); err != nil {
				return err
			}
		}
		c.printf("  SIZE: %d", z.spanned)
		if z.present != z.spanned {
			c.printf("  PRESENT: %d", z.present)
		}
		c.printf("  MIN/LOW/HIGH: %d/%d/%d\n  VM_STAT:\n", marks[0], marks[1], marks[2])
		g := grid{indent: "  ", align: "><"}
		for _, e := range items {
			v, err := vmstat.ZonePageState(z.object, uint64(e.Value))
			if err := c.next(err); err != nil {
				return err
			}
			g.add(e.Name, fmt.Sprint(v))
		}
		g.print(c)
	}
	return nil
}

func kmemZonesCode(_ *Call, b *builder) error {
	b.from("drgn.helpers.linux.mmzone", "for_each_online_pgdat", "high_wmark_pages", "low_wmark_pages", "min_wmark_pages")
	b.from("drgn.helpers.linux.vmstat", "zone_page_state")
	b.open("for pgdat in for_each_online_pgdat():")
	b.line("node = pgdat.node_id")
	b.open("for zone in pgdat.node_zones:")
	b.line("zone = zone.address_of_()\nname = zone.name\nsize = zone.spanned_pages\nif size == 0:\n    continue")
	b.line("present = zone.present_pages\nmin_watermark = min_wmark_pages(zone)\nlow_watermark = low_wmark_pages(zone)\nhigh_watermark = high_wmark_pages(zone)")
	b.open("for stat_name, stat_item in prog.type(\"enum zone_stat_item\").enumerators:")
	b.line("if stat_name != \"NR_VM_ZONE_STAT_ITEMS\":\n    stat_value = zone_page_state(zone, stat_item)")
	b.close()
	b.close()
	b.close()
	return nil
}

// maxOrder bounds what a kernel may say of its greatest block: 2 to the power of this many pages.
const maxOrder = 64

func kmemFree(c *Call) error {
	all, err := zones(c)
	if err != nil {
		return err
	}
	item, err := c.Prog.Object("NR_FREE_PAGES").Uint()
	if err != nil {
		return err
	}
	migrate, err := migrateTypes(c.Prog)
	if err != nil {
		return err
	}
	pageBytes, err := pageSize(c.Prog)
	if err != nil {
		return err
	}
	found := uint64(0)
	// The tables of all zones have columns of the same width.
	heads, lists, blocks := make([]*grid, len(all)), make([]*grid, len(all)), uint64(0)
	for i, z := range all {
		free, err := vmstat.ZonePageState(z.object, item)
		if err != nil {
			return err
		}
		where, err := z.where(c.Prog)
		if err != nil {
			return err
		}
		heads[i] = &grid{align: "^<>>^^^", own: "<<>>^<<", header: []string{"ZONE", "NAME", "SIZE", "FREE", "MEM_MAP", "START_PADDR", "START_PFN"}}
		heads[i].add(append([]string{fmt.Sprint(z.number), z.name, fmt.Sprint(z.spanned), fmt.Sprint(free), fmt.Sprintf("%16s", center(where[0], 16))}, where[1:]...)...)
		lists[i] = &grid{align: "^><<>>", own: "<><^>>", header: []string{"ORDER", "SIZE", "MIGRATE", "FREE_LIST", "BLOCKS", "PAGES"}}
		if z.spanned > 0 && !c.Has("-F") {
			if blocks, err = freeLists(c, z, lists[i], migrate, pageBytes); err != nil {
				return err
			}
			found += blocks
		}
	}
	for _, tables := range [][]*grid{heads, lists} {
		var least []int
		for _, g := range tables {
			g.least = least
			least = g.widths()
		}
		for _, g := range tables {
			g.least = least
		}
	}
	for i, z := range all {
		if i > 0 {
			c.print("\n")
		}
		heads[i].print(c)
		switch {
		case z.spanned == 0:
		case c.Has("-F"):
			if blocks, err = freeLists(c, z, lists[i], migrate, pageBytes); err != nil {
				return err
			}
			found += blocks
		default:
			lists[i].print(c)
		}
	}
	total, err := vmstat.NrFreePages(c.Prog)
	if err != nil {
		return err
	}
	c.printf("\nnr_free_pages: %d  ", total)
	if uint64(max(total, 0)) == found {
		c.print("(verified)\n")
	} else {
		c.printf("(found %d)\n", found)
	}
	return nil
}

// migrateTypes returns the names of the kinds of free lists.
func migrateTypes(p *drgn.Program) ([]string, error) {
	names := p.Object("migratetype_names")
	n, err := names.Len()
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, n)
	for i := range min(n, maxOrder) {
		b, err := names.Index(int64(i)).CString()
		if err != nil {
			return nil, err
		}
		out = append(out, strings.ToUpper(escape(b, "")))
	}
	return out, nil
}

// freeLists adds the free lists of a zone to a grid, or with -F prints each with its pages, and returns how many pages are on them.
func freeLists(c *Call, z zone, g *grid, migrate []string, pageBytes uint64) (total uint64, err error) {
	areas := z.object.Member("free_area")
	orders, err := areas.Len()
	if err != nil {
		return 0, err
	}
	for order := range min(orders, maxOrder) {
		lists := areas.Index(int64(order)).Member("free_list")
		n, err := lists.Len()
		if err != nil {
			return 0, err
		}
		for kind := range min(n, maxOrder) {
			head := lists.Index(int64(kind)).AddressOf()
			at, err := head.Uint()
			if err != nil {
				return 0, err
			}
			name := "?"
			if kind < uint64(len(migrate)) {
				name = migrate[kind]
			}
			row := []string{fmt.Sprint(order), fmt.Sprintf("%5s", fmt.Sprintf("%dk", pageBytes<<order/1024)), fmt.Sprintf("%-11s", name), fmt.Sprintf("%x", at)}
			blocks := uint64(0)
			if !c.Has("-F") {
				if blocks, err = list.ValidateCountNodes(head); err != nil {
					return 0, err
				}
				g.add(append(row, fmt.Sprint(blocks), fmt.Sprint(blocks<<order))...)
			} else {
				one := grid{align: "^><<", own: "<><^", header: g.header[:4]}
				one.add(row...)
				one.print(c)
				for node, err := range list.ValidateForEachEntry("struct page", head, "lru") {
					if err := c.next(err); err != nil {
						return 0, err
					}
					page, err := node.Uint()
					if err != nil {
						return 0, err
					}
					c.printf("%x\n", page)
					blocks++
				}
			}
			total += blocks << order
		}
	}
	return total, c.ctx.Err()
}

func kmemFreeCode(_ *Call, b *builder) error {
	b.from("drgn.helpers.linux.list", "validate_list_count_nodes")
	b.from("drgn.helpers.linux.mm", "PFN_PHYS", "pfn_to_page")
	b.from("drgn.helpers.linux.mmzone", "for_each_online_pgdat")
	b.from("drgn.helpers.linux.vmstat", "nr_free_pages", "zone_page_state")
	b.line("actual_free_pages = 0")
	b.open("for pgdat in for_each_online_pgdat():")
	b.open("for zone in pgdat.node_zones:")
	b.line("name = zone.name\nsize = zone.spanned_pages\nif size == 0:\n    continue\nfree = zone_page_state(zone.address_of_(), prog[\"NR_FREE_PAGES\"])")
	b.line("start_pfn = zone.zone_start_pfn.read_()\nmem_map = pfn_to_page(start_pfn)\nstart_paddr = PFN_PHYS(start_pfn)")
	b.open("for order, free_area in enumerate(zone.free_area):")
	b.line("block_size = prog[\"PAGE_SIZE\"] << order")
	b.open("for migrate_type, free_list in enumerate(free_area.free_list):")
	b.line("num_blocks = validate_list_count_nodes(free_list.address_of_())\nnum_pages = num_blocks << order\nactual_free_pages += num_pages")
	for range 4 {
		b.close()
	}
	b.line("expected_free_pages = nr_free_pages()")
	return nil
}

const rule = "------------------------------------------------------------------------"

func kmemNodes(c *Call) error {
	all, err := zones(c)
	if err != nil {
		return err
	}
	for pgdat, err := range mmzone.ForEachOnlineNode(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		if err := kmemNode(c, pgdat, all); err != nil {
			return err
		}
	}
	if _, err := c.Prog.Symbol("mem_section"); err == nil {
		g := grid{align: ">^^^<<", own: "<^^^<<", header: []string{"NR", "SECTION", "CODED_MEM_MAP", "MEM_MAP", "STATE", "PFN"}}
		for s, err := range mmzone.ForEachPresent(c.Prog) {
			if err := c.next(err); err != nil {
				return err
			}
			row, err := sectionRow(c.Prog, s)
			if err != nil {
				return err
			}
			g.add(row...)
		}
		g.print(c)
		c.print("\n", rule, "\n\n")
	}
	return kmemBlocks(c)
}

func kmemNode(c *Call, pgdat drgn.Object, all []zone) error {
	at, err := pgdat.Uint()
	if err != nil {
		return err
	}
	node, err := pgdat.Member("node_id").Uint()
	if err != nil {
		return err
	}
	whole := zone{}
	if whole.spanned, err = pgdat.Member("node_spanned_pages").Uint(); err != nil {
		return err
	}
	if whole.pfn, err = pgdat.Member("node_start_pfn").Uint(); err != nil {
		return err
	}
	g := grid{align: "^^^^", header: []string{"NODE", "SIZE", "PGLIST_DATA", "NODE_ZONES"}}
	rows := grid{align: "^<>^^^", own: "<<>^<<", header: []string{"ZONE", "NAME", "SIZE", "MEM_MAP", "START_PADDR", "START_PFN"}}
	rows.align = "^<>>>>"
	first := []string{fmt.Sprint(node), fmt.Sprint(whole.spanned), fmt.Sprintf("%x", at)}
	for _, z := range all {
		if z.node != node {
			continue
		}
		address, err := z.object.Uint()
		if err != nil {
			return err
		}
		g.add(append(first, fmt.Sprintf("%x", address))...)
		first = []string{"", "", ""}
		where, err := z.where(c.Prog)
		if err != nil {
			return err
		}
		rows.add(append([]string{fmt.Sprint(z.number), z.name, fmt.Sprint(z.spanned)}, where...)...)
	}
	g.print(c)
	where, err := whole.where(c.Prog)
	if err != nil {
		return err
	}
	w := grid{align: "^^^", header: []string{"MEM_MAP", "START_PADDR", "START_PFN"}}
	w.add(where...)
	w.print(c)
	c.print("\n")
	rows.print(c)
	c.print("\n", rule, "\n\n")
	return nil
}

func sectionRow(p *drgn.Program, s mmzone.NumberedSection) ([]string, error) {
	var v [4]uint64
	var err error
	for i, o := range []drgn.Object{s.Section, mmzone.MemMapAddress(s.Section), mmzone.DecodeMemMap(s.Section, s.Number), mmzone.SectionNumberToPFN(p, s.Number)} {
		if v[i], err = o.Uint(); err != nil {
			return nil, err
		}
	}
	state := ""
	for _, flag := range []struct {
		letter string
		is     func(drgn.Object) (bool, error)
	}{{"P", mmzone.IsPresent}, {"M", mmzone.IsValid}, {"O", mmzone.IsOnline}, {"E", mmzone.IsEarly}} {
		is, err := flag.is(s.Section)
		if err != nil {
			return nil, err
		}
		if is {
			state += flag.letter
		}
	}
	return []string{fmt.Sprint(s.Number), fmt.Sprintf("%x", v[0]), fmt.Sprintf("%x", v[1]), fmt.Sprintf("%x", v[2]), state, fmt.Sprint(v[3])}, nil
}

func kmemBlocks(c *Call) error {
	if _, err := c.Prog.Symbol("memory_subsys"); err != nil {
		return nil // CONFIG_MEMORY_HOTPLUG
	}
	bytes, err := pages.MemoryBlockSize(c.Prog).Uint()
	if err != nil {
		return err
	}
	g := grid{align: "^<^^<<", own: "^<^<<<", header: []string{"MEMORY_BLOCK", "NAME", "PHYSICAL RANGE", "NODE", "STATE", "START_SECTION_NO"}}
	var greatest uint64
	var starts []uint64
	for m, err := range pages.ForEachMemoryBlock(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		at, err := m.Uint()
		if err != nil {
			return err
		}
		section, err := m.Member("start_section_nr").Uint()
		if err != nil {
			return err
		}
		pfn, err := mmzone.SectionNumberToPFN(c.Prog, section).Uint()
		if err != nil {
			return err
		}
		start, err := mm.PFNPhys(c.Prog, pfn).Uint()
		if err != nil {
			return err
		}
		state, err := pages.DecodeMemoryBlockState(m)
		if err != nil {
			return err
		}
		name, err := deviceName(m.Member("dev").AddressOf())
		if err != nil {
			return err
		}
		node := ""
		if n, err := m.Member("nid").Int(); err == nil {
			node = fmt.Sprint(n)
		}
		greatest = max(greatest, start+bytes-1)
		starts = append(starts, start)
		g.add(fmt.Sprintf("%x", at), name, "", node, strings.TrimPrefix(state, "MEM_"), fmt.Sprint(section))
	}
	width := len(fmt.Sprintf("%x", greatest))
	for i, start := range starts {
		g.rows[i][2] = fmt.Sprintf("%*x - %*x", width, start, width, start+bytes-1)
	}
	if len(g.rows) > 0 {
		g.print(c)
	}
	return nil
}

func kmemNodesCode(c *Call, b *builder) error {
	b.from("drgn.helpers.linux.mm", "PFN_PHYS", "pfn_to_page")
	b.from("drgn.helpers.linux.mmzone", "for_each_online_pgdat")
	b.open("for pgdat in for_each_online_pgdat():")
	b.line("size = pgdat.node_spanned_pages\nstart_pfn = pgdat.node_start_pfn\nmem_map = pfn_to_page(start_pfn)\nstart_paddr = PFN_PHYS(start_pfn)")
	b.open("for zone in pgdat.node_zones:")
	b.line("zone_name = zone.name\nzone_size = zone.spanned_pages\nif zone_size == 0:\n    continue")
	b.line("zone_start_pfn = zone.zone_start_pfn.read_()\nzone_mem_map = pfn_to_page(zone_start_pfn)\nzone_start_paddr = PFN_PHYS(zone_start_pfn)")
	b.close()
	b.close()
	if _, err := c.Prog.Symbol("mem_section"); err == nil {
		b.from("drgn.helpers.linux.mmzone", "decode_section_flags", "for_each_present_section", "section_decode_mem_map", "section_mem_map_addr", "section_nr_to_pfn")
		b.open("for nr, section in for_each_present_section():")
		b.line("coded_mem_map = section_mem_map_addr(section)\nmem_map = section_decode_mem_map(section, nr)\nstate = decode_section_flags(section)\npfn = section_nr_to_pfn(nr)")
		b.close()
	}
	if _, err := c.Prog.Symbol("memory_subsys"); err == nil {
		b.from("drgn.helpers.linux.device", "dev_name")
		b.from("drgn.helpers.linux.mm", "decode_memory_block_state", "for_each_memory_block", "memory_block_size_bytes")
		b.from("drgn.helpers.linux.mmzone", "section_nr_to_pfn")
		b.line("block_size = memory_block_size_bytes()")
		b.open("for mem in for_each_memory_block():")
		b.line("name = dev_name(mem.dev.address_of_())\nstart_section_no = mem.start_section_nr\nphysical_start = PFN_PHYS(section_nr_to_pfn(start_section_no))")
		b.line("physical_end = physical_start + block_size\nstate = decode_memory_block_state(mem)")
		b.close()
	}
	return nil
}
