package python

import "testing"

// What only a target has: modules, threads and stacks, on the bundled core.
func TestModulesThreadsStacks(t *testing.T) {
	script(t, true, `
from drgn import MainModule, Module, ModuleFileStatus, SourceLocation, SourceLocationList, StackFrame, StackTrace, Thread
m = prog.main_module()
assert isinstance(m, MainModule) and isinstance(m, Module) and list(prog.modules())[0].name == m.name == "kernel"
assert m.prog is prog and m.address_ranges == (m.address_range,) and m.address_range[0] <= prog.symbol("schedule").address < m.address_range[1]
assert len(m.build_id) == 20 and m.object.absent_
assert m.debug_file_status == ModuleFileStatus.HAVE and not m.wants_debug_file() and m.debug_file_path and m.debug_file_bias > 0
assert prog.module("kernel").name == prog.module(m.address_range[0]).name == "kernel"

t = prog.thread(1)
assert isinstance(t, Thread) and t.tid == 1 == t.object.pid and t.name == t.object.comm.string_().decode()
trace = t.stack_trace()
assert isinstance(trace, StackTrace) and trace.prog is prog and len(trace) == len(list(trace)) and trace[0].name == trace[0].function_name
assert str(trace) == str(prog.stack_trace(1)) == str(prog.stack_trace(t.object))
frame = trace[0]
assert isinstance(frame, StackFrame) and isinstance(frame.is_inline, bool) and not frame.interrupted
assert frame.pc == frame.register("rip") == frame.registers()["rip"] and frame.sp == frame.register("rsp")
assert frame.symbol().address <= frame.pc
assert all(name in f and f[name] is not None for f in trace for name in f.locals())
source = next(f.source() for f in trace if not f.is_inline)
assert isinstance(source, SourceLocation) and source.filename.endswith(".c") and source.line > 0 and source.column >= 0

places = prog.source_location("schedule")
assert isinstance(places, SourceLocationList) and places.prog is prog and len(places) == len(list(places)) == 1
assert places[0].name() == "schedule" and places[0].filename == "kernel/sched/core.c"
assert prog.source_location(prog.symbol("schedule").address)[0] == places[0]
`)
}
