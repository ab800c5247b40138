package debuginfo

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"

	files "github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/module"
)

// FindStandard looks for the files of modules where systems keep them, as options say: it is what the finder "standard"
// does with those of the search.
func (search *Search) FindStandard(ctx context.Context, modules []*module.Module, o Options) error {
	s := &standardSearch{Search: search, o: &o}
	s.release, s.isKernel = search.modules.KernelRelease()
	s.kmods = files.Kmods{KernelDirs: o.KernelDirectories, Dirs: o.Directories, Release: s.release}
	s.kmods.Log = func(text string) { s.modules.Log().Debug(text) }
	switch o.Kmod {
	case KmodDepmod:
		s.kmods.Depmod = true
	case KmodWalk:
		s.kmods.Walk = true
	case KmodDepmodOrWalk:
		s.kmods.Depmod, s.kmods.Walk, s.kmods.Or = true, true, true
	case KmodDepmodAndWalk:
		s.kmods.Depmod, s.kmods.Walk = true, true
	}
	if path := s.target.CoreDumpPath(); path != "" && s.isKernel {
		for _, dir := range o.KernelDirectories {
			if dir == "" {
				s.beside = filepath.Dir(path)
			}
		}
	}
	if o.Kmod != KmodNone {
		s.kmods.Beside = s.beside
	}
	if l, ok := s.modules.Loader().(module.Rooted); ok && !o.NoProcfs {
		s.root, s.rootName = l.Root()
	}
	s.modules.Log().Debug("trying standard debug info finder", "directories", o.Directories)
	for _, m := range modules {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.find(m); err != nil {
			return err
		}
	}
	return nil
}

// standardSearch is one search of the standard finder: what it finds out about directories serves all modules.
type standardSearch struct {
	*Search
	o        *Options
	release  string // of the kernel, or ""
	isKernel bool
	kmods    files.Kmods
	beside   string // directory of a kernel's core, or ""

	root, rootName string // the process's "/", if it is another, and what it is called
}

// find looks for the files of one module until it has all that it wants.
func (s *standardSearch) find(m *module.Module) error {
	s.debug("%s (%s): trying standard paths for %s", m.Name(), m.BuildIDText(), m.WantedText())
	for _, step := range []func(*module.Module) error{s.reuse, s.byName, s.mapped, s.image, s.byBuildID, s.byDebugLink, s.kernel, s.supplementary} {
		if !m.WantsLoadedFile() && !m.WantsDebugFile() {
			return nil
		}
		if err := step(m); err != nil {
			return err
		}
	}
	return nil
}

// try tries a file that may be there.
func (s *standardSearch) try(m *module.Module, path string) error {
	_, err := m.Try(module.Candidate{Path: path, Quiet: true})
	return err
}

// wants reports whether a module still wants a loaded or debug file, of whatever sort.
func wants(m *module.Module) bool {
	return m.WantsLoadedFile() || m.DebugFile().Status == module.WantFile
}

// tryHere tries a file where the path leads here, then where it leads the process: one in a container may have its debug files there.
func (s *standardSearch) tryHere(m *module.Module, c module.Candidate) error {
	used, err := m.Try(c)
	if used || err != nil || s.root == "" || !filepath.IsAbs(c.Path) || strings.HasPrefix(c.Path, s.rootName+"/") {
		return err
	}
	c.Path, c.Name = s.root+c.Path, s.rootName+c.Path
	_, err = m.Try(c)
	return err
}

func (s *standardSearch) tryAll(m *module.Module, paths []string) error {
	for _, path := range paths {
		if !wants(m) {
			return nil
		}
		if err := s.try(m, path); err != nil {
			return err
		}
	}
	return nil
}

// reuse tries the file that a module has as the one that it wants.
func (s *standardSearch) reuse(m *module.Module) error {
	if s.o.NoReuse {
		return nil
	}
	f := m.ReusableFile()
	if f == nil {
		return nil
	}
	_, err := m.Try(module.Candidate{Path: f.Name, ELF: f})
	return err
}

func (s *standardSearch) byName(m *module.Module) error {
	if s.o.NoModuleName || m.Kind() == module.Vdso || !strings.ContainsRune(m.Name(), '/') {
		return nil
	}
	return s.tryAll(m, []string{m.Name()})
}

// mapped tries the files that a process has mapped.
func (s *standardSearch) mapped(m *module.Module) error {
	l := s.modules.Loader()
	if s.o.NoProcfs || l == nil {
		return nil
	}
	for _, f := range l.MappedFiles(m) {
		if !wants(m) {
			return nil
		}
		if _, err := m.Try(module.Candidate{Path: f.Path, Name: f.Name, Quiet: true}); err != nil {
			return err
		}
	}
	return nil
}

// image tries the vDSO in the memory of a process.
func (s *standardSearch) image(m *module.Module) error {
	l := s.modules.Loader()
	if s.o.NoEmbeddedVdso || m.Kind() != module.Vdso || !wants(m) {
		return nil
	}
	if l == nil {
		s.debug("vDSO address range is not known; can't read from program")
		return nil
	}
	data, err := l.Image(m)
	if err != nil || data == nil {
		if err != nil {
			s.debug("%s: can't read the vDSO: %v", m.Name(), err)
		}
		return nil
	}
	f, err := elf.Parse("[vdso]", data)
	if err != nil {
		s.debug("%s: %v", m.Name(), err)
		return nil
	}
	_, err = m.Try(module.Candidate{Path: "[vdso]", ELF: f})
	return err
}

func (s *standardSearch) byBuildID(m *module.Module) error {
	if s.o.NoBuildID {
		return nil
	}
	if m.DebugFile().Status == module.WantFile {
		if err := s.tryBuild(m, true); err != nil {
			return err
		}
	}
	if m.WantsLoadedFile() {
		return s.tryBuild(m, false)
	}
	return nil
}

// tryBuild tries the files that are kept under a module's build ID. One that does not have it inside is what its path says.
func (s *standardSearch) tryBuild(m *module.Module, debug bool) error {
	for _, path := range files.BuildIDPaths(s.o.Directories, m.BuildID(), debug) {
		if !wants(m) {
			return nil
		}
		if err := s.tryHere(m, module.Candidate{Path: path, Quiet: true, NoID: true}); err != nil {
			return err
		}
	}
	return nil
}

func (s *standardSearch) byDebugLink(m *module.Module) error {
	f := m.LoadedELF()
	if s.o.NoDebugLink || f == nil || m.DebugFile().Status != module.WantFile {
		return nil
	}
	name, crc, err := f.DebugLink()
	if err != nil {
		s.debug("%s: %v", f.Name, err)
		return nil
	}
	if name == "" {
		return nil
	}
	s.debug("%s has debuglink %s CRC %#08x", f.Name, name, crc)
	for _, path := range files.DebugLinkPaths(s.o.DebugLinkDirectories, s.o.Directories, filepath.Dir(f.Name), name) {
		if m.DebugFile().Status != module.WantFile {
			return nil
		}
		if err := s.tryHere(m, module.Candidate{Path: path, Quiet: true, CRC: &crc}); err != nil {
			return err
		}
	}
	return nil
}

// kernel tries the files of a kernel's image and of its modules.
func (s *standardSearch) kernel(m *module.Module) (err error) {
	if !s.isKernel || m.Kind() != module.Main && m.Kind() != module.Relocatable {
		return nil
	}
	if m.Kind() == module.Main {
		paths := files.KernelPaths(s.o.KernelDirectories, s.o.Directories, s.release)
		return s.tryAll(m, append(files.Beside(s.beside), paths...))
	}
	found := false
	defer func() {
		if !found && err == nil && s.o.Kmod != KmodNone {
			m.Tried(strings.Join(s.kmods.Places(), ", "), "has no file of its name", false)
		}
	}()
	s.kmods.Find(m.Name(), func(path string) bool {
		found = true
		if err == nil {
			err = s.try(m, path)
		}
		return err == nil && wants(m)
	})
	return err
}

func (s *standardSearch) supplementary(m *module.Module) error {
	w, err := m.WantedSupplementaryFile()
	if err != nil || s.o.NoSupplementary {
		return nil // none is wanted
	}
	s.debug("%s: trying standard paths for gnu_debugaltlink %s build ID %x in file %s", m.Name(), w.Name, w.Checksum, w.Path)
	id := w.Checksum
	if s.o.NoBuildID {
		id = nil
	}
	for _, path := range files.SupplementaryPaths(s.o.Directories, w.Path, w.Name, id) {
		if now, err := m.WantedSupplementaryFile(); err != nil || !bytes.Equal(now.Checksum, w.Checksum) {
			return nil
		}
		if err := s.tryHere(m, module.Candidate{Path: path, Quiet: true}); err != nil {
			return err
		}
	}
	return nil
}
