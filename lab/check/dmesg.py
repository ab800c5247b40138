"""The kernel log: every line the guest had read is there."""

import re

import labtruth
from drgn.helpers.linux.printk import get_dmesg

check = labtruth.Check("log lines")
found = get_dmesg(prog).decode(errors="surrogateescape").splitlines()
stamp = ""
for i, line in enumerate(found):  # the kernel says the time of each line
    if time := re.match(r"\[ *\d+\.\d+\] ", line):
        stamp = time[0]
    else:
        found[i] = stamp + line
said = [re.sub(r"^<\d+>", "", line) for line in labtruth.read("dmesg")]
check.equal("the log's beginning", found[:1], said[:1])
have = set(found)
for line in said:
    check.wrong_if(line not in have, f"no {line!r}")
check.done(at_least=100)
