"""The version of the program."""

import _drgn

__version__ = _drgn._version_header().split()[1]
