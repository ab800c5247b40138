"""Functions over a program's data structures: drgn.helpers.common for all programs, drgn.helpers.linux for the kernel."""

from drgn._errors import ValidationError
