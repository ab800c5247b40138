"""Commands on what was typed at the prompt: history, save and edit."""

import os
import sys
from typing import Any, Dict, List, Sequence

from drgn import Program
from drgn.commands import CommandError, argument, command, _print_py_command_exception
from drgn.cli import typed


def _chosen(ranges: Sequence[str]) -> "List[int]":
    """Return the indices of statements that ranges such as "3" and "5-8" name; of all without ranges."""
    if not ranges:
        return list(range(len(typed)))
    indices = []
    for r in ranges:
        first, dash, last = r.partition("-")
        try:
            low, high = int(first), int(last) if dash else int(first)
        except ValueError:
            raise CommandError(f"{r!r} is neither the number of a statement nor a range of them, such as 5-8") from None
        if not 1 <= low <= high <= len(typed):
            raise CommandError(f"{r} is not in 1-{len(typed)}")
        indices.extend(range(low - 1, high))
    return indices


@command(
    description="show what was typed at the prompt",
    long_description="Show the statements of this session with their numbers, which save and edit take.",
    arguments=(argument("ranges", metavar="N[-M]", nargs="*", help="only these statements"),),
)
def _cmd_history(prog: Program, name: str, args: Any, **kwargs: Any) -> None:
    for i in _chosen(args.ranges):
        first, *rest = typed[i].rstrip("\n").split("\n")
        print(f"{i + 1:5}  {first}")
        for line in rest:
            print(f"       {line}")


@command(
    description="write what was typed at the prompt to a file",
    long_description="Write the statements of this session, but commands, to a file: a script that drgn can run. A file that is there already"
    " is only overwritten with -f.",
    arguments=(
        argument("-f", dest="force", action="store_true", help="overwrite the file if it exists"),
        argument("file", help="the file"),
        argument("ranges", metavar="N[-M]", nargs="*", help="only these statements"),
    ),
)
def _cmd_save(prog: Program, name: str, args: Any, **kwargs: Any) -> None:
    statements = [typed[i].rstrip("\n") for i in _chosen(args.ranges) if not typed[i].lstrip().startswith("%") and not typed[i].rstrip().endswith("?")]
    try:
        with open(os.path.expanduser(args.file), "w" if args.force else "x", encoding="utf-8") as f:
            f.write("".join(s + "\n" for s in statements))
    except FileExistsError:
        raise CommandError(f"{args.file} exists; -f overwrites it") from None
    except OSError as e:
        raise CommandError(str(e)) from None
    print(f"{len(statements)} statements written to {args.file}")


@command(
    description="edit code, then run it",
    long_description="Open the program that VISUAL or EDITOR names, or vi, on a file or on a statement of this session, and run what it"
    " leaves. Without arguments it is the last statement.",
    arguments=(argument("what", nargs="?", help="a file, or the number of a statement"),),
)
def _cmd_edit(prog: Program, name: str, args: Any, *, globals: Dict[str, Any], **kwargs: Any) -> None:
    import shlex
    import subprocess
    import tempfile

    path, text = args.what, None
    if path is None or path.isdigit():
        statements = [s for s in typed if not s.lstrip().startswith("%")]
        text = typed[_chosen([path])[0]] if path else (statements[-1] if statements else "")
        fd, path = tempfile.mkstemp(suffix=".py", prefix="drgn-")
        with os.fdopen(fd, "w", encoding="utf-8") as f:
            f.write(text)
    else:
        path = os.path.expanduser(path)
    try:
        editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        sys.stdout.flush()
        try:
            status = subprocess.call([*editor, path])
        except OSError as e:
            raise CommandError(f"cannot run {editor[0]}: {e.strerror}; set EDITOR") from None
        if status != 0:
            raise CommandError(f"{editor[0]} ended with status {status}; nothing was run")
        try:
            with open(path, encoding="utf-8") as f:
                source = f.read()
        except OSError as e:
            raise CommandError(str(e)) from None
    finally:
        if text is not None:
            os.unlink(path)
    if text is not None:
        typed.append(source)
    try:
        exec(compile(source, path if text is None else "<edit>", "exec", dont_inherit=True), globals)
    except (Exception, KeyboardInterrupt) as e:
        if isinstance(e, BrokenPipeError):
            raise
        _print_py_command_exception(e)
