"""The prompt, and what its users find there."""

import builtins
import os
import sys

import drgn

import _drgn

__all__ = ("default_globals", "display_str", "explain_symbols", "run_interactive", "version_header")

NAMES = ("FaultError", "NULL", "Object", "alignof", "cast", "container_of", "execscript", "implicit_convert", "offsetof",
         "reinterpret", "sizeof", "search_memory", "search_memory_regex", "search_memory_u16", "search_memory_u32", "search_memory_u64",
         "search_memory_word", "source_location", "stack_trace")


def version_header() -> str:
    """Return what the banner starts with: the versions of the program, of Go and of Python."""
    return _drgn._version_header()


def explain_symbols(*prog: "drgn.Program") -> str:
    """Return what drgn --explain-symbols prints, of a program or of the default one.

    It says of each module what was wanted, what was tried and found, and why not, and where types, symbols, stacks and source lines
    come from. The debugging information of all modules is read for it.
    """
    return _drgn._explain_symbols(*prog)


def default_globals(prog: "drgn.Program | None") -> dict:
    """Return the global variables of scripts and of the prompt for a program."""
    names: dict = {"drgn": drgn}
    if prog is not None:
        names["prog"] = prog
    for name in NAMES:
        names[name] = getattr(drgn, name)
    for module in _modules(prog):
        for name in module.__all__:
            names[name] = getattr(module, name)
    return names


def _modules(prog):
    import drgn.helpers.common

    yield drgn.helpers.common
    if prog is not None and drgn.ProgramFlags.IS_LINUX_KERNEL in prog.flags:
        import drgn.helpers.linux

        yield drgn.helpers.linux


_displayed: set = set()


def display_str(tp: type) -> type:
    """Class decorator: the prompt shows instances as str() does, not repr()."""
    _displayed.add(tp)
    return tp


for _tp in (drgn.StackFrame, drgn.StackTrace, drgn.Type, drgn.SourceLocation, drgn.SourceLocationList):
    display_str(_tp)


def _columns():
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns
    except (AttributeError, ValueError, OSError):
        return 0


def _text(value, colour):
    from drgn import _show

    kind = None
    if isinstance(value, drgn.Object):
        try:
            text, kind = value.format_(columns=_columns()), "object"
        except drgn.FaultError as e:
            print(f"cannot print value: {e}", file=sys.stderr)
            return repr(value)
    elif type(value) in _displayed:
        text = str(value)
        if isinstance(value, drgn.Type):
            kind = "type"
        elif isinstance(value, drgn.StackTrace):
            kind = "stack"
    else:
        return repr(value)
    return _show.in_colour(text, kind) if colour and kind else text


def _displayhook(value):
    if value is None:
        return
    from drgn import _show

    builtins._ = None
    _show.show(_text(value, sys.stdout.isatty() and _show.coloured()))
    builtins._ = value


def _banner(prog):
    lines = ["For help, type help(drgn).", ">>> import drgn", ">>> from drgn import " + ", ".join(NAMES)]
    lines += [f">>> from {module.__name__} import *" for module in _modules(prog)]
    return "\n".join(lines)


def _history_file(name="history"):
    """Return where a prompt's history is kept, or None where that cannot be."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    path = os.path.join(base, "godrgn", name)
    try:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError:
        return None
    return path


def run_interactive(
    prog: "drgn.Program",
    banner_func: "collections.abc.Callable[[str], str] | None" = None,
    globals_func: "collections.abc.Callable[[dict], dict] | None" = None,
    quiet: bool = False,
) -> None:
    """Run the prompt until its user leaves; banner_func and globals_func may change what it starts with.

    The prompt's variables are those that globals_func returns, not the script's. The version is not in the banner: see version_header().
    quiet means nothing: it is there for scripts that give it.
    """
    banner = _banner(prog)
    if banner_func is not None:
        banner = banner_func(banner)
    names = {"__name__": "__main__", "__doc__": None, **default_globals(prog)}
    if globals_func is not None:
        names = globals_func(names)
    _interact(prog, names, banner)


def interact(local: dict, banner: str) -> None:
    """Run the prompt with variables, after a text, until its user leaves."""
    _interact(None, local, banner)


def _startup_files():
    """Return the files that are run before the first line of the prompt: the user's own, and that of PYTHONSTARTUP."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    files = [os.path.join(base, "godrgn", "rc.py")]
    named = os.environ.get("PYTHONSTARTUP")
    return [f for f in files if os.path.isfile(f)] + ([named] if named else [])


def _run_startup_files(space):
    import io

    for path in _startup_files():
        try:
            with io.open_code(path) as f:
                source = f.read()
            exec(compile(source, path, "exec", dont_inherit=True), space)
        except Exception as e:
            import drgn._near

            drgn._near.add_hint(e)
            sys.excepthook(type(e), e.with_traceback(e.__traceback__.tb_next), e.__traceback__)


def _interact(prog, space, banner, startup=False, paging=True):
    """Run the prompt in a dictionary of variables."""
    from drgn import _show

    had_default, saved_hook, saved_path = None, sys.displayhook, sys.path[:]
    try:
        had_default = drgn.get_default_prog()
    except drgn.NoDefaultProgramError:
        pass
    if prog is not None:
        drgn.set_default_prog(prog)
    sys.path.insert(0, "")
    sys.displayhook = _displayhook
    had_prompts = hasattr(sys, "ps1")
    was_paging, _show.paging = _show.paging, paging and sys.stdout is not None and sys.stdout.isatty()
    try:
        if banner:
            print(banner)
        if startup:
            _run_startup_files(space)
        _prompt(space)
    finally:
        if not had_prompts:  # sys.ps1 says that there is a prompt
            for name in ("ps1", "ps2"):
                vars(sys).pop(name, None)
        _show.paging = was_paging
        drgn.set_default_prog(had_default)
        sys.displayhook = saved_hook
        sys.path[:] = saved_path


def _run_line(source, space):
    """Run a line of the prompt that begins with %."""
    import drgn.commands

    def onerror(e):
        drgn.commands._write_command_error(sys.stderr, e)

    drgn.commands._crash.at_prompt = True
    try:
        drgn.commands.run_command(drgn.get_default_prog(), source[1:], globals=space, onerror=onerror)
    except drgn.NoDefaultProgramError as e:
        onerror(e)
    except BrokenPipeError:
        pass
    except KeyboardInterrupt:
        print("\nKeyboardInterrupt", file=sys.stderr)
    finally:
        drgn.commands._crash.at_prompt = False


# What was typed in this session, a statement each: lines that go on were joined.
typed: "list[str]" = []


def _explain(source, space):
    """Show help on what stands before "?", or its source before "??"; return whether it could be found."""
    source, both = source.removesuffix("?"), source.endswith("??")
    try:
        code = compile(source.removesuffix("?").strip(), "<stdin>", "eval", dont_inherit=True)
    except SyntaxError:
        return False
    try:
        value = eval(code, space)
    except Exception as e:
        import drgn._near

        drgn._near.add_hint(e)
        sys.excepthook(type(e), e.with_traceback(None), None)
        return True
    if both:
        import inspect

        from drgn import _show

        try:
            _show.show(inspect.getsource(value))
            return True
        except (OSError, TypeError):
            print("its source is not here; this is what it does:", file=sys.stderr)
    builtins.help(value)
    return True


def _without_display(tb):
    """Cut what shows a value at the prompt off a traceback: it is not the user's code that fails there."""
    _without(_displayhook, tb)


def _without(function, tb):
    """Cut off a traceback what a function called."""
    while tb is not None and tb.tb_next is not None:
        if tb.tb_next.tb_frame.f_code is function.__code__:
            tb.tb_next = None
            return
        tb = tb.tb_next


def _with_commands(console):
    """Return a class of consoles whose lines that begin with % are commands: see drgn.commands."""

    class Console(console):
        def runsource(self, source, *args, **kwargs):
            if source.startswith("%"):
                typed.append(source)
                _run_line(source, self.locals)
                return False
            if source.rstrip().endswith("?") and _explain(source.strip(), self.locals):
                return False
            if source.strip():
                typed.append(source)
            more = super().runsource(source, *args, **kwargs)
            if more:
                typed.pop()
            return more

        def _showtraceback(self, typ, value, tb, source):
            import drgn._near

            drgn._near.add_hint(value)
            _without_display(tb)
            super()._showtraceback(typ, value, tb, source)

    return Console


def _lines(space):
    """Have lines edited, completed and remembered by module readline, if there is one; return what keeps them at the end."""
    try:
        import readline
    except ImportError:
        return None
    from drgn._complete import Completer

    readline.set_completer(Completer(space, readline.get_line_buffer, readline.get_endidx).complete)
    readline.parse_and_bind("tab: complete")
    history = _history_file()
    if history is None:
        return None
    readline.set_history_length(10000)
    try:
        readline.read_history_file(history)
    except (OSError, UnicodeError) as e:
        print(f"cannot read the history: {e}", file=sys.stderr)
    before = readline.get_current_history_length()

    def keep():
        try:
            readline.append_history_file(readline.get_current_history_length() - before, history)
        except OSError:
            pass  # it could be written at the start: the disk is full

    return keep


def _prompt(space):
    sys.ps1, sys.ps2 = getattr(sys, "ps1", ">>> "), getattr(sys, "ps2", "... ")
    reason = None
    basic = sys.version_info < (3, 14)  # whose own editor of lines is another or none
    if os.environ.get("PYTHON_BASIC_REPL") or sys.stdin is None or not sys.stdin.isatty():
        reason = ""
    elif not basic:
        try:
            from _pyrepl.main import CAN_USE_PYREPL, FAIL_REASON

            reason = None if CAN_USE_PYREPL else FAIL_REASON
        except Exception as e:  # the terminal's description is missing or odd
            reason = str(e)
    if basic or reason is not None:
        import code

        if reason:
            print(reason, file=sys.stderr)
        console = _with_commands(code.InteractiveConsole)(space)
        keep = _lines(space) if reason is None else None
        console.interact(banner="", exitmsg="")
        if keep is not None:
            keep()
        return

    from _pyrepl import readline, simple_interact
    from _pyrepl.console import InteractiveColoredConsole

    from drgn._complete import Completer

    readline._setup(space)
    readline._wrapper.config.readline_completer = Completer(space, readline._wrapper.get_line_buffer, readline._wrapper.get_endidx).complete
    history = _history_file()
    if history is None:
        simple_interact.append_history_file = lambda: None
    else:
        readline.set_history_length(10000)
        try:
            readline.read_history_file(history)
        except (OSError, UnicodeError) as e:
            print(f"cannot read the history: {e}", file=sys.stderr)
        simple_interact.append_history_file = lambda: readline.append_history_file(history)
    simple_interact.run_multiline_interactive_console(_with_commands(InteractiveColoredConsole)(space, filename="<stdin>"))
