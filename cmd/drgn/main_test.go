package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is the program itself when asked to be.
const asProgram = "GODRGN_TEST_DRGN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		showAfter = math.MaxInt64
		main()
	}
	os.Exit(m.Run())
}

const core = "../../testdata/tiny-6.12/vmcore"

func drgnProgram(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "NO_COLOR=1", "XDG_CACHE_HOME="+t.TempDir(), "PYTHONPATH=", "VIRTUAL_ENV=")
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestCommandLine(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script.py")
	if err := os.WriteFile(script, []byte("#!/usr/bin/env drgn\nimport sys\nprint(sys.argv[1:])\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	squeezed := filepath.Join(t.TempDir(), "vmcore.gz")
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	if b, err := os.ReadFile(core); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(squeezed, gz.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("no core dump"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name           string
		args           []string
		stdin          string
		code           int
		stdout, stderr string // parts of what is written; "" is nothing
	}{
		{"help", []string{"--help"}, "", 0, "usage: drgn", ""},
		{"version", []string{"--version"}, "", 0, "godrgn 0.1.0 (using Go ", ""},
		{"unknown flag", []string{"--bogus"}, "", 2, "", "drgn: error: unrecognized arguments: --bogus"},
		{"two targets", []string{"-c", "x", "-k"}, "", 2, "", "drgn: error: argument -k/--kernel: not allowed with argument -c/--core"},
		{"bad log level", []string{"--log-level", "loud"}, "", 2, "", "loud"},
		{"no script", []string{"nosuch.py"}, "", 1, "", "[Errno 2] No such file or directory: 'nosuch.py'"},
		{"nothing to debug", nil, "", 1, "", "nothing to debug"},
		{"no core", []string{"-c", "nosuch"}, "", 1, "", "nosuch"},
		{"broken core", []string{"-c", broken, "-e", "1"}, "", 1, "", broken},
		{"script's flags", []string{script, "--help", "-c", "x"}, "", 0, "['--help', '-c', 'x']\n", ""},
		{"code", []string{"-c", core, "-e", `prog["init_task"].comm`}, "", 0, "(char [16])\"swapper/0\"\n", ""},
		{"standard input", []string{"-c", core}, "print(prog['init_task'].pid)\nprint(stack_trace(1)[2].name)\n", 0, "(pid_t)0\n__schedule_loop\n", ""},
		{"exception", []string{"-c", core, "-e", "prog['nosuch']"}, "", 1, "", "could not find 'nosuch'"},
		{"names", []string{"-c", core, "-e", "FaultError, NULL, cast, for_each_task, list_for_each_entry, decode_flags and None"}, "", 0, "FaultError", ""},
		{"core and no flag", []string{core, "-e", "prog['init_task'].comm"}, "", 0, "(char [16])\"swapper/0\"\n", ""},
		{"kernel and core", []string{filepath.Join(filepath.Dir(core), "vmlinux.zst"), core, "-e", "stack_trace(1)[0].source().line"}, "", 0, "5363\n", ""},
		{"compressed core", []string{squeezed, "-e", "prog['init_task'].pid"}, "", 0, "(pid_t)0\n", "no debug file of kernel"},
		{"core and script", []string{core, script, "7"}, "", 0, "['7']", ""},
		{"core and command", []string{core, "ps", "1"}, "", 0, "init", ""},
		{"code after code", []string{"-c", core, "-e", "x = 1", "-e", "x", "-e", "prog['init_task'].pid"}, "", 0, "1\n(pid_t)0\n", ""},
		{"two dashes", []string{"-c", core, "-e", "import sys; print(sys.argv)", "--", "-x", "y"}, "", 0, "['-e', '--', '-x', 'y']\n", ""},
		{"two dashes later", []string{"-c", core, "-e", "import sys; print(sys.argv)", "x", "--", "y"}, "", 0, "['-e', 'x', '--', 'y']\n", ""},
		{"minus", []string{"-c", core, "-", "a"}, "import sys; print(sys.argv, prog['init_task'].pid)", 0, "['-', 'a'] (pid_t)0\n", ""},
		{"short version", []string{"-V"}, "", 0, "godrgn 0.1.0 (using Go ", ""},
		{"exit code", []string{"-e", "raise SystemExit(3)"}, "", 3, "", ""},
		{"exit code that is too large", []string{"-e", "raise SystemExit(1 << 70)"}, "", 255, "", ""},
		{"python's code", []string{"-B", "-c", "import sys; print(sys.argv, __name__)", "x"}, "", 0, "['-c', 'x'] __main__\n", ""},
		{"python's module", []string{"-m", "timeit", "-h"}, "", 0, "usage", ""},
		{"drgn as a module", []string{"-X", "utf8", "-m", "drgn", "-e", "7"}, "", 0, "7\n", ""},
		{"sys.executable", []string{"-e", "import subprocess, sys; print(subprocess.run([sys.executable, '-m', 'drgn', '-e', '3'], capture_output=True, text=True).stdout)"}, "", 0, "3\n", ""},
		{"a file through sudo", []string{filepath.Join("testdata", "sudo.py"), t.TempDir()}, "", 0, "drgn-of-sudo ok\nFileNotFoundError\n", ""},
		{"itself", []string{"-q", "--pid", "0", "-e", "prog.flags"}, "", 0, "IS_LIVE|", ""},
		{"file of standard input", []string{"-c", core}, "print(__file__)", 0, "<stdin>\n", ""},
		{"multiprocessing by default", []string{filepath.Join("testdata", "processes.py")}, "", 0, "forkserver [0, 1, 4, 9]\n[0, 1, 4]\n", ""},
		{"multiprocessing", []string{"-e", "import multiprocessing as m\nwith m.get_context('spawn').Pool(1) as p: print(p.map(abs, [-1]))"}, "", 0, "[1]\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, errs, code := drgnProgram(t, test.stdin, test.args...)
			if code != test.code || !strings.Contains(out, test.stdout) || !strings.Contains(errs, test.stderr) || test.stdout == "" && out != "" || test.stderr == "" && errs != "" {
				t.Errorf("exit code %d\n%s%s", code, out, errs)
			}
		})
	}
}

// Python's own variables of the environment that change what scripts print, or what breakpoint() does, are heeded.
func TestPythonVariables(t *testing.T) {
	for _, test := range []struct{ name, value, code, want string }{
		{"PYTHONUNBUFFERED", "1", "import os, sys; sys.stdout.write('a'); os._exit(0)", "a"},
		{"PYTHONUNBUFFERED", "", "import os, sys; sys.stdout.write('a'); os._exit(0)", ""},
		{"PYTHONIOENCODING", "latin-1", "import sys; print(sys.stdout.encoding, sys.stdout.errors, '\\xe4')", "iso8859-1 strict \xe4\n"},
		{"PYTHONIOENCODING", ":replace", "import sys; print(sys.stdout.encoding, sys.stdout.errors)", "utf-8 replace\n"},
		{"PYTHONIOENCODING", ":", "import sys; print(sys.stdout.encoding, sys.stdout.errors)", "utf-8 surrogateescape\n"},
		{"PYTHONWARNINGS", "ignore,error::UserWarning", `import sys, warnings
warnings.warn("x", FutureWarning)
try: warnings.warn("x")
except UserWarning: print(sys.warnoptions)`, "['ignore', 'error::UserWarning']\n"},
		{"PYTHONBREAKPOINT", "0", "print(breakpoint())", "None\n"},
		{"PYTHONBREAKPOINT", "os.path.join", "print(breakpoint('a', 'b'))", "a/b\n"},
		{"PYTHONBREAKPOINT", "no.such", "import warnings; warnings.simplefilter('ignore'); print(breakpoint())", "None\n"},
		{"PYTHON_COLORS", "1", "import _colorize; print(_colorize.can_colorize())", "True\n"},
		{"PYTHON_COLORS", "0", "import _colorize; print(_colorize.can_colorize(file=None))", "False\n"},
	} {
		t.Setenv(test.name, test.value)
		if out, errs, exit := drgnProgram(t, "", "-q", "-e", test.code); out != test.want || errs != "" || exit != 0 {
			t.Errorf("%s=%s: exit code %d\n%q%s", test.name, test.value, exit, out, errs)
		}
		t.Setenv(test.name, "")
	}
}

// A script's own records of module logging are written as drgn's are, whether or not drgn has logged before.
func TestScriptLogs(t *testing.T) {
	const code = "import logging; logging.basicConfig(format='no'); [logging.getLogger(n).warning(n) for n in ('drgn', 'drgn.a', 'b')]; logging.getLogger('drgn').info('no'); logging.error('c')"
	const own, others = "warning: drgn\nwarning:drgn.a: drgn.a\n", "warning:b: b\nerror:root: c\n"
	for _, test := range []struct{ args, want string }{{"", own + others}, {"-q", others}, {"--log-level=none", others}, {"--log-level=error", others}} {
		args := append(strings.Fields(test.args), "-c", core, "-e", code)
		if out, errs, exit := drgnProgram(t, "", args...); out != "" || errs != test.want || exit != 0 {
			t.Errorf("%s: exit code %d\n%s%s", test.args, exit, out, errs)
		}
	}
}

// Whenever Ctrl-C comes while the program starts, it ends as programs end by Ctrl-C, or has done its work: nothing is said to be broken.
func TestInterruptedStart(t *testing.T) {
	for i := range 32 {
		cmd := exec.Command(os.Args[0], "-q", "-c", core, "--no-symbols-by", "standard", "-e", "print(prog['init_task'].pid)")
		cmd.Env = append(os.Environ(), asProgram+"=1", "NO_COLOR=1", "XDG_CACHE_HOME="+t.TempDir(), "PYTHONPATH=", "VIRTUAL_ENV=")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 5 * time.Millisecond)
		if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its state says it all
		status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
		switch {
		case !ok:
			t.Fatalf("%T", cmd.ProcessState.Sys())
		case status.Signaled() && status.Signal() == syscall.SIGINT, status.ExitStatus() == 0 && out.Len() > 0 && errs.Len() == 0:
		default:
			t.Errorf("after %d ms: %v\n%s%s", 5*i, cmd.ProcessState, &out, &errs)
		}
	}
}
