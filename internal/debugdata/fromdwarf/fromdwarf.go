// Package fromdwarf is the DWARF of a file as a source of debugging information.
package fromdwarf

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A Config says what [Open] reads.
type Config struct {
	File *placed.File
	Sup  *elf.File // the supplementary file of dwz, or nil
	Path string    // of the program that the file is of, beside which files of split DWARF may lie; may be ""

	Set *types.Set
	// Argument returns what the value parameter of a template stands for.
	Argument func(e debugdata.Entity) (any, error)
	// Read reads the program's memory, for the places of variables that depend on it.
	Read func(buf []byte, address uint64) error

	CacheDir string // directory of the index cache; "": no cache
}

// In says what the DWARF of a file can be asked; 0 where it has none.
func In(f *elf.File) debugdata.Has {
	if s := f.Section(".debug_info"); s == nil || !s.HasData() {
		return 0
	}
	has := debugdata.Types | debugdata.Functions
	if s := f.Section(".debug_line"); s != nil && s.HasData() {
		has |= debugdata.Sources
	}
	return has
}

// A source is the DWARF of a file. The bytes of the file live as long as somebody refers to the source or to a unit of it:
// what is exported keeps it alive until it is through, and gives nobody bytes of the file.
type source struct {
	*dwarf.File
	place *placed.File
	read  func(buf []byte, address uint64) error

	threadLocals func() (*threadLocals, error)
}

// TestHook is called before a file is opened, unless it is nil: tests hold that up.
var TestHook atomic.Pointer[func(f *placed.File)]

// Open opens the debugging information of a file. It is an [debugdata.Indexed].
func Open(cfg Config) (debugdata.Info, error) {
	return mem.Guarded(func() (debugdata.Info, error) { return openSource(cfg) })
}

func openSource(cfg Config) (debugdata.Info, error) {
	if hook := TestHook.Load(); hook != nil {
		(*hook)(cfg.File)
	}
	s := &source{place: cfg.File, read: cfg.Read}
	s.threadLocals = sync.OnceValues(func() (*threadLocals, error) { return readThreadLocals(cfg.File.ELF, maxThreadLocals) })
	main := s.config(&cfg, cfg.File)
	if cfg.Sup != nil {
		sup := s.config(&cfg, placed.At(cfg.Sup, 0, nil))
		if main.Cache.Identity == nil || sup.Cache.Identity == nil {
			main.Cache.Identity, sup.Cache.Identity = nil, nil
		} else { // each index depends on the other file: its names, and what is imported
			main.Cache.Identity, sup.Cache.Identity = slices.Concat(main.Cache.Identity, sup.Cache.Identity), slices.Concat(sup.Cache.Identity, main.Cache.Identity)
		}
		var err error
		if main.Sup, err = open(cfg.Sup, sup); err != nil {
			return nil, err
		}
	}
	main.Split = newSplitFinder(cfg.File.ELF, cfg.Path).find
	var err error
	if s.File, err = open(cfg.File.ELF, main); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *source) config(cfg *Config, f *placed.File) dwarf.Config {
	d := dwarf.Config{
		Name: f.ELF.Name, Big: f.ELF.Big, AddrSize: 4, Addresses: f, Load: func() (dwarf.Sections, error) { return sections(f) },
		Set: cfg.Set, C: c.C, CPP: c.CPP, Alignments: f.ELF.Platform().Alignments(),
		Cache:   dwarf.Cache{Dir: cfg.CacheDir, Identity: identity(f)},
		Release: f.ELF.Release,
		Argument: func(die dwarf.DIE, _ *types.Type) (any, error) {
			e, err := die.Unit.File.EntityOf(die)
			if err != nil {
				return nil, err
			}
			found, err := s.entity(&e)
			if err != nil {
				return nil, err
			}
			return cfg.Argument(found)
		},
	}
	if f.ELF.Is64 {
		d.AddrSize = 8
	}
	return d
}

// identity returns what the index of a file depends on, or nil if that is unknown.
func identity(f *placed.File) []byte {
	id := f.ELF.DebugIdentity()
	if id == nil || f.Layout() == nil {
		return id
	}
	for _, address := range f.Layout() {
		if address != 0 {
			return append(id, 1)
		}
	}
	return append(id, 0) // its sections are at 0
}

func open(f *elf.File, cfg dwarf.Config) (*dwarf.File, error) {
	file, err := dwarf.Open(cfg)
	if errors.As(err, new(*sectionError)) {
		return nil, err // which names the file
	}
	if bad, ok := err.(*bin.DecodeError); ok {
		err = bad.Beside(f.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read debugging information of %s: %w", f.Name, err)
	}
	return file, nil
}

// A sectionError says why a section can't be read: an error of the ELF file.
type sectionError struct{ err error }

func (e *sectionError) Error() string { return "cannot read debugging information: " + e.err.Error() }

func (e *sectionError) Unwrap() error { return e.err }

// sections returns the sections of debugging information; those of a relocatable file are relocated for the addresses that
// depend on the file alone.
func sections(file *placed.File) (s dwarf.Sections, err error) {
	var layout func(int) uint64
	f, addresses := file.ELF, file.Layout()
	if addresses != nil {
		layout = func(i int) uint64 { return addresses[i] }
	}
	for name, to := range map[string]*[]byte{
		".debug_info": &s.Info, ".debug_types": &s.Types, ".debug_abbrev": &s.Abbrev, ".debug_str": &s.Str,
		".debug_line_str": &s.LineStr, ".debug_str_offsets": &s.StrOffsets, ".debug_addr": &s.Addr, ".debug_line": &s.Line,
		".debug_ranges": &s.Ranges, ".debug_rnglists": &s.RngLists, ".debug_loc": &s.Loc, ".debug_loclists": &s.LocLists,
		".debug_aranges": &s.ARanges,
	} {
		section := f.Section(name)
		if section == nil || !section.HasData() {
			continue
		}
		if *to, err = f.RelocatedData(section, layout); err != nil {
			return s, &sectionError{err}
		}
	}
	return s, nil
}

// IndexNames implements [debugdata.Indexed].
func (s *source) IndexNames(report func(done, total uint64)) error {
	defer runtime.KeepAlive(s)
	return unreadable(s.place.ELF, mem.Guard(func() error { return s.File.IndexNames(report) }))
}

// unreadable says of an error in debugging information which file has it.
func unreadable(f *elf.File, err error) error {
	if bad, ok := err.(*bin.DecodeError); ok {
		err = bad.Beside(f.Name)
	}
	if errors.As(err, new(*bin.DecodeError)) {
		return fmt.Errorf("cannot read debugging information of %s: %w", f.Name, err)
	}
	return err
}

// Missing implements [debugdata.Split].
func (s *source) Missing() (n int, first string) {
	defer runtime.KeepAlive(s)
	list := s.File.Missing()
	if len(list) == 0 {
		return 0, ""
	}
	first = list[0].Why.Error()
	if !strings.Contains(first, list[0].Name) {
		first = fmt.Sprintf("%s: %s", list[0].Name, first)
	}
	return len(list), first
}

// FindType implements [debugdata.Info].
func (s *source) FindType(kinds types.KindSet, name, filename string) (*types.Type, error) {
	defer runtime.KeepAlive(s)
	return mem.Guarded(func() (*types.Type, error) {
		t, err := s.File.FindType(kinds, name, filename)
		if err == nil && t != nil {
			err = check(t)
		}
		return t, err
	})
}

// check returns what is wrong with the type that a name was found to have: it is said where the name is looked up, not only where a
// member is. A member whose place can't be told without an object is no reason to refuse the type: its name and size are known.
func check(t *types.Type) error {
	if err := t.CheckDetails(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// Definition implements [debugdata.Info].
func (s *source) Definition(kinds types.KindSet, name string) (t *types.Type, several bool, err error) {
	defer runtime.KeepAlive(s)
	err = mem.Guard(func() (err error) {
		t, several, err = s.File.Definition(kinds, name)
		return err
	})
	return t, several, err
}

// FindEntity implements [debugdata.Info].
func (s *source) FindEntity(kind debugdata.Kind, name, filename string, prefer func(uint64) (int, bool)) (debugdata.Entity, bool, error) {
	defer runtime.KeepAlive(s)
	var inFile func(uint64) (int, bool)
	if prefer != nil {
		inFile = func(address uint64) (int, bool) {
			if at, ok := s.place.ToProgram(address); ok {
				return prefer(at)
			}
			return 0, false
		}
	}
	kinds := [...]dwarf.EntityKind{debugdata.Variable: dwarf.EntityVariable, debugdata.Function: dwarf.EntityFunction, debugdata.Constant: dwarf.EntityConstant}
	return s.find(func() (dwarf.Entity, bool, error) { return s.File.FindEntity(kinds[kind], name, filename, inFile) })
}

// EachName implements [debugdata.Info].
func (s *source) EachName(f func(of debugdata.NameOf, name []byte) bool) error {
	defer runtime.KeepAlive(s)
	return mem.Guard(func() error { return s.File.EachName(f) })
}

// find says where the entity is that look finds.
func (s *source) find(look func() (dwarf.Entity, bool, error)) (found debugdata.Entity, ok bool, err error) {
	err = mem.Guard(func() error {
		e, there, err := look()
		if err == nil && there {
			found, err = s.entity(&e)
			ok = err == nil
		}
		return err
	})
	return found, ok, err
}

// entity says where an entity at the top level is.
func (s *source) entity(e *dwarf.Entity) (debugdata.Entity, error) {
	to := debugdata.Entity{Type: e.Type, Where: debugdata.OptimizedOut}
	if err := check(e.Type); err != nil {
		return to, err
	}
	switch {
	case e.HasAddress:
		var ok bool
		if to.Address, ok = s.place.ToProgram(e.Address); ok {
			to.Where = debugdata.InMemory
		} else {
			to.Where = debugdata.Declared // its section was not loaded
		}
	case e.HasValue:
		to.Where, to.Number = debugdata.IsNumber, e.Value
	case e.Bytes != nil:
		to.Where, to.Bytes = debugdata.IsBytes, bytes.Clone(e.Bytes)
	case e.Expr != nil:
		return s.located(e.DIE, e.Type, 0, nil, dwarfFrame{noFrame{s.read}})
	case len(e.Instances) > 0:
		to.Where, to.Copies = debugdata.ByAddress, len(e.Instances)
		for _, pc := range e.Instances {
			if at, ok := s.place.ToProgram(pc); ok {
				to.Candidates = append(to.Candidates, at)
			}
		}
	default:
		if own, ok, err := s.threadLocal(e.DIE, e.Type, false); ok || err != nil {
			return own, err
		}
	}
	return to, nil
}

// located says where a variable is by its location at pc.
func (s *source) located(die dwarf.DIE, t *types.Type, pc uint64, fn *dwarf.Function, frame dwarf.Frame) (debugdata.Entity, error) {
	loc, err := s.locate(die, pc, fn, frame)
	if err != nil {
		return debugdata.Entity{Type: t}, err
	}
	if loc.Absence == dwarf.OptimizedOut {
		if own, ok, err := s.threadLocal(die, t, fn != nil); ok || err != nil {
			return own, err
		}
	}
	where := parts{source: s, loc: loc, pc: pc, fn: fn, frame: frame}
	return where.entity(t, t.BitSize)
}

func absence(a dwarf.Absence) debugdata.Where {
	switch a {
	case dwarf.NotImplemented:
		return debugdata.NotImplemented
	case dwarf.Declared:
		return debugdata.Declared
	case dwarf.ThreadLocal:
		return debugdata.ThreadLocal
	}
	return debugdata.OptimizedOut
}
