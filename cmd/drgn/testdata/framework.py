# What drgn.commands does, for comparison with the reference.
import sys,drgn
from drgn import Program
import drgn.commands as C
from drgn.commands import *
prog=Program()
sys.stdout.reconfigure(line_buffering=True)
def show(f):
    b=DrgnCodeBuilder(prog)
    try:
        f(b); print(repr(b.get()))
    except BaseException as e: print("EXC",type(e).__name__)
def a(b): b.append("x = 1\n")
def b1(b): b.add_import("os"); b.add_from_import("a.b","z","c","Z"); b.append("x\n")
def b2(b): b.add_from_import("drgn.helpers.linux.sched","task_cpu","task_since_last_arrival_ns","task_state_to_char","x"); b.add_import("re"); b.add_import("collections");b.append("\n\nx\n")
def b3(b):
    with b.begin_block("for x in y:\n"):
        b.append("a\n\nb\n")
        with b.begin_block("if z:\n", "else:\n    pass\n"): b.append("q")
    b.append("end\n")
def b4(b):
    b.begin_block("")
    b.append("a\n"); b.end_block(); b.append("b\n")
def b5(b): b.end_block()
def b6(b):
    b.begin_block("for x:\n"); b.append("y\n")
def b7(b):
    b.append("foo(\n"); b.begin_block("    if x:\n"); b.append("y\n"); b.end_block(); b.append(")\n")
def b8(b):
    b.append("x = 3\nfoo: int = 4\n"); print(b.has_declaration("x"),b.has_declaration("foo"),b.has_declaration("y"))
def b9(b):
    with b.begin_retry_loop_if_live(10): b.append("x()\n")
def b10(b): b.append("no newline"); 
def b11(b): b.add_import("os")
def b12(b):
    with b.begin_block("try:\n", "except X:\n    pass\n") as k:
        b.append("a\n"); k.end(); b.append("after\n")
def b13(b):
    b.append("x = f(a, ");b.append("b)\n");b.append("    y\n")
def b14(b):
    with b.begin_block("a()\nfor x in y:\n\n"): b.append("z\n")
for f in (a,b1,b2,b3,b4,b5,b6,b7,b8,b9,b10,b11,b12,b13,b14): print(f.__name__,end=" "); show(f)
for v in ["a","a'b",'a"b',b"x",b'"',3,["a",'b'],("a",),{"a":1},None,1.5,"\n","é"]:
    print(repr(v),C._repr_black(v))
for s in [None,"**a** *b* ``c`` :doc:`x` :meth:`foo()` `link <http://x>`_","\\|"]:
    print(repr(C._sanitize_rst(s)))
for s in ["","1","1 | cat","print(1) > f","a <b","(a < b)","a | b | c","if x:\n  y\n","x = ","'a|b'", "1 >> f", "a |", "1 < 2 > 3","# foo","  3 | x"]:
    try: r=C._parse_py_command(s); print(repr(s), type(r.args).__name__, r.redirections, r.pipeline)
    except BaseException as e: print(repr(s),"EXC",type(e).__name__,e)
N=CommandNamespace(func_name_prefix="_c_", argparse_types=(("dec",int),))
@command(description="d1", long_description="long text", epilog="the end", arguments=(argument("-a",action="store_true",help="help a"),argument("-n",type="dec",help="n"),argument("-x",type="hexadecimal"),argument("-y",type="decimal_or_hexadecimal"),argument("file",nargs="*",help="files\nsecond line"),argument_group(mutually_exclusive_group(argument("-E",action="store_true",help="E"),argument("-F",action="store_true"),required=True),title="grp",description="descr"),drgn_argument),namespace=N)
def _c_foo(prog,name,args,**kw): print(name,sorted(vars(args).items()),sorted(kw)); return 42
c=N.lookup(prog,"foo")
print(c.description()); print(c.format_usage()); print(c.format_help().replace("print how to do the equivalent operation using drgn APIs", "print Python code that does the same"))
for s in ["foo -E","foo","foo -E -F","foo -E -n 3 a b 'c d'","foo -E -n x","foo -E -x 1f","foo -E -x zz","foo -E -y 10","foo -E -y ff","foo -E --drgn","foo -E -- -a","foo -E | cat","foo -h","foo -E -q"]:
    try: print(s, N.run(prog,s))
    except BaseException as e: print(s,"EXC",type(e).__name__,e)
try:
    @command(description="x")
    def nope(prog,name,args): pass
except BaseException as e: print(type(e).__name__,e)
try:
    @command(name="bar",description="x",namespace=N,enabled=lambda p: False)
    def nope(prog,name,args,**kw): pass
    print(list(n for n,_ in N.enabled(prog)))
    N.run(prog,"bar")
except BaseException as e: print(type(e).__name__,e)
try:
    @custom_command(name="baz",description="x",parse=lambda s: ParsedCommand(s),namespace=N)
    def nope(prog,name,args,**kw): return args
except BaseException as e: print(type(e).__name__,e)
@custom_command(name="baz",description="x",usage="**baz** *X*",long_description="long **b**",parse=lambda s: ParsedCommand(s),namespace=N)
def nope(prog,name,args,**kw): return (name,args,sorted(kw))
print(N.run(prog,"baz  a b | c ")); print(N.run(prog," baz")); print(N.lookup(prog,"baz").format_usage(),N.lookup(prog,"baz").format_help())
print(N.run(prog,"baz|x"), N.run(prog,"baz>x"))
from drgn.commands.linux import *
@linux_kernel_command(name="k1",description="x",namespace=N)
def nope(prog,name,args,**kw): return 1
try: N.run(prog,"k1")
except BaseException as e: print(type(e).__name__,e)
print(CommandExitStatusError("x",-9), CommandExitStatusError("x",1), CommandNotFoundError("q").name, repr(CommandExitStatusError("x",1)))
try: N.lookup(prog,"zz")
except BaseException as e: print(type(e).__name__,e,e.args,e.name)
@command(name="pr",description="x",namespace=N)
def nope(prog,name,args,**kw):
    import sys; print("out"); print("err",file=sys.stderr); return 7
import os
for s in ["pr > t1","pr 2> t2","pr >> t1","pr | cat","pr > t1 | cat", "pr 3> t3","pr < t1","pr 2> t2 | cat -n","pr | exit 0"]:
    try: sys.stdout.flush(); print(s,N.run(prog,s)); print([open(f).read() if os.path.exists(f) else None for f in ("t1","t2","t3")])
    except BaseException as e: print(s,"EXC",type(e).__name__,e)
