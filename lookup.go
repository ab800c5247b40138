package drgn

import (
	"errors"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/finders"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// A TypeFinder gives the type of one of the kinds with a name or tag, defined in a file whose path ends in filename (""
// is any). It returns ErrNotFound, or nil, when it knows none.
type TypeFinder func(p *Program, kinds types.KindSet, name, filename string) (*types.Type, error)

// An ObjectFinder gives the object of one of the kinds in flags with a name, in a file whose path ends in filename. It
// returns ErrNotFound when it knows none.
type ObjectFinder func(p *Program, name string, flags FindObjectFlags, filename string) (Object, error)

// FindObjectFlags say what kinds of objects are looked for.
type FindObjectFlags uint8

// The kinds of objects.
const (
	FindConstant FindObjectFlags = 1 << iota
	FindFunction
	FindVariable
	FindAny = FindConstant | FindFunction | FindVariable
)

// Where a new finder comes among the enabled ones, besides an index.
const (
	EnableFirst = finders.First
	EnableLast  = finders.Last
	Disabled    = finders.Disabled
)

// RegisterTypeFinder adds a type finder; at is its place among the enabled finders: an index, EnableLast or Disabled.
func (p *Program) RegisterTypeFinder(name string, fn TypeFinder, at int) error {
	defer p.generation.Add(1)
	return p.typeFinders.Register(name, fn, at)
}

// RegisterObjectFinder adds an object finder; at is its place among the enabled ones: an index, EnableLast or Disabled.
func (p *Program) RegisterObjectFinder(name string, fn ObjectFinder, at int) error {
	defer p.generation.Add(1)
	return p.objectFinders.Register(name, fn, at)
}

// A FinderKind names one of the program's lists of finders.
type FinderKind uint8

// The lists of finders.
const (
	TypeFinders FinderKind = iota
	ObjectFinders
	SymbolFinders
	DebugInfoFinders
)

// RegisteredFinders returns the names of all finders of a kind, sorted.
func (p *Program) RegisteredFinders(k FinderKind) []string {
	switch k {
	case TypeFinders:
		return p.typeFinders.Names()
	case ObjectFinders:
		return p.objectFinders.Names()
	case DebugInfoFinders:
		return p.debug.Finders.Names()
	}
	return p.symbolFinders.Names()
}

// EnabledFinders returns the names of the finders of a kind that are asked, in order.
func (p *Program) EnabledFinders(k FinderKind) []string {
	switch k {
	case TypeFinders:
		return p.typeFinders.EnabledNames()
	case ObjectFinders:
		return p.objectFinders.EnabledNames()
	case DebugInfoFinders:
		return p.debug.Finders.EnabledNames()
	}
	return p.symbolFinders.EnabledNames()
}

// EnableFinders sets which finders of a kind are asked, in order.
func (p *Program) EnableFinders(k FinderKind, names []string) error {
	defer p.generation.Add(1)
	switch k {
	case TypeFinders:
		return p.typeFinders.Enable(names)
	case ObjectFinders:
		return p.objectFinders.Enable(names)
	case DebugInfoFinders:
		return p.debug.Finders.Enable(names)
	}
	return p.symbolFinders.Enable(names)
}

// Type returns the type of a name: "unsigned long", "struct foo *(*)[2]". A missing one is a *TypeNotFoundError, an
// ill-formed name a *c.SyntaxError.
func (p *Program) Type(name string) (*types.Type, error) { return p.TypeIn(name, "") }

// TypeIn returns the type of a name that is defined in a file whose path ends in filename.
func (p *Program) TypeIn(name, filename string) (*types.Type, error) {
	key := name
	if filename != "" {
		key += "\x00" + filename
	}
	now := p.now()
	if t, ok := now.names.Load(key); ok {
		return t, nil
	}
	t, err := p.language().ParseTypeName(name, typeLookup{p, filename})
	if err = p.unlessClosed(err); err != nil {
		var missing *c.NotFoundError
		if errors.As(err, &missing) {
			return nil, &TypeNotFoundError{Name: missing.Name, TypeName: name, Filename: filename, NoDebugInfo: p.modules.LackTypes()}
		}
		return nil, err
	}
	return now.names.LoadOrStore(key, t), nil
}

// typeLookup finds the parts of a type name in a program.
type typeLookup struct {
	p        *Program
	filename string
}

// Find asks the finders in their order.
func (l typeLookup) Find(kinds types.KindSet, name string) (*types.Type, error) {
	for _, f := range l.p.typeFinders.Enabled() {
		t, err := f.Find(l.p, kinds, name, l.filename)
		if errors.Is(err, ErrNotFound) || err == nil && t == nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		if t.Set() != l.p.types {
			return nil, &ValueError{Problem: "type find callback returned type from wrong program"}
		}
		if !kinds.Has(t.Kind()) {
			return nil, &TypeError{Problem: "type find callback returned wrong kind of type"}
		}
		return t, nil
	}
	return nil, nil
}

func (l typeLookup) BigEndian() bool { return l.p.bigEndian() }

// Primitive asks the finders under each spelling; what none knows is as usual on the platform,
// and C's in C++ too.
func (l typeLookup) Primitive(prim types.Primitive) (*types.Type, error) {
	if prim == types.CVoid {
		return l.p.types.Void(c.C), nil
	}
	if t, err := c.FindPrimitive(prim, l.Find); t != nil || err != nil {
		return t, err
	}
	size, err := l.p.AddressSize()
	if err != nil && !prim.HasWordSize() {
		err = &ValueError{Problem: "program byte order is not known"} // their sizes are the same everywhere
	}
	if err != nil {
		return nil, err
	}
	return c.Model{PointerSize: size, BigEndian: l.p.bigEndian()}.Derive(l.p.types, prim, l.Primitive)
}

// Pointer returns the type of pointers to elem.
func (l typeLookup) Pointer(elem *types.Type) (*types.Type, error) {
	if _, err := l.p.AddressSize(); err != nil {
		return nil, err
	}
	return l.p.PointerTo(elem), nil
}

// Primitive returns one of C's own types as the program has it.
func (p *Program) Primitive(prim types.Primitive) (*types.Type, error) {
	now := p.now()
	if t, ok := now.names.Load(prim); ok {
		return t, nil
	}
	t, err := typeLookup{p, ""}.Primitive(prim)
	if err = p.unlessClosed(err); err == nil {
		t = now.names.LoadOrStore(prim, t)
	}
	return t, err
}

// A TypeLike is what names a type: its name or the type itself.
type TypeLike interface{ string | *types.Type }

// ResolveType returns the type that t names in the program.
func ResolveType[T TypeLike](p *Program, t T) (*types.Type, error) {
	if p == nil {
		return nil, &ValueError{Problem: "no program"} // that of a failed object
	}
	if name, ok := any(t).(string); ok {
		return p.Type(name)
	}
	typ := any(t).(*types.Type)
	if typ == nil || typ.Set() != p.types {
		return nil, &ValueError{Problem: "type is from another program"}
	}
	return typ, nil
}

// Object returns the variable, function or constant of a name; a missing one is an *ObjectNotFoundError.
func (p *Program) Object(name string) Object { return p.FindObject(name, FindAny, "") }

// Variable returns the variable of a name.
func (p *Program) Variable(name string) Object { return p.FindObject(name, FindVariable, "") }

// Constant returns the constant (enumerator, macro) of a name.
func (p *Program) Constant(name string) Object { return p.FindObject(name, FindConstant, "") }

// Function returns the function of a name.
func (p *Program) Function(name string) Object { return p.FindObject(name, FindFunction, "") }

// objectKey is what an object is looked for by.
type objectKey struct {
	name, filename string
	flags          FindObjectFlags
}

// FindObject returns the object of one of the kinds in flags that has a name, in a file whose path ends in filename ("" is
// any).
//
// What the program's own finders find in memory, or in debugging information, is remembered for one generation: where it
// lies, not what is there. A finder that somebody has registered is asked each time, and so are those after it.
func (p *Program) FindObject(name string, flags FindObjectFlags, filename string) Object {
	key, now := objectKey{name, filename, flags}, p.now()
	o, ok := now.objects.Load(key)
	if !ok {
		var keep bool
		if o, keep = p.findObject(key); keep {
			now.objects.LoadOrStore(key, o)
		}
	}
	if o == (Object{}) {
		kind := map[FindObjectFlags]string{FindConstant: "constant", FindFunction: "function", FindVariable: "variable"}[flags]
		missing := &ObjectNotFoundError{Kind: kind, Name: name, Filename: filename, NoDebugInfo: p.modules.LackTypes()}
		if why, ok := p.Personality().(interface{ WhyNoObject(*Program, string) string }); ok && filename == "" {
			missing.Note = why.WhyNoObject(p, name)
		}
		return Failed(missing)
	}
	return o
}

// findObject asks the object finders; the zero Object is none. keep says whether they would find the same again in the same
// generation.
func (p *Program) findObject(key objectKey) (_ Object, keep bool) {
	keep = p.symbolFinders.AllSteady() // which the object finders may ask
	for _, f := range p.objectFinders.Enabled() {
		keep = keep && f.Steady
		o, err := f.Find(p, key.name, key.flags, key.filename)
		if err == nil {
			err = o.Err()
		}
		err = p.unlessClosed(err)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return Failed(err), false
		}
		if o.prog != p {
			return Failed(&ValueError{Problem: "objects are from different programs"}), false
		}
		if at, inMemory := o.Address(); inMemory && !p.modules.Stays(at) || !inMemory && f.Name != debugObjects {
			keep = false // the value may come from memory
		}
		return o, keep
	}
	if err := p.unlessClosed(nil); err != nil {
		return Failed(err), false
	}
	return Object{}, keep
}

// Remembers reports whether [Program.Object] says the same of a name each time, until [Program.Generation] changes.
func (p *Program) Remembers(name string) bool {
	_, ok := p.now().objects.Load(objectKey{name: name, flags: FindAny})
	return ok
}

// FilenameMatches reports whether a path ends in the components of needle, as finders are to compare filenames: "list.h" and
// "linux/list.h" match "include/linux/list.h", "st.h" does not. A needle that begins with a slash must be all of the path; an
// empty one matches any. Both are cleaned first: "a/../b.h" is "b.h".
func FilenameMatches(haystack, needle string) bool { return debugdata.PathMatches(haystack, needle) }
