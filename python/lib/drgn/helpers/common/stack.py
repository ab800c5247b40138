"""Print stacks with what lies on them."""

from drgn.helpers.common.prog import takes_program_or_default

__all__ = ("print_annotated_stack", "print_registers")


def print_annotated_stack(trace):
    """Print the memory of a stack trace, each word with the symbol, task or slab object that it points to."""
    print(_annotated(trace), end="")  # bound in Go


@takes_program_or_default
def print_registers(prog, regs, indent="    "):
    """Print registers, three in a line, each value with the symbol it points into."""
    from drgn.helpers.common.memory import identify_address

    width = max((len(name) for name in regs), default=0)
    for name, value in regs.items():
        what = identify_address(prog, value)
        print(f"{indent}{name:>{width}}: {value:016x}" + (f" {what}" if what else ""))
