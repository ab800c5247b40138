package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/linux/crash"
)

// A commandLine is one of crash's commands and its arguments.
type commandLine struct {
	name string
	args []string
}

// splitCommand takes a command out of the command line: drgn [flags] NAME [-c FILE …] [arguments]. Flags in front of the name
// are ours. Behind it, so are -c and -s as long as a file follows them, and flags with long names that commands don't have;
// the first other argument begins those of the command. A file of the command's name is a script, as ever.
func splitCommand(args []string, fs *pflag.FlagSet) (ours []string, c *commandLine) {
	i := 0
	for i < len(args) {
		n := ourFlag(args[i:], fs)
		if n == 0 {
			break
		}
		i += n
	}
	if i >= len(args) {
		return args, nil
	}
	name := args[i]
	if _, ok := crash.Lookup(name); !ok {
		return args, nil
	}
	if isScript(name) {
		return args, nil
	}
	ours = append(ours, args[:i]...)
	rest := args[i+1:]
	for len(rest) > 0 {
		n := 0
		switch a := rest[0]; {
		case a == "-c" || a == "-s":
			if len(rest) > 1 && isFile(rest[1]) {
				n = 2
			}
		case strings.HasPrefix(a, "--") && a != "--" && a != "--drgn":
			n = ourFlag(rest, fs)
		}
		if n == 0 || n > len(rest) {
			break
		}
		ours, rest = append(ours, rest[:n]...), rest[n:]
	}
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	return ours, &commandLine{name, rest}
}

// ourFlag returns how many arguments the flag that the first one is takes, with itself; 0 if it is no flag of ours.
func ourFlag(args []string, fs *pflag.FlagSet) int {
	a := args[0]
	var f *pflag.Flag
	attached := false
	switch {
	case strings.HasPrefix(a, "--") && len(a) > 2:
		name, _, equals := strings.Cut(a[2:], "=")
		f, attached = fs.Lookup(name), equals
	case len(a) > 1 && a[0] == '-' && a[1] != '-':
		f = fs.ShorthandLookup(a[1:2])
		attached = len(a) > 2
	}
	if f == nil {
		return 0
	}
	if attached || f.NoOptDefVal != "" {
		return 1
	}
	return 2
}

// isScript reports whether Python can run what has a name: a file, or a directory with a __main__.py. Other directories are often
// called as commands are.
func isScript(name string) bool {
	st, err := os.Stat(name)
	if err == nil && st.IsDir() {
		_, err = os.Stat(filepath.Join(name, "__main__.py"))
	}
	return err == nil
}

// isFile reports whether there is a file of a name. A core may be given with an address: FILE@ADDRESS.
func isFile(name string) bool {
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		name = name[:i]
	}
	_, err := os.Stat(name)
	return err == nil
}

// runCommand opens the program and runs one of crash's commands on it, without Python.
func (f *flags) runCommand(fs *pflag.FlagSet, c *commandLine, stdout, stderr io.Writer) int {
	if c.name == "help" { // needs no program
		return helpCommand(c, stdout, stderr)
	}
	p := f.openQuietly(fs, stderr)
	if p == nil {
		return 1
	}
	defer p.Close() // was only read
	out := bufio.NewWriter(stdout)
	_, _, err := crash.Of(p).Run(context.Background(), c.name, c.args, out, stderr)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	var wrong *crash.ArgumentError
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "usage: drgn %s\n%v\n", wrong.Usage, err)
		return 2
	case err != nil:
		fmt.Fprintf(stderr, "drgn: %s: %v\n", c.name, err)
		return 1
	}
	return 0
}

// helpCommand is the command help.
func helpCommand(c *commandLine, stdout, stderr io.Writer) int {
	if len(c.args) == 0 {
		fmt.Fprint(stdout, crash.Overview(nil))
	}
	for i, name := range c.args {
		command, ok := crash.Lookup(name)
		if !ok {
			fmt.Fprintf(stderr, "drgn: %v\n", &crash.NotFoundError{Name: name})
			return 1
		}
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprintln(stdout, command.Page())
	}
	return 0
}
