package module

import (
	"cmp"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/mem"
)

// A Set is the modules of a program, the main one first, then in the order of their creation. It is thread-safe.
type Set struct {
	config Config
	loader atomic.Pointer[Loader]
	log    logging

	closed atomic.Bool // see Close

	mu    lock.Mutex
	list  atomic.Pointer[[]*Module]
	known map[key]*Module // under mu
	// byAddress holds the ranges of all modules in order.
	byAddress atomic.Pointer[[]moduleRange]
}

// A Config says what a set of modules is part of and what reads its debugging information.
type Config struct {
	// Owner is what the modules are part of, see [Set.Owner].
	Owner any
	// Generation goes up when a module gets a file or another place in memory: what was found before may be found
	// elsewhere now.
	Generation *atomic.Uint64
	// Has says what the debugging information of a file can be asked, 0 where the file has none.
	Has func(f *elf.File) debugdata.Has
	// Open reads the debugging information of a module's file; sup is the supplementary file that it needs, or nil. It is
	// called once, when something is first looked for.
	Open func(m *Module, f *placed.File, sup *elf.File) (debugdata.Info, error)
	// Platform is called with the machine that a file is for before the file is used.
	Platform func(arch.Platform)
}

// NewSet returns an empty set.
func NewSet(c Config) *Set { return &Set{config: c} }

// Owner returns what the modules are part of: a *drgn.Program.
func (s *Set) Owner() any { return s.config.Owner }

// Close takes the files of all modules from them and lets none be added: there is no debugging information any more, and
// asking for it is [failure.ErrClosed]. A file is unmapped when nobody refers to it: types and whoever is in the middle of
// reading do. What is known of the modules themselves stays.
func (s *Set) Close() {
	s.closed.Store(true) // first: who makes a file a module's looks at it
	s.mu.Lock()
	all := s.All()
	s.mu.Unlock()
	for _, m := range all {
		m.close()
	}
	s.changed()
}

func (s *Set) changed() { s.config.Generation.Add(1) }

// A Loader knows how the modules of a program were put into memory: by a kernel's boot loader, or by the kernel and the
// dynamic linker of a process.
type Loader interface {
	// MainBias returns the load bias of the main module: what is added to the addresses in its file to get those in
	// memory. programHeaders is the address that the file gives its program headers.
	MainBias(programHeaders uint64) (uint64, error)
	// NotesID returns the build ID among the notes of the main module that its file has at an address, without the load bias,
	// size bytes long; nil if no build ID lies there in memory. ok is false if memory can't say: it can't be read, or the
	// build ID is known otherwise.
	NotesID(address, size uint64) (id []byte, ok bool)
	// MappedFiles returns paths of the file that a module was mapped from, the surest first. What is found there may be
	// another file by now: its build ID tells.
	MappedFiles(m *Module) []MappedFile
	// Image returns the file of a module whose only file is the program's memory: the vDSO. It is nil for others.
	Image(m *Module) ([]byte, error)
	// KernelRelease returns the release of the kernel that the main module is, "6.12.43-cloud-amd64", or "" if that is
	// not known; ok is false for what is not a kernel.
	KernelRelease() (release string, ok bool)
}

// A Rooted is a [Loader] of a process whose files may be others than those that have the same paths here.
type Rooted interface {
	// Root returns the path of the directory that is the process's "/", and what to call it; "" if it is the one here.
	Root() (path, name string)
}

// GoIDs is a [Loader] that knows the build IDs of Go's own of modules that have no other one in memory.
type GoIDs interface {
	// GoBuildID returns the one that memory has of a module, or nil.
	GoBuildID(m *Module) []byte
}

// A MappedFile is a file that a module was mapped from.
type MappedFile struct {
	Path string // that opens it
	Name string // what it was called when it was mapped
}

// SetLoader says how the modules were put into memory.
func (s *Set) SetLoader(l Loader) { s.loader.Store(&l) }

// Loader returns what knows how the modules were put into memory, or nil.
func (s *Set) Loader() Loader {
	if l := s.loader.Load(); l != nil {
		return *l
	}
	return nil
}

// KernelRelease returns the release of the kernel that the modules are part of; ok is false if that is not a kernel.
func (s *Set) KernelRelease() (release string, ok bool) {
	if l := s.Loader(); l != nil {
		return l.KernelRelease()
	}
	return "", false
}

// key is what a module is known by.
type key struct {
	kind Kind
	name string
	id   uint64
}

func (s *Spec) key() key {
	if s.Kind == Main {
		return key{}
	}
	return key{s.Kind, s.Name, s.ID}
}

type moduleRange struct {
	mem.Range
	m *Module
}

// A Loaded is a module that the program has loaded; New says that it was not known before.
type Loaded struct {
	*Module
	New bool
}

// LoadedSeq walks loaded modules; an error is the last pair.
type LoadedSeq = iter.Seq2[Loaded, error]

// Add adds a module, or returns the one of the same kind, name and ID that is there; then isNew is false. There is one main
// module only: a *failure.MainModuleError says that it has another name.
func (s *Set) Add(spec Spec) (m *Module, isNew bool, err error) {
	if m, isNew, err = s.add(&spec); isNew {
		s.Log().Debug("created " + m.String()) // not under the lock: a handler may be written in Python
	}
	return m, isNew, err
}

func (s *Set) add(spec *Spec) (m *Module, isNew bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return nil, false, failure.ErrClosed
	}
	k := spec.key()
	if m := s.known[k]; m != nil {
		if m.name != spec.Name {
			return nil, false, &failure.MainModuleError{Name: m.name, Wanted: spec.Name}
		}
		return m, false, nil
	}
	m = newModule(s, spec)
	if s.known == nil {
		s.known = make(map[key]*Module)
	}
	s.known[k] = m
	list := slices.Clone(s.All())
	if spec.Kind == Main {
		list = slices.Insert(list, 0, m)
	} else {
		list = append(list, m)
	}
	s.list.Store(&list)
	s.sort()
	return m, true, nil
}

// Find returns the module of a kind, a name and an ID, or a *failure.ModuleNotFoundError.
func (s *Set) Find(kind Kind, name string, id uint64) (*Module, error) {
	spec := Spec{Kind: kind, Name: name, ID: id}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.known[spec.key()]; m != nil && m.name == name {
		return m, nil
	}
	return nil, &failure.ModuleNotFoundError{Kind: kind.String(), Name: name}
}

// sort makes the table of the modules' ranges; s.mu is held.
func (s *Set) sort() {
	var rs []moduleRange
	for _, m := range s.All() {
		ranges, _ := m.Ranges()
		for _, r := range ranges {
			rs = append(rs, moduleRange{r, m})
		}
	}
	slices.SortStableFunc(rs, func(a, b moduleRange) int { return cmp.Compare(a.Min, b.Min) })
	rs = s.withoutFormer(rs)
	s.byAddress.Store(&rs)
}

// withoutFormer leaves out of ranges those on which another one lies whose module was added later: the memory was given to that one.
func (s *Set) withoutFormer(rs []moduleRange) []moduleRange {
	added := make(map[*Module]int)
	for i, m := range s.All() {
		added[m] = i
	}
	out := rs[:0]
	for _, r := range rs {
		over := func() bool { return len(out) > 0 && r.Min <= out[len(out)-1].Max }
		for over() && added[out[len(out)-1].m] < added[r.m] {
			out = out[:len(out)-1]
		}
		if !over() {
			out = append(out, r)
		}
	}
	return out
}

// All returns the modules. The slice must not be changed.
func (s *Set) All() []*Module {
	if l := s.list.Load(); l != nil {
		return *l
	}
	return nil
}

// At returns the module that an address lies in, or nil.
func (s *Set) At(address uint64) *Module {
	l := s.byAddress.Load()
	if l == nil {
		return nil
	}
	rs := *l
	lo, hi := 0, len(rs)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if rs[mid].Min <= address {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || rs[lo-1].Max < address {
		return nil
	}
	if m := rs[lo-1].m; !m.Unloaded("", address) {
		return m
	}
	return nil
}

// Main returns the main module, or a *failure.NoMainModuleError.
func (s *Set) Main() (*Module, error) {
	if l := s.All(); len(l) > 0 && l[0].kind == Main {
		return l[0], nil
	}
	return nil, &failure.NoMainModuleError{}
}

// Containing returns the module that contains an address, or a *failure.NoModuleAtError.
func (s *Set) Containing(address uint64) (*Module, error) {
	if m := s.At(address); m != nil {
		return m, nil
	}
	return nil, &failure.NoModuleAtError{Address: address}
}

// Named returns the module of a name, or a *failure.ModuleNotFoundError. Of several with that name it is the one that was
// added last, the main module only if there is no other.
func (s *Set) Named(name string) (*Module, error) {
	for _, m := range slices.Backward(s.All()) {
		if m.name == name {
			return m, nil
		}
	}
	return nil, &failure.ModuleNotFoundError{Name: name}
}

// LackTypes reports whether nothing can be found by name because none of the modules there are has debugging information.
func (s *Set) LackTypes() bool {
	all := s.All()
	return len(all) > 0 && !slices.ContainsFunc(all, (*Module).HasTypes)
}
