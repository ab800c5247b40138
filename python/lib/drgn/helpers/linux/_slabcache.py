"""drgn.helpers.linux.slab._get_slab_cache_helper(), which is nothing for users but is used by some."""

from drgn.helpers.linux.slab import (
    _next_free,
    slab_cache_for_each_allocated_object,
    slab_cache_usage,
    slab_object_info,
)

from drgn.helpers.linux.slab import SlabFreelistCycleError

_SLAB_RED_ZONE = 0x400


class _SlabCacheHelper:
    def __init__(self, slab_cache):
        self._prog = slab_cache.prog_
        self._slab_cache = slab_cache.read_()
        self._slab_cache_size = slab_cache.size.value_()
        self._freelist_offset = slab_cache.offset.value_()
        redzone = slab_cache.flags.value_() & _SLAB_RED_ZONE and hasattr(slab_cache, "red_left_pad")
        self._red_left_pad = slab_cache.red_left_pad.value_() if redzone else 0

    def _freelist_dereference(self, ptr_addr):
        return _next_free(self._slab_cache, ptr_addr)

    def _slub_get_freelist(self, freelist_name, freelist):
        found, ptr = set(), freelist.value_()
        while ptr:
            if ptr in found:
                raise SlabFreelistCycleError(f"{freelist_name()} goes in a circle: it comes to {ptr:#x} again")
            found.add(ptr)
            ptr = self._freelist_dereference(ptr + self._freelist_offset)
        return found

    def for_each_allocated_object(self, type):
        return slab_cache_for_each_allocated_object(self._slab_cache, type)

    def object_info(self, page, slab, addr):
        return slab_object_info(self._prog, addr)

    def usage(self):
        return slab_cache_usage(self._slab_cache)


def _get_slab_cache_helper(slab_cache):
    return _SlabCacheHelper(slab_cache)


def _slab_cache_name(slab_cache):
    return slab_cache.name.string_().decode()


def _get_slab_type(prog):
    """Return the type of slabs: they were pages before v5.17."""
    try:
        return prog.type("struct slab *")
    except LookupError:
        return prog.type("struct page *")
