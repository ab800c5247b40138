"""What lies at an address of memory, and what memory holds."""

from collections import namedtuple

import drgn

from drgn.helpers.common.prog import takes_program_or_default

__all__ = ("IdentifiedAddress", "identify_address", "identify_address_all", "print_annotated_memory")  # identify_address is Go's


class IdentifiedAddress(namedtuple("IdentifiedAddress", ("kind", "name", "object"))):
    """What lies at an address; str() is kind and name.

    kind is "function symbol", "slab object", "task stack" and so on. object is what describes it, such as the task or the
    slab cache, or None.
    """

    __slots__ = ()

    def __str__(self):
        return f"{self.kind}: {self.name}"


@takes_program_or_default
def identify_address_all(prog, addr, *, cache=None):
    """Walk what lies at an address, the most telling first, each as an IdentifiedAddress.

    prog is the default program when it is left out. Symbols are known in every program; in the Linux kernel also tasks,
    their stacks, slab objects, allocated or free, and areas of vmalloc. cache is there for scripts that give one: the
    program itself keeps what it finds.
    """
    return (IdentifiedAddress(*found) for found in _identify(prog, addr))


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
