// The lab proves godrgn on real distribution kernels. It fetches Debian's cloud
// kernels of several series with their debug symbols, boots each under QEMU (by
// emulation, so that it works wherever QEMU does) with a busy userspace, lets
// the guest write down what it knows of itself, dumps the guest's memory in
// several formats, and holds what the drgn program says of the dumps against
// the guest's own account.
//
// Usage, in the module's root directory:
//
//	go run ./lab cores            make the cores, or find them in the cache
//	go run ./lab check            cores, then every check: of the main kernel and the newest
//	go run ./lab check -all       of every kernel
//	go run ./lab health           the same, and write docs/health.md (with -series and -only: what of it ran)
//	go run ./lab bench [-than C]  cores, then time drgn beside another drgn C
//	go run ./lab beside [-than C] cores, then what drgn and another drgn C answer to the same random questions
//	go run ./lab numbers          run the Go benchmarks, print their ratios to the last release's
//	go run ./lab btf              fetch the types of Debian's kernels anew (testdata/btf)
//
// Everything that is downloaded or made goes to the directory named by
// GODRGN_LAB_CACHE (~/.cache/godrgn-lab when it is not set), never to the
// checkout. The lab runs on Debian 12 and installs what it lacks when it is
// root. A core is made anew only when the kernel, the guest or the lab's own
// parameters change. See carried for the kernels.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// options are the lab's parameters; those of the guest are part of a core's key.
type options struct {
	memory  int           // guest memory in MiB
	threads int           // threads of the crowd
	series  string        // kernel series, comma-separated; a command's own choice when empty
	all     bool          // every series, each with its panics
	limit   time.Duration // for each kernel
	program string        // the drgn program; built when empty
	than    string        // command of the drgn to compare with
	only    string        // one dump instead of all
	record  bool          // keep what was measured
	// benchmarks are those that numbers runs, a regular expression.
	benchmarks string
	cache      string
	seed       int // of the random questions of beside
	questions  int // how many of them each script asks
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("name what to do: " + commands)
	}
	var opt options
	flags := flag.NewFlagSet("lab "+args[0], flag.ContinueOnError)
	flags.IntVar(&opt.memory, "memory", 1024, "guest memory in `MiB`")
	flags.IntVar(&opt.threads, "threads", 2000, "`number` of threads in the guest's crowd")
	flags.StringVar(&opt.series, "series", "", "kernel `series`, comma-separated, instead of those that the command takes")
	flags.BoolVar(&opt.all, "all", false, "cores, check: every kernel; check: guests that crash and that run, and other forms of dumps, of each")
	flags.DurationVar(&opt.limit, "limit", 40*time.Minute, "`time` after which the lab gives a kernel up")
	flags.StringVar(&opt.program, "drgn", "", "the drgn `program` (built from this checkout when empty)")
	flags.StringVar(&opt.than, "than", "", "bench, beside: `command` of another drgn, or of a Python that has one")
	flags.StringVar(&opt.only, "only", "", "check: one `dump` instead of all (vmcore.elf, vmcore.d31, …, panic-sysrq, …, form-split, …), dumps: all in their usual form, live: the running guest, panic: all that crashed, form: all other forms, or bare: without debug files; beside: one script of lab/beside")
	flags.BoolVar(&opt.record, "record", false, "numbers: write what was measured to lab/testdata, to compare with later")
	flags.StringVar(&opt.benchmarks, "bench", ".", "numbers: run the benchmarks that this regular `expression` matches")
	flags.IntVar(&opt.seed, "seed", 1, "beside: `number` that random questions follow from")
	flags.IntVar(&opt.questions, "questions", 500, "beside: `number` of random questions of each script")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	var err error
	if opt.cache, err = cacheDir(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch args[0] {
	case "btf":
		opt.all = true
		kernels, err := opt.kernels()
		if err != nil {
			return err
		}
		return fetchBTF(ctx, opt, kernels)
	case "numbers":
		return numbers(ctx, opt)
	case "check":
		kernels, err := opt.kernels(mainSeries, newest.name)
		if err != nil {
			return err
		}
		results, err := checkKernels(ctx, opt, kernels)
		counts, wrong := judge(results, known)
		fmt.Println(counts)
		return errors.Join(err, wrong)
	case "health":
		opt.all = true
		kernels, err := opt.kernels()
		if err != nil {
			return err
		}
		return health(ctx, opt, kernels)
	case "cores", "bench", "beside":
		kernels, err := opt.kernels(mainSeries)
		if err != nil {
			return err
		}
		for _, s := range kernels {
			if err := withCores(ctx, opt, s, map[string]func(context.Context, options, cores) error{"bench": bench, "beside": beside}[args[0]]); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("unknown command %q; want %s", args[0], commands)
}

const commands = "cores, check, health, bench, beside, numbers or btf"

// kernels returns the series that the options name, or those that a command takes when they name none.
func (opt options) kernels(usual ...string) ([]series, error) {
	names := usual
	switch {
	case opt.series != "":
		names = strings.Split(opt.series, ",")
	case opt.all:
		return carried, nil
	}
	var kernels []series
	for _, name := range names {
		s, err := seriesNamed(name)
		if err != nil {
			return nil, err
		}
		kernels = append(kernels, s)
	}
	return kernels, nil
}

// withCores makes the cores of a kernel, says where they are, and does something with them unless that is nil.
func withCores(ctx context.Context, opt options, s series, do func(context.Context, options, cores) error) error {
	ctx, cancel := context.WithTimeout(ctx, opt.limit)
	defer cancel()
	start := time.Now()
	c, err := makeCores(ctx, opt, s)
	if err != nil {
		return err
	}
	say("cores of %s in %s (%.0f s)", c.release, c.dir, time.Since(start).Seconds())
	if do == nil {
		return nil
	}
	return do(ctx, opt, c)
}

func cacheDir() (string, error) {
	if dir := os.Getenv("GODRGN_LAB_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".cache", "godrgn-lab"), nil
}

// say reports progress on standard error; standard output is for results.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "lab: "+format+"\n", args...)
}
