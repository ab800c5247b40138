"""The commands that are always there: sh, py and source; those on the session are in _session."""

import os
import sys
from typing import Any, Dict

import drgn
from drgn import Program
from drgn.commands import (DEFAULT_COMMAND_NAMESPACE, CommandArgumentError, ParsedCommand, _parse_py_command, _print_py_command_exception, argument, command,
                           custom_command)


@custom_command(
    description="run a command of the shell",
    usage="**sh** [*command*]",
    long_description="Run a command with sh -c, or an interactive shell if none is given. The result is the exit status.",
    parse=ParsedCommand,
)
def _cmd_sh(prog: Program, name: str, args: str, **kwargs: Any) -> int:
    import subprocess

    sys.stdout.flush()
    if args.strip():
        return subprocess.call(["sh", "-c", "--", args])
    return subprocess.call(["sh", "-i"])


def _run_py(code, globals):
    if code is None:
        raise CommandArgumentError("expected code")
    try:
        if isinstance(code, SyntaxError):
            raise code
        exec(code, globals)
    except (Exception, KeyboardInterrupt) as e:
        if isinstance(e, BrokenPipeError):
            raise
        _print_py_command_exception(e)


@custom_command(
    description="run a Python statement whose output can be redirected",
    usage="**py** *code*",
    long_description="Run Python code. It ends at the first operator of redirections or pipes (|, <, >, >>) before which it is whole; behind"
    " that is the shell's part. To use one of these operators in the code, put the expression in parentheses: %py (flags | MASK) | grep foo.",
    parse=_parse_py_command,
)
def _cmd_py(prog: Program, name: str, code: Any, *, globals: Dict[str, Any], **kwargs: Any) -> None:
    _run_py(code, globals)


@command(
    description="run a script",
    usage="**source** *script* *...*",
    long_description="Run a script as if it were typed here: it sees the global variables, and those that it sets stay.",
    arguments=(
        argument("script", help="the file"),
        argument("args", nargs="*", help="arguments of the script, its sys.argv"),
    ),
)
def _cmd_source(prog: Program, name: str, args: Any, *, globals: Dict[str, Any], **kwargs: Any) -> None:
    drgn.execscript(args.script, *args.args, globals=globals)


@command(
    description="show what commands there are, or what one does",
    arguments=(argument("command", nargs="?", help="the command"),),
)
def _cmd_help(prog: Program, name: str, args: Any, **kwargs: Any) -> None:
    if args.command:
        found: Any = DEFAULT_COMMAND_NAMESPACE.lookup(prog, args.command.removeprefix("%"))
        print(f"usage: %{found.format_usage()}\n\n{found.description()}\n\n{found.format_help()}".rstrip())
        return
    for command_name, found in sorted(DEFAULT_COMMAND_NAMESPACE.enabled(prog)):
        print(f"%{command_name:10} {found.description()}")
    print("\n%help COMMAND says more of one. Those of crash are run by %crash COMMAND; %crash help lists them.")


from drgn.commands._builtin import _session as _  # its commands
