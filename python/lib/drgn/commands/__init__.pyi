import argparse
import dataclasses
from typing import Any, Callable, Dict, Generic, Iterable, Literal, NamedTuple, Optional, Protocol, Sequence, Tuple, TypeVar, Union

from typing_extensions import Self, TypeAlias

from drgn import Program

_T = TypeVar("_T")
_T_contra = TypeVar("_T_contra", contravariant=True)

class CommandError(Exception): ...

class CommandNotFoundError(CommandError):
    name: str
    def __init__(self, name: str) -> None: ...

class CommandArgumentError(CommandError): ...

class CommandExitStatusError(CommandError):
    command: str
    exit_status: int
    def __init__(self, command: str, exit_status: int) -> None: ...

class ShellRedirection(NamedTuple):
    fd: int
    op: Literal["<", ">", ">>"]
    path: str

@dataclasses.dataclass
class ParsedCommand(Generic[_T]):
    args: _T
    redirections: Sequence[ShellRedirection] = ()
    pipeline: Optional[str] = None

def unquote_shell_word(word: str) -> str: ...
def parse_shell_command(source: str, unquote: bool = True) -> ParsedCommand[Sequence[str]]: ...

class Command(Protocol[_T]):
    def description(self) -> str: ...
    def format_usage(self) -> str: ...
    def format_help(self, *, indent: str = "") -> str: ...
    def enabled(self, prog: Program) -> bool: ...
    def parse(self, source: str, /) -> ParsedCommand[_T]: ...
    def run(self, prog: Program, name: str, args: _T, /, *, globals: Dict[str, Any]) -> Any: ...

class CommandNamespace:
    def __init__(self, *, func_name_prefix: str = "_cmd_", argparse_types: Sequence[Tuple[str, Callable[[str], Any]]] = ()) -> None: ...
    def register(self, name: str, command: Command[Any]) -> None: ...
    def lookup(self, prog: Program, name: str) -> Command[object]: ...
    def enabled(self, prog: Program) -> Iterable[Tuple[str, Command[object]]]: ...
    def run(
        self, prog: Program, command: str, *, globals: Optional[Dict[str, Any]] = None, onerror: Optional[Callable[[Exception], None]] = None
    ) -> Any: ...

DEFAULT_COMMAND_NAMESPACE: CommandNamespace

def run_command(
    prog: Program, command: str, *, globals: Optional[Dict[str, Any]] = None, onerror: Optional[Callable[[Exception], None]] = None
) -> Any: ...

class argument:
    def __init__(self, /, *args: Any, **kwargs: Any) -> None: ...

class argument_group:
    def __init__(
        self, /, *arguments: Union[argument, mutually_exclusive_group], title: str, description: Optional[str] = None
    ) -> None: ...

class mutually_exclusive_group:
    def __init__(self, /, *arguments: argument, required: bool = False) -> None: ...

drgn_argument: argument

class CommandFunc(Protocol):
    def __call__(
        self, prog: Program, name: str, args: argparse.Namespace, /, *, parser: argparse.ArgumentParser, globals: Dict[str, Any]
    ) -> Any: ...

class CustomCommandFunc(Protocol[_T_contra]):
    def __call__(
        self, prog: Program, name: str, args: _T_contra, /, *, parser: argparse.ArgumentParser, globals: Dict[str, Any]
    ) -> Any: ...

CommandFuncDecorator: TypeAlias = Callable[[CommandFunc], CommandFunc]
CustomCommandFuncDecorator: TypeAlias = Callable[[CustomCommandFunc[_T]], CustomCommandFunc[_T]]

def command(
    *,
    name: Optional[str] = None,
    description: str,
    usage: Optional[str] = None,
    long_description: Optional[str] = None,
    epilog: Optional[str] = None,
    arguments: Sequence[Union[argument, argument_group, mutually_exclusive_group]] = (),
    enabled: Callable[[Program], bool] = ...,
    namespace: CommandNamespace = ...,
) -> CommandFuncDecorator: ...
def custom_command(
    *,
    name: Optional[str] = None,
    description: str,
    usage: Optional[str] = None,
    long_description: Optional[str] = None,
    epilog: Optional[str] = None,
    arguments: Optional[Sequence[Union[argument, argument_group, mutually_exclusive_group]]] = None,
    parse: Callable[[str], ParsedCommand[_T]],
    enabled: Callable[[Program], bool] = ...,
    namespace: CommandNamespace = ...,
) -> CustomCommandFuncDecorator[_T]: ...
def raw_command(
    *,
    name: Optional[str] = None,
    description: str,
    usage: Optional[str] = None,
    long_description: Optional[str] = None,
    epilog: Optional[str] = None,
    arguments: Optional[Sequence[Union[argument, argument_group, mutually_exclusive_group]]] = None,
    parse: Callable[[str], ParsedCommand[str]] = ...,
    enabled: Callable[[Program], bool] = ...,
    namespace: CommandNamespace = ...,
) -> CustomCommandFuncDecorator[str]: ...

class DrgnCodeBlockContext:
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc_info: object) -> None: ...
    def end(self) -> None: ...

class DrgnCodeBuilder:
    def __init__(self, prog: Program) -> None: ...
    def add_import(self, module: str) -> None: ...
    def add_from_import(self, module: str, *names: str) -> None: ...
    def append(self, code: str) -> None: ...
    def begin_block(self, code: str, end: str = "") -> DrgnCodeBlockContext: ...
    def end_block(self) -> None: ...
    def begin_retry_loop_if_live(self, num_attempts: int) -> DrgnCodeBlockContext: ...
    def has_declaration(self, variable: str) -> bool: ...
    def get(self) -> str: ...
    def print(self) -> None: ...
