"""Commands at the prompt: defining them and running them from scripts.

A command line is the name of a command and its arguments, then redirections (> file) and a pipeline (| less) of the shell.
"""

import ast
import codeop
import contextlib
import dataclasses
import os
import re
import sys
import types
import typing
from typing import (Any, Callable, Dict, Generic, Iterable, Iterator, List, Literal, NamedTuple, NoReturn, Optional, Sequence, Set, Tuple,
                    TypeVar, Union)

from drgn import Program, ProgramFlags

__all__ = ("Command", "CommandArgumentError", "CommandError", "CommandExitStatusError", "CommandFunc", "CommandNamespace", "CommandNotFoundError",
           "CustomCommandFunc", "DEFAULT_COMMAND_NAMESPACE", "DrgnCodeBlockContext", "DrgnCodeBuilder", "ParsedCommand", "ShellRedirection",
           "argument", "argument_group", "command", "custom_command", "drgn_argument", "mutually_exclusive_group", "parse_shell_command",
           "run_command", "unquote_shell_word")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)
RedirectOp = Literal["<", ">", ">>"]


class CommandError(Exception):
    """A command failed."""


class CommandNotFoundError(CommandError):
    """There is no command of this name."""

    name: str

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name}: command not found"


class CommandArgumentError(CommandError):
    """A command's arguments are wrong."""


class CommandExitStatusError(CommandError):
    """The pipeline of a command exited with a status other than 0."""

    command: str
    exit_status: int

    def __init__(self, command: str, exit_status: int) -> None:
        super().__init__(command, exit_status)
        self.command = command
        self.exit_status = exit_status

    def __str__(self) -> str:
        return f"{self.command!r} exited with status {self.exit_status}"


class ShellRedirection(NamedTuple):
    """A redirection: the file descriptor, the operator and the file."""

    fd: int
    op: RedirectOp
    path: str


@dataclasses.dataclass(frozen=True)
class ParsedCommand(Generic[T]):
    """What a command line is: the arguments as the command takes them, redirections, and the pipeline behind it."""

    args: T
    redirections: Sequence[ShellRedirection] = ()
    pipeline: Optional[str] = None


_WORD_CHARACTER = r"""[^\s"#&'();<>\\`|]"""
_WORD_CHARACTER_OR_HASH = r"""[^\s"&'();<>\\`|]"""
_ESCAPED_OR_QUOTED_WORD = r"""\\.|"(?:\\.|[^"])*"|'[^']*'"""
_TOKEN = re.compile(
    rf"""\s*(?:(?P<redirect>(?P<fd>[0-9]*)(?P<op><|>>|>))|(?P<word>(?:{_WORD_CHARACTER}|{_ESCAPED_OR_QUOTED_WORD})(?:{_WORD_CHARACTER_OR_HASH}|{_ESCAPED_OR_QUOTED_WORD})*)"""
    r"""|(?P<comment>\#.*)|(?P<pipe>\|)|(?P<other>\S))"""
)
_QUOTED = re.compile(r"""\\(.)|'([^']*)'|"((?:\\.|[^"])*)\"""", re.DOTALL)


def unquote_shell_word(word: str) -> str:
    """Return a word of a shell's command line without its quotes and backslashes.

    >>> print(unquote_shell_word(r"f'o'o\\ bar"))
    foo bar
    """

    def plain(match):
        escaped, single, double = match.groups()
        if escaped is not None:
            return match.group() if escaped == "\n" else escaped
        if single is not None:
            return single
        return re.sub(r"""\\([$`"\\\n])""", r"\1", double)

    return _QUOTED.sub(plain, word)


def parse_shell_command(source: str, unquote: bool = True) -> ParsedCommand[Sequence[str]]:
    """Parse the part of a command line behind the command's name as a shell does.

    With unquote, arguments lose their quotes and backslashes.
    """
    args: List[str] = []
    redirections: List[ShellRedirection] = []
    pipeline = None
    redirect = None
    i, end = 0, len(source.rstrip())
    while i < end:
        match = _TOKEN.match(source, i)
        assert match is not None
        i = match.end()
        kind = match.lastgroup
        if match["word"] is not None:
            word = match["word"]
            if redirect is not None:
                redirections.append(ShellRedirection(*redirect, unquote_shell_word(word)))
                redirect = None
            else:
                args.append(unquote_shell_word(word) if unquote else word)
        elif match["comment"] is not None and redirect is None:
            continue
        elif match["redirect"] is not None and redirect is None:
            op = match["op"]
            redirect = (int(match["fd"]) if match["fd"] else (0 if op == "<" else 1), op)
        elif match["pipe"] is not None and redirect is None:
            pipeline = source[i:].lstrip()
            if not pipeline:
                raise SyntaxError("unexpected end of input")
            break
        else:
            token = match["other"] or match["op"] or match["pipe"] or match["comment"][0]
            raise SyntaxError(f"unexpected {token!r}")
    if redirect is not None:
        raise SyntaxError("unexpected end of input")
    return ParsedCommand(args, redirections, pipeline)


def _parse_py_command(args: str) -> "ParsedCommand[Union[types.CodeType, SyntaxError, None]]":
    """Parse Python code up to the first redirection or pipe behind which the text before is a whole statement."""
    if not args.strip():
        return ParsedCommand(None)
    for match in re.finditer(r"[0-9]*(?:>>|<<|[<>])|\|", args):
        before = args[: match.start()]
        try:
            code = _compile_py(before)
        except SyntaxError:
            continue
        if not before.strip():
            continue
        parsed = parse_shell_command(args[match.start() :])
        if parsed.args:
            raise SyntaxError("arguments behind redirections are not supported")
        return dataclasses.replace(parsed, args=code)
    try:
        return ParsedCommand(_compile_py(args))
    except SyntaxError as e:
        return ParsedCommand(e)


def _compile_py(source):
    if not source.strip():
        raise SyntaxError("invalid syntax")
    return compile(source, "<input>", "single")


def _print_py_command_exception(exc: BaseException) -> None:
    """Print an exception of code that a command ran, without the command's own frames."""
    import traceback

    tb = exc.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith("<drgn>/"):
        tb = tb.tb_next
    if isinstance(exc, SyntaxError):
        tb = None
    traceback.print_exception(type(exc), exc, tb)


@contextlib.contextmanager
def _redirect_and_pipe(redirections: Sequence[ShellRedirection], pipeline: Optional[str]) -> Iterator[None]:
    """Redirect what is printed as a command line says."""
    with contextlib.ExitStack() as stack:
        process = None
        if pipeline is not None:
            import subprocess

            sys.stdout.flush()
            process = subprocess.Popen(["sh", "-c", "--", pipeline], stdin=subprocess.PIPE, text=True, errors=getattr(sys.stdout, "errors", None))
        try:
            if process is not None:
                stack.enter_context(contextlib.redirect_stdout(process.stdin))
            for r in redirections:
                if r.op == "<":
                    if r.fd != 0:
                        raise NotImplementedError(f"redirecting input fd {r.fd} is not supported")
                    old, sys.stdin = sys.stdin, stack.enter_context(open(r.path))
                    stack.callback(setattr, sys, "stdin", old)
                    continue
                to = {1: contextlib.redirect_stdout, 2: contextlib.redirect_stderr}.get(r.fd)
                if to is None:
                    raise NotImplementedError(f"redirecting output fd {r.fd} is not supported")
                stack.enter_context(to(stack.enter_context(open(r.path, "w" if r.op == ">" else "a"))))
            try:
                yield
                if process is not None:
                    process.stdin.flush()
            except BrokenPipeError:
                pass  # whoever reads the pipe may stop at any time, also of the pipe that this program writes to
        finally:
            stack.close()
            if process is not None:
                try:
                    process.stdin.close()
                except BrokenPipeError:
                    pass
                process.wait()
        if process is not None and process.returncode != 0:
            raise CommandExitStatusError(pipeline, process.returncode)


def _write_command_error(writer: Any, e: Exception, *, prefix: str = "drgn") -> None:
    """Write what went wrong with a command: in one line, but for what is a fault of the command itself."""
    if isinstance(e, CommandError):
        writer.write(f"{prefix}: {e}\n")
    elif isinstance(e, SyntaxError):
        writer.write(f"{prefix}: syntax error: {e}\n")
    elif isinstance(e, (LookupError, OSError, ValueError, TypeError, ArithmeticError, NotImplementedError)) or type(e).__module__ in ("_drgn", "drgn"):
        writer.write(f"{prefix}: error: {e}\n")
    else:
        import traceback

        traceback.print_exception(type(e), e, e.__traceback__, file=writer)


class Command(typing.Protocol[T]):
    """What a command is. Most are made by command() or custom_command(); a class of one's own may do more."""

    def description(self) -> str:
        """Return what the command does, in a line."""
        ...

    def format_usage(self) -> str:
        """Return the usage."""
        ...

    def format_help(self, *, indent: str = "") -> str:
        """Return the help, with indent in front of each line."""
        ...

    def enabled(self, prog: Program) -> bool:
        """Return whether the command is there for a program."""
        ...

    def parse(self, source: str, /) -> ParsedCommand[T]:
        """Parse what stands behind the command's name: arguments, redirections and pipes."""
        ...

    def run(self, prog: Program, name: str, args: T, /, *, globals: Dict[str, Any]) -> Any:
        """Run the command as which it was called, with the arguments that parse() returned.

        More keywords may come: an implementation takes **kwargs and ignores what it does not know. globals are the global variables.
        """
        ...


_NAME = re.compile(r"\s*([^\s#&'\"();<>\\`|]+)")


class CommandNamespace:
    """Commands by name. Those of one namespace are found and run in it only."""

    def __init__(self, *, func_name_prefix: str = "_cmd_", argparse_types: Sequence[Tuple[str, Callable[[str], Any]]] = ()) -> None:
        """func_name_prefix is what the names of functions begin with that the decorators make commands of; argparse_types are the
        names and functions of types of arguments, see argparse.ArgumentParser.register()."""
        self._func_name_prefix = func_name_prefix
        self._argparse_types = argparse_types
        self._commands: Dict[str, Command[Any]] = {}

    def register(self, name: str, command: "Command[Any]") -> None:
        """Add a command, in place of one of the same name."""
        self._commands[name] = command

    def lookup(self, prog: Program, name: str) -> "Command[object]":
        """Return the command of a name; CommandNotFoundError if there is none for the program."""
        found = self._commands.get(name)
        if found is None or not found.enabled(prog):
            raise CommandNotFoundError(name)
        return found

    def enabled(self, prog: Program) -> "Iterable[Tuple[str, Command[object]]]":
        """Return the names and commands that are there for a program."""
        for name, found in self._commands.items():
            if found.enabled(prog):
                yield name, found

    def _resolve(self, prog: Program, source: str) -> "Tuple[str, Command[Any], str]":
        match = _NAME.match(source)
        if match is None:
            raise SyntaxError("expected command name")
        name = match.group(1)
        return name, self.lookup(prog, name), source[match.end() :].lstrip()

    def run(self, prog: Program, command: str, *, globals: Optional[Dict[str, Any]] = None, onerror: Optional[Callable[[Exception], None]] = None) -> Any:
        """Run a command line of this namespace: see run_command()."""
        if globals is None:
            globals = sys._getframe(1).f_globals
        try:
            name, found, rest = self._resolve(prog, command)
            parsed = found.parse(rest)
            result = None
            with _redirect_and_pipe(parsed.redirections, parsed.pipeline):
                try:
                    result = found.run(prog, name, parsed.args, globals=globals)
                except BrokenPipeError:
                    raise
                except Exception as e:
                    if onerror is None:
                        raise
                    onerror(e)
            return result
        except BrokenPipeError:
            raise
        except Exception as e:
            if onerror is None:
                raise
            onerror(e)
            return None


def _decimal_or_hexadecimal(s: str) -> int:
    try:
        return int(s)
    except ValueError:
        return int(s, 16)


def _hexadecimal(s: str) -> int:
    return int(s, 16)


DEFAULT_COMMAND_NAMESPACE: CommandNamespace = CommandNamespace()


def run_command(prog: Program, command: str, *, globals: Optional[Dict[str, Any]] = None, onerror: Optional[Callable[[Exception], None]] = None) -> Any:
    """Run a command line on a program and return what the command does, mostly None.

    globals are the global variables that the command sees, by default the caller's. onerror is called with errors; without it they are
    raised.
    """
    if globals is None:
        globals = sys._getframe(1).f_globals
    return DEFAULT_COMMAND_NAMESPACE.run(prog, command, globals=globals, onerror=onerror)


class argument:
    """An argument of a command(), declared as by argparse.ArgumentParser.add_argument()."""

    def __init__(self, /, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


class argument_group:
    """Arguments that help shows under a title of their own."""

    def __init__(self, /, *arguments: "Union[argument, mutually_exclusive_group]", title: str, description: Optional[str] = None) -> None:
        self.arguments, self.title, self.description = arguments, title, description


class mutually_exclusive_group:
    """Arguments of which one at most may be given; with required, exactly one."""

    def __init__(self, /, *arguments: argument, required: bool = False) -> None:
        self.arguments, self.required = arguments, required


drgn_argument = argument("--drgn", action="store_true", help="print Python code that does the same")


def _add_argument(parser: Any, arg: "Union[argument, argument_group, mutually_exclusive_group]") -> None:
    if isinstance(arg, argument):
        parser.add_argument(*arg.args, **arg.kwargs)
    elif isinstance(arg, argument_group):
        group = parser.add_argument_group(title=arg.title, description=arg.description)
        for a in arg.arguments:
            _add_argument(group, a)
    else:
        group = parser.add_mutually_exclusive_group(required=arg.required)
        for a in arg.arguments:
            _add_argument(group, a)


def _sanitize_rst(s: Optional[str]) -> Optional[str]:
    """Return a usage without the marks of emphasis and escapes."""
    if s is None:
        return None
    return re.sub(r"\\(.)|(``.*?``)|\*\*(.+?)\*\*|\*(.+?)\*", lambda m: next(g for g in m.groups() if g is not None), s)


def _parser_class():
    """Return the class of parsers; argparse takes a moment to load, and most programs have no commands."""
    import argparse

    class Formatter(argparse.RawDescriptionHelpFormatter):
        def _fill_text(self, text, width, indent):
            import textwrap

            return "\n".join(textwrap.fill(line, width, initial_indent=indent, subsequent_indent=indent) for line in text.splitlines())

    class _DrgnCommandArgumentParser(argparse.ArgumentParser):
        def __init__(self, *args, **kwargs):
            kwargs.setdefault("formatter_class", Formatter)
            kwargs.setdefault("add_help", False)
            kwargs.setdefault("allow_abbrev", False)
            super().__init__(*args, **kwargs)
            if hasattr(self, "color"):
                self.color = False

        def error(self, message: str) -> NoReturn:
            self.print_usage(sys.stderr)
            raise CommandArgumentError(f"{self.prog}: error: {message}")

        def exit(self, status: int = 0, message: Optional[str] = None) -> NoReturn:
            raise CommandArgumentError(message or "")

    return _DrgnCommandArgumentParser


def _create_parser(*, name: str, usage: Optional[str] = None, description: Optional[str] = None, epilog: Optional[str] = None, arguments: Any, types: Any) -> Any:
    parser = _parser_class()(prog=name, usage=_sanitize_rst(usage), description=description, epilog=epilog)
    parser.register("type", "hexadecimal", _hexadecimal)
    parser.register("type", "decimal_or_hexadecimal", _decimal_or_hexadecimal)
    for type_name, function in types:
        parser.register("type", type_name, function)
    for arg in arguments:
        _add_argument(parser, arg)
    return parser


def _parser_usage(parser) -> str:
    usage = parser.format_usage()
    return usage[len("usage: ") :].rstrip("\n") if usage.startswith("usage: ") else usage.rstrip("\n")


def _parser_help(parser, indent: str) -> str:
    help = parser.format_help()
    usage = parser.format_usage()
    help = help[len(usage) :].strip("\n")
    return "".join(indent + line if line.strip() else line for line in help.splitlines(True))


class _ParserCommand:
    """What commands with a parser have in common. The parser is made when it is first needed."""

    def __init__(self, func, name, usage, description, long_description, epilog, arguments, enabled, namespace):
        self._func, self._name, self._description, self._enabled = func, name, description, enabled
        self._declared = dict(name=name, usage=usage, description=long_description, epilog=epilog, arguments=arguments or (), types=namespace._argparse_types)
        self._made = None

    @property
    def _parser(self):
        if self._made is None:
            self._made = _create_parser(**self._declared)
        return self._made

    def description(self) -> str:
        return self._description

    def format_usage(self) -> str:
        return _parser_usage(self._parser)

    def format_help(self, *, indent: str = "") -> str:
        return _parser_help(self._parser, indent)

    def enabled(self, prog: Program) -> bool:
        return self._enabled(prog)


class _ArgparseCommand(_ParserCommand):
    def parse(self, source: str, /) -> ParsedCommand[Sequence[str]]:
        return parse_shell_command(source)

    def run(self, prog: Program, name: str, args: Sequence[str], /, **kwargs: Any) -> Any:
        parser = self._parser
        return self._func(prog, name, parser.parse_args(args), parser=parser, **kwargs)


class _CustomCommand(_ParserCommand):
    def parse(self, source: str, /) -> ParsedCommand[Any]:
        return self._parse(source)

    def run(self, prog: Program, name: str, args: Any, /, **kwargs: Any) -> Any:
        return self._func(prog, name, args, parser=self._parser, **kwargs)


def _always_enabled(prog: Program) -> bool:
    return True


class CommandFunc(typing.Protocol):
    """What command() decorates."""

    def __call__(self, prog: Program, name: str, args: "argparse.Namespace", /, *, parser: "argparse.ArgumentParser", globals: Dict[str, Any]) -> Any:
        """args are the parsed arguments, parser is what parsed them. See Command.run() for the rest."""
        ...


class CustomCommandFunc(typing.Protocol[T_contra]):
    """What custom_command() decorates."""

    def __call__(self, prog: Program, name: str, args: T_contra, /, *, parser: "argparse.ArgumentParser", globals: Dict[str, Any]) -> Any:
        """args are the arguments as parse returned them. See Command.run() for the rest."""
        ...


CommandFuncDecorator = Callable[[CommandFunc], CommandFunc]
CustomCommandFuncDecorator = Callable[[CustomCommandFunc[T]], CustomCommandFunc[T]]


def _command_name(name: Optional[str], func: Callable[..., Any], prefix: str) -> str:
    if name is not None:
        return name
    if not func.__name__.startswith(prefix) or func.__name__ == prefix:
        raise ValueError(f"{func.__name__!r} doesn't start with {prefix}; rename it or pass name explicitly")
    return func.__name__[len(prefix) :]


def command(
    *,
    name: Optional[str] = None,
    description: str,
    usage: Optional[str] = None,
    long_description: Optional[str] = None,
    epilog: Optional[str] = None,
    arguments: "Sequence[Union[argument, argument_group, mutually_exclusive_group]]" = (),
    enabled: Callable[[Program], bool] = _always_enabled,
    namespace: CommandNamespace = DEFAULT_COMMAND_NAMESPACE,
) -> CommandFuncDecorator:
    """Decorator that makes a command of a function, whose arguments argparse parses.

    Without name, the function's name must begin with _cmd_, and the command has the rest of it. description is one line; usage is made
    of arguments if it is not given; long_description and epilog are what help says before and behind them. enabled says whether the
    command is there for a program. Besides argparse's types of arguments there are "hexadecimal" and "decimal_or_hexadecimal".
    """

    def decorate(func):
        command_name = _command_name(name, func, namespace._func_name_prefix)
        namespace.register(command_name, _ArgparseCommand(func, command_name, usage, description, long_description, epilog, arguments, enabled, namespace))
        return func

    return decorate


def custom_command(
    *,
    name: Optional[str] = None,
    description: str,
    usage: Optional[str] = None,
    long_description: Optional[str] = None,
    epilog: Optional[str] = None,
    arguments: "Optional[Sequence[Union[argument, argument_group, mutually_exclusive_group]]]" = None,
    parse: "Callable[[str], ParsedCommand[T]]",
    enabled: Callable[[Program], bool] = _always_enabled,
    namespace: CommandNamespace = DEFAULT_COMMAND_NAMESPACE,
) -> "CustomCommandFuncDecorator[T]":
    """Decorator that makes a command with a syntax of its own of a function.

    parse parses what stands behind the command's name, and tells arguments from redirections and pipes. arguments are only for help;
    without them usage and long_description must be given. The rest is as for command().
    """
    if arguments is None:
        if usage is None:
            raise TypeError("usage is mandatory if arguments not given")
        if long_description is None:
            raise TypeError("long_description is mandatory if arguments not given")

    def decorate(func):
        command_name = _command_name(name, func, namespace._func_name_prefix)
        made = _CustomCommand(func, command_name, usage, description, long_description, epilog, arguments, enabled, namespace)
        made._parse = parse
        namespace.register(command_name, made)
        return func

    return decorate


def raw_command(**kwargs: Any) -> "CustomCommandFuncDecorator[str]":
    """Decorator that makes a command of a function that takes all that stands behind the command's name as it was typed, as a str.

    Redirections and pipes are part of it. The rest is as for custom_command().
    """
    return custom_command(**{"parse": ParsedCommand, **kwargs})


def _repr_black(obj: Any) -> str:
    """Return repr() with double quotes where that needs no more backslashes, as the formatter black writes strings."""
    text = repr(obj)
    if isinstance(obj, str) and text.startswith("'") and '"' not in text:
        return f'"{text[1:-1]}"'
    return text


class DrgnCodeBlockContext:
    """A block of code that was begun: a context manager that ends it."""

    def __init__(self, builder: "DrgnCodeBuilder", indent: str, end: str) -> None:
        self._builder, self._indent, self._end = builder, indent, end

    def __enter__(self) -> "DrgnCodeBlockContext":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._builder.end_block()

    def end(self) -> None:
        """End the block, as leaving it does."""
        self._builder.end_block()


class DrgnCodeBuilder:
    """Puts the code together that a command prints for --drgn: fragments and imports, which come first, sorted, each once."""

    def __init__(self, prog: Program) -> None:
        self._prog = prog
        self._code: List[str] = []
        self._modules: Set[str] = set()
        self._names: Dict[str, Set[str]] = {}
        self._blocks: List[DrgnCodeBlockContext] = []
        self._at_start = True

    def add_import(self, module: str) -> None:
        """Add "import module"."""
        self._modules.add(module)

    def add_from_import(self, module: str, *names: str) -> None:
        """Add "from module import names"."""
        self._names.setdefault(module, set()).update(names)

    def append(self, code: str) -> None:
        """Append a fragment of code, indented as the blocks want that it is in."""
        indent = "".join(b._indent for b in self._blocks)
        for line in code.splitlines(True):
            if self._at_start and line.strip("\n"):
                self._code.append(indent)
            self._code.append(line)
            self._at_start = line.endswith("\n")

    def begin_block(self, code: str, end: str = "") -> DrgnCodeBlockContext:
        """Append code whose last line begins a block, such as an if or a for. What is appended is in it, until end_block().

        Without code, nothing is indented. end is appended when the block ends. The result is a context manager that ends it.
        """
        if code and not code.endswith("\n"):
            raise ValueError("code does not end with newline")
        self.append(code)
        lines = code.strip().splitlines()
        indent = ""
        if lines:
            last = code.rstrip().splitlines()[-1]
            indent = last[: len(last) - len(last.lstrip())] + "    "
        block = DrgnCodeBlockContext(self, indent, end)
        self._blocks.append(block)
        return block

    def end_block(self) -> None:
        """End the block that was begun last."""
        block = self._blocks[-1]
        self._blocks.pop()
        if block._end:
            self.append(block._end)

    def begin_retry_loop_if_live(self, num_attempts: int) -> DrgnCodeBlockContext:
        """Begin a loop that tries again on what a running kernel changes meanwhile; for other programs it is no loop."""
        if ProgramFlags.IS_LIVE not in self._prog.flags:
            return self.begin_block("")
        self.add_from_import("drgn", "FaultError")
        self.add_from_import("drgn.helpers", "ValidationError")
        self.append(f"for attempts_left in range({num_attempts}, 0, -1):\n")
        block = self.begin_block(
            "    try:\n",
            "    break\n"
            "except (FaultError, ValidationError):\n"
            "    if attempts_left == 1:\n"
            "        raise\n",
        )
        block._end = "".join("    " + line for line in ("    break\n", "except (FaultError, ValidationError):\n", "    if attempts_left == 1:\n", "        raise\n"))
        return block

    def has_declaration(self, variable: str) -> bool:
        """Return whether the code assigns to a variable on a line of its own."""
        return re.search(rf"^\s*{re.escape(variable)} = ", "".join(self._code), re.MULTILINE) is not None

    def get(self) -> str:
        """Return the code."""
        assert not self._blocks, "a block was not ended"
        # Two groups, other modules' and drgn's, by the names of modules; a module comes before names of it.
        other, own = [], []
        for module in sorted(self._modules | {module for module, names in self._names.items() if names}):
            group = own if _is_drgn(module) else other
            if module in self._modules:
                group.append(f"import {module}\n")
            names = sorted(self._names.get(module, ()))
            if not names:
                continue
            line = f"from {module} import {', '.join(names)}\n"
            if len(line) > 89:
                line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"
            group.append(line)
        groups = [g for g in (other, own) if g]
        imports = "\n".join("".join(g) for g in groups)
        code = "".join(self._code)
        if imports and code:
            return imports + "\n\n" + code
        return imports + code

    def print(self) -> None:
        """Print the code."""
        sys.stdout.write(self.get())


def _is_drgn(module):
    return module == "drgn" or module.startswith(("drgn.", "_drgn"))


from drgn.commands import _builtin, _crash  # noqa: E402,F401
