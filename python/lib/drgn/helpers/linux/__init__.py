"""Helpers for the Linux kernel: a module for each part of the kernel."""

from drgn._star import gather

__all__ = gather(__name__, globals())
