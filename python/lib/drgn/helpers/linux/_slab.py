"""What drgn.helpers.linux.slab's named tuples have beside their fields, and its exceptions."""

from drgn._errors import SlabCorruptionError, SlabFreelistCycleError, SlabPartialListError
from drgn.helpers.linux.slab import SlabCacheUsage, SlabObjectInfo, SlabTotalUsage

__all__ = ("SlabCorruptionError", "SlabFreelistCycleError", "SlabPartialListError")

SlabObjectInfo.__repr__ = lambda self: f"SlabObjectInfo(slab_cache={self.slab_cache!r}, slab={self.slab!r}, address={self.address:#x}, allocated={self.allocated!r})"
SlabCacheUsage.active_objs = property(lambda self: self.num_objs - self.free_objs, doc="Objects that are not free.")
SlabTotalUsage.total_pages = property(lambda self: self.reclaimable_pages + self.unreclaimable_pages, doc="Pages in all.")
