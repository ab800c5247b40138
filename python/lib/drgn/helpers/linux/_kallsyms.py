"""What drgn.helpers.linux.kallsyms gives as symbol finders."""

from drgn import SymbolIndex
from drgn.helpers.linux.kallsyms import _vmlinux_kallsyms, module_kallsyms
from drgn.helpers.linux.module import for_each_module

__all__ = ("load_module_kallsyms", "load_vmlinux_kallsyms")


def load_vmlinux_kallsyms(prog):
    """Return the symbols that the kernel keeps of itself, as a finder for Program.register_symbol_finder().

    Each symbol's size is reckoned to where the next one begins.
    """
    return SymbolIndex(_vmlinux_kallsyms(prog))


def load_module_kallsyms(prog):
    """Return the symbols that the kernel keeps of its modules, as a finder for Program.register_symbol_finder()."""
    return SymbolIndex(s for module in for_each_module(prog) for s in module_kallsyms(module))
