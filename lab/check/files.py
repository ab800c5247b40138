"""Open files of all processes: numbers, paths, pipes and sockets by their inodes."""

import labtruth
from drgn.helpers.linux.fs import d_path, fget, for_each_file
from drgn.helpers.linux.pid import find_task

check = labtruth.Check("open files")
stable = labtruth.stable()
ran = labtruth.ran_since(prog)


def link(file):
    """Return what the link /proc/PID/fd/N shows, but for ' (deleted)'."""
    inode = file.f_inode
    kind = inode.i_sb.s_type.name.string_().decode()
    if kind in ("sockfs", "pipefs"):
        return f"{ {'sockfs': 'socket', 'pipefs': 'pipe'}[kind] }:[{inode.i_ino.value_()}]"
    if kind == "anon_inodefs":
        return "anon_inode:" + file.f_path.dentry.d_name.name.string_().decode()
    if kind == "tmpfs" and inode.i_nlink == 0:  # a memfd: it is in no directory
        return "/" + file.f_path.dentry.d_name.name.string_().decode()
    return d_path(file.f_path.address_of_()).decode()


for pid, (_, lines) in labtruth.per_task("fds").items():
    if pid not in stable or pid in ran or not lines:
        continue
    try:
        task = find_task(prog, pid)
        files = dict(for_each_file(task))
        told = dict(line.split(" ", 1) for line in lines)
        check.equal(f"numbers of pid {pid}", sorted(files), sorted(int(fd) for fd in told))
        for fd, to in told.items():
            file = files.get(int(fd))
            if file is None:
                continue
            check.equal(f"fget({pid}, {fd})", fget(task, int(fd)).value_(), file.value_())
            check.equal(f"pid {pid} fd {fd}", link(file), to.removesuffix(" (deleted)"))
    except Exception as e:
        check.failed(f"pid {pid}", e)
check.done(at_least=1000)
