// Command drgn is a programmable debugger for the Linux kernel: it opens a core dump and gives a Python prompt, or runs a
// script, to walk its types, variables, data structures and stacks.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/python"
)

// version is the program's own; a release sets it with -ldflags "-X main.version=…".
var version = "0.1.0"

// The interpreter must be started on the process's first thread.
func init() { runtime.LockOSThread() }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// flags are the command line's.
type flags struct {
	kernel   bool
	core     string
	pid      int
	qemu     string
	symbols  symbolFlags
	exec     string
	quiet    bool
	logLevel string
	version  bool
	help     bool
}

const usage = `usage: drgn [flags] [script [arguments]]

Programmable debugger: walk the types, variables, data structures and stacks of a kernel.

What to debug (a script may also open it itself):
  -c, --core FILE           a core dump
  -k, --kernel              the running kernel: so when nothing is said
  -p, --pid PID             the running process of an ID
      --qemu ADDRESS        a guest of QEMU, by its QMP socket: a path or host:port

` + symbolUsage + `
What to do (a prompt when nothing is said):
  script [arguments]        run a Python script
  -e, --exec CODE           run Python code; an expression at its end is printed

  -q, --quiet               no banner
      --log-level LEVEL     log from debug, info, warning, error or critical on; none is no log (default "warning")
      --version             print the versions and leave
  -h, --help                print this and leave
`

func run(args []string, stdout, stderr io.Writer) int {
	if plain(args) {
		return python.Main(python.Options{Mode: python.Plain, Args: args, Version: version})
	}
	var f flags
	fs := pflag.NewFlagSet("drgn", pflag.ContinueOnError)
	fs.SetInterspersed(false) // what follows the script is the script's
	fs.SetOutput(io.Discard)
	fs.BoolVarP(&f.kernel, "kernel", "k", false, "")
	fs.StringVarP(&f.core, "core", "c", "", "")
	fs.IntVarP(&f.pid, "pid", "p", 0, "")
	fs.StringVar(&f.qemu, "qemu", "", "")
	f.symbols.register(fs)
	fs.StringVarP(&f.exec, "exec", "e", "", "")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "")
	fs.StringVar(&f.logLevel, "log-level", "warning", "")
	fs.BoolVar(&f.version, "version", false, "")
	fs.BoolVarP(&f.help, "help", "h", false, "")
	wrong := func(err error) int {
		fmt.Fprintf(stderr, "drgn: %v\nTry drgn --help.\n", err)
		return 2
	}
	if err := fs.Parse(args); err != nil {
		return wrong(err)
	}
	switch {
	case f.help:
		fmt.Fprint(stdout, usage)
		return 0
	case f.version:
		fmt.Fprintln(stdout, python.VersionHeader(version))
		return 0
	}
	if err := f.check(fs); err != nil {
		return wrong(err)
	}
	o := python.Options{Args: fs.Args(), Code: f.exec, Quiet: f.quiet, LogLevel: f.logLevel, Version: version, Open: f.opener(fs)}
	switch {
	case fs.Changed("exec"):
		o.Mode = python.Exec
	case fs.NArg() > 0:
		o.Mode = python.Script
		if _, err := os.Stat(fs.Arg(0)); err != nil {
			return wrong(fmt.Errorf("cannot open script: %w", err))
		}
	}
	return python.Main(o)
}

func (f *flags) check(fs *pflag.FlagSet) error {
	targets := 0
	for _, name := range []string{"kernel", "core", "pid", "qemu"} {
		if fs.Changed(name) {
			targets++
		}
	}
	if targets > 1 {
		return errors.New("--kernel, --core, --pid and --qemu exclude each other")
	}
	switch f.logLevel {
	case "debug", "info", "warning", "error", "critical", "none":
	default:
		return fmt.Errorf("unknown log level %q", f.logLevel)
	}
	return f.symbols.check(fs)
}

// opener returns what opens the program that the flags name.
func (f *flags) opener(fs *pflag.FlagSet) python.Opener {
	return func(ctx context.Context, warn func(error)) (*drgn.Program, error) {
		o := f.symbols.options()
		o.Warn, o.Log, o.Context = warn, python.Log(), ctx
		if !f.quiet {
			o.Progress = progressTo(os.Stderr)
		}
		switch {
		case fs.Changed("core"):
			return attach.Core(f.core, o)
		case fs.Changed("pid"):
			return attach.Process(f.pid, o)
		case f.kernel:
			return attach.Kernel(o)
		case fs.Changed("qemu"):
			return attach.QEMU(f.qemu, o)
		}
		p, err := attach.Kernel(o)
		if err == nil {
			return p, nil
		}
		if fs.Changed("exec") || fs.NArg() > 0 {
			o.Log.Info("there is no program to start with, as the running kernel can't be opened: " + err.Error())
			return nil, nil
		}
		return nil, fmt.Errorf("nothing to debug: name it with -c FILE, -p PID or --qemu ADDRESS; the running kernel can't be opened: %w", err)
	}
}

// plain says whether the arguments are Python's, not ours: multiprocessing starts its helpers so.
func plain(args []string) bool {
	for i, a := range args {
		switch {
		case a == "-c":
			return i+1 < len(args) && strings.HasPrefix(args[i+1], "from multiprocessing.")
		case len(a) < 2 || a[0] != '-' || !strings.ContainsRune("BEIOPSWXdqsuv", rune(a[1])) || strings.HasPrefix(a, "--"):
			return false
		}
	}
	return false
}
