"""Text in paragraphs, wrapped."""

import itertools
import textwrap
from typing import Any, List

from _drgn_util.typingutils import copy_func_params

__all__ = ("multiline_fill", "multiline_wrap")


def multiline_wrap(text: str, width: int, *, indent: str = "") -> List[str]:
    """Return the lines of a text whose paragraphs are wrapped.

    Blank lines are between paragraphs. Lines that begin with "|" are not wrapped and lose it. The space that all lines begin with is
    taken away first. width is that of the lines in characters, at least 1; indent is put before the lines of paragraphs alone.
    """
    lines: List[str] = []
    for kind, group in itertools.groupby(textwrap.dedent(text).strip("\n").split("\n"), _kind):
        if kind == "blank":
            lines.append("")
        elif kind == "block":
            lines.extend(line[1:] for line in group)
        else:
            lines.extend(textwrap.wrap("\n".join(group), width, initial_indent=indent, subsequent_indent=indent))
    if lines and not lines[-1]:
        lines.pop()  # the end of the line before
    return lines


def _kind(line: str) -> str:
    if line.startswith("|"):
        return "block"
    return "paragraph" if line.strip() else "blank"


@copy_func_params(multiline_wrap)
def multiline_fill(*args: Any, **kwargs: Any) -> str:
    """Return what multiline_wrap() returns as one text."""
    return "\n".join(multiline_wrap(*args, **kwargs))
