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

// kernelTool installs a kernel of Jupyter, or is one.
func kernelTool() *tool {
	var k kernelArguments
	fs := pflag.NewFlagSet("kernel", pflag.ContinueOnError)
	fs.SortFlags = false
	boolean(fs, &k.user, "user", "", "where Jupyter looks for the user's kernels (the default)")
	fs.StringVar(&k.prefix, "prefix", "", "below this `DIR`, such as that of a virtual environment")
	fs.StringVar(&k.name, "name", "drgn", "the `NAME` of the kernel's directory")
	t := &tool{name: "kernel", summary: "Let Jupyter know this program as a kernel, for what the flags name", flags: fs, arguments: "install"}
	t.run = func(f *flags, all *pflag.FlagSet, _ []string, stdout, stderr io.Writer) int {
		if err := k.check(all.Args(), fs); err != nil {
			fmt.Fprintf(stderr, "drgn: %v\n", err)
			return 2
		}
		if k.file != "" {
			return runKernel(f, k.file, f.opener(all, pythonLog))
		}
		if err := installKernel(k, all, fs, stdout); err != nil {
			fmt.Fprintf(stderr, "drgn: %v\n", err)
			return 1
		}
		return 0
	}
	return t
}

// kernelArguments are those of drgn kernel.
type kernelArguments struct {
	user         bool
	prefix, name string
	file         string // the connection file of a kernel that is to run; "": one is installed
}

func (k *kernelArguments) check(args []string, fs *pflag.FlagSet) error {
	install := len(args) == 1 && args[0] == "install"
	own := set(fs, "user", "prefix", "name")
	switch {
	case len(args) != 1:
		return errors.New("usage: drgn [flags] kernel install [--user | --prefix DIR] [--name NAME]")
	case !install && len(own) > 0:
		return errors.New("kernel: flags are for install only")
	case k.user && fs.Changed("prefix"):
		return errors.New("--user and --prefix exclude each other")
	case k.name == "" || k.name != filepath.Base(k.name) || k.name == ".." || k.name == ".":
		return fmt.Errorf("--name: %q is no name of a directory", k.name)
	}
	if !install {
		k.file = args[0]
	}
	return nil
}

// A kernelSpec is what Jupyter reads of a kernel
// (https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs).
type kernelSpec struct {
	Argv        []string `json:"argv"`
	DisplayName string   `json:"display_name"`
	Language    string   `json:"language"`
}

// installKernel writes the kernel spec that runs this program with the same flags, and says where it is.
func installKernel(k kernelArguments, fs, own *pflag.FlagSet, stdout io.Writer) error {
	self, err := self()
	if err != nil {
		return err
	}
	given, title, err := absoluteFlags(fs, own)
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

// absoluteFlags returns the flags that were given but for the tool's own, with the names of files that are there made absolute; and what is debugged, in brackets.
func absoluteFlags(fs, own *pflag.FlagSet) (given []string, title string, err error) {
	fs.Visit(func(f *pflag.Flag) {
		if own.Lookup(f.Name) != nil {
			return
		}
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
