"""Mounts of the first mount namespace: source, place, file system."""

import re

import labtruth
from drgn.helpers.linux.fs import for_each_mount, mount_dst, mount_fstype, mount_src


def plain(text):
    """Undo the octal escapes of mountinfo."""
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), text)


check = labtruth.Check("mounts")
found = []
for mount in for_each_mount(prog):
    found.append(
        (
            mount.mnt_id.value_(),
            mount_src(mount).decode(),
            mount_dst(mount).decode(),
            mount_fstype(mount).decode(),
        )
    )
expected = []
for line in labtruth.read("mounts"):
    left, right = line.split(" - ")
    number, _, _, _, place, *_ = left.split()
    kind, source, *_ = right.split()
    expected.append((int(number), plain(source), plain(place), kind))
found, expected = sorted(found), sorted(expected)
for mount in expected:
    check.wrong_if(mount not in found, f"{mount} not found")
for mount in found:
    # An anonymous mount that /proc/1/mountinfo cannot reach is none of ours.
    check.wrong_if(mount not in expected and mount[2] != "/", f"{mount} is not the guest's")
check.done(at_least=10)
