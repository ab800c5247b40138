"""What modules of the standard library lack since Python was built with the headers of an older C library: calls of the system that
this one or the kernel may have, and numbers of Linux's (include/uapi), the same on all machines that the program is built for.

Not here: what would need code of these modules beside the number, such as addresses of further families of sockets.
"""

import os
import posix
import sys
import time
from importlib.machinery import BuiltinImporter

NUMBERS = {"x86_64": {"memfd_create": 319, "copy_file_range": 326}, "aarch64": {"memfd_create": 279, "copy_file_range": 285}}
COMMON = {"pidfd_send_signal": 424, "pidfd_open": 434}  # calls since v5.0 have the same number on every machine


def _call(name, *args):
    """Make a call of the system and return what it does; its failure is an OSError."""
    import ctypes

    number = COMMON.get(name) or NUMBERS.get(sys.implementation._multiarch.partition("-")[0], {}).get(name)  # os.uname() may be told another machine
    if number is None:
        raise OSError(38, os.strerror(38))  # ENOSYS
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    result = syscall(ctypes.c_long(number), *args)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _long(value):
    import ctypes
    import operator

    return ctypes.c_long(operator.index(value))


def memfd_create(name, flags=1):
    """Create an anonymous file and return a descriptor of it; flags is MFD_CLOEXEC if not given."""
    name = os.fsencode(name)
    if b"\0" in name:
        raise ValueError("embedded null byte")
    return _call("memfd_create", name, _long(flags))


def pidfd_open(pid, flags=0):
    """Return a descriptor that refers to the process pid; it is not inherited."""
    return _call("pidfd_open", _long(pid), _long(flags))


def copy_file_range(src, dst, count, offset_src=None, offset_dst=None):
    """Copy count bytes from the descriptor src to the descriptor dst within the kernel and return how many were copied.

    Without an offset, that of the descriptor is used, and moved.
    """
    import ctypes

    if count < 0:
        raise ValueError("negative value for 'count' not allowed")

    def offset(value):
        return None if value is None else ctypes.byref(ctypes.c_int64(value))

    return _call("copy_file_range", _long(src), offset(offset_src), _long(dst), offset(offset_dst), _long(count), _long(0))


def pidfd_send_signal(pidfd, signalnum, siginfo=None, flags=0, /):
    """Send a signal to the process that a descriptor refers to."""
    sys.audit("signal.pidfd_send_signal", pidfd, signalnum, siginfo, flags)
    if siginfo is not None:
        raise TypeError("siginfo must be None")
    _call("pidfd_send_signal", _long(pidfd), _long(signalnum), None, _long(flags))


def getrandom(size, flags=0):
    """Return random bytes from the system; flags mean nothing: it neither blocks nor fails."""
    return os.urandom(size)


HUGE = {"64KB": 16, "512KB": 19, "1MB": 20, "2MB": 21, "8MB": 23, "16MB": 24, "32MB": 25, "256MB": 28, "512MB": 29, "1GB": 30, "2GB": 31, "16GB": 34}
OF_OS = {
    "memfd_create": memfd_create, "pidfd_open": pidfd_open, "copy_file_range": copy_file_range, "getrandom": getrandom,
    "GRND_NONBLOCK": 1, "GRND_RANDOM": 2, "CLONE_NEWTIME": 0x80, "CLONE_NEWCGROUP": 0x2000000,
    "MFD_CLOEXEC": 1, "MFD_ALLOW_SEALING": 2, "MFD_HUGETLB": 4, "MFD_HUGE_SHIFT": 26, "MFD_HUGE_MASK": 0x3F,
    "PIDFD_NONBLOCK": 0o4000, "P_PIDFD": 3, "TFD_TIMER_CANCEL_ON_SET": 2,
} | {f"MFD_HUGE_{size}": bits << 26 for size, bits in HUGE.items()}

LATER = {  # modules that nothing has imported yet; _drgn._signals() imports _signal, when it finds the signals' default actions
    "_signal": {"pidfd_send_signal": pidfd_send_signal},
    "fcntl": {
        "F_OFD_GETLK": 36, "F_OFD_SETLK": 37, "F_OFD_SETLKW": 38, "F_DUPFD_QUERY": 1027, "F_ADD_SEALS": 1033, "F_GET_SEALS": 1034,
        "F_SEAL_SEAL": 1, "F_SEAL_SHRINK": 2, "F_SEAL_GROW": 4, "F_SEAL_WRITE": 8, "F_SEAL_FUTURE_WRITE": 16,
        "F_GET_RW_HINT": 1035, "F_SET_RW_HINT": 1036, "F_GET_FILE_RW_HINT": 1037, "F_SET_FILE_RW_HINT": 1038,
        "RWH_WRITE_LIFE_NOT_SET": 0, "RWH_WRITE_LIFE_NONE": 1, "RWH_WRITE_LIFE_SHORT": 2, "RWH_WRITE_LIFE_MEDIUM": 3,
        "RWH_WRITE_LIFE_LONG": 4, "RWH_WRITE_LIFE_EXTREME": 5, "FICLONE": 0x40049409, "FICLONERANGE": 0x4020940D,
    },
    "select": {"EPOLLEXCLUSIVE": 1 << 28},
    "mmap": {"MADV_FREE": 8},
    "_socket": {
        "IPPROTO_MPTCP": 262, "IP_BIND_ADDRESS_NO_PORT": 24, "IPV6_RECVPATHMTU": 60, "IPV6_PATHMTU": 61, "IPV6_DONTFRAG": 62,
        "SO_INCOMING_CPU": 49, "SO_BINDTOIFINDEX": 62, "SO_ORIGINAL_DST": 80,
        "TCP_NOTSENT_LOWAT": 25, "TCP_CC_INFO": 26, "TCP_SAVE_SYN": 27, "TCP_SAVED_SYN": 28, "TCP_REPAIR_WINDOW": 29,
        "TCP_FASTOPEN_CONNECT": 30, "TCP_ULP": 31, "TCP_MD5SIG_EXT": 32, "TCP_FASTOPEN_KEY": 33, "TCP_FASTOPEN_NO_COOKIE": 34,
        "TCP_ZEROCOPY_RECEIVE": 35, "TCP_INQ": 36, "TCP_TX_DELAY": 37,
    },
}


class Finder:
    """Finder and loader of the modules of LATER that adds what they lack."""

    def find_spec(self, name, path=None, target=None):
        spec = BuiltinImporter.find_spec(name) if name in LATER else None
        if spec is not None:
            spec.loader = self
        return spec

    def create_module(self, spec):
        return BuiltinImporter.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = BuiltinImporter
        BuiltinImporter.exec_module(module)
        add(module, LATER[module.__name__])


def add(module, what):
    """Give a module what it lacks."""
    for name, value in what.items():
        if not hasattr(module, name):
            if callable(value) and value.__module__ == __name__:
                value.__module__ = module.__name__
            setattr(module, name, value)
            if hasattr(module, "__all__"):
                module.__all__.append(name)


def install():
    add(posix, OF_OS)
    add(os, {name: getattr(posix, name) for name in OF_OS})
    add(time, {"CLOCK_TAI": 11})
    for name, what in LATER.items():
        if name in sys.modules:
            add(sys.modules[name], what)
    sys.meta_path.insert(0, Finder())
