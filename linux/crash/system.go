package crash

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/kconfig"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/linux/panic"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/timekeeping"
)

var logCommand = Command{
	Name:        "log",
	Description: "print the kernel's log",
	Arguments: []Argument{
		{Names: []string{"-T"}, Set: 1, Help: "with the time on a clock on the wall"},
		{Names: []string{"-t"}, Set: 1, Help: "without times"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error {
				b.from("drgn.helpers.linux.printk", "get_dmesg")
				how := map[bool]string{c.Has("-T"): `timestamps="human"`, c.Has("-t"): "timestamps=False"}[true]
				b.linef("dmesg = get_dmesg(%s)", how)
				return nil
			})
		}
		var how any = true
		switch {
		case c.Has("-T"):
			how = "human"
		case c.Has("-t"):
			how = false
		}
		text, err := printk.Dmesg(c.Prog, how)
		if err != nil {
			return err
		}
		c.print(string(bytes.TrimSuffix(text, []byte("\n"))), "\n")
		return nil
	},
}

var sysCommand = Command{
	Name:        "sys",
	Description: "system information",
	Arguments: []Argument{
		{Meta: "config", Value: Maybe, Help: "the kernel's configuration, which it has if it was built with CONFIG_IKCONFIG",
			Check: func(v string) string {
				if v != "config" {
					return fmt.Sprintf("invalid choice: '%s' (choose from 'config')", v)
				}
				return ""
			}},
		drgnArgument,
	},
	Run: func(c *Call) error {
		if c.Text("config") != "" {
			return sysConfig(c)
		}
		if c.Has("--drgn") {
			return c.code(sysCode)
		}
		return sys(c)
	},
}

func sysConfig(c *Call) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.kconfig", "get_kconfig")
			b.line("kconfig = get_kconfig()")
			return nil
		})
	}
	config, err := kconfig.Get(c.Prog)
	if err != nil {
		return err
	}
	for _, o := range config {
		c.print(o.Name, "=", o.Value, "\n")
	}
	return nil
}

func sysCode(b *builder) error {
	b.from("drgn.helpers.linux.cpumask", "num_online_cpus", "num_present_cpus")
	b.from("drgn.helpers.linux.mm", "totalram_pages")
	b.from("drgn.helpers.linux.panic", "panic_message", "tainted")
	b.from("drgn.helpers.linux.pid", "for_each_task")
	b.from("drgn.helpers.linux.sched", "loadavg")
	b.from("drgn.helpers.linux.timekeeping", "ktime_get_real_seconds", "uptime")
	b.line("try:\n    kernel = prog.main_module().debug_file_path\nexcept LookupError:\n    kernel = None")
	b.line("taints = tainted()\ndumpfile = prog.core_dump_path\ncpus = num_present_cpus()\noffline_cpus = cpus - num_online_cpus()")
	b.line("timestamp = ktime_get_real_seconds().value_()\nuptime_ = uptime()\nload_average = loadavg()")
	b.line("num_tasks = sum(1 for _ in for_each_task(idle=True))")
	b.line("nodename = prog[\"init_uts_ns\"].name.nodename.string_()\nrelease = prog[\"UTS_RELEASE\"].string_()")
	b.line("version = prog[\"init_uts_ns\"].name.version.string_()\nmachine = prog[\"init_uts_ns\"].name.machine.string_()")
	b.line("memory = totalram_pages() * prog[\"PAGE_SIZE\"].value_()\npanic = panic_message()")
	return nil
}

// sys prints the fields that crash shows at its start. One that can't be had is told as a warning.
func sys(c *Call) error {
	p := c.Prog
	field := func(name string, value func() (string, error)) {
		text, err := value()
		switch {
		case c.ctx.Err() != nil:
		case err != nil:
			c.warn("couldn't get %s: %v", name, err)
		case text != "":
			c.printf("%12s: %s\n", name, text)
		}
	}
	field("KERNEL", func() (string, error) {
		text := ""
		if m, err := p.MainModule(); err == nil {
			text = m.DebugFile().Path
		}
		taints, err := panic.Tainted(p)
		if err != nil {
			return "", err
		}
		if taints != "" && text != "" {
			text += "  [TAINTED]"
		}
		return text, nil
	})
	field("DUMPFILE", func() (string, error) {
		const running = drgn.IsLive | drgn.IsLocal
		if p.CoreDumpPath() == "" && p.Flags()&running == running {
			return "/proc/kcore", nil
		}
		return p.CoreDumpPath(), nil
	})
	field("CPUS", func() (string, error) {
		present, err := cpumask.NumPresent(p)
		if err != nil {
			return "", err
		}
		online, err := cpumask.NumOnline(p)
		if err != nil {
			return "", err
		}
		text := fmt.Sprint(present)
		if online < present {
			text += fmt.Sprintf(" [OFFLINE: %d]", present-online)
		}
		return text, nil
	})
	field("DATE", func() (string, error) {
		n, err := timekeeping.RealSeconds(p).Int()
		return time.Unix(n, 0).UTC().Format("Mon Jan _2 15:04:05 UTC 2006"), err
	})
	field("UPTIME", func() (string, error) {
		n, err := timekeeping.Uptime(p)
		return seconds(uint64(max(n, 0))), err
	})
	field("LOAD AVERAGE", func() (string, error) {
		l, err := sched.LoadAverage(p)
		return fmt.Sprintf("%.2f, %.2f, %.2f", l[0], l[1], l[2]), err
	})
	field("TASKS", func() (string, error) {
		n := 0
		for _, err := range pid.ForEachTask(p, true) {
			if err := c.next(err); err != nil {
				return "", err
			}
			n++
		}
		return fmt.Sprint(n), nil
	})
	for _, name := range []string{"nodename", "release", "version", "machine"} {
		field(strings.ToUpper(name), func() (string, error) {
			b, err := p.Object("init_uts_ns").Member("name").Member(name).CString()
			return escape(b, ""), err
		})
	}
	field("MEMORY", func() (string, error) {
		pages, err := mm.TotalRAMPages(p)
		if err != nil {
			return "", err
		}
		size, err := p.Object("PAGE_SIZE").Uint()
		return bytesSize(float64(pages) * float64(size)), err
	})
	if !c.live() {
		field("PANIC", func() (string, error) {
			message, ok, err := panic.Message(p)
			if err != nil || !ok {
				return "", err
			}
			return `"` + escape(message, `"`) + `"`, nil
		})
	}
	return c.ctx.Err()
}

var modCommand = Command{
	Name:        "mod",
	Description: "modules, and loading their debugging information",
	Arguments: []Argument{
		{Names: []string{"-s"}, Meta: "MODULE", Value: Some, Set: 1, Help: "load debugging information of this module, from the files that follow or from where it usually is"},
		{Names: []string{"-S"}, Meta: "DIRECTORY", Value: Maybe, Set: 1, Help: "load that of all modules, from the files in this directory or from where it usually is"},
		{Names: []string{"-t"}, Set: 1, Help: "show the modules that taint the kernel"},
		drgnArgument,
	},
	Usage: "[-s MODULE [FILE ...] | -S [DIRECTORY] | -t] [--drgn]",
	Run: func(c *Call) error {
		switch {
		case c.Has("--drgn"):
			return c.code(func(b *builder) error { return modCode(c, b) })
		case c.Has("-t"):
			return modTaints(c)
		}
		return mod(c)
	},
}

func modCode(c *Call, b *builder) error {
	b.from("drgn", "RelocatableModule")
	b.open("for module, _ in prog.loaded_modules():")
	b.line("if not isinstance(module, RelocatableModule):\n    continue  # the kernel itself")
	files := c.List("-s")
	if len(files) > 0 {
		b.linef("if module.name != %s:\n    continue", quoted(files[0]))
	}
	switch {
	case len(files) > 1:
		for _, f := range files[1:] {
			b.linef("module.try_file(%s)", quoted(f))
		}
	case c.Text("-S") != "":
		b.imports("glob")
		b.imports("os")
		b.linef("for path in glob.glob(os.path.join(%s, \"**\", \"*.ko*\"), recursive=True):\n    module.try_file(path)", quoted(c.Text("-S")))
	case len(files) > 0 || c.Has("-S"):
		b.line("prog.load_module_debug_info(module)")
	}
	b.line("struct_module = module.object")
	if c.Has("-t") {
		b.from("drgn.helpers.linux.module", "module_taints")
		b.line("taints = module_taints(struct_module)")
	} else {
		b.line("name = module.name\ntext_base = module.address\nsize = sum(end - start for start, end in module.address_ranges)\nobject_file = module.debug_file_path")
	}
	b.close()
	return nil
}

// A loadedModule is a module with the kernel's struct module.
type loadedModule struct {
	module *drgn.Module
	object drgn.Object
	name   string
}

// loadedModules returns the kernel's modules, the newest first, and creates those that are not known yet.
func loadedModules(c *Call) ([]loadedModule, error) {
	main, err := c.Prog.MainModule()
	if err != nil {
		return nil, err
	}
	var all []loadedModule
	for l, err := range c.Prog.LoadedModulesContext(c.ctx) {
		if err := c.next(err); err != nil {
			return nil, err
		}
		if l.Module == main || l.Module == nil {
			continue
		}
		all = append(all, loadedModule{l.Module, drgn.ModuleObject(l.Module), l.Module.Name()})
	}
	return all, nil
}

func mod(c *Call) error {
	all, err := loadedModules(c)
	if err != nil {
		return err
	}
	files := c.List("-s")
	var wanted []*drgn.Module
	g := grid{align: "><>><", own: "^<<><", header: []string{"MODULE", "NAME", "TEXT_BASE", "SIZE", "OBJECT FILE"}}
	g.own = "^<^><"
	var rows []loadedModule
	for _, m := range all {
		if len(files) > 0 && m.name != files[0] {
			continue
		}
		rows = append(rows, m)
		wanted = append(wanted, m.module)
	}
	if len(files) > 0 && len(rows) == 0 {
		c.warn("no module named %s is loaded", files[0])
	}
	switch {
	case len(files) > 1:
		for _, m := range wanted {
			for _, f := range files[1:] {
				if err := m.TryFile(f); err != nil {
					c.warn("%s: %v", f, err)
				}
			}
		}
	case c.Text("-S") != "":
		err = c.Prog.LoadDebugInfo(c.ctx, drgn.LoadDebugInfo{Paths: []string{c.Text("-S")}})
	case len(wanted) > 0 && (len(files) > 0 || c.Has("-S")):
		err = c.Prog.LoadModuleDebugInfo(c.ctx, wanted...)
	}
	if err != nil {
		c.warn("%v", err)
	}
	for _, m := range rows {
		cells, err := modRow(m)
		if err := c.next(err); err != nil {
			return err
		}
		g.add(cells...)
	}
	g.print(c)
	return nil
}

func modRow(m loadedModule) ([]string, error) {
	at, err := m.object.Uint()
	if err != nil {
		return nil, err
	}
	var size, base uint64
	regions, err := module.Regions(m.object)
	if err != nil {
		return nil, err
	}
	for i, r := range regions {
		if size += r.Size; i == 0 {
			base = r.Address
		}
	}
	file := m.module.DebugFile().Path
	if file == "" {
		file = "(not loaded)"
	}
	return []string{fmt.Sprintf("%x", at), m.name, fmt.Sprintf("%x", base), fmt.Sprint(size), file}, nil
}

func modTaints(c *Call) error {
	g := grid{align: "<<", header: []string{"NAME", "TAINTS"}}
	for m, err := range module.ForEach(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		taints, err := module.Taints(m)
		if err != nil {
			return err
		}
		if taints == "" {
			continue
		}
		name, err := m.Member("name").CString()
		if err != nil {
			return err
		}
		g.add(escape(name, ""), taints)
	}
	if len(g.rows) == 0 {
		c.print("no tainted modules\n")
		return nil
	}
	g.print(c)
	return nil
}

var symCommand = Command{
	Name:        "sym",
	Description: "look symbols up",
	Usage:       "[-p] [-n] [--drgn] (-l | -q STRING | name|address ...)",
	Arguments: []Argument{
		{Meta: "name|address", Value: Any, Help: "names or hexadecimal addresses"},
		{Names: []string{"-l"}, Set: 1, Help: "all symbols"},
		{Names: []string{"-q"}, Meta: "STRING", Value: One, Each: true, Set: 1, Help: "all symbols whose names contain this; may be repeated"},
		{Names: []string{"-p"}, Help: "also the symbol before"},
		{Names: []string{"-n"}, Help: "also the symbol behind"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		named := c.List("name|address")
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return symCode(c, b, named) })
		}
		switch {
		case c.Has("-l") && len(named) > 0:
			return c.wrong("argument name|address: not allowed with argument -l")
		case c.Has("-q") && len(named) > 0:
			return c.wrong("argument name|address: not allowed with argument -q")
		case !c.Has("-l") && !c.Has("-q") && len(named) == 0:
			return c.wrong("one of the arguments -l -q name|address is required")
		}
		return sym(c, named)
	},
}

func symCode(c *Call, b *builder, named []string) error {
	sorted := func() {
		b.imports("operator")
		b.line("all_symbols = prog.symbols()\nall_symbols.sort(key=operator.attrgetter(\"address\"))\n")
	}
	switch {
	case c.Has("-l"):
		sorted()
		b.line("for sym in all_symbols:\n    ...")
	case c.Has("-q"):
		sorted()
		for _, q := range c.List("-q") {
			b.linef("for sym in all_symbols:\n    if %s in sym.name:\n        ...", quoted(q))
		}
	default:
		if c.Has("-p") || c.Has("-n") {
			sorted()
		}
		for _, n := range named {
			if a, err := hexadecimal(n); err == nil {
				b.linef("sym = prog.symbol(%#x)", a)
			} else {
				b.linef("sym = prog.symbol(%s)", quoted(n))
			}
			b.line("try:\n    source = prog.source_location(sym.address)\nexcept LookupError:\n    pass")
			if c.Has("-p") || c.Has("-n") {
				b.line("i = all_symbols.index(sym)")
			}
			if c.Has("-p") {
				b.line("if i > 0:\n    prev_sym = all_symbols[i - 1]")
			}
			if c.Has("-n") {
				b.line("if i < len(all_symbols) - 1:\n    next_sym = all_symbols[i + 1]")
			}
		}
	}
	return nil
}

// isIgnored reports whether a name is one of those that scripts/mksysmap of the kernel leaves out of its table, too: tools and
// compilers made them.
func isIgnored(name string) bool {
	if name == "" {
		return true
	}
	switch name[0] {
	case '$':
		return true
	case '.':
		return strings.HasPrefix(name, ".L")
	case 'L':
		return name == "L0"
	case '_':
		for _, p := range ignoredPrefixes {
			if strings.HasPrefix(name, p) {
				return true
			}
		}
		if name == "_SDA_BASE_" || name == "_SDA2_BASE_" {
			return true
		}
	}
	switch name[len(name)-1] {
	case 'm', 'b', 'r':
		if strings.HasSuffix(name, "_from_arm") || strings.HasSuffix(name, "_from_thumb") || strings.HasSuffix(name, "_veneer") {
			return true
		}
	}
	return strings.Contains(name, ".long_branch.") || strings.Contains(name, ".plt_branch.")
}

var ignoredPrefixes = []string{"__efistub_", "__pi_$", "__pi_.L", "__kvm_nvhe_$", "__kvm_nvhe_.L", "__AArch64ADRPThunk_", "__ARMV5PILongThunk_",
	"__ARMV7PILongThunk_", "__ThumbV7PILongThunk_", "__LA25Thunk_", "__microLA25Thunk_", "__kcfi_typeid_", "__kvm_nvhe___kcfi_typeid_",
	"__pi___kcfi_typeid_", "__crc_", "__kstrtab_", "__kstrtabns_", "__UNIQUE_ID_modinfo"}

// allSymbols returns the symbols by address.
func allSymbols(c *Call) ([]drgn.Symbol, error) {
	t, err := c.Prog.AllSymbols()
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(t.All(), func(s drgn.Symbol) bool {
		return s.Kind == drgn.SymbolFile || s.Kind == drgn.SymbolSection || isIgnored(s.Name)
	})
	slices.SortStableFunc(all, func(a, b drgn.Symbol) int {
		switch {
		case a.Address < b.Address:
			return -1
		case a.Address > b.Address:
			return 1
		}
		return 0
	})
	return all, nil
}

func sym(c *Call, named []string) error {
	var all []drgn.Symbol
	var err error
	need := func() error {
		if all == nil {
			all, err = allSymbols(c)
		}
		return err
	}
	contain := func(text, indent string) error {
		n := 0
		for _, s := range all {
			if strings.Contains(s.Name, text) {
				c.printf("%s%x %s\n", indent, s.Address, s.Name)
				n++
			}
		}
		if n == 0 {
			c.print(indent, "(none found)\n")
		}
		return c.ctx.Err()
	}
	if c.Has("-l") || c.Has("-q") {
		if err := need(); err != nil {
			return err
		}
		if c.Has("-l") {
			for _, s := range all {
				c.printf("%x %s\n", s.Address, s.Name)
			}
			return c.ctx.Err()
		}
		for _, q := range c.List("-q") {
			if err := contain(q, ""); err != nil {
				return err
			}
		}
		return nil
	}
	for _, n := range named {
		s, found := findSymbol(c.Prog, n)
		if !found {
			if err := need(); err != nil {
				return err
			}
			c.printf("symbol not found: %s\npossible alternatives:\n", n)
			if err := contain(n, "  "); err != nil {
				return err
			}
			continue
		}
		if c.Has("-p") || c.Has("-n") {
			if err := need(); err != nil {
				return err
			}
		}
		line := func(s drgn.Symbol) { c.printf("%x %s%s\n", s.Address, s.Name, sourceOf(c.Prog, s.Address)) }
		i := slices.IndexFunc(all, func(o drgn.Symbol) bool { return o.Address == s.Address && o.Name == s.Name })
		if c.Has("-p") && i > 0 {
			line(all[i-1])
		}
		line(s)
		if c.Has("-n") && i >= 0 && i+1 < len(all) {
			line(all[i+1])
		}
	}
	return nil
}

// findSymbol returns the symbol of a name, or the one that a hexadecimal address lies in.
func findSymbol(p *drgn.Program, text string) (drgn.Symbol, bool) {
	if s, err := p.Symbol(text); err == nil {
		return s, true
	}
	a, err := hexadecimal(text)
	if err != nil {
		return drgn.Symbol{}, false
	}
	s, err := p.SymbolAt(a)
	return s, err == nil
}

// sourceOf returns where the code at an address comes from, as " fs/exec.c: 12": of what is inlined there, the line that is.
func sourceOf(p *drgn.Program, address uint64) string {
	trace, err := p.CodeAt(address)
	if err != nil || trace.Len() == 0 {
		return ""
	}
	s, err := trace.Frame(0).Source()
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" %s: %d", s.Filename, s.Line)
}
