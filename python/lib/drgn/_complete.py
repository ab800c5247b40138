"""Completion at the prompt: also behind subscripts, as in prog["init_task"].mm.<Tab>, in strings that name something, and of commands."""

import ast
import inspect
import rlcompleter

import drgn

import _drgn

# Functions and methods of drgn that only look something up.
HARMLESS = {"find_task", "stack_trace", "thread", "type"}
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
                start = i
                while start > 0 and (line[start - 1].isalnum() or line[start - 1] == "_"):
                    start -= 1
                if line[start:i] not in HARMLESS:
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
    """Evaluate what can do no harm: names, attributes, subscripts with constants, and what looks something up."""
    if isinstance(node, ast.Name):
        return names(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(evaluate(node.value, names), node.attr)
    if isinstance(node, ast.Subscript):
        return evaluate(node.value, names)[evaluate(node.slice, names)]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Call) and not node.keywords:
        function = evaluate(node.func, names)
        module = getattr(getattr(function, "__self__", None), "__module__", None) or getattr(function, "__module__", None) or ""
        if getattr(function, "__name__", "") in HARMLESS and module.partition(".")[0] in ("drgn", "_drgn"):
            return function(*(evaluate(a, names) for a in node.args))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [evaluate(e, names) for e in node.elts]
    raise ValueError("not a plain expression")


def open_string(line):
    """Return where the text of a string begins that is still open at the end of a line, or -1."""
    i, start, quote = 0, -1, ""
    while i < len(line):
        c = line[i]
        if quote:
            if c == "\\":
                i += 1
            elif line.startswith(quote, i):
                i += len(quote) - 1
                quote, start = "", -1
        elif c == "#":
            return -1
        elif c in "\"'":
            quote = c * 3 if line.startswith(c * 3, i) else c
            i += len(quote) - 1
            start = i + 1
        i += 1
    return start


def open_bracket(line):
    """Return where the innermost bracket is that is still open at the end of a line, or -1."""
    depth, i = 0, len(line) - 1
    while i >= 0:
        c = line[i]
        if c in "\"'":
            i -= 1
            while i >= 0 and line[i] != c:
                i -= 1
        elif c in PAIRS:
            depth += 1
        elif c in "([{":
            if depth == 0:
                return i
            depth -= 1
        i -= 1
    return -1


def arguments_before(text):
    """Return the arguments that stand in text, what is behind the bracket of a call, up to the one that is being typed."""
    found, start, i = [], 0, 0
    depth, quote = 0, ""
    for i, c in enumerate(text):
        if quote:
            if c == quote:
                quote = ""
        elif c in "\"'":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            found.append(text[start:i].strip())
            start = i + 1
    return found, text[start:].strip()


# What names the arguments of crash's commands are.
CRASH_NAMES = {"struct": "struct", "union": "union", "*": "struct", "sym": "symbol", "rd": "symbol", "p": "object", "whatis": "object"}
CRASH_TASKS = ["kernel", "user", "gleader", "active"]


def crash_words(prog, line):
    """Return what is typed of a name in a line with one of crash's commands, and the names that may be meant; None if nothing is known of it."""
    from drgn.commands import _crash

    names = sorted(n for n, _ in _crash.CRASH_COMMAND_NAMESPACE.enabled(prog))
    name, blank, rest = line.lstrip().partition(" ")
    if not blank:
        return name, names
    *before, word = rest.split(" ")
    if any(c in rest for c in "|<>"):
        return None
    if name == "foreach":
        name = next((w for w in before if w in names), name)
        if name == "foreach" and not word.startswith("-"):
            return word, CRASH_TASKS + names
    if name == "help":
        return word, names
    if word.startswith("-"):
        return word, _drgn._crash_flags(name)
    what = CRASH_NAMES.get(name)
    if what is None or not word:
        return None
    if what in ("struct", "union"):
        head = what + " "
        return word, [n.removeprefix(head) for n in _drgn._beginning(prog, "type", head + word)]
    return word, _drgn._beginning(prog, what, word)


# Methods of a program by what a name that they are given is the name of.
LOOKUPS = {"type": "type", "variable": "variable", "constant": "constant", "function": "function", "object": "object", "symbol": "symbol"}


class Completer(rlcompleter.Completer):
    """Completes names as the interpreter's own does, and attributes of every plain expression."""

    def __init__(self, namespace, buffer, end):
        super().__init__(namespace)
        self.buffer, self.end = buffer, end
        self.is_special = False

    def complete(self, text, state):
        if state == 0:
            line = self.buffer()[: self.end()].rpartition("\n")[2]
            words = self.special(line)
            if words is not None:
                typed, words = words
                self.matches = [w[len(typed) - len(text):] for w in words if w.startswith(typed)] if typed.endswith(text) else []
            self.is_special = words is not None
        if self.is_special:
            return self.matches[state] if state < len(self.matches) else None
        if state == 0 and "." in text:
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

    def special(self, line):
        """Return what is typed of a name in a string, or of a command, and the names that may be meant; None if it is neither."""
        try:
            if line.startswith("%"):
                return self.command(line[1:])
            start = open_string(line)
            if start < 0:
                return None
            typed = line[start:]
            return typed, self.named(line[:start].rstrip("\"'"), typed)
        except Exception:  # what is typed is not whole: nothing can be offered
            return "", []

    def value(self, text):
        return evaluate(ast.parse(text.strip(), mode="eval").body, self.name)

    def command(self, line):
        from drgn import commands

        prog, space = drgn.get_default_prog(), commands.DEFAULT_COMMAND_NAMESPACE
        name, blank, rest = line.partition(" ")
        if name == "crash" and blank:
            return crash_words(prog, rest)
        if not blank:
            return name, sorted(n for n, _ in space.enabled(prog))
        return None

    def named(self, before, typed):
        """Return the names that may be meant in a string that follows what is before."""
        bracket = open_bracket(before)
        if bracket < 0:
            return []
        outside = before[:bracket]
        base = outside[expression_before(outside, len(outside)):]
        if before[bracket] == "[":
            return self.keys(self.value(base), typed)
        if before[bracket] != "(" or not base:
            return []
        function = self.value(base)
        given, rest = arguments_before(before[bracket + 1:])
        keyword = rest.rstrip("= ") if rest.endswith("=") else ""
        return self.argument(function, given, keyword, typed)

    def keys(self, value, typed):
        if isinstance(value, drgn.Program):
            return _drgn._beginning(value, "object", typed)
        if isinstance(value, drgn.StackFrame):
            return sorted(value.locals())
        if isinstance(value, dict):
            return sorted(k for k in value if isinstance(k, str))
        return []

    def argument(self, function, given, keyword, typed):
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        prog = owner if isinstance(owner, drgn.Program) else drgn.get_default_prog()
        parameters = list(inspect.signature(function).parameters)
        if not keyword:
            if parameters[:1] == ["prog"] and given and not self.is_program(given[0]) and name not in ("Object", "NULL"):
                parameters = parameters[1:]  # the default program is meant
            if len(given) >= len(parameters):
                return []
            keyword = parameters[len(given)]
        if owner is prog and name in LOOKUPS and keyword in ("name", "address_or_name"):
            return _drgn._beginning(prog, LOOKUPS[name], typed)
        if keyword in ("type", "type_", "elem_type"):
            return _drgn._beginning(prog, "type", typed)
        if keyword in ("member", "name") and (keyword == "member" or name in ("member_", "has_member", "member")):
            return self.members(owner, given, parameters, typed)
        return []

    def is_program(self, text):
        try:
            return isinstance(self.value(text), drgn.Program)
        except Exception:
            return False

    def members(self, owner, given, parameters, typed):
        type = getattr(owner, "type_", owner)
        if not isinstance(type, drgn.Type):
            type = self.value(given[parameters.index("type")])
        if isinstance(type, str):
            type = drgn.get_default_prog().type(type)
        path = typed.split(".")
        for part in path[:-1]:
            type = self.plain(type).member(part).type
        return [".".join(path[:-1] + [n]) for n in sorted(self.member_names(self.plain(type)))]

    def plain(self, type):
        while type.kind in (drgn.TypeKind.TYPEDEF, drgn.TypeKind.POINTER):
            type = type.type
        return type

    def member_names(self, type, depth=0):
        for m in type.members or ():
            if m.name:
                yield m.name
            elif depth < 8:
                yield from self.member_names(m.type, depth + 1)
