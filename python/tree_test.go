package python

import "testing"

// TestTrees reads what notebooks are shown as XML: every element is closed, every text quoted.
func TestTrees(t *testing.T) {
	lines(t, script(t, true, expect+`
import drgn, xml.etree.ElementTree as xml
def tree(x): return xml.fromstring(x._repr_html_())
def texts(e): return ["".join(d.find("summary").itertext()) for d in e.iter("details")]
task = find_task(prog, 1)
whole = tree(task[0])
expect("folds", texts(whole)[:2] == ["(struct task_struct)", ".thread_info (struct thread_info)"] and whole.find("details").get("open") == "open")
expect("values", any("".join(d.itertext()) == '.comm (char [16]) "init"' for d in whole.iter("div")))
expect("members of a member without a name", any("".join(d.itertext()).startswith(".rcu_users (refcount_t)") or ".rcu_users" in "".join(d.itertext()) for d in whole.iter("details")))
many = tree(drgn.Object(prog, "struct task_struct [64]", address=task.value_()))
expect("an end", len(list(many.iter())) < 10000 and "and more" in "".join(many.itertext()))
for x in (task, task.comm, task.pid, drgn.Object(prog, "int", 3), drgn.Object(prog, "struct task_struct", absence_reason=drgn.AbsenceReason.OTHER)):
    expect(f"text: {x.type_.type_name()}", x._repr_html_() is None)
trace = stack_trace(1)
frames = tree(trace)
expect("frames", [t for t in texts(frames) if t.startswith("#")] == str(trace).splitlines())
expect("locals", any("".join(d.itertext()).startswith("wo (struct wait_opts *)") for d in frames.iter("div")))
expect("a frame", texts(tree(trace[4]))[0].startswith("#4"))
expect("memory that is not there", "address is not mapped" in "".join(tree(drgn.Object(prog, "struct list_head", address=8)).itertext()))
expect("elements", "and 4064 more" in "".join(tree(drgn.Object(prog, "struct list_head [4096]", address=prog.symbol("init_task").address)).itertext()))
`))
}
