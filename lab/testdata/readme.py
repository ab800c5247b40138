"""Runs the session in a text, whose path is the argument, and compares what it prints."""

import doctest
import re
import sys

import drgn


def show(value):
    """Print a value as the prompt does: drgn's own as text."""
    if value is not None:
        print(value if type(value).__module__.startswith(("drgn", "_drgn")) else repr(value))


with open(sys.argv[1], encoding="utf-8") as f:
    text = f.read()
session = "".join(re.findall(r"^```python\n(>>> .*?)^```$", text, re.M | re.S))
names = {"prog": prog}
exec(
    "from drgn import *\n"
    "from drgn.helpers.common import *\n"
    "from drgn.helpers.linux import *\n",
    names,
)
sys.__displayhook__ = show  # the one doctest uses
test = doctest.DocTestParser().get_doctest(session, names, "the session", sys.argv[1], 0)
result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test)
print(f"{result.attempted} lines of the session, {result.failed} wrong")
sys.exit(result.failed > 0 or result.attempted == 0)
