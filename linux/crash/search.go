package crash

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/search"
)

var searchCommand = Command{
	Name:        "search",
	Description: "search memory",
	Long:        "Show every address at which one of some values lies.",
	Groups:      map[string]string{"units": "What the values are; without any of these, words."},
	Arguments: []Argument{
		{Names: []string{"-p"}, Set: 1, Help: "physical memory"},
		{Names: []string{"-t"}, Set: 1, Help: "only the kernel stacks of all tasks"},
		{Names: []string{"-T"}, Set: 1, Help: "only the kernel stacks of the tasks that run"},
		{Names: []string{"-s"}, Meta: "START", Value: One, Help: "from this hexadecimal address or symbol on"},
		{Names: []string{"-e"}, Meta: "END", Value: One, Set: 2, Help: "up to this hexadecimal address or symbol"},
		{Names: []string{"-l"}, Meta: "LENGTH", Value: One, Set: 2, Check: isNumber, Help: "this many bytes"},
		{Names: []string{"-c"}, Set: 3, Group: "units", Help: "texts"},
		{Names: []string{"-w"}, Set: 3, Group: "units", Help: "numbers of 32 bits"},
		{Names: []string{"-h"}, Set: 3, Group: "units", Help: "numbers of 16 bits"},
		{Names: []string{"-x"}, Meta: "CONTEXT", Value: One, Check: isDecimal, Help: "also this many units before and behind each; not with -c"},
		{Names: []string{"-m"}, Meta: "IGNORE_MASK", Value: One, Check: isHexadecimal, Help: "bits of the values that do not matter, in hexadecimal; not with -c"},
		drgnArgument,
		{Meta: "value", Value: Some, Help: "hexadecimal numbers, or symbols for their addresses; with -c, texts"},
	},
	Run: func(c *Call) error {
		s, err := searchOf(c)
		if err != nil {
			return err
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { searchCode(c, b, s); return nil })
		}
		return searchAll(c, s)
	},
}

// A searching is what search looks for, and where.
type searching struct {
	size           int // of a unit in bytes; 1 for texts
	values         []uint64
	texts          []string
	ignore         uint64
	around         uint64 // units
	from, to       uint64 // addresses, both within
	limited        bool
	physical, text bool
}

// maxAround bounds what is shown around a match.
const maxAround = 1 << 16

// A ValueRangeError says that a number is too large for the units that are searched.
type ValueRangeError struct {
	Value uint64
	Bits  int // of a unit
}

func (e *ValueRangeError) Error() string {
	return fmt.Sprintf("value too large for %d bits: %#x", e.Bits, e.Value)
}

func searchOf(c *Call) (s searching, err error) {
	size, err := c.Prog.AddressSize()
	if err != nil {
		return s, err
	}
	s.size, s.physical, s.text = int(size), c.Has("-p"), c.Has("-c")
	switch {
	case c.Has("-w"):
		s.size = 4
	case c.Has("-h"):
		s.size = 2
	case s.text:
		s.size, s.texts = 1, c.List("value")
	}
	if s.text && (c.Has("-x") || c.Has("-m")) {
		return s, c.wrong("-x and -m cannot be used with -c")
	}
	if c.Has("-t") || c.Has("-T") {
		for _, o := range []string{"-s", "-e", "-l"} {
			if c.Has(o) {
				return s, c.wrong("%s cannot be used with -t or -T", o)
			}
		}
	}
	s.to = ^uint64(0) >> (64 - 8*size)
	if c.Has("-s") {
		s.limited = true
		if s.from, err = addressOf(c.Prog, c.Text("-s")); err != nil {
			return s, err
		}
	}
	if c.Has("-e") {
		s.limited = true
		end, err := addressOf(c.Prog, c.Text("-e"))
		if err != nil {
			return s, err
		}
		s.to = end - 1
	}
	if c.Has("-l") {
		s.limited = true
		n, _ := hexadecimal(c.Text("-l"))
		if d, err := number(c.Text("-l")); err == nil {
			n = d
		}
		s.to = s.from + n - 1
	}
	if s.to < s.from {
		return s, invalid("invalid memory search address range")
	}
	if c.Has("-x") {
		if s.around, err = number(c.Text("-x")); err != nil || s.around > maxAround {
			return s, c.wrong("argument -x: at most %d units are shown", maxAround)
		}
	}
	s.ignore, _ = hexadecimal(c.Text("-m"))
	if !s.text {
		for _, w := range c.List("value") {
			v, err := addressOf(c.Prog, w)
			if err != nil {
				return s, err
			}
			if s.size < 8 && v>>(8*s.size) != 0 {
				return s, &ValueRangeError{v, 8 * s.size}
			}
			s.values = append(s.values, v)
		}
	}
	return s, nil
}

// A found is a match.
type found struct{ at, value uint64 }

// in searches a part of memory.
func (s searching) in(ctx context.Context, p *drgn.Program, area search.Area) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		if s.text {
			for _, t := range s.texts {
				for at, err := range search.Bytes(ctx, p, []byte(t), 1, area) {
					if !yield(found{at: at}, err) || err != nil {
						return
					}
				}
			}
			return
		}
		var ranges []search.ValueRange
		for _, v := range s.values {
			ranges = append(ranges, search.ValueRange{Min: v, Max: v})
		}
		for m, err := range search.Uint(ctx, p, s.size, ranges, s.ignore, area) {
			if !yield(found{m.Address, m.Value}, err) || err != nil {
				return
			}
		}
	}
}

func searchAll(c *Call, s searching) error {
	if c.Has("-t") || c.Has("-T") {
		return searchStacks(c, s)
	}
	area := search.Area{Physical: s.physical}
	if s.limited {
		area.Ranges = []mem.Range{{Min: s.from, Max: s.to}}
	}
	_, err := s.show(c, area, nil)
	return err
}

// show prints the matches in a part of memory; before is called before the first.
func (s searching) show(c *Call, area search.Area, before func() error) (n int, err error) {
	for m, err := range s.in(c.ctx, c.Prog, area) {
		if err := c.next(err); err != nil {
			return n, err
		}
		if n++; n == 1 && before != nil {
			if err := before(); err != nil {
				return n, err
			}
		}
		switch {
		case s.text:
			c.printf("%x: %s\n", m.at, textAt(c.Prog, m.at, s.physical))
		case s.around > 0:
			s.context(c, m)
		default:
			c.printf("%x: %x\n", m.at, m.value)
		}
	}
	return n, nil
}

// textAt returns what lies at an address as text.
func textAt(p *drgn.Program, at uint64, physical bool) string {
	const length = 56
	data, err := p.Read(at, length, physical)
	for n := uint64(length - 1); err != nil && n > 0; n-- { // near the end of what is mapped
		data, err = p.Read(at, n, physical)
	}
	var b strings.Builder
	for _, d := range data {
		if d < ' ' || d > '~' {
			d = '.'
		}
		b.WriteByte(d)
	}
	return b.String()
}

// context prints a match with what is before and behind it.
func (s searching) context(c *Call, m found) {
	print := func(from uint64) {
		for i := range s.around {
			at := from + i*uint64(s.size)
			if i%(16/uint64(s.size)) == 0 {
				if i > 0 {
					c.print("\n")
				}
				c.printf("%x:", at)
			}
			v, err := c.Prog.ReadUint(at, s.size, s.physical)
			if err != nil {
				c.print(" (missing)")
				continue
			}
			c.printf(" %0*x", s.size*2, v)
		}
		c.print("\n")
	}
	print(m.at - s.around*uint64(s.size))
	c.printf("%x: %x\n", m.at, m.value)
	print(m.at + uint64(s.size))
	c.print("\n")
}

func searchStacks(c *Call, s searching) error {
	size, err := c.Prog.Object("THREAD_SIZE").Uint()
	if err != nil {
		return err
	}
	sel := &selector{active: c.Has("-T")}
	shown := 0
	for t, err := range pid.ForEachTask(c.Prog, true) {
		if err := c.next(err); err != nil {
			return err
		}
		if ok, err := sel.fits(t); err != nil {
			return err
		} else if !ok {
			continue
		}
		stack, err := t.Member("stack").Uint()
		if err != nil {
			return err
		}
		if stack == 0 || stack+size-1 < s.from || stack > s.to {
			continue
		}
		area := search.Area{Ranges: []mem.Range{{Min: max(stack, s.from), Max: min(stack+size-1, s.to)}}}
		n, err := s.show(c, area, func() error {
			if shown > 0 {
				c.print("\n")
			}
			return c.header(t)
		})
		if err != nil {
			return err
		}
		if n > 0 {
			shown++
		}
	}
	return nil
}

func searchCode(c *Call, b *builder, s searching) {
	var args []string
	function := "search_memory_word"
	switch {
	case s.text:
		function = "search_memory"
	case c.Has("-w"):
		function = "search_memory_u32"
	case c.Has("-h"):
		function = "search_memory_u16"
	}
	b.from("drgn", function)
	for i, w := range c.List("value") {
		switch {
		case s.text:
			args = append(args, quoted(w))
		case isHexadecimal(w) == "":
			args = append(args, fmt.Sprintf("%#x", s.values[i]))
		default:
			args = append(args, addressCode(w))
		}
	}
	if c.Has("-m") {
		args = append(args, fmt.Sprintf("ignore_mask=%#x", s.ignore))
	}
	calls := []string{function + "(" + strings.Join(args, ", ") + ")"}
	if s.text {
		calls = nil
		for _, a := range args {
			calls = append(calls, function+"("+a+")")
		}
	}
	match := map[bool]string{true: "address", false: "address, value"}[s.text]
	for _, call := range calls {
		if !s.limited && !s.physical && !c.Has("-t") && !c.Has("-T") {
			b.linef("for %s in %s:\n    ...", match, call)
			continue
		}
		b.linef("it = %s", call)
		if c.Has("-t") || c.Has("-T") {
			b.from("drgn.helpers.linux.pid", "for_each_task")
			b.line("stack_size = prog[\"THREAD_SIZE\"].value_()")
			b.open("for task in for_each_task(idle=True):")
			(&selector{active: c.Has("-T")}).filterCode(b)
			b.line("stack = task.stack.value_()\nif not stack:\n    continue\nit.set_address_range(stack, stack + stack_size - 1)")
			b.linef("for %s in it:\n    ...", match)
			b.close()
			continue
		}
		physical := ""
		if s.physical {
			physical = ", physical=True"
		}
		b.linef("it.set_address_range(%#x, %#x%s)", s.from, s.to, physical)
		b.linef("for %s in it:\n    ...", match)
	}
}
