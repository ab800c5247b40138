package python

import "testing"

// TestNamesOfScripts imports names from where scripts import them: the inner module, modules of helpers that do not define them,
// and modules that are seldom named.
func TestNamesOfScripts(t *testing.T) {
	lines(t, script(t, true, expect+`
import dataclasses, importlib, io, sys, contextlib
import _drgn, drgn
from drgn import Object, Program, ProgramFlags, TypeMember
from _drgn import FaultError, IntegerLike, Object as inner_object, SymbolKind, _linux_helper_find_task, _linux_helper_per_cpu_ptr, sizeof
from drgn.helpers import ValidationError
from drgn.helpers.common.stack import identify_address as again
from drgn.helpers.common.memory import IdentifiedSymbol, identify_address_all
from drgn.helpers.linux import *
from drgn.helpers.linux.common import IdentifiedPage, IdentifiedSlabObject, IdentifiedTaskStack, IdentifiedTaskStruct, IdentifiedVmap
from drgn.helpers.linux.mmzone import for_each_online_node
from drgn.helpers.linux.net import _S_IFMT, _S_IFSOCK, fget
from drgn.helpers.linux.percpu import for_each_online_cpu
from drgn.helpers.linux.rbtree import ValidationError as of_rbtree

expect("the same objects", FaultError is drgn.FaultError and inner_object is Object and of_rbtree is ValidationError and sizeof is drgn.sizeof)
expect("module of exceptions", FaultError.__module__ == "_drgn" and drgn.NoDefaultProgramError.__module__ == "_drgn")
expect("all names", all(getattr(_drgn, n) is getattr(drgn, n) for n in drgn.__all__ if n not in ("IntegerLike", "Path")))
expect("what a build has", drgn._with_libkdumpfile and drgn._with_lzma and _drgn._with_pcre2 and isinstance(_drgn._elfutils_version, str))
expect("helpers of the inner module", _linux_helper_find_task(prog["init_pid_ns"].address_of_(), 1) == find_task(prog, 1))
from _drgn import _linux_helper_direct_mapping_offset, _linux_helper_follow_phys, _linux_helper_load_proc_kallsyms, _linux_helper_read_vm
init = find_task(prog, 1).mm
expect("by a page table", _linux_helper_follow_phys(prog, init.pgd, init.arg_start) == follow_phys(init, init.arg_start) and
       _linux_helper_read_vm(prog, prog["init_mm"].pgd, prog["init_task"].comm.address_, 7) == b"swapper")
expect("the direct map", _linux_helper_direct_mapping_offset(prog) == phys_to_virt(prog, 0).value_())
import tempfile
with tempfile.NamedTemporaryFile("w") as file:
    file.write("ffffffff81000000 T _text\nffffffffc0000000 t f\t[m]\n")
    file.flush()
    expect("kallsyms of a file", sorted(s.name for s in _linux_helper_load_proc_kallsyms(file.name, True)(prog, None, None, False)) == ["_text", "f"] and
           [s.address for s in _linux_helper_load_proc_kallsyms(file.name)(prog, None, None, False)] == [0xffffffff81000000])
expect("imported helpers", 0 in for_each_online_cpu(prog) and 0 in for_each_online_node(prog) and _S_IFMT == 0o170000)
import drgn.helpers.linux.pid as pid
expect("other names", not hasattr(pid, "nonsense") and not hasattr(pid, "__wrapped__") and not hasattr(drgn.helpers.linux, "Object"))
def no_name():
    from drgn.helpers.linux.pid import nonsense
raises("no such name", ImportError, no_name)
raises("no such inner name", AttributeError, lambda: _drgn.nonsense)
from drgn._reexports import NAMES, find
for module, entries in NAMES.items():
    for entry in entries.split():
        for name in entry.partition(":")[2].split(","):
            if getattr(importlib.import_module("drgn.helpers." + module), name) is not getattr(importlib.import_module("drgn.helpers." + entry.partition(":")[0]), name):
                expect(f"{module}.{name}", False)

task = find_task(prog, 1)
found = list(identify_address_all(prog, task.value_() + 8))
expect("a task", [type(x) for x in found] == [IdentifiedTaskStruct, IdentifiedSlabObject] and found[0].task == task and found[0].address == task.value_() + 8)
expect("as text", [str(x) for x in found] == ["task: 1 (init) +0x8", "slab object: task_struct+0x8"])
expect("made by hand", str(IdentifiedTaskStruct(address=task.value_(), task=task)) == "task: 1 (init)" and IdentifiedTaskStruct(1, task) == IdentifiedTaskStruct(1, task) != IdentifiedTaskStruct(2, task))
expect("a slab object", found[1].slab_object_info.allocated and found[1].slab_object_info.address == task.value_())
stack, vmap = identify_address_all(prog, task.stack.value_() + 0x3e00)
expect("a stack", isinstance(stack, IdentifiedTaskStack) and stack.task == task and isinstance(vmap, IdentifiedVmap) and vmap.vm_struct == vmap.vmap_area.vm)
expect("a stack as text", str(stack) == "task stack: 1 (init) +0x3e00" and str(vmap).startswith("vmap: 0xffffa70ac0008000-0xffffa70ac000d000 caller kernel_clone+"))
page, = identify_address_all(prog, pfn_to_page(prog, 100).value_() + 8)
expect("a page", isinstance(page, IdentifiedPage) and page.pfn == 100 and page.page == pfn_to_page(prog, 100) and str(page) == "page: pfn 100 +0x8")
symbol, = identify_address_all(prog, prog.symbol("schedule").address + 5)
expect("a symbol", isinstance(symbol, IdentifiedSymbol) and symbol.symbol == prog.symbol("schedule") and str(symbol) == "function symbol: schedule+0x5")
match symbol:
    case IdentifiedSymbol(address, found): expect("as a pattern", found.name == "schedule")
raises("too few arguments", TypeError, lambda: IdentifiedPage(1, 2))
raises("an unknown one", TypeError, lambda: IdentifiedSymbol(1, symbol=2, x=3))

trace = prog.stack_trace_from_pcs([prog.symbol("schedule").address])
expect("an address that a call returns to", trace[0].name == "__schedule" and not trace[0].interrupted)
places = {name: prog.source_location(name) for name in ("entry_SYSCALL_64", "asm_exc_page_fault", "do_wait")}
expect("names in assembly", all(l[-1].name() == name and str(l).startswith(name + " at ") for name, l in places.items()))
drgn.set_default_prog(prog)
expect("size of a variable", sizeof("init_task") == sizeof(prog["init_task"]) and sizeof("struct list_head") == 16)
raises("size of a function", TypeError, lambda: sizeof("schedule"))
raises("size of nothing", LookupError, lambda: sizeof("no_such_thing"))

with open("/dev/stdin" if False else sys.argv[0] + ".inner", "w") as f:
    f.write("made = given + 1\n")
space = {"given": 4}
drgn.execscript(sys.argv[0] + ".inner", globals=space)
expect("execscript with globals", space["made"] == 5 and "made" not in globals())
given = 1
drgn.execscript(sys.argv[0] + ".inner")
expect("execscript", made == 2)

# Two segments of a trace that has no others, as the reference told them of the same core.
from drgn.helpers.linux.stack import StackKind, kernel_stack_trace
kernel = kernel_stack_trace(1)
expect("segments", [(s.kind, len(s)) for s in kernel.segments] == [(StackKind.TASK, 10), (StackKind.USER, 1)] and len(kernel) == 11 and kernel.prog is prog)
expect("of a task", [s.kind for s in kernel_stack_trace(task).segments] == [StackKind.TASK, StackKind.USER] and kernel[0].name == "context_switch")
text = str(kernel).splitlines()
expect("as lines", text[4] == "#4  do_wait (kernel/exit.c:1705:3)" and text[10:] == ["  --- end TASK stack ---", "#10 0x460a63", "  --- end USER stack ---"])
raises("no task", TypeError, lambda: kernel_stack_trace(prog, task.thread))

# Slab: what users of one private class need, and exceptions.
from drgn.helpers.linux.slab import SlabCorruptionError, SlabFreelistCycleError, SlabPartialListError, _get_slab_cache_helper
from drgn.helpers.linux.rbtree import KeyType
from drgn.helpers.linux.mmzone import _section_flags
from drgn.helpers.linux.panic import _panic_message
cache = find_slab_cache("task_struct")
helper = _get_slab_cache_helper(cache)
first = next(x for x in (per_cpu_ptr(cache.cpu_slab, 0).freelist, per_cpu_ptr(cache.cpu_slab, 1).freelist) if x)
free = helper._slub_get_freelist(lambda: "cpu", first)
expect("free objects", helper._slab_cache == cache and first.value_() in free and all(not slab_object_info(a).allocated for a in free))
expect("next free one", helper._freelist_dereference(first.value_() + cache.offset.value_()) in free | {0})
expect("exceptions", issubclass(SlabFreelistCycleError, SlabCorruptionError) and issubclass(SlabPartialListError, ValidationError) and SlabCorruptionError.__module__ == "drgn.helpers.linux.slab")
expect("flags of sections", _section_flags(prog)["SECTION_HAS_MEM_MAP"] == 2 and _section_flags(prog)["SECTION_MAP_MASK"] == 2**64 - 16)
expect("a panic", _panic_message(b"[    1.5] x\n[    2.000001] Kernel panic - not syncing: y\n") == b"Kernel panic - not syncing: y" and _panic_message(b"[    1.5] x") is None)
loop = Program(prog.platform)
loop.add_memory_segment(0, 64, lambda address, count, offset, physical: (16).to_bytes(8, "little") * (count // 8))
void = loop.pointer_type(loop.void_type())
head = Object(loop, loop.struct_type("list_head", 16, (TypeMember(lambda: loop.pointer_type(head_type), "next"), TypeMember(lambda: loop.pointer_type(head_type), "prev", 64))), address=32)
head_type = head.type_
raises("a list that goes in a circle", ValidationError, lambda: list(list_for_each(head.address_of_())))

import drgn.internal.version
from drgn.internal.repl import readline
from drgn.internal.rlcompleter import Completer
completer = Completer({"prog": prog})
expect("completion", completer.complete('prog["init_task"].com', 0) == 'prog["init_task"].comm' and completer.complete("nonsense.", 0) is None)
expect("readline", callable(readline.set_completer) and drgn.internal.version.__version__ == drgn.__version__)

class Notebook:
    def __init__(self): self.shown = []
    def text(self, s): self.shown.append(s)
for value in (task.pid, task.type_, trace, trace[0], places["do_wait"]):
    notebook = Notebook()
    value._repr_pretty_(notebook, False)
    value._repr_pretty_(notebook, True)
    expect(f"{type(value).__name__} in a notebook", notebook.shown == [str(value), "..."])

from drgn.cli import default_globals, display_str, interact, run_interactive, version_header
expect("other helpers", netdev_ipv6_addrs and rwsem_locked(task.mm.mmap_lock.address_of_()).name == "UNLOCKED")
class Shown:
    def __str__(self): return "as text"
expect("display_str", display_str(Shown) is Shown and "godrgn" in version_header())
expect("search at the prompt", default_globals(prog)["search_memory_u64"] is drgn.search_memory_u64)
seen = []
sys.stdin, out = io.StringIO("seen.append(prog is not None)\n"), io.StringIO()
with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
    run_interactive(prog, banner_func=lambda b: seen.append("godrgn" in b) or "mine", globals_func=lambda g: {**g, "seen": seen}, quiet=True)
expect("banner", seen == [False, True] and out.getvalue().startswith("mine\n"))
expect("variables of its own", "seen" in globals() and not hasattr(sys, "ps1"))
`))
}
