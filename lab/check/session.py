"""The introductory article's session, as a script: it prints what a reader would see."""

import labtruth
from drgn import Object
from drgn.helpers.common.stack import print_annotated_stack
from drgn.helpers.linux.pid import for_each_task

check = labtruth.Check("steps of the article")


def step(text):
    """Evaluate one line of the session and print it with its result."""
    print(">>>", text)
    try:
        value = eval(text, globals())
    except Exception as e:
        check.failed(text, e)
        return None
    shown = value if isinstance(value, str) else repr(value)
    lines = (str(value) if not isinstance(value, str) else shown).splitlines()
    for line in lines[:12]:
        print(line[:150])
    if len(lines) > 12:
        print(f"... {len(lines) - 12} lines more")
    check.wrong_if(value is None, f"{text} gives nothing")
    return value


step('prog.type("struct task_struct")')
step('prog["init_task"]')
step('prog["init_task"].mm')
step('prog["init_task"].active_mm')
step('prog["init_mm"].mm_count.counter.value_()')
step('prog["init_task"].tasks.next.address_of_()')
address = step('hex(prog["init_task"].address_of_().value_())')
task = Object(prog, "struct task_struct *", int(address, 0))
check.equal("the name of the first task", task.comm.string_(), b"swapper/0")
print(">>> [p.pid.value_() for p in for_each_task(prog)][:10]")
pids = [p.pid.value_() for p in for_each_task(prog)]
print(pids[:10])
check.wrong_if(len(pids) < 100, f"only {len(pids)} tasks")
step("prog.stack_trace(1)")
step("prog.stack_trace(2)[0]")
print(">>> print_annotated_stack(prog.stack_trace(1))")
try:
    print_annotated_stack(prog.stack_trace(1))
    check.wrong_if(False)
except Exception as e:
    check.failed("print_annotated_stack", e)
for pid in (0x7FFFFFFF,):
    try:
        prog.stack_trace(pid)
        check.wrong_if(True, f"there is a stack of pid {pid}")
    except (LookupError, ValueError) as e:
        check.wrong_if(False)
        print(f"{type(e).__name__}: {e}")
check.done(at_least=10)
