"""Classes of what helpers return."""

import copy
import dataclasses
import inspect

from drgn import Symbol
from drgn.commands import ParsedCommand
from drgn.helpers.common.memory import IdentifiedSymbol
from drgn.helpers.linux import mm, printk, rbtree
from drgn.helpers.linux.common import IdentifiedPage, IdentifiedSlabObject, IdentifiedTaskStack, IdentifiedTaskStruct, IdentifiedVmap
from drgn.helpers.linux.slab import SlabObjectInfo
from drgn.helpers.linux.stack import LinuxKernelStack, StackKind, StackSegment

classes = IdentifiedSymbol, IdentifiedPage, IdentifiedSlabObject, IdentifiedTaskStack, IdentifiedTaskStruct, IdentifiedVmap, LinuxKernelStack, StackSegment
[(c.__name__, c.__module__, dataclasses.is_dataclass(c), c.__match_args__) for c in classes]
[inspect.get_annotations(c) for c in classes]
[str(inspect.signature(c)) for c in classes]
[(p.init, p.repr, p.eq, p.order, p.unsafe_hash, p.frozen) for p in (c.__dataclass_params__ for c in classes)]
[[(f.name, f.type) for f in dataclasses.fields(c)] for c in classes]
page = IdentifiedPage(16, 1, 2)
repr(page), page == IdentifiedPage(16, 1, 2), page == IdentifiedPage(16, 1, 3), page == (16, 1, 2)
dataclasses.asdict(page), dataclasses.astuple(page)
repr(dataclasses.replace(page, pfn=3)), repr(page.__replace__(page=9)), repr(copy.copy(page))
page.pfn = 5
page.pfn
hash(page)
IdentifiedPage(1)
IdentifiedPage(1, 2, 3, 4)
IdentifiedPage(1, 2, pfn=3, page=4)
dataclasses.replace(page, foo=3)
segment = StackSegment(StackKind.USER, ())
hash(segment) == hash(StackSegment(StackKind.USER, ())), segment == StackSegment(StackKind.USER, ()), len(segment)
segment.kind = 1
del segment.kind
repr(dataclasses.replace(segment, frames=(1, 2)))
info = SlabObjectInfo(1, 2, 3, True)
info == SlabObjectInfo(1, 2, 3, True), info == info, hash(info) == hash(info), info
isinstance(info, tuple), dataclasses.is_dataclass(info)
info.allocated = False
info.allocated
len(info)
SlabObjectInfo(1)
ParsedCommand.__dataclass_params__.frozen
ParsedCommand(1).pipeline
[f.__module__ for f in (rbtree.rb_find, rbtree.validate_rbtree, printk.print_dmesg, mm.PageSlab)]
