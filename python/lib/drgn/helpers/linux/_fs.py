"""What drgn.helpers.linux.fs prints."""

import os

from drgn.helpers.linux.fs import d_path, for_each_file, for_each_mount, mount_dst, mount_fstype, mount_src

__all__ = ("print_files", "print_mounts")


def _text(b):
    """Return bytes of a name as text that can be printed."""
    return os.fsdecode(b).encode(errors="backslashreplace").decode()


def print_mounts(ns=None, *, src=None, dst=None, fstype=None):
    """Print the mounts in a namespace, one a line: source, mount point, type of file system, and struct mount *.

    The arguments are those of for_each_mount().
    """
    where = () if ns is None else (ns,)
    for mnt in for_each_mount(*where, src=src, dst=dst, fstype=fstype):
        print(_text(mount_src(mnt)), _text(mount_dst(mnt)), _text(mount_fstype(mnt)), f"({mnt.type_.type_name()}){mnt.value_():#x}")


def print_files(task):
    """Print the files that a task has open, one a line: number, path, and struct file *.

    task is a struct task_struct *.
    """
    for fd, file in for_each_file(task):
        print(fd, _text(d_path(file.f_path.address_of_())), f"({file.type_.type_name()}){file.value_():#x}")
