package python

import (
	"strings"
	"testing"
)

// help() shows functions, methods, bound methods and class methods with the types of their stubs, and says what parameters are.
func TestHelpTypes(t *testing.T) {
	out := script(t, true, `
import pydoc, drgn, drgn.commands, math
from drgn import Program, Object
from drgn.helpers.linux.pid import find_task
from drgn.helpers.linux.rbtree import rb_find
import drgn._help
drgn._help.install()
drgn._help.install()
for x in (find_task, rb_find, Program.type, prog.type, Program.read, drgn.cast, Object.from_bytes_, drgn.commands.Command.run, math.sin, drgn.StackFrame):
    print(pydoc.plain(pydoc.render_doc(x)))
`)
	for _, want := range []string{
		"\nfind_task(ns: Object, pid: IntegerLike) -> Object\nfind_task(prog: Program, pid: IntegerLike) -> Object\nfind_task(pid: IntegerLike) -> Object\n    Return the task",
		"\nrb_find(type: Union[str, Type], root: Object, member: str, key: _KeyType, cmp: Callable[[_KeyType, Object], int]) -> Object\n    Return",
		"\ntype(name: str, filename: Optional[str]=None) -> Type\ntype(type: Type, /) -> Type\n    Find a type",
		"\nread(address: IntegerLike, size: IntegerLike, physical: bool=False) -> bytes\n    Return size bytes of memory, as they lie there.\n\n    address is an integer, or an Object that is one. physical says",
		"\ncast(type: Union[str, Type], obj: Object) -> Object\n", "\nfrom_bytes_(prog: Program, type: Union[str, Type], bytes: ",
		"\nrun(prog: Program, name: str, args: _T, /, *, globals: Dict[str, Any]) -> Any\n", "\nsin(x, /)\n", "\n |  register(reg: str) -> int\n |      Return the value",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(out, "\ntype(name: str"); n != 2 {
		t.Errorf("type() is shown %d times", n)
	}
	if t.Failed() {
		t.Log(out)
	}
}

// help() shows what the notes beside a module say: of functions, methods and classes.
func TestHelpNotes(t *testing.T) {
	out := script(t, true, `
import pydoc, drgn._help
from drgn.helpers.linux.pid import find_task
drgn._help.install()
drgn._help._notes["drgn"] = {"Program.type": "Raises LookupError if there is none.\n\n`+"```pycon\\n>>> prog.type('int')\\nint\\n```"+`", "Thread": "One of many.", "Module.try_file": "Of any module."}
for x in (find_task, prog.type, drgn.Thread, prog.main_module().try_file):
    print(pydoc.plain(pydoc.render_doc(x)))
`)
	for _, want := range []string{
		"    pid is the number of a process.\n\n        >>> find_task(1).comm\n        (char [16])\"init\"\n",
		"\n    Raises LookupError if there is none.\n\n        >>> prog.type('int')\n        int\n",
		"\n |\n |  One of many.\n |\n",
		"\ntry_file(path: Path, *, fd: int=-1, force: bool=False) -> None\n",
		"\n\n    Of any module.\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
