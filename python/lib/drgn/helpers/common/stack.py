"""Print stacks and registers."""

from drgn.helpers.common.prog import takes_program_or_default

__all__ = ("print_annotated_stack", "print_registers")


def print_annotated_stack(trace):
    """Print the memory of a stack frame by frame, with what is known of each word: see identify_address()."""
    print(_annotated(trace), end="")


_COLUMNS = 3


@takes_program_or_default
def print_registers(prog, regs, indent="    "):
    """Print the values of registers, as StackFrame.registers() returns them, three a line.

    prog is the default program when it is left out; indent is what each line starts with.
    """
    digits = 2 * prog.address_size()
    cells = [(name, f"{value:0{digits}x}") for name, value in regs.items()]
    widths = [max((len(name) for name, _ in cells[column::_COLUMNS]), default=0) for column in range(_COLUMNS)]
    for start in range(0, len(cells), _COLUMNS):
        row = zip(cells[start : start + _COLUMNS], widths)
        print(indent + "  ".join(f"{name:>{width}}: {value}" for (name, value), width in row))
