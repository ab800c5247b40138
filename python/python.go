// Package python is the Python of the debugger: CPython 3.14 inside the program, the package drgn that scripts import, and
// the prompt.
//
// It is the only package that needs cgo. CPython is reached through its stable ABI, declared in pyabi.h: there is no
// Python.h, and nothing on disk. ARCHITECTURE.md says how calls cross between the two.
package python

// A Mode is what the interpreter is to run.
type Mode int

// The modes.
const (
	Interactive Mode = iota // the prompt, or standard input when that is no terminal
	Exec                    // Code
	Script                  // the file Args[0]
	Plain                   // as python itself: Args are Python's own; multiprocessing starts its workers so
	Kernel                  // a kernel of Jupyter, with the connection file Args[0]
)

// Options say what [Main] does.
type Options struct {
	Mode     Mode
	Code     []string // of Exec: run one after the other
	Args     []string // sys.argv: of a script with its name in front
	Quiet    bool     // no banner
	NoPager  bool     // the prompt shows all by itself, however long
	LogLevel string   // of the logger "drgn"; "none" disables logging; "": no warnings, until the script sets up logging
	Version  string   // godrgn's own
	Commit   string   // what the program was built from, or ""
	Open     Opener   // opens the program; nil if the command line names none
	OpenLate bool     // open it only when the interpreter has started: what is opened is this very process
}

// options are those that Main was called with.
var options Options

// SetVersion says what scripts are told of the version and the commit before Main is called, if it is.
func SetVersion(version, commit string) { options.Version, options.Commit = version, commit }

func setOptions(o Options) {
	options = o
	logLevel.Store(levelBefore(o.LogLevel))
}
