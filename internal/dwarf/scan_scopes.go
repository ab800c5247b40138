package dwarf

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/godrgn/drgn/internal/lock"
)

// declaredIn is the declarations of the present unit with the scopes that they are in, in the order of the file, and those of other units.
type declaredIn struct {
	met    []scopeOfDIE // by the pass so far: all DIEs that it looks at
	known  bool         // list was made: a DIE was wanted that the pass had not met
	list   []scopeOfDIE
	others map[unitAt][]scopeOfDIE
	kept   int // declarations in others
	read   int // declarations that ever were
}

// A scopeOfDIE is a declaration and the scope that it is in.
type scopeOfDIE struct {
	off   uint64
	scope uint32
}

// A unitAt says which unit one is.
type unitAt struct {
	file *File
	off  uint64
}

// A scanner keeps the scopes of so many declarations of other units, and looks at so many in all.
const (
	maxOthersKept = 1 << 21
	maxOthersRead = 1 << 26
)

// scopeOf returns the scope of the DIE at an offset in the present unit or in another one.
func (s *scanner) scopeOf(u *Unit, off uint64, otherwise uint32) (uint32, error) {
	if u.File == s.f && u.Off == s.u.Off {
		if scope, ok := scopeIn(s.scopesOf.met, off); ok { // most declarations come before what refers to them
			return scope, nil
		}
		if n := len(s.scopesOf.met); s.nests && n > 0 && off < s.scopesOf.met[n-1].off { // it was passed over: it is in a function
			return otherwise, nil
		}
	}
	list, err := s.scopesIn(u)
	if err != nil {
		return 0, err
	}
	if scope, ok := scopeIn(list, off); ok {
		return scope, nil
	}
	return otherwise, nil
}

func scopeIn(list []scopeOfDIE, off uint64) (scope uint32, ok bool) {
	i, ok := slices.BinarySearchFunc(list, off, func(o scopeOfDIE, off uint64) int { return cmp.Compare(o.off, off) })
	if !ok {
		return 0, false
	}
	return list[i].scope, true
}

// scopesIn returns the declarations of a unit with their scopes.
func (s *scanner) scopesIn(u *Unit) ([]scopeOfDIE, error) {
	at := unitAt{u.File, u.Off}
	own := at == unitAt{s.f, s.u.Off}
	if own && s.scopesOf.known {
		return s.scopesOf.list, nil
	}
	if list, ok := s.scopesOf.others[at]; ok && !own {
		return list, nil
	}
	root, err := u.Root()
	if err != nil {
		return nil, err
	}
	if own {
		s.scopesOf.known, s.scopesOf.list = true, s.scopesOf.list[:0]
		err := s.mapScopes(&s.scopesOf.list, root, 0, 0)
		return s.scopesOf.list, err
	}
	var list []scopeOfDIE
	if err := s.mapScopes(&list, root, 0, 0); err != nil {
		return nil, err
	}
	o := &s.scopesOf
	if o.read += len(list) + 1; o.read > maxOthersRead {
		return nil, s.fail("references to too many declarations of other units")
	}
	if o.kept += len(list) + 1; o.others == nil || o.kept > maxOthersKept {
		o.others, o.kept = map[unitAt][]scopeOfDIE{}, len(list)+1
	}
	o.others[at] = list
	return list, nil
}

// namespace returns the scope that a namespace is. What GCC optimizes as a whole program has namespaces that refer to those of the files it is
// made of, and have no name of their own.
func (s *scanner) namespace(r *record, parent uint32) (uint32, error) {
	inline := r.has(wantExport)
	if r.ref.Form != 0 {
		if _, err := s.inherit(r, 0); err != nil {
			return 0, err
		}
		d, err := r.ref.DIE()
		if err != nil {
			return 0, err
		}
		if inline, err = d.Flag(AttrExportSymbols); err != nil {
			return 0, err
		}
	}
	switch {
	case !r.nameOK:
		return s.scope(parent, anonymousNamespace), nil
	case inline:
		return s.scopeNamed(parent, inlineNamespace, r.name)
	}
	return s.scopeNamed(parent, "", r.name)
}

// namedScope is a scope by where its name is.
type namedScope struct {
	parent uint32
	inline bool // namespace
	name   uint64
}

// scopeNamed is scope for a name as a DIE has it, before which comes a prefix. Names in .debug_str are remembered by where they are.
func (s *scanner) scopeNamed(parent uint32, prefix string, name nameRef) (uint32, error) {
	key := namedScope{parent, prefix != "", name.key}
	if n, ok := s.scopeNums[key]; ok {
		return n, nil
	}
	b, err := s.text(name)
	if err != nil {
		return 0, err
	}
	n := s.scope(parent, prefix+string(b))
	if name.key&inlineName == 0 && len(s.scopeNums) < maxScopeNums {
		s.scopeNums[key] = n
	}
	return n, nil
}

// maxScopeNums bounds how many scopes a scanner remembers.
const maxScopeNums = 1 << 20

// mapScopes appends each declaration below d with its scope, in the order in which they lie in the file.
func (s *scanner) mapScopes(to *[]scopeOfDIE, d DIE, scope uint32, depth int) error {
	if depth > maxScopes {
		return s.fail("namespaces nest more than %d deep", maxScopes)
	}
	for c, err := range d.Children() {
		if err != nil {
			return err
		}
		switch c.Tag {
		case TagSubprogram, TagVariable, TagMember:
			*to = append(*to, scopeOfDIE{c.Off, scope})
		case TagNamespace, TagStructureType, TagClassType, TagUnionType:
			*to = append(*to, scopeOfDIE{c.Off, scope})
			name, err := c.scopeName()
			if err != nil {
				return err
			}
			if name == "" {
				continue
			}
			if c.Tag == TagNamespace {
				if inline, err := c.Flag(AttrExportSymbols); err != nil {
					return err
				} else if inline && name != anonymousNamespace {
					name = inlineNamespace + name
				}
			}
			if err := s.mapScopes(to, c, s.scope(scope, name), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameScopes returns the number of the scope that stands for each scope: a namespace that one unit says to be inline is so in all of
// them (C++20, [namespace.def]), and dwz leaves that out where it moves what is in it.
func (sh *shared) sameScopes() []uint32 {
	first := map[scopeKey]uint32{}
	same := make([]uint32, len(sh.scopeTab)+1)
	for i, k := range sh.scopeTab { // parents come before what is in them
		plain, inline := strings.CutPrefix(k.name, inlineNamespace)
		at := scopeKey{same[k.parent], plain}
		n, ok := first[at]
		if !ok {
			n = uint32(i + 1)
			first[at] = n
		}
		sh.scopeTab[i].parent = at.parent
		if same[i+1] = n; inline {
			sh.scopeTab[n-1].name = k.name
		}
	}
	return same
}

// inlines is the inline namespaces of a file, qualified.
type inlines struct {
	once  lock.Once
	names map[string]bool
}

// inlineFor reports whether the file to which this one is supplementary says that a namespace is inline: it is moved here without that.
func (f *File) inlineFor(scope uint32) bool {
	main := f.byName.main
	if main == nil || main.byName.index.Load() == nil {
		return false
	}
	main.byName.inline.once.Do(func() {
		ix := main.byName.index.Load()
		main.byName.inline.names = map[string]bool{}
		for n := range uint32(len(ix.scopes) / 8) {
			if _, name := ix.scope(n + 1); bytes.HasPrefix(name, []byte(inlineNamespace)) {
				main.byName.inline.names[string(main.appendScope(nil, n+1, maxScopes))] = true
			}
		}
	})
	return main.byName.inline.names[string(f.appendScope(nil, scope, maxScopes))]
}
