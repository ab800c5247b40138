package crash

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/mmzone"
	"github.com/godrgn/drgn/linux/pages"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/linux/vmstat"
	"github.com/godrgn/drgn/types"
)

var pageHeader = []string{"PAGE", "PHYSICAL", "MAPPING", "INDEX", "CNT", "FLAGS"}

// kmemPages prints all pages, a line each, as they are found.
func kmemPages(c *Call) error {
	width, err := hexWidth(c.Prog)
	if err != nil {
		return err
	}
	if c.Has("-m") {
		return kmemPageMembers(c, width)
	}
	c.printf("%-*s  %8s  %-*s  %12s  %3s  %s\n", width, center("PAGE", width), "PHYSICAL", width, center("MAPPING", width), "INDEX", "CNT", "FLAGS")
	for n, err := range pages.ForEachValidPFNAndPage(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		row, err := pageRow(n.Page)
		if err != nil {
			return err
		}
		c.printf("%s  %8s  %*s  %12s  %3s  %s\n", row[0], row[1], width, row[2], row[3], row[4], row[5])
	}
	return nil
}

func hexWidth(p *drgn.Program) (int, error) {
	n, err := p.AddressSize()
	return int(n) * 2, err
}

func center(text string, width int) string {
	var b strings.Builder
	pad(&b, text, width, '^')
	return b.String()
}

// pageRow returns the cells of a page. What its kind of page does not have is 0.
func pageRow(page drgn.Object) ([]string, error) {
	at, err := page.Uint()
	if err != nil {
		return nil, err
	}
	physical, err := mm.PageToPhys(page).Uint()
	if err != nil {
		return nil, err
	}
	mapping, err := page.Member("mapping").Uint()
	if err != nil {
		return nil, err
	}
	index, err := mm.PageIndex(page).Uint()
	if err != nil {
		return nil, err
	}
	count, err := page.Member("_refcount").Member("counter").Int()
	if err != nil {
		return nil, err
	}
	flags, err := mm.PageFlags(page).Uint()
	if err != nil {
		return nil, err
	}
	text, err := pageFlagNames(page.Prog(), flags)
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("%x", at), fmt.Sprintf("%x", physical), fmt.Sprintf("%x", mapping), fmt.Sprint(index), fmt.Sprint(count), strings.TrimRight(fmt.Sprintf("%x %s", flags, text), " ")}, nil
}

// pageFlagNames returns the names of the flags that are set: "referenced,dirty".
func pageFlagNames(p *drgn.Program, flags uint64) (string, error) {
	text, err := mm.DecodePageFlagsValue(p, flags)
	if err != nil || text == "0" {
		return text, err
	}
	var names []string
	for n := range strings.SplitSeq(text, "|") {
		names = append(names, strings.TrimPrefix(n, "PG_"))
	}
	return strings.Join(names, ","), nil
}

func kmemPageMembers(c *Call, width int) error {
	members := strings.Split(c.Text("-m"), ",")
	if err := pageMemberHeader(c, members, width); err != nil {
		return err
	}
	for n, err := range pages.ForEachValidPFNAndPage(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		if err := pageMembers(c, n.Page, members, width); err != nil {
			return err
		}
	}
	return nil
}

// pageMemberHeader prints the names of the columns: pointers and flags are as wide as words.
func pageMemberHeader(c *Call, members []string, width int) error {
	t, err := c.Prog.Type("struct page")
	if err != nil {
		return err
	}
	line := center("PAGE", width)
	for _, m := range members {
		o := c.Prog.ObjectAt(t, 0).Subobject(m)
		if err := o.Err(); err != nil {
			return err
		}
		w := 12
		if o.Type().UnderlyingKind() == types.Pointer || m == "flags" {
			w = width
		}
		line += fmt.Sprintf("  %-*s", max(w, len(m)), m)
	}
	c.print(strings.TrimRight(line, " "), "\n")
	return nil
}

func pageMembers(c *Call, page drgn.Object, members []string, width int) error {
	at, err := page.Uint()
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%x", at)
	for _, m := range members {
		o := page.Deref().Subobject(m)
		text := ""
		if o.Type() != nil && o.Type().UnderlyingKind().IsCompound() && o.HasMember("counter") {
			o = o.Member("counter")
		}
		if err := o.Err(); err != nil {
			return err
		}
		switch kind := o.Type().UnderlyingKind(); {
		case kind == types.Pointer || m == "flags":
			v, err := o.Uint()
			if err != nil {
				return err
			}
			text = fmt.Sprintf("%0*x", width, v)
			if kind == types.Pointer {
				text = fmt.Sprintf("%*x", -width, v)
			}
		case kind.IsCompound() && o.HasMember("next") && o.HasMember("prev"):
			next, err := o.Member("next").Uint()
			if err != nil {
				return err
			}
			prev, err := o.Member("prev").Uint()
			if err != nil {
				return err
			}
			text = fmt.Sprintf("%x,%x", next, prev)
		case kind.IsCompound() || kind == types.Array:
			return invalid("struct page's member %s can't be shown in a column", m)
		default:
			v, err := o.Int()
			if err != nil {
				return err
			}
			text = strconv.FormatInt(v, 10)
		}
		line += fmt.Sprintf("  %-*s", max(12, len(m)), text)
	}
	c.print(strings.TrimRight(line, " "), "\n")
	return nil
}

func kmemPagesCode(c *Call, b *builder) error {
	b.from("drgn.helpers.linux.mm", "for_each_valid_pfn_and_page")
	b.open("for pfn, page in for_each_valid_pfn_and_page():")
	if c.Has("-m") {
		for m := range strings.SplitSeq(c.Text("-m"), ",") {
			b.linef("%s = page.%s", variable(m), m)
		}
	} else {
		b.from("drgn.helpers.linux.mm", "PFN_PHYS", "decode_page_flags_value", "page_flags", "page_index")
		b.line("physical = PFN_PHYS(pfn)\nmapping = page.mapping\nindex = page_index(page)\ncnt = page._refcount.counter\nflags = page_flags(page)\ndecoded_flags = decode_page_flags_value(flags)")
	}
	b.close()
	return nil
}

// variable returns the name of a variable for a member.
func variable(member string) string {
	return strings.TrimRight(strings.NewReplacer(".", "_", "[", "_", "]", "").Replace(member), "_")
}

func kmemFlags(c *Call) error {
	t, err := c.Prog.Type("enum pageflags")
	if err != nil {
		return err
	}
	all, err := t.Enumerators()
	if err != nil {
		return err
	}
	given := c.Text("-g") != ""
	flags, _ := hexadecimal(c.Text("-g"))
	g := grid{align: "<>>", own: "<><", header: []string{"PAGE-FLAG", "BIT", "VALUE"}}
	if given {
		c.printf("FLAGS: %x\n", flags)
		g.indent = "  "
	}
	for _, e := range all {
		bit := uint64(e.Value)
		if e.Name == "__NR_PAGEFLAGS" || bit > 63 || given && flags>>bit&1 == 0 {
			continue
		}
		g.add(e.Name, fmt.Sprint(bit), fmt.Sprintf("%06x", uint64(1)<<bit))
	}
	g.print(c)
	return nil
}

func kmemFlagsCode(c *Call, b *builder) error {
	if c.Text("-g") != "" {
		flags, _ := hexadecimal(c.Text("-g"))
		b.from("drgn.helpers.linux.mm", "decode_page_flags_value")
		b.linef("flags = decode_page_flags_value(%#x)", flags)
		return nil
	}
	b.open("for name, bit in prog.type(\"enum pageflags\").enumerators:")
	b.line("if name == \"__NR_PAGEFLAGS\":\n    continue\nvalue = 1 << bit")
	b.close()
	return nil
}

// A counted is an enumeration whose values number counters.
type counted struct {
	title, enum, end string
	get              func(p *drgn.Program, item uint64) (int64, error)
	helper           string
}

var counters = []counted{
	{"VM_ZONE_STAT", "enum zone_stat_item", "NR_VM_ZONE_STAT_ITEMS", vmstat.GlobalZonePageState, "global_zone_page_state"},
	{"VM_NODE_STAT", "enum node_stat_item", "NR_VM_NODE_STAT_ITEMS", vmstat.GlobalNodePageState, "global_node_page_state"},
	// CONFIG_NUMA; the end was renamed in 5.14 (commit f19298b9516c).
	{"VM_NUMA_EVENT", "enum numa_stat_item", "NR_VM_NUMA_EVENT_ITEMS NR_VM_NUMA_STAT_ITEMS", vmstat.GlobalNUMAEventState, "global_numa_event_state"},
	{"VM_EVENT_STATES", "enum vm_event_item", "NR_VM_EVENT_ITEMS", func(p *drgn.Program, item uint64) (int64, error) {
		v, err := vmstat.GlobalVMEventState(p, item)
		return int64(v), err
	}, "global_vm_event_state"},
}

func (k counted) items(p *drgn.Program) ([]types.Enumerator, error) {
	t, err := p.Type(k.enum)
	if err != nil {
		return nil, err
	}
	all, err := t.Enumerators()
	if err != nil {
		return nil, err
	}
	var out []types.Enumerator
	for _, e := range all {
		if !strings.Contains(" "+k.end+" ", " "+e.Name+" ") {
			out = append(out, e)
		}
	}
	return out, nil
}

func kmemCounters(c *Call) error {
	width := 0
	all := make([][]types.Enumerator, len(counters))
	for i, k := range counters {
		items, err := k.items(c.Prog)
		if err != nil && (i == 2 || i == 3) {
			continue // this kernel does not count them
		}
		if err != nil {
			return err
		}
		all[i] = items
		for _, e := range items {
			width = max(width, len(e.Name))
		}
	}
	for i, k := range counters {
		if all[i] == nil {
			continue
		}
		if i > 0 {
			c.print("\n")
		}
		c.print(k.title, ":\n")
		for _, e := range all[i] {
			v, err := k.get(c.Prog, uint64(e.Value))
			if err := c.next(err); err != nil {
				return err
			}
			c.printf("%*s: %d\n", width+2, e.Name, v)
		}
	}
	return nil
}

func kmemCountersCode(c *Call, b *builder) error {
	for _, k := range counters {
		if _, err := k.items(c.Prog); err != nil {
			continue
		}
		b.from("drgn.helpers.linux.vmstat", k.helper)
		b.openf("for name, item in prog.type(%s).enumerators:", quoted(k.enum))
		b.linef("if name in %s:\n    continue\nvalue = %s(item)", pythonTuple(strings.Fields(k.end)), k.helper)
		b.close()
	}
	return nil
}

func pythonTuple(texts []string) string {
	var out []string
	for _, t := range texts {
		out = append(out, quoted(t))
	}
	return "(" + strings.Join(out, ", ") + ",)"
}

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
			c.print("\n\n")
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
	for i, z := range all {
		if i > 0 {
			c.print("\n")
		}
		free, err := vmstat.ZonePageState(z.object, item)
		if err != nil {
			return err
		}
		where, err := z.where(c.Prog)
		if err != nil {
			return err
		}
		g := grid{align: "^<>>^^^", own: "<<>><<<", header: []string{"ZONE", "NAME", "SIZE", "FREE", "MEM_MAP", "START_PADDR", "START_PFN"}}
		g.own = "<<>>^<<"
		g.add(append([]string{fmt.Sprint(z.number), fmt.Sprintf("%-7s", z.name), fmt.Sprintf("%6d", z.spanned), fmt.Sprintf("%6d", free)}, fmt.Sprintf("%16s", center(where[0], 16)), where[1], where[2])...)
		g.print(c)
		if z.spanned == 0 {
			continue
		}
		n, err := freeLists(c, z, migrate, pageBytes)
		if err != nil {
			return err
		}
		found += n
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

// freeLists prints the free lists of a zone and returns how many pages are on them.
func freeLists(c *Call, z zone, migrate []string, pageBytes uint64) (total uint64, err error) {
	areas := z.object.Member("free_area")
	orders, err := areas.Len()
	if err != nil {
		return 0, err
	}
	g := grid{align: ">><<>>", own: "<><^>>", header: []string{"ORDER", "SIZE", "MIGRATE", "FREE_LIST", "BLOCKS", "PAGES"}}
	g.align = "^><<>>"
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
				g.add(append(row, fmt.Sprint(blocks), fmt.Sprintf("%6d", blocks<<order))...)
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
					physical, err := mm.PageToPhys(node).Uint()
					if err != nil {
						return 0, err
					}
					c.printf("%x  %x\n", page, physical)
					blocks++
				}
			}
			total += blocks << order
		}
	}
	if !c.Has("-F") {
		g.print(c)
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
	g := grid{align: "^<^<<>", own: "^<^<<<", header: []string{"MEM_BLOCK", "NAME", "PHYSICAL RANGE", "NODE", "STATE", "START_SECTION_NO"}}
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
		g.add(fmt.Sprintf("%x", at), name, fmt.Sprintf("%x - %x", start, start+bytes-1), node, state, fmt.Sprint(section))
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

// kmemAt says what lies at addresses.
func kmemAt(c *Call, words []string) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.common.memory", "identify_address")
			for _, w := range words {
				a, err := hexadecimal(w)
				if err != nil {
					return c.wrong("argument address: %s", isHexadecimal(w))
				}
				b.linef("address = %#x\nidentified = identify_address(address)", a)
			}
			return nil
		})
	}
	for _, w := range words {
		a, err := hexadecimal(w)
		if err != nil {
			return c.wrong("argument address: %s", isHexadecimal(w))
		}
		if err := kmemOne(c, a); err != nil {
			return err
		}
	}
	return nil
}

func kmemOne(c *Call, a uint64) error {
	only := c.Has("-v") || c.Has("-p") || c.Has("-m") || c.Has("-s")
	n := 0
	gap := func() {
		if n > 0 {
			c.print("\n")
		}
		n++
	}
	if !only {
		if err := kmemNamed(c, a, gap); err != nil {
			return err
		}
	}
	if !only || c.Has("-v") {
		va := mm.FindVmapArea(c.Prog, a)
		if null, err := va.IsNull(); err == nil && !null {
			row, err := vmallocRow(va)
			if err != nil {
				return err
			}
			gap()
			g := grid{align: "^^^^", header: vmallocHeader}
			g.add(row...)
			g.print(c)
		}
	}
	if !only || c.Has("-s") {
		if err := kmemSlabAt(c, a, gap); err != nil {
			return err
		}
	}
	if only && !c.Has("-p") && !c.Has("-m") {
		return nil
	}
	physical, err := mm.FollowPhys(c.Prog.Object("init_mm").AddressOf(), a).Uint()
	if err != nil {
		return c.ctx.Err() // nothing is mapped there
	}
	page := mm.PhysToPage(c.Prog, physical)
	if _, err := page.Member("flags").Uint(); err != nil {
		return c.ctx.Err() // memory without a page, such as that of a device
	}
	gap()
	if c.Has("-m") {
		width, err := hexWidth(c.Prog)
		if err != nil {
			return err
		}
		members := strings.Split(c.Text("-m"), ",")
		if err := pageMemberHeader(c, members, width); err != nil {
			return err
		}
		return pageMembers(c, page, members, width)
	}
	row, err := pageRow(page)
	if err != nil {
		return err
	}
	g := grid{align: "^>^>><", header: pageHeader}
	g.align, g.own = "^>>>><", "^^^>><"
	row[1], row[3] = fmt.Sprintf("%8s", row[1]), fmt.Sprintf("%12s", row[3])
	row[2] = fmt.Sprintf("%16s", row[2])
	g.add(row...)
	g.print(c)
	return nil
}

// kmemNamed says which task or symbol lies at an address.
func kmemNamed(c *Call, a uint64, gap func()) error {
	for i, err := range c.Prog.Identify(a) {
		if err := c.next(err); err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(i.Kind, "task") && i.Object.Err() == nil:
			gap()
			return c.showContext(i.Object)
		case strings.Contains(i.Kind, "symbol"):
			gap()
			s, err := c.Prog.SymbolAt(a)
			if err != nil {
				return err
			}
			c.printf("%x (%s) %s", s.Address, symbolLetter(s), s.Name)
			if a != s.Address {
				c.printf("+%d", a-s.Address)
			}
			c.print(sourceOf(c.Prog, a), "\n")
			if t := taskAt(c.Prog, s); t.Err() == nil {
				gap()
				return c.showContext(t)
			}
			return nil
		}
	}
	return nil
}

// taskAt returns the task that a symbol is: only init_task has one.
func taskAt(p *drgn.Program, s drgn.Symbol) drgn.Object {
	if s.Name != "init_task" {
		return drgn.Failed(&NoTaskError{Address: s.Address})
	}
	return p.Object("init_task").AddressOf()
}

// symbolLetter is nm's letter of a symbol, as far as its kind tells.
func symbolLetter(s drgn.Symbol) string {
	switch s.Kind {
	case drgn.SymbolFunc:
		return "T"
	case drgn.SymbolObject:
		return "D"
	}
	return "?"
}

func kmemSlabAt(c *Call, a uint64, gap func()) error {
	info, err := slab.InfoAt(c.Prog, a)
	if err != nil || info == nil {
		return c.ctx.Err() // no slab
	}
	gap()
	row, err := slabRow(c, info.SlabCache)
	if err != nil {
		return err
	}
	g := grid{align: "<>>>>><", header: slabHeader}
	g.add(row...)
	g.print(c)
	at, err := info.Slab.Uint()
	if err != nil {
		return err
	}
	memory, err := mm.PageToVirt(drgn.PointerValue(info.Slab, "struct page", at)).Uint()
	if err != nil {
		return err
	}
	s := grid{indent: "  ", header: []string{"SLAB", "MEMORY"}}
	s.add(fmt.Sprintf("%x", at), fmt.Sprintf("%x", memory))
	s.print(c)
	c.print("  FREE / [ALLOCATED]\n")
	if info.Allocated {
		c.printf("  [%x]\n", info.Address)
	} else {
		c.printf("   %x\n", info.Address)
	}
	return nil
}
