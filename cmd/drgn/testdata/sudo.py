# Opens files as a "sudo" does that changes nothing.
import os
import sys

from drgn.internal.sudohelper import open_via_sudo

directory = sys.argv[1]
with open(directory + "/sudo", "w") as f:
    f.write('#!/bin/sh\nshift\nexec "$@"\n')
os.chmod(directory + "/sudo", 0o755)
os.environ["PATH"] = directory + ":" + os.environ["PATH"]
with open(directory + "/file", "w") as f:
    f.write("drgn-of-sudo ok")
fd = open_via_sudo(directory + "/file", os.O_RDONLY)
assert not os.get_inheritable(fd)
print(os.read(fd, 100).decode())
try:
    open_via_sudo(directory + "/nosuch", os.O_RDONLY)
except OSError as e:
    print(type(e).__name__)
