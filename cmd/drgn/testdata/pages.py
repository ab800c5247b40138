"""Run the statements of documentation pages, which are between ```pycon and ```, and print the pages with what these statements print now.

A NUL ends each page.
"""

import contextlib
import io
import sys
import traceback

import drgn._near
import drgn.cli


def run(source, names):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            if source.startswith("%"):
                drgn.cli._run_line(source.rstrip("\n"), names)
            else:
                exec(compile(source, "<page>", "single"), names)
        except Exception as e:
            drgn._near.add_hint(e)
            out.write("Traceback (most recent call last):\n  ...\n" + "".join(traceback.format_exception_only(e)))
    return out.getvalue()


def statements(lines):
    """Walk the statements of a block: what is typed, with its marks."""
    source, typed = "", []
    for line in [*lines, ">>> "]:
        if line.startswith((">>> ", "... ")) or line in (">>>", "..."):
            if line.startswith(">>>") and typed:
                yield source, typed
                source, typed = "", []
            source += line[4:] + "\n"
            typed.append(line)


def page(text):
    names = drgn.cli.default_globals(prog)
    sys.displayhook = drgn.cli._displayhook
    result, block = [], None
    for line in text.split("\n"):
        if block is None:
            result.append(line)
            if line == "```pycon":
                block = []
        elif line == "```":
            for source, typed in statements(block):
                result += [*typed, *run(source, names).rstrip("\n").split("\n")]
                while result[-1] == "":
                    result.pop()
            result.append(line)
            block = None
        else:
            block.append(line)
    return "\n".join(result)


for path in sys.argv[1:]:
    with open(path) as f:
        sys.__stdout__.write(page(f.read()) + "\0")
