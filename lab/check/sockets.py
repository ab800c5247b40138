"""TCP and Unix sockets, and the network devices of the first namespace."""

import collections

import labtruth
from drgn.helpers.linux.fs import for_each_file
from drgn.helpers.linux.net import (
    SOCKET_I,
    SOCK_INODE,
    for_each_netdev,
    netdev_get_by_index,
    netdev_get_by_name,
    netdev_name,
    sk_nulls_for_each,
)
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.tcp import sk_tcpstate

check = labtruth.Check("sockets and network devices")


def told(sk):
    """Return what the guest tells of a TCP socket: addresses, ports, state."""
    c = sk.member_("__sk_common")
    return (
        c.skc_rcv_saddr.value_(),
        c.skc_num.value_(),
        c.skc_daddr.value_(),
        int.from_bytes(c.skc_dport.to_bytes_(), "big"),
        sk_tcpstate(sk).value_(),
    )


found = collections.Counter()
table = prog["tcp_hashinfo"]
for i in range(table.ehash_mask.value_() + 1):
    found.update(told(sk) for sk in sk_nulls_for_each(table.ehash[i].chain.address_of_()))
if hasattr(table, "listening_hash"):  # until 5.19
    listening = table.listening_hash
else:
    listening = [table.lhash2[i] for i in range(table.lhash2_mask.value_() + 1)]
for head in listening:
    found.update(told(sk) for sk in sk_nulls_for_each(head.nulls_head.address_of_()))
expected = collections.Counter()
for line in labtruth.read("tcp")[1:]:
    _, here, there, state, *_ = line.split()
    expected[(*(int(n, 16) for n in here.split(":")), *(int(n, 16) for n in there.split(":")), int(state, 16))] += 1
for sk in expected | found:
    check.equal(f"TCP sockets {sk}", found[sk], expected[sk])

inodes = set()
for task in for_each_task(prog):
    for fd, file in for_each_file(task):
        try:
            sock = SOCKET_I(file.f_inode)
        except ValueError:
            continue
        inodes.add(file.f_inode.i_ino.value_())
        check.equal(f"file of pid {task.pid.value_()} fd {fd}", sock.file.value_(), file.value_())
        check.equal(f"inode of pid {task.pid.value_()} fd {fd}", SOCK_INODE(sock).value_(), file.f_inode.value_())
for line in labtruth.read("unix")[1:]:
    inode = int(line.split()[6])
    # Those of connections that nobody has accepted have none.
    check.wrong_if(inode != 0 and inode not in inodes, f"Unix socket {inode} not found")

names = [netdev_name(dev).decode() for dev in for_each_netdev(prog)]
check.equal("devices", names, [line.split(":")[0].strip() for line in labtruth.read("dev")[2:]])
for dev in for_each_netdev(prog):
    check.equal("netdev_get_by_name", netdev_get_by_name(prog, netdev_name(dev)).value_(), dev.value_())
    check.equal("netdev_get_by_index", netdev_get_by_index(prog, dev.ifindex).value_(), dev.value_())
check.done(at_least=100)
