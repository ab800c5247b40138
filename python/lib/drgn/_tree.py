"""Objects and stack traces in notebooks: trees that fold."""

from html import escape

import drgn

_DEEPEST = 4  # of what lies within what
_NODES = 2000  # of one tree
_ELEMENTS = 32  # of an array of structures
_LONGEST = 200  # characters of a value
_STRUCTURES = (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION, drgn.TypeKind.CLASS)


def html(value) -> "str | None":
    """Return an Object, StackTrace or StackFrame as HTML; None of what is shown as text."""
    tree = _Tree()
    if isinstance(value, drgn.Object):
        if _plain(value.type_).kind not in _STRUCTURES and _plain(value.type_).kind != drgn.TypeKind.ARRAY:
            return None
        tree.object("", value, 0)
    elif isinstance(value, drgn.StackTrace):
        lines = str(value).splitlines()
        for i, frame in enumerate(value):
            tree.frame(lines[i] if len(lines) == len(value) else str(frame), frame)
    elif isinstance(value, drgn.StackFrame):
        tree.frame(str(value).partition("\n")[0], value)
    else:
        return None
    if not tree.folds:
        return None
    return f'<div style="font-family: monospace; text-align: left">{"".join(tree.parts)}</div>'


def _plain(type):
    while type.kind == drgn.TypeKind.TYPEDEF:
        type = type.type
    return type


class _Tree:
    def __init__(self):
        self.parts, self.nodes, self.folds = [], 0, False

    def leaf(self, text):
        self.parts.append(f'<div style="padding-left: 1.2em">{text}</div>')

    def branch(self, title, fill, opened=False):
        self.folds = True
        attribute = ' open="open"' if opened else ""
        self.parts.append(f'<details style="padding-left: 1.2em"{attribute}><summary>{title}</summary>')
        fill()
        self.parts.append("</details>")

    def full(self):
        self.nodes += 1
        if self.nodes == _NODES + 1:
            self.leaf("<i>and more</i>")
        return self.nodes > _NODES

    def object(self, label, obj, depth):
        if self.full():
            return
        try:
            type = _plain(obj.type_)
            title = label + f'<span style="opacity: 0.7">({escape(obj.type_.type_name())})</span>'
            if type.kind in _STRUCTURES and type.is_complete() and not obj.absent_ and depth < _DEEPEST:
                self.branch(title, lambda: self.members(obj, type, depth), depth == 0)
            elif type.kind == drgn.TypeKind.ARRAY and _plain(type.type).kind in _STRUCTURES and type.length and not obj.absent_ and depth < _DEEPEST:
                self.branch(f"{title} {type.length} elements", lambda: self.elements(obj, type.length, depth))
            else:
                text = obj.format_(type_name=False, columns=1000, dereference=False)
                self.leaf(f"{title} {escape(text if len(text) <= _LONGEST else text[:_LONGEST] + '…')}")
        except (drgn.FaultError, drgn.BadDataError, LookupError, ValueError, NotImplementedError) as e:
            self.leaf(f"{label}<i>{escape(str(e))}</i>")

    def members(self, obj, type, depth):
        for member in type.members or ():
            if member.name:
                try:
                    value = obj.member_(member.name)
                except (LookupError, AttributeError):
                    continue  # another member of a class hides it
                self.object(f"<b>.{escape(member.name)}</b> ", value, depth + 1)
            elif _plain(member.type).kind in _STRUCTURES:
                self.members(obj, _plain(member.type), depth)  # what lies in it is a member of the whole, too

    def elements(self, obj, length, depth):
        for i in range(min(length, _ELEMENTS)):
            self.object(f"<b>[{i}]</b> ", obj[i], depth + 1)
        if length > _ELEMENTS:
            self.leaf(f"<i>and {length - _ELEMENTS} more</i>")

    def frame(self, line, frame):
        def fill():
            try:
                names = frame.locals()
            except LookupError as e:
                self.leaf(f"<i>{escape(str(e))}</i>")
                return
            for name in names:
                try:
                    value = frame[name]
                except (LookupError, NotImplementedError) as e:
                    self.leaf(f"<b>{escape(name)}</b> <i>{escape(str(e))}</i>")
                    continue
                self.object(f"<b>{escape(name)}</b> ", value, 1)

        self.branch(escape(line), fill)
