# Lines of commands as a shell's: words, quotes, redirections and pipes; commands that parse their arguments themselves.

import inspect

from drgn import Program
from drgn.commands import CommandArgumentError, CommandFunc, CommandNamespace, CustomCommandFunc, DrgnCodeBlockContext, DrgnCodeBuilder, ParsedCommand, ShellRedirection, parse_shell_command, unquote_shell_word
from drgn.commands.linux import linux_kernel_custom_command

[(s.args, s.redirections, s.pipeline) for s in map(parse_shell_command, ["", "a", " a  b ", "a > f", "a >> f b", "a 2> f", "a < f", "a | b | c", "a 'b | c' > \"d e\" | f", "a \\> b", "a > f > g", "a 10>f", "a #b", "a #b | c", "a\tb\nc"])]
def parse(line):
    try:
        s = parse_shell_command(line)
        return s.args, s.redirections, s.pipeline
    except Exception as e:
        return type(e).__name__, str(e)
[(line, parse(line)) for line in ["a >", "a > |", "| b", "a 'b", 'a "b', "a \\", "a |", "a > 'b'c", "a || b", "a && b", "a >| f", "a <> f", "a << f", "a <<< f", "(a)", "a $(b)", "a `b`", "a $b", "a *.c", "a ~", "a {b,c}", "a > f b | c > d", "a -c 'x > y'", "!a", "a '' b", "a 'b'\"c\"d", "a >& 2", "a 2>&1", "a&", "a;b", "a>b", "a1>b", "a 1>b", "a|b"]]
def unquote(word):
    try:
        return unquote_shell_word(word)
    except Exception as e:
        return type(e).__name__, str(e)
[(word, unquote(word)) for word in ["", "a", "'a b'", '"a b"', "a\\ b", "\\'", '"\\""', '"\\a"', "'\\'", "a'b'c\"d\"", "''", "a b", "'a", "a\\", '"$a"', "$a", "`a`", "a*", "~", "\\\n", '"\\\n"', '"\\$a"', "'a''b'", "#a", "a#b"]]
ShellRedirection(1, ">", "f")
ShellRedirection(fd=1, op=">", path="f") == ShellRedirection(1, ">", "f"), ShellRedirection._fields, ShellRedirection(2, ">>", "g").path
sorted(name for name in dir(ParsedCommand) if not name.startswith("_"))
inspect.isclass(CommandFunc), inspect.isclass(CustomCommandFunc), CommandFunc.__call__.__name__, CustomCommandFunc.__call__.__name__
list(inspect.signature(CommandFunc.__call__).parameters), list(inspect.signature(CustomCommandFunc.__call__).parameters)
commands = CommandNamespace()
@linux_kernel_custom_command(name="own", description="of a test", usage="**own** *x*", long_description="Long.", parse=parse_shell_command, namespace=commands)
def own(prog, name, args, **kwargs):
    print(name, args)
prog = Program()
[name for name, _ in commands.enabled(prog)], commands.lookup(prog, "own").description()
commands.run(prog, "own 1 2", globals={})
code = DrgnCodeBuilder(prog)
type(code.begin_block("if x:\n")) is DrgnCodeBlockContext
code.append("pass\n"); code.end_block(); code.get()
with code.begin_block("for y in z:\n", "else_\n") as block:
    code.append("pass\n")
isinstance(block, DrgnCodeBlockContext), code.get()
