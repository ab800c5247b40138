package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// checks are the scripts in lab/check, each run on every dump.
var checks = []string{"session", "tasks", "stacks", "modules", "mounts", "vmas", "dmesg", "sockets", "symbols", "memory",
	"pages", "files", "cgroups", "devices", "ipc", "stacks" + bare}

// bare ends the names of checks that are run without the debug files of modules, alone that of those without any debug file.
const (
	bare  = "-bare"
	alone = "-alone"
)

// checkLimit is how long one script may take on one dump.
const checkLimit = 3 * time.Minute

// withoutFiles is the name under which dumps stand that are looked at without any debug file: the kernel answers from its own
// memory.
const withoutFiles = "bare"

// plainDumps is what -only takes for the dumps of a guest that runs, each in its usual form.
const plainDumps = "dumps"

// liveDump is the name under which a running guest stands among the dumps.
const liveDump = "live"

// A result is the outcome of one check on one dump of one kernel.
type result struct {
	series, release string
	dump, check     string
	said            string // the script's last line
	why             string // what was wrong, in a line; "" when nothing was
	took            time.Duration
}

// String returns a line that tells the result.
func (r result) String() string {
	verdict := "ok  "
	if r.why != "" {
		verdict = "FAIL"
		if slices.ContainsFunc(known, r.is) {
			verdict = "know"
		}
	}
	return fmt.Sprintf("%s %-16s %-10s %s (%.1f s)", verdict, r.dump, r.check, r.said, r.took.Seconds())
}

// newResult returns the outcome of a check that said something and ended with err.
func newResult(c cores, dump, check, stdout, stderr string, err error, took time.Duration) result {
	r := result{series: c.series.name, release: c.release, dump: dump, check: check, took: took, said: lastLine(stdout)}
	if err != nil {
		r.why = reason(stdout, stderr, err)
	}
	return r
}

// reason returns in one line what was wrong: the first difference that a script found, or the exception that ended it.
func reason(stdout, stderr string, err error) string {
	for line := range strings.Lines(stdout) {
		if what, ok := strings.CutPrefix(line, "WRONG "); ok {
			return strings.TrimSpace(what)
		}
	}
	if line := lastLine(stderr); line != "" {
		return line
	}
	return err.Error()
}

// lastLine returns the last line that is not empty.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// checkKernels makes the cores of kernels and runs every check on each, and on a running guest with the main kernel, and
// prints a line for each result. A kernel that takes longer than the limit counts as one check that failed.
func checkKernels(ctx context.Context, opt options, kernels []series) ([]result, error) {
	program, err := drgnProgram(ctx, opt)
	if err != nil {
		return nil, err
	}
	var results []result
	for _, s := range kernels {
		start := time.Now()
		found, err := checkKernel(ctx, opt, s, program)
		results = append(results, found...)
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		if err != nil {
			r := newResult(cores{series: s}, "", "cores", "", "", err, time.Since(start))
			fmt.Printf("%v\n%v\n", r, err)
			results = append(results, r)
		}
		fmt.Printf("# kernel %s took %.0f s\n\n", s.name, time.Since(start).Seconds())
	}
	return results, nil
}

// checkKernel is checkKernels of one kernel.
func checkKernel(ctx context.Context, opt options, s series, program string) (results []result, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, opt.limit, fmt.Errorf("kernel %s took longer than %v", s.name, opt.limit))
	defer cancel()
	c, err := makeCores(ctx, opt, s)
	if err != nil {
		return nil, errors.Join(context.Cause(ctx), err)
	}
	say("cores of %s in %s", c.release, c.dir)
	for _, d := range dumps {
		all := opt.only == "" || opt.only == plainDumps
		if !d.made(s.board) || !all && opt.only != d.file || all && !d.always && s.board.host && s.name != mainSeries {
			continue
		}
		level, err := c.filter(d)
		if err != nil {
			return results, err
		}
		fmt.Printf("# %s, %s: %s%s\n", c.release, d.file, d.what, level)
		for _, name := range checks {
			r, stdout, err := runCheck(ctx, c, d.file, c.path(d.file), name, program, c.path("truth"))
			if err != nil {
				return results, err
			}
			if err := context.Cause(ctx); err != nil {
				return results, err
			}
			if name == "session" && d.file == dumps[0].file && s.name == mainSeries {
				fmt.Println(strings.TrimSpace(stdout))
			}
			fmt.Println(r)
			results = append(results, r)
		}
		if s.board.host && d.file == dumps[0].file {
			for _, check := range []func(context.Context, cores, string, string) result{checkQuiet, checkAccount} {
				r := check(ctx, c, d.file, program)
				fmt.Println(r)
				results = append(results, r)
			}
		}
	}
	if opt.only == withoutFiles || opt.only == "" {
		found, err := checkWithoutFiles(ctx, c, program)
		results = append(results, found...)
		if err != nil {
			return results, errors.Join(context.Cause(ctx), err)
		}
	}
	whole := s.board.host && (s.name == mainSeries || opt.all)
	if strings.HasPrefix(opt.only, formDump) || opt.only == "" && whole {
		fmt.Printf("# %s, other forms of the dumps\n", c.release)
		found, err := checkForms(ctx, opt, c, program)
		results = append(results, found...)
		if err != nil {
			return results, err
		}
	}
	if strings.HasPrefix(opt.only, panicDump) || opt.only == "" && (whole || s.board.kexec && opt.all) {
		fmt.Printf("# %s, kdumps of guests that crashed\n", c.release)
		found, err := checkPanics(ctx, opt, c, program)
		results = append(results, found...)
		if err != nil {
			return results, err
		}
	}
	if opt.only == liveDump || opt.only == "" && whole {
		found, err := live(ctx, opt, c, program)
		results = append(results, found...)
		if err != nil {
			return results, errors.Join(context.Cause(ctx), err)
		}
	}
	return results, nil
}

// runCheck runs one check on one dump, which is in a file, and prints what it said unless all was well. What it is told of
// is the guest's own account; debug are options that name further debug files.
func runCheck(ctx context.Context, c cores, dump, file, name, program, account string, debug ...string) (r result, stdout string, err error) {
	args, err := debugFiles(c)
	if err != nil {
		return result{}, "", err
	}
	args = slices.Concat([]string{"-q", "-c", file}, args, debug)
	script, isBare := strings.CutSuffix(name, bare)
	if isBare {
		args = append(args[:5:5], "--no-default-symbols") // but vmlinux
	}
	if name, ok := strings.CutSuffix(name, alone); ok {
		script, args = name, []string{"-q", "-c", file, "--no-symbols-by", "standard,debuginfod"}
	}
	args = append(args, filepath.Join("lab", "check", script+".py"), account)
	start := time.Now()
	stdout, stderr, err := capture(ctx, checkLimit, "", program, args...)
	r = newResult(c, dump, name, stdout, stderr, err, time.Since(start))
	if r.why != "" {
		fmt.Printf("%s %s\n%v\n%s\n", program, strings.Join(args, " "), err, tail(stderr+stdout, 2000))
	}
	return r, stdout, nil
}

// checkWithoutFiles runs the checks on the dumps of a kernel as if there were no debug file of it anywhere.
func checkWithoutFiles(ctx context.Context, c cores, program string) (results []result, err error) {
	if types, err := os.Stat(c.path("truth/btf")); err != nil || types.Size() == 0 {
		fmt.Printf("# %s has no BTF: it is not looked at without debug files\n", c.release)
		return nil, err
	}
	for _, d := range dumps {
		if !d.always || !d.made(c.series.board) {
			continue
		}
		fmt.Printf("# %s, %s without debug files\n", c.release, d.file)
		for _, name := range checks {
			if strings.HasSuffix(name, bare) {
				continue
			}
			args := []string{"-q", "-c", c.path(d.file), "--no-symbols-by", "standard,debuginfod", filepath.Join("lab", "check", name+".py"), c.path("truth")}
			start := time.Now()
			stdout, stderr, err := capture(ctx, checkLimit, "", program, args...)
			if ctx.Err() != nil {
				return results, ctx.Err()
			}
			r := newResult(c, withoutFiles, name, stdout, stderr, err, time.Since(start))
			if r.why != "" {
				fmt.Printf("%s %s\n%v\n%s\n", program, strings.Join(args, " "), err, tail(stderr+stdout, 2000))
			}
			fmt.Println(r)
			results = append(results, r)
		}
	}
	return checkBoth(ctx, c, program, results)
}

// checkBoth adds the results of the checks that are given debug files besides: of one that holds what is answered without any against
// what they say, and of one that has a part of them, that of the image only, then that of its modules only.
func checkBoth(ctx context.Context, c cores, program string, results []result) ([]result, error) {
	files, err := debugFiles(c)
	if err != nil {
		return results, err
	}
	file := c.path(dumps[0].file)
	if c.series.board.host {
		file = c.path("vmcore.d31")
	}
	said := []string{c.path("truth")}
	for i := 1; i < len(files); i += 2 {
		said = append(said, files[i])
	}
	for _, part := range []struct {
		name  string
		files []string
	}{{"answers", nil}, {"both-image", files[:2]}, {"both-modules", files[2:]}} {
		if part.name == "both-image" && c.series.name == "5.10" {
			continue // BTF of modules: since v5.11
		}
		script, _, _ := strings.Cut(part.name, "-")
		script = filepath.Join("lab", "check", script+".py")
		start := time.Now()
		stdout, stderr, err := capture(ctx, checkLimit, "", program,
			slices.Concat([]string{"-q", "-c", file, "--no-symbols-by", "standard,debuginfod"}, part.files, []string{script}, said)...)
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		r := newResult(c, withoutFiles, part.name, stdout, stderr, err, time.Since(start))
		if r.why != "" {
			fmt.Printf("%v\n%s\n", err, tail(stderr+stdout, 2000))
		}
		fmt.Println(r)
		results = append(results, r)
	}
	return results, nil
}

// drgnProgram returns the program named by the options, or builds it.
func drgnProgram(ctx context.Context, opt options) (string, error) {
	if opt.program != "" {
		return filepath.Abs(opt.program)
	}
	program := filepath.Join(opt.cache, "drgn")
	_, err := output(ctx, 10*time.Minute, "go", "build", "-o", program, "./cmd/drgn")
	return program, err
}

// debugFiles returns the options that name vmlinux and the debug files of the
// modules that the guest had loaded.
func debugFiles(c cores) ([]string, error) {
	args := []string{"-s", c.path("vmlinux")}
	text, err := os.ReadFile(c.path("truth/modules"))
	if err != nil {
		return nil, err
	}
	var loaded []string
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, " ")
		loaded = append(loaded, name)
	}
	dir, err := filepath.EvalSymlinks(c.path("modules"))
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _, isModule := strings.Cut(d.Name(), ".ko")
		if isModule && slices.Contains(loaded, strings.ReplaceAll(name, "-", "_")) {
			args = append(args, "-s", path)
		}
		return nil
	})
	return args, err
}
