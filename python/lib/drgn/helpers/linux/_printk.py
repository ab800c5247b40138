"""What drgn.helpers.linux.printk prints."""

import sys

from drgn._functions import names_for_annotations
from drgn.helpers.common.prog import takes_program_or_default
from drgn.helpers.linux.printk import get_dmesg

names_for_annotations(globals())

__all__ = ("print_dmesg",)


@takes_program_or_default
def print_dmesg(
    prog: Program, *, timestamps: Union[bool, Literal["human"]] = True, file: "Optional[SupportsWrite[str]]" = None
) -> None:
    """Print the kernel's log.

    timestamps says how the time of each message is written, as for get_dmesg(). file is where it is printed; None is
    sys.stdout.
    """
    log = get_dmesg(prog, timestamps=timestamps).decode(errors="backslashreplace")
    (sys.stdout if file is None else file).write(log)
