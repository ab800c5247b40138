package python

import "testing"

// TestHelpersAreFunctions uses helpers as Python's own functions are used: they bind self, can be patched, pickled and looked into.
func TestHelpersAreFunctions(t *testing.T) {
	lines(t, script(t, true, expect+`
import inspect, pickle, sys, types, typing, unittest.mock
import drgn
from drgn import Object, Program
from drgn.helpers.common.memory import identify_address
from drgn.helpers.linux import pid
from drgn.helpers.linux.bitops import for_each_set_bit
from drgn.helpers.linux.boot import kaslr_offset
from drgn.helpers.linux.list import list_empty, list_for_each_entry
from drgn.helpers.linux.mm import PageUsage
from drgn.helpers.linux.pid import find_task, for_each_task
from drgn.helpers.linux.swap import swap_total_usage

namespace = prog["init_pid_ns"].address_of_()
expect("functions", all(inspect.isfunction(f) and not inspect.isbuiltin(f) for f in (find_task, list_empty, identify_address, for_each_set_bit)))
expect("names", (find_task.__module__, find_task.__name__, find_task.__qualname__) == ("drgn.helpers.linux.pid", "find_task", "find_task"))
expect("code", list_for_each_entry.__code__.co_varnames == ("type", "head", "member") and list_for_each_entry.__defaults__ is None)
expect("defaults", for_each_task.__wrapped__.__kwdefaults__ == {"idle": False} and pid.for_each_task_in_group.__defaults__ == (False,))
expect("wrapped", inspect.unwrap(find_task) is find_task.__wrapped__ is not find_task and not hasattr(list_empty, "__wrapped__"))
expect("parameters of what is wrapped", list(inspect.signature(find_task.__wrapped__).parameters) == ["prog", "ns", "pid"])
expect("calls of what is wrapped", find_task.__wrapped__(prog, None, 1) == find_task.__wrapped__(prog, namespace, 1) == find_task(1) != find_task(2))
expect("a program is wanted there", kaslr_offset.__wrapped__(prog) == kaslr_offset() == kaslr_offset(prog=prog))
raises("no program", TypeError, lambda: kaslr_offset.__wrapped__())
expect("annotations", list_empty.__annotations__ == {"head": Object, "return": bool} and swap_total_usage.__annotations__ == {"prog": Program, "return": PageUsage})
expect("hints", typing.get_type_hints(find_task) == {"prog": Program, "ns": typing.Optional[Object], "pid": drgn.IntegerLike, "return": Object})
signature = inspect.signature(find_task)
expect("a signature", type(signature) is inspect.Signature is type(find_task.__signature__) and signature == inspect.signature(find_task))
expect("its parameters", list(signature.parameters) == ["ns", "pid"] and signature.parameters["ns"].annotation == Object | Program)
expect("a signature by its attributes", for_each_task.__signature__.return_annotation == typing.Iterator[Object])
expect("a generator", inspect.isgeneratorfunction(for_each_set_bit) and not inspect.isgeneratorfunction(list_empty))
expect("the source", inspect.getsource(list_empty).splitlines()[1] == "def list_empty(head: Object) -> bool:")
expect("pickled", pickle.loads(pickle.dumps(find_task)) is find_task)
expect("copied", types.FunctionType(list_empty.__code__, list_empty.__globals__)(prog["init_task"].tasks.address_of_()) is False)
class Task:
    comm = property(lambda self: self.found)
    list_empty = list_empty
    find = find_task
raises("self is bound", TypeError, Task().list_empty)
raises("self is bound by a wrapper", TypeError, lambda: Task().find(1))
with unittest.mock.patch.object(pid, "find_task", autospec=True) as patched:
    patched.return_value = None
    expect("patched", pid.find_task(prog, 1) is None)
    raises("as it is called", TypeError, lambda: pid.find_task(prog, 1, 2, 3))
expect("no longer", pid.find_task is find_task)
for_each_task.mark = 1
expect("attributes of its own", vars(for_each_task)["mark"] == 1)
expect("docstrings", "\nns is a struct pid_namespace *." in inspect.getdoc(find_task) and inspect.getdoc(find_task).endswith("pid is the number of a process."))
expect("keywords", find_task(ns=namespace, pid=1) == find_task(prog=prog, pid=1) == find_task(*[prog], **{"pid": 1}))
raises("no such keyword", TypeError, lambda: find_task(prog, number=1))
raises("too many arguments", TypeError, lambda: list_empty(1, 2))
if sys.version_info >= (3, 12):  # a generator of 3.11 makes another exception of it
    raises("thrown into a walk", StopIteration, lambda: for_each_task(prog).throw(StopIteration("here")))
import importlib, pkgutil
import drgn.helpers
bare = []
for found in pkgutil.walk_packages(drgn.helpers.__path__, "drgn.helpers."):
    module = importlib.import_module(found.name)
    for name in getattr(module, "__all__", ()):
        f = inspect.unwrap(getattr(module, name))
        if inspect.isfunction(f) and not name.startswith("takes_"):
            bare += [(found.name, name) for p in inspect.signature(f).parameters.values() if p.annotation is p.empty or inspect.signature(f).return_annotation is p.empty]
print(bare) if bare else expect("all have annotations", True)
if sys.version_info >= (3, 14):
    import annotationlib
    expect("annotations as text", annotationlib.get_annotations(find_task, format=annotationlib.Format.STRING) ==
           {"prog": "Program", "ns": "Optional[Object]", "pid": "IntegerLike", "return": "Object"})
    expect("annotations later", annotationlib.get_annotations(list_empty, format=annotationlib.Format.FORWARDREF) == list_empty.__annotations__)
`))
}

// TestOddArguments gives helpers what drgn's take, too: no object, a structure in place of a pointer, numbers that wrap.
func TestOddArguments(t *testing.T) {
	lines(t, script(t, true, expect+`
from drgn.helpers.linux import *
css = find_task(prog, 1).cgroups.dfl_cgrp.self.address_of_()
null = type(css)(prog, css.type_, 0)
expect("the first child", css_next_child(None, css) == css_next_child(null, css))
expect("the first of all", css_next_descendant_pre(None, css) == css and css_next_descendant_pre(None, css[0]).type_ == css[0].type_)
mount = next(iter(for_each_mount(prog)))
expect("a mount", mount_dst(mount[0]) == mount_dst(mount))
tree = prog["iomem_resource"]
found = list(for_each_resource(tree))
expect("a tree of resources", found[0].type_ == tree.type_ and found[1:] == list(for_each_resource(tree.address_of_()))[1:])
expect("a negative number", pfn_to_page(prog, -1) == pfn_to_page(prog, 2**64 - 1) and pfn_to_page(prog, -2**63 - 1) == pfn_to_page(prog, 2**63 - 1))
raises("a large one", OverflowError, lambda: pfn_to_page(prog, 2**64))
raises("a large negative one", OverflowError, lambda: pfn_to_page(prog, -2**64))
raises("no number", TypeError, lambda: pfn_to_page(prog, "1"))
`))
}

// TestHelpersSeen looks at helpers with what sees calls of Python: profilers and tracers count and show them; code and defaults that are given
// to one are those that count.
func TestHelpersSeen(t *testing.T) {
	lines(t, script(t, true, expect+`
import cProfile, pstats, sys
from drgn.helpers.linux.list import list_empty
from drgn.helpers.linux.pid import find_task, for_each_task
from drgn.helpers.linux.sched import task_cpu, task_state_to_char

init = find_task(1)
code = task_state_to_char.__code__
task_state_to_char.__code__ = (lambda task: 42).__code__
expect("other code", task_state_to_char(init) == 42)
task_state_to_char.__code__ = code
task_state_to_char.__defaults__ = (init,)
expect("defaults", task_state_to_char() == task_state_to_char(init) == "S")
task_state_to_char.__defaults__ = None
raises("no defaults any more", TypeError, lambda: task_state_to_char())

def work():
    for i in range(10):
        task_cpu(init)
        find_task(i)


profile = cProfile.Profile()
profile.runcall(work)
counts = {name.split(".")[-1].strip("{}<>"): calls[0] for (_, _, name), calls in pstats.Stats(profile).stats.items()}
expect("profile", counts.get("task_cpu") == counts.get("find_task") == 10)
seen = []
sys.settrace(lambda frame, event, arg: seen.append(frame.f_code.co_name))
list_empty(init.tasks.address_of_())
sys.settrace(None)
expect("trace", seen == ["list_empty"])
expect("walks afterwards", [t.pid.value_() for t in for_each_task(prog)][:2] == [1, 2] and find_task(2).pid == 2)
`))
}
