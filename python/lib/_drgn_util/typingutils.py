"""Decorators for type checkers: functions that pass their arguments on take those of another function."""

from typing import TYPE_CHECKING, Any, Callable, TypeVar

__all__ = ("copy_func_params", "copy_func_signature", "copy_method_params")

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

if TYPE_CHECKING:
    from typing import Concatenate, ParamSpec

    P = ParamSpec("P")
    Self = TypeVar("Self")


def copy_func_params(source: "Callable[P, Any]") -> "Callable[[Callable[..., T]], Callable[P, T]]":
    """Give the decorated function the parameters of source, in the eyes of a type checker."""
    return _same


def copy_func_signature(source: F) -> Callable[[Callable[..., Any]], F]:
    """Give the decorated function the parameters and the result of source, in the eyes of a type checker."""
    return _same


def copy_method_params(source: "Callable[Concatenate[Any, P], Any]") -> "Callable[[Callable[Concatenate[Self, ...], T]], Callable[Concatenate[Self, P], T]]":
    """Give the decorated method the parameters of the method source but self, in the eyes of a type checker."""
    return _same


def _same(f: Any) -> Any:
    return f
