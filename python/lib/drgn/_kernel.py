"""The kernel of Jupyter that this program is: what the messages of its protocol (version 5.3) ask for and are answered with.

Sockets and signatures are Go's. Requests are carried out one after the other on the main thread; those of the control channel, which are
to interrupt it or to leave, on a thread of their own.
"""

import ast
import builtins
import getpass
import io
import json
import os
import signal
import sys
import threading
import time
import traceback
import uuid

import drgn
from drgn import _near, cli
from drgn._complete import Completer, evaluate, expression_before

import _drgn

SHELL, CONTROL, STDIN = range(3)
_SESSION = str(uuid.uuid4())
_WORD_ENDS = " \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?"  # as for readline


def _encode(value):
    return json.dumps(value).encode("utf-8", "surrogateescape")


class _Stream(io.TextIOBase):
    """Standard output or error: front ends are sent what is written, in pieces."""

    encoding, errors = "utf-8", "replace"
    _PIECE = 1 << 16

    def __init__(self, kernel, name):
        self._kernel, self.name, self._stream = kernel, f"<{name}>", name
        self._parts, self._size, self._lock = [], 0, threading.RLock()

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            self._parts.append(text)
            self._size += len(text)
            if self._size >= self._PIECE:
                self.flush()
        return len(text)

    def flush(self):
        with self._lock:
            text, self._parts, self._size = "".join(self._parts), [], 0
            if text:
                self._kernel.publish("stream", {"name": self._stream, "text": text})


class Kernel:
    """A kernel with the variables of the prompt."""

    def __init__(self, space):
        self.space, self.count, self.history, self.parent = space, 0, [], b"{}"
        self.streams = _Stream(self, "stdout"), _Stream(self, "stderr")
        self.input_allowed = self.leaving = False
        self.busy = False  # with code of a cell, which Ctrl-C ends

    # ---- Messages
    def header(self, kind):
        date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + "Z"
        return _encode({"msg_id": str(uuid.uuid4()), "session": _SESSION, "username": "drgn", "date": date, "msg_type": kind, "version": "5.3"})

    def publish(self, kind, content, parent=None):
        _drgn._kernel_publish(kind, self.header(kind), self.parent if parent is None else parent, _encode(content))

    def flush(self):
        for stream in self.streams:
            stream.flush()

    def flush_now_and_then(self):
        parent = os.getppid() if "JPY_PARENT_PID" in os.environ else None  # Jupyter, which may end without a word
        while not self.leaving:
            time.sleep(0.2)
            self.flush()
            if parent not in (None, os.getppid()):
                self.leave()

    def leave(self):
        self.leaving = True
        _drgn._kernel_close()
        os.kill(os.getpid(), signal.SIGINT)

    def interrupted(self, number, frame):
        """Handle SIGINT: there is nothing to end between cells."""
        if self.busy:
            raise KeyboardInterrupt

    def serve(self, channel):
        """Answer what comes on a channel until the kernel is closed."""
        while not (self.leaving and channel == SHELL):
            message = _drgn._kernel_next(channel)
            if message is None:
                return
            self.answer(channel, *message)

    def answer(self, channel, header, content):
        try:
            kind = json.loads(header)["msg_type"]
            content = json.loads(content)
            method = getattr(self, kind, None) if kind.endswith("_request") else None
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        if method is None or not isinstance(content, dict):
            return  # of a later version of the protocol, or of widgets, which there are none of
        if channel == SHELL:
            self.parent = header
        self.publish("status", {"execution_state": "busy"}, header)
        try:
            reply = method(content)
            reply.setdefault("status", "ok")
        except Exception as e:  # a request that lacks something
            reply = {"status": "error", "ename": type(e).__name__, "evalue": str(e), "traceback": []}
        self.flush()
        _drgn._kernel_reply(channel, self.header(kind.removesuffix("request") + "reply"), header, _encode(reply))
        self.publish("status", {"execution_state": "idle"}, header)
        if self.leaving:
            self.leave()

    # ---- Requests
    def kernel_info_request(self, content):
        version = sys.version.partition(" ")[0]
        return {"protocol_version": "5.3", "implementation": "godrgn", "implementation_version": cli.version_header().split()[1],
                "banner": cli.version_header(), "help_links": [],
                "language_info": {"name": "python", "version": version, "mimetype": "text/x-python", "file_extension": ".py",
                                  "pygments_lexer": "ipython3", "codemirror_mode": {"name": "ipython", "version": 3}, "nbconvert_exporter": "python"}}

    def comm_info_request(self, content):
        return {"comms": {}}

    def shutdown_request(self, content):
        self.leaving = True
        return {"restart": bool(content.get("restart"))}

    def interrupt_request(self, content):
        os.kill(os.getpid(), signal.SIGINT)
        return {}

    def history_request(self, content):
        lines = [(0, n, code) for n, code in self.history]
        if content.get("hist_access_type") == "range" and content.get("session", 0) == 0:
            stop = content.get("stop")
            lines = [line for line in lines if content.get("start", 0) <= line[1] and (stop is None or line[1] < stop)]
        elif content.get("hist_access_type") == "search":
            import fnmatch

            lines = [line for line in lines if fnmatch.fnmatch(line[2], content.get("pattern", "*"))]
        if content.get("hist_access_type") != "range" and content.get("n") is not None:
            lines = lines[-content["n"]:] if content["n"] > 0 else []
        return {"history": [(s, n, (code, None)) if content.get("output") else (s, n, code) for s, n, code in lines]}

    def is_complete_request(self, content):
        from codeop import compile_command

        code = content["code"]
        if code.startswith("%") or code.rstrip().endswith("?"):
            return {"status": "complete"}
        try:
            whole = compile_command(code, "<cell>", "exec") is not None
        except (SyntaxError, ValueError, OverflowError):
            return {"status": "invalid"}
        last = code.rpartition("\n")[2]
        if whole and not last.startswith((" ", "\t")):
            return {"status": "complete"}
        return {"status": "incomplete", "indent": last[: len(last) - len(last.lstrip())] + ("    " if last.endswith(":") else "")}

    def complete_request(self, content):
        code, end = content["code"], content["cursor_pos"]
        line = code[:end].rpartition("\n")[2]
        start = len(line)
        while start > 0 and line[start - 1] not in _WORD_ENDS:
            start -= 1
        completer, found = Completer(self.space, lambda: line, lambda: len(line)), []
        while len(found) < 1000:
            word = completer.complete(line[start:], len(found))
            if word is None:
                break
            found.append(word)
        return {"matches": [w.rstrip() for w in found], "cursor_start": end - (len(line) - start), "cursor_end": end, "metadata": {}}

    def inspect_request(self, content):
        import pydoc

        code, end = content["code"], content["cursor_pos"]
        while end < len(code) and (code[end].isalnum() or code[end] == "_"):
            end += 1
        line = code[:end].rpartition("\n")[2].rstrip("(")
        expression = line[expression_before(line, len(line)):]

        def name(n):
            return self.space[n] if n in self.space else getattr(builtins, n)

        try:
            value = evaluate(ast.parse(expression, mode="eval").body, name)
        except Exception:  # it is no name of anything
            return {"found": False, "data": {}, "metadata": {}}
        return {"found": True, "data": {"text/plain": pydoc.plain(pydoc.render_doc(value, "%s"))}, "metadata": {}}

    def execute_request(self, content):
        code, silent = content["code"], bool(content.get("silent"))
        self.input_allowed = content.get("allow_stdin", True)
        if not silent:
            self.count += 1
            if content.get("store_history", True):
                self.history.append((self.count, code))
            self.publish("execute_input", {"code": code, "execution_count": self.count})
        reply = {"execution_count": self.count}
        sys.displayhook = (lambda value: None) if silent else self.show_result
        try:
            self.busy = True
            self.run(code)
            self.busy = False
            reply.update(status="ok", payload=[], user_expressions={k: self.expression(v) for k, v in content.get("user_expressions", {}).items()})
        except BaseException as e:  # also SystemExit: only the front end has the kernel leave
            self.busy = False
            error = self.error(e)
            if not silent:
                self.flush()
                self.publish("error", error)
            reply.update(status="error", **error)
        return reply

    # ---- What they need
    def run(self, code):
        stripped = code.strip()
        if stripped.startswith("%"):
            for line in stripped.splitlines():
                cli._run_line(line, self.space)
            return
        if stripped.endswith("?") and "\n" not in stripped and cli._explain(stripped, self.space):
            return
        name = f"<cell {self.count}>"
        import linecache

        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        tree = ast.parse(code, name)
        last = [tree.body.pop()] if tree.body and isinstance(tree.body[-1], ast.Expr) else []
        exec(compile(tree, name, "exec", dont_inherit=True), self.space)
        if last:
            exec(compile(ast.Interactive(last), name, "single", dont_inherit=True), self.space)

    def expression(self, code):
        try:
            return {"status": "ok", "data": self.data(eval(code, self.space)), "metadata": {}}
        except Exception as e:
            return {"status": "error", **self.error(e)}

    def data(self, value):
        """Return how a value is shown, by type of media."""
        found = {"text/plain": cli._text(value, False)}
        for kind, method in (("text/html", "_repr_html_"), ("image/png", "_repr_png_"), ("image/svg+xml", "_repr_svg_")):
            f = getattr(type(value), method, None)
            try:
                shown = f(value) if f is not None else None
            except Exception:
                shown = None  # the text is there
            if isinstance(shown, bytes):
                import base64

                shown = base64.b64encode(shown).decode()
            if shown is not None:
                found[kind] = shown
        return found

    def show_result(self, value):
        if value is None:
            return
        self.flush()
        self.publish("execute_result", {"execution_count": self.count, "data": self.data(value), "metadata": {}})
        builtins._ = value

    def display(self, *values):
        """Show values in the notebook, as the value of a cell's last expression is shown."""
        self.flush()
        for value in values:
            self.publish("display_data", {"data": self.data(value), "metadata": {}, "transient": {}})

    def error(self, e):
        if isinstance(e, Exception):
            _near.add_hint(e)
        tb = e.__traceback__
        while tb is not None and tb.tb_frame.f_code.co_filename == self.run.__code__.co_filename:
            tb = tb.tb_next
        cli._without(self.show_result, tb)
        lines = "".join(traceback.format_exception(type(e), e, tb)).splitlines()
        return {"ename": type(e).__name__, "evalue": str(e), "traceback": lines}

    def ask(self, prompt="", password=False):
        self.flush()
        if not self.input_allowed or not _drgn._kernel_ask(self.header("input_request"), self.parent, _encode({"prompt": str(prompt), "password": password})):
            raise EOFError("this front end gives no input")
        while True:
            message = _drgn._kernel_next(STDIN)
            if message is None:
                raise EOFError("the kernel is leaving")
            try:
                if json.loads(message[0])["msg_type"] == "input_reply":
                    return str(json.loads(message[1])["value"])
            except (ValueError, TypeError, KeyError):
                pass


def _leave(code=None):
    """Leave as exit() does, but for what belongs to the kernel: its standard input stays open."""
    raise SystemExit(code)


def serve(prog):
    """Be the kernel whose sockets are open until a front end has it leave."""
    import __main__

    space = __main__.__dict__
    space.update(cli.default_globals(prog))
    sys.path.insert(0, "")
    kernel = Kernel(space)
    space["display"] = kernel.display
    sys.stdout, sys.stderr = kernel.streams
    builtins.input, builtins.exit, builtins.quit = kernel.ask, _leave, _leave
    getpass.getpass = lambda prompt="Password: ", stream=None: kernel.ask(prompt, True)
    signal.signal(signal.SIGINT, kernel.interrupted)
    for target, args in ((kernel.serve, (CONTROL,)), (kernel.flush_now_and_then, ())):
        threading.Thread(target=target, args=args, daemon=True).start()
    kernel.publish("status", {"execution_state": "starting"})
    try:
        kernel.serve(SHELL)
    finally:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
