"""System V IPC, BPF maps."""

import labtruth
from drgn.helpers.linux.bpf import bpf_map_by_id, bpf_map_for_each, bpf_prog_for_each
from drgn.helpers.linux.ipc import (
    find_sysv_msg_queue,
    find_sysv_sem_array,
    find_sysv_shm,
    for_each_sysv_msg_queue,
    for_each_sysv_sem_array,
    for_each_sysv_shm,
)

check = labtruth.Check("facts about IPC")


def table(name):
    """Return the lines of a file below a heading, each as {column: number}."""
    heading, *lines = labtruth.read(name)
    return [dict(zip(heading.split(), line.split())) for line in lines]


def compare(what, walk, find, perm, told, identifier, columns):
    """Hold the objects of one kind against the guest's lines of it."""
    found = {getattr(o, perm).id.value_(): o for o in walk(prog)}
    check.equal(what, sorted(found), sorted(int(line[identifier]) for line in told))
    for line in told:
        number = int(line[identifier])
        if number not in found:
            continue
        o = found[number]
        check.equal(f"find {what} {number}", find(prog, number).value_(), o.value_())
        check.equal(f"key of {what} {number}", getattr(o, perm).key.value_(), int(line["key"]))
        check.equal(f"mode of {what} {number}", f"{getattr(o, perm).mode.value_() & 0o777:o}", line["perms"])
        for column, member in columns.items():
            check.equal(f"{column} of {what} {number}", getattr(o, member).value_(), int(line[column]))


compare("queue", for_each_sysv_msg_queue, find_sysv_msg_queue, "q_perm", table("msg"), "msqid",
        {"cbytes": "q_cbytes", "qnum": "q_qnum", "ctime": "q_ctime"})
compare("memory", for_each_sysv_shm, find_sysv_shm, "shm_perm", table("shm"), "shmid",
        {"size": "shm_segsz", "nattch": "shm_nattch", "ctime": "shm_ctim"})
compare("semaphores", for_each_sysv_sem_array, find_sysv_sem_array, "sem_perm", table("sem"), "semid",
        {"nsems": "sem_nsems", "ctime": "sem_ctime"})

# The crowd pins one map: a hash of 64 entries, of 4 bytes to 8. The kernel may have some of its own.
maps = list(bpf_map_for_each(prog))
own = [m for m in maps if (m.key_size.value_(), m.value_size.value_(), m.max_entries.value_()) == (4, 8, 64)]
check.equal("maps of the crowd", len(own), 1)
for m in own:
    check.equal("type of the map", m.map_type.format_(type_name=False), "BPF_MAP_TYPE_HASH")
for m in maps:
    check.equal(f"map {m.id.value_()}", bpf_map_by_id(prog, m.id).value_(), m.value_())
check.note(f"{len(maps)} maps, {sum(1 for _ in bpf_prog_for_each(prog))} BPF programs")
check.done(at_least=20)
