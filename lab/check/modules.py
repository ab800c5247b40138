"""Loaded modules: names, addresses, users; and symbols, of the kernel and of modules."""

import labtruth
from drgn.helpers.linux.module import for_each_module

check = labtruth.Check("facts about modules and symbols")
modules = {}
for module in for_each_module(prog):
    modules[module.name.string_().decode()] = module

lines = labtruth.read("modules")
check.equal("names of modules", sorted(modules), sorted(line.split()[0] for line in lines))
for line in lines:
    # name size users dependencies state address
    name, _, users, _, _, address = line.split()[:6]
    if name not in modules:
        continue
    try:
        module = modules[name]
        # Since 6.4, memory of each type has its own place.
        text = module.mem[prog.constant("MOD_TEXT")].base if hasattr(module, "mem") else module.core_layout.base
        check.equal(f"{name}: address", hex(text.value_()), hex(int(address, 16)))
        # The kernel holds one reference itself.
        check.equal(f"{name}: users", module.refcnt.counter.value_() - 1, int(users))
    except Exception as e:
        check.failed(name, e)

everything = [s for s in labtruth.kallsyms() if s.address]
# Of what lies at an address, the kernel does not name the compiler's and assembler's labels (is_mapping_symbol in
# include/linux/module_symbol.h), of which modules of RISC-V have a million.
symbols = [s for s in everything if s.kind in "tTdDbBrR" and not s.name.startswith((".L", "L0", "$"))]
count = {}
at = {}
for s in everything:
    count[s.name] = count.get(s.name, 0) + 1
    at.setdefault(s.address, set()).add(s.name)


def label(s, found):
    """Tell whether s is a place without size in what was found: labels of assembly code, which kallsyms has, too."""
    inside = found.name in at.get(found.address, ()) and 0 <= s.address - found.address < found.size
    return inside and any(x.address == s.address and x.size == 0 for x in prog.symbols(s.name))


in_modules = 0
for i, s in enumerate(symbols):
    if count[s.name] != 1 or i % (5 if s.module else 97) or s.module == "bpf" or s.name.startswith("__pfx_"):
        continue
    try:
        if s.module is None:
            check.equal(f"symbol({s.name})", hex(prog.symbol(s.name).address), hex(s.address))
        if s.kind in "tT":
            found = prog.symbol(s.address)
            in_modules += s.module is not None
            check.wrong_if(
                found.name not in at[s.address] and found.address != s.address and not label(s, found),
                f"symbol({s.address:#x}) is {found.name}, the guest says {s.name} [{s.module}]",
            )
    except Exception as e:
        check.failed(f"symbol {s.name} [{s.module}]", e)

check.note(f"{len(modules)} modules, {in_modules} symbols in them")
check.done(at_least=500)
