from typing import Optional, TextIO, Union

from drgn import Program

def print_dmesg(prog: Optional[Program] = None, *, timestamps: Union[bool, str] = True, file: Optional[TextIO] = None) -> None: ...
