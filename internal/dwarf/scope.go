package dwarf

import (
	"cmp"
	"slices"
	"sort"
	"sync"

	"github.com/godrgn/drgn/internal/demangle"
	"github.com/godrgn/drgn/internal/lock"
)

// A Function is a function, or the instance of one that was inlined, whose code contains an address.
type Function struct {
	DIE    DIE    // DW_TAG_subprogram or DW_TAG_inlined_subroutine
	Outer  DIE    // DW_TAG_subprogram that it was inlined into, or DIE itself: it has the frame base
	Name   string // DW_AT_name of the function or of what it is an instance of
	Inline bool
	// CallFile, CallLine and CallColumn say where an inlined function was called. CallFile is an index for the file
	// table of the unit's line program; zero line or column: not stated.
	CallFile, CallLine, CallColumn uint64
	// Scopes are the function's DIE and the DW_TAG_lexical_block DIEs in it that contain the address, outermost first.
	Scopes []DIE
}

// LinkageName returns the name that the linker knows the function by, "" when it is not stated.
func (fn *Function) LinkageName() (string, error) {
	for _, at := range []Attr{AttrLinkageName, AttrMIPSLinkageName} {
		v, err := fn.DIE.Inherited(at)
		if err != nil {
			return "", err
		}
		if v.Exists() {
			b, err := v.Bytes()
			return string(b), err
		}
	}
	return "", nil
}

// Title returns the function's name with the namespaces and classes around it, as its language writes it: "outer::Chain<int>::run". In C
// it is Name.
func (fn *Function) Title() (string, error) {
	titles := &fn.DIE.Unit.File.scopes.titles
	if title, ok := titles.load(fn.DIE.Off); ok {
		return title, nil
	}
	title, err := fn.title()
	if err != nil {
		return "", err
	}
	return titles.add(fn.DIE.Off, title, maxPlaces), nil
}

func (fn *Function) title() (string, error) {
	info, err := fn.DIE.Unit.Info()
	if err != nil || fn.Name == "" || info.Language.isC() || info.Language == langAssembler {
		return fn.Name, err
	}
	linkage, err := fn.LinkageName()
	if err != nil {
		return "", err
	}
	if name, ok := demangle.Function(linkage); ok {
		return name, nil
	}
	d, err := fn.DIE.declaration()
	if err != nil {
		return "", err
	}
	return d.qualify(fn.Name)
}

// scopes finds functions and source lines by address. Everything in it is made when first asked for.
type scopes struct {
	functions sync.Map            // offset of a unit → *unitFunctions; as many as there are units
	lines     bounded[*unitLines] // by offset in .debug_line
	places    bounded[*place]     // by address
	calls     bounded[*CallSite]  // by the address of the program that is returned to; of no DIE: there is none
	jumps     bounded[*CallSite]  // the same of tail calls, by the address of the jump
	tails     bounded[bool]       // by offset of a function: see tailCallsItself
	titles    bounded[string]     // by offset of a function: in large classes many are passed over before what encloses it is known
}

// maxPlaces bounds how many addresses are remembered with their functions, maxLineTables how many line tables are: those
// of a kernel have some 100 KiB each.
const (
	maxPlaces     = 1 << 14
	maxLineTables = 128
)

// A place is what is known of an address.
type place struct {
	functions []Function
	unit      *Unit // nil: no unit has the address

	once    lock.Once
	sources []Source
	err     error
}

// A span is a range of addresses that belongs to something.
type span struct {
	low, high uint64
	of        uint64 // offset of a DIE
	reach     uint64 // the highest high of the spans up to this one
}

// spans are sorted by low.
type spans []span

// sort sorts the spans and prepares them for find. Of those that start at one address the shortest comes last;
// of several names for one function, which assemblers make, the first.
func (s spans) sort() {
	slices.SortStableFunc(s, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(b.high, a.high), cmp.Compare(b.of, a.of))
	})
	reach := uint64(0)
	for i := range s {
		reach = max(reach, s[i].high)
		s[i].reach = reach
	}
}

// find returns the span that contains pc: of several the one that starts last.
func (s spans) find(pc uint64) (of uint64, ok bool) {
	i := sort.Search(len(s), func(i int) bool { return s[i].low > pc }) - 1
	for ; i >= 0 && s[i].reach > pc; i-- {
		if s[i].high > pc {
			return s[i].of, true
		}
	}
	return 0, false
}

// unitFunctions are the functions of a unit.
type unitFunctions struct {
	once  lock.Once
	err   error
	spans spans // by offset of the DIE

	nestedOnce lock.Once
	nestedErr  error
	nested     spans // of functions inside functions
}

// functionSpans lists where the functions of a unit are: those in no other function, or those that are in one.
func (u *Unit) functionSpans(nested bool) (spans, error) {
	root, err := u.Root()
	if err != nil {
		return nil, err
	}
	info, err := u.Info()
	if err != nil {
		return nil, err
	}
	isC := info.Language.isC()
	var s spans
	budget := maxRangeEntries
	w := root.Walk()
	inside := -1 // depth of the outermost function we are in
	for w.Next() {
		if w.Depth <= inside {
			inside = -1
		}
		switch w.Tag {
		case TagSubprogram:
			if (inside >= 0) == nested {
				d := w.DIE
				if err := d.ranges(&budget, func(low, high uint64) bool {
					s = append(s, span{low: low, high: high, of: d.Off})
					return true
				}); err != nil {
					return nil, err
				}
			}
			if inside < 0 {
				inside = w.Depth
			}
			if !nested {
				w.SkipChildren()
			}
		case TagNamespace, TagModule:
		case TagStructureType, TagClassType, TagUnionType:
			if isC { // no functions in there
				w.SkipChildren()
			}
		default:
			if inside < 0 {
				w.SkipChildren()
			}
		}
	}
	s.sort()
	return slices.Clip(s), w.Err()
}

// isC reports whether the language is a version of C.
func (l Lang) isC() bool {
	switch l {
	case 0x01, 0x02, 0x0c, 0x1d, 0x2c: // DW_LANG_C89, C, C99, C11, C17
		return true
	}
	return false
}

// function returns the DIE of the unit's function that has code at pc.
func (u *Unit) function(pc uint64) (d DIE, ok bool, err error) {
	s := &u.File.scopes
	v, ok := s.functions.Load(u.Off)
	if !ok {
		v, _ = s.functions.LoadOrStore(u.Off, &unitFunctions{})
	}
	fs := v.(*unitFunctions)
	fs.once.Do(func() { fs.spans, fs.err = u.functionSpans(false) })
	if fs.err != nil {
		return DIE{}, false, fs.err
	}
	off, ok := fs.spans.find(pc)
	if !ok {
		fs.nestedOnce.Do(func() { fs.nested, fs.nestedErr = u.functionSpans(true) })
		if fs.nestedErr != nil {
			return DIE{}, false, fs.nestedErr
		}
		if off, ok = fs.nested.find(pc); !ok {
			return DIE{}, false, nil
		}
	}
	d, err = u.File.DIE(off)
	return d, err == nil, err
}

// Functions returns the functions whose code contains pc, an address of the program: the innermost of those that were
// inlined first, the one they all were inlined into last. None are known for code without debug information, such as
// most assembly. The slice must not be changed.
func (f *File) Functions(pc uint64) ([]Function, error) {
	p, err := f.place(pc)
	if err != nil {
		return nil, err
	}
	return p.functions, nil
}

func (f *File) place(pc uint64) (*place, error) {
	s := &f.scopes
	if p, ok := s.places.load(pc); ok {
		return p, nil
	}
	p := &place{}
	if at, ok := f.cfg.Addresses.ToFile(pc); ok {
		u, ok, err := f.UnitForPC(at)
		if err != nil {
			return nil, err
		}
		if ok {
			p.unit = u
			if p.functions, err = u.findFunctions(at); err != nil {
				return nil, err
			}
		}
	}
	return s.places.add(pc, p, maxPlaces), nil
}

// findFunctions walks from the function at pc down to the innermost scope.
func (u *Unit) findFunctions(pc uint64) ([]Function, error) {
	outer, ok, err := u.function(pc)
	if !ok {
		return nil, err
	}
	out := []Function{{DIE: outer, Outer: outer, Scopes: []DIE{outer}}}
	budget := maxRangeEntries
	w := outer.Walk()
	depth := 0 // of the children of the innermost scope so far
	for w.Next() {
		if w.Depth < depth {
			break
		}
		if w.Tag != TagLexicalBlock && w.Tag != TagInlinedSubroutine {
			w.SkipChildren()
			continue
		}
		in, err := w.contains(pc, &budget)
		if err != nil {
			return nil, err
		}
		if !in {
			w.SkipChildren()
			continue
		}
		depth = w.Depth + 1
		if w.Tag == TagLexicalBlock {
			fn := &out[len(out)-1]
			fn.Scopes = append(fn.Scopes, w.DIE)
			continue
		}
		out = append(out, Function{DIE: w.DIE, Outer: outer, Inline: true, Scopes: []DIE{w.DIE}})
	}
	if w.Err() != nil {
		return nil, w.Err()
	}
	for i := range out {
		if err := out[i].describe(); err != nil {
			return nil, err
		}
	}
	slices.Reverse(out)
	return out, nil
}

// describe fills in the function's name and where it was called.
func (fn *Function) describe() (err error) {
	if fn.Name, err = fn.DIE.FullName(); err != nil || !fn.Inline {
		return err
	}
	return fn.DIE.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrCallFile:
			fn.CallFile, _ = v.Uint()
		case AttrCallLine:
			fn.CallLine, _ = v.Uint()
		case AttrCallColumn:
			fn.CallColumn, _ = v.Uint()
		}
		return true
	})
}
