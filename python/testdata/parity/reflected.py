import math
from drgn import *
from mock import *
prog = Program(LE64)
i = Object(prog, prog.int_type("int", 4, True), 6)
f = Object(prog, prog.float_type("double", 8), 2.5)
7 + i, 7 - i, 7 * i, 7 / i, 7 % i, 7 << i, 700 >> i, 7 & i, 7 ^ i, 7 | i
7.5 + f, 7 - f, 7 * f, 7 / f
7 % f
7 & f
-i, +i, ~i, -f, +f
~f
math.trunc(f), math.floor(f), math.ceil(f), round(f), round(f, 1), math.trunc(i), math.ceil(-f)
int(f), float(i), bool(i), hex(i), [10, 20, 30, 40, 50, 60, 70][i]
[1, 2, 3][f]
TypeKind.UNION, prog.union_type("u", 0, ()).kind
