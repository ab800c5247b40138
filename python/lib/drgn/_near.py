"""What may have been meant by names that are not known: told when an exception ends code, a script or a line of the prompt."""

import os
import sys

import drgn

import _drgn

# Above this number of local, global and built-in names the interpreter itself does not look for near ones.
_TOO_MANY = 750


def add_hint(e: BaseException) -> None:
    """Add to an exception that is about to be shown what may have been meant instead."""
    try:
        text = hint(e)
    except (Exception, KeyboardInterrupt):  # names could not be read, or its user does not want to wait: there is nothing to add
        return
    if text and text not in getattr(e, "__notes__", ()):
        e.add_note(text)


def hint(e: BaseException) -> "str | None":
    """Return what may have been meant instead of the name that an exception says is not known, as a sentence."""
    if isinstance(e, NameError):
        return _of_variable(e)
    if isinstance(e, ModuleNotFoundError):
        return other_environment()
    if isinstance(e, drgn.FaultError):
        return "The address is close to 0: was a null pointer followed?" if e.address < 4096 else None
    if not isinstance(e, LookupError):
        return None
    try:
        prog = drgn.get_default_prog()
    except drgn.NoDefaultProgramError:
        prog = None
    return _question(_drgn._near(str(e), prog))


def other_environment() -> "str | None":
    """Return what is wrong with the virtual environment that VIRTUAL_ENV names, if its packages can't be used."""
    path = os.environ.get("VIRTUAL_ENV")
    if not path or sys.prefix == path:
        return None
    ours = "{}.{}".format(*sys.version_info)
    try:
        with open(os.path.join(path, "pyvenv.cfg"), encoding="utf-8") as f:
            settings = dict(line.replace(" ", "").rstrip("\n").split("=", 1) for line in f if "=" in line)
        theirs = ".".join((settings.get("version") or settings.get("version_info") or "").split(".")[:2])
    except (OSError, ValueError):
        theirs = ""
    if not theirs or theirs == ours:
        return f"VIRTUAL_ENV names {path}, which has no packages of Python {ours}"
    return f"VIRTUAL_ENV names {path}, which is of Python {theirs}: its packages are not used by Python {ours}; make one with python{ours} -m venv"


def _of_variable(e):
    if e.name == "prog":
        return _drgn._no_target()
    tb = e.__traceback__
    if not e.name or tb is None:
        return None
    while tb.tb_next is not None:
        tb = tb.tb_next
    frame = tb.tb_frame
    names = [*frame.f_locals, *frame.f_globals, *frame.f_builtins]
    if len(names) <= _TOO_MANY:
        return None
    return _question(_drgn._among(e.name, [n for n in {*names} if isinstance(n, str)]))


def _question(names):
    if not names:
        return None
    shown = [f"'{n}'" for n in names]
    if len(shown) > 1:
        shown[-2:] = [f"{shown[-2]} or {shown[-1]}"]
    return f"Did you mean {', '.join(shown)}?"
