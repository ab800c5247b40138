package drgn

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strings"

	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/elf"
)

// A DebugInfoFinder looks for the files of modules that want some: it calls [Module.TryFile], or says with
// [Module.SetDebugFileStatus] that a file is not needed, and passes over modules that it knows nothing of.
type DebugInfoFinder func(ctx context.Context, p *Program, modules []*Module) error

// RegisterDebugInfoFinder registers a finder; at is its place among those that are asked: see [Program.RegisterTypeFinder].
func (p *Program) RegisterDebugInfoFinder(name string, f DebugInfoFinder, at int) error {
	return p.debug.finders.register(name, f, at)
}

// FindStandardDebugInfo looks for the files of modules where systems keep them, as options say: it is what the finder
// "standard" does with the program's options.
func (p *Program) FindStandardDebugInfo(ctx context.Context, modules []*Module, o DebugInfoOptions) error {
	s := &standardSearch{p: p, o: &o}
	s.release, s.isKernel = p.kernelRelease()
	s.kmods = debuginfo.Kmods{KernelDirs: o.KernelDirectories, Dirs: o.Directories, Release: s.release}
	s.kmods.Log = func(text string) { p.log().Debug(text) }
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
	if path := p.CoreDumpPath(); path != "" && s.isKernel {
		for _, dir := range o.KernelDirectories {
			if dir == "" {
				s.beside = filepath.Dir(path)
			}
		}
	}
	if o.Kmod != KmodNone {
		s.kmods.Beside = s.beside
	}
	p.log().Debug(fmt.Sprintf("trying standard debug info finder with directories=%s", pythonTuple(o.Directories)))
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

func findStandard(ctx context.Context, p *Program, modules []*Module) error {
	return p.FindStandardDebugInfo(ctx, modules, p.DebugInfoOptions())
}

func pythonTuple(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "'" + n + "'"
	}
	if len(quoted) == 1 {
		return "(" + quoted[0] + ",)"
	}
	return "(" + strings.Join(quoted, ", ") + ")"
}

// standardSearch is one search of the standard finder: what it finds out about directories serves all modules.
type standardSearch struct {
	p        *Program
	o        *DebugInfoOptions
	release  string // of the kernel, or ""
	isKernel bool
	kmods    debuginfo.Kmods
	beside   string // directory of a kernel's core, or ""
}

// find looks for the files of one module until it has all that it wants.
func (s *standardSearch) find(m *Module) error {
	s.p.log().Debug(fmt.Sprintf("%s (%s): trying standard paths for %s", m.name, m.describeBuildID(), m.wantedText()))
	for _, step := range []func(*Module) error{s.reuse, s.byName, s.mapped, s.image, s.byBuildID, s.byDebugLink, s.kernel, s.supplementary} {
		if !m.WantsLoadedFile() && !m.WantsDebugFile() {
			return nil
		}
		if err := step(m); err != nil {
			return err
		}
	}
	return nil
}

func (m *Module) describeBuildID() string {
	if id := m.BuildID(); id != nil {
		return fmt.Sprintf("build ID %x", id)
	}
	return "no build ID"
}

// wantedText says which files a module wants.
func (m *Module) wantedText() string {
	loaded, debug := m.WantsLoadedFile(), m.DebugFile().Status
	switch {
	case debug == WantSupplementary && loaded:
		return "loaded and supplementary debug files"
	case debug == WantSupplementary:
		return "supplementary debug file"
	case loaded && debug == WantFile:
		return "loaded and debug files"
	case loaded:
		return "loaded file"
	}
	return "debug file"
}

// try tries a file that may be there.
func (s *standardSearch) try(m *Module, path string) error {
	return m.tryFile(fileToTry{path: path, quiet: true})
}

// wants reports whether a module still wants a loaded or debug file, of whatever sort.
func wants(m *Module) bool {
	return m.WantsLoadedFile() || m.DebugFile().Status == WantFile
}

func (s *standardSearch) tryAll(m *Module, paths []string) error {
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
func (s *standardSearch) reuse(m *Module) error {
	if s.o.NoReuse {
		return nil
	}
	m.mu.Lock()
	f := m.loaded.file
	if f == nil {
		f = m.debug.file
	}
	usable := f != nil && (m.debug.status == WantFile && fromdwarf.In(f) != 0 || m.loaded.status == WantFile && isLoadable(f))
	m.mu.Unlock()
	if !usable {
		return nil
	}
	_, err := m.useFile(fileToTry{path: f.Name, elf: f})
	return err
}

func (s *standardSearch) byName(m *Module) error {
	if s.o.NoModuleName || !strings.ContainsRune(m.name, '/') {
		return nil
	}
	return s.tryAll(m, []string{m.name})
}

// mapped tries the files that a process has mapped.
func (s *standardSearch) mapped(m *Module) error {
	l := s.p.loader()
	if s.o.NoProcfs || l == nil {
		return nil
	}
	for _, f := range l.MappedFiles(m) {
		if !wants(m) {
			return nil
		}
		if err := m.tryFile(fileToTry{path: f.Path, name: f.Name, quiet: true}); err != nil {
			return err
		}
	}
	return nil
}

// image tries the vDSO in the memory of a process.
func (s *standardSearch) image(m *Module) error {
	l := s.p.loader()
	if s.o.NoEmbeddedVdso || m.kind != VdsoModule || !wants(m) {
		return nil
	}
	if l == nil {
		s.p.log().Debug("vDSO address range is not known; can't read from program")
		return nil
	}
	data, err := l.Image(m)
	if err != nil || data == nil {
		if err != nil {
			s.p.log().Debug(fmt.Sprintf("%s: can't read the vDSO: %v", m.name, err))
		}
		return nil
	}
	f, err := elf.Parse("[vdso]", data)
	if err != nil {
		s.p.log().Debug(fmt.Sprintf("%s: %v", m.name, err))
		return nil
	}
	_, err = m.useFile(fileToTry{path: "[vdso]", elf: f})
	return err
}

func (s *standardSearch) byBuildID(m *Module) error {
	if s.o.NoBuildID {
		return nil
	}
	if m.DebugFile().Status == WantFile {
		if err := s.tryAll(m, debuginfo.BuildIDPaths(s.o.Directories, m.BuildID(), true)); err != nil {
			return err
		}
	}
	if m.WantsLoadedFile() {
		return s.tryAll(m, debuginfo.BuildIDPaths(s.o.Directories, m.BuildID(), false))
	}
	return nil
}

func (s *standardSearch) byDebugLink(m *Module) error {
	m.mu.Lock()
	f, want := m.loaded.file, m.debug.status == WantFile
	m.mu.Unlock()
	if s.o.NoDebugLink || f == nil || !want {
		return nil
	}
	name, crc, err := f.DebugLink()
	if err != nil {
		s.p.log().Debug(fmt.Sprintf("%s: %v", f.Name, err))
		return nil
	}
	if name == "" {
		return nil
	}
	s.p.log().Debug(fmt.Sprintf("%s has debuglink %s CRC %#08x", f.Name, name, crc))
	for _, path := range debuginfo.DebugLinkPaths(s.o.DebugLinkDirectories, s.o.Directories, filepath.Dir(f.Name), name) {
		if m.DebugFile().Status != WantFile {
			return nil
		}
		if err := m.tryFile(fileToTry{path: path, quiet: true, crc: &crc}); err != nil {
			return err
		}
	}
	return nil
}

// kernel tries the files of a kernel's image and of its modules.
func (s *standardSearch) kernel(m *Module) (err error) {
	if !s.isKernel || m.kind != MainModule && m.kind != RelocatableModule {
		return nil
	}
	if m.kind == MainModule {
		paths := debuginfo.KernelPaths(s.o.KernelDirectories, s.o.Directories, s.release)
		return s.tryAll(m, append(debuginfo.Beside(s.beside), paths...))
	}
	s.kmods.Find(m.name, func(path string) bool {
		if err == nil {
			err = s.try(m, path)
		}
		return err == nil && wants(m)
	})
	return err
}

func (s *standardSearch) supplementary(m *Module) error {
	w, err := m.WantedSupplementaryFile()
	if err != nil || s.o.NoSupplementary {
		return nil // none is wanted
	}
	s.p.log().Debug(fmt.Sprintf("%s: trying standard paths for gnu_debugaltlink %s build ID %x in file %s", m.name, w.Name, w.Checksum, w.Path))
	for _, path := range debuginfo.SupplementaryPaths(s.o.Directories, w.Path, w.Name, w.Checksum) {
		if now, err := m.WantedSupplementaryFile(); err != nil || !bytes.Equal(now.Checksum, w.Checksum) {
			return nil
		}
		if err := s.try(m, path); err != nil {
			return err
		}
	}
	return nil
}

// crcMatches says whether a file has the checksum that a .gnu_debuglink gives.
func crcMatches(f *elf.File, crc uint32) bool { return crc32.ChecksumIEEE(f.Data) == crc }
