"""What drgn.helpers.linux.block prints."""

from drgn.helpers.linux.block import disk_devt, disk_name, for_each_disk, for_each_partition, part_devt, part_name
from drgn.helpers.linux.device import MAJOR, MINOR

__all__ = ("print_disks", "print_partitions")


def _print(devt, name, obj):
    devt = devt.value_()
    print(f"{MAJOR(devt)}:{MINOR(devt)} {name.decode(errors='backslashreplace')} ({obj.type_.type_name()}){obj.value_():#x}")


def print_disks(prog=None):
    """Print the disks, one a line: device number, name, and struct gendisk *."""
    for disk in for_each_disk(*(() if prog is None else (prog,))):
        _print(disk_devt(disk), disk_name(disk), disk)


def print_partitions(prog=None):
    """Print the partitions, one a line: device number, name, and struct block_device *."""
    for part in for_each_partition(*(() if prog is None else (prog,))):
        _print(part_devt(part), part_name(part), part)
