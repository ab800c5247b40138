"""The commands of crash, the older debugger of kernels. They are written in Go: linux/crash."""

import os
import sys
from typing import Any, Dict

import _drgn
from drgn import Program
from drgn.commands import ParsedCommand, _parse_py_command, _write_command_error
from drgn.commands._builtin import _run_py
from drgn.commands._crash.common import CRASH_COMMAND_NAMESPACE, crash_custom_command
from drgn.commands.linux import linux_kernel_custom_command


class _ExitCrash(Exception):
    """Ends the prompt of crash's commands."""


class _ExitToCrash(Exception):
    """Ends the prompt of Python that was entered from that of crash's commands."""


_prompts = 0  # of crash's commands, one in another
at_prompt = False  # a line that was typed at Python's prompt is being run


@crash_custom_command(
    name="drgn",
    description="run Python code, or go to Python's prompt",
    usage="**drgn** [*code*]",
    long_description="Run Python code, up to the first redirection or pipe. Without code, go to Python's prompt; there %crash and Ctrl-D lead back.",
    parse=_parse_py_command,
)
def _crash_cmd_drgn(prog: Program, name: str, code: Any, *, globals: Dict[str, Any], **kwargs: Any) -> None:
    if code is not None:
        _run_py(code, globals)
    elif _prompts:
        raise _ExitCrash
    else:
        from drgn.cli import _interact

        _interact(prog, globals, "")


@crash_custom_command(name="exit", description="leave", usage="**exit**", long_description="", parse=ParsedCommand)
@crash_custom_command(name="q", description="leave", usage="**q**", long_description="", parse=ParsedCommand)
def _crash_cmd_exit(prog: Program, name: str, args: str, **kwargs: Any) -> None:
    if _prompts:
        raise EOFError


def _crash_interactive_onerror(e: Exception) -> None:
    if isinstance(e, (EOFError, _ExitCrash)):
        raise e
    _write_command_error(sys.stderr, e, prefix="drgn: crash")


class _CrashCompleter:
    """Completes names of commands."""

    def __init__(self, prog: Program) -> None:
        self._prog = prog
        self._matches: list = []

    def complete(self, text: str, state: int):
        if state == 0:
            self._matches = sorted(name + " " for name, _ in CRASH_COMMAND_NAMESPACE.enabled(self._prog) if name.startswith(text))
        return self._matches[state] if state < len(self._matches) else None


def _read_lines(prog, prompt):
    """Yield what is typed, with completion and history where there is a terminal."""
    if sys.stdin is not None and sys.stdin.isatty():
        try:
            if sys.version_info < (3, 14):
                import readline
            else:
                from _pyrepl import readline
        except Exception:
            readline = None
        if readline is not None:
            old = readline.get_completer()
            readline.set_completer(_CrashCompleter(prog).complete)
            try:
                while True:
                    yield input(prompt)
            except EOFError:
                print()
                return
            finally:
                readline.set_completer(old)
    try:
        while True:
            yield input(prompt)
    except EOFError:
        return


@linux_kernel_custom_command(
    name="crash",
    description="run one of crash's commands, or go to their prompt",
    usage="**crash** [*command*]",
    long_description="Run one of crash's commands, with its arguments, redirections and pipes. Without one, go to a prompt where they are"
    " typed without %crash. %crash help lists them.",
    parse=ParsedCommand,
)
def _cmd_crash(prog: Program, name: str, args: str, *, globals: Dict[str, Any], **kwargs: Any) -> Any:
    global _prompts
    if args.strip():
        if at_prompt:
            args = _paged(prog, args)
        try:
            return CRASH_COMMAND_NAMESPACE.run(prog, args, globals=globals)
        except EOFError:
            return None
    _prompts += 1
    try:
        CRASH_COMMAND_NAMESPACE.run(prog, "sys", globals=globals, onerror=_crash_interactive_onerror)
        CRASH_COMMAND_NAMESPACE.run(prog, "set", globals=globals, onerror=_crash_interactive_onerror)
        for line in _read_lines(prog, "%crash> "):
            if not line.strip():
                continue
            try:
                CRASH_COMMAND_NAMESPACE.run(prog, _paged(prog, line), globals=globals, onerror=_crash_interactive_onerror)
            except (EOFError, _ExitCrash):
                break
            except BrokenPipeError:
                pass
            except KeyboardInterrupt:
                print()
    finally:
        _prompts -= 1


def _paged(prog, line):
    """Return a line with the pager behind it, where output goes to a terminal and the line has no pipe of its own."""
    pager = _drgn._crash_pager(prog)
    if not pager or sys.stdout is None or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return line
    try:
        name, command, rest = CRASH_COMMAND_NAMESPACE._resolve(prog, line)
        parsed = command.parse(rest)
    except Exception:
        return line  # running it will say what is wrong
    if name in ("drgn", "exit", "q", "sh") or parsed.pipeline is not None or any(r.fd == 1 for r in parsed.redirections):
        return line
    import shutil

    path = shutil.which(pager)
    return line if path is None else f"{line} | {path}{' -E -X' if pager == 'less' else ''}"
