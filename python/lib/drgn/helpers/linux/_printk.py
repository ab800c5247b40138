"""What drgn.helpers.linux.printk prints."""

import sys

from drgn.helpers.linux.printk import get_dmesg

__all__ = ("print_dmesg",)


def print_dmesg(prog=None, *, timestamps=True, file=None):
    """Print the kernel's log.

    timestamps says how the time of each message is written, as for get_dmesg(). file is where it is printed; None is
    sys.stdout.
    """
    where = () if prog is None else (prog,)
    log = get_dmesg(*where, timestamps=timestamps).decode(errors="backslashreplace")
    (sys.stdout if file is None else file).write(log)
