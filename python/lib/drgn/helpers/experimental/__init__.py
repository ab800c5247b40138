"""Helpers that may still change."""

from drgn._star import gather

__all__ = gather(__name__, globals())
