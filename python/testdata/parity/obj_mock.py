"""What the scripts named obj_* share: programs without a target. (It has no cases itself.)"""

from drgn import *


def platform(bits=64, little=True):
    flags = PlatformFlags(0)
    if bits == 64:
        flags |= PlatformFlags.IS_64_BIT
    if little:
        flags |= PlatformFlags.IS_LITTLE_ENDIAN
    return Platform(Architecture.UNKNOWN, flags)


def mock(bits=64, little=True, segments=(), types=(), objects=()):
    """Return a program whose memory is the given (address, bytes), with named types and (name, object made by a function)."""
    prog = Program(platform(bits, little))
    for address, data in segments:
        def read(addr, count, offset, physical, data=data):
            return data[offset:offset + count]
        prog.add_memory_segment(address, len(data), read)
    return prog


def ints(prog):
    """Return C's usual integer types by their names."""
    little = bool(prog.platform.flags & PlatformFlags.IS_LITTLE_ENDIAN)
    word = 8 if prog.platform.flags & PlatformFlags.IS_64_BIT else 4
    order = "little" if little else "big"
    sizes = {"char": (1, True), "signed char": (1, True), "unsigned char": (1, False), "short": (2, True), "unsigned short": (2, False),
             "int": (4, True), "unsigned int": (4, False), "long": (word, True), "unsigned long": (word, False),
             "long long": (8, True), "unsigned long long": (8, False)}
    return {name: prog.int_type(name, size, signed, order) for name, (size, signed) in sizes.items()}
