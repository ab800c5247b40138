package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
)

// splitKernel finds the word "kernel" where a script would stand, unless there is a file of the name: what follows are not flags
// of ours.
func splitKernel(args []string, fs *pflag.FlagSet) (flags, rest []string, is bool) {
	for i := 0; i < len(args); {
		n := ourFlag(args[i:], fs)
		if n == 0 {
			if args[i] != "kernel" || isScript("kernel") {
				return args, nil, false
			}
			return args[:i], args[i+1:], true
		}
		i += n
	}
	return args, nil, false
}

// kernelArguments are those of drgn kernel.
type kernelArguments struct {
	install      bool
	user         bool
	prefix, name string
	file         string // the connection file of a kernel that is to run
}

func parseKernel(args []string) (k kernelArguments, err error) {
	fs := pflag.NewFlagSet("kernel", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	boolean(fs, &k.user, "user", "", "")
	fs.StringVar(&k.prefix, "prefix", "", "")
	fs.StringVar(&k.name, "name", "drgn", "")
	if err := fs.Parse(args); err != nil {
		return k, err
	}
	switch {
	case fs.NArg() != 1:
		return k, errors.New("usage: drgn [flags] kernel install [--user | --prefix DIR] [--name NAME]")
	case fs.Arg(0) != "install" && fs.NFlag() > 0:
		return k, errors.New("kernel: flags are for install only")
	case fs.Arg(0) != "install":
		k.file = fs.Arg(0)
	case k.user && fs.Changed("prefix"):
		return k, errors.New("--user and --prefix exclude each other")
	case k.name == "" || k.name != filepath.Base(k.name) || k.name == ".." || k.name == ".":
		return k, fmt.Errorf("--name: %q is no name of a directory", k.name)
	}
	k.install = k.file == ""
	return k, nil
}

// runKernel installs a kernel of Jupyter, or is one.
func (f *flags) runKernel(fs *pflag.FlagSet, args []string, stdout, stderr io.Writer) int {
	k, err := parseKernel(args)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "drgn: %v\n", err)
		return 2
	case !k.install:
		return runKernel(f, k.file, f.opener(fs, pythonLog))
	}
	if err := installKernel(k, fs, stdout); err != nil {
		fmt.Fprintf(stderr, "drgn: %v\n", err)
		return 1
	}
	return 0
}

// A kernelSpec is what Jupyter reads of a kernel
// (https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs).
type kernelSpec struct {
	Argv        []string `json:"argv"`
	DisplayName string   `json:"display_name"`
	Language    string   `json:"language"`
}

// installKernel writes the kernel spec that runs this program with the same flags, and says where it is.
func installKernel(k kernelArguments, fs *pflag.FlagSet, stdout io.Writer) error {
	self, err := self()
	if err != nil {
		return err
	}
	given, title, err := absoluteFlags(fs)
	if err != nil {
		return err
	}
	base := filepath.Join(k.prefix, "share", "jupyter")
	if k.prefix == "" {
		if base, err = jupyterDirectory(); err != nil {
			return err
		}
	}
	dir := filepath.Join(base, "kernels", k.name)
	spec := kernelSpec{append(append(self, given...), "kernel", "{connection_file}"), "drgn" + title, "python"}
	text, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, "kernel.json")
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Fprintln(stdout, path)
	return nil
}

// jupyterDirectory returns where Jupyter looks for a user's data.
func jupyterDirectory() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "share", "jupyter"), err
}

// fileFlags are the flags that name files or directories: a notebook's kernel runs in another directory.
var fileFlags = map[string]bool{"core": true, "symbols": true, "extra-symbols": true, "vmcoreinfo": true, "debug-directory": true,
	"debug-link-directory": true, "kernel-directory": true, "qemu": true}

// absoluteFlags returns the flags that were given, with the names of files that are there made absolute; and what is debugged, in brackets.
func absoluteFlags(fs *pflag.FlagSet) (given []string, title string, err error) {
	fs.Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if all, ok := f.Value.(pflag.SliceValue); ok {
			values = all.GetSlice()
		}
		for _, value := range values {
			if _, e := os.Stat(value); e == nil && fileFlags[f.Name] {
				path, e := filepath.Abs(value)
				err = errors.Join(err, e)
				value = path
			}
			if f.NoOptDefVal != "" {
				given = append(given, "--"+f.Name)
				continue
			}
			given = append(given, "--"+f.Name+"="+value)
			if f.Name == "core" || f.Name == "qemu" || f.Name == "pid" {
				title = " (" + filepath.Base(value) + ")"
			}
		}
	})
	return given, title, err
}
