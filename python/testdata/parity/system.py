# Calls and numbers that the C library has which Debian's Python was built for, and the one that the program embeds was not. A kernel, or what
# confines us, may lack a call.
import errno, fcntl, mmap, os, select, signal, socket, time
def allowed(do):
    try:
        return do()
    except OSError as e:
        return "as it should be" if e.errno in (errno.ENOSYS, errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP) else e

fd = os.memfd_create("ours")
os.write(fd, b"0123456789"), os.fstat(fd).st_size, os.get_inheritable(fd)
os.get_inheritable(os.memfd_create("theirs", 0))
os.memfd_create("a\0b")
os.memfd_create(5)
os.memfd_create("x", 0x40000000)
allowed(lambda: signal.pidfd_send_signal(os.pidfd_open(os.getpid()), 0)) in (None, "as it should be")
signal.pidfd_send_signal(99, 0, 5)
os.pidfd_open("x")
os.copy_file_range(fd, fd, -1)
to = os.memfd_create("to")
allowed(lambda: (os.copy_file_range(fd, to, 4, 1, 20), os.fstat(to).st_size)) in ((4, 24), "as it should be")
os.memfd_create.__module__, signal.pidfd_send_signal.__module__, "memfd_create" in os.__all__
time.CLOCK_TAI, select.EPOLLEXCLUSIVE, mmap.MADV_FREE, socket.IPPROTO_MPTCP, socket.TCP_INQ, os.MFD_HUGE_16GB, os.P_PIDFD, os.CLONE_NEWCGROUP
[(name, getattr(fcntl, name)) for name in sorted(dir(fcntl)) if name.startswith(("F_OFD", "F_SEAL", "F_ADD", "F_GET_", "F_SET_", "RWH", "FICLONE"))]
[(name, getattr(os, name)) for name in sorted(dir(os)) if name.startswith(("MFD_", "CLONE_", "PIDFD"))]
