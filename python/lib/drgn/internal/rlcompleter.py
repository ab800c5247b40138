"""Completion of names for the readline library."""

from drgn import _complete

__all__ = ("Completer",)


class Completer(_complete.Completer):
    """Complete what is typed before the cursor by the names in a namespace."""

    def __init__(self, namespace: dict) -> None:
        super().__init__(namespace, lambda: "", lambda: 0)
        self._matches: list = []

    def complete(self, text: str, state: int) -> "str | None":
        """Return a possible completion of a text, whose number is state, or None after the last."""
        if state == 0:
            self._matches = sorted(self.attributes(text, text) if "." in text else self.global_matches(text))
        return self._matches[state] if state < len(self._matches) else None

    def attributes(self, expression, text):
        found = []
        for word in super().attributes(expression, text):
            try:
                value = _complete.evaluate(_complete.ast.parse(word, mode="eval").body, self.name)
            except Exception:  # of a property: a fault of memory, say
                value = None
            found.append(self._callable_postfix(value, word))
        return found

    def _callable_postfix(self, val, word):
        return word + "(" if callable(val) and not word.endswith("(") else word
