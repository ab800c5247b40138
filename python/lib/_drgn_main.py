"""What the program runs: code, a script or the prompt, with a program to debug."""

import os
import sys

import _drgn


if not hasattr(os, "memfd_create"):  # the C library that Python was built for is older
    import _drgn_system

    _drgn_system.install()

executed = None  # the code of -e, for tracebacks


def show(e):
    """Print an exception as the interpreter does, without this module's own frames."""
    tb = e.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith((show.__code__.co_filename, "<python>/runpy")):
        tb = tb.tb_next
    if executed is not None:
        import linecache

        linecache.cache["<string>"] = (len(executed), None, executed.splitlines(True), "<string>")
    if isinstance(e, Exception) and "drgn" in sys.modules:
        import drgn._near

        drgn._near.add_hint(e)
        if "drgn.cli" in sys.modules:
            sys.modules["drgn.cli"]._without_display(tb)
    sys.excepthook(type(e), e.with_traceback(tb), tb)


def builtins_of_site():
    """What the interpreter's module site adds to the built-in names; the rest of site looks at disks."""
    import _sitebuiltins
    import builtins

    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")

    class Helper(_sitebuiltins._Helper):
        def __call__(self, *args, **kwds):
            import drgn._help

            drgn._help.install()
            return super().__call__(*args, **kwds)

    builtins.help = Helper()
    builtins.copyright = _sitebuiltins._Printer("copyright", sys.copyright)
    builtins.license = _sitebuiltins._Printer("license", _drgn._licences())


def heed_environment():
    """Heed PYTHON_COLORS and PYTHONBREAKPOINT, which Python does not where it is told to look at no variables of its own. start_python heeds others."""
    coloured = os.environ.get("PYTHON_COLORS")
    if coloured in ("0", "1"):
        import _colorize

        _colorize.can_colorize = lambda *, file=None: coloured == "1"
    if os.environ.get("PYTHONBREAKPOINT"):
        sys.breakpointhook = breakpoint_hook


def breakpoint_hook(*args, **kwargs):
    """What breakpoint() does: what PYTHONBREAKPOINT names, nothing if that is 0."""
    name = os.environ.get("PYTHONBREAKPOINT") or "pdb.set_trace"
    if name == "0":
        return None
    import importlib

    module, _, function = name.rpartition(".")
    try:
        function = getattr(importlib.import_module(module or "builtins"), function)
    except (ImportError, AttributeError, ValueError):
        import warnings

        warnings.warn(f'Ignoring unimportable $PYTHONBREAKPOINT: "{name}"', RuntimeWarning, stacklevel=2)
        return None
    return function(*args, **kwargs)


def search_path():
    """Where scripts may import from beside the program itself: PYTHONPATH and a virtual environment of our version."""
    entries = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    sys.path[0:0] = entries
    venv = os.environ.get("VIRTUAL_ENV")
    if not venv:
        return
    packages = os.path.join(venv, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    if os.path.isdir(packages):
        import site

        sys.prefix = sys.exec_prefix = venv
        site.addsitedir(packages)


def ready():
    """From here on Ctrl-C is a KeyboardInterrupt. Until then it ends the process as it ends any other: raised while modules are
    imported, it may come up in a callback of the import system, where it is told and lost."""
    if hasattr(_drgn, "_directory"):  # the interpreter has imported module _signal
        return
    _drgn._signals()
    import _warnings

    # fork() warns of other threads. Those are Go's, of which a child knows: drgn is refused there. The text of a plain filter is compared.
    for call in ("fork", "forkpty"):
        text = f"This process (pid={os.getpid()}) is multi-threaded, use of {call}() may lead to deadlocks in the child."
        _warnings.filters.insert(0, ("ignore", text, DeprecationWarning, None, 0))


def run_code(prog, codes, args):
    import __main__
    import drgn.cli

    sys.argv = ["-e"] + args
    sys.path.insert(0, "")
    __main__.__dict__.update(drgn.cli.default_globals(prog))
    # An expression at the end is shown, as at the prompt. Module ast itself would take longer to load than most code runs.
    import _ast

    global executed
    plain_hook = sys.displayhook
    ready()
    for code in codes:
        executed = code
        sys.displayhook = plain_hook
        tree = compile(code, "<string>", "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
        last = []
        if tree.body and isinstance(tree.body[-1], _ast.Expr):
            last = [tree.body.pop()]
        exec(compile(tree, "<string>", "exec", dont_inherit=True), __main__.__dict__)
        if last:
            sys.displayhook = drgn.cli._displayhook
            exec(compile(_ast.Interactive(last), "<string>", "single", dont_inherit=True), __main__.__dict__)


def run_script(prog, args):
    import __main__
    import io

    import drgn.cli

    sys.argv = args
    path = args[0]
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        import runpy

        names = drgn.cli.default_globals(prog)
        ready()
        runpy.run_path(path, init_globals=names, run_name="__main__")
        return
    with io.open_code(os.path.abspath(path)) as f:
        source = f.read()
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    namespace = __main__.__dict__
    namespace.update(drgn.cli.default_globals(prog))
    namespace["__file__"] = path
    namespace["__builtins__"] = __import__("builtins")
    namespace.pop("__loader__", None)
    ready()
    exec(compile(source, path, "exec", dont_inherit=True), namespace)


def run_stdin(prog, args=("",)):
    """Standard input is a script: it is no terminal, or was asked for by "-"."""
    import __main__

    import drgn.cli

    sys.argv = list(args)
    sys.path.insert(0, "")
    __main__.__dict__.update(drgn.cli.default_globals(prog))
    __main__.__file__ = "<stdin>"
    ready()
    source = sys.stdin.buffer.read()
    sys.displayhook = drgn.cli._displayhook
    exec(compile(source, "<stdin>", "exec", dont_inherit=True), __main__.__dict__)


def run_plain(args):
    """A small part of python's own command line: what multiprocessing and scripts pass to sys.executable."""
    import __main__

    while args and args[0].startswith("-") and args[0] not in ("-c", "-m"):
        del args[: 2 if args[0] in ("-X", "-W") else 1]
    if not args:
        return
    if args[0] == "-c":
        sys.argv = ["-c"] + args[2:]
        sys.path.insert(0, "")
        ready()
        exec(compile(args[1], "<string>", "exec", dont_inherit=True), __main__.__dict__)
    elif args[0] == "-m":
        import runpy

        sys.argv = args[1:]
        sys.path.insert(0, os.getcwd())
        ready()
        runpy.run_module(args[1], run_name="__main__", alter_sys=True)
    else:
        run_script(None, args)


class Logging:
    """Finder and loader of module logging that sets it up, too, as soon as something imports it."""

    def __init__(self, level):
        from importlib.machinery import FrozenImporter

        self.level, self.loader = level, FrozenImporter

    def find_spec(self, name, path=None, target=None):
        spec = self.loader.find_spec(name) if name == "logging" else None
        if spec is not None:
            spec.loader = self
        return spec

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        import drgn._log

        drgn._log.setup(self.level)


def set_up_logging(level):
    """Have what is logged at a level or above written to standard error. Without a level, what drgn logs is heard when the script has set that up."""
    import drgn._debuginfo

    drgn._debuginfo.quiet = level in ("", "none")
    # To import logging would take longer than most code runs, and little of that logs. An interpreter of others may find another
    # module of that name later, a script's own.
    if level in ("none", "warning") and "logging" not in sys.modules and not hasattr(_drgn, "_directory"):
        sys.meta_path.insert(0, Logging(level))
    elif level:
        import drgn._log

        drgn._log.setup(level)


def open_program():
    """Open what the command line names, as the default program."""
    import drgn

    prog, warnings = _drgn._open()
    for w in warnings:
        if drgn._debuginfo.log_level() <= 30:
            drgn._debuginfo.log(30, w)
    if prog is not None:
        drgn.set_default_prog(prog)
    return prog


def run():
    mode, code, args, quiet, level, pager = _drgn._options()
    if not hasattr(_drgn, "_directory"):  # else an interpreter of others runs, which has looked for itself
        builtins_of_site()
        heed_environment()
        search_path()
    if mode == 3:
        run_plain(args)
        return 0
    import drgn

    set_up_logging(level)
    try:
        prog = open_program()
    except (KeyboardInterrupt, drgn.GoPanic):
        raise
    except Exception as e:
        print(f"drgn: {e}", file=sys.stderr)
        return 1
    if mode == 1:
        run_code(prog, code, args)
    elif mode == 2 and args[0] == "-":
        run_stdin(prog, args)
    elif mode == 2:
        run_script(prog, args)
    elif mode == 4:
        import drgn._kernel

        try:
            _drgn._kernel_open(args[0])
        except Exception as e:
            print(f"drgn: {e}", file=sys.stderr)
            return 1
        sys.argv = [""]
        ready()
        drgn._kernel.serve(prog)
    elif sys.stdin is not None and not sys.stdin.isatty():
        run_stdin(prog)
    else:
        import drgn.cli

        banner = "" if quiet else f"{drgn.cli.version_header()}\n{drgn.cli._banner(prog)}"
        if not quiet and "VIRTUAL_ENV" in os.environ:
            import drgn._near

            problem = drgn._near.other_environment()
            if problem:
                print(f"warning: {problem}", file=sys.stderr)
        import __main__

        __main__.__dict__.update(drgn.cli.default_globals(prog))
        ready()
        drgn.cli._interact(prog, __main__.__dict__, banner, startup=True, paging=pager)
    return 0


def main():
    """Run the program and return the exit code, or that less than 0 of the signal by which to end."""
    try:
        try:
            code = run()
        finally:
            if sys.stdout is not None and not sys.stdout.closed:
                try:
                    sys.stdout.flush()
                except BrokenPipeError:
                    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return code
    except SystemExit as e:
        if e.code is None:
            return 0
        if isinstance(e.code, int):
            return e.code & 0xFF if -(2**63) <= e.code < 2**63 else 0xFF
        print(e.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt as e:
        show(e)
        import _signal

        return -_signal.SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except BaseException as e:
        show(e)
        return 1
