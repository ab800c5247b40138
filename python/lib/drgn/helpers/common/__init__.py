"""Helpers for every kind of program."""

from drgn._star import gather

__all__ = gather(__name__, globals())
