"""What drgn.helpers.linux.kallsyms gives as symbol finders."""

from drgn import SymbolIndex
from drgn.helpers.linux.kallsyms import _load_module_kallsyms, _load_vmlinux_kallsyms

__all__ = ("load_module_kallsyms", "load_vmlinux_kallsyms")


def load_vmlinux_kallsyms(prog):
    """Return the symbols that the kernel keeps of itself, as a finder for Program.register_symbol_finder().

    Each symbol's size is computed up to the next symbol.
    """
    return SymbolIndex(_load_vmlinux_kallsyms(prog))


def load_module_kallsyms(prog):
    """Return the symbols that the kernel keeps of its modules, as a finder for Program.register_symbol_finder()."""
    return SymbolIndex(_load_module_kallsyms(prog))
