// Package frombtf is BTF as a source of debugging information: the types that a kernel carries with it, its functions and
// those variables that it lists. BTF has no source files and no addresses: symbols say where functions and variables lie.
//
// What BTF can't tell, and what is made of it:
//   - An array of no elements is of unknown length if it is the last member of a structure but not its only one, or stands
//     alone, and of length 0 elsewhere, as from DWARF.
//   - Whether char is signed is not in BTF that pahole made before 1.24, which shows by a signed char that is not:
//     [Config.SignedChar] says. That of an enumeration is not either: it is signed if a value of it is a small negative number,
//     as 32 bits of all ones are taken for, too, or if it begins with the least int and goes on with 0.
//   - Arrays of several dimensions are of one in BTF that pahole made before 1.28 or so: int [2][3] is int [6].
//   - The integer type that an enumeration is compatible with is told by size and sign only.
package frombtf

import (
	"runtime"
	"sync"

	"github.com/godrgn/drgn/internal/btf"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A Config says what [Open] reads.
type Config struct {
	Name string // of what the bytes are from, for errors
	Data []byte // BTF; it is kept
	Keep any    // what the bytes live as long as, or nil
	// Base returns what split BTF is split from; nil for BTF that is not split. It is called once.
	Base func() (*Source, error)
	// Distilled is the part of its base that split BTF was made with (.BTF.base, since v6.11), or nil: types are then found in
	// the base by their names and sizes.
	Distilled []byte

	Set         *types.Set
	PointerSize uint64 // in bytes
	SignedChar  bool   // char is signed, if the BTF does not say
}

// In says what the BTF of a file can be asked; 0 where it has none.
func In(f *elf.File) debugdata.Has {
	if s := f.Section(".BTF"); s != nil && s.HasData() {
		return debugdata.Types
	}
	return 0
}

// IsSplit reports whether BTF is split from a base.
func IsSplit(data []byte) bool { return btf.IsSplit(data) }

// A Source is BTF whose types are made in a set, each once. It is a [debugdata.Info].
type Source struct {
	cfg       Config
	file      *btf.File
	base      *Source // of split BTF, else nil
	distilled bool    // the types are to be found in base
	char      bool    // char is signed
	oldEnums  bool    // no enumeration says whether it is signed

	// prefer returns the type of another source that stands for one of BTF, if they are the same, or nil; may be nil.
	prefer func(kind types.Kind, tag string) (*types.Type, error)

	types sync.Map // btf.ID → *types.Type: of the file's own types
}

// Open checks BTF. Errors are *failure.DecodeError, *btf.IDError and *btf.BaseError.
func Open(cfg Config) (*Source, error) {
	return mem.Guarded(func() (*Source, error) { return open(cfg) })
}

func open(cfg Config) (*Source, error) {
	s := &Source{cfg: cfg}
	defer runtime.KeepAlive(s)
	var base *btf.File
	if cfg.Base != nil {
		var err error
		if s.base, err = cfg.Base(); err != nil {
			return nil, err
		}
		if cfg.Distilled != nil {
			if s.base, err = s.distill(s.base); err != nil {
				return nil, err
			}
		}
		base = s.base.file
	}
	var err error
	if s.file, err = btf.Open(cfg.Name, cfg.Data, base); err != nil {
		return nil, err
	}
	s.char, s.oldEnums = s.conventions()
	return s, nil
}

// distill opens the part of its base that split BTF was made with.
func (s *Source) distill(base *Source) (*Source, error) {
	d := &Source{cfg: s.cfg, base: base, distilled: true}
	d.cfg.Name, d.cfg.Data = s.cfg.Name+" (.BTF.base)", s.cfg.Distilled
	var err error
	d.file, err = btf.Open(d.cfg.Name, d.cfg.Data, nil)
	d.char, d.oldEnums = base.char, base.oldEnums
	return d, err
}

// conventions finds out what the program that made the BTF left out.
func (s *Source) conventions() (charSigned, oldEnums bool) {
	if s.base != nil {
		return s.base.char, s.base.oldEnums
	}
	charSigned = s.cfg.SignedChar
	for t := range s.file.Find(btf.KindsOf(btf.Int), "signed char") {
		if e, _, _ := t.Int(); e&btf.Signed == 0 {
			continue
		}
		for t := range s.file.Find(btf.KindsOf(btf.Int), "char") {
			e, _, _ := t.Int()
			charSigned = e&btf.Signed != 0
		}
	}
	for t := range s.file.All(btf.KindsOf(btf.Enum, btf.Enum64)) {
		if t.Flag || t.Kind == btf.Enum64 {
			return charSigned, false
		}
	}
	return charSigned, true
}

// Prefer has the structures and unions of another source of the same program stand for those that are the same; other returns the
// one of a tag, or nil. It must be called before the first type is asked for.
func (s *Source) Prefer(other func(kind types.Kind, tag string) (*types.Type, error)) {
	s.prefer = other
}

// File returns what is read.
func (s *Source) File() *btf.File { return s.file }

// kindsOf are the kinds in BTF of types of a program.
func kindsOf(kinds types.KindSet) (ks btf.KindSet) {
	for kind, of := range map[types.Kind]btf.KindSet{
		types.Int: btf.KindsOf(btf.Int), types.Bool: btf.KindsOf(btf.Int), types.Float: btf.KindsOf(btf.Float, btf.Int),
		types.Struct: btf.KindsOf(btf.Struct), types.Union: btf.KindsOf(btf.Union),
		types.Enum: btf.KindsOf(btf.Enum, btf.Enum64), types.Typedef: btf.KindsOf(btf.Typedef),
	} {
		if kinds.Has(kind) {
			ks |= of
		}
	}
	return ks
}

// FindType implements [debugdata.Info].
func (s *Source) FindType(kinds types.KindSet, name, filename string) (*types.Type, error) {
	defer runtime.KeepAlive(s)
	if !debugdata.PathMatches("", filename) {
		return nil, nil // which file a type is from is not known
	}
	return mem.Guarded(func() (*types.Type, error) {
		names := []string{name}
		if p := types.SpelledPrimitive(name); p >= types.CShort && p <= types.CUnsignedLongLong {
			names = p.Spellings()
		}
		for _, name := range names {
			for t := range s.file.Find(kindsOf(kinds), name) {
				made, err := s.typeOf(t.ID, 0)
				if err != nil || kinds.Has(made.Kind()) && (made.IsComplete() || made.Kind() == types.Typedef) {
					return made, err
				}
			}
		}
		return nil, nil
	})
}

// Definition implements [debugdata.Info].
func (s *Source) Definition(kinds types.KindSet, name string) (t *types.Type, several bool, err error) {
	defer runtime.KeepAlive(s)
	err = mem.Guard(func() (err error) {
		t, several, err = s.definition(kindsOf(kinds), name, 0)
		return err
	})
	return t, several, err
}

// Unnamed returns the structures without a tag that have members of these names, all of them in this order and no others; those of
// a base are not among them.
func (s *Source) Unnamed(members ...string) (found []*types.Type, err error) {
	defer runtime.KeepAlive(s)
	err = mem.Guard(func() error {
	structures:
		for t := range s.file.All(btf.KindsOf(btf.Struct)) {
			if t.Name() != "" || t.Count() != len(members) {
				continue
			}
			for i, name := range members {
				m, err := t.Member(i)
				if err != nil {
					return err
				}
				if m.Name != name {
					continue structures
				}
			}
			made, err := s.typeOf(t.ID, 0)
			if err != nil {
				return err
			}
			found = append(found, made)
		}
		return nil
	})
	return found, err
}

// EachName implements [debugdata.Info].
func (s *Source) EachName(f func(of debugdata.NameOf, name []byte) bool) error {
	defer runtime.KeepAlive(s)
	return mem.Guard(func() error {
		for t := range s.file.All(btf.ByName) {
			of, ok := namesOf[t.Kind]
			if name := t.NameBytes(); ok && len(name) > 0 && !f(of, name) {
				return nil
			}
			if t.Kind != btf.Enum && t.Kind != btf.Enum64 {
				continue
			}
			for i := range t.Count() {
				e, err := t.Enumerator(i)
				if err != nil {
					return err
				}
				if !f(debugdata.NameOf{Entity: debugdata.Constant}, []byte(e.Name)) {
					return nil
				}
			}
		}
		return nil
	})
}

// namesOf says what types of BTF are the names of.
var namesOf = map[btf.Kind]debugdata.NameOf{
	btf.Int: {IsType: true, Type: types.Int}, btf.Float: {IsType: true, Type: types.Int}, btf.Struct: {IsType: true, Type: types.Struct},
	btf.Union: {IsType: true, Type: types.Union}, btf.Enum: {IsType: true, Type: types.Enum}, btf.Enum64: {IsType: true, Type: types.Enum},
	btf.Typedef: {IsType: true, Type: types.Typedef}, btf.Func: {Entity: debugdata.Function}, btf.Var: {Entity: debugdata.Variable},
}

// FindEntity implements [debugdata.Info]: of functions and variables only symbols know where they lie.
func (s *Source) FindEntity(kind debugdata.Kind, name, filename string, _ func(uint64) (int, bool)) (e debugdata.Entity, ok bool, err error) {
	defer runtime.KeepAlive(s)
	if !debugdata.PathMatches("", filename) {
		return e, false, nil
	}
	err = mem.Guard(func() error {
		e, ok, err = s.entity(kind, name)
		return err
	})
	return e, ok && err == nil, err
}

func (s *Source) entity(kind debugdata.Kind, name string) (debugdata.Entity, bool, error) {
	if kind == debugdata.Constant {
		t, _, ok, err := s.file.FindEnumerator(name)
		if !ok || err != nil {
			return debugdata.Entity{}, false, err
		}
		if cut(&t) {
			return debugdata.Entity{}, false, t.Fail("the value of %s is not known: this BTF has only 32 bits of 64", name)
		}
		return s.constant(t.ID, name)
	}
	of := btf.Var
	if kind == debugdata.Function {
		of = btf.Func
	}
	for t := range s.file.Find(btf.KindsOf(of), name) {
		made, err := s.typeOf(t.Of, 0)
		return debugdata.Entity{Type: made, Where: debugdata.ByName}, err == nil, err
	}
	return debugdata.Entity{}, false, nil
}

// constant returns an enumerator of an enumeration that has it.
func (s *Source) constant(id btf.ID, name string) (debugdata.Entity, bool, error) {
	made, err := s.typeOf(id, 0)
	if err != nil {
		return debugdata.Entity{}, false, err
	}
	all, err := made.Enumerators()
	for _, e := range all {
		if e.Name == name {
			return debugdata.Entity{Type: made, Where: debugdata.IsNumber, Number: e.Value}, true, nil
		}
	}
	return debugdata.Entity{}, false, err
}
