package crash

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/mapletree"
	"github.com/godrgn/drgn/linux/radixtree"
	"github.com/godrgn/drgn/linux/rbtree"
	"github.com/godrgn/drgn/linux/wait"
	"github.com/godrgn/drgn/linux/xarray"
	"github.com/godrgn/drgn/types"
)

var listCommand = Command{
	Name:        "list",
	Description: "the entries of linked lists",
	Usage:       "[-o OFFSET] [-s struct_name[.member[,member]]] [-l OFFSET] [-H |\n            -h] [-O OFFSET] [-r] [-e END] [-x] [-d] [--drgn]\n            start",
	Arguments: []Argument{
		{Meta: "start", Value: Any, Help: "the hexadecimal address or symbol of the first entry (but see -H, -h and -O); what -o takes may stand before it"},
		{Names: []string{"-o"}, Meta: "OFFSET", Value: One, Help: "how far in an entry the pointer to the next lies, with -h or -H its struct list_head: a number of bytes or struct_name.member (0)"},
		{Names: []string{"-s", "-S"}, Meta: "struct_name[.member[,member]]", Value: One, Each: true, Help: "show the entries as this type, or these members of it, each of which may be nested and have subscripts"},
		{Names: []string{"-l"}, Meta: "OFFSET", Value: One, Help: "with -s, not with -o: how far in an entry its struct list_head lies: a number of bytes or struct_name.member"},
		{Names: []string{"-H"}, Set: 1, Help: "start is the struct list_head that the list begins and ends with, and no entry"},
		{Names: []string{"-h"}, Set: 1, Help: "start is an entry, or the struct list_head in it unless there is -o"},
		{Names: []string{"-O"}, Meta: "OFFSET", Value: One, Help: "with -h: start is a structure in which the list's head lies this far: a number of bytes or struct_name.member"},
		{Names: []string{"-r"}, Help: "with -h or -H, backwards"},
		{Names: []string{"-e"}, Meta: "END", Value: One, Check: isHexadecimal, Help: "stop at this hexadecimal address, too"},
		{Names: []string{"-x"}, Help: "integers in hexadecimal"},
		{Names: []string{"-d"}, Help: "integers in decimal"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		r, err := listOf(c)
		if err != nil {
			return err
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return listCode(c, b, r) })
		}
		return walkList(c, r)
	},
}

// A shown is a type, and the members of it that are asked for.
type shown struct {
	typ     *types.Type
	members []string
}

// A listing is what list is to walk.
type listing struct {
	start   string
	at      uint64
	next    offset // of the pointer to the next in what is walked
	list    offset // of its list_head in an entry that is known by where it begins
	node    offset // of what is walked in an entry that is known by that
	head    offset
	shown   []shown
	hasEnd  bool
	end     uint64
	isHead  bool // start is the list's head, no entry
	isList  bool // it is made of list_heads
	reverse bool
}

// shownOf parses the types of -s.
func shownOf(c *Call) (out []shown, err error) {
	for _, s := range c.List("-s") {
		m := typeAndMembers.FindStringSubmatch(s)
		if m == nil {
			return nil, invalid("invalid type name: %s", s)
		}
		t, err := typeOf(c.Prog, "*", m[1])
		if err != nil {
			return nil, err
		}
		x := shown{typ: t}
		if m[2] != "" {
			x.members = strings.Split(m[2], ",")
		}
		out = append(out, x)
	}
	return out, nil
}

func listOf(c *Call) (r listing, err error) {
	words := c.List("start")
	next := c.Text("-o")
	switch {
	case len(words) == 2 && next == "":
		next, words = words[0], words[1:]
		if typeAndMember.MatchString(words[0]) || isUnlikelyAddress(words[0]) {
			next, words = words[0], c.List("start")[:1]
		}
	case len(words) > 1:
		return r, c.wrong("unrecognized arguments: %s", strings.Join(words[min(2, len(words)-1):], " "))
	case len(words) == 0 || typeAndMember.MatchString(words[0]):
		return r, c.wrong("the following arguments are required: start")
	}
	r.start, r.isHead, r.isList = words[0], c.Has("-H"), c.Has("-H") || c.Has("-h")
	r.reverse = c.Has("-r") && r.isList // other lists lead one way
	if c.Has("-l") && c.Has("-o") {
		return r, c.wrong("-l not allowed with -o/offset")
	}
	if c.Has("-O") && !c.Has("-h") {
		return r, c.wrong("-O can only be used with -h")
	}
	if r.at, err = addressOf(c.Prog, r.start); err != nil {
		return r, err
	}
	for _, o := range []struct {
		text string
		to   *offset
	}{{next, map[bool]*offset{false: &r.next, true: &r.list}[r.isList]}, {c.Text("-l"), &r.node}, {c.Text("-O"), &r.head}} {
		if o.text != "" {
			if *o.to, err = parseOffset(c.Prog, o.text); err != nil {
				return r, err
			}
		}
	}
	if r.shown, err = shownOf(c); err != nil {
		return r, err
	}
	if c.Has("-e") {
		r.hasEnd = true
		r.end, err = hexadecimal(c.Text("-e"))
	}
	return r, err
}

func isUnlikelyAddress(text string) bool {
	n, err := number(text)
	return err == nil && n < 1<<16
}

// walkList prints the entries of a list. One that leads back into itself is said to do so.
func walkList(c *Call, r listing) error {
	size, err := c.Prog.AddressSize()
	if err != nil {
		return err
	}
	step := r.next.bytes
	if r.isList && r.reverse {
		step = size
	}
	node := r.at
	if r.head.isSet() { // the head lies in the structure
		node += r.head.bytes
		r.isHead = true
	} else if !r.isHead {
		node += r.list.bytes
	}
	first := node
	if r.isHead {
		if node, err = c.Prog.ReadUint(first+step, int(size), false); err != nil {
			return err
		}
		if node == first {
			c.print("(empty)\n")
			return nil
		}
	}
	begin := node
	seen := map[uint64]bool{}
	for node != 0 && (!r.hasEnd || node != r.end) && (!r.isHead || node != first) {
		if err := c.next(nil); err != nil {
			return err
		}
		if seen[node] {
			if node == begin {
				return nil
			}
			return invalid("the list leads back to %x, which is not its first entry", node)
		}
		seen[node] = true
		entry := node - r.list.bytes
		c.printf("%x\n", entry)
		if err := c.showAs(r.shown, entry-r.node.bytes); err != nil {
			return err
		}
		next, err := c.Prog.ReadUint(node+step, int(size), false)
		if err != nil {
			c.out.Flush()
			return fmt.Errorf("invalid list entry: %x: %w", node, err)
		}
		if next == node {
			return nil
		}
		node = next
	}
	return nil
}

// showAs prints what lies at an address as types or members of them.
func (c *Call) showAs(all []shown, at uint64) error {
	for _, s := range all {
		if err := c.show(c.Prog.ObjectAt(s.typ, at), s.members, "  "); err != nil {
			return err
		}
	}
	return nil
}

// memberCode writes the Python for the members that are asked for.
func memberCode(b *builder, all []shown, entry string) {
	none := true
	for _, s := range all {
		for _, m := range s.members {
			b.linef("%s = %s.%s", variable(m), entry, m)
			none = false
		}
	}
	if none {
		b.line("...")
	}
}

func (o offset) isSet() bool { return o.member != "" || o.bytes != 0 }

func (o offset) code() string {
	if o.member != "" {
		return fmt.Sprintf("offsetof(prog.type(%s), %s)", quoted(o.name), quoted(o.member))
	}
	return fmt.Sprint(o.bytes)
}

func listCode(c *Call, b *builder, r listing) error {
	b.from("drgn", "Object")
	for _, o := range []offset{r.next, r.list, r.node, r.head} {
		if o.member != "" {
			b.from("drgn", "offsetof")
		}
	}
	b.linef("address = %s", addressCode(r.start))
	isHead := r.isHead
	if r.head.isSet() {
		b.linef("address += %s", r.head.code())
		isHead = true
	} else if !r.isHead && r.list.isSet() {
		b.linef("address += %s", r.list.code())
	}
	entry := "node"
	body := func() {
		if len(r.shown) > 0 {
			entry = "entry"
			at := "node.value_()"
			for _, o := range []offset{r.list, r.node} {
				if o.isSet() {
					at += " - " + o.code()
				}
			}
			b.linef("entry = Object(prog, %s, %s)", quoted(r.shown[0].typ.String()+" *"), at)
		}
		if len(r.shown) == 0 && r.list.isSet() {
			b.linef("entry = Object(prog, \"void *\", node.value_() - %s)", r.list.code())
		}
		memberCode(b, r.shown, entry)
	}
	switch {
	case isHead:
		walk := map[bool]string{true: "list_for_each_reverse", false: "list_for_each"}[r.reverse]
		b.from("drgn.helpers.linux.list", walk)
		b.linef("head = Object(prog, \"struct list_head *\", address)")
		b.openf("for node in %s(head):", walk)
		body()
		b.close()
	case r.isList:
		b.line("first = Object(prog, \"struct list_head *\", address)\nnode = first")
		b.open("while True:")
		body()
		b.linef("node = node.%s.read_()", map[bool]string{true: "prev", false: "next"}[r.reverse])
		b.line("if not node or node == first:\n    break")
		b.close()
	default:
		b.line("first = Object(prog, \"void *\", address)\nnode = first")
		b.open("while True:")
		body()
		b.linef("next_node = Object(prog, \"void *\", address=node.value_() + %s).read_()", r.next.code())
		b.line("if not next_node or next_node == first or next_node == node:\n    break\nnode = next_node")
		b.close()
	}
	return nil
}

var treeCommand = Command{
	Name:        "tree",
	Description: "the entries of red-black, radix and maple trees and of XArrays",
	Usage:       "[-t {rbtree,radix,xarray,maple}] [-r OFFSET] [-o OFFSET]\n            [-s struct_name[.member[,member]]] [-l] [-x] [-d] [--drgn]\n            start",
	Arguments: []Argument{
		{Meta: "start", Value: One, Help: "the hexadecimal address or symbol of the root: a struct rb_root, radix_tree_root, xarray or maple_tree; with -r, of the structure that it is in"},
		{Names: []string{"-t"}, Meta: "{rbtree,radix,xarray,maple}", Value: One, Help: "what kind of tree it is; the beginning is enough: rb, ra, x or m (rbtree)"},
		{Names: []string{"-r"}, Meta: "OFFSET", Value: One, Help: "how far in the structure at start the root lies: a number of bytes or struct_name.member"},
		{Names: []string{"-o"}, Meta: "OFFSET", Value: One, Help: "of a red-black tree: how far in an entry its struct rb_node lies: a number of bytes or struct_name.member (0)"},
		{Names: []string{"-s", "-S"}, Meta: "struct_name[.member[,member]]", Value: One, Each: true, Help: "show the entries as this type, or these members of it, each of which may be nested and have subscripts"},
		{Names: []string{"-l"}, Help: "a red-black tree in its order, not from the root down"},
		{Names: []string{"-x"}, Help: "integers in hexadecimal"},
		{Names: []string{"-d"}, Help: "integers in decimal"},
		drgnArgument,
	},
	Run: tree,
}

// treeKind finds the kind of tree that is meant.
func treeKind(text string) (string, bool) {
	if text == "" {
		return "rbtree", true
	}
	found := ""
	for _, k := range []string{"rbtree", "radix", "xarray", "maple"} {
		if strings.HasPrefix(k, text) {
			if found != "" {
				return "", false
			}
			found = k
		}
	}
	return found, found != ""
}

func tree(c *Call) error {
	kind, ok := treeKind(c.Text("-t"))
	if !ok {
		return c.refuse("invalid tree type: %s", c.Text("-t"))
	}
	at, err := addressOf(c.Prog, c.Text("start"))
	if err != nil {
		return err
	}
	var root, node offset
	if c.Has("-r") {
		if root, err = parseOffset(c.Prog, c.Text("-r")); err != nil {
			return err
		}
	}
	if c.Has("-o") {
		if kind != "rbtree" {
			return c.refuse("-o is not applicable to %s", kind)
		}
		if node, err = parseOffset(c.Prog, c.Text("-o")); err != nil {
			return err
		}
	}
	all, err := shownOf(c)
	if err != nil {
		return err
	}
	if c.Has("--drgn") {
		return c.code(func(b *builder) error { treeCode(c, b, kind, root, node, all); return nil })
	}
	at += root.bytes
	show := func(o drgn.Object, err error) error {
		if err := c.next(err); err != nil {
			return err
		}
		v, err := o.Uint()
		if err != nil {
			return err
		}
		c.printf("%x\n", v-node.bytes)
		return c.showAs(all, v-node.bytes)
	}
	in := c.Prog.Literal(0)
	switch kind {
	case "rbtree":
		walk := rbtree.PreorderForEach
		if c.Has("-l") {
			walk = rbtree.InorderForEach
		}
		for o, err := range walk(drgn.PointerValue(in, "struct rb_root", at)) {
			if err := show(o, err); err != nil {
				return err
			}
		}
	case "radix":
		name := "struct radix_tree_root"
		if _, err := c.Prog.Type(name); err != nil {
			name = "struct xarray" // since 4.20 (commit f8d5d0cc145c) a radix tree is one
		}
		for e, err := range radixtree.ForEach(drgn.PointerValue(in, name, at)) {
			if err := show(e.Value, err); err != nil {
				return err
			}
		}
	case "xarray":
		for e, err := range xarray.ForEach(drgn.PointerValue(in, "struct xarray", at), false) {
			if err := show(e.Value, err); err != nil {
				return err
			}
		}
	case "maple":
		for e, err := range mapletree.ForEach(drgn.PointerValue(in, "struct maple_tree", at), false) {
			if err := show(e.Value, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func treeCode(c *Call, b *builder, kind string, root, node offset, all []shown) {
	b.from("drgn", "Object")
	b.linef("address = %s", addressCode(c.Text("start")))
	if c.Has("-r") {
		if root.member != "" {
			b.from("drgn", "offsetof")
		}
		b.linef("address += %s", root.code())
	}
	types := map[string]string{"rbtree": "struct rb_root *", "radix": "struct radix_tree_root *", "xarray": "struct xarray *", "maple": "struct maple_tree *"}
	if _, err := c.Prog.Type("struct radix_tree_root"); err != nil {
		types["radix"] = types["xarray"]
	}
	b.linef("root = Object(prog, %s, address)", quoted(types[kind]))
	switch kind {
	case "rbtree":
		walk := map[bool]string{true: "rbtree_inorder_for_each", false: "rbtree_preorder_for_each"}[c.Has("-l")]
		b.from("drgn.helpers.linux.rbtree", walk)
		b.openf("for entry in %s(root):", walk)
	case "radix":
		b.from("drgn.helpers.linux.radixtree", "radix_tree_for_each")
		b.open("for index, entry in radix_tree_for_each(root):")
	case "xarray":
		b.from("drgn.helpers.linux.xarray", "xa_for_each")
		b.open("for index, entry in xa_for_each(root):")
	case "maple":
		b.from("drgn.helpers.linux.mapletree", "mt_for_each")
		b.open("for first_index, last_index, entry in mt_for_each(root):")
	}
	if len(all) > 0 {
		at := "entry.value_()"
		if c.Has("-o") {
			if node.member != "" {
				b.from("drgn", "offsetof")
			}
			at += " - " + node.code()
		}
		b.linef("entry = Object(prog, %s, %s)", quoted(all[0].typ.String()+" *"), at)
	}
	memberCode(b, all, "entry")
	b.close()
}

var waitqCommand = Command{
	Name:        "waitq",
	Description: "the tasks on a wait queue",
	Usage:       "(symbol | address | struct.member struct_addr) [--drgn]",
	Arguments: []Argument{
		{Meta: "symbol", Shown: true, Help: "the symbol of the wait queue"},
		{Meta: "address", Shown: true, Help: "its hexadecimal address"},
		{Meta: "struct.member", Value: Any, Help: "or the member of a structure that it is"},
		{Meta: "struct_addr", Shown: true, Help: "and the hexadecimal address of that structure"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		words := c.List("struct.member")
		var at uint64
		var off offset
		var err error
		name := ""
		switch len(words) {
		case 0:
			return c.wrong("symbol, address, or struct is required")
		case 1:
			name = words[0]
			at, err = addressOf(c.Prog, name)
		case 2:
			if off, err = parseOffset(c.Prog, words[0]); err == nil {
				at, err = addressOf(c.Prog, words[1])
			}
			name = words[0]
		default:
			return c.wrong("unrecognized arguments: %s", strings.Join(words[2:], " "))
		}
		if err != nil {
			return err
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error {
				b.from("drgn", "Object")
				b.from("drgn.helpers.linux.wait", "waitqueue_for_each_task")
				b.linef("address = %s", addressCode(words[len(words)-1]))
				if off.member != "" {
					b.from("drgn", "offsetof")
					b.linef("address += %s", off.code())
				}
				b.line("wq = Object(prog, \"wait_queue_head_t *\", address)")
				b.open("for task in waitqueue_for_each_task(wq):")
				headerCode(b, "task")
				b.close()
				return nil
			})
		}
		at += off.bytes
		n := 0
		wq := drgn.PointerValue(c.Prog.Literal(0), "wait_queue_head_t", at)
		for t, err := range wait.QueueTasks(wq) {
			if err := c.next(err); err != nil {
				return err
			}
			if err := c.header(t); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			c.printf("wait queue \"%s\" (%x) is empty\n", name, at)
		}
		return nil
	},
}

var whatisCommand = Command{
	Name:        "whatis",
	Description: "what a name stands for: a type, a variable or a function",
	Arguments: []Argument{
		{Meta: "name", Value: One, Help: "the name of a structure, union, enumeration, typedef, variable, function or constant"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		name := c.Text("name")
		if typeAndMember.MatchString(name) {
			return whatisMember(c, name)
		}
		for _, kind := range []string{"struct ", "union ", "enum ", ""} {
			t, err := c.Prog.Type(kind + name)
			if err != nil {
				continue
			}
			if c.Has("--drgn") {
				return c.code(func(b *builder) error {
					b.from("drgn", "sizeof")
					b.linef("typ = prog.type(%s)", quoted(kind+name))
					b.line("try:\n    size = sizeof(typ)\nexcept TypeError:\n    pass  # it has none")
					return nil
				})
			}
			text, err := definition(t)
			if err != nil {
				return err
			}
			c.print(text, ";\n")
			if size, err := t.Size(); err == nil {
				c.printf("SIZE: %d\n", size)
			}
			return nil
		}
		o := c.Prog.Object(name)
		if err := o.Err(); err != nil {
			return &UnknownError{name}
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { b.linef("typ = prog[%s].type_", quoted(name)); return nil })
		}
		text, err := declaration(o.Type(), name)
		if err != nil {
			return err
		}
		c.print(text, ";\n")
		return nil
	},
}

// whatisMember shows one member of a structure or union.
func whatisMember(c *Call, name string) error {
	m := typeAndMember.FindStringSubmatch(name)
	t, err := typeOf(c.Prog, "*", m[1])
	if err != nil {
		return &UnknownError{name}
	}
	r := structRequest{typ: t, members: []string{m[2]}}
	if c.Has("--drgn") {
		return c.code(func(b *builder) error { return structCode(c, b, r) })
	}
	c.print(t.String(), " {\n  ")
	if err := describe(c, r); err != nil {
		return err
	}
	c.print("}\n")
	return nil
}

// UnknownError says that a name is neither that of a type nor of a symbol.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string { return "unknown type or symbol: " + e.Name }
