// Package explain says where a program's types, symbols, stacks and source lines come from: for each module what was wanted, where it was
// looked for, what was found, and why not.
package explain

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/module"
)

// A Report says it of a program.
type Report struct {
	Target  string   // "vmcore: Linux 6.12.43"
	Finders []string // that are asked for debug files, in order
	Others  []string // that are not, each with the reason
	Advice  string   // how to come by the debug file of a kernel that has none; "" if it has one
	Modules []Module
}

// A Module is the part of a report on one module.
type Module struct {
	Name    string
	BuildID []byte // nil: not known

	Loaded, Debug drgn.ModuleFile
	Supplementary string         // path of the file that the debug file needs besides, or ""
	Trials        []module.Trial // what was tried, in order
	MoreTrials    int            // how many further ones are not known any more

	// From where these come now: "DWARF of FILE", or "none", with the reason.
	Types, Symbols, Stacks, Lines string
}

// Program reports on a program. It reads the debugging information of its modules.
func Program(p *drgn.Program) *Report {
	r := &Report{Target: target(p), Finders: p.EnabledFinders(drgn.DebugInfoFinders)}
	for _, name := range p.RegisteredFinders(drgn.DebugInfoFinders) {
		if !slices.Contains(r.Finders, name) {
			r.Others = append(r.Others, name+": it is not enabled")
		}
	}
	if i := slices.Index(r.Finders, "debuginfod"); i >= 0 && os.Getenv("DEBUGINFOD_URLS") == "" {
		r.Finders = slices.Delete(slices.Clone(r.Finders), i, i+1)
		r.Others = append(r.Others, "debuginfod: DEBUGINFOD_URLS names no servers")
	}
	all := slices.Collect(p.Modules())
	defer module.ReadAhead(all)()
	k, _ := linux.Of(p) // nil if it is not a kernel
	for _, m := range all {
		r.Modules = append(r.Modules, moduleOf(m, k))
	}
	if k != nil && len(all) > 0 && all[0].Kind() == module.Main && all[0].WantsDebugFile() {
		r.Advice = k.Advice()
	}
	return r
}

// target says what is debugged.
func target(p *drgn.Program) string {
	what := cmp.Or(p.CoreDumpPath(), "the running process")
	if k, err := linux.Of(p); err == nil {
		if what = p.CoreDumpPath(); what == "" {
			what = "a guest of QEMU"
			if p.Flags()&drgn.IsLocal != 0 {
				what = "the running kernel"
			}
		}
		what += ": Linux " + cmp.Or(k.Release(), "of unknown release")
	}
	return what
}

func moduleOf(m *drgn.Module, k *linux.Kernel) Module {
	r := Module{Name: m.Name(), BuildID: m.BuildID(), Loaded: m.LoadedFile(), Debug: m.DebugFile(), Supplementary: m.SupplementaryFile(),
		Types: "none", Symbols: "none", Stacks: "none", Lines: "none"}
	r.Trials, r.MoreTrials = m.Trials()
	path := r.nameOf(cmp.Or(r.Debug.Path, r.Loaded.Path))
	_, err := m.Info()
	switch {
	case err != nil:
		r.Types = "none: " + err.Error()
	case m.Fallback() != "":
		r.Types = m.Fallback()
	case m.HasCode():
		r.Types = "DWARF of " + path
	case m.HasTypes():
		r.Types = "BTF of " + path
	}
	if err == nil && m.HasLines() {
		r.Lines = "DWARF of " + path
	}
	files := m.Files()
	if files != nil && files.Symbols.Len() > 0 {
		r.Symbols = fmt.Sprintf("%d of %s", files.Symbols.Len(), r.nameOf(files.SymbolFile))
	} else if k != nil {
		r.Symbols = k.OwnSymbols(m)
	}
	var by []string
	if files != nil {
		by = r.tables(by, files.Debug.ELF)
		if files.Loaded != nil {
			by = r.tables(by, files.Loaded.ELF)
		}
	}
	if k != nil && !slices.ContainsFunc(by, func(s string) bool { return strings.HasPrefix(s, "ORC ") }) {
		if own := k.OwnStacks(m); own != "" {
			by = append(by, own)
		}
	}
	if len(by) > 0 {
		r.Stacks = strings.Join(by, "; ")
	}
	return r
}

// nameOf names a file of the module.
func (m *Module) nameOf(path string) string {
	switch path {
	case m.Debug.Path:
		return "the debug file"
	case m.Loaded.Path:
		return "the loaded file"
	}
	return path
}

// tables appends by which tables of a file stacks can be unwound.
func (m *Module) tables(all []string, f *elf.File) []string {
	for _, s := range [][2]string{{".orc_unwind", "ORC"}, {".eh_frame", "CFI"}, {".debug_frame", "CFI"}} {
		if section := f.Section(s[0]); section != nil && section.HasData() && section.Size > 0 {
			if text := s[1] + " of " + m.nameOf(f.Name); !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all
}

// String returns the report as text.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Target)
	fmt.Fprintf(&b, "debug files are looked for among those that are named, then by: %s\n", cmp.Or(strings.Join(r.Finders, ", "), "nobody"))
	for _, o := range r.Others {
		fmt.Fprintf(&b, "not asked is %s\n", o)
	}
	if r.Advice != "" {
		fmt.Fprintf(&b, "to have source lines and locals: %s\n", r.Advice)
	}
	for i := range r.Modules {
		b.WriteString("\n" + r.Modules[i].String())
	}
	return b.String()
}

// String returns the part of a report as text.
func (m *Module) String() string {
	var b strings.Builder
	line := func(label, text string) { fmt.Fprintf(&b, "  %-9s %s\n", label, text) }
	fmt.Fprintf(&b, "%s, build ID %s\n", m.Name, module.IDText(m.BuildID))
	for _, f := range []struct {
		what string
		module.File
	}{{"loaded", m.Loaded}, {"debug", m.Debug}} {
		switch f.Status {
		case module.HaveFile:
			line(f.what, f.Path)
		case module.DontNeedFile: // as that of a kernel, which memory has
		default:
			line(f.what, "no file: "+map[module.FileStatus]string{module.WantFile: "none was found", module.DontWantFile: "none is wanted",
				module.WantSupplementary: "its supplementary file was not found"}[f.Status])
		}
	}
	if m.Supplementary != "" {
		line("with", m.Supplementary)
	}
	for _, t := range m.Trials {
		line("tried", fmt.Sprintf("%s (%s)", t, cmp.Or(t.Finder, "by a script")))
	}
	if m.MoreTrials > 0 {
		line("tried", fmt.Sprintf("%d more", m.MoreTrials))
	}
	for _, s := range [][2]string{{"types", m.Types}, {"symbols", m.Symbols}, {"stacks", m.Stacks}, {"lines", m.Lines}} {
		line(s[0], strings.ReplaceAll(s[1], "\n", "; "))
	}
	return b.String()
}
