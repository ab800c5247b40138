"""How the prompt shows values: in colour, and through a pager what is longer than the screen."""

import os
import re
import sys

# Whether what is longer than the screen goes through a pager: the prompt sets it, where it is wanted.
paging = False

_RESET = "\x1b[0m"
_COLOURS = {"type": "\x1b[36m", "name": "\x1b[34m", "text": "\x1b[32m", "pointer": "\x1b[35m", "number": "\x1b[33m", "note": "\x1b[2m"}

_TEXT = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
_OBJECT = re.compile(
    rf"(?P<text>{_TEXT})"
    r"|(?P<type>\((?=[A-Za-z_])(?:[^()\n\"=]|\((?:[^()\n\"=]|\([^()\n\"=]*\))*\))*\))"
    r"|(?P<name>\.[A-Za-z_]\w*(?:\[\d+\]|\.[A-Za-z_]\w*)*(?= =))"
    r"|(?P<pointer>\b0x[0-9a-f]+\b)"
    r"|(?P<number>(?<![\w.])-?\d[\d.]*(?:e[+-]?\d+)?\b)"
    r"|(?P<note><[^<>\n]+>)")
_TYPE = re.compile(
    r"(?P<type>\b(?:struct|union|class|enum|typedef|const|volatile|restrict|_Atomic|unsigned|signed|void|char|short|int|long|float|double|_Bool|bool)\b)"
    r"|(?P<name>\b[A-Za-z_]\w*(?=(?:\)\(.*\))?(?:\[\w*\])*(?: : \d+)?;| = -?\d+,))"
    r"|(?P<number>\b(?:0x[0-9a-f]+|\d+)\b)"
    r"|(?P<note><[^<>\n]+>)")
_STACK = re.compile(r"(?m)^(?P<number>#\d+) +(?P<name>[^\s(]+)?|(?P<note>\((?:[^()\n]*:\d+:\d+|[^()\n]*:\d+)\)| in .*$)")


def in_colour(text: str, kind: str) -> str:
    """Return text as str() shows an "object", a "type" or a "stack", with colours."""
    def colour(match):
        for name, part in match.groupdict().items():
            if part is not None:
                at = match.start(name) - match.start()
                whole = match.group()
                return f"{whole[:at]}{_COLOURS[name]}{part}{_RESET}{whole[at + len(part):]}" if kind != "stack" else _stack(match)
        return match.group()

    return {"object": _OBJECT, "type": _TYPE, "stack": _STACK}[kind].sub(colour, text)


def _stack(match):
    whole, offset = match.group(), match.start()
    for name in ("note", "name", "number"):  # from the end, so that places before stay right
        if match.group(name) is not None:
            start, end = match.start(name) - offset, match.end(name) - offset
            whole = f"{whole[:start]}{_COLOURS[name]}{whole[start:end]}{_RESET}{whole[end:]}"
    return whole


def coloured() -> bool:
    """Return whether standard output is to be in colour: see NO_COLOR, FORCE_COLOR and TERM in Python's documentation."""
    if sys.version_info < (3, 14):
        return "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()
    import _colorize

    return _colorize.can_colorize(file=sys.stdout)


def show(text: str) -> None:
    """Write text and a newline; if it is longer than the screen, through a pager."""
    text += "\n"
    if paging and _longer_than_screen(text) and _page(text):
        return
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        sys.stdout.write(text.encode(sys.stdout.encoding, "backslashreplace").decode(sys.stdout.encoding))


def _longer_than_screen(text):
    try:
        return 0 < os.get_terminal_size(sys.stdout.fileno()).lines <= text.count("\n")  # 0 is not known
    except (AttributeError, ValueError, OSError):
        return False


def _page(text):
    """Show text through a pager; return whether there is one."""
    import shlex
    import shutil
    import subprocess

    command = shlex.split(os.environ.get("PAGER", "")) or ["less", "-RX"]
    if os.environ.get("TERM", "dumb") == "dumb" or shutil.which(command[0]) is None:
        return False
    sys.stdout.flush()
    environment = dict(os.environ)
    environment.setdefault("LESS", "-R")
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as pager:
            try:
                pager.stdin.write(text.encode(sys.stdout.encoding, "backslashreplace"))
                pager.stdin.close()
            except BrokenPipeError:  # its user has seen enough
                pass
            while True:
                try:
                    pager.wait()
                    break
                except KeyboardInterrupt:  # the pager's own
                    pass
    except OSError:
        return False
    return True
