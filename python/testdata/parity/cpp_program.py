# What a program in C++ (cpp_program.cc) is made of, as gcc and clang describe it.
import os
from drgn import *
from grammar import result

def opened(compiler):
    prog = Program(Platform(Architecture.X86_64))
    module = prog.extra_module("a", create=True)
    (module[0] if isinstance(module, tuple) else module).try_file(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cpp_program." + compiler), force=True)
    return prog
progs = {compiler: opened(compiler) for compiler in ("gcc", "clang")}
types = "ns::S;struct ns::S;ns::S::inner;ns::S::mode;enum ns::S::mode;ns::S::alias;ns::S::U;union ns::S::U;ns::deep::K;class ns::deep::K;::ns::S;ns::V;V;S;K;inner;mode;ns::mode;enum ns::mode;ns::color;enum ns::color;ns::T1<int>;struct ns::T1<int>;T1<int>;T1;ns::T1;ns::T1<ns::T1<int> >;ns::T1<ns::T1<int>::inner>;ns::T2<3, char, int, long>;ns::T3<true, (char)97, 7>;ns::T3<true, 'a', 7>;base;ops;anon;U1;S2;char8_t;long double;unsigned long;ns::S *;const ns::S *;ns::S [2];ns::S (*)[2];ns::nope;nope::S;ns::S::nope;ns;deep::K;::K;ns::S::S;union ns::S;enum ns::S;size_t;int &;ns::S &;unsigned char;ns::S const volatile * const;ns::T1<int> *".split(";")
objects = "ns::var;var;ns::deep::var;::ns::var;ns::v1::inl;inl;ns::S::count;count;ns::deep::K::konst;konst;one;RED;ns::RED;ns::GREEN;on;mode::on;s;k;ti;tti;t2;v;hid;o;col;md;smd;bo;wc;c16;c32;ld;cvul;arr;parr;str;filestatic;ce;ci;s2;instatic;nope;ns::nope;::var;::k;main;::main;ns::f;f;ns::tf;ns::tf<int>;tf<int>;cfunc;ns::deep::K::get;get;ops::operator+;operator+;ops::operator int;ops::operator<;ns::deep::K::K;base::vf;_ZN2ns1fEi;_ZN2ns3varE;ns::S;ns".split(";")
for compiler, prog in progs.items():
    print(f">>> {compiler}\n{prog.language}")
    for n in types if compiler == "gcc" else (): print(f">>> {compiler} {n!r}\n{result(lambda: prog.type(n))}" if result(lambda: prog.type(n))[0] == "!" else f">>> {compiler} {n!r}\n{prog.type(n)!r}\n{prog.type(n).type_name()}\n{prog.type(n).language}\n{prog.type(n)}")
    for n in objects:
        if compiler == "clang" and n == "ns::S::count": continue # below
        for what, f in (("object", lambda: prog[n]), ("type", lambda: prog[n].type_.type_name()), ("variable", lambda: prog.variable(n)), ("function", lambda: prog.function(n)), ("constant", lambda: prog.constant(n)), ("in", lambda: n in prog)): print(f">>> {compiler} {what} {n}\n{result(f)}")
    for n in ("ns::S", "ns::deep::K", "anon", "ops", "ns::T1<int>", "ns::T2<3, char, int, long>", "ns::T3<true, (char)97, 7>"):
        if compiler == "clang" and n in ("ns::S", "ns::deep::K", "ns::T1<int>"): continue # below
        for what, f in (("members", lambda: [(m.name, m.type.type_name(), m.bit_offset, m.bit_field_size) for m in prog.type(n).members]), ("template", lambda: prog.type(n).template_parameters), ("tag", lambda: prog.type(n).tag), ("kind", lambda: prog.type(n).kind)): print(f">>> {compiler} {what} of {n}\n{result(f)}")
# What C++ has and the reference leaves out.
for compiler, prog in progs.items():
    for n in ("ns::T1<int>::inner", "ns::T1<int>::e", "ns::T1<ns::T1<int>>", "ns::T1 < int >", "ns :: S", "hidden", "class base", "bool", "wchar_t", "unsigned __int128", "derived"): print(f">>> {compiler} {n}\n{result(lambda: prog.type(n).type_name())}")
    for n in ("ns::T1<int>::stat", "ns::mode::on", "ns::S::mode::off", "hiddenvar", "inanon::deepvar", "ref", "rref"): print(f">>> {compiler} {n}\n{result(lambda: prog[n].type_.type_name())}")
    # clang describes static members, which lie in no object, as if they did.
    for n in ("ns::S", "ns::deep::K", "ns::T1<int>"): print(f">>> {compiler} all members of {n}\n{result(lambda: [(m.name, m.type.type_name(), m.bit_offset, m.bit_field_size) for m in prog.type(n).members])}")
    print(f">>> {compiler} static member\n{result(lambda: prog['ns::S::count'])}")
    print(f">>> {compiler} base classes\n{result(lambda: [(m.name, m.type.type_name()) for m in prog.type('derived').members])}")
