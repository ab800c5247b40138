"""What drgn.helpers.linux.slab prints, and what its named tuples have beside their fields."""

import os

from drgn.helpers.linux.slab import SlabCacheUsage, SlabTotalUsage, for_each_slab_cache

__all__ = ("print_slab_caches",)

SlabCacheUsage.active_objs = property(lambda self: self.num_objs - self.free_objs, doc="Objects that are not free.")
SlabTotalUsage.total_pages = property(lambda self: self.reclaimable_pages + self.unreclaimable_pages, doc="Pages in all.")


def print_slab_caches(*prog):
    """Print the slab caches, one a line: name and struct kmem_cache *.

    prog is the default program when it is left out.
    """
    for cache in for_each_slab_cache(*prog):
        name = os.fsdecode(cache.name.string_()).encode(errors="backslashreplace").decode()
        print(f"{name} ({cache.type_.type_name()}){cache.value_():#x}")
