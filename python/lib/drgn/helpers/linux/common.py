"""What lies at an address of the Linux kernel: what drgn.helpers.common.identify_address_all() gives."""

import drgn
from drgn.helpers.common.memory import IdentifiedAddress
from drgn.helpers.linux.slab import SlabObjectInfo, slab_object_info

__all__ = ()  # they are seldom named


class IdentifiedTaskStruct(IdentifiedAddress):
    """An address in a struct task_struct: task is a struct task_struct *."""

    address: int
    task: drgn.Object
    __match_args__ = ("address", "task")
    _kinds = ("task",)


class IdentifiedTaskStack(IdentifiedAddress):
    """An address on a task's stack: task is a struct task_struct *."""

    address: int
    task: drgn.Object
    __match_args__ = ("address", "task")
    _kinds = ("task stack",)


class IdentifiedSlabObject(IdentifiedAddress):
    """An address in an object of a slab, allocated or free: slab_object_info is a drgn.helpers.linux.slab.SlabObjectInfo."""

    address: int
    slab_object_info: SlabObjectInfo
    __match_args__ = ("address", "slab_object_info")
    _kinds = ("slab object", "free slab object")

    def _prog(self):
        return self.slab_object_info.slab_cache.prog_


class IdentifiedVmap(IdentifiedAddress):
    """An address in an area of vmalloc: vmap_area is a struct vmap_area *, vm_struct a struct vm_struct *."""

    address: int
    vmap_area: drgn.Object
    vm_struct: drgn.Object
    __match_args__ = ("address", "vmap_area", "vm_struct")
    _kinds = ("vmap",)


class IdentifiedPage(IdentifiedAddress):
    """An address in a struct page: page is a pointer to it, pfn the page's number."""

    address: int
    page: drgn.Object
    pfn: int
    __match_args__ = ("address", "page", "pfn")
    _kinds = ("page",)


def _of_kernel(prog, address, kind, object):
    """Return what drgn.helpers.common.memory found at an address as an instance of its class."""
    if kind == "task":
        return IdentifiedTaskStruct(address, object)
    if kind == "task stack":
        return IdentifiedTaskStack(address, object)
    if kind == "vmap":
        return IdentifiedVmap(address, object, object.vm.read_())
    if kind == "page":
        from drgn.helpers.linux.mm import page_to_pfn

        return IdentifiedPage(address, object, page_to_pfn(object).value_())
    return IdentifiedSlabObject(address, slab_object_info(prog, address))
