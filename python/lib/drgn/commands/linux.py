"""Commands that are there for the Linux kernel only."""

from typing import Any, Dict

from drgn import Program, ProgramFlags
from drgn.commands import command, custom_command, raw_command

__all__ = ("linux_kernel_command", "linux_kernel_custom_command", "linux_kernel_raw_command")


def _program_is_linux_kernel(prog: Program) -> bool:
    return ProgramFlags.IS_LINUX_KERNEL in prog.flags


def _set_enabled_if_linux_kernel(kwargs: Dict[str, Any]) -> None:
    more = kwargs.get("enabled")
    if more is None:
        kwargs["enabled"] = _program_is_linux_kernel
    else:
        kwargs["enabled"] = lambda prog: _program_is_linux_kernel(prog) and more(prog)


def linux_kernel_command(*args: Any, **kwargs: Any) -> Any:
    """Like drgn.commands.command(), for commands that are there for the Linux kernel only.

    enabled, if it is given, must agree, too.
    """
    _set_enabled_if_linux_kernel(kwargs)
    return command(*args, **kwargs)


def linux_kernel_custom_command(*args: Any, **kwargs: Any) -> Any:
    """Like linux_kernel_command(), for drgn.commands.custom_command()."""
    _set_enabled_if_linux_kernel(kwargs)
    return custom_command(*args, **kwargs)


def linux_kernel_raw_command(*args: Any, **kwargs: Any) -> Any:
    """Like linux_kernel_command(), for drgn.commands.raw_command()."""
    _set_enabled_if_linux_kernel(kwargs)
    return raw_command(*args, **kwargs)
