"""Programs without a target, for parity scripts."""

from drgn import Architecture, Platform, PlatformFlags, Program

LE64 = Platform(Architecture.UNKNOWN, PlatformFlags.IS_LITTLE_ENDIAN | PlatformFlags.IS_64_BIT)
BE64 = Platform(Architecture.UNKNOWN, PlatformFlags.IS_64_BIT)
LE32 = Platform(Architecture.UNKNOWN, PlatformFlags.IS_LITTLE_ENDIAN)
BE32 = Platform(Architecture.UNKNOWN, PlatformFlags(0))


def memory(prog, data, address=0, physical=False):
    """Have prog read data at address."""
    prog.add_memory_segment(address, len(data), lambda addr, count, offset, phys: data[offset:offset + count], physical)
    return prog
