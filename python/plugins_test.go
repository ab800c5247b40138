package python

import "testing"

// TestPlugins gives a program what it debugs, and looks at which plugins were told, in which order, and what was logged: as drgn 0.3.0
// did with the same files.
func TestPlugins(t *testing.T) {
	lines(t, script(t, false, expect+`
import logging, os, sys
import drgn
from drgn import Program

base = os.path.dirname(os.path.abspath(sys.argv[0]))
def write(path, text):
    os.makedirs(os.path.dirname(f"{base}/{path}"), exist_ok=True)
    with open(f"{base}/{path}", "w") as f:
        f.write(text)
    return f"{base}/{path}"
hook = "import sys\ndef drgn_prog_set(prog): sys.seen.append(({!r}, prog.flags.name))\n"
ends = write("ends.py", "raise SystemExit(5)")
exits = write("exits.py", "def drgn_prog_set(prog): raise SystemExit(6)")
late = write("late.py", hook.format("late") + "drgn_prog_set.drgn_priority = 100")
early = write("early.py", hook.format("early") + "drgn_prog_set.drgn_priority = 10")
fails = write("fails.py", "def drgn_prog_set(prog): raise ValueError('boom')")
bad = write("bad.py", "raise RuntimeError('bad')")
write("site/some-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: some\nVersion: 1.0\n")
write("site/some-1.0.dist-info/entry_points.txt", "[drgn.plugins]\nmine = some.mine\nother = some.other\nholder = some.other:holder\nnone = some.nosuch\n")
write("site/some/__init__.py", "")
write("site/some/mine.py", hook.format("mine"))
write("site/some/other.py", hook.format("other") + "class holder:\n    @staticmethod\n    def drgn_prog_set(prog): sys.seen.append(('holder', 0))\n")

records = []
class Handler(logging.Handler):
    def emit(self, record): records.append((record.levelname, record.getMessage(), record.exc_info and record.exc_info[0].__name__))
logging.getLogger("drgn.plugins").addHandler(Handler())
logging.getLogger("drgn.plugins").setLevel(logging.DEBUG)
logging.getLogger("drgn.plugins").propagate = False

def told(plugins, disabled=""):
    from drgn import _plugins
    _plugins._plugins = None  # a new process
    _plugins._hooks.clear()
    os.environ["DRGN_PLUGINS"], os.environ["DRGN_DISABLE_PLUGINS"] = plugins, disabled
    sys.seen = []
    records.clear()
    Program().set_pid(os.getpid())
    return [name for name, _ in sys.seen]

expect("none", told("") == [] and records == [])
expect("files", told(f"x={late},y={early},,z={fails},b={bad},n={base}/nosuch.py,unknown") == ["early", "late"])
expect("what is logged", [(level, message.replace(base, ""), e) for level, message, e in records] == [
    ("DEBUG", "loaded 'x=/late.py'", None), ("DEBUG", "loaded 'y=/early.py'", None), ("DEBUG", "loaded 'z=/fails.py'", None),
    ("WARNING", "failed to load 'b=/bad.py':", "RuntimeError"), ("WARNING", "failed to load 'n=/nosuch.py':", "FileNotFoundError"),
    ("WARNING", "not found: 'unknown'", None), ("WARNING", "'z' drgn_prog_set failed:", "ValueError")])
sys.path.insert(0, base + "/site")
expect("entry points", told(f"x={early}") == ["early", "holder", "mine", "other"])
expect("what is logged of them", ("WARNING", "failed to load 'none = some.nosuch':", "ModuleNotFoundError") in records and ("DEBUG", "loaded entry point 'holder = some.other:holder'", None) in records)
expect("some disabled", told("", "mine,none") == ["holder", "other"])
expect("some disabled by patterns", told("", "[mn]*,?ther") == ["holder"] and told("", "MINE,o") == ["holder", "mine", "other"])
expect("some that would end the program", told(f"a={ends},b={exits},c={late}", "*") == ["late"])
expect("what is logged of these", [(level, message.replace(base, ""), e) for level, message, e in records] == [
    ("WARNING", "failed to load 'a=/ends.py':", "SystemExit"), ("DEBUG", "loaded 'b=/exits.py'", None), ("DEBUG", "loaded 'c=/late.py'", None),
    ("WARNING", "'b' drgn_prog_set failed:", "SystemExit")])
expect("all disabled", told(f"x={late},other", "*") == ["other", "late"])
expect("a module", told("again=some.mine,deep=some.other:holder", "*") == ["mine", "holder"])
expect("once a program", len(sys.seen) == 2 and "IS_LIVE" in sys.seen[0][1])
expect("program_from_pid", drgn.program_from_pid(os.getpid()) and len(sys.seen) == 4)
failing = Program()
raises("nothing to debug", FileNotFoundError, lambda: failing.set_core_dump("/nonexistent"))
expect("not told", len(sys.seen) == 4)
`))
}
