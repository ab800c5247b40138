"""The namespace of crash's commands."""

import re
import sys
from typing import Any, Callable, Sequence

import _drgn
from drgn import Program, ProgramFlags
from drgn.commands import (DEFAULT_COMMAND_NAMESPACE, Command, CommandArgumentError, CommandError, CommandNamespace, CommandNotFoundError, ParsedCommand,
                           custom_command, parse_shell_command)

_LINE = re.compile(r"\s*(!|\*|[^\s#&'\"();<>\\`|*!]+)")


class _CrashCommandNamespace(CommandNamespace):
    def __init__(self) -> None:
        super().__init__(func_name_prefix="_crash_cmd_")

    def _resolve(self, prog: Program, source: str):
        match = _LINE.match(source)
        if match is None:
            raise SyntaxError("expected command name")
        name, rest = match.group(1), source[match.end() :].lstrip()
        if name == "!":
            return "sh", DEFAULT_COMMAND_NAMESPACE.lookup(prog, "sh"), rest
        try:
            return name, self.lookup(prog, name), rest
        except CommandNotFoundError:
            # The name of a structure or union stands for the command that shows it.
            if not _is_compound(prog, re.split(r"[.,]", name, maxsplit=1)[0]):
                raise
        return "*", self.lookup(prog, "*"), source.lstrip()


def _is_compound(prog, name):
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name):
        return False
    for kind in ("struct", "union"):
        try:
            prog.type(f"{kind} {name}")
            return True
        except LookupError:
            pass
    return False


CRASH_COMMAND_NAMESPACE: CommandNamespace = _CrashCommandNamespace()


def crash_custom_command(*, name: str, **kwargs: Any) -> Callable:
    """Like drgn.commands.custom_command(), for crash's commands."""
    return custom_command(name=name, namespace=CRASH_COMMAND_NAMESPACE, enabled=_is_kernel, **kwargs)


def _is_kernel(prog: Program) -> bool:
    return ProgramFlags.IS_LINUX_KERNEL in prog.flags


class _GoCommand:
    """A command that Go declares and runs."""

    def __init__(self, name: str, description: str, quoted: bool, raw: bool) -> None:
        self._name, self._description, self._quoted, self._raw = name, description, quoted, raw

    def __repr__(self) -> str:
        return f"<crash command {self._name}>"

    def description(self) -> str:
        return self._description

    def format_usage(self) -> str:
        return _drgn._crash_usage(self._name)

    def format_help(self, *, indent: str = "") -> str:
        help = _drgn._crash_help(self._name)
        return "".join(indent + line if line.strip() else line for line in help.splitlines(True))

    def enabled(self, prog: Program) -> bool:
        return _is_kernel(prog)

    def parse(self, source: str, /) -> ParsedCommand[Sequence[str]]:
        if self._raw and not self._quoted:
            n = _drgn._crash_eval_length(source)
            if n < 0:
                raise CommandArgumentError("bad expression")
            parsed = parse_shell_command(source[n:])
            return ParsedCommand([source[:n], *parsed.args], parsed.redirections, parsed.pipeline)
        return parse_shell_command(source, unquote=not self._quoted)

    def run(self, prog: Program, name: str, args: Sequence[str], /, **kwargs: Any) -> Any:
        from drgn.cli import _columns

        usage, message, result = _drgn._crash_run(prog, self._name, list(args), _write_out, _write_err, _columns() or 80)
        if message is not None:
            if usage:
                sys.stderr.write(f"usage: {usage}\n")
            if usage is not None:
                raise CommandArgumentError(message)
            raise CommandError(message)
        return result


def _write_out(text: str) -> None:
    sys.stdout.write(text)


def _write_err(text: str) -> None:
    sys.stderr.write(text)


for _declared in _drgn._crash_commands():
    CRASH_COMMAND_NAMESPACE.register(_declared[0], _GoCommand(*_declared))
