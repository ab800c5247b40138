"""Text for values: escaped strings, flags, sizes, tables."""

import collections.abc
import operator
import sys

from drgn._functions import names_for_annotations

__all__ = ("CellFormat", "RowOptions", "decode_enum_type_flags", "decode_flags", "double_quote_ascii_string", "escape_ascii_character",
           "escape_ascii_string", "number_in_binary_units", "print_table")

names_for_annotations(globals())

_ESCAPES = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}


def escape_ascii_character(
    c: int, escape_single_quote: bool = False, escape_double_quote: bool = False, escape_backslash: bool = False
) -> str:
    """Return an ASCII character as C writes it; quotes and backslashes are escaped when asked for."""
    if 0x20 <= c < 0x7F:
        escaped = c == 0x22 and escape_double_quote or c == 0x27 and escape_single_quote or c == 0x5C and escape_backslash
        return "\\" + chr(c) if escaped else chr(c)
    c = operator.index(c)  # which may be an Object
    return _ESCAPES.get(c) or f"\\x{c:02x}"


def escape_ascii_string(
    buffer: Iterable[int], escape_single_quote: bool = False, escape_double_quote: bool = False, escape_backslash: bool = False
) -> str:
    """Return a string of ASCII characters as C writes it."""
    return "".join(escape_ascii_character(c, escape_single_quote, escape_double_quote, escape_backslash) for c in buffer)


def double_quote_ascii_string(buffer: Iterable[int]) -> str:
    """Return a string of ASCII characters as a C string literal."""
    return f'"{escape_ascii_string(buffer, escape_double_quote=True, escape_backslash=True)}"'


def decode_flags(value: IntegerLike, flags: Iterable[Tuple[str, int]], bit_numbers: bool = True, aliases: bool = True) -> str:
    """Name the flags that are set in a value.

    flags are pairs of a name and its bit number (its mask if bit_numbers is false). Without aliases only the first name of
    a flag is given. What no name stands for is given as a number.
    """
    value = rest = value.__index__()
    if value == 0:
        return "0"
    names = []
    for name, flag in flags:
        flag = operator.index(flag)  # which may be an Object
        mask = 1 << flag if bit_numbers else flag
        if (value if aliases else rest) & mask:
            names.append(name)
            rest &= ~mask
    if rest:
        names.append(hex(rest))
    return "|".join(names)


def decode_enum_type_flags(value: IntegerLike, type: Type, bit_numbers: bool = True) -> str:
    """Name the flags that are set in a value by the enumerators of an enumerated type."""
    enumerators = type.enumerators
    if enumerators is None:
        raise TypeError("cannot decode incomplete enumerated type")
    return decode_flags(value, [(e.name, e.value) for e in enumerators], bit_numbers)


def number_in_binary_units(n: SupportsFloat, precision: int = 1) -> str:
    """Return a number with a binary unit: 1536 is '1.5K'."""
    n = float(n)
    unit = ""
    for unit in ("", "K", "M", "G", "T", "P", "E", "Z", "Y"):
        if abs(n) < 1024 or unit == "Y":
            break
        n /= 1024
    if n.is_integer():
        precision = 0
    return f"{n:.{precision}f}{unit}"


class CellFormat:
    """A cell of a table with a format of its own, as format() takes it, but without a width."""

    def __init__(self, value, format_spec):
        import re

        spec = re.fullmatch(r"(?:.?[<>=^])?[ +-]?z?#?(0?[0-9]*)[,_]?(?:\.[0-9]+)?[bcdeEfFgGnosxX%]?", format_spec, re.DOTALL)
        if spec is None:
            raise ValueError(f"invalid format_spec {format_spec!r}")
        if spec[1]:
            raise ValueError("format_spec must not have width")
        self.value = value
        self.format_spec = format_spec

    def __str__(self):
        return format(self.value, self._spec())

    def __format__(self, format_spec):
        return format(str(self), format_spec)

    def _spec(self):
        spec = self.format_spec
        return spec[1:] if spec[:1] in ("<", ">", "^") and len(spec) > 1 else "" if spec in ("<", ">", "^") else spec

    def alignment(self):
        """Return how format_spec aligns the cell: '<', '>' or '^'; None if it does not say."""
        first = self.format_spec[:1]
        if first in ("<", ">", "^"):
            return first
        return None


class RowOptions(collections.abc.Sequence):
    """A row of a table with options: columns are as wide as the widest cell of the rows with the same group."""

    def __init__(self, row, *, group=0):
        self._row = row
        self.group = group

    def __iter__(self):
        return iter(self._row)

    def __contains__(self, x):
        return x in self._row

    def __len__(self):
        return len(self._row)

    def __reversed__(self):
        return reversed(self._row)

    def __getitem__(self, index):
        return self._row[index]

    def index(self, *args):
        """Return the index of a cell."""
        return self._row.index(*args)

    def count(self, value):
        """Return how many cells are equal to value."""
        return self._row.count(value)


def _alignment(cell):
    if isinstance(cell, CellFormat):
        found = cell.alignment()
        if found:
            return found
        cell = cell.value
    return "<" if isinstance(cell, str) or not hasattr(cell, "__index__") and not isinstance(cell, float) else ">"


def print_table(rows: Sequence[Sequence[Any]], *, sep: str = "  ", file: "Optional[SupportsWrite[str]]" = None) -> None:
    """Print rows of cells in columns: numbers at the right, others at the left; see CellFormat and RowOptions."""
    rows = list(rows)
    texts = [[str(cell) for cell in row] for row in rows]
    widths = {}
    for row, text in zip(rows, texts):
        width = widths.setdefault(getattr(row, "group", 0), [])
        width.extend([0] * (len(text) - len(width)))
        for i, cell in enumerate(text):
            width[i] = max(width[i], len(cell))
    for row, text in zip(rows, texts):
        width = widths[getattr(row, "group", 0)]
        # A bool is a number where there is something to fill: format(True, ">4") is "   1".
        cells = [format(row[i] if row[i] is True or row[i] is False else cell, f"{_alignment(row[i])}{width[i]}") for i, cell in enumerate(text)]
        if cells:
            cells[-1] = cells[-1].rstrip()
        print(*cells, sep=sep, file=file or sys.stdout)
