"""Print stacks and registers."""

from drgn._functions import Functions as _Functions
from drgn.helpers.common.prog import takes_program_or_default

__all__ = ("print_annotated_stack", "print_registers")

_go = _Functions(globals())


def print_annotated_stack(trace: StackTrace) -> None:
    """Print the memory of a stack frame by frame, with what is known of each word: see identify_address().

    trace is a StackTrace or what kernel_stack_trace() returns.
    """
    print(_go._annotated(trace.prog, list(trace)), end="")


_UNKNOWN = "?"
_NAME = 3  # how wide names are at least
_COLUMNS = 3  # of registers that have no layout


def _numbered(first, last):
    step = 1 if first <= last else -1
    return " ".join(f"r{i}" for i in range(first, last + step, step))


# What crash(8) shows of each architecture's registers: the names of a line, with how many digits they have where that is not
# the size of an address. "b" stands for binary digits.
_LAYOUTS = {
    "X86_64": ("rip rsp rflags:8", "rax rbx rcx", "rdx rsi rdi", "rbp r8 r9", "r10 r11 r12", "r13 r14 r15", "cs:4 ss:4"),
    "AARCH64": ("pc lr sp", *(f"x{i} x{i - 1} x{i - 2}" for i in range(29, 0, -3))),
    "ARM": ("pc lr sp fp", _numbered(10, 8), _numbered(7, 4), _numbered(3, 0)),
    "S390X": ("pswm pswa r0", *(_numbered(i, i + 2) for i in range(1, 14, 3))),
    "PPC64": (*(_numbered(i, min(i + 2, 31)) for i in range(0, 32, 3)), "cr0:4b cr1:4b cr2:4b cr3:4b", "cr4:4b cr5:4b cr6:4b cr7:4b"),
}


def _cell(name, regs, digits):
    name, _, form = name.partition(":")
    width = int(form.rstrip("b") or digits)
    value = format(regs[name], f"0{width}{'b' if form.endswith('b') else 'x'}") if name in regs else _UNKNOWN * width
    return f"{name.upper():>{_NAME}}: {value}"


@takes_program_or_default
def print_registers(prog: Program, regs: Dict[str, int], indent: str = "    ") -> None:
    """Print the values of registers, as StackFrame.registers() returns them, in the lines in which crash(8) does.

    A register that regs does not have is printed as question marks. Those of an architecture that is not known here are
    printed in the order of regs, three a line. prog is the default program when it is left out; indent is what each line
    starts with.
    """
    digits = 2 * prog.address_size()
    layout = _LAYOUTS.get(prog.platform.arch.name)
    if layout is None:
        names = list(regs)
        layout = [" ".join(names[i : i + _COLUMNS]) for i in range(0, len(names), _COLUMNS)]
    for line in layout:
        print(indent + "  ".join(_cell(name, regs, digits) for name in line.split()))
