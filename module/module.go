// Package module has the files that are part of a program - the kernel and its modules, an executable, its libraries - and
// says which file of the system is each one's, and where it lies in memory.
package module

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/mem"
)

// A Kind says what a module is to its program.
type Kind uint8

// The kinds of modules.
const (
	Main Kind = iota
	SharedLibrary
	Vdso
	Relocatable // a loadable module of the kernel, or another file that is linked when it is loaded
	Extra
)

// String returns the kind in words: "shared library".
func (k Kind) String() string {
	if k > Extra {
		return fmt.Sprintf("ModuleKind(%d)", uint8(k))
	}
	return [...]string{"main", "shared library", "vdso", "relocatable", "extra"}[k]
}

// A FileStatus says whether a module's file is wanted or there.
type FileStatus uint8

// The statuses of a module's file.
const (
	WantFile          FileStatus = iota // finders look for it
	HaveFile                            // it was found
	DontWantFile                        // it is not looked for: the user said so
	DontNeedFile                        // it is not looked for: everything is known without it
	WantSupplementary                   // it was found; finders look for the supplementary file that it needs
)

// String returns the status in words, such as "not wanted".
func (s FileStatus) String() string {
	if s > WantSupplementary {
		return fmt.Sprintf("FileStatus(%d)", uint8(s))
	}
	return [...]string{"wanted", "found", "not wanted", "not needed", "supplementary file wanted"}[s]
}

// A Module is a file that is part of a program: the kernel, a kernel module, an executable, a library.
//
// It can have two files: the loaded file, which has the code and data that the program uses, and the debug file, which
// has debugging information. They may be the same. A debug file may need a supplementary one, with what it shares with
// other files. See [Module.TryFile] for how a module gets its files.
type Module struct {
	set  *Set
	kind Kind
	name string
	id   uint64 // what tells modules of one kind and name apart

	ranges atomic.Pointer[[]mem.Range] // nil: not known
	files  atomic.Pointer[Files]       // nil: there is none
	keeps  keeping

	findSections func() (map[string]uint64, error) // or nil; it reads the program's memory

	// mu is held while what follows is looked at or changed, for moments only: no file is read and nothing is called while it is held.
	mu       lock.Mutex
	buildID  []byte
	sections map[string]uint64 // where the sections of a relocatable file lie; nil until that is asked for
	loaded   fileState
	debug    fileState
	sup      supplement
	trials   trials
}

// A supplement is the supplementary file that a debug file needs.
type supplement struct {
	file    *elf.File  // or nil
	path    string     // of file, which a program that was closed has no more
	pending *elf.File  // the debug file that waits for its supplementary file
	wanted  WantedFile // what pending waits for
}

// A fileState is what a module has for a loaded or debug file.
type fileState struct {
	status FileStatus
	file   *elf.File // nil unless status is HaveFile, and in a program that was closed
	path   string    // of file
	bias   uint64
}

// A Spec describes a module that is found in a program.
type Spec struct {
	Kind Kind
	Name string
	// ID tells modules of a kind and a name apart: the address of the dynamic section of a shared library or vDSO, the
	// address of a relocatable module, any number of an extra one. That of the main module is not looked at.
	ID      uint64
	BuildID []byte      // nil: not known
	Ranges  []mem.Range // where its parts lie in memory; nil: not known; empty: it is not in memory
	Data    any         // what else is known of it: see [Module.Data]; nil: nothing
	// Sections says where the sections of a relocatable module lie; it is called when that is first asked for, and again after an error, which is
	// [ErrGone] of a module that is being loaded or unloaded. May be nil.
	Sections func() (map[string]uint64, error)
}

func newModule(set *Set, spec *Spec) *Module {
	m := &Module{set: set, kind: spec.Kind, name: spec.Name, id: spec.ID, buildID: slices.Clone(spec.BuildID)}
	if spec.Sections != nil {
		var sections lock.First[map[string]uint64]
		m.findSections = func() (map[string]uint64, error) { return sections.Succeed(spec.Sections) }
	}
	if spec.Ranges != nil {
		ranges := append([]mem.Range{}, spec.Ranges...)
		sortRanges(ranges)
		m.ranges.Store(&ranges)
	}
	if spec.Data != nil {
		m.keeps.data.Store(&spec.Data)
	}
	if _, kernel := set.KernelRelease(); kernel && (spec.Kind == Main || spec.Kind == Relocatable) {
		m.loaded.status = DontNeedFile // all of a kernel's code and data is in memory
	}
	return m
}

// Set returns the modules that the module is one of.
func (m *Module) Set() *Set { return m.set }

// Kind returns what the module is to its program.
func (m *Module) Kind() Kind { return m.kind }

// Name returns the module's name: "kernel", "ext4", "/usr/bin/cat".
func (m *Module) Name() string { return m.name }

// ID returns what tells modules of one kind and name apart: see [Spec].
func (m *Module) ID() uint64 { return m.id }

// BuildID returns the GNU build ID of the module's files, or nil when it is not known. The slice must not be changed.
func (m *Module) BuildID() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.buildID
}

// SetBuildID says of which build the module's files must be; nil is not known.
func (m *Module) SetBuildID(id []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.buildID = nil; id != nil {
		m.buildID = bytes.Clone(id)
	}
}

// Ranges returns where the module lies in memory; ok is false when that is not known. The slice must not be changed.
func (m *Module) Ranges() (ranges []mem.Range, ok bool) {
	if r := m.ranges.Load(); r != nil {
		return *r, true
	}
	return nil, false
}

// SetRanges says where the module lies in memory. An empty slice means that it is not in memory, nil that it is not known
// where. A *failure.ValueError names ranges that overlap.
func (m *Module) SetRanges(ranges []mem.Range) error {
	var to *[]mem.Range
	if ranges != nil {
		rs := append([]mem.Range{}, ranges...)
		sortRanges(rs)
		for i := 1; i < len(rs); i++ {
			if a, b := rs[i-1], rs[i]; b.Min <= a.Max {
				return &failure.ValueError{Problem: fmt.Sprintf("%s [%#x, %#x) overlaps [%#x, %#x)", m.name, a.Min, a.Max+1, b.Min, b.Max+1)}
			}
		}
		to = &rs
	}
	m.set.mu.Lock()
	m.ranges.Store(to)
	m.set.sort()
	m.set.mu.Unlock()
	m.set.changed()
	return nil
}

func sortRanges(ranges []mem.Range) {
	slices.SortFunc(ranges, func(a, b mem.Range) int { return cmp.Compare(a.Min, b.Min) })
}

// CheckRanges returns a *failure.ValueError if one of the ranges overlaps one of another module, which [Module.SetRanges] takes.
func (m *Module) CheckRanges(ranges []mem.Range) error {
	for _, other := range m.set.All() {
		if other == m {
			continue
		}
		taken, _ := other.Ranges()
		for _, b := range taken {
			for _, a := range ranges {
				if a.Min <= b.Max && b.Min <= a.Max {
					return &failure.ValueError{Problem: fmt.Sprintf("%s [%#x, %#x) overlaps %s [%#x, %#x)", m.name, a.Min, a.Max+1, other.name, b.Min, b.Max+1)}
				}
			}
		}
	}
	return nil
}

// Data returns what the one who found the module knows of it besides, or nil: for a kernel module an object of the program,
// its struct module *.
func (m *Module) Data() any {
	if d := m.keeps.data.Load(); d != nil {
		return *d
	}
	return nil
}

// SetData sets what Data returns.
func (m *Module) SetData(data any) { m.keeps.data.Store(&data) }

// SectionAddresses returns where the sections of a relocatable module lie, by their names: none if it was unloaded before that was known.
func (m *Module) SectionAddresses() (map[string]uint64, error) {
	if err := m.readSections(); m.isGone(err) {
		return map[string]uint64{}, nil
	} else if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.sections), nil
}

// readSections fills m.sections. It reads the program's memory, which m.mu must not be held for.
func (m *Module) readSections() (err error) {
	found := map[string]uint64{}
	if m.findSections != nil {
		if found, err = m.findSections(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sections == nil {
		m.sections = maps.Clone(found)
	}
	return nil
}

// isGone reports whether an error is that of a module that is not in memory as a whole.
func (m *Module) isGone(err error) bool {
	return err != nil && (errors.Is(err, ErrGone) || m.IsUnloaded())
}

// SetSectionAddress says where a section of a relocatable module lies; it must be said before the module gets a file.
func (m *Module) SetSectionAddress(name string, address uint64) error {
	return m.changeSections(func() { m.sections[name] = address })
}

// RemoveSectionAddress forgets where a section lies.
func (m *Module) RemoveSectionAddress(name string) error {
	return m.changeSections(func() { delete(m.sections, name) })
}

func (m *Module) changeSections(change func()) error {
	if err := m.readSections(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kind != Relocatable {
		return &failure.ValueError{Problem: "section addresses can only be set for relocatable modules"}
	}
	if m.loaded.file != nil || m.debug.file != nil || m.sup.pending != nil {
		return &failure.ValueError{Problem: "section addresses cannot be modified after file is set"}
	}
	change()
	return nil
}

// HasDebugInfo reports whether debugging information of the module, of whatever sort, is loaded.
func (m *Module) HasDebugInfo() bool { return m.has() != 0 }

// HasTypes reports whether debugging information is loaded that names the module's types, variables and functions.
func (m *Module) HasTypes() bool { return m.has()&debugdata.Types != 0 }

// HasCode reports whether debugging information is loaded that says which functions the module's code is of.
func (m *Module) HasCode() bool { return m.has()&debugdata.Functions != 0 }

// HasLines reports whether debugging information is loaded that says from which source lines the module's code is.
func (m *Module) HasLines() bool { return m.has()&debugdata.Sources != 0 }

func (m *Module) has() debugdata.Has {
	if f := m.files.Load(); f != nil && f.has != 0 {
		return f.has
	}
	if m.keeps.info.Load() != nil {
		return debugdata.Types
	}
	return 0
}

// A File says which file a module has, if any.
type File struct {
	Status FileStatus
	Path   string // "" unless Status is HaveFile
	Bias   uint64 // what is added to the addresses in the file to get those in memory
}

func (f *fileState) describe() File {
	return File{Status: f.status, Path: f.path, Bias: f.bias}
}

// LoadedFile returns the file with the code and data that the program uses.
func (m *Module) LoadedFile() File {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loaded.describe()
}

// DebugFile returns the file with the module's debugging information.
func (m *Module) DebugFile() File {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.debug.describe()
}

// SupplementaryFile returns the path of the supplementary file that the module's debug file uses; "" if it uses none.
func (m *Module) SupplementaryFile() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sup.path
}

// close takes the module's files from it; what it says of them stays.
func (m *Module) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loaded.file, m.debug.file, m.sup.file, m.sup.pending = nil, nil, nil, nil
	m.files.Store(&Files{has: m.has(), closed: true})
}

// WantsLoadedFile reports whether finders are to look for the module's loaded file.
func (m *Module) WantsLoadedFile() bool { return m.LoadedFile().Status == WantFile }

// WantFiles has finders look again for files that were not to be looked for, unless everything is known without them.
func (m *Module) WantFiles() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range []*fileState{&m.loaded, &m.debug} {
		if f.status == DontWantFile {
			f.status = WantFile
		}
	}
}

// WantsDebugFile reports whether finders are to look for the module's debug file, or for the supplementary file that it
// needs.
func (m *Module) WantsDebugFile() bool {
	s := m.DebugFile().Status
	return s == WantFile || s == WantSupplementary
}

// String describes the module: "relocatable module ext4@0xffffffffc0000000".
func (m *Module) String() string {
	kind := m.kind.String()
	switch m.kind {
	case Main:
		return kind + " module " + m.name
	case Extra:
		return fmt.Sprintf("%s module %s %#x", kind, m.name, m.id)
	case Vdso:
		kind = "vDSO"
	}
	return fmt.Sprintf("%s module %s@%#x", kind, m.name, m.id)
}
