package crash

import (
	"slices"
	"strings"
)

// A Values says how many values an argument takes.
type Values int

// What an argument takes.
const (
	None  Values = iota // an option that is there or not, or several times
	One                 // one value
	Maybe               // one or none
	Any                 // as many as there are
	Some                // at least one
)

// An Argument declares an option of a command, or what may stand without one.
type Argument struct {
	Names []string // of an option: "-x", "--drgn"; none: a value by its place
	Meta  string   // what a value is called in usage and help
	Value Values
	Each  bool // an option that may be given several times, all of whose values count
	Check Check
	Help  string
	Set   int    // of options with the same number but 0, one at most may be given
	Group string // the heading under which help shows it, if not the usual one
	Shown bool   // it is only shown: what it is called stands for a part of another argument
	Tasks bool   // it says which tasks the command is about: foreach's commands do not have it
}

// A Check says which values an argument takes; it returns what is wrong with one, as "invalid int value: 'x'".
type Check func(value string) string

// A Command is a command's name, declaration and what it does.
type Command struct {
	Name        string
	Description string            // one line
	Long        string            // what help says besides
	Usage       string            // behind the name; made of the arguments if there is none
	Groups      map[string]string // what is said below the heading of a group
	Arguments   []Argument
	Quoted      bool // Run is given words with their quotes, because it matters how a word was written
	Raw         bool // Run is given all that was typed, in one argument, and parses it itself
	Run         func(c *Call) error
}

// drgnArgument is the option with which a command prints code.
var drgnArgument = Argument{Names: []string{"--drgn"}, Help: "print Python code that does the same"}

// Lookup returns the command of a name.
func Lookup(name string) (*Command, bool) {
	i := slices.IndexFunc(commands(), func(c *Command) bool { return c.Name == name })
	if i < 0 {
		return nil, false
	}
	return commands()[i], true
}

// HasOption reports whether the command has an option of a name, such as "-c".
func (c *Command) HasOption(name string) bool {
	return slices.ContainsFunc(c.Arguments, func(a Argument) bool { return slices.Contains(a.Names, name) })
}

// Check returns what is wrong with arguments as far as that can be told without a program: an *ArgumentError or nil.
func (c *Command) Check(args []string) error {
	if c.Raw {
		return nil
	}
	_, err := c.parse(slices.Clone(args))
	return err
}

// Commands returns all commands, by name.
func Commands() []*Command { return slices.Clone(commands()) }

// metaOf returns what usage calls an option's value.
func (a *Argument) metaOf() string {
	if a.Meta != "" {
		return a.Meta
	}
	return strings.ToUpper(strings.TrimLeft(a.Names[0], "-"))
}

// key is the name under which the argument's values are found.
func (a *Argument) key() string {
	if len(a.Names) > 0 {
		return a.Names[0]
	}
	return a.Meta
}

// An ArgumentError says what is wrong with the arguments of a command.
type ArgumentError struct {
	Command string // "" where the command itself found that its arguments do not go together
	Problem string
	Usage   string // of the command, with its name; "" where it would not help
}

func (e *ArgumentError) Error() string {
	if e.Command == "" {
		return e.Problem
	}
	return e.Command + ": error: " + e.Problem
}

// A NotFoundError says that there is no such command.
type NotFoundError struct{ Name string }

func (e *NotFoundError) Error() string { return e.Name + ": command not found" }
