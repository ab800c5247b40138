# Helpers that make text, and the classes of drgn.helpers.linux.stack.
import collections.abc
import io

import drgn
from drgn import *
from drgn.helpers.common.format import *
from drgn.helpers.common.stack import print_registers
from drgn.helpers.linux.stack import LinuxKernelStack, StackKind, StackSegment
from mock import LE64

P = Program(LE64)
[escape_ascii_character(c) for c in (0, 7, 8, 9, 10, 13, 27, 32, 34, 39, 65, 92, 126, 127, 128, 255)]
[escape_ascii_character(c, True, True, True) for c in b"'\"\\a"]
escape_ascii_character(256)
CH = Object(P, P.array_type(P.int_type("char", 1, True), 6), [72, 10, 34, 0, 127, -1])
[escape_ascii_character(CH[i], escape_double_quote=True) for i in range(4)]
double_quote_ascii_string(Object(P, P.array_type(P.int_type("char", 1, True), 4), [72, 10, 34, 0]))
escape_ascii_character("a")
escape_ascii_character(65.0)
escape_ascii_character(None)
escape_ascii_character(-1)
escape_ascii_string(b"It's \"1\\2\"\n\0\xff")
escape_ascii_string(b"It's \"1\\2\"\n\0\xff", escape_single_quote=True, escape_double_quote=True, escape_backslash=True)
escape_ascii_string([65, 10, 300])
double_quote_ascii_string(b"It's \"1\\2\"\n")
F = [("READ", 0), ("WRITE", 1), ("SYNC", 4)]
[decode_flags(n, F) for n in (0, 1, 2, 3, 16, 8, 0xffff, 0x80000000)]
[decode_flags(n, [("A", 1), ("B", 2), ("AB", 3), ("Z", 0)], bit_numbers=False) for n in (0, 1, 2, 3, 4, 7)]
decode_flags(3, [("A", 1), ("B", 1), ("C", 2)], bit_numbers=False, aliases=False)
decode_flags(Object(P, P.int_type("int", 4, True), 3), F)
decode_flags(-1, F)
E = P.enum_type("e", P.int_type("int", 4, True), (TypeEnumerator("E_READ", 0), TypeEnumerator("E_WRITE", 3), TypeEnumerator("E_NONE", 2)))
[decode_enum_type_flags(n, E) for n in (0, 1, 5, 8, 0x10)]
[decode_enum_type_flags(n, E, bit_numbers=False) for n in (0, 2, 3, 5)]
decode_enum_type_flags(1, P.int_type("int", 4, True))
decode_enum_type_flags(1, P.enum_type("f"))
[number_in_binary_units(n) for n in (0, 1, 1023, 1024, 1025, 1536, 1 << 20, 10**9, 1 << 80, 1 << 90, -2048)]
[number_in_binary_units(n, precision=3) for n in (1500, 1 << 30)]
number_in_binary_units("x")
[f"{CellFormat(2**20 - 1, '<x')}|", f"{CellFormat('a', '^')}|", f"{CellFormat(3.14159, '.2f'):>8}|", str(CellFormat(1, "08.3f"))]
print_table([])
print_table([["A", "LONGER", "C"], [1, "two", 3.5], [CellFormat(255, "<x"), "None", 2], ["", 10**12, True]])
print_table([["NAME", "N"], ["a", 1], ["bb", 22]], sep=" | ")
print_table([["a"], ["b", "c", "d"], []])
out = io.StringIO()
print_table([["x", 5], ["yy", 66]], file=out)
out.getvalue()
print_table([RowOptions(["one", "two"], group=1), RowOptions(["wider column", 2], group=2), RowOptions(["three", 3], group=1)])
r = RowOptions([1, 2, 3], group="g")
[len(r), r[1], r[-1], list(r), 2 in r, r[1:]]
s = StackSegment(StackKind.IRQ, [1, 2, 3])
s
[s.kind, s.frames, len(s), s[1], s[-1], s[1:], list(s), s == StackSegment(StackKind.IRQ, [1, 2, 3]), s != StackSegment(StackKind.TASK, [1, 2, 3]), s == 1]
s[3]
hash(s)
hash(StackSegment(StackKind.IRQ, (1,))) == hash(StackSegment(StackKind.IRQ, (1,)))
k = LinuxKernelStack("p", [s, StackSegment(frames=["u"], kind=StackKind.USER)])
k
[len(k), k[0], k[3], k[-1], k[-4], list(k), bool(LinuxKernelStack("p", [])), str(LinuxKernelStack("p", [])), k.prog, k.segments == [s, k.segments[1]]]
k[4]
k[-5]
[(m.name, m.value) for m in StackKind]
[StackKind(3), StackKind.SOFTIRQ, StackKind.EXCEPTION, StackKind.TASK]
StackKind(8)
[isinstance(RowOptions([1]), c) for c in (collections.abc.Sequence, collections.abc.Reversible)]
[decode_flags(n, [("A", 1), ("B", 2), ("AB", 3)], bit_numbers=False, aliases=a) for n in (1, 2, 3) for a in (False, True)]
decode_flags(5, [("A", Object(P, P.int_type("int", 4, True), 2))])
print_table([["aa", "bb"], ["c", ""]])
print_table([["", "b  "], ["c", " x "]])
print_table([["a", "b"]], sep=None)
print_table([["a", "b"]], sep=5)
print_registers(Program(Platform(Architecture.X86_64)), {"rip": 1, "rflags": 2, "r15": 3, "cs": 0x10, "other": 5})
print_registers(Program(Platform(Architecture.X86_64)), {"ss": 1 << 20}, indent="")
print_registers(Program(Platform(Architecture.AARCH64)), {"pc": 1, "lr": 2, "x0": 3, "x30": 4, "x29": 5})
print_registers(Program(Platform(Architecture.ARM)), {"pc": 1, "r0": 3, "fp": 5})
[r.names for r in Platform(Architecture.ARM).registers if r.names != ("cpsr",)]
print_registers(Program(Platform(Architecture.PPC64)), {"r31": 1, "cr0": 5, "cr7": 0x1f})
print_registers(Program(Platform(Architecture.S390X)), {"pswm": 1, "r1": 3})
