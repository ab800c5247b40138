"""What a program answers to questions, in a form in which the answers of two programs can be compared.

A script's arguments are a seed and how many questions to ask; the second program is also given a file with the
answers of the first one, and is asked the same.
"""

import collections.abc
import itertools
import json
import random
import re
import signal
import sys

from drgn import FaultError, Object, Type, TypeKind

LIMIT = 10  # seconds for an answer
ELEMENTS = 60  # of a sequence or iterator that are looked at
SCALARS = (TypeKind.INT, TypeKind.POINTER, TypeKind.BOOL, TypeKind.ENUM, TypeKind.FLOAT)


REFUSED = ()  # exceptions of which it counts only that there was one of them: a script says so of its questions


class Hang(BaseException):
    """No answer came in time."""


def _hang(*_):
    raise Hang


signal.signal(signal.SIGALRM, _hang)


def questions(make):
    """Return (kind, question) pairs: those that the first program was asked, or what make(random, count) yields."""
    if len(sys.argv) > 3:
        with open(sys.argv[3]) as f:
            return dict.fromkeys(tuple(json.loads(line)[:2]) for line in f)
    return dict.fromkeys(make(random.Random(int(sys.argv[1])), int(sys.argv[2])))


def answer(kind, question, what):
    """Print what a function returns, or its exception. Questions of one kind differ in the same way."""
    signal.alarm(LIMIT)
    try:
        said = text(what())
    except Hang:
        said = "! no answer in time"
    except BaseException as e:
        said = failure(e)
    signal.alarm(0)
    print(json.dumps([kind, question, said]))


def failure(e):
    """Write an exception as text. Of a fault there is only that it was one: which byte is read first, and its words, may differ."""
    if isinstance(e, FaultError):
        return "! FaultError"
    if isinstance(e, REFUSED):
        return "! refused"
    return f"! {type(e).__name__}: {e}"


def text(v):
    """Write a value as text; of objects their type, address and, if they are numbers, value."""
    if isinstance(v, Object):
        name = v.type_.type_name()
        if v.absent_:
            return f"<{name} absent>"
        at = "" if v.address_ is None else f" at {v.address_:#x}"
        value = ""
        if v.type_.unaliased_kind() in SCALARS:
            try:
                value = " " + v.format_(dereference=False, symbolize=False, string=False, type_name=False)
            except Exception as e:
                value = f" ! {type(e).__name__}"
        return f"<{name}{at}{value}>"
    if isinstance(v, (str, bytes, int, float, type(None))):
        return repr(v)
    if isinstance(v, Type):
        return "type " + v.type_name()
    if isinstance(v, dict):
        return "{" + ", ".join(f"{text(k)}: {text(x)}" for k, x in itertools.islice(v.items(), ELEMENTS)) + "}"
    if isinstance(v, (set, frozenset)):
        return "{" + ", ".join(sorted(map(text, v))) + "}"
    if isinstance(v, (tuple, list)):
        return f"{len(v)}({', '.join(text(x) for x in v[:ELEMENTS])})"
    if isinstance(v, collections.abc.Iterator):
        found = []
        try:
            found.extend(text(x) for x in itertools.islice(v, ELEMENTS))
        except Exception as e:
            if not found and isinstance(e, REFUSED):  # whether the call says so or the first step of the walk is the same
                raise
            found.append(failure(e))
        return f"iterator({', '.join(found)})"
    if type(v).__name__ == "SlabObjectInfo":  # a tuple or not
        return text((v.slab_cache, v.slab, v.address, v.allocated))
    return re.sub(r" at 0x[0-9a-f]+", "", str(v)).replace("<_drgn.", "<drgn.")
