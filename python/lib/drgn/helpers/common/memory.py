"""What lies at an address of memory, and what memory holds."""

import operator

import drgn

from drgn._functions import Functions as _Functions
from drgn.helpers._record import Record
from drgn.helpers.common.prog import takes_program_or_default

__all__ = ("identify_address", "identify_address_all", "print_annotated_memory")

_go = _Functions(globals())


@_go.program_first
def identify_address(prog: Program, addr: IntegerLike, *, cache: Optional[Dict[Any, Any]] = None) -> Optional[str]:
    """Return the most telling of what lies at an address as a string, or None if nothing is known of it.

    See identify_address_all().
    """
    return _go.identify_address(prog, addr, cache=cache)


class IdentifiedAddress(Record):
    """What lies at an address: one of the classes made of this one. str() says it in words."""

    address: int

    def _prog(self):
        """Return the program that the address is one of."""
        return next(v.prog_ for v in vars(self).values() if isinstance(v, drgn.Object))

    def __str__(self):
        for kind, name, _ in _go._identify(self._prog(), self.address):
            if kind in self._kinds:
                return f"{kind}: {name}"
        return repr(self)


class IdentifiedSymbol(IdentifiedAddress):
    """An address in a symbol."""

    address: int
    symbol: drgn.Symbol
    __match_args__ = ("address", "symbol")
    _kinds = ("symbol", "function symbol", "object symbol")

    def __str__(self):
        kind = {drgn.SymbolKind.FUNC: "function symbol", drgn.SymbolKind.IFUNC: "function symbol", drgn.SymbolKind.OBJECT: "object symbol"}
        return f"{kind.get(self.symbol.kind, 'symbol')}: {self.symbol.name}+{self.address - self.symbol.address:#x}"


@takes_program_or_default
def identify_address_all(prog: Program, addr: IntegerLike, *, cache: Optional[Dict[Any, Any]] = None) -> Iterator[IdentifiedAddress]:
    """Walk what lies at an address, the most telling first, each as an instance of a class made of IdentifiedAddress.

    prog is the default program when it is left out. Symbols are known in every program; in the Linux kernel also tasks,
    their stacks, slab objects, allocated or free, areas of vmalloc and pages' structures: drgn.helpers.linux.common has
    their classes. cache is there for scripts that give one: the program itself keeps what it finds.
    """
    address = operator.index(addr)
    return (_identified(prog, address, *found) for found in _go._identify(prog, address))


def _identified(prog, address, kind, name, object):
    if kind in IdentifiedSymbol._kinds:
        return IdentifiedSymbol(address, prog.symbol(address))
    from drgn.helpers.linux.common import _of_kernel

    return _of_kernel(prog, address, kind, object)


_CHUNK = 1 << 16  # memory of any size is printed in parts


@takes_program_or_default
def print_annotated_memory(prog: Program, address: IntegerLike, size: IntegerLike, physical: bool = False) -> None:
    """Print memory a word a line, with what is known of the words that are addresses.

    prog is the default program when it is left out; address is a physical one if physical is true.
    """
    address, size = operator.index(address), operator.index(size)
    prog.read(address, size, physical)  # what cannot be read fails before anything is printed
    print(f"{'ADDRESS':<{2 * prog.address_size() + 1}} VALUE")
    while size > 0:
        n = min(size, _CHUNK)
        print(_go._annotated(prog, address, n, physical), end="")
        address, size = address + n, size - n
