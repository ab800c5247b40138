// Package drgn looks into the memory of a program - a running kernel, a core dump, a process - by the names and types of
// its debugging information.
//
// A [Program] holds a target's memory, types, objects and symbols. The packages above this one open it: see
// [github.com/godrgn/drgn/attach]. A [Program] may be used by many goroutines at once.
//
// What a program is, a kernel or a process, is its [Personality]. A personality may implement these, too:
//
//   - [ModuleLoader]: how the program's modules were put into memory
//   - [Stacks]: what its stacks are like
//   - [SourceLanguage]: the language that its names are in
//   - [Identifier]: what lies at an address
//   - Translator of linux/mm: the page tables of a kernel
package drgn

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/debuginfo"
	"github.com/godrgn/drgn/internal/bounded"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/fields"
	"github.com/godrgn/drgn/internal/finders"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/internal/stack"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/types"
)

// Flags say what a program is.
type Flags uint8

// The flags of a program.
const (
	IsLinuxKernel Flags = 1 << iota
	IsLive
	IsLocal
)

// A Program is what is debugged.
type Program struct {
	mem         *mem.Space
	types       *types.Set
	platform    atomic.Pointer[arch.Platform] // nil: not known
	addressMask atomic.Uint64
	committing  lock.Mutex // held while setup is set
	setup       atomic.Pointer[Setup]
	closed      atomic.Bool

	typeFinders   finders.List[TypeFinder]
	objectFinders finders.List[ObjectFinder]
	symbolFinders finders.List[SymbolFinder]
	modules       *module.Set
	debug         *debuginfo.Search
	unwindTables  stack.Tables

	generation *atomic.Uint64        // counts the changes of what can be found
	found      atomic.Pointer[found] // in one generation
	offsets    bounded.Map[offsetKey, uint64]
	plans      bounded.Map[planKey, []fields.Plan]
	values     sync.Map // see SetValue

	lang atomic.Pointer[c.Language] // that was set; nil: that of main
}

// New returns a program without memory or debugging information. The zero platform is not known: it is then that of
// the first file added.
func New(platform arch.Platform) *Program {
	p := &Program{mem: mem.NewSpace(), types: types.NewSet(), generation: new(atomic.Uint64)}
	p.addressMask.Store(^uint64(0))
	p.typeFinders.Kind, p.objectFinders.Kind, p.symbolFinders.Kind = "type", "object", "symbol"
	p.types.SetDefinitions(p.generation, p.findDefinition)
	p.modules = p.newModules()
	p.debug = debuginfo.New(p, p.modules)
	p.setPlatform(platform)
	// The names are those of drgn's finders.
	must(p.RegisterTypeFinder("dwarf", findDebugType, EnableLast))
	must(p.objectFinders.Add(finders.Named[ObjectFinder]{Name: debugObjects, Find: findDebugObject, Steady: true}, EnableLast))
	must(p.symbolFinders.Add(finders.Named[SymbolFinder]{Name: "elf", Find: findSymbols, Steady: true}, EnableLast))
	return p
}

// must is for what cannot fail: registering the first finder of a name.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// setPlatform says what machine the program runs on, unless that is known.
func (p *Program) setPlatform(platform arch.Platform) {
	if platform.Known() && p.platform.CompareAndSwap(nil, &platform) {
		p.addressMask.Store(platform.AddressMask())
		p.types.SetLongDouble(types.LongDouble(platform.Arch.LongDouble))
		p.types.SetDeclets(platform.Arch.Declets)
		p.mem.SetAddressMask(platform.AddressMask())
	}
}

// Platform returns the machine the program runs on; the zero Platform when it is not known.
func (p *Program) Platform() arch.Platform {
	if m := p.platform.Load(); m != nil {
		return *m
	}
	return arch.Platform{}
}

// Flags returns what the program is.
func (p *Program) Flags() Flags { return p.opened().Flags }

// Generation returns the counter of changes of what can be found by name in the program. It must only be loaded. It is a
// variable of its own, so that C may look at it.
func (p *Program) Generation() *atomic.Uint64 { return p.generation }

// Language returns the language that names are taken to be in: that of the function main, or C if there is no main.
func (p *Program) Language() types.Language { return p.language() }

// SetLanguage says what language names are in, whatever the program's function main says.
func (p *Program) SetLanguage(l *c.Language) {
	p.lang.Store(l)
	p.generation.Add(1)
}

func (p *Program) language() *c.Language {
	if l := p.lang.Load(); l != nil {
		return l
	}
	if l, ok := p.Personality().(SourceLanguage); ok {
		return l.Language()
	}
	type key struct{}
	lang, err := Memo(p, key{}, p.languageOfMain)
	if err != nil {
		return c.C // what can't be read says so when something is looked for in it
	}
	return lang
}

func (p *Program) languageOfMain() (*c.Language, error) {
	for m, err := range p.modules.Informed() {
		if err != nil {
			return nil, err
		}
		main, ok, err := m.FindEntity([]debugdata.Kind{debugdata.Function}, "main", "")
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if lang, ok := main.Type.Language().(*c.Language); ok {
			return lang, nil
		}
	}
	return c.C, nil
}

// CoreDumpPath returns the file the program was opened from, or "".
func (p *Program) CoreDumpPath() string { return p.opened().CoreDumpPath }

// Types returns the set that makes the program's types.
func (p *Program) Types() *types.Set { return p.types }

// Memory returns the program's memory.
func (p *Program) Memory() *mem.Space { return p.mem }

// Setup is what a personality or an opener tells a program about what it has become.
type Setup struct {
	Platform     arch.Platform // ignored by a program that knows its own
	Flags        Flags
	CoreDumpPath string
	Personality  Personality
	Memory       []mem.Segment // each over those before it
	// Objects finds the personality's own objects, before the finders that are there; nil: none. An object in memory that it
	// finds stays where it is until debugging information is added; a value is asked for each time.
	Objects     ObjectFinder
	ObjectsName string       // of that finder
	Close       func() error // closes the target, see [Program.Close]; may be nil
}

// notOpened is the setup of a program that has no target.
var notOpened Setup

func (p *Program) opened() *Setup {
	if s := p.setup.Load(); s != nil {
		return s
	}
	return &notOpened
}

// CheckUnopened returns a *ValueError for a program that has a target already.
func (p *Program) CheckUnopened() error {
	if p.closed.Load() {
		return ErrClosed
	}
	if p.setup.Load() != nil {
		return &ValueError{Problem: "program memory was already initialized"}
	}
	return nil
}

// Setup makes the program what it is opened as, in one step: a program that Setup fails for is still what it was. A
// *ValueError says that it has been opened before: of two who open one program at the same time, one gets that.
func (p *Program) Setup(s Setup) error {
	p.committing.Lock()
	defer p.committing.Unlock()
	if err := p.CheckUnopened(); err != nil {
		return err
	}
	if s.Objects != nil {
		finder := finders.Named[ObjectFinder]{Name: s.ObjectsName, Find: s.Objects, Steady: true}
		if err := p.objectFinders.Add(finder, EnableFirst); err != nil {
			return err
		}
		defer p.generation.Add(1)
	}
	if err := p.mem.Add(s.Memory...); err != nil {
		if s.Objects != nil {
			p.objectFinders.Remove(s.ObjectsName)
		}
		return err
	}
	p.setPlatform(s.Platform)
	if l, ok := s.Personality.(ModuleLoader); ok {
		p.modules.SetLoader(l)
	}
	s.Memory = nil // it would keep a core mapped after Close
	p.setup.Store(&s)
	p.generation.Add(1)
	return nil
}

// Close closes the program: reading its memory and looking something up in it then fails with [ErrClosed]. It may be called
// at any time, while others use the program, too: what they find is right, or that error. It may be called more than once.
//
// Connections and descriptors are closed at once. A mapped file is unmapped when nobody can be reading it any more, which
// Go's garbage collector finds out: a core dump when nobody is in the middle of it, a debug file when no type that came
// from it is in use either. So are those of a program to which nothing refers any more and that was not closed. A type that
// is in use goes on saying what it is, and an object that is a value has it; what is said of modules stays, too.
func (p *Program) Close() error {
	p.committing.Lock()
	if p.closed.Swap(true) {
		p.committing.Unlock()
		return nil
	}
	s := p.opened()
	p.committing.Unlock()
	p.generation.Add(1)
	p.mem.Close()
	p.modules.Close()
	p.unwindTables.Clear()
	p.found.Store(nil)
	p.offsets.Clear()
	p.plans.Clear()
	if s.Close == nil {
		return nil
	}
	return s.Close()
}

// unlessClosed returns err, or ErrClosed if the program was closed while something was looked up: then what was found is
// not all there is.
func (p *Program) unlessClosed(err error) error {
	if p.closed.Load() {
		return ErrClosed
	}
	return err
}

// Personality returns what is known of the program by what it is, or nil.
func (p *Program) Personality() Personality { return p.opened().Personality }

// SetValue keeps a value with the program for a package above, such as what a personality is told before the program has
// a target. Keys are compared with ==; a type that is not exported keeps them apart from those of other packages.
func (p *Program) SetValue(key, value any) { p.values.Store(key, value) }

// Value returns what SetValue keeps under a key, or nil.
func (p *Program) Value(key any) any {
	v, _ := p.values.Load(key)
	return v
}

// AddressSize returns the size of an address in bytes.
func (p *Program) AddressSize() (uint64, error) {
	if !p.Platform().Known() {
		return 0, &ValueError{Problem: "program address size is not known"}
	}
	if p.Platform().Is64Bit() {
		return 8, nil
	}
	return 4, nil
}

func (p *Program) bigEndian() bool { return p.Platform().Known() && !p.Platform().IsLittleEndian() }

// Read returns size bytes of the program's memory; a *mem.FaultError names the first address that can't be read.
func (p *Program) Read(address, size uint64, physical bool) ([]byte, error) {
	if _, err := p.AddressSize(); err != nil {
		return nil, err
	}
	if size > maxObject {
		return nil, &ValueError{Problem: "cannot read more than 1 GiB at once"}
	}
	buf := make([]byte, size)
	if err := p.mem.Read(buf, address, physical); err != nil {
		return nil, err
	}
	return buf, nil
}

// ReadUint reads an unsigned integer of 1 to 8 bytes in the program's byte order. Another size is a *ValueError.
func (p *Program) ReadUint(address uint64, size int, physical bool) (uint64, error) {
	switch {
	case size < 1 || size > 8:
		return 0, &ValueError{Problem: fmt.Sprintf("integers have 1 to 8 bytes, not %d", size)}
	case !p.Platform().Known() && size > 1:
		return 0, &ValueError{Problem: "program byte order is not known"}
	case !p.Platform().Known():
		return 0, &ValueError{Problem: "program address size is not known"}
	}
	return p.mem.Uint(address, size, p.bigEndian(), physical)
}

// PointerTo returns the type of a pointer to t, which must be a type of the program.
func (p *Program) PointerTo(t *types.Type) *types.Type {
	size := uint64(8)
	if p.Platform().Known() && !p.Platform().Is64Bit() {
		size = 4
	}
	return p.types.Pointer(t.Language(), t, size, p.bigEndian())
}

func (p *Program) pointerName(t *types.Type) string { return p.PointerTo(t).String() }
