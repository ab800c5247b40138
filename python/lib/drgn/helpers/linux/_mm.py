"""What drgn.helpers.linux.mm's named tuples have beside their fields."""

from drgn.helpers.linux.mm import TaskRss

__all__ = ()

TaskRss.total = property(lambda self: self.file + self.anon + self.shmem, doc="Resident pages in all: those of files, of no file, and shared memory.")
