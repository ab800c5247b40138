"""What print_* helpers print of the bundled core. tables.txt was recorded while they were written in Python."""

import contextlib
import io
import sys

from drgn.helpers.common.stack import print_registers
from drgn.helpers.linux.block import print_disks, print_partitions
from drgn.helpers.linux.fs import for_each_mount, mount_src, print_files, print_mounts
from drgn.helpers.linux.pid import find_task
from drgn.helpers.linux.slab import for_each_slab_cache, print_slab_caches


def section(name, f, *args, **kwargs):
    print(f"== {name}")
    try:
        assert f(*args, **kwargs) is None
    except Exception as e:
        print(f"{type(e).__name__}: {e}")


section("mounts", print_mounts)
section("mounts of a program", print_mounts, prog)
section("mounts of a namespace", print_mounts, prog["init_task"].nsproxy.mnt_ns)
section("mounts from a source", print_mounts, src="proc")
section("mounts at a point", print_mounts, prog, dst="/proc")
section("mounts of a type", print_mounts, fstype=b"tmpfs")
section("no mounts", print_mounts, fstype="nosuch")
for pid in (1, 2, 41):
    section(f"files of {pid}", print_files, find_task(pid))
section("files of what is no task", print_files, prog["init_task"].nsproxy)
section("disks", print_disks)  # the core has none
section("partitions", print_partitions, prog)
section("slab caches", print_slab_caches)
section("registers", print_registers, prog.stack_trace(1)[0].registers())

# Where the output goes: to what sys.stdout is at the time, in order with what else is printed, line by line.
text = io.StringIO()
with contextlib.redirect_stdout(text):
    print_mounts(src="proc")
print("== elsewhere", text.getvalue(), sep="\n", end="")
sys.stdout.write("== in order\n")
print_mounts(src="proc")
sys.stdout.write("and after\n")
out, sys.stdout = sys.stdout, None
print_mounts()
sys.stdout = out


class Broken(io.StringIO):
    def write(self, s):
        if "/sys" in s:
            raise OSError("disk is full")
        return super().write(s)


broken = Broken()
with contextlib.redirect_stdout(broken):
    try:
        print_mounts()
    except OSError as e:
        broken.error = e
print("== into a file that fails", *broken.getvalue().splitlines()[:2], broken.error, sep="\n")


# Names that are not UTF-8, and errors in the middle: what comes before them is printed.
def changed(address, data):
    prog.add_memory_segment(address, len(data), lambda a, n, o, p: data[o : o + n])


sources = [mnt.mnt_devname for mnt in for_each_mount()]
changed(sources[0].value_(), "ä€\U0001f600".encode() + b"\xff\xc3(\xe2\x82|\xed\xa0\x80\n\x1b\0")
section("odd names", print_mounts)
caches = list(for_each_slab_cache())
changed(caches[3].name.value_(), b"a\x80b\0")
changed(caches[9].list.next.address_of_().value_(), (0x10).to_bytes(8, "little"))
section("slab caches of a broken list", print_slab_caches)
changed(find_task(41).files.fdt.fd[2].address_of_().value_(), (0x20).to_bytes(8, "little"))
section("files, one of them broken", print_files, find_task(41))
