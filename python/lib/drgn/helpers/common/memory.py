"""What lies at an address of memory, and what memory holds."""

import operator

import drgn

from drgn.helpers.common.prog import takes_program_or_default

__all__ = ("identify_address", "identify_address_all", "print_annotated_memory")  # identify_address is Go's


class IdentifiedAddress:
    """What lies at an address: one of the classes made of this one. str() says it in words."""

    __match_args__ = ("address",)

    def __init__(self, *values, **named):
        names = self.__match_args__
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} takes {len(names)} arguments, {len(values)} were given")
        for name, value in zip(names, values):
            if name in named:
                raise TypeError(f"{type(self).__name__} got multiple values for argument {name!r}")
            named[name] = value
        for name in names:
            if name not in named:
                raise TypeError(f"{type(self).__name__} is missing argument {name!r}")
            setattr(self, name, named.pop(name))
        for name in named:
            raise TypeError(f"{type(self).__name__} got an unexpected argument {name!r}")

    def _prog(self):
        """Return the program that the address is one of."""
        return next(v.prog_ for v in vars(self).values() if isinstance(v, drgn.Object))

    def _values(self):
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    __hash__ = None

    def __repr__(self):
        return f"{type(self).__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in self.__match_args__)})"

    def __str__(self):
        for kind, name, _ in _identify(self._prog(), self.address):
            if kind in self._kinds:
                return f"{kind}: {name}"
        return repr(self)


class IdentifiedSymbol(IdentifiedAddress):
    """An address in a symbol."""

    __match_args__ = ("address", "symbol")
    _kinds = ("symbol", "function symbol", "object symbol")

    def __str__(self):
        kind = {drgn.SymbolKind.FUNC: "function symbol", drgn.SymbolKind.IFUNC: "function symbol", drgn.SymbolKind.OBJECT: "object symbol"}
        return f"{kind.get(self.symbol.kind, 'symbol')}: {self.symbol.name}+{self.address - self.symbol.address:#x}"


@takes_program_or_default
def identify_address_all(prog, addr, *, cache=None):
    """Walk what lies at an address, the most telling first, each as an instance of a class made of IdentifiedAddress.

    prog is the default program when it is left out. Symbols are known in every program; in the Linux kernel also tasks,
    their stacks, slab objects, allocated or free, areas of vmalloc and pages' structures: drgn.helpers.linux.common has
    their classes. cache is there for scripts that give one: the program itself keeps what it finds.
    """
    address = operator.index(addr)
    return (_identified(prog, address, *found) for found in _identify(prog, address))


def _identified(prog, address, kind, name, object):
    if kind in IdentifiedSymbol._kinds:
        return IdentifiedSymbol(address, prog.symbol(address))
    from drgn.helpers.linux.common import _of_kernel

    return _of_kernel(prog, address, kind, object)


_CHUNK = 1 << 16  # memory of any size is printed in parts


@takes_program_or_default
def print_annotated_memory(prog, address, size, physical=False):
    """Print memory a word a line, with what is known of the words that are addresses.

    prog is the default program when it is left out; address is a physical one if physical is true.
    """
    address, size = int(address), int(size)
    if size < 0:
        raise ValueError("size must not be negative")
    print(f"{'ADDRESS':<{2 * prog.address_size() + 1}} VALUE")
    while size > 0:
        n = min(size, _CHUNK)
        try:
            print(_annotated(prog, address, n, physical), end="")
        except drgn.FaultError as e:
            if address < e.address < address + n:
                print(_annotated(prog, address, e.address - address, physical), end="")
            raise
        address, size = address + n, size - n
