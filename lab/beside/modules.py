"""Modules: what is made of files and of a program's memory, a few steps at a time in a program of their own."""

import os
import re

from beside import answer, questions
from drgn import *

FILES = [m.debug_file_path for m in prog.modules() if m.debug_file_path]
CORE = prog.core_dump_path
NAMES = ["kernel", "one", "two", "/lib/three.so"]
RANGES = ["None", "[]", "(0, 4096)", "[(4096, 8192), (0, 16)]", "[(8192, 8192)]", "[(5, 4)]", "[(0, 10), (5, 20)]", "[(2 ** 64 - 4096, 2 ** 64)]", "[(-1, 5)]", "(1 << 48, 1 << 49)"]
IDS = ["None", "b''", "b'\\x12\\x34'", "bytes(20)", "'ab'", "bytearray(b'xy')", "7"]
STATUS = [s.name for s in ModuleFileStatus]


# drgn 0.3.0 knows the kernel's own modules, and where its image lies, only with their debug files: they are passed over here.
OWN = {m.name for m in prog.modules()} - {"kernel"}


def names_of(modules):
    return sorted((m.name, type(m).__name__) for m in modules if m.name not in OWN)


def shown(m):
    """Return all that a module says of itself."""
    ranges = m.address_ranges
    if type(m).__name__ == "MainModule" and m.name == "kernel" and not m.debug_file_path:
        ranges = None
    said = [type(m).__name__, m.name, ranges, m.build_id, m.loaded_file_status, m.debug_file_status, m.loaded_file_path, m.debug_file_path]
    said += [m.loaded_file_bias, m.debug_file_bias, m.supplementary_debug_file_kind, m.supplementary_debug_file_path, m.wants_loaded_file(), m.wants_debug_file()]
    said += [getattr(m, name) for name in ("dynamic_address", "address", "id") if hasattr(m, name)]
    if hasattr(m, "section_addresses"):
        said.append(sorted(m.section_addresses.items()))
    return [os.path.basename(s) if isinstance(s, str) else str(s) for s in said]


def step(random):
    """Return a statement; M is the module of the last one that made or found any."""
    name, number = random.choice(NAMES), random.choice([0, 1, 4096, 2**64 - 1, -1, 2**64])
    create = random.choice(["", ", create=True", ", create=True", ", create=False"])
    file = random.choice([*FILES[:3], random.choice(FILES or [""]), "/nonexistent", "/dev/null", "/etc/passwd"])
    return random.choice(
        [
            f"M = P.main_module({random.choice(['', repr(name) + create])})",
            f"M = P.shared_library_module({name!r}, {number}{create})",
            f"M = P.vdso_module({name!r}, {number}{create})",
            f"M = P.relocatable_module({name!r}, {number}{create})",
            f"M = P.extra_module({name!r}, {number}{create})",
            f"M = P.extra_module({name!r}{create})",
            f"M = P.module({random.choice([repr(name), number])})",
            "names_of(P.modules())",
            "names_of(m for m, new in P.loaded_modules())",
            f"M.address_ranges = {random.choice(RANGES)}",
            f"M.address_range = {random.choice(RANGES)}",
            "M.address_range",
            f"M.build_id = {random.choice(IDS)}",
            "M.build_id",
            f"M.debug_file_status = ModuleFileStatus.{random.choice(STATUS)}",
            f"M.loaded_file_status = ModuleFileStatus.{random.choice(STATUS)}",
            f"M.section_addresses[{random.choice(['.text', '.data', ''])!r}] = {number}",
            "del M.section_addresses['.text']",
            "sorted(M.section_addresses)",
            f"M.try_file({file!r}{random.choice(['', '', ', force=True'])})",
            "M.wanted_supplementary_debug_file()",
            f"P.load_debug_info([{file!r}])",
            "P.load_module_debug_info(M)",
            f"P.symbol({number})",
            "M.prog is P",
            "M.object",
        ]
    )


def make(random, count):
    for _ in range(count):
        begin = random.choice(["P = Program()", "P = Program(prog.platform)", "P = Program(); P.set_enabled_debug_info_finders([]); P.set_core_dump(CORE)"])
        yield "sequence", "; ".join([begin, *(step(random) for _ in range(random.randrange(3, 12)))])


def run(statement, names):
    """Return what a statement gives and what the module is then, or the class of its exception."""
    try:
        code = compile(statement, "", "eval")
    except SyntaxError:
        code = compile(statement, "", "exec")
    try:
        value = eval(code, names)
        said = value.name if isinstance(value, Module) else value
    except Exception as e:
        said = type(e).__name__
    return said, shown(names["M"]) if isinstance(names["M"], Module) else None


for kind, question in questions(make):
    if kind != "sequence":
        continue
    names, before = dict(globals(), M=None), ""
    for statement in question.split("; "):
        before += statement + "; "
        what = re.search(r"[PM]\.\w+", statement)
        answer(what[0] if what else "Program", before, lambda: run(statement, names))
    answer("sequence", question, lambda: names_of(names["P"].modules()))
