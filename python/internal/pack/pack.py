"""Pack Python modules as marshalled code: run by the very interpreter that will load them.

pack.py DIRECTORY PREFIX OUTPUT

PREFIX is what the names of the source files get in tracebacks. The output is what package cpython describes: a header, a table,
the names, the code. A name of package drgn has the size and the checksum of its source behind it: see package python.
"""
import marshal
import os
import struct
import sys
import zlib

MAGIC = b"godrgn frozen 1\n"

# Not wanted: GUI toolkits, tests, what installs packages, other systems, and what only shared objects beside an
# installed Python could serve.
DROP = {
    "__hello__", "__phello__", "_aix_support", "_android_support", "_apple_support", "_ios_support", "_osx_support",
    "config-3.14-x86_64-linux-gnu", "ensurepip", "idlelib", "lib-dynload", "nturl2path", "site-packages", "test",
    "tkinter", "turtle", "turtledemo", "venv",
}


def modules(root):
    for base, dirs, files in os.walk(root):
        rel = os.path.relpath(base, root)
        dirs[:] = sorted(d for d in dirs if d != "__pycache__" and not (rel == "." and d in DROP))
        for f in sorted(files):
            if not f.endswith(".py") or rel == "." and f[:-3] in DROP:
                continue
            path = os.path.normpath(os.path.join(rel, f))
            name = path[:-3].replace("/", ".")
            package = name.endswith(".__init__")
            yield name.removesuffix(".__init__"), path, package


def main(root, prefix, out):
    names, blob, table = bytearray(), bytearray(), []
    for name, path, package in sorted(modules(root)):
        with open(os.path.join(root, path), "rb") as f:
            source = f.read()
        code = compile(source, prefix + path, "exec", dont_inherit=True, optimize=0)
        # What marshal writes depends on how often an object is referred to; loading once makes that the same always.
        data = marshal.dumps(marshal.loads(marshal.dumps(code)))
        if prefix == "<drgn>/":
            name += f":{len(source):x}:{zlib.crc32(source):08x}"
        blob += bytes(-len(blob) % 16)
        table.append((len(names), len(blob), len(data), package))
        names += name.encode() + b"\0"
        blob += data
    names += bytes(-(len(MAGIC) + 8 + 16 * len(table) + len(names)) % 16)
    with open(out, "wb") as f:
        f.write(MAGIC + struct.pack("<II", len(table), len(names)))
        for row in table:
            f.write(struct.pack("<IIII", *row))
        f.write(names)
        f.write(blob)


if __name__ == "__main__":
    main(*sys.argv[1:])
