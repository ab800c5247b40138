package python

import "testing"

// What Python is called for during a long call runs on the thread that made the call, as if that had called it: with its locks and
// its thread-local values, and within the limit on recursion. Each of these scripts would hang otherwise.
func TestCallbacksOnCallersThread(t *testing.T) {
	const start = `
import logging, sys, threading
from drgn import *
lock, here, seen = threading.RLock(), threading.local(), []
here.value = 5
def ask():
    with lock: seen.append(getattr(here, "value", None))
p = Program(Platform(Architecture.X86_64))
`
	for name, source := range map[string]string{
		"debug info finder": `
p.register_debug_info_finder("d", lambda modules: ask(), enable_index=0)
with lock: p.load_module_debug_info(p.extra_module("/x", create=True))
print(seen)`,
		"log handler": `
class Handler(logging.Handler):
    busy = False
    def emit(self, record):
        if not self.busy:
            self.busy = True
            ask()
            try: p.load_debug_info(["/nope1"]) # which logs, while logging holds this handler's lock
            except MissingDebugInfoError: pass
            self.busy = False
logging.getLogger("drgn").addHandler(Handler())
logging.getLogger("drgn").setLevel(10)
with lock:
    try: p.load_debug_info(["/nope"])
    except MissingDebugInfoError: pass
print(seen[:1] if set(seen) == {5} else seen)`,
		"memory reader in a search": `
def read(address, count, offset, physical):
    ask()
    return b"x" * count
p.add_memory_segment(0x1000, 1 << 24, read)
with lock:
    for n, at in enumerate(p.search_memory(b"xx")):
        if n == 100000: break
print(seen[:1] if set(seen) == {5} else seen)`,
		"memory reader in a walk": `
def read(address, count, offset, physical):
    ask()
    at = (offset // 16 + 1) % 5000
    return (0x10000 + at * 16 if offset % 16 == 0 else 0).to_bytes(8, "little")[:count]
p.add_memory_segment(0x10000, 16 * 5000, read)
from drgn.helpers.linux.list import list_for_each
u64 = p.int_type("u64", 8, False)
node = p.struct_type("list_head", 16, (TypeMember(lambda: p.pointer_type(node), "next"), TypeMember(lambda: p.pointer_type(node), "prev", 64)))
with lock:
    n = sum(1 for _ in list_for_each(Object(p, p.pointer_type(node), 0x10000)))
print(n > 3000 and seen[:1] if set(seen) == {5} else seen)`,
	} {
		t.Run(name, func(t *testing.T) {
			if out := script(t, false, start+source); out != "[5]\n" {
				t.Error(out)
			}
		})
	}
	t.Run("recursion", func(t *testing.T) {
		out := script(t, false, start+`
p.register_debug_info_finder("d", lambda modules: p.load_module_debug_info(*modules), enable_index=0)
try: p.load_module_debug_info(p.extra_module("/x", create=True))
except RecursionError: print("RecursionError", threading.active_count())`)
		if out != "RecursionError 1\n" {
			t.Error(out)
		}
	})
}
