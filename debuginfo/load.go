package debuginfo

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/godrgn/drgn/failure"
	files "github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// What says what [Search.Load] loads.
type What struct {
	// Paths are files that are tried first, or directories with those of a kernel. Files that do not belong to a loaded
	// module are passed over, with a warning.
	Paths []string
	// Default loads the debugging information of all loaded modules, as finders find it.
	Default bool
	// Main loads that of the main module.
	Main bool
	// Only, if it is not nil, says of which modules finders look for debugging information at all.
	Only func(*module.Module) bool
}

// A provided file is one that the user named.
type provided struct {
	path string
	file *elf.File
	id   []byte
	used bool
}

// A load is one call of Load.
type load struct {
	What
	*Search
	files []*provided
	byID  map[string][]*provided
	dirs  []string

	kernel  bool
	given   []*module.Module // whose files may be in dirs
	asked   []*module.Module // whose debugging information is asked for
	wanting []*module.Module // those of them for which finders are asked together

	notes []string    // for a MissingError
	bad   [][2]string // named files that can't be read, and why
}

// Load finds out what the program has loaded and gives modules their debugging information: from the files that
// are named, then from those that finders find. A *MissingDebugInfoError says that some was not found; the rest is loaded, as are
// modules before one that can't be found, which is another error joined to it. Canceling ctx ends a download.
func (s *Search) Load(ctx context.Context, what What) error {
	return mem.Guard(func() error { return s.load(ctx, what) })
}

func (s *Search) load(ctx context.Context, what What) error {
	l := &load{What: what, Search: s, byID: map[string][]*provided{}}
	log := s.modules.Log()
	switch {
	case l.Default:
		log.Debug("loading default debugging symbols")
	case l.Main:
		log.Debug("loading main debugging symbols")
	case len(l.Paths) > 0:
		log.Debug("loading debugging symbols")
	}
	defer l.close()
	l.open()
	_, l.kernel = s.modules.KernelRelease()
	if !l.kernel && !l.Default && !l.Main && len(l.files) == 0 && len(l.dirs) == 0 {
		return l.report(nil) // modules need not be known
	}
	var broken error
	for m, err := range s.LoadedModules(ctx) {
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			broken = err // those before it are there
			break
		}
		m.WantFiles()
		if err := l.loadModule(ctx, m.Module); err != nil {
			return err
		}
		if l.kernel && m.Kind() == module.Main && !l.Default && len(l.files) == 0 && len(l.dirs) == 0 {
			break // that was all
		}
	}
	if len(l.given) > 0 {
		if err := s.FindStandard(ctx, l.given, l.dirOptions()); err != nil {
			return err
		}
	}
	if len(l.wanting) > 0 {
		if err := s.run(ctx, l.wanting); err != nil {
			return err
		}
		for _, m := range l.wanting {
			if err := l.trySupplementary(m); err != nil {
				return err
			}
		}
	}
	missing := l.report(l.asked)
	if broken != nil {
		return errors.Join(broken, missing)
	}
	return missing
}

// loadModule gives a module the files that were named, and remembers it for finders if it is one of those that are asked for. A
// kernel's image has its files at once: other modules can't be found without them.
func (l *load) loadModule(ctx context.Context, m *module.Module) error {
	main := m.Kind() == module.Main
	if err := l.tryProvided(m); err != nil {
		return err
	}
	if len(l.dirs) > 0 && m.WantsDebugFile() {
		if main {
			if err := l.FindStandard(ctx, []*module.Module{m}, l.dirOptions()); err != nil {
				return err
			}
		} else {
			l.given = append(l.given, m)
		}
	}
	if (l.Only == nil || l.Only(m)) && (l.Default || l.Main && main) {
		l.asked = append(l.asked, m)
		switch {
		case !l.kernel || !main:
			l.wanting = append(l.wanting, m)
		case m.WantsDebugFile() || m.WantsLoadedFile():
			if err := l.LoadModules(ctx, m); err != nil {
				return err
			}
			if err := l.trySupplementary(m); err != nil {
				return err
			}
		}
	}
	if main {
		return l.keep(m)
	}
	return nil
}

// keep lets memory say of the main module what no file does. If it does not know its types, a file that has nothing but them is better
// than none.
func (l *load) keep(m *module.Module) error {
	if err := l.modules.Keep(m); err != nil {
		l.modules.Log().Debug(fmt.Sprintf("what memory says is not of use: %v", err))
		l.notes = append(l.notes, strings.Split(err.Error(), "\n")...)
	}
	if path := m.TypesFile(); path != "" && m.Fallback() == "" && m.WantsDebugFile() {
		_, err := m.Try(module.Candidate{Path: path})
		return err
	}
	return nil
}

// LoadedModules walks the modules that the program has loaded until ctx is canceled, which is the error of the last pair then.
// Debugging information of a kernel that its modules are found with, and that is read meanwhile, is not waited for any more.
func (s *Search) LoadedModules(ctx context.Context) module.LoadedSeq {
	return func(yield func(module.Loaded, error) bool) {
		for m, err := range s.target.LoadedModules() {
			if !yield(m, err) || err != nil {
				return
			}
			err = ctx.Err()
			if _, kernel := s.modules.KernelRelease(); kernel && m.Kind() == module.Main && err == nil {
				err = m.ReadInfo(ctx)
			}
			if err != nil {
				yield(module.Loaded{}, err)
				return
			}
		}
	}
}

// open opens the files that were named.
func (l *load) open() {
	log := l.modules.Log()
	for _, path := range l.Paths {
		if st, err := os.Stat(path); err == nil && st.IsDir() {
			log.Debug(fmt.Sprintf("provided directory %s", path))
			l.dirs = append(l.dirs, path)
			continue
		}
		f, err := l.modules.OpenFile(path, path, nil)
		if err != nil {
			log.Warn(fmt.Sprintf("%s: %v; ignoring", path, module.Reason(err)))
			l.bad = append(l.bad, [2]string{path, module.Reason(err).Error()})
			continue
		}
		id := f.BuildID()
		log.Debug(fmt.Sprintf("provided file %s build ID %s", path, module.IDText(id)))
		file := &provided{path: path, file: f, id: id}
		l.files = append(l.files, file)
		l.byID[hex.EncodeToString(id)] = append(l.byID[hex.EncodeToString(id)], file)
	}
}

// close closes the files that were not used; nothing was written to them.
func (l *load) close() {
	for _, f := range l.files {
		if !f.used {
			_ = f.file.Close()
		}
	}
}

// tryProvided gives a module the files that were named.
func (l *load) tryProvided(m *module.Module) error {
	id := m.BuildID()
	candidates := l.byID[hex.EncodeToString(id)]
	if _, kernel := m.Set().KernelRelease(); kernel && id == nil && m.Kind() == module.Main {
		candidates = l.files // memory tells which of them it is
	}
	for _, f := range l.files {
		if f.file.IsDetached() && f.mayBe(m) && id != nil {
			candidates = append(candidates, f) // its types tell whether it is the right one
		}
	}
	var byGo []byte
	if loader, ok := l.modules.Loader().(module.GoIDs); ok && id == nil {
		byGo = loader.GoBuildID(m)
	}
	recognized := func(f *provided) bool { return byGo != nil && bytes.Equal(byGo, f.file.GoBuildID()) }
	for _, f := range l.files {
		if f.id != nil && recognized(f) {
			candidates = append(candidates, f)
		}
	}
	for _, f := range candidates {
		if id == nil && !f.mayBe(m) && !recognized(f) || !m.WantsDebugFile() && !m.WantsLoadedFile() {
			continue
		}
		l.modules.Log().Debug(fmt.Sprintf("%s (%s): trying provided files for %s", m.Name(), m.BuildIDText(), m.WantedText()))
		m.AskedBy(byUser)
		used, err := m.Try(module.Candidate{Path: f.path, ELF: f.file, Force: f.file.IsDetached()})
		m.AskedBy("")
		f.used = f.used || used
		if err != nil {
			return err
		}
	}
	return l.trySupplementary(m)
}

// trySupplementary gives a module the supplementary file that it wants if it is one of those that were named.
func (l *load) trySupplementary(m *module.Module) error {
	w, err := m.WantedSupplementaryFile()
	if err != nil {
		return nil // none is wanted
	}
	for _, f := range l.byID[hex.EncodeToString(w.Checksum)] {
		m.AskedBy(byUser)
		used, err := m.Try(module.Candidate{Path: f.path, ELF: f.file})
		m.AskedBy("")
		f.used = f.used || used
		if used || err != nil {
			return err
		}
	}
	return nil
}

// mayBe says by its name, if it is not that of the kernel, whether a file without a build ID belongs to a module without one.
func (f *provided) mayBe(m *module.Module) bool {
	switch m.Kind() {
	case module.Main:
		_, kernel := m.Set().KernelRelease()
		return m.Name() == f.file.Name || kernel && f.file.Type != elf.ET_REL && !files.IsSplit(f.file)
	case module.Relocatable:
		if f.file.IsDetached() { // as in /sys/kernel/btf
			name, _, _ := strings.Cut(filepath.Base(f.path), ".")
			return files.IsSplit(f.file) && strings.ReplaceAll(name, "-", "_") == strings.ReplaceAll(m.Name(), "-", "_")
		}
		name, ok := files.ModuleName(f.path)
		return ok && strings.HasSuffix("/"+name, "/"+m.Name())
	}
	return m.Name() == f.file.Name
}

// dirOptions have the standard finder look in the directories that were named only.
func (l *load) dirOptions() Options {
	return Options{Directories: l.dirs, KernelDirectories: l.dirs, Kmod: KmodWalk, NoModuleName: true, NoDebugLink: true, NoProcfs: true}
}

// mismatch says which build IDs a file of no module and the main module have, if both are known.
func (l *load) mismatch(f *provided) string {
	main, err := l.modules.Main()
	if err != nil || len(main.BuildID()) == 0 || len(f.id) == 0 {
		return ""
	}
	return fmt.Sprintf(" (its build ID is %s, that of %s is %s)", module.IDText(f.id), main.Name(), module.IDText(main.BuildID()))
}

// report says which files were not used and which modules lack debugging information.
func (l *load) report(modules []*module.Module) error {
	log := l.modules.Log()
	var others []*provided // files of no module; a file given twice, or refused by its own module, is not one of them
	for _, f := range l.files {
		if !f.used && !slices.ContainsFunc(l.modules.All(), f.isOf) {
			if len(f.id) == 0 && !f.file.IsDetached() {
				log.Warn(f.path + ": no build ID; ignoring")
			} else {
				log.Warn(fmt.Sprintf("provided file %s did not match any loaded modules; ignoring", f.path) + l.mismatch(f))
			}
			others = append(others, f)
			l.bad = append(l.bad, [2]string{f.path, "did not match any loaded module: its build ID is " + module.IDText(f.id)})
		}
	}
	if main, err := l.modules.Main(); err == nil {
		main.AskedBy(byUser)
		for _, f := range l.bad {
			main.Tried(f[0], f[1], false)
		}
		main.AskedBy("")
	}
	e := &MissingError{}
	for _, m := range modules {
		// Hardly a system has a debug file of the vDSO, whose symbols and unwind tables are in memory.
		if m.Kind() != module.Vdso && (m.WantsDebugFile() || m.WantsLoadedFile()) {
			e.Modules = append(e.Modules, m)
		}
	}
	if len(e.Modules) == 0 {
		return nil
	}
	for _, f := range others {
		note := fmt.Sprintf("%s: did not match any loaded module: its build ID is %s", f.path, module.IDText(f.id))
		if main := e.Modules[0]; main.Kind() == module.Main && main.BuildID() != nil {
			note += fmt.Sprintf("; that of %s is %x", main.Name(), main.BuildID())
		} else if main.Kind() == module.Main && f.id != nil {
			note += fmt.Sprintf("; that of %s is not known, and memory does not hold this one", main.Name())
		}
		e.Notes = append(e.Notes, note)
	}
	e.Notes = append(append(e.Notes, notes(e.Modules)...), l.notes...)
	return e
}

// isOf says whether a file is one that a module would have used but for one that was used before it.
func (f *provided) isOf(m *module.Module) bool {
	id := m.BuildID()
	return id != nil && string(id) == string(f.id)
}

// LoadModules has the finders that are enabled look for the files that modules want. What is not found is no error.
func (s *Search) LoadModules(ctx context.Context, modules ...*module.Module) error {
	return mem.Guard(func() error { return s.loadModules(ctx, modules) })
}

func (s *Search) loadModules(ctx context.Context, modules []*module.Module) error {
	log := s.modules.Log()
	log.Debug(fmt.Sprintf("loading debugging symbols for %d modules", len(modules)))
	var wanting []*module.Module
	for _, m := range modules {
		if m.Set() != s.modules {
			return &failure.ValueError{Problem: "module from wrong program"}
		}
		switch {
		case m.WantsDebugFile() || m.WantsLoadedFile():
			wanting = append(wanting, m)
		case m.DebugFile().Status == module.HaveFile:
			log.Debug("debugging symbols already loaded for " + m.Name())
		default:
			log.Debug("debugging symbols not wanted for " + m.Name())
		}
	}
	if len(wanting) == 0 {
		return nil
	}
	if err := s.run(ctx, wanting); err != nil {
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
