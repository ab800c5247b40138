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

assembly = next(f for f in trace if f.function_name is None and f.name == "entry_SYSCALL_64")
assert assembly.source().name() == "entry_SYSCALL_64" and str(assembly.source()).startswith("entry_SYSCALL_64 at arch/x86/entry/entry_64.S:")

import contextlib, io
from drgn.helpers.common.stack import print_annotated_stack
from drgn.helpers.linux.stack import kernel_stack_trace
def annotated(trace):
    with contextlib.redirect_stdout(io.StringIO()) as out: print_annotated_stack(trace)
    return out.getvalue()
assert annotated(kernel_stack_trace(1)) == annotated(trace) and "[stack frame #3" in annotated(trace)

places = prog.source_location("schedule")
assert isinstance(places, SourceLocationList) and places.prog is prog and len(places) == len(list(places)) == 1
assert places[0].name() == "schedule" and places[0].filename == "kernel/sched/core.c"
assert prog.source_location(prog.symbol("schedule").address)[0] == places[0]
`)
}

// The symbols that are found together are those that are found one at a time, and stay when the list and the program go.
func TestAllSymbols(t *testing.T) {
	script(t, true, `
import gc
from drgn import Program, Symbol, SymbolBinding, SymbolIndex, SymbolKind, program_from_core_dump
symbols = prog.symbols()
named = {}
for s in symbols: named.setdefault(s.name, []).append(s)
assert len(symbols) > 1000 and len(named["schedule"]) == 1
for name in ("schedule", "init_task", "jiffies", "_text"):
    one, (s,) = prog.symbol(name), named[name]
    assert s == one and repr(s) == repr(one), (s, one)
    assert (s.name, s.address, s.size, s.binding, s.kind) == (one.name, one.address, one.size, one.binding, one.kind)
assert named["schedule"][0].binding is SymbolBinding.GLOBAL and named["schedule"][0].kind is SymbolKind.FUNC
assert SymbolIndex(symbols[:100])(prog, symbols[5].name, None, True)[0].name == symbols[5].name
try: symbols[0].name = ""
except AttributeError: pass
else: assert False

p = program_from_core_dump(prog.core_dump_path)
s = p.symbols()[-1]
text = repr(s)
del p
gc.collect()
assert repr(s) == text and s.name in text

p = Program()
p.register_symbol_finder("x", lambda prog, name, address, one: [Symbol("a\0b", 1, 2, SymbolBinding.WEAK, SymbolKind.TLS), Symbol("", 3, 0, SymbolBinding.LOCAL, SymbolKind.OBJECT)], enable_index=0)
assert [(s.name, s.address, s.size, s.binding, s.kind) for s in p.symbols()] == [("a", 1, 2, SymbolBinding.WEAK, SymbolKind.TLS), ("", 3, 0, SymbolBinding.LOCAL, SymbolKind.OBJECT)]
`)
}

// The kernel's modules and their debugging information, step by step.
func TestLoadDebugInfo(t *testing.T) {
	script(t, true, `
import logging, os, sys
from drgn import MissingDebugInfoError, ModuleFileStatus, Program, RelocatableModule, program_from_core_dump

records = []
class Records(logging.Handler):
    def emit(self, record):
        records.append((record.levelname, record.getMessage()))
logging.getLogger("drgn").addHandler(Records())
logging.getLogger("drgn").setLevel("DEBUG")
logging.getLogger("drgn").propagate = False

core = prog.core_dump_path
vmlinux = os.path.join(os.path.dirname(core), "vmlinux.zst")
p = Program()
p.debug_info_options.directories = p.debug_info_options.kernel_directories = ()
p.set_core_dump(core)
assert list(p.modules()) == []
try:
    p.load_default_debug_info()
    assert False
except MissingDebugInfoError as e:
    assert "kernel 6.12.117-godrgn" in str(e), e
assert ("WARNING", "missing debugging symbols for kernel 6.12.117-godrgn") in records, records
assert [(m.name, new) for m, new in p.loaded_modules()] == [("kernel", False)]
p.load_debug_info([vmlinux, "/nosuch"])
assert any(l == "WARNING" and "/nosuch: No such file or directory; ignoring" in m for l, m in records), records
assert any(l == "INFO" and m.startswith("kernel: using debug info file ") for l, m in records), records
m = p.main_module()
assert m.loaded_file_status == ModuleFileStatus.DONT_NEED and m.debug_file_status == ModuleFileStatus.HAVE and m.address_range
assert p["init_task"].comm.string_() == b"swapper/0"
from drgn.helpers.linux.module import for_each_module
for mod in for_each_module(p):
    m = p.linux_kernel_loadable_module(mod, create=True)
    assert isinstance(m, RelocatableModule) and m == p.linux_kernel_loadable_module(mod) and m.object == mod
    assert m.address == m.address_ranges[0][0] and m.section_addresses[".text"]
try:
    p.linux_kernel_loadable_module(p["init_task"].address_of_())
    assert False
except TypeError as e:
    assert str(e) == "struct module * is required"
p.create_loaded_modules()
p.load_debug_info(main=True)
`)
}
