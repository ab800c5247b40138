package user

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/target"
)

// A finder finds the modules of a process as it is at one time.
type finder struct {
	u        *Process
	p        *drgn.Program
	auxv     map[uint64]uint64
	page     uint64
	mappings []target.Mapping // in the order of their addresses
	main     *image           // nil: not known
	// Files of which only the layout tells that they are those that were mapped.
	unverified []string
	vdso       uint64 // address of its dynamic section, or 0
	logs       bool   // what is found is logged
}

// found is a module before it is added.
type found struct {
	spec  drgn.ModuleSpec
	image *image
	file  *target.Mapping // a mapping of its file, or nil
	other bool            // what is at the file's path now is another file
}

// LoadedModules walks the executable, the vDSO and the libraries that the process has loaded, in the dynamic linker's
// order. What can't be found out is logged: a core may lack what it takes.
func (u *Process) LoadedModules(p *drgn.Program) drgn.LoadedModuleSeq {
	return func(yield func(drgn.LoadedModule, error) bool) {
		f, err := u.newFinder(p)
		if err != nil {
			yield(drgn.LoadedModule{}, err)
			return
		}
		f.logs = true
		f.logAuxv()
		before := u.libraries()
		add := func(m found) bool {
			module, isNew, err := u.add(p, m)
			if err != nil {
				yield(drgn.LoadedModule{}, err)
				return false
			}
			if isNew && m.image != nil {
				f.logImage(m)
			}
			delete(before, module)
			return yield(drgn.LoadedModule{Module: module, New: isNew}, nil)
		}
		if !add(f.findMain()) {
			return
		}
		if m, ok := f.findVDSO(); ok && !add(m) {
			return
		}
		defer f.tellUnverified()
		listed := false
		for l, err := range f.linkMap() {
			if err != nil {
				p.Logger().Warn(fmt.Sprintf("can't find shared libraries: %v; those are taken that are mapped", err))
				f.mapped(add)
				return
			}
			listed = true
			if m, ok := f.library(l); ok && !add(m) {
				return
			}
		}
		if listed {
			for m := range before {
				u.unload(m)
			}
		}
	}
}

func (u *Process) newFinder(p *drgn.Program) (*finder, error) {
	f := &finder{u: u, p: p, page: 1 << 12}
	var err error
	if f.mappings, err = u.source.mappings(p.Platform()); err != nil {
		return nil, err
	}
	if f.auxv, err = u.auxv(); err != nil {
		return nil, err
	}
	if size := f.auxv[target.AT_PAGESZ]; size != 0 && size&(size-1) == 0 {
		f.page = size
	}
	return f, nil
}

// debug logs at level debug.
func (f *finder) debug(format string, args ...any) {
	if f.logs {
		f.p.Logger().Debug(fmt.Sprintf(format, args...))
	}
}

// logAuxv says what the kernel told the process of where it lies.
func (f *finder) logAuxv() {
	for _, a := range []struct {
		key  uint64
		text string
	}{{target.AT_SYSINFO_EHDR, "found AT_SYSINFO_EHDR %#x"}, {target.AT_PAGESZ, "found AT_PAGESZ %d"}, {target.AT_PHDR, "found AT_PHDR %#x"}, {target.AT_PHNUM, "found AT_PHNUM %d"}} {
		if v, ok := f.auxv[a.key]; ok {
			f.debug(a.text, v)
		}
	}
}

// logImage says what the headers of a module say.
func (f *finder) logImage(m found) {
	if m.spec.BuildID != nil {
		f.debug("found build ID %x in note", m.spec.BuildID)
	}
	for _, r := range m.spec.Ranges {
		f.debug("got address range %#x-%#x from program headers", r.Min, r.Max+1)
	}
}

// mapping returns the mapping of a file that an address lies in, or nil.
func (f *finder) mapping(address uint64) *target.Mapping {
	n, ok := slices.BinarySearchFunc(f.mappings, address, func(m target.Mapping, a uint64) int {
		switch {
		case m.End <= a:
			return -1
		case m.Start > a:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &f.mappings[n]
}

// starts walks the addresses where the file that m is a mapping of may start, the nearest before m first: a file may be
// mapped several times, and the page with its header twice, once for the code and once for the data after it.
func (f *finder) starts(m *target.Mapping) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		n, _ := slices.BinarySearchFunc(f.mappings, m.Start, func(m target.Mapping, a uint64) int {
			if m.Start <= a {
				return -1
			}
			return 1
		})
		for n--; n >= 0; n-- {
			if s := &f.mappings[n]; s.Path == m.Path && s.File == m.File && s.Offset == 0 && !yield(s.Start) {
				return
			}
		}
	}
}

// findMain finds the executable by its program headers, whose place the kernel tells. Its name is empty where none is
// mapped there.
func (f *finder) findMain() found {
	m := found{spec: drgn.ModuleSpec{Kind: drgn.MainModule}}
	phdr, ok := f.auxv[target.AT_PHDR]
	if !ok {
		f.debug("the auxiliary vector does not tell where the program headers of the main module are")
		return m
	}
	if m.file = f.mapping(phdr); m.file != nil {
		m.spec.Name = m.file.Path
		f.debug("AT_PHDR is mapped from file %s at offset %#x", m.file.Path, m.file.Offset+phdr-m.file.Start)
	}
	i, err := readProgramHeaders(f.p, phdr, f.auxv[target.AT_PHENT], f.auxv[target.AT_PHNUM])
	if err != nil && m.file != nil {
		if kept, fileErr := f.fileImage(m.file, 0); fileErr == nil {
			i, err = kept, nil
		} else {
			err = errors.Join(err, fileErr)
		}
	}
	if err != nil {
		m.other = errors.Is(err, errOtherFile)
		f.debug("%s: can't read program headers: %v", m.spec.Name, err)
		return m
	}
	if m.file != nil {
		for i.start = range f.starts(m.file) {
			break
		}
	}
	if bias, ok := f.mainBias(i, phdr); ok {
		i.bias = bias
		f.debug("main bias is %#x", bias)
		if d := i.segment(elf.PT_DYNAMIC); d != nil {
			f.debug("main dynamic section is at %#x", i.address(d))
		}
		f.main, m.image = i, i
		m.spec.BuildID, m.spec.Ranges = i.buildID(), i.ranges(f.page)
	}
	return m
}

// mainBias returns how far the executable was moved.
func (f *finder) mainBias(i *image, phdr uint64) (uint64, bool) {
	if s := i.segment(elf.PT_PHDR); s != nil {
		return i.mask(phdr - s.Vaddr), true
	}
	for n := range i.segments {
		s := &i.segments[n]
		if s.Type != elf.PT_LOAD {
			continue
		}
		if s.Offset == 0 && i.start != 0 {
			return i.mask(i.start - s.Vaddr), true
		}
		if phdr-s.Vaddr < s.Filesz { // it was not moved
			return 0, true
		}
	}
	return 0, false
}

// NotesID says nothing: an executable's build ID is read from its image.
func (u *Process) NotesID(uint64, uint64) ([]byte, bool) { return nil, false }

// MainBias returns the load bias of the executable; programHeaders is where its file has its program headers.
func (u *Process) MainBias(programHeaders uint64) (uint64, error) {
	auxv, err := u.auxv()
	if err != nil {
		return 0, err
	}
	phdr, ok := auxv[target.AT_PHDR]
	if !ok {
		return 0, &drgn.ValueError{Problem: "the auxiliary vector does not tell where the executable lies"}
	}
	return phdr - programHeaders, nil
}

// findVDSO finds the library that the kernel maps into each process.
func (f *finder) findVDSO() (found, bool) {
	start, ok := f.auxv[target.AT_SYSINFO_EHDR]
	if !ok || start == 0 {
		return found{}, false
	}
	i, err := readImage(f.p, start)
	var name string
	if err == nil {
		name, err = i.soname()
	}
	var dynamic *elf.Segment
	if err == nil {
		if dynamic = i.segment(elf.PT_DYNAMIC); dynamic == nil || name == "" {
			err = &bin.DecodeError{Section: "vDSO", Problem: "it does not say its name"}
		}
	}
	if err != nil {
		f.debug("can't find vDSO: %v", err)
		return found{}, false
	}
	f.vdso = i.address(dynamic)
	f.debug("vDSO bias is %#x", i.bias)
	f.debug("read vDSO soname %q", name)
	return found{image: i, spec: drgn.ModuleSpec{
		Kind: drgn.VdsoModule, Name: name, ID: f.vdso, BuildID: i.buildID(), Ranges: i.ranges(f.page),
	}}, true
}

// library finds out what it can of an entry of the dynamic linker's list.
func (f *finder) library(l link) (found, bool) {
	if l.dynamic == f.vdso && f.vdso != 0 {
		f.debug("l_ld matches vDSO dynamic section; skipping")
		return found{}, false // is known already
	}
	if f.main != nil && f.main.hasDynamic(l.dynamic) {
		f.debug("l_ld matches main dynamic section; skipping")
		return found{}, false
	}
	m := found{spec: drgn.ModuleSpec{Kind: drgn.SharedLibraryModule, Name: l.name, ID: l.dynamic}, file: f.mapping(l.dynamic)}
	if m.file != nil && m.spec.Name == "" {
		m.spec.Name = m.file.Path
	}
	i, err := f.libraryImage(l, m.file)
	if err != nil {
		m.other = errors.Is(err, errOtherFile)
		f.debug("%s: can't read headers: %v", m.spec.Name, err)
		return m, true
	}
	m.image = i
	m.spec.BuildID, m.spec.Ranges = i.buildID(), i.ranges(f.page)
	return m, true
}

// maxStarts bounds the number of places where the header of a library is looked for.
const maxStarts = 8

// libraryImage reads the headers of a library. They must say that its dynamic section is where the dynamic linker has it.
func (f *finder) libraryImage(l link, m *target.Mapping) (*image, error) {
	try := func(start uint64) (*image, error) {
		i, err := readImage(f.p, start)
		if err != nil {
			return nil, err
		}
		if !i.hasDynamic(l.dynamic) {
			return nil, &bin.DecodeError{Section: fmt.Sprintf("memory at %#x", start), Problem: fmt.Sprintf("its dynamic section does not lie at %#x", l.dynamic)}
		}
		return i, nil
	}
	if m != nil {
		n := 0
		for start := range f.starts(m) {
			if i, err := try(start); err == nil {
				return i, nil
			}
			if n++; n == maxStarts {
				break
			}
		}
	}
	i, err := try(l.bias) // most libraries are linked to lie at 0
	if err == nil || m == nil {
		return i, err
	}
	i, fileErr := f.fileImage(m, l.dynamic)
	if fileErr != nil {
		return nil, errors.Join(err, fileErr)
	}
	return i, nil
}

// Root implements [module.Rooted].
func (u *Process) Root() (path, name string) {
	if r, ok := u.source.(*running); ok {
		return r.root()
	}
	return "", ""
}

// MappedFiles returns ways to the file that a module was mapped from.
func (u *Process) MappedFiles(m *drgn.Module) []drgn.MappedFile {
	u.mu.Lock()
	f, ok := u.modules[m]
	u.mu.Unlock()
	if !ok || m.Kind() == drgn.VdsoModule {
		return nil
	}
	var files []drgn.MappedFile
	if f.file != nil {
		for _, path := range u.source.paths(*f.file) {
			if f.fits(path) {
				files = append(files, drgn.MappedFile{Path: path, Name: f.file.Path})
			}
		}
		return files
	}
	name := f.spec.Name
	if m.Kind() == drgn.MainModule && name == "" {
		name = u.executed(drgn.ModuleProgram(m))
	}
	if filepath.IsAbs(name) && f.fits(name) {
		files = append(files, drgn.MappedFile{Path: name, Name: name})
	}
	return files
}

// executed returns the path that was executed, or "".
func (u *Process) executed(p *drgn.Program) string {
	auxv, err := u.auxv()
	if err != nil || auxv[target.AT_EXECFN] == 0 {
		return ""
	}
	path, err := p.Memory().CString(auxv[target.AT_EXECFN], maxString, false)
	if err != nil {
		return "" // the core lacks it
	}
	return string(path)
}

// fits says whether a file may be the one that is in memory, where only its program headers can tell: where it has no
// build ID. A file that can't be read fits; who opens it says why not.
func (m *found) fits(path string) bool {
	if m.image == nil || m.spec.BuildID != nil {
		return !m.other
	}
	f, err := elf.Open(path)
	if err != nil {
		return true
	}
	defer f.Close() // was only read
	return slices.Equal(f.Segments, m.image.segments)
}

// Image returns the vDSO as it lies in memory; nil for other modules.
func (u *Process) Image(m *drgn.Module) ([]byte, error) {
	if m.Kind() != drgn.VdsoModule {
		return nil, nil
	}
	u.mu.Lock()
	f, ok := u.modules[m]
	u.mu.Unlock()
	if !ok {
		return nil, nil
	}
	return f.image.bytes(uint64(os.Getpagesize()))
}

// KernelRelease says that a process is not a kernel.
func (u *Process) KernelRelease() (release string, ok bool) { return "", false }

// maxImage bounds the size of a vDSO, which has some pages.
const maxImage = 1 << 20

// bytes returns the image from its header on, with all that is in memory after it: also what no segment names.
func (i *image) bytes(page uint64) ([]byte, error) {
	r, ok := i.extent(page)
	if !ok || r.Max-i.start >= maxImage {
		return nil, &bin.DecodeError{Section: fmt.Sprintf("memory at %#x", i.start), Problem: "image is too large"}
	}
	data := make([]byte, r.Max-i.start+1)
	err := i.memory.Read(data, i.start, false)
	return data, err
}

var _ interface {
	drgn.Personality
	drgn.ModuleLoader
	drgn.Stacks
} = (*Process)(nil)
