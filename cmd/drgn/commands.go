package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/linux/crash"
)

// A commandLine is one of crash's commands and its arguments.
type commandLine struct {
	name   string
	args   []string
	noFile string // what follows a -c that was left to the command because no file is called so
}

// splitCommand takes a command out of the command line: drgn [flags] NAME [-c FILE …] [arguments]. Flags in front of the name
// are ours. After it, so are flags with long names that commands don't have, and -c and -s: those that the command has no
// option of its own for, and else the -c that names a file when no core was named yet, and an -s that names one. All else is
// the command's. A file of the command's name is a script, as ever.
func splitCommand(args []string, fs *pflag.FlagSet) (ours []string, c *commandLine) {
	i, named := 0, false
	for i < len(args) {
		n := ourFlag(args[i:], fs)
		if n == 0 {
			break
		}
		named = named || isTarget(args[i])
		i += n
	}
	if i >= len(args) {
		return args, nil
	}
	command, ok := crash.Lookup(args[i])
	if !ok || isScript(args[i]) {
		return args, nil
	}
	c = &commandLine{name: args[i]}
	ours = append(ours, args[:i]...)
	for rest := args[i+1:]; len(rest) > 0; {
		a, n := rest[0], 0
		switch {
		case a == "--":
			c.args = append(c.args, rest[1:]...) // it ends our flags; a second one would end the command's
			return ours, c
		case (a == "-c" || a == "-s") && len(rest) > 1:
			own := command.Raw || command.HasOption(a)
			file := isFile(rest[1]) || strings.ContainsRune(rest[1], '/')
			if !own || file && (a == "-s" || !named) {
				n = 2
			} else if !named && a == "-c" {
				c.noFile = rest[1]
			}
		case strings.HasPrefix(a, "--") && a != "--drgn":
			n = ourFlag(rest, fs)
		}
		if n == 0 || n > len(rest) {
			c.args, rest = append(c.args, a), rest[1:]
			continue
		}
		named = named || isTarget(a)
		ours, rest = append(ours, rest[:n]...), rest[n:]
	}
	return ours, c
}

// isTarget reports whether a flag of ours names what is debugged.
func isTarget(flag string) bool {
	name, _, _ := strings.Cut(flag, "=")
	return strings.HasPrefix(flag, "-c") || strings.HasPrefix(flag, "-k") || strings.HasPrefix(flag, "-p") ||
		slices.Contains([]string{"--core", "--kernel", "--pid", "--qemu"}, name)
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
		for i := 1; i < len(a); i++ { // -qc FILE is -q and -c FILE
			f, attached = fs.ShorthandLookup(a[i:i+1]), i+1 < len(a)
			if f == nil || f.NoOptDefVal == "" {
				break
			}
		}
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
	_, err := os.Stat(withoutAddress(name))
	return err == nil
}

// withoutAddress returns the file of FILE@ADDRESS.
func withoutAddress(name string) string {
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		return name[:i]
	}
	return name
}

// runCommand opens the program and runs one of crash's commands on it, without Python.
func (f *flags) runCommand(fs *pflag.FlagSet, c *commandLine, stdout, stderr io.Writer) int {
	if c.name == "help" { // needs no program
		return helpCommand(c, stdout, stderr)
	}
	known, _ := crash.Lookup(c.name) // splitCommand found it
	err := known.Check(c.args)
	out, told := &counter{w: stdout}, &counter{w: stderr}
	if err == nil {
		p := f.openQuietly(fs, stderr)
		if p == nil {
			if c.noFile != "" {
				fmt.Fprintf(stderr, "drgn: there is no file %q: -c was taken for an option of %s\n", c.noFile, c.name)
			}
			return 1
		}
		defer p.Close() // was only read
		buffered := bufio.NewWriter(out)
		_, _, err = crash.Of(p).Run(context.Background(), c.name, c.args, buffered, told)
		if flushed := buffered.Flush(); err == nil {
			err = flushed
		}
	}
	var wrong *crash.ArgumentError
	switch {
	case errors.As(err, &wrong) && wrong.Usage == "":
		fmt.Fprintf(stderr, "drgn: %s: %s\n", c.name, wrong.Problem)
		return 2
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "usage: drgn %s\n%v\n", wrong.Usage, err)
		return 2
	case err != nil:
		fmt.Fprintf(stderr, "drgn: %s: %v\n", c.name, err)
		return 1
	case out.n == 0 && told.n > 0: // nothing of what was asked for was there, as a PID that no process has
		return 1
	}
	return 0
}

// A counter counts what is written.
type counter struct {
	w io.Writer
	n int
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += n
	return n, err
}

// helpCommand is the command help.
func helpCommand(c *commandLine, stdout, stderr io.Writer) int {
	if len(c.args) == 0 {
		fmt.Fprint(stdout, crash.Overview(nil))
	}
	for i, name := range c.args {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if t := toolNamed(name); t != nil {
			fmt.Fprint(stdout, t.usage())
			continue
		}
		command, ok := crash.Lookup(name)
		if !ok {
			fmt.Fprintf(stderr, "drgn: %v\n", &crash.NotFoundError{Name: name})
			return 1
		}
		fmt.Fprintln(stdout, command.Page())
	}
	return 0
}
