from typing import Optional, TextIO, Union, overload

from drgn import Program

@overload
def print_dmesg(prog: Program, *, timestamps: Union[bool, str] = True, file: Optional[TextIO] = None) -> None: ...
@overload
def print_dmesg(*, timestamps: Union[bool, str] = True, file: Optional[TextIO] = None) -> None: ...
