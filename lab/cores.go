package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// layout is raised when the lab makes or names its cores differently.
const layout = 1

// tries is how often a guest is booted until the lab gives up.
const tries = 3

// retry boots a guest until that succeeds, a few times at most: emulation is not perfect, now and then a guest dies while it
// starts.
func retry(ctx context.Context, boot func() error) error {
	for try := 1; ; try++ {
		err := boot()
		if err == nil || try == tries || ctx.Err() != nil {
			return err
		}
		say("trying once more: %v", err)
	}
}

// cores are the dumps of one guest, with the guest's account of itself in truth/,
// vmlinux and the directory modules with debug files. The file filter has
// makedumpfile's dump level of those that are filtered.
type cores struct {
	cache   string // see options
	dir     string
	release string
	series  series
	kernel  kernel
}

// path returns the path of one of the files.
func (c cores) path(file string) string { return filepath.Join(c.dir, file) }

// filter tells the level at which a dump is filtered when it is not what its name says, "" otherwise.
func (c cores) filter(d dump) (string, error) {
	if !slices.Contains(d.args, filterAll) {
		return "", nil
	}
	level, err := c.level()
	if err != nil || level == filterAll {
		return "", err
	}
	return fmt.Sprintf("; here -d %s, as makedumpfile does not know the kernel", level), nil
}

// level returns makedumpfile's dump level of dumps that are filtered.
func (c cores) level() (string, error) {
	level, err := os.ReadFile(c.path("filter"))
	return strings.TrimSpace(string(level)), err
}

// makeCores finds the cores in the cache, or makes them.
func makeCores(ctx context.Context, opt options, s series) (cores, error) {
	if err := installTools(ctx, s.board); err != nil {
		return cores{}, err
	}
	if err := s.board.fetchNewer(ctx, opt.cache); err != nil {
		return cores{}, err
	}
	k, err := fetchKernel(ctx, s, opt.cache)
	if err != nil {
		return cores{}, err
	}
	key, err := coresKey(k, s.board, opt)
	if err != nil {
		return cores{}, err
	}
	c := cores{cache: opt.cache, dir: filepath.Join(opt.cache, "cores", key), release: k.release, series: s, kernel: k}
	done := c.path("done")
	if _, err := os.Stat(done); err == nil {
		return c, nil
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return cores{}, err
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return cores{}, err
	}
	initramfs := c.path("initramfs.gz")
	if err := buildInitramfs(ctx, initramfs, k, s.board, opt); err != nil {
		return cores{}, err
	}
	start := time.Now()
	say("booting %s with %d MiB and %d threads", k.release, opt.memory, opt.threads)
	err = retry(ctx, func() error { return bootAndDump(ctx, opt, c.dir, k, s.board, initramfs) })
	if err != nil {
		return cores{}, err
	}
	say("booted and dumped in %.0f s", time.Since(start).Seconds())
	for link, to := range map[string]string{"vmlinux": k.vmlinux(), "modules": k.moduleDebug()} {
		if err := os.Symlink(to, c.path(link)); err != nil {
			return cores{}, err
		}
	}
	if err := makeDumps(ctx, c.dir, s.board, opt.cache); err != nil {
		return cores{}, err
	}
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		return cores{}, err
	}
	return c, forgetOld(opt.cache)
}

// coresKey names a set of cores by all that it is made from, but for most of guestLine: that changes whether a guest boots, not what
// is to be seen in it.
func coresKey(k kernel, b *board, opt options) (string, error) {
	text, err := guestFiles("init", "crowd.c", "truth.c")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, layout, k.release, opt.memory, opt.threads, k.loads)
	fmt.Fprint(sum, text)
	if b != amd64 {
		fmt.Fprintln(sum, b.machine)
	}
	if b.changes != "" {
		fmt.Fprintln(sum, b.changes)
	}
	return fmt.Sprintf("%s-%x", k.release, sum.Sum(nil)[:6]), nil
}

// guestFiles returns files of lab/guest as one text, to make a key of.
func guestFiles(files ...string) (string, error) {
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("lab", "guest", file))
		if err != nil {
			return "", fmt.Errorf("%w (the lab runs in the module's root directory)", err)
		}
		fmt.Fprintf(&all, "%s %d\n%s", file, len(text), text)
	}
	return all.String(), nil
}

// kept is how many sets of cores, and kernels, stay of each series: a run may still look at the one before.
const kept = 2

// forgetOld removes all but the newest sets of cores and kernels of each series, and what runs that failed have left.
func forgetOld(cache string) error {
	for _, kind := range []struct{ dir, done string }{{"cores", "done"}, {"kernel", "unpacked"}} {
		dir := filepath.Join(cache, kind.dir)
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		made := make(map[string]time.Time)
		var names []string
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			if info, err := os.Stat(filepath.Join(dir, e.Name(), kind.done)); err == nil {
				made[e.Name()] = info.ModTime()
			}
			names = append(names, e.Name())
		}
		slices.SortFunc(names, func(a, b string) int { return made[b].Compare(made[a]) })
		of := make(map[string]int)
		for _, name := range names {
			line := lineOf(name)
			of[line]++
			if !made[name].IsZero() && of[line] <= kept {
				continue
			}
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// lineOf returns the series and the flavour of the name of a release, or of a set of cores, which begins with one.
func lineOf(name string) string {
	release := key.ReplaceAllString(name, "")
	return majorMinor.FindString(release) + flavour.FindString(release)
}

var (
	// majorMinor matches the series at the start of a release, flavour what it ends with, and key what ends the name of a set
	// of cores.
	majorMinor = regexp.MustCompile(`^\d+\.\d+`)
	flavour    = regexp.MustCompile(`-[a-z].*$`)
	key        = regexp.MustCompile(`-[0-9a-f]{12}$`)
)
