"""Programs and symbols that scripts make themselves, and searches of memory."""

import _drgn

from _drgn import Symbol
from _operator import index

__all__ = ("MemorySearchIterator", "SymbolIndex", "program_from_core_dump", "search_memory", "search_memory_u16",
           "search_memory_u32", "search_memory_u64", "search_memory_word", "search_memory_regex")


def search_memory(value, **kwargs):
    """Search memory: see Program.search_memory(). The program is that of the value if it is an Object, else the default one."""
    from drgn._types import _program_of

    return _program_of(value).search_memory(value, **kwargs)


def search_memory_regex(pattern):
    """Search memory: see Program.search_memory_regex(). The program is the default one."""
    from drgn._types import _program_of

    return _program_of(None).search_memory_regex(pattern)


def _search_values(name):
    """Return the function that calls a search for numbers of the default program."""

    def search(*values, ignore_mask=0):
        from drgn._types import _program_of

        return getattr(_program_of(None), name)(*values, ignore_mask=ignore_mask)

    search.__name__ = search.__qualname__ = name
    search.__doc__ = f"Search memory: see Program.{name}(). The program is the default one."
    return search


search_memory_u16, search_memory_u32, search_memory_u64, search_memory_word = map(_search_values, __all__[4:8])

for _f in (search_memory, search_memory_regex, search_memory_u16, search_memory_u32, search_memory_u64, search_memory_word):
    _f.__module__ = "drgn"


def program_from_core_dump(path):
    """Open a core dump; its debugging information is found by its build ID."""
    import os

    if hasattr(path, "__index__"):
        prog = _drgn.Program()
        prog.set_core_dump(index(path))
        prog.load_default_debug_info()
        return prog
    return _drgn._open_core(os.fspath(path))


class MemorySearchIterator:
    """Iterator over what a search of memory finds, in the order of addresses."""

    def __init__(self, prog, kind, value, number):
        self._search = (prog, kind, value, number)
        self._range, self._found = (None, None, False), None

    def set_address_range(self, min_address=None, max_address=None, physical=False):
        """Search only from an address to another, both inclusive; physical says what kind they are. Starts over."""
        least, most = (None if a is None else index(a) for a in (min_address, max_address))
        for a in (least, most):
            if a is not None and a < 0:
                raise ValueError("Cannot convert negative int")
            if a is not None and a >> 64:
                raise OverflowError("Python int too large to convert to C uint64_t")
        if least is not None and most is not None and least > most:
            raise ValueError("invalid memory search address range")
        self._range, self._found = (least, most, bool(physical)), None
        return self

    def __class_getitem__(cls, item):  # MemorySearchIterator[int], for annotations
        import types

        return types.GenericAlias(cls, item)

    def __iter__(self):
        return self

    def __next__(self):
        """Return the next that is found."""
        if self._found is None:
            self._found = _drgn._search(*self._search, *self._range)
        return next(self._found)


class SymbolIndex:
    """Symbols to look names and addresses up in: a symbol finder for Program.register_symbol_finder()."""

    def __init__(self, symbols):
        self._index = symbols if isinstance(symbols, _drgn._SymbolIndex) else _drgn._SymbolIndex(list(symbols))

    def __call__(self, prog, name, address, one):
        """Return the symbols of a name or at an address, or all: one of them, or a list of all of them."""
        return self._index.find(name, address, one)


MemorySearchIterator.__module__ = SymbolIndex.__module__ = program_from_core_dump.__module__ = "drgn"
