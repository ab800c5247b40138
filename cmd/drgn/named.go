package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/linux/crash"
	"github.com/godrgn/drgn/names"
	"github.com/godrgn/drgn/target"
)

// nameFiles puts -c in front of core dumps and -s in front of images that stand where a script would, so that "drgn vmcore" and
// crash's "drgn vmlinux vmcore" do what is meant.
func nameFiles(args []string, fs *pflag.FlagSet) []string {
	var named []string
	image := false
	for i := 0; i < len(args); {
		if n := ourFlag(args[i:], fs); n > 0 {
			named = append(named, args[i:min(i+n, len(args))]...)
			i = min(i+n, len(args))
			continue
		}
		switch kind := target.KindOf(args[i]); {
		case kind == target.CoreFile:
			named = append(named, "-c", args[i])
		case kind == target.ImageFile && (image || slices.ContainsFunc(args, func(a string) bool { return isTarget(a) || target.KindOf(a) == target.CoreFile })):
			named = append(named, "-s", args[i])
		default:
			return append(named, args[i:]...)
		}
		image = true
		i++
	}
	return named
}

// wrongScript says why a name is not that of a script, and what may have been meant; nil if it is.
func wrongScript(name string) error {
	if name == "-" { // standard input
		return nil
	}
	_, err := os.Stat(name)
	switch {
	case err == nil && target.KindOf(name) == target.ImageFile:
		return fmt.Errorf("%s is a program or a kernel, and no script: name the core dump, too, or the process with -p", name)
	case err == nil:
		return nil
	}
	var errno syscall.Errno
	if errors.As(err, &errno) { // as Python says it
		text := errno.Error()
		err = fmt.Errorf("[Errno %d] %s: '%s'", int(errno), strings.ToUpper(text[:1])+text[1:], name)
	}
	var all []string
	for _, c := range crash.Commands() {
		all = append(all, c.Name)
	}
	if near := names.Among(name, all); len(near) > 0 && !strings.ContainsAny(name, "./") {
		return fmt.Errorf("cannot open script: %w (nor is it a command; did you mean %s?)", err, strings.Join(near, " or "))
	}
	return fmt.Errorf("cannot open script: %w", err)
}

// wholeFlags writes out the flags before the script of which only the beginning was given: --log for --log-level.
func wholeFlags(args []string, fs *pflag.FlagSet) []string {
	args = slices.Clone(args)
	for i := 0; i < len(args); {
		given, _, _ := strings.Cut(args[i], "=")
		if name, ok := strings.CutPrefix(given, "--"); ok && name != "" && fs.Lookup(name) == nil {
			if all := flagsOf(fs, name); len(all) == 1 {
				args[i] = "--" + all[0] + strings.TrimPrefix(args[i], given)
			}
		}
		n := ourFlag(args[i:], fs)
		if n == 0 {
			break
		}
		i += n
	}
	return args
}

// flagsOf returns the names of the flags that begin so.
func flagsOf(fs *pflag.FlagSet, start string) (all []string) {
	fs.VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, start) {
			all = append(all, f.Name)
		}
	})
	return all
}
