from drgn import *
from mock import *
prog = Program(LE64)
i = prog.int_type("int", 4, True)
point = prog.struct_type("point", 8, (TypeMember(i, "x", 0), TypeMember(i, "y", 32)))
# Names and order of finders.
prog.registered_type_finders() >= {"dwarf"}, prog.enabled_type_finders()
prog.registered_object_finders(), prog.enabled_object_finders()
prog.registered_symbol_finders(), prog.enabled_symbol_finders()
type(prog.registered_type_finders()), type(prog.enabled_type_finders())
p = Program(LE64)
p.register_type_finder("a", lambda *args: None)
p.enabled_type_finders(), "a" in p.registered_type_finders()
p.register_type_finder("a", lambda *args: None)
p.register_type_finder("b", lambda *args: None, enable_index=0)
p.register_type_finder("c", lambda *args: None, enable_index=-1)
p.register_type_finder("d", lambda *args: None, enable_index=1)
p.register_type_finder("e", lambda *args: None, enable_index=100)
p.register_type_finder("f", lambda *args: None, enable_index=None)
p.register_type_finder("g", lambda *args: None, enable_index=-2)
p.register_type_finder("h", lambda *args: None, enable_index="0")
p.enabled_type_finders()
sorted(p.registered_type_finders())
p.set_enabled_type_finders(["a", "b"])
p.enabled_type_finders()
p.set_enabled_type_finders([])
p.enabled_type_finders()
p.set_enabled_type_finders(("c",))
p.set_enabled_type_finders({"a"})
p.set_enabled_type_finders(["nope"])
p.set_enabled_type_finders(["a", "a"])
p.set_enabled_type_finders("a")
p.set_enabled_type_finders([1])
p.set_enabled_type_finders(5)
p.set_enabled_type_finders()
p.enabled_type_finders()
p.register_type_finder()
p.register_type_finder("z")
p.register_type_finder("z", 5)
p.register_type_finder(5, lambda: None)
p.register_type_finder(name="z", fn=lambda *args: None, enable_index=0)
p.set_enabled_object_finders(["nope"])
p.set_enabled_symbol_finders(["nope"])
p.register_object_finder("a", lambda *args: None)
p.register_object_finder("a", lambda *args: None)
p.register_symbol_finder("a", lambda *args: [])
p.register_symbol_finder("a", lambda *args: [])
# Types.
calls = []
def find(prog_, kinds, name, filename):
    calls.append((prog_ is prog, kinds, name, filename))
    if TypeKind.STRUCT in kinds and name == "point" and filename_matches("src/point.h", filename): return point
    if TypeKind.TYPEDEF in kinds and name == "alias": return prog.typedef_type("alias", i)
    if name == "fails": raise KeyError("mine")
    if name == "wrong": return 5
    if name == "other": return other.struct_type("other", 4, ())
    if name == "kind": return i
    if name == "looked": raise LookupError("mine")
    return None
other = Program(LE64)
prog.register_type_finder("mine", find, enable_index=0)
prog.type("struct point") == prog.type("struct point")
calls
calls.clear()
prog.type("struct point").members
prog.type("struct point", "point.h")
prog.type("struct point", "src/point.h")
prog.type("struct point", "other.h")
calls
calls.clear()
prog.type("alias"), prog.type("alias *")
calls
calls.clear()
prog.type("union nope")
prog.type("class nope")
prog.type("enum nope")
prog.type("nope")
calls
prog.type("int *"), prog.type("unsigned int")
prog.type("struct fails")
prog.type("struct wrong")
prog.type("struct other")
prog.type("struct kind")
prog.type("struct looked")
prog.type("struct point *(*)[2]")
prog.set_enabled_type_finders([])
prog.type("struct point")
prog.set_enabled_type_finders(["mine"])
prog.type("struct point").tag
prog.register_type_finder("first", lambda prog, kinds, name, filename: prog.struct_type("point", 1, ()) if name == "point" else None, enable_index=0)
prog.type("struct point").size
prog.set_enabled_type_finders(["mine", "first"])
prog.type("struct point").size
def inner(prog, kinds, name, filename): return prog.type("struct point") if name == "again" else None
prog.register_type_finder("again", inner, enable_index=-1)
prog.type("struct again").tag
def loop(prog, kinds, name, filename): return prog.type("struct loop") if name == "loop" else None
prog.register_type_finder("loop", loop, enable_index=-1)
try: prog.type("struct loop")
except RecursionError: print("recursion")
prims = Program(LE64)
prims.register_type_finder("ints", lambda prog, kinds, name, filename: prog.int_type(name, 4, name != "unsigned int") if TypeKind.INT in kinds and name in ("int", "unsigned int", "long int") else None, enable_index=0)
prims.type("int").size, prims.type("long").name, prims.type("long").size, prims.type("unsigned"), prims.type("signed long int").name
prims.type("size_t")
bad = Program(LE64)
bad.register_type_finder("bad", lambda prog, kinds, name, filename: prog.int_type(name, 4, True) if name == "unsigned int" else None, enable_index=0)
bad.type("unsigned int")
# Old style finders.
old = Program(LE64)
oldcalls = []
def old_find(kind, name, filename):
    oldcalls.append((kind, name, filename))
    return old.struct_type("old", 4, ()) if kind == TypeKind.STRUCT and name == "old" else None
old.add_type_finder(old_find)
old.type("struct old").size, oldcalls
old.add_type_finder(5)
old.add_object_finder(lambda prog, name, flags, filename: Object(prog, old.int_type("int", 4, True), 5) if name == "five" else None)
old["five"]
old.add_object_finder(5)
len(old.enabled_type_finders()) > 1, len(old.enabled_object_finders()) > 1
# Objects.
ocalls = []
def ofind(prog_, name, flags, filename):
    ocalls.append((prog_ is prog, name, flags, filename))
    if name == "var" and flags & FindObjectFlags.VARIABLE: return Object(prog, i, address=0x1000)
    if name == "const" and flags & FindObjectFlags.CONSTANT: return Object(prog, i, 7)
    if name == "func" and flags & FindObjectFlags.FUNCTION: return Object(prog, prog.function_type(i, ()), address=0x2000)
    if name == "absent": return Object(prog, i)
    if name == "fails": raise KeyError("mine")
    if name == "wrong": return 5
    if name == "other": return Object(other, other.int_type("int", 4, True), 5)
    return None
prog.register_object_finder("mine", ofind, enable_index=0)
prog["var"], prog["const"], prog["func"], prog["absent"]
ocalls
ocalls.clear()
prog.variable("var"), prog.constant("const"), prog.function("func")
prog.variable("const")
prog.constant("var")
prog.function("var")
prog.object("var", FindObjectFlags.VARIABLE | FindObjectFlags.CONSTANT, "a.c")
ocalls
"var" in prog, "nope" in prog
"fails" in prog
prog["fails"]
prog["wrong"]
prog["other"]
prog["nope"]
prog.variable("nope", "x.c")
prog.register_object_finder("second", lambda prog, name, flags, filename: Object(prog, i, 9) if name == "var" else None, enable_index=0)
prog["var"]
prog.set_enabled_object_finders(["mine", "second"])
prog["var"]
prog.set_enabled_object_finders([])
prog["var"]
prog.set_enabled_object_finders(["mine"])
def oagain(prog, name, flags, filename): return prog["var"] if name == "again" else None
prog.register_object_finder("again", oagain, enable_index=0)
prog["again"]
# Symbols.
s = Symbol("sym", 0x1000, 8, SymbolBinding.GLOBAL, SymbolKind.FUNC)
s, s.name, s.address, s.size, s.binding, s.kind
str(s)
Symbol(name="sym", address=0x1000, size=8, binding=SymbolBinding.LOCAL, kind=SymbolKind.OBJECT)
Symbol("sym", 0x1000, 8)
Symbol("sym", 0x1000, 8, 1, 2)
Symbol(5, 0x1000, 8, SymbolBinding.GLOBAL, SymbolKind.FUNC)
Symbol("sym", -1, 8, SymbolBinding.GLOBAL, SymbolKind.FUNC)
Symbol("sym", 2**64, 8, SymbolBinding.GLOBAL, SymbolKind.FUNC)
Symbol("sym", "1", 8, SymbolBinding.GLOBAL, SymbolKind.FUNC)
Symbol()
s == Symbol("sym", 0x1000, 8, SymbolBinding.GLOBAL, SymbolKind.FUNC)
s == Symbol("sym", 0x1000, 9, SymbolBinding.GLOBAL, SymbolKind.FUNC), s != s, s == 5
s < s
s.name = "x"
[Symbol("x", 1, 1, b, k) for b in (SymbolBinding.UNKNOWN, SymbolBinding.WEAK, SymbolBinding.UNIQUE) for k in (SymbolKind.UNKNOWN, SymbolKind.IFUNC, SymbolKind.TLS)]
scalls = []
def sfind(prog_, name, address, one):
    scalls.append((prog_ is prog, name, address, one))
    all = [Symbol("one", 0x1000, 0x10, SymbolBinding.GLOBAL, SymbolKind.FUNC), Symbol("two", 0x2000, 0x10, SymbolBinding.LOCAL, SymbolKind.OBJECT), Symbol("two", 0x2008, 0x10, SymbolBinding.WEAK, SymbolKind.OBJECT)]
    if name == "fails": raise KeyError("mine")
    if name == "wrong": return 5
    if name == "item": return [5]
    if name == "none": return None
    if name == "tuple": return tuple(all)
    if name == "many": return all
    found = [x for x in all if (name is None or x.name == name) and (address is None or x.address <= address < x.address + x.size)]
    return found[:1] if one else found
prog.register_symbol_finder("mine", sfind, enable_index=0)
prog.symbol("one")
prog.symbol("two")
prog.symbol(0x1008)
prog.symbol(0x2008)
prog.symbols("two")
prog.symbols(0x2008)
prog.symbols()
prog.symbols(None) == prog.symbols()
scalls
prog.symbol("nope")
prog.symbol(0x5000)
prog.symbols("nope"), prog.symbols(0x5000)
prog.symbol("fails")
prog.symbol("wrong")
prog.symbol("item")
prog.symbol("none")
prog.symbols("none")
prog.symbols("tuple")
prog.symbol("many")
prog.register_symbol_finder("more", lambda prog, name, address, one: [Symbol("one", 0x9000, 1, SymbolBinding.LOCAL, SymbolKind.FUNC)] if name == "one" else [], enable_index=0)
prog.symbol("one")
prog.symbols("one")
prog.set_enabled_symbol_finders(["mine", "more"])
prog.symbol("one").address
prog.set_enabled_symbol_finders([])
prog.symbol("one")
prog.symbols()
prog.symbols(5.0)
prog.symbols([])
# Indexes of symbols.
def S(name, address, size, binding=SymbolBinding.GLOBAL): return Symbol(name, address, size, binding, SymbolKind.FUNC)
x = SymbolIndex([S("a", 0x100, 0x10), S("b", 0x108, 0x10), S("a", 0x300, 0), S("big", 0x0, 0x1000, SymbolBinding.LOCAL)])
x(prog, "a", None, False)
x(prog, "a", None, True)
x(prog, None, 0x109, False)
x(prog, None, 0x109, True)
x(prog, None, 0x300, False)
x(prog, None, 0x2000, False)
x(prog, "a", 0x109, False)
x(prog, "a", 0x500, False)
len(x(prog, None, None, False)), len(x(prog, None, None, True))
x(prog, "nope", None, False)
x(None, "a", None, True)
x()
[[s.name for s in SymbolIndex(order)(prog, None, 1, one)] for order in ([S("large", 0, 16), S("small", 0, 4)], [S("small", 0, 4), S("large", 0, 16)]) for one in (False, True)]
SymbolIndex([])(prog, None, None, False)
SymbolIndex(())(prog, "a", None, True)
SymbolIndex(5)
SymbolIndex([5])
SymbolIndex()
SymbolIndex(iter([S("a", 1, 1)]))(prog, "a", None, False)
prog.register_symbol_finder("index", x, enable_index=0)
prog.symbol("b"), prog.symbol(0x10c)
# Callbacks that come from elsewhere.
import threading
results = []
def work():
    for n in range(200):
        results.append(prog["var"].address_ if n % 2 else prog.type("struct point").tag)
threads = [threading.Thread(target=work) for _ in range(4)]
for th in threads: th.start()
for th in threads: th.join()
len(results), sorted(set(map(str, results)))

# Finders that raise.
def raising(e):
    q = memory(Program(LE64), bytes(64))
    def f(*args):
        raise e
    q.register_object_finder("f", f, enable_index=0)
    q.register_type_finder("f", f, enable_index=0)
    q.register_symbol_finder("f", f, enable_index=0)
    return q
raising(LookupError("no"))["x"]
"x" in raising(LookupError("no"))
raising(LookupError("no")).variable("x")
"x" in raising(KeyError("no"))
raising(IndexError("no"))["x"]
raising(LookupError("no")).type("struct x")
raising(LookupError("no")).symbol("x")
q = raising(ZeroDivisionError("no"))
str(Object(q, q.pointer_type(q.int_type("i", 4, True)), 8))
q["x"]
q.type("int")
q.symbol(5)
q = Program(LE64)
q.register_symbol_finder("sequences", lambda prog, name, address, one: {"str": "ab", "dict": {"a": 1}, "int": 5, "none": None, "empty": (), "gen": (i for i in ())}[name])
q.set_enabled_symbol_finders(["sequences"])
q.symbols("str")
q.symbols("dict")
q.symbols("int")
q.symbols("none")
q.symbols("empty")
q.symbols("gen")
