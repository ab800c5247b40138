from typing import Callable, TypeVar

_R = TypeVar("_R")

# mypy has no words for a first parameter that may be left out.
def takes_program_or_default(f: Callable[..., _R]) -> Callable[..., _R]: ...
def takes_object_or_program_or_default(f: Callable[..., _R]) -> Callable[..., _R]: ...
