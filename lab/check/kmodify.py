"""Changes to the running kernel, and what the kernel and the system say of them. It must not be run on a machine that matters."""

import os
import subprocess
import time

import labtruth
from drgn import FaultError, Object, ObjectAbsentError, cast
from drgn.helpers.experimental.kmodify import call_function, call_functions, clear_bit, pass_pointer, set_bit, write_memory, write_object
from drgn.helpers.linux.pid import find_task

check = labtruth.Check("changes to the running kernel")
start = time.monotonic()


def expect(of, exception, do):
    """Something must fail in a certain way."""
    try:
        got = do()
    except exception:
        return
    except BaseException as e:
        check.failed(of, e)
        return
    check.wrong_if(True, f"{of}: {got!r} instead of {exception.__name__}")


# Memory.
name = prog["init_uts_ns"].name.sysname
write_memory(name.address_, b"Lol\0")
check.equal("written memory", os.uname().sysname, "Lol")
write_memory(prog, name.address_, b"Linux\0")
check.equal("written back", os.uname().sysname, "Linux")
write_memory(name.address_, b"")
for address in (8, 0xDEADBEEF00000000):
    expect(f"a write to {address:#x}", FaultError, lambda: write_memory(address, b"x"))

# Objects: a process's own name, a number that sysctl shows, pointers, and bits.
task = find_task(prog, os.getpid())
write_object(task.comm, b"changed\0".ljust(16, b"\0"))
check.equal("the name of this process", open("/proc/self/comm").read(), "changed\n")
boot = prog["init_time_ns"].offsets.boottime.tv_sec
before = boot.value_()
write_object(boot, 1000000000)
check.wrong_if(float(open("/proc/uptime").read().split()[0]) < 1000000000, "the uptime did not change")
write_object(boot, Object(prog, "int", before))
check.equal("the offset of the boot time", boot.value_(), before)
pointer = task.journal_info
expect("a pointer without dereference", TypeError, lambda: write_object(pointer, 0))
write_object(pointer, 0x1234, dereference=False)
check.equal("a pointer", pointer.value_(), 0x1234)
write_object(pointer, 0, dereference=False)
write_object(task.comm[0].address_of_(), ord("C"), dereference=True)
check.equal("what a pointer points to", open("/proc/self/comm").read(), "Changed\n")
expect("a value", ValueError, lambda: write_object(task.pid.read_(), 1))
bit = task.frozen
write_object(bit, 1)
check.equal("a bit", bit.value_(), 1)
write_object(bit, 0)
check.equal("the bit again", bit.value_(), 0)
room = call_function("__kmalloc_noprof" if "__kmalloc_noprof" in prog else "__kmalloc", 256, Object(prog, "gfp_t", 0xCC0))
bitmap = cast("unsigned long *", room)
write_memory(room.value_(), bytes(256))
for n in (1, 63, 1000):
    set_bit(n, bitmap)
check.equal("bits that were set", [n for n in range(2048) if bitmap[n // 64].value_() >> n % 64 & 1], [1, 63, 1000])
clear_bit(63, bitmap)
check.equal("a bit that was cleared", bitmap[0].value_(), 2)
expect("a bit of nothing", FaultError, lambda: set_bit(5, Object(prog, "unsigned long *", 0)))
check.equal("what kfree returns", call_function("kfree", room).absent_, True)

# Functions: with numbers, text, more arguments than registers, pointers that come back, pointers to functions.
check.equal("a number", call_function("int_sqrt", 1000000).value_(), 1000)
check.equal("text", call_function("strlen", "hello").value_(), 5)
check.equal("variadic", call_function("_printk", "drgn says %d %s %ld %x %d %d %d %d\n", 1, "two", Object(prog, "long", -3), 4, 5, 6, 7, 8).value_() > 0, True)
check.wrong_if("drgn says 1 two -3 4 5 6 7 8" not in subprocess.run(["dmesg"], capture_output=True, text=True).stdout, "the log lacks what was printed")
number = pass_pointer(Object(prog, "int", 5))
check.equal("kstrtoint", call_function("kstrtoint", "-1234", 10, number).value_(), 0)
check.equal("what it wrote", number.object.value_(), -1234)
number = pass_pointer(7)
check.equal("kstrtoint of no number", call_function("kstrtoint", "x", 10, number).value_(), -22)
check.equal("what it left", number.object.value_(), 7)
check.equal("a pointer to a function", call_function(prog.function("int_sqrt").address_of_(), 81).value_(), 9)
check.equal("a function", call_function(prog, prog.function("int_sqrt"), 64).value_(), 8)
woken = call_function("wake_up_process", task)  # 1 if it slept just then: another of our threads may be the one that calls
check.equal("an int", (woken.type_.type_name(), woken.value_() in (0, 1)), ("int", True))
first, second = pass_pointer(Object(prog, "int", 0)), pass_pointer(Object(prog, "int", 0))
call_functions([("kstrtoint", "11", 10, first), ("kstrtoint", "22", 10, second), ("wake_up_process", task)])
check.equal("several calls", [first.object.value_(), second.object.value_()], [11, 22])
expect("too few arguments", TypeError, lambda: call_function("int_sqrt"))
expect("too many arguments", TypeError, lambda: call_function("int_sqrt", 1, 2))
expect("a wrong pointer", TypeError, lambda: call_function("wake_up_process", prog["init_uts_ns"].address_of_()))
expect("an inlined function", ObjectAbsentError, lambda: call_function("context_switch", 0, 0, 0, 0))
expect("no function", LookupError, lambda: call_function("there_is_no_such_function"))

# Nothing stays.
check.note(f"all within {time.monotonic() - start:.0f} s")
check.wrong_if("drgn_kmodify" in open("/proc/modules").read(), "a module stays")
check.done(at_least=25)
