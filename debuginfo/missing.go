package debuginfo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/godrgn/drgn/module"
)

const shownModules = 5 // in messages

// A MissingError says which modules' debugging information, or files with code and data, were not found.
type MissingError struct {
	Modules []*module.Module
	Notes   []string // what was wrong with files that were looked at, a line each
}

// Lines names the first of the modules, a line each, as they are logged.
func (e *MissingError) Lines() []string {
	var lines []string
	for i, m := range e.Modules {
		if i == shownModules {
			return append(lines, fmt.Sprintf("... missing %d more", len(e.Modules)-i))
		}
		what := "debugging symbols for "
		if !m.WantsDebugFile() {
			what = "the file that is loaded as "
		}
		lines = append(lines, "missing "+what+inMessages(m))
	}
	return lines
}

func (e *MissingError) Error() string {
	var b strings.Builder
	if !slices.ContainsFunc(e.Modules, (*module.Module).WantsDebugFile) {
		b.WriteString("missing the files that are loaded as ")
	} else {
		b.WriteString("missing debugging symbols for ")
	}
	if len(e.Modules) == 1 {
		b.WriteString(inMessages(e.Modules[0]))
	} else {
		fmt.Fprintf(&b, "%d modules: ", len(e.Modules))
		for i, m := range e.Modules[:min(len(e.Modules), 2*shownModules)] {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(inMessages(m))
		}
		if len(e.Modules) > 2*shownModules {
			b.WriteString(", ...")
		}
	}
	for _, n := range e.Notes {
		b.WriteString("\n  " + n)
	}
	return b.String()
}

// inMessages names a module in messages.
func inMessages(m *module.Module) string {
	if release, _ := m.Set().KernelRelease(); m.Kind() == module.Main && release != "" {
		return m.Name() + " " + release
	}
	return m.Name()
}

// notes says which files were looked at for some of the modules and were of another build.
func notes(modules []*module.Module) (notes []string) {
	for _, m := range modules[:min(len(modules), shownModules)] {
		if why := m.Refused(); why != "" {
			notes = append(notes, why)
		}
	}
	return notes
}
