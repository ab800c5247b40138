from typing import Any, Callable

from drgn.commands import CommandNamespace

CRASH_COMMAND_NAMESPACE: CommandNamespace

def crash_custom_command(*, name: str, **kwargs: Any) -> Callable[..., Any]: ...
