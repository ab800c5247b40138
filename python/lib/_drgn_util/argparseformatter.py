"""Help of argparse in paragraphs."""

import argparse
from typing import List

from _drgn_util.multilinewrap import multiline_fill, multiline_wrap

__all__ = ("MultilineHelpFormatter",)


class MultilineHelpFormatter(argparse.HelpFormatter):
    """Format descriptions and help as multiline_wrap() does: paragraphs stay apart, lines that begin with "|" stay as they are."""

    def _split_lines(self, text: str, width: int) -> List[str]:
        return multiline_wrap(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return multiline_fill(text, width, indent=indent)
