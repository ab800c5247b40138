package python

import "testing"

// A core and a debug file that are truncated while they are open raise exceptions that name them, and the session goes on.
func TestFilesShrink(t *testing.T) {
	script(t, true, `
import os, shutil, tempfile
from drgn import FaultError, Program
from drgn.helpers.linux.pid import for_each_task

with tempfile.TemporaryDirectory() as dir:
    core, vmlinux = os.path.join(dir, "vmcore"), os.path.join(dir, "vmlinux.zst")

    def opened():
        p = Program()
        p.debug_info_options.directories = p.debug_info_options.kernel_directories = ()
        shutil.copy(prog.core_dump_path, core)
        shutil.copy(os.path.join(os.path.dirname(prog.core_dump_path), "vmlinux.zst"), vmlinux)
        p.set_core_dump(core)
        p.load_debug_info([vmlinux])
        return p

    def fails(f, exception, path=core):
        try:
            f()
        except exception as e:
            assert path + " was truncated or can't be read while it is open" in str(e), e
        else:
            assert False, "no exception"

    p = opened()
    task = p["init_task"]
    os.truncate(core, 4096)
    fails(lambda: p.read(p.symbol("linux_banner").address, 16), FaultError)
    fails(lambda: list(for_each_task(p)), FaultError)
    fails(lambda: str(p["init_task"].comm.string_()), FaultError)
    fails(lambda: list(p.search_memory(b"swapper")), (FaultError, OSError))
    fails(lambda: p.threads().__next__().stack_trace(), FaultError)
    assert p.type("struct list_head").size == 16

    p = opened()
    tasks = for_each_task(p)
    next(tasks)
    os.truncate(core, 0)
    fails(lambda: [t.mm.pgd.value_() for t in tasks], FaultError)
    assert prog["init_task"].comm.string_() == b"swapper/0"
`)
}
