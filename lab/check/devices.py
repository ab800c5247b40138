"""Disks, device numbers, interrupts, memory of the machine and swap."""

import labtruth
from drgn import Architecture
from drgn.helpers.linux.block import disk_devt, disk_name, for_each_disk, for_each_partition, part_devt, part_name
from drgn.helpers.linux.device import MAJOR, MINOR, for_each_registered_blkdev, for_each_registered_chrdev
from drgn.helpers.linux.ioport import for_each_resource
from drgn.helpers.linux.irq import for_each_irq_desc, irq_desc_action_names, irq_desc_chip_name, irq_desc_kstat_cpu
from drgn.helpers.linux.swap import for_each_swap_info, swap_file_path, swap_usage_in_pages

check = labtruth.Check("facts about devices")

# major minor blocks name; what has no size is not listed.
told = {}
for line in labtruth.read("partitions")[2:]:
    major, minor, blocks, name = line.split()
    told[name] = (int(major), int(minor))
disks = {disk_name(disk).decode(): disk_devt(disk) for disk in for_each_disk(prog)}
parts = {part_name(part).decode(): part_devt(part) for part in for_each_partition(prog)}
for name, number in told.items():
    for what, found in (("disk", disks), ("partition", parts)):
        check.wrong_if(name not in found, f"{what} {name} not found in {sorted(found)}")
        if name in found:
            check.equal(f"{what} {name}", (MAJOR(found[name]), MINOR(found[name])), number)
# All disks of the guest are loop devices, zram or virtio.
for name in disks:
    check.wrong_if(not name.startswith(("loop", "zram", "vd")), f"a disk {name}")

# "Character devices:" and "Block devices:", each with lines of major and name.
lists = {"Character": set(), "Block": set()}
for line in labtruth.read("devices"):
    words = line.split(maxsplit=1)
    if line.endswith("devices:"):
        current = lists[words[0]]
    elif words:
        current.add((int(words[0]), words[1]))
# A driver may have registered several ranges under one name, which the guest lists each once for a major number.
char = {(MAJOR(number), name.decode()) for number, _, name, _ in for_each_registered_chrdev(prog)}
block = {(number, name.decode()) for number, name, _ in for_each_registered_blkdev(prog)}
check.equal("character devices", sorted(char), sorted(lists["Character"]))
check.equal("block devices", sorted(block), sorted(lists["Block"]))

# "  4:   14    0   IO-APIC   4-edge      ttyS0", "11:   4338   4274  GIC-0  27 Level   arch_timer", or, with a chip's name of two
# words, "13:   12    0  SiFive PLIC  10 Edge      ttyS0"
lines = labtruth.read("interrupts")
cpus = len(lines[0].split())
told = {}
for line in lines[1:]:
    number, _, rest = line.partition(":")
    if number.strip().isdigit():
        words = rest.split()
        if words[cpus + 1 : cpus + 2] and words[cpus + 1].isalpha():
            words[cpus : cpus + 2] = [" ".join(words[cpus : cpus + 2])]
        if words[cpus + 2 : cpus + 3] in (["Level"], ["Edge"]):
            del words[cpus + 2]
        told[int(number)] = ([int(n) for n in words[:cpus]], words[cpus], " ".join(words[cpus + 2 :]))
found = dict(for_each_irq_desc(prog))
for number, (counts, chip, actions) in told.items():
    check.wrong_if(number not in found, f"interrupt {number} not found")
    if number in found:
        desc = found[number]
        check.equal(f"actions of interrupt {number}", ", ".join(n.decode() for n in irq_desc_action_names(desc)), actions)
        name = irq_desc_chip_name(desc)
        if name is None:  # it has a function that prints one
            check.wrong_if(not desc.irq_data.chip.irq_print_chip, f"chip of interrupt {number} has no name, the guest says {chip}")
        else:
            check.equal(f"chip of interrupt {number}", name.decode(), chip)
        now = [irq_desc_kstat_cpu(desc, cpu) for cpu in range(cpus)]
        check.wrong_if(any(n < c for n, c in zip(now, counts)), f"interrupt {number} fired {now} times, {counts} before")

# "  00001000-0009fbff : System RAM", indented by how deep it lies.
told = []
for line in labtruth.read("iomem"):
    place, name = line.split(" : ", 1)
    start, _, end = place.strip().partition("-")
    told.append((int(start, 16), int(end, 16), name))
found = []
for resource in for_each_resource(prog["iomem_resource"].address_of_()):
    if resource.value_() != prog["iomem_resource"].address_:
        found.append((resource.start.value_(), resource.end.value_(), resource.name.string_().decode() if resource.name else "<BAD>"))
check.equal("resources", found, told)

told = {line.split()[0]: int(line.split()[3]) for line in labtruth.read("swaps")[1:]}
found = {swap_file_path(info).decode(): swap_usage_in_pages(info) * prog["PAGE_SIZE"].value_() // 1024 for info in for_each_swap_info(prog)}
check.equal("places to swap to", sorted(found), sorted(told))
for path in told:
    check.equal(f"swapped to {path}", found.get(path), told[path])
check.note(f"{len(disks)} disks")
# s390x has one interrupt for all of a kind, and memory of nothing but the kernel; QEMU's riscv64 has four interrupts.
check.done(at_least=30 if prog.platform.arch in (Architecture.S390X, Architecture.RISCV64) else 60)
