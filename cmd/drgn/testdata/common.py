"""drgn.helpers.common: what lies at addresses, memory, registers, decorators, types."""

import contextlib
import io

from drgn import Architecture, Platform, Program
from drgn.helpers.common import *
from drgn.helpers.common.memory import IdentifiedAddress


def printed(f, *args, **kwargs):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        f(*args, **kwargs)
    return text.getvalue()


def fails(exception, f, *args, **kwargs):
    try:
        f(*args, **kwargs)
    except exception as e:
        return e
    raise AssertionError(f"{f.__name__}{args} did not fail")


# Addresses
task, init = find_task(1), prog["init_task"].address_of_()
assert identify_address(task) == identify_address(prog, task) == identify_address(int(task), cache={}) == "task: 1 (init)"
assert identify_address(prog, 5) is identify_address(0) is identify_address(0xDEAD000000000000) is None
assert [str(i) for i in identify_address_all(init)] == ["task: 0 (swapper/0)", "object symbol: init_task+0x0"]
assert identify_address(init) == "task: 0 (swapper/0)"
assert identify_address(prog.symbol("schedule").address + 5) == "function symbol: schedule+0x5"
assert identify_address(task.stack + 8) == "task stack: 1 (init) +0x8"
assert identify_address(task.mm) == "slab object: mm_struct+0x0"
found = list(identify_address_all(task + 0))
assert [str(i) for i in found] == ["task: 1 (init)", "slab object: task_struct+0x0"], found
assert found[0].task == task and found[0].address == task.value_()
assert found[1].slab_object_info.slab_cache.name.string_() == b"task_struct"
assert [i.address for i in identify_address_all(prog, init, cache={})] == [init.value_()] * 2
assert list(identify_address_all(0)) == []

# Memory
lines = printed(print_annotated_memory, task.stack + 0x3D80, 8 * 2 + 4).splitlines()
assert lines[0] == "ADDRESS           VALUE" and len(lines) == 4, lines
assert lines[1] == "ffffa70ac000bd80: ffff98d700188000 [task: 1 (init)]", lines
assert lines[3] == "ffffa70ac000bd90: c000be28", lines  # less than a word
physical = virt_to_phys(init)
assert printed(print_annotated_memory, prog, physical, 8, physical=True).splitlines()[1] == f"{int(physical):016x}: 0000000000004000"
big = printed(print_annotated_memory, task.stack, 0x4000)
assert len(big.splitlines()) == 1 + 0x4000 // 8
page_end = int(task.stack) + 0x4000  # behind it is the guard page
text = io.StringIO()
with contextlib.redirect_stdout(text):
    e = fails(FaultError, print_annotated_memory, page_end - 16, 32)
assert e.address == page_end, e
assert text.getvalue() == "", text.getvalue()  # all of it is read before any is printed
fails(ValueError, print_annotated_memory, 0, -1)

# Registers
text = printed(print_registers, prog.stack_trace(1)[0].registers(), indent="\t")
assert text.splitlines()[0] == "\tRIP: ffffffff9cdfc5f2  RSP: ffffa70ac000bd60  RFLAGS: ????????", text
assert text.splitlines()[-1] == "\t CS: ????   SS: ????", text
riscv = Program(Platform(Architecture.RISCV64))
assert printed(print_registers, riscv, {"a0": 1, "sp": 2, "gp": 3, "ra": 4}) == (
    "     A0: 0000000000000001   SP: 0000000000000002   GP: 0000000000000003\n     RA: 0000000000000004\n")
assert printed(print_registers, riscv, {}) == ""


# Decorators
@takes_program_or_default
def first(prog, a, b=2):
    """Doc."""
    return prog, a, b


@takes_object_or_program_or_default
def second(prog, ns, *, a=1):
    return prog, ns if ns is None else ns.value_(), a


assert first.__name__ == "first" and first.__doc__ == "Doc."
assert first(1) == first(prog, 1) == first(prog=prog, a=1) == first(a=1) == (prog, 1, 2)
assert second() == second(prog) == second(prog=prog) == (prog, None, 1)
assert second(task) == second(ns=task) == (prog, task.value_(), 1)
assert second(prog, a=7) == second(a=7) == (prog, None, 7) and second(task, a=7)[2] == 7
fails(TypeError, first)
drgn.set_default_prog(None)
fails(drgn.NoDefaultProgramError, first, 1)
fails(drgn.NoDefaultProgramError, identify_address, 1)
assert second(task)[0] is prog
drgn.set_default_prog(prog)

# Types
assert member_at_offset("struct task_struct", offsetof("struct task_struct", "pid")) == "pid"
for name in "se.avg.load_sum", "comm[3]", "thread_info.flags", "cred", "rt.run_list.prev":
    assert member_at_offset(prog.type("struct task_struct"), offsetof("struct task_struct", name)) == name
assert member_at_offset("struct task_struct", offsetof("struct task_struct", "mm") + 3) == "mm+0x3"
assert member_at_offset("struct list_head [5]", 24) == "[1].prev"
assert member_at_offset("pid_t [2][2]", 12) == "[1][1]"
assert member_at_offset("struct list_head", 16) == "<end>"
assert member_at_offset("struct list_head", 17) == "<past end>"
assert "<padding between " in member_at_offset("struct irq_desc", 4)
assert "lru.next or " in member_at_offset("struct page", 8)
assert member_at_offset("struct desc_struct", 5) == "type", member_at_offset("struct desc_struct", 5)
fails(TypeError, member_at_offset, "int", 0)
assert typeof_member("struct task_struct", "comm") == prog.type("char [16]")
assert typeof_member(prog.type("struct task_struct"), "se.avg").tag == "sched_avg"
assert typeof_member("struct task_struct", "comm[3]") == prog.type("char")
fails(LookupError, typeof_member, "struct task_struct", "nosuch")
PidType = enum_type_to_class(prog.type("enum pid_type"), "PidType", exclude=("PIDTYPE_MAX",), prefix="PIDTYPE_")
assert [t.name for t in PidType] == ["PID", "TGID", "PGID", "SID"] and PidType.SID == 3 and PidType.__name__ == "PidType"
