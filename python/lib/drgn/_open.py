"""Programs and symbols that scripts make themselves."""

import _drgn

__all__ = ("SymbolIndex", "program_from_core_dump")


def program_from_core_dump(path):
    """Open a core dump; its debugging information is found by its build ID."""
    import os

    return _drgn._open_core(os.fspath(path))


class SymbolIndex:
    """Symbols to look names and addresses up in: a symbol finder for Program.register_symbol_finder()."""

    def __init__(self, symbols):
        self._symbols = sorted(symbols, key=lambda s: (s.address, s.size))
        self._by_name = {}
        self._reach, most = [], 0
        for s in self._symbols:
            self._by_name.setdefault(s.name, []).append(s)
            most = max(most, s.address + s.size)
            self._reach.append(most)  # where the furthest symbol up to here ends

    def __call__(self, prog, name, address, one):
        if name is not None:
            found = [s for s in self._by_name.get(name, ()) if address is None or s.address <= address < s.address + s.size]
        elif address is not None:
            found = self._at(address)
        else:
            found = self._symbols
        return found[:1] if one else list(found)

    def _at(self, address):
        import bisect

        found = []
        i = bisect.bisect_right(self._symbols, address, key=lambda s: s.address) - 1
        while i >= 0 and self._reach[i] > address:
            s = self._symbols[i]
            if s.address <= address < s.address + s.size:
                found.append(s)
            i -= 1
        return found


SymbolIndex.__module__ = program_from_core_dump.__module__ = "drgn"
