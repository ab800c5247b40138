package python

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/mem"
)

// The test binary is the debugger itself when asked to be.
const asProgram = "GODRGN_TEST_PROGRAM"

func init() {
	if os.Getenv(asProgram) == "" {
		return
	}
	lock.Track()
	runtime.LockOSThread()
	register("drgn._test",
		Func{Sig: "panics(how: int)", Do: func(c Call) error {
			switch c.Int(0) {
			case 0:
				panic("boom")
			case 1:
				var p *drgn.Thread
				return c.String(p.Name)
			case 2:
				return c.Long(func(context.Context) error { panic("in a worker") })
			}
			var a []int
			return c.Number(int64(a[c.Int(0)]))
		}},
		Func{Sig: "spin(ms: int)", Do: func(c Call) error {
			d := time.Duration(c.Int(0)) * time.Millisecond
			return done(c, c.Long(func(ctx context.Context) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(d):
					return nil
				}
			}))
		}},
		Func{Sig: "change(ms: int)", Do: func(c Call) error { // does not look at its context
			d := time.Duration(c.Int(0)) * time.Millisecond
			return done(c, c.Whole(func(context.Context) error {
				time.Sleep(d)
				changes.Add(1)
				return nil
			}))
		}},
		Func{Sig: "changes()", Do: func(c Call) error { return c.Number(changes.Load()) }},
		Func{Sig: "each(f: any, n: int = 1)", Do: func(c Call) error {
			for i := range c.IntOr(1, 1) {
				r, err := callPy(c.py(0), i)
				if err != nil {
					return fmt.Errorf("callback: %w", err)
				}
				decref(r)
			}
			return c.None()
		}},
		Func{Sig: "workers(f: any, n: int)", Do: func(c Call) error {
			f, n := c.py(0), c.Int(1)
			return done(c, c.Long(func(context.Context) error {
				errs := make(chan error, 4)
				for range 4 {
					go func() {
						var err error
						for i := int64(0); i < n && err == nil; i++ {
							withGIL(func() {
								r, e := callPy(f, i)
								if err = e; e == nil {
									decref(r)
								}
							})
						}
						errs <- err
					}()
				}
				var err error
				for range 4 {
					err = errors.Join(err, <-errs)
				}
				return err
			}))
		}},
		Func{Sig: "count(n: int, fail: bool = False)", Do: func(c Call) error {
			n, fail := c.Int(0), c.Bool(1)
			return Values(c, func(yield func(int64, error) bool) {
				for i := range n {
					if !yield(i, nil) {
						return
					}
				}
				if fail {
					yield(0, &mem.FaultError{Message: "no such memory", Address: 0xdead})
				}
			}, func(v int64) any { return v })
		}},
		Func{Sig: "hold()", Do: func(c Call) error { // whoever reads debugging information waits until release()
			held := make(chan struct{})
			hook := func(*placed.File) { holding.Add(1); <-held }
			fromdwarf.TestHook.Store(&hook)
			unhold = sync.OnceFunc(func() { close(held) })
			return c.None()
		}},
		Func{Sig: "release()", Do: func(c Call) error {
			fromdwarf.TestHook.Store(nil)
			unhold()
			return c.None()
		}},
		Func{Sig: "holding()", Do: func(c Call) error { return c.Number(holding.Load()) }},
		Func{Sig: "live_handles()", Do: func(c Call) error { return c.Number(int64(handleSlab.live())) }},
		Func{Sig: "live_types()", Do: func(c Call) error { return c.Number(int64(liveTypes())) }},
		Func{Sig: "live_reads()", Do: func(c Call) error { return c.Number(liveReads()) }},
		mapFile, holeyProgram,
		Func{Sig: "goroutines()", Do: func(c Call) error { return c.Number(int64(runtime.NumGoroutine())) }},
		Func{Sig: "gc()", Do: func(c Call) error { runtime.GC(); runtime.GC(); return c.None() }},
	)
}

// holding counts who has been held up since hold(), which unhold ends.
var (
	holding atomic.Int64
	unhold  func()
)

// changes counts what change() has done.
var changes atomic.Int64

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	args := os.Args[1:]
	o := Options{Version: "0.0.0-test", Quiet: true}
	switch args[0] {
	case "plain":
		o.Mode, o.Args = Plain, args[1:]
	case "core":
		o.Open = func(_ context.Context, warn func(error)) (*drgn.Program, error) {
			return attach.Core(filepath.Join("..", "testdata", "tiny-6.12", "vmcore"), attach.Options{Warn: warn, CacheDir: "-"})
		}
		args = args[1:]
		fallthrough
	default:
		switch args[0] {
		case "exec":
			o.Mode, o.Code, o.Args = Exec, args[1:2], args[2:]
		case "script":
			o.Mode, o.Args = Script, args[1:]
		}
	}
	code := Main(o)
	if code < 0 {
		_ = syscall.Kill(os.Getpid(), syscall.Signal(-code)) // if it fails, the exit code is wrong
	}
	os.Exit(code)
}

// runProgram runs the debugger and returns what it wrote and its exit code; it is killed after a minute.
func runProgram(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	if python := os.Getenv("GODRGN_TEST_PYTHON"); python != "" {
		cmd = exec.CommandContext(ctx, python, argumentsOf(args)...)
	}
	cmd.WaitDelay = 10 * time.Second // a forked child that hangs must not keep us waiting for its output
	cmd.Env = append(os.Environ(), asProgram+"=1", "XDG_STATE_HOME="+t.TempDir(), "PYTHON_BASIC_REPL=", "PYTHONPATH="+os.Getenv("GODRGN_TEST_PYTHONPATH"), "VIRTUAL_ENV="+os.Getenv("GODRGN_TEST_VENV"), "NO_COLOR=1")
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	code = cmd.ProcessState.ExitCode()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = -int(status.Signal())
	}
	return out.String(), errs.String(), code
}

// argumentsOf returns the arguments of another Python, which imports drgn as an extension module, for those that the test binary takes.
// Code and scripts without a core are that Python's own.
func argumentsOf(args []string) []string {
	if args[0] == "core" {
		more := argumentsOf(args[1:])
		if args[1] == "script" {
			more = append([]string{"-q"}, more...)
		} else {
			more = append([]string{"-q", "-e"}, more[1:]...)
		}
		return append([]string{"-m", "drgn", "-c", filepath.Join("..", "testdata", "tiny-6.12", "vmcore")}, more...)
	}
	switch args[0] {
	case "exec":
		return append([]string{"-c"}, args[1:]...)
	case "script":
		return args[1:]
	}
	return args
}

// script runs a Python script that must succeed and write nothing to standard error, and returns what it wrote.
func script(t *testing.T, core bool, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.py")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"script", path}
	if core {
		args = append([]string{"core"}, args...)
	}
	out, errs, code := runProgram(t, "", args...)
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	return out
}
