"""Functions over a program's data structures: drgn.helpers.common for all programs, drgn.helpers.linux for the kernel."""


class ValidationError(Exception):
    """A data structure is not as it must be."""
