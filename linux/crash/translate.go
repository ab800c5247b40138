package crash

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/percpu"
)

// addressOf returns the address that a user wrote in hexadecimal, or that of a symbol.
func addressOf(p *drgn.Program, text string) (uint64, error) {
	if a, err := hexadecimal(text); err == nil {
		return a, nil
	}
	s, err := p.Symbol(text)
	return s.Address, err
}

// addressCode returns it as Python.
func addressCode(text string) string {
	if a, err := hexadecimal(text); err == nil {
		return fmt.Sprintf("%#x", a)
	}
	return fmt.Sprintf("prog.symbol(%s).address", quoted(text))
}

var btopCommand = Command{
	Name:        "btop",
	Description: "bytes to pages",
	Long:        "Say in which pages physical addresses lie.",
	Arguments:   []Argument{{Meta: "address", Value: Some, Check: isHexadecimal, Help: "a hexadecimal physical address"}, drgnArgument},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error {
				b.from("drgn.helpers.linux.mm", "PHYS_PFN")
				for _, a := range c.List("address") {
					n, _ := hexadecimal(a)
					b.linef("phys_addr = %#x\npfn = PHYS_PFN(phys_addr)", n)
				}
				return nil
			})
		}
		for _, a := range c.List("address") {
			n, _ := hexadecimal(a)
			pfn, err := mm.PhysPFN(c.Prog, n).Uint()
			if err != nil {
				return err
			}
			c.printf("%x: %x\n", n, pfn)
		}
		return nil
	},
}

var ptobCommand = Command{
	Name:        "ptob",
	Description: "pages to bytes",
	Long:        "Say at which physical addresses pages begin.",
	Arguments:   []Argument{{Meta: "pfn", Value: Some, Check: isNumber, Help: "a page frame number, decimal, or hexadecimal if it can't be"}, drgnArgument},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error {
				b.from("drgn.helpers.linux.mm", "PFN_PHYS")
				for _, a := range c.List("pfn") {
					n, _ := number(a)
					b.linef("pfn = %#x\nphys_addr = PFN_PHYS(pfn)", n)
				}
				return nil
			})
		}
		for _, a := range c.List("pfn") {
			n, _ := number(a)
			address, err := mm.PFNPhys(c.Prog, n).Uint()
			if err != nil {
				return err
			}
			c.printf("%x: %x\n", n, address)
		}
		return nil
	},
}

var ptovCommand = Command{
	Name:        "ptov",
	Description: "physical addresses and offsets of per-CPU variables to virtual addresses",
	Arguments: []Argument{
		{Meta: "address|offset:cpuspec", Value: Some, Help: "a hexadecimal physical address, or the hexadecimal offset of a per-CPU variable, a colon and the CPUs: 0,3-4, a or all, or nothing for that of the current task",
			Check: func(v string) string {
				a, _, _ := strings.Cut(v, ":")
				return isHexadecimal(a)
			}},
		drgnArgument,
	},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return ptovCode(c, b) })
		}
		for i, arg := range c.List("address|offset:cpuspec") {
			if i > 0 {
				c.print("\n")
			}
			if err := ptov(c, arg); err != nil {
				return err
			}
		}
		return nil
	},
}

func ptov(c *Call, arg string) error {
	text, spec, isOffset := strings.Cut(arg, ":")
	n, _ := hexadecimal(text)
	if !isOffset {
		at, err := mm.PhysToVirt(c.Prog, n).Uint()
		if err != nil {
			return err
		}
		g := grid{header: []string{"VIRTUAL", "PHYSICAL"}}
		g.add(fmt.Sprintf("%x", at), fmt.Sprintf("%x", n))
		g.print(c)
		return nil
	}
	which, err := parseCPUs(spec)
	if err != nil {
		return err
	}
	c.printf("PER-CPU OFFSET: %x\n", n)
	numbers, err := which.numbers(c)
	if err != nil {
		return err
	}
	g := grid{indent: "  ", align: "<<", header: []string{"CPU", "  VIRTUAL"}}
	for _, cpu := range numbers {
		offset, err := percpu.Offset(c.Prog, cpu)
		if err != nil {
			return err
		}
		g.add("["+strconv.FormatUint(cpu, 10)+"]", fmt.Sprintf("%x", n+offset))
	}
	g.print(c)
	return nil
}

func ptovCode(c *Call, b *builder) error {
	for _, arg := range c.List("address|offset:cpuspec") {
		text, spec, isOffset := strings.Cut(arg, ":")
		n, _ := hexadecimal(text)
		if !isOffset {
			b.from("drgn.helpers.linux.mm", "phys_to_virt")
			b.linef("address = %#x\nvirt = phys_to_virt(address)", n)
			continue
		}
		which, err := parseCPUs(spec)
		if err != nil {
			return err
		}
		b.from("drgn", "Object")
		b.from("drgn.helpers.linux.percpu", "per_cpu_ptr")
		b.linef("offset = %#x", n)
		if err := which.loop(c, b); err != nil {
			return err
		}
		b.line("virt = per_cpu_ptr(Object(prog, \"void *\", offset), cpu)")
		b.close()
	}
	return nil
}

var vtopCommand = Command{
	Name:        "vtop",
	Description: "virtual addresses to physical ones",
	Groups: map[string]string{"address space": "Mostly an address tells whether it is one of the kernel or of user space. " +
		"Where both have the same addresses, one of these is needed:"},
	Arguments: []Argument{
		{Meta: "address", Value: Some, Check: isHexadecimal, Help: "a hexadecimal virtual address"},
		{Names: []string{"-u"}, Set: 1, Group: "address space", Help: "the address is one of user space"},
		{Names: []string{"-k"}, Set: 1, Group: "address space", Help: "the address is one of the kernel"},
		{Names: []string{"-c"}, Meta: "TASK", Tasks: true, Value: One, Check: isTask, Help: "the PID or hexadecimal address of the task whose user space is meant"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return vtopCode(c, b) })
		}
		if c.selects != nil {
			return c.selects.each(c, func(t drgn.Object) error {
				if err := c.header(t); err != nil {
					return err
				}
				return vtop(c, t)
			})
		}
		return vtop(c, drgn.Object{})
	},
}

// vtop shows where addresses lie; task is whose user space is meant, or none for that of -c or the current task.
func vtop(c *Call, task drgn.Object) error {
	for i, arg := range c.List("address") {
		if i > 0 {
			c.print("\n")
		}
		a, _ := hexadecimal(arg)
		space := c.Prog.Object("init_mm").AddressOf()
		size, err := c.Prog.AddressSize()
		if err != nil {
			return err
		}
		if c.Has("-u") || !c.Has("-k") && a>>(size*8-1) == 0 {
			t := task
			if t.Type() == nil {
				if t, err = c.task(c.Text("-c")); err != nil {
					return err
				}
			}
			space = t.Member("mm").Read()
			null, err := space.IsNull()
			if err != nil {
				return err
			}
			if null {
				return invalid("%x is an address of user space, which the task does not have", a)
			}
		}
		physical := "(not accessible)"
		if p, err := mm.FollowPhys(space, a).Uint(); err == nil {
			physical = fmt.Sprintf("%x", p)
		}
		g := grid{header: []string{"VIRTUAL", "PHYSICAL"}}
		g.add(fmt.Sprintf("%x", a), physical)
		g.print(c)
	}
	return nil
}

func vtopCode(c *Call, b *builder) error {
	size, err := c.Prog.AddressSize()
	if err != nil {
		return err
	}
	b.from("drgn", "FaultError")
	b.from("drgn.helpers.linux.mm", "follow_phys")
	done := func() {}
	if c.selects != nil {
		done = c.selects.loop(b)
	}
	for _, arg := range c.List("address") {
		a, _ := hexadecimal(arg)
		b.linef("virtual_address = %#x", a)
		user := c.Has("-u") || !c.Has("-k") && a>>(size*8-1) == 0
		if !user {
			b.line("mm = prog[\"init_mm\"].address_of_()")
		} else {
			if c.selects == nil {
				if r, ok := parseTask(c.Text("-c")); ok {
					r.code(b)
				} else if err := c.contextCode(b); err != nil {
					return err
				}
			}
			b.line("mm = task.mm.read_()")
		}
		b.line("try:\n    physical_address = follow_phys(mm, virtual_address)\nexcept FaultError:\n    pass")
	}
	done()
	return nil
}
