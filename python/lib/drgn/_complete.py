"""Completion at the prompt: also behind subscripts, as in prog["init_task"].mm.<Tab>."""

import ast
import rlcompleter

PAIRS = {")": "(", "]": "["}


def expression_before(line, end):
    """Return where the expression that ends at end starts: names, attributes and subscripts, nothing that is called."""
    i = end
    while i > 0:
        c = line[i - 1]
        if c.isalnum() or c in "_.":
            i -= 1
        elif c in "])" and (i == end or line[i] in ".["):
            i = _opening(line, i - 1)
            if i < 0:
                return end
            if line[i] == "(" and i > 0 and (line[i - 1].isalnum() or line[i - 1] in "_])"):
                return end  # a call
        else:
            break
    return i


def _opening(line, i):
    depth, quote = 0, ""
    while i >= 0:
        c = line[i]
        if quote:
            if c == quote:
                quote = ""
        elif c in "\"'":
            quote = c
        elif c in PAIRS:
            depth += 1
        elif c in PAIRS.values():
            depth -= 1
            if depth == 0:
                return i
        i -= 1
    return -1


def evaluate(node, names):
    """Evaluate what can do no harm: names, attributes, subscripts with constants."""
    if isinstance(node, ast.Name):
        return names(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(evaluate(node.value, names), node.attr)
    if isinstance(node, ast.Subscript):
        return evaluate(node.value, names)[evaluate(node.slice, names)]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [evaluate(e, names) for e in node.elts]
    raise ValueError("not a plain expression")


class Completer(rlcompleter.Completer):
    """Completes names as the interpreter's own does, and attributes of every plain expression."""

    def __init__(self, namespace, buffer, end):
        super().__init__(namespace)
        self.buffer, self.end = buffer, end

    def complete(self, text, state):
        if state == 0 and "." in text:
            line = self.buffer()[: self.end()]
            start = expression_before(line, len(line))
            if start < len(line) - len(text):
                self.matches = self.attributes(line[start:], text)
                return self.matches[0] if self.matches else None
        return super().complete(text, state)

    def name(self, name):
        import builtins

        return self.namespace[name] if name in self.namespace else getattr(builtins, name)

    def attributes(self, expression, text):
        base, _, prefix = expression.rpartition(".")
        try:
            value = evaluate(ast.parse(base, mode="eval").body, self.name)
            words = sorted(set(dir(value)))
        except Exception:
            return []
        stem = text[: len(text) - len(prefix)]
        found = [w for w in words if w.startswith(prefix) and (prefix or not w.startswith("_"))]
        if prefix == "":
            found = found or words
        return [stem + w for w in found]
