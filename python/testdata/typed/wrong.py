"""What a checker of types must find: each line that ends in "# wrong", and no other."""

from drgn import NULL, FindObjectFlags, Object, Program, Symbol, TypeMember, cast, container_of, sizeof, stack_trace
from drgn.commands import command
from drgn.helpers.common.format import decode_flags
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import task_rss
from drgn.helpers.linux.pid import find_task, for_each_task
from drgn.helpers.linux.slab import slab_cache_usage


def main(prog: Program) -> None:
    task = find_task(prog, 1)
    find_task("1")  # wrong
    find_task(prog, "1")  # wrong
    for_each_task(prog, 3)  # wrong
    list_for_each_entry("struct task_struct", task.children.address_of_(), 3)  # wrong
    list_for_each_entry("struct task_struct", task.children.address_of_())  # wrong
    prog.type(3)  # wrong
    prog[3]  # wrong
    prog.variable("jiffies", 3)  # wrong
    prog.object("jiffies", "variable")  # wrong
    prog.read(0)  # wrong
    prog.read("0", 8)  # wrong
    prog.read_u8(0, 8).lower()  # wrong
    prog.nothing  # wrong
    prog.symbol("schedule").adress  # wrong
    prog.symbol("schedule").name = "other"  # wrong
    cast("int", 3)  # wrong
    container_of(task, "struct task_struct", None)  # wrong
    sizeof(3)  # wrong
    NULL("struct task_struct *", prog)  # wrong
    stack_trace("1")  # wrong
    prog.stack_trace(1)[0].register(3)  # wrong
    prog.stack_trace(1)[0].locals() + 1  # wrong
    task.comm.string_() + "x"  # wrong
    task.pid + "x"  # wrong
    Object(prog, "int", 1, address=8)  # wrong
    Object("int", 1)  # wrong
    TypeMember("int")  # wrong
    Symbol("a", 1, 2, "global", "func")  # wrong
    task_rss(prog, task).nothing  # wrong
    slab_cache_usage(task).num_objs.value_()  # wrong
    decode_flags(3, {"a": 1})  # wrong
    prog.set_core_dump(None)  # wrong
    prog.load_debug_info("vmlinux", default=3)  # wrong
    prog.register_object_finder("mine", lambda name: None)  # wrong
    FindObjectFlags.NOTHING  # wrong
    command(description=3)  # wrong
