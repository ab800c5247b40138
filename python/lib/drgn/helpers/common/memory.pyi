from typing import Any, ClassVar, Dict, Iterator, Optional, Tuple, overload

from drgn import IntegerLike, Program, Symbol

__all__ = ("identify_address", "identify_address_all", "print_annotated_memory")

@overload
def identify_address(prog: Program, addr: IntegerLike, *, cache: Optional[Dict[Any, Any]] = None) -> Optional[str]: ...
@overload
def identify_address(addr: IntegerLike, *, cache: Optional[Dict[Any, Any]] = None) -> Optional[str]: ...

class IdentifiedAddress:
    __match_args__: ClassVar[Tuple[str, ...]]
    address: int

class IdentifiedSymbol(IdentifiedAddress):
    symbol: Symbol
    def __init__(self, address: int, symbol: Symbol) -> None: ...

@overload
def identify_address_all(prog: Program, addr: IntegerLike, *, cache: Optional[Dict[Any, Any]] = None) -> Iterator[IdentifiedAddress]: ...
@overload
def identify_address_all(addr: IntegerLike, *, cache: Optional[Dict[Any, Any]] = None) -> Iterator[IdentifiedAddress]: ...
@overload
def print_annotated_memory(prog: Program, address: IntegerLike, size: IntegerLike, physical: bool = False) -> None: ...
@overload
def print_annotated_memory(address: IntegerLike, size: IntegerLike, physical: bool = False) -> None: ...
