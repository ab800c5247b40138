package python

import "testing"

// TestProgramOfAnObject calls helpers that take a program without one: it is that of the Object which comes first, whatever the
// default program is.
func TestProgramOfAnObject(t *testing.T) {
	lines(t, script(t, true, expect+`
import contextlib, io
from drgn import NoDefaultProgramError, Object, Program
from drgn.helpers.common import identify_address, print_annotated_memory
from drgn.helpers.linux import *

kernel, other = prog, Program(prog.platform)
task = find_task(kernel, 1)
def number(n):
    return Object(kernel, "int", n)
def printed(*args):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        print_annotated_memory(*args)
    return out.getvalue()
pid_ns = kernel["init_pid_ns"].address_of_()
pfn = virt_to_pfn(kernel, task)
calls = {
    "a number": lambda: find_task(number(1)) == task,
    "a number by keyword": lambda: find_task(pid=number(1)) == task,
    "the object of a namespace": lambda: find_task(pid_ns, 1) == find_task(ns=pid_ns, pid=number(1)) == task,
    "a program in place of it": lambda: find_task(kernel, 1) == find_task(ns=kernel, pid=1) == find_task(prog=kernel, pid=1) == task,
    "a namespace alone": lambda: len(list(for_each_task(pid_ns))) == len(list(for_each_task(kernel))),
    "a namespace with an option": lambda: next(for_each_task(pid_ns, idle=True)) == next(for_each_task(kernel, idle=True)),
    "an address": lambda: virt_to_pfn(task) == virt_to_pfn(addr=task) == pfn,
    "a page frame": lambda: pfn_to_page(pfn) == pfn_to_page(kernel, pfn),
    "a CPU": lambda: cpu_curr(number(0)) == cpu_curr(kernel, 0),
    "a stack": lambda: len(drgn.stack_trace(task)) == len(drgn.stack_trace(thread=task)) == len(kernel.stack_trace(task)) > 0,
    "source code": lambda: str(drgn.source_location(kernel["do_wait"].address_of_())).startswith("do_wait at kernel/exit.c"),
    "what an address is": lambda: identify_address(task) == identify_address(addr=task) == "task: 1 (init)",
    "annotated memory": lambda: printed(task, 8) == printed(kernel, task, 8),
}
for default in (None, other, kernel):
    drgn.set_default_prog(default)
    for what, call in calls.items():
        try:
            expect(what, call())
        except Exception as e:
            expect(f"{what}: {e!r}", False)
drgn.set_default_prog(None)
raises("no object", NoDefaultProgramError, lambda: find_task(1))
raises("an object that comes second", NoDefaultProgramError, lambda: print_annotated_memory(0, number(8)))
`))
}

// Addresses are numbers modulo 2**64 where the helper makes an unsigned object of them, and only there.
func TestAddressesWrap(t *testing.T) {
	lines(t, script(t, true, expect+`
from drgn import Object
from drgn.helpers.common import identify_address
from drgn.helpers.linux import *

top = 2**64 - 1
for minus in (-1, -1 - 2**64, 2**65 - 1, Object(prog, "int", -1), Object(prog, "void *", top)):
    for f in (phys_to_virt, virt_to_phys, virt_to_pfn, pfn_to_virt, phys_to_page, virt_to_page, PFN_PHYS, PHYS_PFN,
              pfn_to_section_nr, section_nr_to_pfn, find_vmap_area, in_direct_map, find_containing_slab_cache, decode_page_flags_value):
        expect(f"{f.__name__}({minus!r})", f(minus) == f(top))
    expect("kinds of files", decode_file_type(minus) == "170000")
for f in (find_task, idle_task, cpu_curr, irq_to_desc):
    raises(f"{f.__name__}(-1)", OverflowError, lambda: f(prog, -1))
for f in (identify_address, prog.symbol, prog.thread, prog.source_location, decode_sigset):
    for minus in (-1, Object(prog, "int", -1)):
        raises(f"{f.__name__}({minus!r})", OverflowError if f == prog.thread else ValueError, lambda: f(minus))
raises("no number is converted", TypeError, lambda: PFN_PHYS(1.5))
raises("what __index__ raises", ZeroDivisionError, lambda: PFN_PHYS(type("Bad", (), {"__index__": lambda self: 1 / 0})()))
`))
}

// Tables that are the same for all callers cannot be changed by one.
func TestTablesCannotBeChanged(t *testing.T) {
	lines(t, script(t, true, expect+`
from drgn.helpers.linux import *
names, numbers, flags = signal_names(prog), signal_numbers(prog), sigaction_flags(prog)
expect("mappings", {type(m).__name__ for m in (names, numbers, flags)} == {"mappingproxy"})
expect("what they hold", names["SIGKILL"] == 9 and numbers[6] == ["SIGABRT", "SIGIOT"] and flags["SA_RESTART"] == 0x10000000)
raises("no change", TypeError, lambda: __import__("operator").setitem(names, "SIGKILL", 1))
expect("a tuple", type(timer_base_names(prog)) is tuple)
expect("physical addresses", virt_to_phys(prog, prog["init_task"].address_of_()).type_.name == "unsigned long" and
       virt_to_page(prog, 0x100000f38).type_.type_name() == "struct page *")
`))
}
