from typing import Any, Callable, Optional, Sequence, TypeVar, Union

from drgn import Program
from drgn.commands import (
    CommandFuncDecorator,
    CommandNamespace,
    CustomCommandFuncDecorator,
    ParsedCommand,
    argument,
    argument_group,
    mutually_exclusive_group,
)

_T = TypeVar("_T")

def linux_kernel_command(
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
def linux_kernel_custom_command(
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
def linux_kernel_raw_command(
    *,
    name: Optional[str] = None,
    description: str,
    usage: Optional[str] = None,
    long_description: Optional[str] = None,
    epilog: Optional[str] = None,
    arguments: Optional[Sequence[Union[argument, argument_group, mutually_exclusive_group]]] = None,
    enabled: Callable[[Program], bool] = ...,
    namespace: CommandNamespace = ...,
) -> CustomCommandFuncDecorator[str]: ...
