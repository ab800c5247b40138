package python

import "testing"

// Modules that are imported again and again get the functions that they had, not new ones: there are 1,024 trampolines, and
// the program once ended with a Go panic when they were used up.
func TestImportAgain(t *testing.T) {
	out := script(t, false, `
import importlib, sys
import drgn
import drgn.helpers.common, drgn.helpers.linux

modules = sorted(m for m in sys.modules if m.startswith("drgn.helpers."))
before = importlib.import_module("drgn.helpers.linux.list").list_empty
for i in range(300):
    for m in modules if i % 100 == 0 else ["drgn.helpers.linux.list", "drgn.helpers.linux.mm"]:
        sys.modules.pop(m, None)
    again = importlib.import_module("drgn.helpers.linux.list").list_empty
    importlib.import_module("drgn.helpers.linux.mm")
try:
    again(1)
except TypeError as e:
    print(e)
assert before.__doc__ == again.__doc__ and before is not again
importlib.reload(sys.modules["drgn.helpers.linux.list"])
del sys.modules["_drgn"]
import _drgn
print("still here")
`)
	if want := "list_empty() argument 1 must be _drgn.Object, not int\nstill here\n"; out != want {
		t.Errorf("printed %q, want %q", out, want)
	}
}
