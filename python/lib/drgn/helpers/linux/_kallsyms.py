"""What drgn.helpers.linux.kallsyms gives as symbol finders."""

from drgn._functions import names_for_annotations
from drgn import Symbol, SymbolBinding, SymbolIndex, SymbolKind
from drgn.helpers.linux.kallsyms import _load_module_kallsyms, _load_vmlinux_kallsyms

names_for_annotations(globals())

__all__ = ("load_module_kallsyms", "load_vmlinux_kallsyms")


def load_vmlinux_kallsyms(prog: Program) -> SymbolIndex:
    """Return the symbols that the kernel keeps of itself, as a finder for Program.register_symbol_finder().

    Each symbol's size is computed up to the next symbol.
    """
    return SymbolIndex(_load_vmlinux_kallsyms(prog))


def load_module_kallsyms(prog: Program) -> SymbolIndex:
    """Return the symbols that the kernel keeps of its modules, as a finder for Program.register_symbol_finder()."""
    return SymbolIndex(_load_module_kallsyms(prog))


_load_builtin_kallsyms = load_vmlinux_kallsyms


def _load_proc_kallsyms(filename="/proc/kallsyms", modules=False):
    """Return the symbols in /proc/kallsyms, or in a file like it: those of the kernel itself or, if modules is true, of its modules, too.

    A symbol's size is computed up to the symbol on the next line, if that is of the same module and lies behind it.
    """
    if not isinstance(filename, str):
        raise TypeError(f"load_proc_kallsyms() argument 1 must be str, not {type(filename).__name__}")
    found = []
    with open(filename, encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            words = line.split()
            module = words[3] if len(words) > 3 else ""
            try:
                address, letter, name = int(words[0], 16), words[1], words[2]
            except (IndexError, ValueError):
                continue
            if len(letter) == 1 and (modules or not module):
                found.append((address, letter, name, module))
    symbols = []
    for i, (address, letter, name, module) in enumerate(found):
        following = found[i + 1] if i + 1 < len(found) else None
        size = max(following[0] - address, 0) if following is not None and following[3] == module else 0
        symbols.append(Symbol(name, address, size, _binding(letter), _KINDS.get(letter.upper(), SymbolKind.UNKNOWN)))
    return SymbolIndex(symbols)


# The letters of nm(1).
_KINDS = {"T": SymbolKind.FUNC, "B": SymbolKind.OBJECT, "D": SymbolKind.OBJECT, "R": SymbolKind.OBJECT, "V": SymbolKind.OBJECT}


def _binding(letter):
    if letter in "vVwW":
        return SymbolBinding.WEAK
    return SymbolBinding.GLOBAL if letter.isupper() else SymbolBinding.UNKNOWN  # local, or hidden
