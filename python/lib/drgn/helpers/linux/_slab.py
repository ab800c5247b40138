"""What drgn.helpers.linux.slab's named tuples have beside their fields, and its exceptions."""

from drgn._errors import SlabCorruptionError, SlabFreelistCycleError, SlabPartialListError
from drgn.helpers.linux.slab import SlabCacheUsage, SlabTotalUsage

__all__ = ("SlabCorruptionError", "SlabFreelistCycleError", "SlabPartialListError")

SlabCacheUsage.active_objs = property(lambda self: self.num_objs - self.free_objs, doc="Objects that are not free.")
SlabTotalUsage.total_pages = property(lambda self: self.reclaimable_pages + self.unreclaimable_pages, doc="Pages in all.")
