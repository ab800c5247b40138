"""Runs a parity script: run.py SCRIPT. Every statement at the top level of the script is a case.

An expression shows its repr, a statement that fails its exception: class and text. What is printed shows as it is. The same
script is run by the reference and by the program under test, and what both print is compared.
"""

import ast
import os
import re
import sys


def show(text):
    # Addresses of Python objects are never the same twice; the reference's classes are those of an inner module. Nor are
    # directories for temporary files.
    text = re.sub(r"/tmp/tmp\w+/", "/tmp/.../", text)
    print(re.sub(r"\b_drgn\.", "drgn.", re.sub(r"\bat 0x[0-9a-f]+", "at 0x...", text)))


def main(path):
    with open(path, encoding="utf-8") as f:
        source = f.read()
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    names = {"__name__": "__main__", "__file__": path}
    for node in ast.parse(source).body:
        is_expr = isinstance(node, ast.Expr)
        text = "\n... ".join(ast.get_source_segment(source, node).split("\n"))
        if is_expr:
            print(">>>", text)
        try:
            if is_expr:
                value = eval(compile(ast.Expression(node.value), path, "eval"), names)
                if value is not None:
                    show(repr(value))
            else:
                exec(compile(ast.Module([node], []), path, "exec"), names)
        except BaseException as e:
            if not is_expr:
                print(">>>", text)
            show(f"! {type(e).__qualname__}: {e}")
    sys.stdout.flush()


main(sys.argv[1])
