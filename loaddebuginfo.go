package drgn

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/elf"
)

// LoadDebugInfo says what [Program.LoadDebugInfo] loads.
type LoadDebugInfo struct {
	// Paths are files that are tried first, or directories with those of a kernel. Files that do not belong to a loaded
	// module are passed over, with a warning.
	Paths []string
	// Default loads the debugging information of all loaded modules, as finders find it.
	Default bool
	// Main loads that of the main module.
	Main bool
	// Only, if it is not nil, says of which modules finders look for debugging information at all.
	Only func(*Module) bool
}

// A provided file is one that the user named.
type provided struct {
	path string
	file *elf.File
	id   []byte
	used bool
}

// debugInfoLoad is one call of LoadDebugInfo.
type debugInfoLoad struct {
	LoadDebugInfo
	p     *Program
	files []*provided
	byID  map[string][]*provided
	dirs  []string
	given []*Module // whose files may be in dirs
}

// LoadDebugInfo finds out what the program has loaded and gives modules their debugging information: from the files that
// are named, then from those that finders find. A *MissingDebugInfoError says that some was not found; the rest is loaded.
// Canceling ctx ends a download.
func (p *Program) LoadDebugInfo(ctx context.Context, what LoadDebugInfo) error {
	l := &debugInfoLoad{LoadDebugInfo: what, p: p, byID: map[string][]*provided{}}
	log := p.log()
	switch {
	case l.Default:
		log.Debug("loading default debugging symbols")
	case l.Main:
		log.Debug("loading main debugging symbols")
	default:
		log.Debug("loading debugging symbols")
	}
	defer l.close()
	l.open()
	var missing, wanting []*Module
	for m, err := range p.LoadedModules() {
		if err != nil {
			return errors.Join(err, l.report(nil)) // what was loaded before stays
		}
		if err := l.tryProvided(m.Module); err != nil {
			return err
		}
		if len(l.dirs) > 0 && m.WantsDebugFile() {
			if m.kind == MainModule { // others can't be found without it
				if err := p.FindStandardDebugInfo(ctx, []*Module{m.Module}, l.dirOptions()); err != nil {
					return err
				}
			} else {
				l.given = append(l.given, m.Module)
			}
		}
		switch {
		case l.Only != nil && !l.Only(m.Module):
		case m.kind == MainModule && (l.Default || l.Main):
			if m.WantsDebugFile() || m.WantsLoadedFile() {
				if err := p.LoadModuleDebugInfo(ctx, m.Module); err != nil {
					return err
				}
			}
			missing = append(missing, m.Module)
		case l.Default:
			wanting = append(wanting, m.Module)
			missing = append(missing, m.Module)
		}
		if m.kind == MainModule && !l.Default && len(l.files) == 0 && len(l.dirs) == 0 {
			break // that was all
		}
	}
	if len(l.given) > 0 {
		if err := p.FindStandardDebugInfo(ctx, l.given, l.dirOptions()); err != nil {
			return err
		}
	}
	if len(wanting) > 0 {
		if err := p.runFinders(ctx, wanting); err != nil {
			return err
		}
	}
	return l.report(missing)
}

// open opens the files that were named.
func (l *debugInfoLoad) open() {
	log := l.p.log()
	for _, path := range l.Paths {
		if st, err := os.Stat(path); err == nil && st.IsDir() {
			log.Debug(fmt.Sprintf("provided directory %s", path))
			l.dirs = append(l.dirs, path)
			continue
		}
		f, err := l.p.openFile(path, path, nil)
		if err != nil {
			log.Warn(fmt.Sprintf("%s: %v; ignoring", path, reason(err)))
			continue
		}
		id := f.BuildID()
		log.Debug(fmt.Sprintf("provided file %s build ID %s", path, idText(id)))
		file := &provided{path: path, file: f, id: id}
		l.files = append(l.files, file)
		l.byID[hex.EncodeToString(id)] = append(l.byID[hex.EncodeToString(id)], file)
	}
}

// close closes the files that were not used; nothing was written to them.
func (l *debugInfoLoad) close() {
	for _, f := range l.files {
		if !f.used {
			_ = f.file.Close()
		}
	}
}

// tryProvided gives a module the files that were named.
func (l *debugInfoLoad) tryProvided(m *Module) error {
	id := m.BuildID()
	for _, f := range l.byID[hex.EncodeToString(id)] {
		if id == nil && !f.mayBe(m) || !m.WantsDebugFile() && !m.WantsLoadedFile() {
			continue
		}
		l.p.log().Debug(fmt.Sprintf("%s (%s): trying provided files for %s", m.name, m.describeBuildID(), m.wantedText()))
		used, err := m.useFile(fileToTry{path: f.path, elf: f.file})
		f.used = f.used || used
		if err != nil {
			return err
		}
	}
	return nil
}

// mayBe says by its name whether a file without a build ID belongs to a module without one.
func (f *provided) mayBe(m *Module) bool {
	switch m.kind {
	case MainModule:
		_, kernel := m.prog.kernelRelease()
		return m.name == f.file.Name || kernel && f.file.Type != elf.ET_REL
	case RelocatableModule:
		name, ok := debuginfo.ModuleName(f.path)
		return ok && strings.HasSuffix("/"+name, "/"+m.name)
	}
	return m.name == f.file.Name
}

// dirOptions have the standard finder look in the directories that were named only.
func (l *debugInfoLoad) dirOptions() DebugInfoOptions {
	return DebugInfoOptions{Directories: l.dirs, KernelDirectories: l.dirs, Kmod: KmodWalk, NoModuleName: true, NoDebugLink: true, NoProcfs: true}
}

// report says which files were not used and which modules lack debugging information.
func (l *debugInfoLoad) report(modules []*Module) error {
	log := l.p.log()
	for _, f := range l.files {
		if !f.used && !slices.ContainsFunc(slices.Collect(l.p.Modules()), f.isOf) {
			log.Warn(fmt.Sprintf("provided file %s did not match any loaded modules; ignoring", f.path))
		}
	}
	e := &MissingDebugInfoError{}
	for _, m := range modules {
		if !m.WantsDebugFile() {
			continue
		}
		e.Modules = append(e.Modules, m)
	}
	if len(e.Modules) == 0 {
		return nil
	}
	for _, f := range l.files {
		if !f.used {
			note := fmt.Sprintf("%s: did not match any loaded module: its build ID is %s", f.path, idText(f.id))
			if main := e.Modules[0]; main.kind == MainModule && main.BuildID() != nil {
				note += fmt.Sprintf("; the %s's is %x", main.name, main.BuildID())
			}
			e.Notes = append(e.Notes, note)
		}
	}
	e.Notes = append(e.Notes, l.p.notes(e.Modules)...)
	return e
}

// isOf says whether a file is one that a module would have used but for one that was used before it.
func (f *provided) isOf(m *Module) bool {
	id := m.BuildID()
	return id != nil && string(id) == string(f.id)
}

const shownModules = 5 // in messages

// inMessages names a module in messages.
func (m *Module) inMessages() string {
	if release, _ := m.prog.kernelRelease(); m.kind == MainModule && release != "" {
		return m.name + " " + release
	}
	return m.name
}

// notes says which files were looked at for some of the modules and were of another build.
func (p *Program) notes(modules []*Module) (notes []string) {
	for _, m := range modules[:min(len(modules), shownModules)] {
		m.mu.Lock()
		if m.refused != "" {
			notes = append(notes, m.refused)
		}
		m.mu.Unlock()
	}
	return notes
}

// LoadModuleDebugInfo has the finders that are enabled look for the files that modules want. What is not found is no error.
func (p *Program) LoadModuleDebugInfo(ctx context.Context, modules ...*Module) error {
	log := p.log()
	log.Debug(fmt.Sprintf("loading debugging symbols for %d modules", len(modules)))
	var wanting []*Module
	for _, m := range modules {
		if m.prog != p {
			return &ValueError{Problem: "module from wrong program"}
		}
		switch {
		case m.WantsDebugFile() || m.WantsLoadedFile():
			wanting = append(wanting, m)
		case m.DebugFile().Status == HaveFile:
			log.Debug("debugging symbols already loaded for " + m.name)
		default:
			log.Debug("debugging symbols not wanted for " + m.name)
		}
	}
	if len(wanting) == 0 {
		return nil
	}
	if err := p.runFinders(ctx, wanting); err != nil {
		return err
	}
	have := 0
	for _, m := range wanting {
		if !m.WantsDebugFile() {
			have++
		}
	}
	log.Debug(fmt.Sprintf("debugging symbols loaded for %d/%d modules", have, len(wanting)))
	return nil
}

// runFinders asks the finders in order, each with the modules that still want something.
func (p *Program) runFinders(ctx context.Context, modules []*Module) error {
	for _, f := range p.debug.finders.list() {
		modules = slices.DeleteFunc(slices.Clone(modules), func(m *Module) bool { return !m.WantsDebugFile() && !m.WantsLoadedFile() })
		if len(modules) == 0 {
			return nil
		}
		if err := f.fn(ctx, p, modules); err != nil {
			return err
		}
	}
	return nil
}

// reason leaves the path out of an error about a file.
func reason(err error) error {
	var e *os.PathError
	if errors.As(err, &e) {
		if text := e.Err.Error(); text != "" {
			return errors.New(strings.ToUpper(text[:1]) + text[1:]) // as the system's tools write it
		}
		return e.Err
	}
	var bad *bin.DecodeError
	if errors.As(err, &bad) {
		return errors.New(bad.Problem)
	}
	return err
}
