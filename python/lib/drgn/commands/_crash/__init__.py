"""The commands of crash, the older debugger of kernels. They are written in Go: linux/crash."""

import contextlib
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


class _ExitToCrash(SystemExit):
    """Ends the prompt of Python that was entered from that of crash's commands. Python's prompts let no other exception through."""


_PYTHON, _CRASH, _CRASH_OF_PYTHON = range(3)
_prompts: list = []  # that are in one another, the innermost last, but for that of Python which everything began with
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
    elif _prompts[-1:] == [_CRASH_OF_PYTHON]:
        raise _ExitCrash
    else:
        from drgn.cli import _banner, _interact

        _prompts.append(_PYTHON)
        try:
            with _own_lines() if sys.stdin is not None and sys.stdin.isatty() else contextlib.nullcontext():
                _interact(prog, globals, _banner(prog) if _prompts == [_CRASH, _PYTHON] else "")
        except _ExitToCrash:
            pass
        finally:
            _prompts.pop()


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
    """Completes names of commands, and their options and arguments. before() is the line up to the cursor."""

    def __init__(self, prog: Program, before) -> None:
        self._prog, self._before = prog, before
        self._matches: list = []

    def complete(self, text: str, state: int):
        if state == 0:
            from drgn._complete import crash_words

            line = self._before()
            try:
                typed, words = crash_words(self._prog, line) or (text, [])
            except Exception:  # no such command: nothing can be offered
                typed, words = text, []
            behind = "" if line.lstrip() != typed else " "
            self._matches = [w[len(typed) - len(text) :] + behind for w in words if w.startswith(typed)] if typed.endswith(text) else []
        return self._matches[state] if state < len(self._matches) else None


@contextlib.contextmanager
def _own_lines():
    """Give the lines that are typed a history and completion of their own; those of the prompt around come back at the end. The value is the
    module that edits lines, or None if there is none for the terminal."""
    try:
        if sys.version_info < (3, 14):
            import readline
        else:
            from _pyrepl import readline

            readline._setup({})
        completer = readline.get_completer()
        history = [readline.get_history_item(i + 1) for i in range(readline.get_current_history_length())]
    except Exception:  # the terminal's description is missing or odd
        readline = None
    if readline is None:
        yield None
        return
    readline.clear_history()
    try:
        yield readline
    finally:
        readline.clear_history()
        for line in history:
            readline.add_history(line)
        readline.set_completer(completer)


@contextlib.contextmanager
def _edited(prog):
    """Have input() complete what is typed, and keep it for the next time."""
    from drgn.cli import _history_file

    with _own_lines() as readline:
        path = _history_file("crash_history") if readline else None
        if readline:
            readline.set_completer(_CrashCompleter(prog, lambda: readline.get_line_buffer()[: readline.get_endidx()]).complete)
        if path:
            try:
                readline.read_history_file(path)
            except (OSError, UnicodeError) as e:
                print(f"cannot read the history: {e}", file=sys.stderr)
            before = readline.get_current_history_length()
        try:
            yield
        finally:
            if path:
                try:
                    if sys.version_info < (3, 14):
                        readline.append_history_file(readline.get_current_history_length() - before, path)
                    else:
                        readline.set_history_length(before)  # what that module takes to be in the file
                        readline.append_history_file(path)
                except OSError:
                    pass  # it could be written at the start: the disk is full


def _read_lines(prog, prompt):
    """Yield what is typed, with completion and a history of its own where there is a terminal."""
    if sys.stdin is not None and sys.stdin.isatty():
        with _edited(prog):
            while True:
                try:
                    line = input(prompt)
                except EOFError:
                    print()
                    return
                except KeyboardInterrupt:
                    print("^C")
                    continue
                yield line
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
    if args.strip():
        if at_prompt:
            args = _paged(prog, args)
        try:
            return CRASH_COMMAND_NAMESPACE.run(prog, args, globals=globals)
        except EOFError:
            return None
    if at_prompt and _prompts[-1:] == [_PYTHON]:
        raise _ExitToCrash
    _prompts.append(_CRASH_OF_PYTHON if at_prompt else _CRASH)
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
        _prompts.pop()


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
