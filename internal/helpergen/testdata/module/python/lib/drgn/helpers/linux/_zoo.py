"""The part of zoo that is Python by nature."""

__all__ = ("by_hand", "ByHand")
