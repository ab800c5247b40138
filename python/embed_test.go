package python

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/godrgn/drgn/python/internal/cpython"
)

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		code           string
		want           int
		stdout, stderr string
	}{
		{"print('x')", 0, "x\n", ""},
		{"1 + 1", 0, "2\n", ""},
		{"import sys; sys.argv", 0, "['-e', 'a', 'b']\n", ""},
		{"1/0", 1, "", "ZeroDivisionError: division by zero"},
		{"def", 1, "", "SyntaxError"},
		{"raise SystemExit(7)", 7, "", ""},
		{"raise SystemExit", 0, "", ""},
		{"raise SystemExit('why')", 1, "", "why\n"},
		{"raise KeyboardInterrupt", -int(syscall.SIGINT), "", "KeyboardInterrupt"},
		{"import os, signal; os.kill(os.getpid(), signal.SIGINT)\nwhile True: pass", -int(syscall.SIGINT), "", "KeyboardInterrupt"},
		{"import drgn; drgn.get_default_prog()", 1, "", "NoDefaultProgramError: no default program"},
		{"from drgn._test import panics; panics(0)", 1, "", "Go panic: boom"},
	} {
		out, errs, code := runProgram(t, "", "exec", test.code, "a", "b")
		if code != test.want || out != test.stdout || !strings.Contains(errs, test.stderr) || test.stderr == "" && errs != "" {
			t.Errorf("%s: exit code %d\n%s%s", test.code, code, out, errs)
		}
	}
}

func TestTracebackHasLines(t *testing.T) {
	_, errs, _ := runProgram(t, "", "exec", "import drgn.helpers.common.format as f\nf.number_in_binary_units(None)")
	for _, want := range []string{"f.number_in_binary_units(None)", "format.py", "TypeError"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
	if strings.Contains(errs, "_drgn_main") {
		t.Errorf("our own frames show:\n%s", errs)
	}
}

func TestStandardInput(t *testing.T) {
	out, errs, code := runProgram(t, "x = 20\nprint(x + 1)\n", "interactive")
	if out != "21\n" || errs != "" || code != 0 {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}

func TestImports(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"other.py": "VALUE = 42\n", "main.py": "import other, sys\nprint(other.VALUE, sys.argv[1:], __name__, __file__ == sys.argv[0])\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, errs, code := runProgram(t, "", "script", filepath.Join(dir, "main.py"), "--flag", "x")
	if out != "42 ['--flag', 'x'] __main__ True\n" || code != 0 {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}

func TestStandardLibrary(t *testing.T) {
	out := script(t, false, `
import argparse, asyncio, collections, concurrent.futures, csv, ctypes, datetime, decimal, email.message, hashlib, html, http.client, json
import lzma, bz2, zlib, math, multiprocessing, pathlib, pickle, pprint, pydoc, random, re, shlex, shutil, socket, sqlite3, ssl, statistics
import subprocess, tempfile, textwrap, threading, typing, unittest.mock, urllib.request, uuid, xml.etree.ElementTree, zipfile, zoneinfo, curses
import sys
assert "lib-dynload" not in "".join(sys.path), sys.path
async def f(): return await asyncio.to_thread(lambda: 5)
assert asyncio.run(f()) == 5
assert ctypes.sizeof(ctypes.c_long) == 8
assert sqlite3.connect(":memory:").execute("select 6").fetchone() == (6,)
assert not [m for m in sys.modules.values() if str(getattr(m, "__file__", "<")) [:1] == "/" and m.__name__ != "__main__"]
import pkgutil, drgn.helpers
print([m.name for m in pkgutil.iter_modules(drgn.helpers.__path__)])
`)
	if out != "['common', 'experimental', 'golang', 'linux']\n" {
		t.Error(out)
	}
}

func TestHelp(t *testing.T) {
	out := script(t, false, `
import pydoc, inspect, drgn
for o in (drgn, drgn.Program, drgn.Program.type, drgn.Object, drgn.cast, drgn.FaultError, drgn.TypeKind):
    text = pydoc.render_doc(o, renderer=pydoc.plaintext)
    assert len(text) > 60, text
print(inspect.signature(drgn.Program.read), inspect.signature(drgn.cast))
`)
	if out != "(self, /, address, size, physical=False) (type, obj)\n" {
		t.Error(out)
	}
	out = script(t, true, `
import inspect
from drgn.helpers.linux.pid import for_each_task
print(for_each_task.__module__, inspect.signature(for_each_task), inspect.getdoc(for_each_task)[:4])
`)
	if out != "drgn.helpers.linux.pid (ns: _drgn.Object | _drgn.Program, *, idle: bool = False) -> Iterator[_drgn.Object] Walk\n" {
		t.Error(out)
	}
}

func TestPlain(t *testing.T) {
	out, errs, code := runProgram(t, "", "plain", "-I", "-X", "utf8", "-c", "import sys; print(sys.argv)", "x")
	if out != "['-c', 'x']\n" || code != 0 {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}

// Where memory can't hold the library, a file does: ours alone, checked, made anew when it is not what it must be.
func TestOnDisk(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	path, done, err := cpython.OnDisk()
	if err != nil {
		t.Fatal(err)
	}
	done()
	same := func() {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(b, []byte(cpython.Library)) {
			t.Fatal("the file is not the library", err)
		}
	}
	same()
	if !strings.HasPrefix(path, cache) {
		t.Errorf("%s is not in the cache", path)
	}
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("not a library"), 0o700); err != nil {
		t.Fatal(err)
	}
	if path, _, err = cpython.OnDisk(); err != nil {
		t.Fatal(err)
	}
	same()
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	other, done, err := cpython.OnDisk()
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(other, cache) {
		t.Error("a directory that others can write to was used")
	}
	done()
	if _, err := os.Stat(other); err == nil {
		t.Error("the temporary file stays")
	}
}

func TestVirtualEnvironment(t *testing.T) {
	venv := t.TempDir()
	packages := filepath.Join(venv, "lib", "python3.14", "site-packages")
	if err := os.MkdirAll(packages, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"installed.py": "VALUE = 7\n", "more.pth": venv + "\n"} {
		if err := os.WriteFile(filepath.Join(packages, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(venv, "drgn.py"), []byte("raise SystemExit('the wrong drgn')\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(venv, "s.py")
	if err := os.WriteFile(path, []byte("import installed, sys, drgn\nprint(installed.VALUE, drgn.__file__)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GODRGN_TEST_VENV", venv)
	out, errs, code := runProgram(t, "", "script", path)
	if out != "7 <drgn>/drgn/__init__.py\n" || code != 0 {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}
