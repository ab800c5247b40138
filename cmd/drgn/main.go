// Command drgn is a programmable debugger for the Linux kernel: it opens a core dump and gives a Python prompt, or runs a
// script, to walk its types, variables, data structures and stacks.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/explain"
	"github.com/godrgn/drgn/internal/cache"
)

// lastWrites is how long the program waits at its end for files that it caches.
const lastWrites = time.Second

func main() {
	out := &checkedOutput{to: os.Stdout}
	code := run(os.Args[1:], out, os.Stderr)
	if out.err != nil && code == 0 {
		code = 1
		if !errors.Is(out.err, syscall.EPIPE) { // whoever read it has seen enough
			fmt.Fprintf(os.Stderr, "drgn: %v\n", out.err)
		}
	}
	cache.Finish(lastWrites)
	if code < 0 { // shells' loops, too, stop at a program that Ctrl-C ended only if it ends by the signal
		_ = syscall.Kill(os.Getpid(), syscall.Signal(-code)) // if it fails, the exit code says it
		code = 128 - code
	}
	os.Exit(code)
}

// A checkedOutput keeps the first error of what is written to it.
type checkedOutput struct {
	to  io.Writer
	err error
}

func (o *checkedOutput) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// flags are the command line's.
type flags struct {
	kernel   bool
	core     []string
	pid      int
	qemu     string
	symbols  symbolFlags
	exec     []string
	quiet    bool
	noPager  bool
	logLevel string
	explain  bool
	version  bool
	help     bool
	page     string // what is printed instead: "manual", or the name of a shell
	stubs    string // the directory that stubs are written to instead

	opened func(p *drgn.Program) error // the program has its target, and no debugging information yet; may be nil
}

// usageWidth is how wide the text of --help may be.
const usageWidth = 120

// forms are what may follow the program's name.
var forms = []string{"[flags] [script [arguments]]", "[flags] [vmlinux] vmcore [script [arguments]]", "[flags] command [-c FILE] [-s FILE] [arguments]", "[flags] tool [arguments]"}

// usage returns the text of --help: groups of flags, each with a heading, as pflag prints them.
func usage(groups []group) string {
	var b strings.Builder
	b.WriteString("usage: drgn " + strings.Join(forms, "\n       drgn ") + "\n\nProgrammable debugger: walk the types, variables, data structures and stacks of a kernel.\nCommands are those of crash: drgn ps -c FILE; drgn help lists them.\n\nTools:\n")
	for _, t := range tools() {
		fmt.Fprintf(&b, "  %-8s %s\n", t.name, t.summary)
	}
	for _, g := range groups {
		b.WriteString("\n" + g.heading + ":\n" + g.flags.FlagUsagesWrapped(usageWidth))
	}
	return b.String()
}

// A group is flags that --help shows together.
type group struct {
	heading string
	flags   *pflag.FlagSet
}

// boolean adds a flag without a value. pflag would show "[=true|false]" behind the name of a BoolVar.
func boolean(fs *pflag.FlagSet, to *bool, name, short, usage string) {
	fs.BoolFuncP(name, short, usage, func(s string) error {
		if *to = s == "true"; !*to { // what pflag says of a flag alone
			return strconv.ErrSyntax
		}
		return nil
	})
}

// groups returns the command's flags.
func (f *flags) groups() []group {
	set := func() *pflag.FlagSet {
		fs := pflag.NewFlagSet("drgn", pflag.ContinueOnError)
		fs.SortFlags = false
		return fs
	}
	target, symbols, what, other := set(), set(), set(), set()
	target.StringArrayVarP(&f.core, "core", "c", nil, "the core dump `FILE`; of one that was split, any of its files, or all by repeating the flag; FILE@ADDRESS is an image of memory without headers")
	boolean(target, &f.kernel, "kernel", "k", "the running kernel (the default)")
	target.VarP(pidFlag{&f.pid}, "pid", "p", "the running process with this `PID`; 0 is drgn itself")
	target.StringVar(&f.qemu, "qemu", "", "a QEMU guest, through its QMP socket: `ADDRESS` is a path or host:port")
	f.symbols.register(symbols)
	what.StringArrayVarP(&f.exec, "exec", "e", nil, "run Python `CODE`; an expression at its end is printed; may be repeated")
	boolean(other, &f.quiet, "quiet", "q", "print no banner, no progress and, unless a log level is given, no warnings")
	boolean(other, &f.noPager, "no-pager", "", "show what is longer than the screen at once, not through the program that PAGER names, or less")
	other.StringVar(&f.logLevel, "log-level", "warning", "log messages of this `LEVEL` and above: debug, info, warning, error, critical or none")
	boolean(other, &f.explain, "explain-symbols", "", "print where types, symbols, stacks and source lines come from: of each module what was looked for where, what was found and why not; then exit")
	boolean(other, &f.version, "version", "V", "print the versions and exit")
	other.StringVar(&f.page, "completion", "", "print what makes a `SHELL` (bash, fish or zsh) complete command lines, for it to source")
	other.StringVar(&f.stubs, "stubs", "", "write below `DIR` stubs that tell mypy, pyright and editors the types of all classes, functions and helpers, and exit")
	other.BoolFunc("manual", "print the manual page, for man -l", func(string) error {
		f.page = "manual"
		return nil
	})
	boolean(other, &f.help, "help", "h", "print this and exit")
	return []group{
		{"What to debug (a script may also open it itself)", target}, {"Debugging information", symbols},
		{"What to run instead of the prompt: a script with its arguments (- is standard input), or", what}, {"Other flags", other},
	}
}

func run(args []string, stdout, stderr io.Writer) int {
	args, isPython := plain(args)
	if isPython {
		return runPlain(args)
	}
	var f flags
	fs := pflag.NewFlagSet("drgn", pflag.ContinueOnError)
	fs.SortFlags = false      // Visit tells in which order they were given
	fs.SetInterspersed(false) // what follows the script is the script's
	fs.SetOutput(io.Discard)
	groups := f.groups()
	for _, g := range groups {
		fs.AddFlagSet(g.flags)
	}
	if len(args) > 0 && args[0] == "--complete" { // what --completion prints asks so
		for _, word := range complete(args[1:], fs) {
			fmt.Fprintln(stdout, word)
		}
		return 0
	}
	wrong := func(err error) int { return wrongUse(stderr, err) }
	args = wholeFlags(args, fs)
	if err := missingValue(args, fs); err != nil {
		return wrong(err)
	}
	args, t := splitTool(args, fs)
	if t == nil || !t.files {
		args = nameFiles(args, fs)
	}
	var command *commandLine
	if t == nil {
		args, command = splitCommand(args, fs)
	}
	if err := fs.Parse(args); err != nil {
		return wrong(wrongFlag(err, fs))
	}
	switch {
	case f.help && t != nil:
		fmt.Fprint(stdout, t.usage())
		return 0
	case f.help && command != nil:
		return helpCommand(&commandLine{args: []string{command.name}}, stdout, stderr)
	case f.help:
		fmt.Fprint(stdout, usage(groups))
		return 0
	case f.version:
		fmt.Fprintln(stdout, versionHeader())
		return 0
	case f.page == "manual":
		fmt.Fprint(stdout, manual(groups))
		return 0
	case f.page != "":
		script, err := completion(f.page)
		if err != nil {
			return wrong(err)
		}
		fmt.Fprint(stdout, script)
		return 0
	}
	if err := f.check(fs); err != nil {
		return wrong(err)
	}
	if fs.Changed("stubs") {
		return writeStubs(f.stubs)
	}
	if f.quiet && !fs.Changed("log-level") {
		f.logLevel = "none"
	}
	if t != nil && t.arguments == "" && fs.NArg() > 0 {
		return wrong(fmt.Errorf("%s takes no arguments: %s", t.name, strings.Join(fs.Args(), " ")))
	}
	if t != nil {
		return t.run(&f, fs, args, stdout, stderr)
	}
	if f.explain {
		return f.explainSymbols(fs, stdout, stderr)
	}
	if command != nil {
		return f.runCommand(fs, command, stdout, stderr)
	}
	if fs.NArg() > 0 && !fs.Changed("exec") {
		if err := wrongScript(fs.Arg(0)); err != nil {
			fmt.Fprintf(stderr, "drgn: %v\n", err)
			return 1
		}
	}
	late := fs.Changed("pid") && (f.pid == 0 || f.pid == os.Getpid())
	args = fs.Args()
	if f.exec != nil && fs.ArgsLenAtDash() == 0 {
		args = append([]string{"--"}, args...) // code sees it, as drgn's does
	}
	return runPython(&f, args, fs.Changed("exec"), late, f.opener(fs, pythonLog))
}

func (f *flags) check(fs *pflag.FlagSet) error {
	targets := 0
	for _, name := range []string{"kernel", "core", "pid", "qemu"} {
		if fs.Changed(name) {
			targets++
		}
	}
	if err := excluding(fs, "kernel", "core", "pid", "qemu"); err != nil {
		return err
	}
	if levels := []string{"debug", "info", "warning", "error", "critical", "none"}; !slices.Contains(levels, f.logLevel) {
		return invalidChoice(fs.Lookup("log-level"), levels)
	}
	if f.explain && (fs.Changed("exec") || fs.NArg() > 0) {
		return errors.New("--explain-symbols runs no script")
	}
	if fs.Changed("stubs") && (targets > 0 || fs.Changed("exec") || fs.NArg() > 0) {
		return errors.New("--stubs opens no program and runs no script")
	}
	if fs.Changed("stubs") && f.stubs == "" {
		return errors.New("--stubs needs a directory")
	}
	return f.symbols.check(fs)
}

// explainSymbols opens the program and prints where what is known of it comes from.
func (f *flags) explainSymbols(fs *pflag.FlagSet, stdout, stderr io.Writer) int {
	p := f.openQuietly(fs, stderr)
	if p == nil {
		return 1
	}
	defer p.Close() // was only read
	fmt.Fprint(stdout, explain.Program(p))
	return 0
}

// openQuietly opens the program without Python and says what is wrong; nil if there is none.
func (f *flags) openQuietly(fs *pflag.FlagSet, stderr io.Writer) *drgn.Program {
	warn := func(err error) {
		if f.logLevel != "none" {
			fmt.Fprintf(stderr, "warning: %v\n", err)
		}
	}
	p, err := f.opener(fs, func() *slog.Logger { return nil })(context.Background(), warn)
	if err != nil {
		fmt.Fprintf(stderr, "drgn: %v\n", err)
	}
	return p
}

// opener returns what opens the program that the flags name.
func (f *flags) opener(fs *pflag.FlagSet, log func() *slog.Logger) func(ctx context.Context, warn func(error)) (*drgn.Program, error) {
	return func(ctx context.Context, warn func(error)) (*drgn.Program, error) {
		o := f.symbols.options()
		o.Warn, o.Log, o.Context = warn, log(), ctx
		if f.opened != nil {
			o.Opened = func(p *drgn.Program) error {
				if err := f.opened(p); err != nil {
					return err
				}
				return f.symbols.configure(p)
			}
		}
		if !f.quiet {
			o.Progress = progressTo(os.Stderr)
		}
		switch {
		case fs.Changed("core"):
			o.Parts = f.core[1:]
			return attach.Core(f.core[0], o)
		case fs.Changed("pid"):
			if f.pid == 0 {
				f.pid = os.Getpid()
			}
			return attach.Process(f.pid, o)
		case f.kernel:
			return attach.Kernel(o)
		case fs.Changed("qemu"):
			return attach.QEMU(f.qemu, o)
		}
		p, err := attach.Kernel(o)
		if err != nil {
			return nil, &attach.NoTargetError{Kernel: err}
		}
		return p, nil
	}
}

// plain says whether the arguments are Python's, not ours: scripts and multiprocessing start sys.executable so. Our own -c
// names a core: what is no file and looks like code is Python's. -m is Python's alone; drgn as a module is this program, with
// the arguments that follow.
func plain(args []string) (rest []string, is bool) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		next := i+1 < len(args)
		switch {
		case a == "-c":
			return args, next && isCode(args[i+1])
		case a == "-m" && next && args[i+1] == "drgn":
			return args[i+2:], false
		case a == "-m" && next && args[i+1] == "drgn.internal.crashcli":
			return append([]string{"crash"}, args[i+2:]...), false
		case a == "-m":
			return args, next
		case (a == "-X" || a == "-W") && next:
			i++
		case len(a) < 2 || a[0] != '-' || !strings.ContainsRune("BEIOPSWXdqsuv", rune(a[1])) || strings.HasPrefix(a, "--"):
			return args, false
		}
	}
	return args, false
}

// isCode tells Python's code from the name of a file.
func isCode(text string) bool {
	if _, err := os.Lstat(text); err == nil {
		return false
	}
	return strings.HasPrefix(text, "import ") || strings.HasPrefix(text, "from ") || strings.ContainsAny(text, "\n;(=")
}
