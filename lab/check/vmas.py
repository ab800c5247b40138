"""Mappings of every process: addresses, permissions, offsets, files."""

import labtruth
from drgn.helpers.linux.fs import d_path
from drgn.helpers.linux.mm import for_each_vma
from drgn.helpers.linux.pid import find_task

VM_READ, VM_WRITE, VM_EXEC, VM_MAYSHARE = 1, 2, 4, 0x80

check = labtruth.Check("mappings")
expected = labtruth.stable()
page = prog["PAGE_SIZE"].value_()
mapped = 0
for pid, (_, lines) in labtruth.per_task("maps").items():
    if pid not in expected or not lines or lines[-1].startswith("[vsyscall]"):
        continue
    try:
        mm = find_task(prog, pid).mm
        found = []
        for vma in for_each_vma(mm):
            flags = vma.vm_flags.value_()
            mode = "".join(
                letter if flags & bit else "-"
                for letter, bit in (("r", VM_READ), ("w", VM_WRITE), ("x", VM_EXEC))
            ) + ("s" if flags & VM_MAYSHARE else "p")
            file = vma.vm_file
            offset = vma.vm_pgoff.value_() * page if file else 0
            path = d_path(file.f_path).decode() if file else ""
            mapped += bool(path)
            found.append((vma.vm_start.value_(), vma.vm_end.value_(), mode, offset, path))
    except Exception as e:
        check.failed(f"pid {pid}", e)
        continue
    said = []
    for line in lines:
        addresses, mode, offset, _, _, *name = line.split(None, 5)
        start, end = (int(a, 16) for a in addresses.split("-"))
        name = name[0] if name else ""
        if name in ("[vsyscall]", "[vectors]"):
            continue  # of the kernel, which shows them as if they were the process's
        said.append((start, end, mode, int(offset, 16), "" if name.startswith("[") else name))
    check.equal(f"pid {pid}: number of mappings", len(found), len(said))
    for f, s in zip(found, said):
        # A file without a name is shown by one that it never had, "/memfd:x (deleted)",
        # and one of an overlay by its place in the overlay, not below it.
        alike = f[4] and (s[4].endswith(" (deleted)") or s[4].endswith(f[4]))
        check.equal(f"pid {pid}", f[:4] + (s[4] if alike else f[4],), s)
check.note(f"{mapped} of files")
check.done(at_least=1000)
