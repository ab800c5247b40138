package python

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// Memory of what runs is read anew each time, by whatever is on top of it at that moment, whether C or Go reads it. The process
// is the test's own: two pages of a file are mapped, and one after its end, which can't be read.
func TestLiveMemory(t *testing.T) {
	script(t, false, `
import gc, os
from drgn import FaultError, Object, Program, TypeEnumerator
from drgn._test import live_reads, map_file
file = os.open(os.path.join(os.path.dirname(__file__), "pages"), os.O_RDWR | os.O_CREAT)
os.ftruncate(file, 8192)
at = map_file(file, 3)
end = at + 8192
def put(address, data): assert os.pwrite(file, data, address - at) == len(data)
def fast(f):
    before = live_reads()
    value = f()
    assert live_reads() == before + 1, "not by C"
    return value
def slow(f):
    before = live_reads()
    value = f()
    assert live_reads() == before, "by C"
    return value
prog = Program()
prog.set_pid(os.getpid())

# Values of each kind of scalar, which change.
other = "big" if prog.type("int").byteorder == "little" else "little"
byteorder = prog.type("int").byteorder
for size in 1, 2, 4, 8:
    for signed in False, True:
        o = Object(prog, prog.int_type("i%d" % size, size, signed), address=at + 16)
        swapped = Object(prog, prog.int_type("s%d" % size, size, signed, other), address=at + 16)
        for data in bytes(size), b"\xff" * size, bytes(range(1, size + 1)), bytes(range(0x80, 0x80 + size)):
            put(at + 16, data)
            want = int.from_bytes(data, byteorder, signed=signed)
            o.value_()
            for f in o.value_, lambda: int(o), o.__index__: assert fast(f) == want, (size, signed, data)
            assert fast(lambda: bool(o)) == (want != 0)
            assert slow(lambda: o + 0).value_() == want
            assert swapped.value_() == int.from_bytes(data, other, signed=signed)
flag = Object(prog, prog.bool_type("bool", 1), address=at)
kind = Object(prog, prog.enum_type("k", prog.int_type("int", 4, True), [TypeEnumerator("A", -1)]), address=at + 4)
alias = Object(prog, prog.typedef_type("t", prog.int_type("short", 2, True)), address=at + 4)
for data in b"\0", b"\1", b"\2":
    put(at, data)
    flag.value_()
    assert fast(flag.value_) is (data != b"\0") and fast(lambda: bool(flag)) is (data != b"\0")
put(at + 4, (-1).to_bytes(4, byteorder, signed=True))
for o in kind, alias:
    assert o.value_() == -1 and fast(o.value_) == -1
assert slow(Object(prog, prog.float_type("float", 4), address=at + 64).value_) == 0.0
assert slow(Object(prog, prog.int_type("int", 3, False), address=at + 64).value_) == 0
assert slow(Object(prog, prog.type("int"), address=at + 4, bit_field_size=3).value_) == -1
assert slow(Object(prog, prog.type("int"), 5).value_) == 5

# Pointers are followed to where they point now.
node = prog.struct_type("node", 16, [])
import drgn
node = prog.struct_type("node", 16, [drgn.TypeMember(lambda: prog.pointer_type(node), "next"), drgn.TypeMember(prog.type("long"), "v", 64)])
for i in range(4): put(at + 256 + 16 * i, (at + 256 + 16 * ((i + 1) % 4)).to_bytes(8, byteorder) + i.to_bytes(8, byteorder))
o = Object(prog, node, address=at + 256)
for turn in range(2): assert o.next.next.next.v.value_() == 3 and o.next.next.next.next.v.address_ == o.v.address_
before = live_reads()
assert o.next.next.v.value_() == 2 and live_reads() == before + 3
put(at + 256, (at + 256 + 48).to_bytes(8, byteorder))
assert o.next.v.value_() == 3
put(at + 256, (8).to_bytes(8, byteorder)) # where nothing is mapped
assert o.next.v.address_ == 16
try: o.next.v.value_()
except FaultError as e: assert e.address == 16, e
else: assert False
try: o.next.w
except AttributeError: pass
else: assert False

# What can't be read is a fault, also where only the last byte can't be read, and where it could be read before.
last = Object(prog, prog.type("long"), address=end - 8)
assert last.value_() == 0 and fast(last.value_) == 0
for address in end - 4, end, end - 1:
    try: Object(prog, prog.type("long"), address=address).value_()
    except FaultError as e: assert e.address == end, (hex(e.address), hex(end))
    else: assert False

# A segment that is added lies over the process's memory at once, and only where it is.
assert fast(lambda: o.v.value_()) == 0
prog.add_memory_segment(at + 256, 16, lambda address, count, offset, physical: b"\7" * count)
assert o.v.value_() == int.from_bytes(b"\7" * 8, byteorder)
assert slow(o.v.value_) == int.from_bytes(b"\7" * 8, byteorder)
last.value_()
assert fast(last.value_) == 0
os.ftruncate(file, 0)
try: last.value_()
except FaultError as e: assert e.address == end - 8, e
else: assert False
os.ftruncate(file, 8192)
put(at + 8192 - 8, (9).to_bytes(8, byteorder))
assert last.value_() == 9

# Objects are found by name anew when finders change, and each time where a finder of Python's is asked.
names = Program()
names.set_pid(os.getpid())
name = open("/proc/self/comm").read().rstrip("\n")
assert str(names) == repr(names) == f"<drgn.Program of process {os.getpid()}, {name!r}>", names
answers = [1, 2, 3]
names.register_object_finder("t", lambda p, name, flags, filename: Object(p, p.int_type("int", 4, True), address=at + 4 * answers[0]), enable_index=0)
for i in range(3): assert names["x"].address_ == at + 4 * answers[0]; answers.append(answers.pop(0))
names.set_enabled_object_finders([])
try: names["x"]
except KeyError: pass
else: assert False

# Many programs leave no descriptor.
class Own(Program): pass
def use(make):
    p = make()
    p.set_pid(os.getpid())
    o = Object(p, p.int_type("int", 4, True), address=at)
    o.value_()
    fast(o.value_)
use(Own); use(Program); gc.collect()
before = len(os.listdir("/proc/self/fd"))
for i in range(50): use(Own if i % 2 else Program)
gc.collect()
assert len(os.listdir("/proc/self/fd")) <= before + 4, (before, len(os.listdir("/proc/self/fd")))
`)
}

// Zeros that a file gives where there is no memory, as /proc/kcore does, are a fault, also beside numbers that C reads.
func TestLiveZeros(t *testing.T) {
	script(t, false, `
import os
from drgn import FaultError, Object
from drgn._test import holey_program, live_reads
path = os.path.join(os.path.dirname(__file__), "pages")
file = os.open(path, os.O_RDWR | os.O_CREAT)
os.ftruncate(file, 3 * 4096)
start = 0xffff800000001000
prog = holey_program(path, start)
def at(offset): return Object(prog, prog.int_type("unsigned long", 8, False), address=start + offset)
def fault(o, address):
    for f in o.value_, lambda: int(o), lambda: o + 0:
        try: f().value_()
        except FaultError as e: assert e.address == address, hex(e.address)
        else: assert False
def by_c(f):
    before = live_reads()
    value = f()
    return value, live_reads() - before
os.pwrite(file, (7).to_bytes(8, "little") * 2, 4096 - 8)
for i in range(2):
    assert at(4096 - 8).value_() == 7 and at(4096).value_() == 7 and at(4096 - 4).value_() == 7 << 32 | 0
assert by_c(at(4096 - 8).value_) == (7, 1) and by_c(at(4096).value_) == (7, 1)
assert by_c(at(4096 - 4).value_) == (7 << 32, 0) # part of it lies in the page whose zeros are no memory
assert by_c(at(16).value_) == (0, 0) and by_c(at(16).value_) == (0, 1) and by_c(at(24).value_) == (0, 1) # the first page is always there
assert by_c(at(4096 + 16).value_) == (0, 0) and by_c(at(4096 + 16).value_) == (0, 0) # it may be gone the next time
fault(at(8192 + 16), start + 8192)
os.pwrite(file, (1).to_bytes(8, "little"), 4096 + 16)
assert by_c(at(4096 + 16).value_) == (1, 1)
os.pwrite(file, bytes(4096), 4096)
fault(at(4096), start + 4096)
fault(at(4096 + 16), start + 4096)
fault(at(4096 - 4), start + 4096)
fault(at(8192), start + 8192)
`)
}

// holeyProgram is a program whose memory is a file of pages. A page of zeros but the first is one that is not there.
var holeyProgram = Func{Sig: "holey_program(path: str, start: index)", Do: func(c Call) error {
	path, start := c.Str(0), c.Uint(1)
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	p := drgn.New(arch.Host())
	err = p.Setup(drgn.Setup{Platform: arch.Host(), Flags: drgn.IsLive, Close: file.Close, Memory: []mem.Segment{{
		Min: start, Max: start + 3*4096 - 1,
		Read: func(buf []byte, address, offset uint64, _ bool) error {
			for page := offset &^ 4095; page < offset+uint64(len(buf)); page += 4096 {
				b := make([]byte, 4096)
				if _, err := file.ReadAt(b, int64(page)); err != nil {
					return err
				}
				if page > 0 && !slices.ContainsFunc(b, func(b byte) bool { return b != 0 }) {
					return &mem.FaultError{Message: "no such page", Address: max(start+page, address) &^ 4095}
				}
			}
			_, err := file.ReadAt(buf, int64(offset))
			return err
		},
		Live: mem.Live{
			File:  &mem.LiveFile{Open: func() (*os.File, error) { return os.Open(path) }},
			Delta: -start,
			Zeros: func(address uint64) bool { return address < start+4096 },
		},
	}}})
	if err != nil {
		return err
	}
	return c.pyObject(newProgram(p))
}}

// The names that the kernel of the bundled core knows stay what they are until what can be found changes.
func TestNamesAgain(t *testing.T) {
	script(t, true, `
from drgn import Object, Program, program_from_core_dump
first = [prog[n] for n in ("init_task", "jiffies", "PIDTYPE_PID", "PAGE_SHIFT")]
for i in range(3):
    for n, o in zip(("init_task", "jiffies", "PIDTYPE_PID", "PAGE_SHIFT"), first):
        assert prog[n].address_ == o.address_ and prog[n].type_ == o.type_ and repr(prog[n].type_) == repr(o.type_)
other = program_from_core_dump(prog.core_dump_path)
assert "jiffies" in prog
prog.register_object_finder("mine", lambda p, name, flags, filename: Object(p, "int", 7) if name == "jiffies" else None, enable_index=0)
assert prog["jiffies"].value_() == 7 and prog["init_task"].address_ == first[0].address_
prog.set_enabled_object_finders([n for n in prog.enabled_object_finders() if n != "mine"])
assert prog["jiffies"].address_ == first[1].address_
try: prog["no such name"]
except KeyError: pass
else: assert False
`)
}

// mapFile maps pages of a file into the memory of this process, for scripts.
var mapFile = Func{Sig: "map_file(fd: index, pages: index)", Do: func(c Call) error {
	p, err := unix.MmapPtr(int(c.Uint(0)), 0, nil, uintptr(4096*c.Uint(1)), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	return c.Unsigned(uint64(uintptr(p)))
}}
