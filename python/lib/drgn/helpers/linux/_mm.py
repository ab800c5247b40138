"""What drgn.helpers.linux.mm's named tuples have beside their fields."""

from drgn.helpers.linux.mm import PageUsage, TaskRss

__all__ = ()

PageUsage.used_pages = property(lambda self: self.pages - self.free_pages, doc="Pages that are not free.")
TaskRss.total = property(lambda self: self.file + self.anon + self.shmem, doc="Resident pages in all: those of files, of no file, and shared memory.")
