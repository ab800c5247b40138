package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/target"
)

// crashTool is the prompt of crash's commands. Packages have it as drgn-crash, as drgn's have.
func crashTool() *tool {
	return &tool{
		name: "crash", summary: "A prompt for crash's commands, as crash has it", arguments: "[vmlinux] [vmcore]",
		run: func(f *flags, all *pflag.FlagSet, _ []string, _, stderr io.Writer) int {
			if err := nameCrashFiles(all); err != nil {
				return wrongUse(stderr, err)
			}
			f.exec = []string{`__import__("drgn.internal.crashcli").internal.crashcli._run(globals())`}
			return runPython(f, nil, true, false, f.opener(all, pythonLog))
		},
	}
}

// nameCrashFiles sets the flags for the files that nameFiles has left: a kernel alone, for that of this machine, and what is no file of a
// known kind, of which opening it says what is wrong.
func nameCrashFiles(fs *pflag.FlagSet) error {
	args := fs.Args()
	if len(args) == 2 && target.KindOf(args[0]) != target.ImageFile {
		if _, err := os.Stat(args[0]); err != nil {
			return fmt.Errorf("cannot open the kernel: %w", err)
		}
		return fmt.Errorf("%s is no kernel", args[0])
	}
	for i, name := range args {
		flag := "core"
		if target.KindOf(name) == target.ImageFile {
			flag = "symbols"
		}
		if i > 1 || fs.Changed(flag) {
			return fmt.Errorf("unrecognized arguments: %s", strings.Join(args[i:], " "))
		}
		if err := fs.Set(flag, name); err != nil {
			return err
		}
	}
	if len(set(fs, "core", "kernel", "pid", "qemu")) == 0 {
		return fs.Set("kernel", "true")
	}
	return nil
}
