"""What machines differ in, for programs that make system calls which Python does not have."""

import platform
import re
import types
from typing import Dict, Mapping

__all__ = ("NORMALIZED_MACHINE_NAME", "SIGACTION_FLAGS_BY_MACHINE_NAME", "SIGNALS_BY_MACHINE_NAME", "SYS")


def _normalized(machine: str) -> str:
    for pattern, name in (
        (r"i[0-9]86", "i386"),
        (r"aarch64.*|arm64", "aarch64"),
        (r"arm.*|sa110", "arm"),
        (r"ppc64.*", "ppc64"),
        (r"ppc.*", "ppc"),
        (r"riscv", "riscv32"),
        (r"sh[0-9].*", "sh"),
        (r"sun4u", "sparc64"),
    ):
        if match := re.fullmatch(pattern, machine):
            return match.expand(name)
    return machine


# The machine that this program runs on, as the kernel's source knows it, more or less: of each family one name for each size of a word.
NORMALIZED_MACHINE_NAME = _normalized(platform.machine())

_CALLS = ("bpf", "finit_module", "io_destroy", "io_setup", "io_submit", "kexec_file_load", "memfd_create", "perf_event_open")
_GENERIC = (280, 273, 1, 0, 2, 294, 279, 241)  # include/uapi/asm-generic/unistd.h
_POWER = (361, 353, 228, 227, 230, None, 360, 319)
_S390 = (351, 344, 244, 243, 246, 381, 350, 331)
_PARISC = (341, 333, 216, 215, 218, 355, 340, 318)
_SPARC = (349, 342, 269, 268, 270, None, 348, 327)

# Numbers of system calls on this machine, by their names: arch/*/kernel/syscalls/*.tbl. Calls that it does not have are left out.
SYS: Dict[str, int] = {
    name: number
    for name, number in zip(
        _CALLS,
        {
            "aarch64": _GENERIC,
            "alpha": (515, 507, 399, 398, 401, None, 512, 493),
            "arc": _GENERIC,
            "arm": (386, 379, 244, 243, 246, 401, 385, 364),
            "csky": _GENERIC,
            "hexagon": _GENERIC,
            "i386": (357, 350, 246, 245, 248, None, 356, 336),
            "loongarch": _GENERIC,
            "loongarch64": _GENERIC,
            "m68k": (354, 348, 242, 241, 244, None, 353, 332),
            "microblaze": (387, 380, 246, 245, 248, None, 386, 366),
            "mips64": (315, 307, 201, 200, 203, None, 314, 292),
            "nios2": _GENERIC,
            "openrisc": _GENERIC,
            "parisc": _PARISC,
            "parisc64": _PARISC,
            "ppc": _POWER,
            "ppc64": _POWER,
            "riscv32": _GENERIC,
            "riscv64": _GENERIC,
            "s390": _S390,
            "s390x": _S390,
            "sh": (375, 368, 246, 245, 248, None, 374, 336),
            "sparc": _SPARC,
            "sparc64": _SPARC,
            "x86_64": (321, 313, 207, 206, 209, 320, 319, 298),
            "xtensa": (340, 332, 240, 239, 241, None, 339, 327),
        }.get(NORMALIZED_MACHINE_NAME, ()),
    )
    if number is not None
}

# Numbers of ioctls are made of these fields: include/uapi/asm-generic/ioctl.h, and each machine's own ioctl.h.
_IOC_NRBITS = 8
_IOC_TYPEBITS = 8
if NORMALIZED_MACHINE_NAME in ("alpha", "mips", "mips64", "ppc", "ppc64", "sparc", "sparc64"):
    _IOC_NONE, _IOC_READ, _IOC_WRITE = 1, 2, 4
    _IOC_SIZEBITS, _IOC_DIRBITS = 13, 3
else:
    _IOC_NONE, _IOC_READ, _IOC_WRITE = (0, 1, 2) if NORMALIZED_MACHINE_NAME in ("parisc", "parisc64") else (0, 2, 1)
    _IOC_SIZEBITS, _IOC_DIRBITS = 14, 2
_IOC_NRSHIFT = 0
_IOC_TYPESHIFT = _IOC_NRSHIFT + _IOC_NRBITS
_IOC_SIZESHIFT = _IOC_TYPESHIFT + _IOC_TYPEBITS
_IOC_DIRSHIFT = _IOC_SIZESHIFT + _IOC_SIZEBITS


def _IOC(dir: int, type: int, nr: int, size: int) -> int:
    return dir << _IOC_DIRSHIFT | type << _IOC_TYPESHIFT | nr << _IOC_NRSHIFT | size << _IOC_SIZESHIFT


def _IO(type: int, nr: int) -> int:
    return _IOC(_IOC_NONE, type, nr, 0)


def _IOR(type: int, nr: int, size: int) -> int:
    return _IOC(_IOC_READ, type, nr, size)


def _IOW(type: int, nr: int, size: int) -> int:
    return _IOC(_IOC_WRITE, type, nr, size)


def _IOWR(type: int, nr: int, size: int) -> int:
    return _IOC(_IOC_READ | _IOC_WRITE, type, nr, size)


_GENERIC_MACHINES = ("aarch64", "arc", "csky", "hexagon", "i386", "loongarch", "loongarch64", "m68k", "microblaze", "nios2", "openrisc", "ppc", "ppc64",
                     "riscv32", "riscv64", "s390", "s390x", "sh", "x86_64")  # fmt: skip


def _signals(names: str, most: int = 64, **more: int) -> Mapping[str, int]:
    """Number the names of signals from 1 on; those that a "/" is between have one number."""
    signals = {f"SIG{name}": number for number, several in enumerate(names.split(), 1) for name in several.split("/")}
    return types.MappingProxyType({**signals, "SIGRTMIN": 32, **more, "SIGRTMAX": most})


# Of include/uapi/asm-generic/signal.h, then of arch/*/include/uapi/asm/signal.h.
_GENERIC_SIGNALS = ("HUP INT QUIT ILL TRAP ABRT/IOT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD/CLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ "
                    "VTALRM PROF WINCH IO/POLL PWR SYS/UNUSED")  # fmt: skip
_BSD_SIGNALS = ("HUP INT QUIT ILL TRAP ABRT/IOT EMT FPE KILL BUS SEGV SYS/UNUSED PIPE ALRM TERM URG STOP TSTP CONT CHLD/CLD TTIN TTOU IO/POLL XCPU XFSZ "
                "VTALRM PROF WINCH PWR/{} USR1 USR2")  # fmt: skip
_MIPS_SIGNALS = ("HUP INT QUIT ILL TRAP ABRT/IOT EMT FPE KILL BUS SEGV SYS/UNUSED PIPE ALRM TERM USR1 USR2 CHLD/CLD PWR WINCH URG IO/POLL STOP TSTP CONT "
                 "TTIN TTOU VTALRM PROF XCPU XFSZ")  # fmt: skip
_PARISC_SIGNALS = ("HUP INT QUIT ILL TRAP ABRT/IOT STKFLT FPE KILL BUS SEGV XCPU PIPE ALRM TERM USR1 USR2 CHLD/CLD PWR VTALRM PROF IO/POLL WINCH STOP "
                   "TSTP CONT TTIN TTOU URG XFSZ SYS/UNUSED")  # fmt: skip

# Numbers of signals by their names, by machines.
SIGNALS_BY_MACHINE_NAME: Mapping[str, Mapping[str, int]] = types.MappingProxyType(
    {
        **dict.fromkeys(_GENERIC_MACHINES, _signals(_GENERIC_SIGNALS)),
        "alpha": _signals(_BSD_SIGNALS.format("INFO")),
        "arm": _signals(_GENERIC_SIGNALS, SIGSWI=32),
        **dict.fromkeys(("mips", "mips64"), _signals(_MIPS_SIGNALS, most=128)),
        **dict.fromkeys(("parisc", "parisc64"), _signals(_PARISC_SIGNALS)),
        **dict.fromkeys(("sparc", "sparc64"), _signals(_BSD_SIGNALS.format("LOST"))),
        "xtensa": _signals(_GENERIC_SIGNALS, most=63),
    }
)

_GENERIC_FLAGS = {"NOCLDSTOP": 1, "NOCLDWAIT": 2, "SIGINFO": 4, "ONSTACK": 0x8000000, "RESTART": 0x10000000, "NODEFER": 0x40000000,
                  "RESETHAND": 0x80000000}  # fmt: skip
_RESTORER = {"RESTORER": 0x4000000}
_OLD_NAMES = {"ONSTACK": "STACK", "NODEFER": "NOMASK", "RESETHAND": "ONESHOT"}


def _action_flags(*flags: Dict[str, int]) -> Mapping[str, int]:
    every: Dict[str, int] = {"UNSUPPORTED": 0x400, "EXPOSE_TAGBITS": 0x800, "IMMUTABLE": 0x800000}
    for more in flags:
        every.update(more)
    named = {}
    for name, bit in sorted(every.items(), key=lambda item: item[1]):
        named[f"SA_{name}"] = bit
        if name in _OLD_NAMES:
            named[f"SA_{_OLD_NAMES[name]}"] = bit
    return types.MappingProxyType(named)


_X86_FLAGS = _action_flags(_GENERIC_FLAGS, _RESTORER, {"X32_ABI": 0x1000000, "IA32_ABI": 0x2000000})
_MIPS_FLAGS = _action_flags(_GENERIC_FLAGS, {"SIGINFO": 8, "NOCLDWAIT": 0x10000})
_PARISC_FLAGS = _action_flags({"ONSTACK": 1, "RESETHAND": 4, "NOCLDSTOP": 8, "SIGINFO": 16, "NODEFER": 32, "RESTART": 64, "NOCLDWAIT": 128})
_SPARC_FLAGS = _action_flags({"ONSTACK": 1, "RESTART": 2, "RESETHAND": 4, "NOCLDSTOP": 8, "NODEFER": 32, "NOCLDWAIT": 0x100, "SIGINFO": 0x200})

# Flags of the actions of signals by their names, by machines; the lowest bit first.
SIGACTION_FLAGS_BY_MACHINE_NAME: Mapping[str, Mapping[str, int]] = types.MappingProxyType(
    {
        **dict.fromkeys(_GENERIC_MACHINES, _action_flags(_GENERIC_FLAGS)),
        **dict.fromkeys(("aarch64", "arc", "nios2", "ppc", "ppc64", "s390", "s390x", "sh", "xtensa"), _action_flags(_GENERIC_FLAGS, _RESTORER)),
        "alpha": _action_flags({"ONSTACK": 1, "RESTART": 2, "NOCLDSTOP": 4, "NODEFER": 8, "RESETHAND": 16, "NOCLDWAIT": 32, "SIGINFO": 64}),
        "arm": _action_flags(_GENERIC_FLAGS, _RESTORER, {"THIRTYTWO": 0x2000000}),
        **dict.fromkeys(("i386", "x86_64"), _X86_FLAGS),
        **dict.fromkeys(("mips", "mips64"), _MIPS_FLAGS),
        **dict.fromkeys(("parisc", "parisc64"), _PARISC_FLAGS),
        **dict.fromkeys(("sparc", "sparc64"), _SPARC_FLAGS),
    }
)
