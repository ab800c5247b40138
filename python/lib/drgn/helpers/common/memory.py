"""Tell what addresses stand for."""

from drgn.helpers.common.prog import takes_program_or_default

__all__ = ("identify_address", "identify_address_all", "print_annotated_memory")


@takes_program_or_default
def print_annotated_memory(prog, address, size, physical=False):
    """Print memory, each word with the symbol, task or slab object that it points to."""
    address, size = address.__index__(), size.__index__()
    word = prog.address_size()
    from drgn import PlatformFlags

    order = "little" if PlatformFlags.IS_LITTLE_ENDIAN in prog.platform.flags else "big"
    data = prog.read(address, size, physical)
    print(f"{'ADDRESS':{2 * word}} {'VALUE':{2 * word}}")
    for i in range(0, size, word):
        part = data[i : i + word]
        if len(part) < word:
            print(f"{address + i:0{2 * word}x} {part.hex()}")
            break
        value = int.from_bytes(part, order)
        what = identify_address(prog, value)
        print(f"{address + i:0{2 * word}x} {value:0{2 * word}x}" + (f" [{what}]" if what else ""))
