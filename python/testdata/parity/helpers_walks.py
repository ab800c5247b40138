# Walks are generators: when they say what is wrong, and how they are ended.
import collections.abc
import contextlib
import struct

from drgn import *
from drgn.helpers.linux.list import *
from drgn.helpers.linux.plist import *
from mock import memory

P = Program(Platform(Architecture.X86_64))
I = P.int_type("int", 4, True)
LH = P.struct_type("list_head", 16, (TypeMember(lambda: P.pointer_type(LH), "next"), TypeMember(lambda: P.pointer_type(LH), "prev", 64)))
PH = P.struct_type("plist_head", 16, (TypeMember(LH, "node_list"),))
PN = P.struct_type("plist_node", 40, (TypeMember(I, "prio"), TypeMember(LH, "prio_list", 64), TypeMember(LH, "node_list", 192)))
E = P.struct_type("entry", 64, (TypeMember(I, "value"), TypeMember(PN, "node", 64), TypeMember(LH, "list", 384)))
P.register_type_finder("t", lambda prog, kinds, name, filename: {"list_head": LH, "plist_head": PH, "plist_node": PN, "entry": E, "int": I}.get(name), enable_index=0)
M = bytearray(4096)
P = memory(P, M, 0x1000)
head, empty = (Object(P, LH, address=a).address_of_() for a in (0x1000, 0x1010))
prios = Object(P, PH, address=0x1020).address_of_()


def ring(*at):
    for i, a in enumerate(at):
        M[a - 0x1000:a - 0xff0] = struct.pack("<QQ", at[(i + 1) % len(at)], at[i - 1])


entries = [0x1100 + 0x40 * i for i in range(100)][:40]
ring(0x1000, *(e + 48 for e in entries))
ring(0x1010)
ring(0x1020, *(e + 8 + 24 for e in entries))


def walk(): return list_for_each_entry("struct entry", head, "list")
def at(walk): return [hex(x) for x in walk]


[isinstance(walk(), c) for c in (collections.abc.Iterator, collections.abc.Generator)]
[hasattr(walk(), name) for name in ("send", "throw", "close")]
w = walk()
w.send(5)
[w.send(None), w.send(5), next(w)]
w.close()
next(w)
w.send(5)
w.send(None)
[w.close(), list(w)]
w = walk()
len(list(w))
w.send(None)
[w.close(), list(w)]
w = walk()
hex([next(w) for i in range(20)][19])
w.throw(ValueError("why"))
list(w)
walk().throw(KeyError)
walk().throw(KeyError("k"))
walk().throw(5)
walk().throw(int)
walk().throw("text")
walk().throw()
with contextlib.closing(walk()) as w: next(w)
list(w)


def delegate():
    yield from list_for_each(head)


d = delegate()
next(d)
d.throw(ValueError("why"))
d = delegate()
next(d)
d.close()
nothing = list_for_each_entry("struct nothing", head, "list")
next(nothing)
next(nothing)
nothing = list_for_each_entry("struct entry", head, "nothing")
next(nothing)
list(list_for_each_entry("struct entry", empty, "nothing"))
list(list_for_each_entry("struct nothing", empty, "list"))
len(list(plist_for_each_entry("struct entry", prios, "node")))
hex(next(plist_for_each_entry("struct entry", prios, "node")))
list(plist_for_each_entry("struct entry", prios, "list"))
list(plist_for_each_entry("struct entry", prios, "value"))
