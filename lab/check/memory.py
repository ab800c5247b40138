"""Watermarks and sizes of zones, slab caches, huge pages."""

import labtruth
from drgn.helpers.linux.hugetlb import for_each_hstate, huge_page_size, hugetlb_total_usage
from drgn.helpers.linux.mmzone import (
    for_each_online_pgdat,
    for_each_present_section,
    high_wmark_pages,
    low_wmark_pages,
    min_wmark_pages,
    nr_to_section,
    online_section,
    section_decode_mem_map,
    section_nr_to_pfn,
    valid_section,
)
from drgn.helpers.linux.mm import pfn_to_page
from drgn.helpers.linux.slab import for_each_slab_cache, get_slab_cache_aliases, slab_cache_usage

check = labtruth.Check("facts about memory")

# Zones: "Node 0, zone      DMA", then lines of a name and a number.
zones, zone = {}, None
for line in labtruth.read("zoneinfo"):
    words = line.split()
    if line.startswith("Node"):
        zone = zones.setdefault((int(words[1].rstrip(",")), words[3]), {})
    elif len(words) == 2 and words[1].isdigit():
        zone.setdefault(words[0], int(words[1]))
for node in for_each_online_pgdat(prog):
    for zone in node.node_zones:
        zone = zone.address_of_()
        told = zones.pop((node.node_id.value_(), zone.name.string_().decode()))
        of = zone.name.string_()
        check.equal(f"min of {of}", min_wmark_pages(zone), told["min"])
        check.equal(f"low of {of}", low_wmark_pages(zone), told["low"])
        check.equal(f"high of {of}", high_wmark_pages(zone), told["high"])
check.equal("zones that are not found", zones, {})

# A kernel with CONFIG_FLATMEM has one array of struct pages instead. Others without NUMA have the variable, too: it is null.
flat = "mem_map" in prog and prog["mem_map"].value_() != 0
if flat:
    check.equal("first struct page", pfn_to_page(prog, prog["min_low_pfn"]).value_(), prog["mem_map"].value_())
for number, section in () if flat else for_each_present_section(prog):
    check.equal(f"section {number}", nr_to_section(prog, number).value_(), section.value_())
    check.wrong_if(not valid_section(section) or not online_section(section), f"section {number} is not in use")
    first = pfn_to_page(prog, section_nr_to_pfn(prog, number))
    check.equal(f"first page of section {number}", section_decode_mem_map(section, number).value_(), first.value_())

# Slab caches change while the guest writes of them: most must be as it says.
told = {}
for line in labtruth.read("slabinfo")[2:]:
    name, active, objects, *_, slabs, _ = line.split()
    told[name] = (int(active), int(objects), int(slabs))
same = caches = 0
for cache in for_each_slab_cache(prog):
    caches += 1
    name = cache.name.string_().decode()
    usage = slab_cache_usage(cache)
    check.wrong_if(name not in told, f"{name} is not one of the guest's caches")
    active, objects, slabs = told.pop(name, (0, 0, 0))
    # The guest counts what CPUs keep for themselves as in use; slab_cache_usage() knows it to be free.
    same += (objects, slabs) == (usage.num_objs, usage.num_slabs) and usage.active_objs <= active
    check.equal(f"objects of {name}", usage.num_objs >= usage.free_objs, True)
check.equal("caches that are not found", told, {})
check.wrong_if(caches < 100 or same < caches * 85 // 100, f"only {same} of {caches} caches are as the guest says")
check.note(f"{same} of {caches} slab caches unchanged")
names = {cache.name.string_().decode() for cache in for_each_slab_cache(prog)}
for alias, name in get_slab_cache_aliases(prog).items():
    check.wrong_if(alias in names or name not in names, f"{alias} is another name of {name}")

meminfo = {line.split(":")[0]: int(line.split()[1]) for line in labtruth.read("meminfo")}
if "hugetlb_max_hstate" not in prog:  # without CONFIG_HUGETLBFS
    check.equal("sizes of huge pages", "Hugepagesize" in meminfo, False)
    check.done(at_least=100)
check.equal("huge pages", hugetlb_total_usage(prog).pages * prog["PAGE_SIZE"].value_(), meminfo.get("Hugetlb", 0) * 1024)
sizes = [huge_page_size(h).value_() for h in for_each_hstate(prog)]
if "Hugepagesize" in meminfo:
    check.wrong_if(meminfo["Hugepagesize"] * 1024 not in sizes, "size of huge pages")
else:  # the processor can't have them
    check.equal("sizes of huge pages", sizes, [])
check.done(at_least=100)
