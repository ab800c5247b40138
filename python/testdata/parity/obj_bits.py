# Both byte orders and sizes of words: bit-fields across bytes, odd widths, what operators give on 32 bits; and hostile input.
from drgn import *
from obj_mock import mock, ints
import itertools, random, threading

data = bytes((i * 37 + 11) & 255 for i in range(64))
def result(f):
    try:
        return repr(f())
    except BaseException as e:
        return f"! {type(e).__name__}: {e}".replace("_drgn.", "drgn.")
progs = {(bits, little): mock(bits, little, [(0x1000, data)]) for bits in (32, 64) for little in (True, False)}
for (bits, little), p in progs.items():
    order = "little" if little else "big"
    sized = {(n, s): p.int_type(f"i{n}{s}", n, s, o) for n in (1, 2, 3, 4, 5, 6, 7, 8) for s in (True, False) for o in (order,)}
    for (n, s), t in sized.items(): print(f">>> {bits} {order} {n} {s}\n" + " ".join(result(lambda: Object(p, t, address=0x1000 + n, bit_offset=o).value_()) for o in (0, 1, 4, 7, 9)) + "\n" + " ".join(result(lambda: Object(p, t, address=0x1002, bit_offset=o, bit_field_size=z).value_()) for o in (0, 3, 13) for z in (1, 2, 7, 8, 9, 15, 17, 31, 33, 57, 63, 64) if z <= n * 8))
    for (n, s), t in sized.items(): print(f">>> bytes {bits} {order} {n} {s}\n{Object(p, t, -2).to_bytes_()} {Object(p, t, address=0x1001).to_bytes_()} {Object.from_bytes_(p, t, data, bit_offset=3).value_()} {Object.from_bytes_(p, t, data, bit_offset=5, bit_field_size=n * 8 - 3).value_()} {Object(p, t, -3, bit_field_size=n * 8 - 3).to_bytes_()} {Object(p, t, address=0x1001, bit_offset=3, bit_field_size=n * 8 - 3).to_bytes_()} {Object(p, t, address=0x1001, bit_offset=3, bit_field_size=n * 8 - 3).read_()!r}")
    T = ints(p)
    for tn in ("int", "unsigned long", "long long", "short"):
        fields = [(T[tn], 3), (T["unsigned int"], 7), (T["int"], 1), (T[tn], 13), (T["unsigned char"], 5), (T["int"], 32)]
        offs = list(itertools.accumulate([0] + [z for _, z in fields]))
        if tn == "short": fields[5] = (T["int"], 31)
        st = p.struct_type("st", 8, tuple(TypeMember(Object(p, t, bit_field_size=z), f"f{i}", offs[i]) for i, (t, z) in enumerate(fields)))
        print(f">>> fields {bits} {order} {tn}\n{result(lambda: Object(p, st, address=0x1003).value_())}\n{result(lambda: Object(p, st, address=0x1003).read_())}\n{result(lambda: str(Object(p, st, address=0x1003)))}\n{result(lambda: [repr(Object(p, st, address=0x1003).member_(f'f{i}')) for i in range(6)])}")
        # Only what fits: in big-endian programs, and beyond the last member, the reference writes bits that are others'.
        v = {"f0": 1, "f1": 90, "f2": 0, "f3": 77, "f4": 21, "f5": 0x12345678}
        if little: print(f">>> values {bits} {tn}\n{result(lambda: Object(p, st, v))}\n{result(lambda: Object(p, st, v).to_bytes_())}\n{result(lambda: [Object(p, st, v).member_(k).to_bytes_() for k in v])}")
    P = p.pointer_type(T["int"])
    print(f">>> words {bits} {order}\n" + "\n".join(result(f) for f in (lambda: Object(p, P, 0) - 1, lambda: Object(p, P, 2**64 - 1), lambda: Object(p, P, 2**32 + 16), lambda: Object(p, P, 4) - Object(p, P, 8), lambda: Object(p, P, 2**bits - 4) + 2, lambda: Object(p, value=2**31), lambda: Object(p, value=2**32), lambda: Object(p, T["long"], -1) + Object(p, T["unsigned int"], 1), lambda: Object(p, T["unsigned long"], 1) + Object(p, T["long long"], -2), lambda: Object(p, T["int"], address=2**bits - 4)[0], lambda: Object(p, T["int"], address=2**bits), lambda: Object(p, T["int"], address=2**bits - 1, bit_offset=8), lambda: Object(p, p.array_type(T["int"], 2), address=2**bits - 4)[1], lambda: Object(p, P, address=0x1000).value_(), lambda: Object(p, P, address=0x1000)[1], lambda: Object(p, p.array_type(P, 2), address=0x1000).value_(), lambda: cast(P, Object(p, T["long long"], -1)), lambda: sizeof(P), lambda: Object(p, p.bool_type("b", 4), address=0x1000).value_(), lambda: Object(p, p.float_type("f", 4), address=0x1000).value_(), lambda: Object(p, p.float_type("d", 8), 1.5).to_bytes_(), lambda: Object(p, p.enum_type("e", T["short"], (TypeEnumerator("A", -2),)), -2).to_bytes_(), lambda: Object(p, p.float_type("d", 8), address=0x1000, bit_offset=3).value_())))
mixed = progs[64, True]
big = mixed.struct_type("b", 6, (TypeMember(mixed.int_type("be", 4, True, "big"), "a", 0), TypeMember(mixed.int_type("le", 2, False, "little"), "b", 32)))
Object(mixed, big, {"a": 1, "b": 2}).to_bytes_()
Object(mixed, big, address=0x1000).value_()
Object(mixed, big, address=0x1000).a + 1
Object(mixed, mixed.pointer_type(big, 8, "big"), address=0x1000).value_()
Object(mixed, mixed.pointer_type(big, 4), address=0x1000).value_()
Object(mixed, mixed.float_type("bf", 4, "big"), 1.0).to_bytes_()
I = mixed.int_type("int", 4, True)
self_ref = mixed.struct_type("r", 8, (TypeMember(lambda: mixed.pointer_type(self_ref), "next", 0),))
Object(mixed, self_ref, address=0x1000).next.next
str(self_ref)
inside = mixed.struct_type("inside", 8, (TypeMember(lambda: inside, "again", 0),))
Object(mixed, inside, address=0x1000).again.again
anon = mixed.struct_type("anon", 8, (TypeMember(lambda: anon, None, 0),))
huge = mixed.array_type(mixed.array_type(I, 2**40), 2**40)
Object(mixed, huge, address=0).value_()
Object(mixed, huge, [])
Object(mixed, mixed.array_type(I, 2**63 - 1), [])
neg = mixed.struct_type("neg", 8, (TypeMember(I, "m", 2**64 - 8),))
Object(mixed, neg, address=0x1008).m
Object(mixed, neg, {"m": 1})
Object(mixed, neg, {}).m
over = mixed.struct_type("over", 4, (TypeMember(I, "a", 0), TypeMember(I, "b", 16), TypeMember(mixed.int_type("c", 1, False), "c", 8)))
Object(mixed, over, {"a": -1, "b": 0, "c": 3}).a
Object(mixed, over, {"c": 3})
Object(mixed, over, {"c": 3}).b
bad = Program(mixed.platform)
bad.add_memory_segment(0, 0x1000, lambda a, n, o, p: 1 / 0)
bad.add_memory_segment(0x1000, 0x1000, lambda a, n, o, p: b"x")
bad.add_memory_segment(0x2000, 0x1000, lambda a, n, o, p: "str")
bad.add_memory_segment(0x3000, 0x1000, lambda a, n, o, p: None)
bad.add_memory_segment(0x4000, 0x1000, lambda a, n, o, p: bytes(n + 1))
bad.add_memory_segment(0x5000, 0x1000, lambda a, n, o, p: bad.read(0x6000, n))
bad.add_memory_segment(0x6000, 0x1000, lambda a, n, o, p: bytes([7]) * n)
bad.add_memory_segment(0x7000, 0x1000, lambda a, n, o, p: (_ for _ in ()).throw(FaultError("mine", a)))
bad.add_memory_segment(0x8000, 0x1000, lambda a, n, o, p: bytearray(n))
bi = bad.int_type("int", 4, True)
Object(bad, bi, address=0).value_()
Object(bad, bi, address=0x1000).value_()
Object(bad, bi, address=0x2000).value_()
Object(bad, bi, address=0x3000).value_()
Object(bad, bi, address=0x4000).value_()
Object(bad, bi, address=0x5000).value_()
Object(bad, bi, address=0x7000).value_()
Object(bad, bi, address=0x8000).value_()
str(Object(bad, bi, address=0))
Object(bad, bi, address=0) + 1
Object(bad, bi, address=0).format_()
Object(bad, bi, address=0x6000) + Object(mixed, I, 1)
Object(bad, I, 1)
cast(I, Object(bad, bi, 1))
reinterpret(I, Object(bad, bi, 1))
container_of(Object(bad, bad.pointer_type(bi), 8), over, "a")
implicit_convert(I, Object(bad, bi, 1))
