package crash

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/types"
)

// structArguments declares struct and union.
func structArguments(kind string) []Argument {
	return []Argument{
		{Meta: kind + "_name[.member[,member]]", Value: One, Help: "the type; with members only these are shown, each of which may be nested and have subscripts"},
		{Meta: "address_or_symbol[:cpuspec]", Value: Maybe, Help: "where it lies: a hexadecimal address or a symbol. Without it the type is shown. " +
			"Of a per-CPU variable, a colon and the CPUs may follow: 0,3-4, a or all, or nothing for that of the current task"},
		{Meta: "count", Value: Maybe, Check: isDecimal, Help: "how many lie there, one behind the other; below 0, before it"},
		{Names: []string{"-l"}, Meta: "OFFSET", Value: One, Help: "the address is that of what lies this far in it: a number of bytes or " + kind + "_name.member"},
		{Names: []string{"-x"}, Help: "integers in hexadecimal"},
		{Names: []string{"-d"}, Help: "integers in decimal"},
		{Names: []string{"-c"}, Meta: "COUNT", Value: One, Check: isDecimal, Help: "how many"},
		drgnArgument,
	}
}

var (
	structCommand = Command{Name: "struct", Description: "structures", Arguments: structArguments("struct"),
		Run: func(c *Call) error { return structure(c, "struct") }}
	unionCommand = Command{Name: "union", Description: "unions", Arguments: structArguments("union"),
		Run: func(c *Call) error { return structure(c, "union") }}
	starCommand = Command{Name: "*", Description: "struct or union, whichever it is", Usage: "[struct or union command arguments]",
		Long:      "With it *list_head can be typed for struct list_head. Where the name of the type is no command, the * may be left out, too.",
		Arguments: structArguments("struct"), Run: func(c *Call) error { return structure(c, "*") }}
)

const memberPattern = `[a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*|\[[0-9]+\])*`

var (
	typeAndMembers = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)(?:\.(` + memberPattern + `(?:,` + memberPattern + `)*))?$`)
	typeAndMember  = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)\.(` + memberPattern + `)$`)
	membersOnly    = regexp.MustCompile(`^` + memberPattern + `(?:,` + memberPattern + `)*$`)
)

// typeOf returns the structure or union of a name. kind is "struct", "union" or "*" for any of them.
func typeOf(p *drgn.Program, kind, name string) (*types.Type, error) {
	var first error
	for _, k := range map[string][]string{"struct": {"struct"}, "union": {"union"}, "*": {"struct", "union", "class"}}[kind] {
		t, err := p.Type(k + " " + name)
		if err == nil {
			return t, nil
		}
		if first == nil {
			first = err
		}
	}
	want := map[string]types.Kind{"struct": types.Struct, "union": types.Union}
	if t, err := p.Type(name); err == nil && t.UnderlyingKind().IsCompound() {
		if k, ok := want[kind]; !ok || t.UnderlyingKind() == k {
			return t, nil
		}
	}
	var missing *drgn.TypeNotFoundError
	if errors.As(first, &missing) {
		named := *missing
		named.Name, named.TypeName = name, name
		first = &named
	}
	return nil, first
}

// An offset is how far something lies in a type.
type offset struct {
	bytes        uint64
	name, member string // of a type, as it was written
}

// parseOffset reads a number of bytes or name.member.
func parseOffset(p *drgn.Program, text string) (offset, error) {
	if n, err := number(text); err == nil {
		return offset{bytes: n}, nil
	}
	m := typeAndMember.FindStringSubmatch(text)
	if m == nil {
		return offset{}, invalid("invalid offset: %s", text)
	}
	t, err := typeOf(p, "*", m[1])
	if err != nil {
		return offset{}, err
	}
	n, err := drgn.OffsetOf(t, m[2])
	return offset{n, t.String(), m[2]}, err
}

// formatOf returns how objects are printed: pointers as such, integers in the base that was asked for.
func formatOf(call *Call) c.Format {
	f := c.DefaultFormat
	f.IntegerBase, f.Columns = call.session.state.base, call.session.state.columns
	switch {
	case call.Has("-d"):
		f.IntegerBase = 10
	case call.Has("-x"):
		f.IntegerBase = 16
	}
	f.Flags &^= c.Dereference
	return f
}

// show prints an object, or the members of it that are asked for, each on a line.
func (c *Call) show(o drgn.Object, members []string, indent string) error {
	if len(members) == 0 {
		text, err := o.Format(formatOf(c))
		if err == nil {
			c.print(text, "\n")
		}
		return err
	}
	for _, m := range members {
		text, err := o.Subobject(m).Format(formatOf(c))
		if err != nil {
			return err
		}
		c.print(indent, m, " = ", text, "\n")
	}
	return nil
}

// A structRequest is what struct was asked.
type structRequest struct {
	typ     *types.Type
	members []string
	where   string
	spec    *cpus
	offset  offset
	count   int64
	many    bool
}

func structArgumentsOf(c *Call, kind string) (r structRequest, err error) {
	name := c.List(c.command.Arguments[0].Meta)[0]
	m := typeAndMembers.FindStringSubmatch(name)
	if m == nil {
		return r, invalid("invalid type name: %s", name)
	}
	if r.typ, err = typeOf(c.Prog, kind, m[1]); err != nil {
		return r, err
	}
	if m[2] != "" {
		r.members = strings.Split(m[2], ",")
	}
	where, spec, isPerCPU := strings.Cut(c.Text("address_or_symbol[:cpuspec]"), ":")
	r.where, r.count = where, 1
	if isPerCPU {
		which, err := parseCPUs(spec)
		if err != nil {
			return r, err
		}
		r.spec = &which
	}
	count := c.Text("count")
	if c.Has("-c") {
		count = c.Text("-c")
	}
	if count != "" {
		r.count, _ = strconv.ParseInt(count, 10, 64)
		r.many = true
	}
	if r.count > maxCount || r.count < -maxCount {
		return r, invalid("%d are too many: at most %d are shown", r.count, maxCount)
	}
	if c.Has("-l") {
		r.offset, err = parseOffset(c.Prog, c.Text("-l"))
	}
	return r, err
}

// maxCount bounds how many structures are shown.
const maxCount = 1 << 20

func structure(c *Call, kind string) error {
	r, err := structArgumentsOf(c, kind)
	if err != nil {
		return err
	}
	if c.Has("--drgn") {
		return c.code(func(b *builder) error { return structCode(c, b, r) })
	}
	if r.where == "" {
		return describe(c, r)
	}
	at, err := addressOf(c.Prog, r.where)
	if err != nil {
		return err
	}
	if r.spec != nil {
		numbers, err := r.spec.numbers(c)
		if err != nil {
			return err
		}
		for _, n := range numbers {
			offset, err := percpu.Offset(c.Prog, n)
			if err != nil {
				return err
			}
			c.printf("[%d]: %x\n", n, at+offset-r.offset.bytes)
			if err := structsAt(c, r, at+offset-r.offset.bytes); err != nil {
				return err
			}
		}
		return nil
	}
	return structsAt(c, r, at-r.offset.bytes)
}

// structsAt prints the structures at an address.
func structsAt(c *Call, r structRequest, at uint64) error {
	size, err := r.typ.Size()
	if err != nil {
		return err
	}
	first, last := int64(0), r.count
	if r.count < 0 {
		first, last = r.count+1, 1
	}
	for i := first; i < last; i++ {
		if err := c.next(nil); err != nil {
			return err
		}
		if i > first {
			c.print("\n")
		}
		if err := c.show(c.Prog.ObjectAt(r.typ, at+uint64(i)*size), r.members, ""); err != nil {
			return err
		}
	}
	return nil
}

// describe prints a type and its size, or the places of members in it.
func describe(call *Call, r structRequest) error {
	if len(r.members) == 0 {
		text, err := definition(r.typ)
		if err != nil {
			return err
		}
		size, err := r.typ.Size()
		if err != nil {
			return err
		}
		call.printf("%s\nSIZE: %d\n", text, size)
		return nil
	}
	for _, m := range r.members {
		n, err := drgn.OffsetOf(r.typ, m)
		if err != nil {
			return err
		}
		o := call.Prog.ObjectAt(r.typ, 0).Subobject(m)
		if err := o.Err(); err != nil {
			return err
		}
		name := m[strings.LastIndexByte(m, '.')+1:]
		name, _, _ = strings.Cut(name, "[")
		text, err := declaration(o.Type(), name)
		if err != nil {
			return err
		}
		call.printf("[%d] %s;\n", n, text)
	}
	return nil
}

// definition returns a type as C declares it.
func definition(t *types.Type) (string, error) {
	if l, ok := t.Language().(*c.Language); ok {
		return l.Definition(t)
	}
	return t.String(), nil
}

// declaration returns a variable or member of a type as C declares it.
func declaration(t *types.Type, name string) (string, error) {
	if l, ok := t.Language().(*c.Language); ok {
		return l.Declaration(t, name)
	}
	return t.String() + " " + name, nil
}

func structCode(c *Call, b *builder, r structRequest) error {
	members := func() {
		for _, m := range r.members {
			name := strings.TrimRight(strings.NewReplacer(".", "_", "[", "_", "]", "").Replace(m), "_")
			b.linef("%s = object.%s", name, m)
		}
	}
	name := quoted(r.typ.String())
	if r.where == "" {
		b.linef("type = prog.type(%s)", name)
		if len(r.members) == 0 {
			b.from("drgn", "sizeof")
			b.line("size = sizeof(type)")
			return nil
		}
		b.from("drgn", "offsetof")
		b.from("drgn.helpers.common.type", "typeof_member")
		for _, m := range r.members {
			v := strings.TrimRight(strings.NewReplacer(".", "_", "[", "_", "]", "").Replace(m), "_")
			b.linef("%s_type = typeof_member(type, %s)\n%s_offset = offsetof(type, %s)", v, quoted(m), v, quoted(m))
		}
		return nil
	}
	b.from("drgn", "Object")
	b.linef("address = %s", addressCode(r.where))
	back := ""
	switch {
	case r.offset.member != "":
		b.from("drgn", "offsetof")
		back = fmt.Sprintf(" - offsetof(prog.type(%s), %s)", quoted(r.offset.name), quoted(r.offset.member))
	case r.offset.bytes != 0:
		back = fmt.Sprintf(" - %d", r.offset.bytes)
	}
	if back != "" {
		b.line("address = address" + back)
	}
	done := func() {}
	if r.spec != nil {
		b.from("drgn.helpers.linux.percpu", "per_cpu")
		b.linef("pcpu_object = Object(prog, %s, address=address)", name)
		if err := r.spec.loop(c, b); err != nil {
			return err
		}
		done = b.close
		b.line("object = per_cpu(pcpu_object, cpu)")
		if r.many {
			b.line("address = object.address_")
		}
	}
	switch {
	case r.many:
		first, last := int64(0), r.count
		if r.count < 0 {
			first, last = r.count+1, 1
		}
		b.linef("pointer = Object(prog, %s, address)", quoted(r.typ.String()+" *"))
		b.openf("for i in range(%d, %d):", first, last)
		b.line("object = pointer[i]")
		members()
		b.close()
	case r.spec != nil:
		members()
	default:
		b.linef("object = Object(prog, %s, address=address)", name)
		members()
	}
	done()
	return nil
}

var pCommand = Command{
	Name:        "p",
	Description: "print a variable",
	Arguments: []Argument{
		{Meta: "object[:cpuspec]", Value: One, Help: "what to print: a variable, with members and subscripts if need be. Of a per-CPU variable, a colon and the CPUs may follow: 0,3-4, a or all, or nothing for that of the current task"},
		{Names: []string{"-x"}, Help: "integers in hexadecimal"},
		{Names: []string{"-d"}, Help: "integers in decimal"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		text, spec, isPerCPU := strings.Cut(c.Text("object[:cpuspec]"), ":")
		name, rest := text, ""
		if i := strings.IndexAny(text, ".["); i > 0 {
			name, rest = text[:i], text[i:]
		}
		var which cpus
		var err error
		if isPerCPU {
			if which, err = parseCPUs(spec); err != nil {
				return err
			}
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error {
				if !isPerCPU {
					b.linef("object = prog[%s]%s", quoted(name), rest)
					return nil
				}
				b.from("drgn.helpers.linux.percpu", "per_cpu")
				b.linef("pcpu_object = prog[%s]%s", quoted(name), rest)
				if err := which.loop(c, b); err != nil {
					return err
				}
				b.line("object = per_cpu(pcpu_object, cpu)")
				b.close()
				return nil
			})
		}
		o := c.Prog.Object(name)
		if rest != "" {
			o = o.Subobject(strings.TrimPrefix(rest, "."))
		}
		if err := o.Err(); err != nil {
			return err
		}
		if !isPerCPU {
			shown, err := o.Format(formatOf(c))
			if err == nil {
				c.print(text, " = ", shown, "\n")
			}
			return err
		}
		numbers, err := which.numbers(c)
		if err != nil {
			return err
		}
		for _, n := range numbers {
			shown, err := percpu.PerCPU(o, n).Format(formatOf(c))
			if err != nil {
				return err
			}
			c.printf("per_cpu(%s, %d) = %s\n", text, n, shown)
		}
		return nil
	},
}

var taskCommand = Command{
	Name:        "task",
	Description: "task_structs",
	Arguments: []Argument{
		{Meta: "pid|task", Value: Any, Tasks: true, Help: "decimal PIDs or hexadecimal addresses of task_structs; or members, as after -R"},
		{Names: []string{"-R"}, Meta: "member[,member]", Value: One, Each: true, Help: "only these members, each of which may be nested and have subscripts"},
		{Names: []string{"-x"}, Help: "integers in hexadecimal"},
		{Names: []string{"-d"}, Help: "integers in decimal"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		var members []string
		s := c.selects
		named := &selector{}
		for _, l := range c.List("-R") {
			members = append(members, strings.Split(l, ",")...)
		}
		for _, w := range c.List("pid|task") {
			if r, ok := parseTask(w); ok {
				named.refs = append(named.refs, r)
			} else if membersOnly.MatchString(w) {
				members = append(members, strings.Split(w, ",")...)
			} else {
				return invalid("invalid member name: %s", w)
			}
		}
		for _, m := range members {
			if !membersOnly.MatchString(m) {
				return invalid("invalid member name: %s", m)
			}
		}
		if s == nil {
			s = named
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return taskCode(c, b, s, members) })
		}
		print := func(t drgn.Object) error {
			if err := c.header(t); err != nil {
				return err
			}
			if len(members) > 0 {
				return c.show(t.Deref(), members, "  ")
			}
			if err := c.show(t.Deref(), nil, ""); err != nil {
				return err
			}
			info := sched.TaskThreadInfo(t).Deref()
			c.print("\n")
			return c.show(info, nil, "")
		}
		if s == named && len(named.refs) == 0 {
			t, err := c.context()
			if err != nil {
				return err
			}
			return print(t)
		}
		return s.each(c, print)
	},
}

func taskCode(c *Call, b *builder, s *selector, members []string) error {
	done := b.close
	if c.selects == nil && len(s.refs) == 0 {
		if err := c.contextCode(b); err != nil {
			return err
		}
		b.open("if task:")
	} else {
		done = s.loop(b)
	}
	headerCode(b, "task")
	if len(members) == 0 {
		b.from("drgn.helpers.linux.sched", "task_thread_info")
		b.line("thread_info = task_thread_info(task)")
	}
	for _, m := range members {
		b.linef("%s = task.%s", strings.TrimRight(strings.NewReplacer(".", "_", "[", "_", "]", "").Replace(m), "_"), m)
	}
	done()
	return nil
}
