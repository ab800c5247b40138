package python

import "testing"

// Members that are evaluated late may ask for themselves, raise, and let other threads in meanwhile.
func TestLateMembers(t *testing.T) {
	script(t, false, `
import threading, time
from drgn import *
prog = Program(Platform(Architecture.X86_64))
i = prog.int_type("int", 4, True)

def slow():
    time.sleep(0.01)  # without the interpreter's lock
    return prog.int_type("slow", 4, True)

for n in range(5):
    t = prog.struct_type("s", 8, (TypeMember(slow, "late"), TypeMember(lambda: prog.struct_type(None, 4, (TypeMember(slow, "deep"),)), None, 32)))
    seen = []
    def work():
        seen.append((t.member("late").type, t.member("deep").type, t.members[0].type, Object(prog, t, address=0).deep.type_))
    threads = [threading.Thread(target=work) for _ in range(6)]
    for x in threads: x.start()
    for x in threads: x.join()
    assert len(seen) == 6 and len({repr(x) for x in seen}) == 1, seen

again = prog.struct_type("again", 4, (TypeMember(lambda: again.members[0].type, "x"),))
for f in (lambda: again.members[0].type, lambda: Object(prog, again, address=0).x, lambda: str(again), lambda: repr(again)):
    try: f()
    except RecursionError: pass
    else: assert False

state = []
def once():
    state.append(1)
    if len(state) < 3: raise KeyError(len(state))
    return i
t = prog.struct_type("t", 4, (TypeMember(once, "x"),))
for want in (KeyError, KeyError, None):
    try: t.member("x").type
    except KeyError: assert want
    else: assert not want
assert t.member("x").type == i and len(state) == 3
`)
}
