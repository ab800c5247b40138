"""Files that only the superuser may open."""

import os
import socket
import subprocess
import sys

__all__ = ("open_via_sudo",)

# What runs as the superuser: standard output is a socket. Its answer is the file, or the number of the error.
_CODE = """
import os, socket, sys
answer = socket.socket(fileno=1)
try:
    fd = os.open(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
except OSError as e:
    answer.sendall(b"%d" % e.errno)
else:
    socket.send_fds(answer, [b"0"], [fd])
os._exit(0)
"""


def open_via_sudo(path: "drgn.Path", flags: int, mode: int = 0o777) -> int:
    """Open a file as the superuser, through sudo, and return its descriptor: see os.open()."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            sudo = subprocess.Popen(["sudo", "--", sys.executable, "-c", _CODE, os.fsencode(path), str(flags), str(mode)], stdout=theirs)
        try:
            text, fds, _, _ = socket.recv_fds(ours, 16, 1)
        finally:
            status = sudo.wait()
    if fds:
        os.set_inheritable(fds[0], False)
        return fds[0]
    if text.isdigit():
        raise OSError(int(text), os.strerror(int(text)), os.fspath(path))
    raise subprocess.CalledProcessError(status, "sudo")
