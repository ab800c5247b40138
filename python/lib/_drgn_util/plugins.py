"""Hooks of plugins."""

from drgn import _plugins

__all__ = ("call_plugins",)


def call_plugins(hook_name: str, *args: object) -> None:
    """Call a hook of all plugins that have it, in the order of their priorities. What fails is logged."""
    _plugins.call(hook_name, *args)
