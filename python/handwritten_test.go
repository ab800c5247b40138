package python

import (
	"strings"
	"testing"
)

// lines compares what a script printed, a line for each check: "ok" and what was looked at, or what is wrong.
func lines(t *testing.T, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "ok ") {
			t.Errorf("%s", line)
		}
	}
	if out == "" {
		t.Error("nothing was checked")
	}
}

const expect = `
def expect(what, ok):
    print("ok" if ok else "WRONG", what)

def raises(what, exception, f):
    try:
        found = f()
    except exception as e:
        expect(what, str(e))
    else:
        expect(f"{what}: {found!r}", False)
`

// TestRedBlackTrees finds and validates with Python functions in a tree of the bundled core: high-resolution timers.
func TestRedBlackTrees(t *testing.T) {
	lines(t, script(t, true, expect+`
from drgn.helpers import ValidationError
from drgn.helpers.linux.percpu import per_cpu
from drgn.helpers.linux.rbtree import (
    rb_find, rb_first, rbtree_inorder_for_each_entry, validate_rbtree, validate_rbtree_inorder_for_each_entry
)

TYPE, MEMBER = "struct hrtimer", "node.node"
def tree():
    return per_cpu(prog["hrtimer_bases"], 0).clock_base[0].active.rb_root.rb_root.address_of_()
def expires(timer):
    return timer.node.expires.value_()
def cmp(a, b):
    return (expires(a) > expires(b)) - (expires(a) < expires(b))
def find(key, entry):
    return (key > expires(entry)) - (key < expires(entry))

timers = list(rbtree_inorder_for_each_entry(TYPE, tree(), MEMBER))
expect("enough timers", len(timers) > 3)
validate_rbtree(TYPE, tree(), MEMBER, cmp, True)
expect("valid entries", list(validate_rbtree_inorder_for_each_entry(prog.type(TYPE), tree(), MEMBER, cmp, True)) == timers)
for timer in timers:
    found = rb_find(TYPE, tree(), MEMBER, expires(timer), find)
    expect("found", expires(found) == expires(timer) and found.type_ == timer.type_)
missing = rb_find(TYPE, tree(), MEMBER, 1, find)
expect("not found", missing.value_() == 0 and missing.type_ == timers[0].type_)
raises("wrong order", ValidationError, lambda: validate_rbtree(TYPE, tree(), MEMBER, lambda a, b: cmp(b, a), True))
raises("all equal", ValidationError, lambda: validate_rbtree(TYPE, tree(), MEMBER, lambda a, b: 0, False))
raises("exceptions pass", ZeroDivisionError, lambda: rb_find(TYPE, tree(), MEMBER, 1, lambda k, e: 1 // 0))
raises("a type that there is not", LookupError, lambda: rb_find("struct nosuch", tree(), MEMBER, 1, find))

top = tree().rb_node
def changed(address, value):
    """Put another word over one in memory."""
    prog.add_memory_segment(address, 8, lambda a, n, o, p: (value.to_bytes(8, "little") + bytes(n))[o : o + n])
def whole():
    return validate_rbtree(TYPE, tree(), MEMBER, cmp, True)
colour = top.member_("__rb_parent_color")
changed(colour.address_, colour.value_() & ~1)
raises("a red root", ValidationError, whole)
changed(colour.address_, colour.value_() | 1)
whole()
expect("valid again", True)
first = rb_first(tree())
inner = first.member_("__rb_parent_color")
was = inner.value_()
changed(inner.address_, was ^ 1)
raises("another number of black nodes, or two red ones", ValidationError, whole)
changed(inner.address_, 0x1000 | was & 1)
raises("another parent", ValidationError, whole)
changed(inner.address_, was)
whole()
changed(first.rb_left.address_, top.value_())
raises("a circle", ValidationError, whole)
raises("a circle without end", ValidationError, lambda: rb_find(TYPE, tree(), MEMBER, 1, lambda k, e: -1))
`))
}

// TestPrintedAndWrapped runs the helpers that are written in Python beside those of Go.
func TestPrintedAndWrapped(t *testing.T) {
	lines(t, script(t, true, expect+`
import contextlib, io
from drgn.helpers.linux.kallsyms import load_module_kallsyms, load_vmlinux_kallsyms
from drgn.helpers.linux.net import netdev_ipv4_addrs
from drgn.helpers.linux.pci import PCI_EXP_TYPE, pci_pcie_type
from drgn.helpers.linux.slab import for_each_slab_cache, print_slab_caches, slab_cache_usage, slab_total_usage

out = io.StringIO()
with contextlib.redirect_stdout(out):
    print_slab_caches(prog)
    print_slab_caches()
caches = [f"{c.name.string_().decode()} (struct kmem_cache *){c.value_():#x}" for c in for_each_slab_cache(prog)]
expect("slab caches", out.getvalue().splitlines() == caches * 2)
cache = next(iter(for_each_slab_cache(prog)))
u = slab_cache_usage(cache)
expect("objects", u.active_objs == u.num_objs - u.free_objs and tuple(u) == (u.num_slabs, u.num_objs, u.free_objs))
u = slab_total_usage()
expect("pages", u.total_pages == sum(u) > 0)

symbols = load_vmlinux_kallsyms(prog)
schedule = prog.symbol("schedule")
by_name, = symbols(prog, "schedule", None, False)
expect("symbol by name", by_name.address == schedule.address)
by_address, = symbols(prog, None, schedule.address + 3, True)
expect("symbol by address", by_address.address == schedule.address)
prog.register_symbol_finder("kallsyms", symbols, enable_index=0)
expect("as a finder", prog.symbol("schedule").name == "schedule")
expect("modules", load_module_kallsyms(prog)(prog, "no such", None, True) == [])

expect("types of ports", PCI_EXP_TYPE.ROOT_PORT == 4)
task = prog["init_task"].address_of_()
raises("no PCI device", AttributeError, lambda: pci_pcie_type(task))
raises("no namespace, in a walk", AttributeError, lambda: list(for_each_sysv_shm(task)))
raises("no network device", AttributeError, lambda: netdev_ipv4_addrs(task))

from drgn.helpers.linux.list import list_for_each_entry, list_next_entry
from drgn.helpers.linux.rbtree import rbtree_inorder_for_each_entry
children = task.children.address_of_()
raises("no member of the name", LookupError, lambda: list(list_for_each_entry("struct task_struct", children, "nope")))
raises("no member of the next", LookupError, lambda: list_next_entry(task, "nope"))
raises("no members at all", TypeError, lambda: list(list_for_each_entry("int", children, "nope")))
raises("no head of a list", AttributeError, lambda: list(list_for_each_entry("struct task_struct", task, "sibling")))
raises("no root of a tree", AttributeError, lambda: list(rbtree_inorder_for_each_entry("struct task_struct", children, "sibling")))
`))
}
