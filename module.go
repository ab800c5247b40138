package drgn

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/mem"
)

// A ModuleKind says what a module is to its program.
type ModuleKind uint8

// The kinds of modules.
const (
	MainModule ModuleKind = iota
	SharedLibraryModule
	VdsoModule
	RelocatableModule // a loadable module of the kernel, or another file that is linked when it is loaded
	ExtraModule
)

// String returns the kind in words: "shared library".
func (k ModuleKind) String() string {
	if k > ExtraModule {
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
	DontWantFile                        // nobody looks for it, because the user said so
	DontNeedFile                        // nobody looks for it, because all is known without it
	WantSupplementary                   // it was found; finders look for the supplementary file that it needs
)

// String returns the status in the words of its name.
func (s FileStatus) String() string {
	if s > WantSupplementary {
		return fmt.Sprintf("FileStatus(%d)", uint8(s))
	}
	return [...]string{"WANT", "HAVE", "DONT_WANT", "DONT_NEED", "WANT_SUPPLEMENTARY"}[s]
}

// A Module is a file that is part of a program: the kernel, a kernel module, an executable, a library.
//
// It can have two files: the loaded file, which has the code and data that the program uses, and the debug file, which
// has debugging information. They may be the same. A debug file may need a supplementary one, with what it shares with
// other files. See [Module.TryFile] for how a module gets its files.
type Module struct {
	prog *Program
	kind ModuleKind
	name string
	id   uint64 // what tells modules of one kind and name apart

	ranges atomic.Pointer[[]mem.Range] // nil: not known
	files  atomic.Pointer[debugFile]   // what can be asked of the files; nil: there is none
	object atomic.Pointer[Object]      // nil: absent

	findSections func() (map[string]uint64, error) // or nil; it reads the program's memory

	mu       lock.Mutex // held while what follows is looked at or changed, for moments only: no file is read under it
	buildID  []byte
	sections map[string]uint64 // where the sections of a relocatable file lie; nil until that is asked for
	loaded   moduleFile
	debug    moduleFile
	sup      supplement
	refused  string // the first file that was of another build, for messages
}

// A supplement is the supplementary file that a debug file needs.
type supplement struct {
	file    *elf.File  // or nil
	pending *elf.File  // the debug file that waits for its supplementary file
	wanted  WantedFile // what pending waits for
}

// A moduleFile is the loaded or debug file of a module.
type moduleFile struct {
	status FileStatus
	file   *elf.File // nil unless status is HaveFile
	bias   uint64
}

// A ModuleSpec describes a module that is found in a program.
type ModuleSpec struct {
	Kind ModuleKind
	Name string
	// ID tells modules of a kind and a name apart: the address of the dynamic section of a shared library or vDSO, the
	// address of a relocatable module, any number of an extra one. That of the main module is not looked at.
	ID      uint64
	BuildID []byte      // nil: not known
	Ranges  []mem.Range // where its parts lie in memory; nil: not known; empty: nowhere
	Object  Object      // of a kernel module: its struct module *
	// Sections says where the sections of a relocatable module lie; it is called when that is first asked for. May be nil.
	Sections func() (map[string]uint64, error)
	// NoLoadedFile says that all of the module's code and data is in the program's memory: its loaded file is not needed.
	NoLoadedFile bool
}

func newModule(p *Program, spec *ModuleSpec) *Module {
	m := &Module{prog: p, kind: spec.Kind, name: spec.Name, id: spec.ID, buildID: slices.Clone(spec.BuildID)}
	if spec.Sections != nil {
		var sections lock.First[map[string]uint64]
		m.findSections = func() (map[string]uint64, error) { return sections.Do(spec.Sections) }
	}
	if spec.Ranges != nil {
		ranges := append([]mem.Range{}, spec.Ranges...)
		m.ranges.Store(&ranges)
	}
	if spec.Object.prog != nil {
		m.object.Store(&spec.Object)
	}
	if spec.NoLoadedFile {
		m.loaded.status = DontNeedFile
	}
	return m
}

// Prog returns the program the module is part of.
func (m *Module) Prog() *Program { return m.prog }

// Kind returns what the module is to its program.
func (m *Module) Kind() ModuleKind { return m.kind }

// Name returns the module's name: "kernel", "ext4", "/usr/bin/cat".
func (m *Module) Name() string { return m.name }

// ID returns what tells modules of one kind and name apart: see [ModuleSpec].
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

// SetRanges says where the module lies in memory. Empty is nowhere, nil not known. A *ValueError names ranges that overlap.
func (m *Module) SetRanges(ranges []mem.Range) error {
	var to *[]mem.Range
	if ranges != nil {
		rs := append([]mem.Range{}, ranges...)
		slices.SortFunc(rs, func(a, b mem.Range) int { return cmp.Compare(a.Min, b.Min) })
		for i := 1; i < len(rs); i++ {
			if a, b := rs[i-1], rs[i]; b.Min <= a.Max {
				return &ValueError{Problem: fmt.Sprintf("%s [%#x, %#x) overlaps [%#x, %#x)", m.name, a.Min, a.Max+1, b.Min, b.Max+1)}
			}
		}
		to = &rs
	}
	ms := &m.prog.modules
	ms.mu.Lock()
	m.ranges.Store(to)
	ms.sort()
	ms.mu.Unlock()
	m.prog.generation.Add(1)
	return nil
}

// Object returns the object that describes the module: the struct module * of a kernel module; an absent one otherwise.
func (m *Module) Object() Object {
	if o := m.object.Load(); o != nil {
		return *o
	}
	return m.prog.AbsentObject(m.prog.types.Void(m.prog.language()), OtherAbsence)
}

// SetObject sets the object that describes the module.
func (m *Module) SetObject(o Object) error {
	if err := o.Err(); err != nil {
		return err
	}
	if o.prog != m.prog {
		return &ValueError{Problem: "object is from different program"}
	}
	m.object.Store(&o)
	return nil
}

// SectionAddresses returns where the sections of a relocatable module lie, by their names.
func (m *Module) SectionAddresses() (map[string]uint64, error) {
	if err := m.readSections(); err != nil {
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
	if m.kind != RelocatableModule {
		return &ValueError{Problem: "section addresses can only be set for relocatable modules"}
	}
	if m.loaded.file != nil || m.debug.file != nil || m.sup.pending != nil {
		return &ValueError{Problem: "section addresses cannot be modified after file is set"}
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
	if d := m.files.Load(); d != nil {
		return d.has
	}
	return 0
}

// A ModuleFile says which file a module has, if any.
type ModuleFile struct {
	Status FileStatus
	Path   string // "" unless Status is HaveFile
	Bias   uint64 // what is added to the addresses in the file to get those in memory
}

func (f *moduleFile) describe() ModuleFile {
	d := ModuleFile{Status: f.status, Bias: f.bias}
	if f.file != nil {
		d.Path = f.file.Name
	}
	return d
}

// LoadedFile returns the file with the code and data that the program uses.
func (m *Module) LoadedFile() ModuleFile {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loaded.describe()
}

// DebugFile returns the file with the module's debugging information.
func (m *Module) DebugFile() ModuleFile {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.debug.describe()
}

// SupplementaryFile returns the path of the supplementary file that the module's debug file uses; "" if it uses none.
func (m *Module) SupplementaryFile() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sup.file == nil {
		return ""
	}
	return m.sup.file.Name
}

// WantsLoadedFile reports whether finders are to look for the module's loaded file.
func (m *Module) WantsLoadedFile() bool { return m.LoadedFile().Status == WantFile }

// WantsDebugFile reports whether finders are to look for the module's debug file, or for the supplementary file that it
// needs.
func (m *Module) WantsDebugFile() bool {
	s := m.DebugFile().Status
	return s == WantFile || s == WantSupplementary
}

// describe says in messages what the module is: "relocatable module ext4@0xffffffffc0000000".
func (m *Module) describe() string {
	kind := m.kind.String()
	switch m.kind {
	case MainModule:
		return kind + " module " + m.name
	case ExtraModule:
		return fmt.Sprintf("%s module %s %#x", kind, m.name, m.id)
	case VdsoModule:
		kind = "vDSO"
	}
	return fmt.Sprintf("%s module %s@%#x", kind, m.name, m.id)
}
