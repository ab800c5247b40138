"""Compare modules and their stubs; a line for each difference."""

import ast
import enum
import importlib
import inspect
import types

import _drgn
import drgn._star
import drgn._stubs

P = inspect.Parameter
SPECIAL = ("__getitem__", "__len__", "__iter__", "__next__", "__contains__", "__call__", "__enter__", "__exit__", "__int__", "__index__",
           "__add__", "__radd__", "__invert__", "__bool__", "__reversed__", "__round__")
trees = {}


def tree(module):
    if module not in trees:
        source = _drgn._beside(module, ".pyi")
        trees[module] = ast.parse(source).body if source is not None else None
    return trees[module]


def names(body):
    """Return what a stub or a class in it declares: name → nodes."""
    found = {}
    for n in body:
        if isinstance(n, (ast.FunctionDef, ast.ClassDef)):
            found.setdefault(n.name, []).append(n)
        elif isinstance(n, ast.AnnAssign):
            found.setdefault(n.target.id, []).append(n)
        elif isinstance(n, ast.Assign):
            found.setdefault(n.targets[0].id, []).append(n)
        elif isinstance(n, ast.ImportFrom) and n.names[0].name == "*":
            from_there = names(tree(n.module))
            chosen = ast.literal_eval(from_there["__all__"][0].value) if "__all__" in from_there else from_there
            for name in chosen:
                if not name.startswith("_"):
                    found.setdefault(name, from_there[name])
    return found


def stub_params(node, method):
    a = node.args
    positional = [(p.arg, P.POSITIONAL_ONLY) for p in a.posonlyargs] + [(p.arg, P.POSITIONAL_OR_KEYWORD) for p in a.args]
    defaults = [None] * (len(positional) - len(a.defaults)) + a.defaults
    out = [(name, kind, d) for (name, kind), d in zip(positional, defaults)]
    if a.vararg:
        out.append((a.vararg.arg, P.VAR_POSITIONAL, None))
    out += [(p.arg, P.KEYWORD_ONLY, d) for p, d in zip(a.kwonlyargs, a.kw_defaults)]
    if a.kwarg:
        out.append((a.kwarg.arg, P.VAR_KEYWORD, None))
    return out[1:] if method else out


def plain(value):
    return value.value if isinstance(value, enum.Enum) else value


def compare_function(where, nodes, f, module, method=False):
    try:
        params = list(inspect.signature(f).parameters.values())
    except ValueError as e:
        print(f"{where}: {e}")
        return
    if params and params[0].name in ("self", "cls") and method:
        params = params[1:]
    have = {p.name: p for p in params}
    open_ended = any(p.kind == P.VAR_KEYWORD for p in params)
    first = params[0].name if params else None
    # A first argument may be left out, or be a program, in place of what it is called.
    scope = len(nodes) > 1 and first is not None and any(first not in [n for n, _, _ in stub_params(node, method)] for node in nodes)
    covered = set()
    for node in nodes:
        given = stub_params(node, method)
        if len(nodes) > 1:  # what has no keyword may be called something else
            given = [(params[i].name if kind == P.POSITIONAL_ONLY and i < len(params) else name, kind, d) for i, (name, kind, d) in enumerate(given)]
        covered |= {name for name, _, _ in given}
        for name, kind, default in given:
            p = have.get(name)
            if p is None and name == "prog" and given[0][0] == "prog" and scope:
                covered.add(first)
                continue
            if p is None:
                if not open_ended:
                    print(f"{where}: the stub has a parameter {name}")
                continue
            if p.kind != kind and not (len(nodes) > 1 and p.kind == P.POSITIONAL_OR_KEYWORD and kind in (P.POSITIONAL_ONLY, P.KEYWORD_ONLY)):
                print(f"{where}: {name} is {p.kind.description}, in the stub {kind.description}")
            if default is not None and p.default is p.empty:
                print(f"{where}: {name} has a default in the stub only")
            if default is None and p.default is not p.empty and len(nodes) == 1:
                print(f"{where}: {name} has no default in the stub")
            if default is not None and p.default not in (p.empty, None) and ast.unparse(default) != "...":
                value = eval(ast.unparse(default), {**vars(drgn), **vars(module)})
                if plain(value) != plain(p.default):
                    print(f"{where}: {name} is {p.default!r} by default, in the stub {value!r}")
        order = [name for name, _, _ in given if name in have]
        if order != [p.name for p in params if p.name in order]:
            print(f"{where}: parameters are in another order: {order}")
        missing = [p.name for p in params if p.default is p.empty and p.kind not in (P.VAR_POSITIONAL, P.VAR_KEYWORD) and p.name not in order]
        if missing not in ([], [first] if scope else []):
            print(f"{where}: parameters are missing in the stub: {missing}")
    for p in params:
        if p.name not in covered and not (open_ended and p.kind in (P.VAR_KEYWORD, P.VAR_POSITIONAL)):
            print(f"{where}: the stub has no parameter {p.name}")


def stub_class_names(node, module):
    """Return names of a class in a stub, with those of its bases there."""
    found = dict(names(node.body))
    for base in node.bases:
        base = base.value if isinstance(base, ast.Subscript) else base
        if isinstance(base, ast.Name):
            for m in (module, "drgn", "drgn.helpers.common.memory"):
                nodes = names(tree(m)).get(base.id)
                if nodes and isinstance(nodes[0], ast.ClassDef):
                    for name, n in stub_class_names(nodes[0], m).items():
                        found.setdefault(name, n)
                    break
    return found


# What a class has that a stub makes of Sequence or Iterator.
INHERITED = ("__iter__", "__contains__", "__reversed__")
FOREIGN = ("builtins", "enum", "abc", "collections.abc", "typing", "drgn.helpers._record", "drgn._complete", "rlcompleter")


def compare_class(where, node, cls, module):
    stub = stub_class_names(node, module.__name__)
    if issubclass(cls, enum.Enum):
        values = {name: m.value for name, m in cls.__members__.items()}
        said = {n.targets[0].id: eval(ast.unparse(n.value)) for n in node.body if isinstance(n, ast.Assign)}
        if values != said:
            print(f"{where}: members are {values}, in the stub {said}")
        return
    fields = [n.target.id for n in node.body if isinstance(n, ast.AnnAssign)]
    if any(ast.unparse(b) == "NamedTuple" for b in node.bases) and tuple(fields) != cls._fields:
        print(f"{where}: fields are {cls._fields}, in the stub {fields}")
    own = {}
    for c in reversed(cls.__mro__):
        if c.__module__ not in FOREIGN:
            own.update(vars(c))
    if issubclass(cls, tuple):
        own.update({n: vars(cls.__mro__[-3]).get(n, getattr(cls, n)) for n in cls._fields})
    public = {n for n in own if not n.startswith("_") and n not in ("count", "index")} | {n for n in SPECIAL if n in vars(cls) and not (n in INHERITED and node.bases)}
    for name in sorted(public - stub.keys()):
        print(f"{where}.{name}: the stub has no such name")
    for name, nodes in stub.items():
        if name.startswith("__") and name not in ("__new__", "__init__") and hasattr(cls, name):
            continue
        if name == "__getattr__" or name == "__iter__" and hasattr(cls, "__getitem__"):
            continue
        if isinstance(nodes[0], ast.FunctionDef):
            if not hasattr(cls, name):
                print(f"{where}.{name}: only the stub has it")
            elif any(ast.unparse(d) == "property" for d in nodes[0].decorator_list):
                if not isinstance(inspect.getattr_static(cls, name), property):
                    print(f"{where}.{name}: is no property")
            elif name in ("__new__", "__init__"):
                compare_function(where, nodes, cls, module, method=True)
            elif not name.startswith("_"):
                compare_function(f"{where}.{name}", nodes, inspect.getattr_static(cls, name).__get__(None, cls) if any(ast.unparse(d) == "classmethod" for d in nodes[0].decorator_list) else getattr(cls, name), module, method=True)
        elif not name.startswith("_") and not hasattr(cls, name) and name not in getattr(cls, "__match_args__", ()) and not issubclass(cls, Exception):
            if name not in made_by_init.get(cls.__name__, ()):
                print(f"{where}.{name}: only the stub has it")


# Attributes that instances get.
made_by_init = {"CellFormat": ("value", "format_spec"), "RowOptions": ("group",), "ParsedCommand": ("args",), "IdentifiedAddress": ("address",),
                "SlabObjectInfo": ("slab_cache", "slab", "address", "allocated")}

for full, package in _drgn._modules():
    if any(part.startswith("_") for part in full.split(".")) or not full.startswith("drgn") or full == "drgn._test":
        continue
    module, body = importlib.import_module(full), tree(full)
    if body is None:
        print(f"{full}: no stub")
        continue
    stub, public = names(body), {n for n in drgn._star.public(module) if not isinstance(getattr(module, n), types.ModuleType) and getattr(module, n) is not NotImplemented}
    for name in sorted(public - stub.keys() - {"readline"}):
        print(f"{full}.{name}: the stub has no such name")
    for name, nodes in stub.items():
        if name.startswith("_"):
            continue
        if not hasattr(module, name):
            print(f"{full}.{name}: only the stub has it")
            continue
        value = getattr(module, name)
        if isinstance(nodes[0], ast.ClassDef):
            if not isinstance(value, type):
                print(f"{full}.{name}: a class in the stub only")
            else:
                compare_class(f"{full}.{name}", nodes[0], value, module)
        elif isinstance(nodes[0], ast.FunctionDef):
            compare_function(f"{full}.{name}", nodes, value, module)
