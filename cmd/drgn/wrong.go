package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/names"
)

// wrongUse says what is wrong with the command line, in the words of Python's argparse, and returns the exit code.
func wrongUse(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "usage: drgn %s\ndrgn: error: %v\n", strings.Join(forms, "\n       drgn "), err)
	return 2
}

// argumentError says what is wrong with a flag's value.
func argumentError(f *pflag.Flag, format string, args ...any) error {
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + "/" + name
	}
	return fmt.Errorf("argument %s: %s", name, fmt.Sprintf(format, args...))
}

// invalidChoice says that a flag's value is none of those that it may have.
func invalidChoice(f *pflag.Flag, choices []string) error {
	return argumentError(f, "invalid choice: '%s' (choose from '%s')", f.Value, strings.Join(choices, "', '"))
}

// negative are numbers, which may be values although they begin as flags do.
var negative = regexp.MustCompile(`^-(\d+|\d*\.\d+)$`)

// missingValue says that a flag before the script has another flag where its value should be: a value that begins so is given as
// --flag=value.
func missingValue(args []string, fs *pflag.FlagSet) error {
	for i := 0; i < len(args); {
		n := ourFlag(args[i:], fs)
		if n == 0 {
			return nil
		}
		if n == 2 && i+1 < len(args) {
			if v := args[i+1]; len(v) > 1 && v[0] == '-' && !negative.MatchString(v) && !strings.Contains(v, " ") {
				f := fs.Lookup(strings.TrimPrefix(args[i], "--"))
				if f == nil {
					f = fs.ShorthandLookup(args[i][len(args[i])-1:])
				}
				return argumentError(f, "expected one argument")
			}
		}
		i += n
	}
	return nil
}

// excluding says which of flags that exclude each other was given after another one; fs has the order in which they were.
func excluding(fs *pflag.FlagSet, among ...string) (err error) {
	var first *pflag.Flag
	fs.Visit(func(f *pflag.Flag) {
		switch {
		case err != nil || !slices.Contains(among, f.Name):
		case first == nil:
			first = f
		default:
			err = argumentError(f, "not allowed with %s", strings.TrimSuffix(argumentError(first, "").Error(), ": "))
		}
	})
	return err
}

// wrongFlag says what is wrong with the flags, and what may have been meant.
func wrongFlag(err error, fs *pflag.FlagSet) error {
	var unknown *pflag.NotExistError
	var noValue *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &noValue):
		return argumentError(noValue.GetFlag(), "expected one argument")
	case errors.As(err, &invalid):
		f, value := invalid.GetFlag(), invalid.GetValue()
		switch {
		case f.Name == "pid":
			return argumentError(f, "invalid int value: '%s'", value)
		case f.NoOptDefVal != "":
			return argumentError(f, "ignored explicit argument '%s'", value)
		}
		return argumentError(f, "%v", errors.Unwrap(invalid))
	case !errors.As(err, &unknown):
		return err
	case unknown.GetSpecifiedShortnames() != "":
		return fmt.Errorf("unrecognized arguments: -%s", unknown.GetSpecifiedShortnames())
	}
	name := unknown.GetSpecifiedName()
	begun := flagsOf(fs, name)
	if len(begun) > 1 {
		return fmt.Errorf("ambiguous option: --%s could match --%s", name, strings.Join(begun, ", --"))
	}
	var all []string
	fs.VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
	text := "unrecognized arguments: --" + name
	if near := names.Among(name, all); len(near) > 0 {
		text += " (did you mean --" + strings.Join(near[:min(len(near), 3)], " or --") + "?)"
	}
	return errors.New(text)
}

// pidFlag is a flag with an integer as Python's int() reads it.
type pidFlag struct{ pid *int }

func (p pidFlag) String() string { return "0" }
func (p pidFlag) Type() string   { return "int" }

func (p pidFlag) Set(s string) (err error) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return strconv.ErrSyntax
	}
	*p.pid, err = strconv.Atoi(strings.ReplaceAll(s, "_", ""))
	return err
}
