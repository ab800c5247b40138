"""Write the pages of the reference: for each module its name, a line of problems with its notes, and its page; NULs end all three.

A page is made of the module's stub, of the texts that help() shows and of the notes beside the module (see drgn._help).
"""

import ast
import enum
import importlib
import inspect
import sys

import _drgn
import drgn._help
import drgn._stubs

# Those whose pages helpergen makes have notes, too.
PAGES = ("drgn", "drgn.cli", "drgn.commands", "drgn.commands.linux", "drgn.helpers", "drgn.helpers.common.format", "drgn.helpers.common.memory",
         "drgn.helpers.common.prog", "drgn.helpers.common.stack", "drgn.helpers.common.type")


def text(value):
    return inspect.getdoc(value) or ""


def is_property(node):
    return any(ast.unparse(d) == "property" for d in node.decorator_list)


class Page:
    def __init__(self, name):
        self.name, self.module = name, importlib.import_module(name)
        self.notes = dict(drgn._help.notes(name))
        self.parts, self.missing, self.seen = [f"# {name}", text(self.module)], [], set()

    def note(self, title, wanted=True):
        found = self.notes.pop(title, "")
        if wanted and not found:
            self.missing.append(title)
        if found:
            self.parts.append(found)

    def function(self, level, title, value):
        if title in self.seen:
            return
        self.seen.add(title)
        self.parts.append(f"{level} {title}\n\n```python\n" + "\n".join(drgn._stubs.declarations(self.name, title)) + "\n```")
        self.parts.append(text(value))
        self.note(title)

    def attributes(self, node, cls):
        lines = []
        for n in node.body:
            if isinstance(n, ast.AnnAssign):
                name, of = n.target.id, ast.unparse(n.annotation)
            elif isinstance(n, ast.FunctionDef) and is_property(n):
                name, of = n.name, ast.unparse(n.returns)
            else:
                continue
            if name.startswith("_"):
                continue
            value = inspect.getattr_static(cls, name, None)
            doc = text(value) if inspect.isdatadescriptor(value) and not of.startswith("ClassVar") else ""
            if doc.startswith("Alias for field number"):
                doc = ""
            lines.append(f"- `{name}: {of}`" + (": " + doc.replace("\n", " ") if doc else ""))
        if lines:
            self.parts.append("\n".join(lines))

    def klass(self, node):
        cls = getattr(self.module, node.name)
        bases = "(" + ", ".join(map(ast.unparse, node.bases)) + ")" if node.bases else ""
        self.parts.append(f"## {node.name}\n\n```python\nclass {node.name}{bases}")
        made = [d for d in drgn._stubs.declarations(self.name, node.name)]
        if issubclass(cls, enum.Enum):
            self.parts[-1] += ":\n" + "\n".join(f"    {name} = {m.value!r}" for name, m in cls.__members__.items())
            made = []
        self.parts[-1] = "\n".join([self.parts[-1], *made, "```"])
        self.parts.append(text(cls))
        self.note(node.name, wanted=False)
        if issubclass(cls, enum.Enum):
            return
        self.attributes(node, cls)
        for n in node.body:
            if isinstance(n, ast.FunctionDef) and not n.name.startswith("_") and not is_property(n):
                self.function("###", f"{node.name}.{n.name}", getattr(cls, n.name))

    def make(self):
        for node in ast.parse(_drgn._beside(self.name, ".pyi")).body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
                continue
            if isinstance(node, ast.ClassDef):
                self.klass(node)
            else:
                self.function("##", node.name, getattr(self.module, node.name))
        hand = hand_written(self.name)
        self.missing += [n for n in hand if inspect.isfunction(getattr(self.module, n)) and n not in self.notes]
        problems = [f"no notes on {m}" for m in self.missing] + [f"notes on {n}, which is not there" for n in self.notes if n not in hand]
        return problems, "\n\n".join(p for p in self.parts if p) + "\n"


def hand_written(module):
    """Return the names of a module's part that is written in Python."""
    parent, _, last = module.rpartition(".")
    if not parent:
        return ()
    try:
        return importlib.import_module(f"{parent}._{last}").__all__
    except ImportError:
        return ()


for name, _ in drgn._stubs.modules():
    generated = name.startswith("drgn.helpers.linux.") and "._" not in name
    if name in PAGES or generated:
        problems, page = Page(name).make()
        sys.stdout.write(f"{name}\0{'; '.join(problems)}\0{page if name in PAGES else ''}\0")
