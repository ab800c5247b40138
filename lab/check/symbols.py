"""Symbols that the kernel keeps of itself and its modules."""

import collections

import labtruth
from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms, module_kallsyms
from drgn.helpers.linux.module import for_each_module

check = labtruth.Check("symbols")
# What the guest lists after its modules is made while it runs: code of BPF, ftrace and kprobes.
made = {"bpf", "__builtin__ftrace", "__builtin__kprobes"}
expected = collections.defaultdict(collections.Counter)
for symbol in labtruth.kallsyms():
    if symbol.module not in made:
        expected[symbol.module][(symbol.address, symbol.name)] += 1

found = {None: collections.Counter((s.address, s.name) for s in load_vmlinux_kallsyms(prog)(prog, None, None, False))}
for module in for_each_module(prog):
    found[module.name.string_().decode()] = collections.Counter((s.address, s.name) for s in module_kallsyms(module))
for name in expected.keys() | found.keys():
    have, want = found.get(name, collections.Counter()), expected[name]
    for symbol in have | want:
        check.wrong_if(have[symbol] != want[symbol], f"{name or 'kernel'}: {symbol}: found {have[symbol]}, the guest has {want[symbol]}")
check.done(at_least=10000)
