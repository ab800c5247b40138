package crash

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/mm"
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
	return []string{fmt.Sprintf("%x", at), fmt.Sprintf("%x", physical), fmt.Sprintf("%x", mapping), fmt.Sprintf("%x", index), fmt.Sprint(count), strings.TrimRight(fmt.Sprintf("%x %s", flags, text), " ")}, nil
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
	width := 0 // of the greatest, be it shown or not
	for _, e := range all {
		if e.Name != "__NR_PAGEFLAGS" && e.Value <= 63 {
			width = max(width, int(e.Value)/4+1)
		}
	}
	for _, e := range all {
		bit := uint64(e.Value)
		if e.Name == "__NR_PAGEFLAGS" || bit > 63 || given && flags>>bit&1 == 0 {
			continue
		}
		g.add(e.Name, fmt.Sprint(bit), fmt.Sprintf("%0*x", width, uint64(1)<<bit))
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
			g := grid{align: "^^^>", header: vmallocHeader}
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
		if n == 0 {
			c.missing("kmem: address is not allocated in %s subsystem: %x", map[bool]string{true: "slab", false: "vmalloc"}[c.Has("-s")], a)
		}
		return nil
	}
	page := pageFor(c, a)
	if _, err := mm.PageFlags(page).Uint(); err != nil {
		return c.ctx.Err() // nothing is mapped there, or memory without a page, such as that of a device
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

// pageFor returns the page that an address lies in, or whose structure it lies in.
func pageFor(c *Call, a uint64) drgn.Object {
	for i, err := range c.Prog.Identify(a) {
		if err == nil && i.Kind == "page" {
			return i.Object
		}
	}
	physical, err := mm.FollowPhys(c.Prog.Object("init_mm").AddressOf(), a).Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	return mm.PhysToPage(c.Prog, physical)
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
			c.printf("%x (%s) %s", s.Address, symbolLetter(c.Prog, s), s.Name)
			if a != s.Address {
				c.printf("+%d", a-s.Address)
			}
			c.print(inModule(c.Prog, a), sourceOf(c.Prog, a), "\n")
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

// symbolLetter is nm's letter of a symbol, as far as its kind, and for the kernel's own its place, tell: small if it is local.
func symbolLetter(p *drgn.Program, s drgn.Symbol) string {
	within := func(from, to string) bool {
		first, err := p.Symbol(from)
		if err != nil {
			return false
		}
		last, err := p.Symbol(to)
		return err == nil && first.Address <= s.Address && s.Address < last.Address
	}
	letter := "?"
	switch {
	case s.Binding == drgn.BindWeak && s.Kind == drgn.SymbolObject:
		return "V"
	case s.Binding == drgn.BindWeak:
		return "W"
	case s.Kind == drgn.SymbolFunc, within("_stext", "_etext"), within("_sinittext", "_einittext"):
		letter = "T"
	case within("__bss_start", "__bss_stop"):
		letter = "B"
	case s.Kind == drgn.SymbolObject:
		letter = "D"
	}
	if s.Binding == drgn.BindLocal {
		return strings.ToLower(letter)
	}
	return letter
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
