"""Helpers of drgn.helpers.common and drgn.helpers.linux with arguments of their kind and, at times, of another."""

import importlib
import inspect
import pkgutil

import beside
import drgn.helpers.common
import drgn.helpers.linux
from beside import answer, questions
from drgn import *
from drgn.helpers.linux import *

T0, T1, T2 = prog["init_task"].address_of_(), find_task(prog, 1), find_task(prog, 2)
PAGE, SLABS, MODULES = virt_to_page(T1), find_slab_cache(prog, "dentry"), prog["modules"].address_of_()
MOUNT, ROOT, INODE = T1.fs.root.mnt, T1.fs.root.dentry, T1.fs.root.dentry.d_inode
FILE, VMA, DISK, MODULE = (next(iter(f)) for f in ([f for _, f in for_each_file(T1)], for_each_vma(T1.mm), for_each_disk(prog), for_each_module(prog)))
RQ, NODE, NET, CGROUP, IRQ = cpu_rq(prog, 0), NODE_DATA(prog, 0), prog["init_net"].address_of_(), prog["cgrp_dfl_root"].cgrp.address_of_(), irq_to_desc(prog, 1)
OTHER = Program(prog.platform)

# Arguments by the names of parameters.
RIGHT = {
    "prog": "prog", "task": "T0 T1 T2", "cpu": "0 1", "pid": "1 2 99999", "nid": "0", "node": "MODULES.next NODE", "mm": "T1.mm prog['init_mm'].address_of_()",
    "addr": "T1.value_() MODULES.value_() 0xffffffff81000000 0x1000", "page": "PAGE pfn_to_page(prog,1)", "pfn": "1 0x1000", "path": "'/' b'/dev/null' T1.fs.root.address_of_()",
    "name": "'dentry' b'lo' 'nope'", "net": "NET", "ns": "T1.nsproxy.pid_ns_for_children NET T1.nsproxy.ipc_ns", "sb": "INODE.i_sb", "mnt": "MOUNT", "dentry": "ROOT",
    "inode": "INODE", "file": "FILE", "fd": "0 1 77", "bitmap": "prog['__cpu_online_mask'].bits", "mask": "prog['__cpu_online_mask'].address_of_()", "rq": "RQ",
    "cfs_rq": "RQ.cfs.address_of_()", "head": "MODULES prog['slab_caches'].address_of_()", "type": "'struct module' prog.type('struct_task') 'void *'", "member": "'list' 'tasks' 'nope'",
    "pos": "MODULES.next", "entry": "T1 MODULE", "root": "INODE.i_mapping.i_mmap.rb_root.address_of_()", "mt": "T1.mm.mm_mt.address_of_()", "tree": "T1.mm.mm_mt.address_of_()",
    "xa": "INODE.i_mapping.i_pages.address_of_()", "index": "0 1 99", "idr": "prog['init_pid_ns'].idr.address_of_()", "id": "0 1 99", "slab_cache": "SLABS", "vma": "VMA",
    "disk": "DISK", "bdev": "DISK.part0", "irq": "0 1 4 999", "desc": "IRQ", "kn": "CGROUP.kn", "cgrp": "CGROUP", "css": "CGROUP.self.address_of_()",
    "dev": "DISK.part0.bd_device.address_of_() 0x100001", "flags": "0 1 0xffff", "value": "0 5", "size": "8 16", "ptr": "T1 prog['runqueues'].address_of_()", "module": "MODULE", "mod": "MODULE",
    "zone": "NODE.node_zones[0].address_of_()", "tg": "prog['root_task_group'].address_of_()", "kobj": "MODULE.mkobj.kobj.address_of_()", "order": "0 3", "state": "0 1 2", "sigset": "3 T1.blocked.address_of_()",
    "uid": "0 T1.cred.uid", "buf": "b'ab\\n'", "obj": "T1 5",
}
WRONG = "None -1 2**64 '' 1.5 [] prog OTHER T1.comm prog['init_task'] prog['jiffies'] NULL(prog,'void_*') Object(prog,'struct_task_struct') Object(prog,'int',-1)"


def argument(random, parameter):
    if random.random() < 0.1:
        known = WRONG
    else:
        known = RIGHT.get(parameter) or random.choice([RIGHT[k] for k in RIGHT if len(k) > 2 and k in parameter] or ["T1"])
    return random.choice(known.split()).replace("struct_task_struct", "struct task_struct").replace("void_*", "void *").replace("struct_task", "struct task_struct")


def helpers():
    """Return (module, name, parameters) of all helpers that print nothing."""
    for package in (drgn.helpers.common, drgn.helpers.linux):
        for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            module = importlib.import_module(info.name)
            for name in getattr(module, "__all__", ()):
                f = getattr(module, name)
                if not callable(f) or inspect.isclass(f) or name.startswith("print_"):
                    continue
                try:
                    parameters = inspect.signature(f).parameters.values()
                except ValueError:
                    continue
                yield info.name, name, [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def make(random, count):
    """Ask for count calls, but for each helper at least once."""
    known = sorted(helpers(), key=lambda h: h[:2])
    for module, name, parameters in known + random.choices(known, k=max(0, count - len(known))):
        required = sum(p.default is p.empty for p in parameters)
        arguments = [argument(random, p.name) for p in parameters[: random.choice([required, required, len(parameters)])]]
        yield name, f"importlib.import_module({module!r}).{name}({', '.join(arguments)})"


# Which attribute of a wrong argument is asked for first, or that it is none of what was wanted, is told in one of these.
beside.REFUSED = (TypeError, AttributeError)

for kind, question in questions(make):
    answer(kind, question, lambda: eval(question))
