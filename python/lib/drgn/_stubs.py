"""The types of all that scripts can call: for drgn --stubs, and for help().

They are in a file NAME.pyi beside each module. Its texts are those of the module itself, put in where a stub has none.
"""

import ast
import importlib

import _drgn


def modules():
    """Return the names of all modules that have a stub, and whether each is a package."""
    return [(name, package) for name, package in _drgn._modules() if _drgn._beside(name, ".pyi") is not None]


def write(directory):
    """Write the stubs of all modules below a directory, for the MYPYPATH of mypy and the like; return how many there are."""
    import os

    found = modules()
    for name, package in found:
        path = os.path.join(directory, *name.split("."))
        path = os.path.join(path, "__init__.pyi") if package else path + ".pyi"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(documented(name))
    with open(os.path.join(directory, "drgn", "py.typed"), "w"):
        pass
    return len(found)


def documented(name):
    """Return a module's stub with the texts of the module."""
    source = _drgn._beside(name, ".pyi")
    lines, insertions = source.splitlines(), []  # (line number, what stands before it)
    seen = set()

    def visit(body, owner, prefix):
        for node in body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or prefix + node.name in seen:
                continue
            seen.add(prefix + node.name)
            value = vars(owner).get(node.name) if isinstance(owner, type) else getattr(owner, node.name, None)
            doc = getattr(value, "__doc__", None)
            indent = " " * (node.body[0].col_offset if node.body[0].lineno > node.lineno else node.col_offset + 4)
            if doc and not node.name.startswith("__") and ast.get_docstring(node) is None:
                insertions.append((node, indent, doc))
            if isinstance(node, ast.ClassDef):
                visit(node.body, value, prefix + node.name + ".")

    tree, module = ast.parse(source), importlib.import_module(name)
    visit(tree.body, module, "")
    for node, indent, doc in sorted(insertions, key=lambda i: -i[0].lineno):
        text = [indent + line if line else "" for line in _quoted(doc)]
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.value.value is ...:
            at = first.lineno - 1  # the "..." at the end of a declaration
            lines[at] = lines[at].rstrip().removesuffix("...").rstrip()
            lines[at + 1 : at + 1] = text + ([indent + "..."] if isinstance(node, ast.FunctionDef) else [])
        else:
            at = min(d.lineno for d in [first, *getattr(first, "decorator_list", ())])
            lines[at - 1 : at - 1] = text
    if ast.get_docstring(tree) is None and module.__doc__:
        lines[0:0] = _quoted(module.__doc__) + [""]
    return "\n".join(lines) + "\n"


def _quoted(doc):
    import inspect

    lines = inspect.cleandoc(doc).replace("\\", "\\\\").replace('"""', '\\"\\"\\"').split("\n")
    lines[0] = '"""' + lines[0]
    if len(lines) == 1 and not lines[0].endswith('"'):
        lines[0] += '"""'
    elif len(lines) == 1:
        lines[0] += ' """'
    else:
        lines.append('"""')
    return lines


_trees: dict = {}


def declarations(module, name):
    """Return how a function is called, or a method as Class.name, or a class is made: a list of declarations with types.

    The list is empty where no stub knows the name.
    """
    if module not in _trees:
        source = _drgn._beside(module, ".pyi")
        _trees[module] = None if source is None else ast.parse(source)
    body = _trees[module].body if _trees[module] is not None else []
    *classes, last = name.split(".")
    for c in classes:
        body = next((n.body for n in body if isinstance(n, ast.ClassDef) and n.name == c), [])
    found = [n for n in body if isinstance(n, ast.FunctionDef) and n.name == last]
    made = next((n.body for n in body if isinstance(n, ast.ClassDef) and n.name == last), None)
    if made is not None:
        found = [n for n in made if isinstance(n, ast.FunctionDef) and n.name in ("__new__", "__init__")]
    out = []
    for n in found:
        args = ast.unparse(n.args)
        if classes or made is not None:
            args = args.removeprefix("self").removeprefix("cls").removeprefix(", ").removeprefix("/").removeprefix(", ")
        returns = "" if made is not None or n.returns is None else " -> " + ast.unparse(n.returns)
        out.append(f"{last}({args}){returns}")
    if not found and module.startswith("drgn.helpers.") and not module.rpartition(".")[2].startswith("_"):
        parent, _, last_part = module.rpartition(".")
        return declarations(f"{parent}._{last_part}", name)
    return out


def main(directory):
    """What drgn --stubs does."""
    import sys

    try:
        count = write(directory)
    except OSError as e:
        sys.exit(f"drgn: the stubs can't be written: {e}")
    print(f"{count} stubs are below {directory}: MYPYPATH={directory} mypy SCRIPT checks a script by them")
