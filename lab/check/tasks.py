"""All tasks: pid, thread group, parent, name, state, namespaces, control group."""

import labtruth
from drgn.helpers.linux.cgroup import cgroup_path
from drgn.helpers.linux.pid import find_task, for_each_task
from drgn.helpers.linux.sched import task_state_to_char

PF_KTHREAD = 0x00200000
TASK_COMM_LEN = 16
TASK_WAKING = 0x0200


def task_state(task):
    """Return the state of a task, a number."""
    return (task.__state if hasattr(task, "__state") else task.state).value_()


check = labtruth.Check("facts about tasks")
expected = labtruth.stable()
everybody = labtruth.stats("stat2")
writer = int(labtruth.read("self")[0])

tasks = {}
for task in for_each_task(prog):
    pid = task.pid.value_()
    check.wrong_if(pid in tasks, f"pid {pid} comes twice")
    tasks[pid] = task

for pid in tasks:
    # Later than the guest's account: what packed it, and kernel workers.
    check.wrong_if(
        pid not in everybody and pid < writer, f"pid {pid} is not in the guest's account"
    )

awake = 0
for pid, stat in expected.items():
    try:
        task = tasks.get(pid)
        if task is None:
            # A kernel worker that had nothing to do has gone.
            check.wrong_if(not stat.comm.startswith("kworker/"), f"pid {pid} {stat.comm}: not found")
            continue
        check.equal(f"find_task({pid})", find_task(prog, pid).value_(), task.value_())
        comm = task.comm.string_().decode()
        if stat.flags & PF_KTHREAD:
            # /proc shows a kernel thread's full name, and what a worker works on.
            check.wrong_if(
                not stat.comm.startswith(comm) or (stat.comm != comm and len(comm) < TASK_COMM_LEN - 1 and not comm.startswith("kworker/")),
                f"pid {pid}: named {comm!r}, the guest says {stat.comm!r}",
            )
        else:
            check.equal(f"pid {pid} comm", comm, stat.comm)
        state = task_state_to_char(task)
        if state == "R" != stat.state and (task.on_rq or task_state(task) & TASK_WAKING):
            awake += 1  # since the guest looked
        elif not comm.startswith("kworker/"):
            check.equal(f"pid {pid} state", state, stat.state)
        check.equal(f"pid {pid} tgid", task.tgid.value_(), stat.tgid)
        parent = task.group_leader.real_parent.tgid.value_()
        check.equal(f"pid {pid} parent", parent, stat.ppid)
        check.equal(f"pid {pid} kernel thread", bool(task.flags.value_() & PF_KTHREAD), bool(stat.flags & PF_KTHREAD))
    except Exception as e:
        check.failed(f"pid {pid} {stat.comm}", e)

# Namespaces are numbered by inodes: "mnt mnt:[4026531841]".
for pid, (_, lines) in labtruth.per_task("ns").items():
    links = dict(line.split(" ", 1) for line in lines)
    if pid not in expected or pid not in tasks or not links or expected[pid].state == "Z":
        continue
    try:
        task = tasks[pid]
        proxy = task.nsproxy
        found = {
            "mnt": proxy.mnt_ns.ns.inum,
            "uts": proxy.uts_ns.ns.inum,
            "ipc": proxy.ipc_ns.ns.inum,
            "net": proxy.net_ns.ns.inum,
            "cgroup": proxy.cgroup_ns.ns.inum,
            "pid_for_children": proxy.pid_ns_for_children.ns.inum,
            "user": task.cred.user_ns.ns.inum,
        }
        for name, inum in found.items():
            if name in links:
                check.equal(f"pid {pid} namespace {name}", f"{name.split('_')[0]}:[{inum.value_()}]", links[name])
    except Exception as e:
        check.failed(f"pid {pid} namespaces", e)

for pid, (_, lines) in labtruth.per_task("cgroup").items():
    if pid not in expected or pid not in tasks or not lines or expected[pid].state == "Z":
        continue
    try:
        path = cgroup_path(tasks[pid].cgroups.dfl_cgrp)
        check.equal(f"pid {pid} control group", path.decode(), lines[-1].split(":", 2)[2])
    except Exception as e:
        check.failed(f"pid {pid} control group", e)

check.wrong_if(awake > 20, f"{awake} tasks run or wait for a processor, and slept when the guest looked")
check.note(f"{len(tasks)} tasks, {awake} awake since")
check.done(at_least=5 * len(expected) * 9 // 10)
