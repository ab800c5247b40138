"""Control groups: the tree of the default hierarchy, paths both ways, and who is in them."""

import collections

import labtruth
from drgn.helpers.linux.cgroup import (
    cgroup_get_from_path,
    cgroup_name,
    cgroup_parent,
    cgroup_path,
    css_for_each_child,
    css_for_each_descendant_pre,
)
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.pid import find_task, for_each_task

check = labtruth.Check("facts about control groups")
MOUNT = "/sys/fs/cgroup"
expected = {line[len(MOUNT) :] or "/" for line in labtruth.read("cgroup-directories")}

root = prog["cgrp_dfl_root"].cgrp
groups = {}
for css in css_for_each_descendant_pre(root.self.address_of_()):
    groups[cgroup_path(css.cgroup).decode()] = css.cgroup
check.equal("paths", sorted(groups), sorted(expected))
for path, group in groups.items():
    check.equal(f"group of {path}", cgroup_get_from_path(prog, path).value_(), group.value_())
    above, _, name = path.rpartition("/")
    check.equal(f"name of {path}", cgroup_name(group).decode(), name or "/")
    parent = cgroup_parent(group)
    if path == "/":
        check.equal("what the root is in", parent.value_(), 0)
    else:
        check.equal(f"parent of {path}", cgroup_path(parent).decode(), above or "/")
    children = {cgroup_path(css.cgroup).decode() for css in css_for_each_child(group.self.address_of_())}
    below = {p for p in expected if p != "/" and (p.rpartition("/")[0] or "/") == path}
    check.equal(f"groups in {path}", sorted(children), sorted(below))

# Each task is on the list of its css_set, and its css_set on that of its group.
told = {}
stable = labtruth.stable()
for pid, (_, lines) in labtruth.per_task("cgroup").items():
    if lines and pid in stable and stable[pid].state != "Z":
        told[pid] = lines[-1].split(":", 2)[2]
found = collections.defaultdict(set)
for path, group in groups.items():
    for link in list_for_each_entry("struct cgrp_cset_link", group.cset_links.address_of_(), "cset_link"):
        for tasks in (link.cset.tasks, link.cset.mg_tasks):
            for task in list_for_each_entry("struct task_struct", tasks.address_of_(), "cg_list"):
                found[task.tgid.value_()].add(path)
for pid, path in told.items():
    if stable[pid].comm.startswith("kworker/") and not find_task(prog, pid):
        continue  # one that had nothing to do for five minutes has gone
    check.equal(f"group of pid {pid}", found[pid], {path})
threads = sum(1 for task in for_each_task(prog))
check.note(f"{len(groups)} groups, {threads} tasks")
check.done(at_least=100)
