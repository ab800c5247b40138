package module

import (
	"fmt"
	"slices"
	"strings"
)

// A Trial is a file that was tried as one of a module's, or a place that was searched for one.
type Trial struct {
	Finder string // who tried it: the name of a finder, "named" for a file that the user named, "" for a direct call
	Path   string // file, directory or URL
	Used   bool   // it became one of the module's files
	Result string // what it was used as, or why it was not used
}

// String returns a line: "/boot/vmlinux: No such file or directory".
func (t Trial) String() string { return t.Path + ": " + t.Result }

// maxTrials bounds how many trials a module remembers.
const maxTrials = 64

// trials are what was tried for a module.
type trials struct {
	finder  string // who looks for files now
	all     []Trial
	more    int    // how many are forgotten
	refused string // the first file that was of another build, for messages
	types   string // the first file that was passed over since it has types only, see TypesFile
}

// Trials returns what was tried as the module's files so far, in order; more says how many further ones are not remembered.
func (m *Module) Trials() (all []Trial, more int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.trials.all), m.trials.more
}

// AskedBy says who looks for the module's files from now on, for [Module.Trials]: the name of a finder.
func (m *Module) AskedBy(finder string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trials.finder = finder
}

// Tried remembers that there was no file to try at a place, or the result of one that was tried. The same result at the same place is
// remembered once.
func (m *Module) Tried(path, result string, used bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := Trial{m.trials.finder, path, used, result}
	switch {
	case slices.Contains(m.trials.all, t):
	case len(m.trials.all) < maxTrials || used:
		m.trials.all = append(m.trials.all, t)
	default:
		m.trials.more++
	}
}

// resultOf makes what is logged of a file, "%[1]s: %[2]s build ID does not match; ignoring", what is remembered of it.
func resultOf(text string) string {
	_, text, _ = strings.Cut(text, "%[2]s ")
	return strings.TrimSuffix(text, "; ignoring")
}

// wrongBuild says of a file why it is not of the build that is wanted.
func wrongBuild(c *choice) string {
	if c.elsewhere {
		return fmt.Sprintf("has build ID %s, which is not in memory where it should be: it is another kernel's, or KERNELOFFSET is wrong", IDText(c.id))
	}
	return fmt.Sprintf("has build ID %s; %s is wanted", IDText(c.id), IDText(c.buildID))
}

// Refused says which file was looked at for the module and was of another build: the first one, "" if there was none.
func (m *Module) Refused() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.trials.refused
}

// TypesFile returns the first file of the module that finders have passed over since it has BTF only: what they look for is
// the one that has all. It is "" if there was none.
func (m *Module) TypesFile() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.trials.types
}
