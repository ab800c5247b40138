package frombtf

import (
	"runtime"

	"github.com/godrgn/drgn/internal/btf"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// maxDepth bounds chains of types that refer to each other without a structure between: bad files have circles.
const maxDepth = 1000

// TypeOf returns the type of an ID.
func (s *Source) TypeOf(id btf.ID) (*types.Type, error) {
	defer runtime.KeepAlive(s)
	return mem.Guarded(func() (*types.Type, error) { return s.typeOf(id, 0) })
}

func (s *Source) typeOf(id btf.ID, depth int) (*types.Type, error) {
	for s.base != nil && !s.distilled && id < s.file.First() {
		s = s.base
	}
	if t, ok := s.types.Load(id); ok {
		return t.(*types.Type), nil
	}
	t, err := s.file.Type(id)
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, &types.DepthError{Problem: t.Fail("types refer to each other in a circle").Error()}
	}
	made, err := s.make(&t, depth+1)
	if err != nil {
		return nil, err
	}
	kept, _ := s.types.LoadOrStore(id, made)
	return kept.(*types.Type), nil
}

func (s *Source) make(t *btf.Type, depth int) (*types.Type, error) {
	set := s.cfg.Set
	switch t.Kind {
	case btf.Void:
		return set.Void(c.C), nil
	case btf.Int:
		return s.int(t)
	case btf.Float:
		return set.Float(c.C, t.Name(), uint64(t.Size), s.file.BigEndian()), nil
	case btf.Struct:
		return s.compound(types.Struct, t, depth)
	case btf.Union:
		return s.compound(types.Union, t, depth)
	case btf.Fwd:
		kind, of := types.Struct, btf.Struct
		if t.Flag {
			kind, of = types.Union, btf.Union
		}
		return s.declared(kind, btf.KindsOf(of), t.Name(), depth)
	case btf.Enum, btf.Enum64:
		return s.enum(t, depth)
	case btf.Array:
		elem, n := t.Array()
		of, err := s.typeOf(elem, depth)
		if err != nil {
			return nil, err
		}
		if of = types.ZeroLength(of); n == 0 {
			return set.IncompleteArray(c.C, of), nil
		}
		return set.Array(c.C, of, uint64(n)), nil
	case btf.Ptr, btf.Typedef, btf.Volatile, btf.Const, btf.Restrict, btf.TypeTag, btf.FuncProto:
	default:
		return nil, t.Fail("a %s is not a type", t.Kind)
	}
	of, err := s.typeOf(t.Of, depth)
	if err != nil {
		return nil, err
	}
	switch t.Kind {
	case btf.Ptr:
		return set.Pointer(c.C, of, s.cfg.PointerSize, s.file.BigEndian()), nil
	case btf.Typedef:
		if t.Name() == "" {
			return nil, t.Fail("a TYPEDEF has no name")
		}
		return set.Typedef(c.C, t.Name(), of), nil
	case btf.Volatile:
		return of.Qualified(of.Qualifiers() | types.Volatile), nil
	case btf.Const:
		return of.Qualified(of.Qualifiers() | types.Const), nil
	case btf.Restrict:
		return of.Qualified(of.Qualifiers() | types.Restrict), nil
	case btf.FuncProto:
		return s.function(t, of)
	}
	return of, nil // of a tag
}

// int makes an integer or boolean type. Floating-point types were integers until pahole 1.19.
func (s *Source) int(t *btf.Type) (*types.Type, error) {
	name, size, big := t.Name(), uint64(t.Size), s.file.BigEndian()
	encoding, _, _ := t.Int()
	if name == "" || size == 0 || size > 16 {
		return nil, t.Fail("INT '%s' of %d bytes", name, size)
	}
	signed := encoding&btf.Signed != 0
	switch p := types.SpelledPrimitive(name); {
	case encoding&btf.IsBool != 0:
		return s.cfg.Set.Bool(c.C, name, size, big), nil
	case p == types.CFloat, p == types.CDouble, p == types.CLongDouble:
		return s.cfg.Set.Float(c.C, name, size, big), nil
	case p == types.CSignedChar:
		signed = true
	case p == types.CChar:
		signed = s.char
	}
	return s.cfg.Set.Int(c.C, name, size, signed, big), nil
}

// first returns the first type of BTF, that of the base included, that defines the same as t: it stands for all of them.
func (s *Source) first(t *btf.Type, kinds btf.KindSet, depth int) (*types.Type, error) {
	for from := s.base; from != nil && !s.distilled; from = from.base {
		for other := range from.file.Find(kinds, t.Name()) {
			if !from.distilled && t.Same(&other) {
				return from.typeOf(other.ID, depth)
			}
		}
	}
	for other := range s.file.Find(kinds, t.Name()) {
		if other.ID >= t.ID {
			break
		}
		if t.Same(&other) {
			return s.typeOf(other.ID, depth)
		}
	}
	return nil, nil
}

// declared returns the one definition of a name; a type that is only declared if there is none, or several that differ.
func (s *Source) declared(kind types.Kind, kinds btf.KindSet, name string, depth int) (*types.Type, error) {
	if t, _, err := s.definition(kinds, name, depth); t != nil || err != nil {
		return t, err
	}
	return s.cfg.Set.Declared(c.C, kind, name, name, nil), nil
}

// definition returns the one definition of a name; nil if there is none, and if several differ.
func (s *Source) definition(kinds btf.KindSet, name string, depth int) (_ *types.Type, several bool, err error) {
	for from := s; from != nil && name != ""; from = from.base {
		if from.distilled {
			continue
		}
		var only *btf.Type
		for t := range from.file.Find(kinds, name) {
			switch {
			case t.Kind == btf.Enum && t.Count() == 0: // declared, too
			case only == nil:
				only = &t
			default:
				several = several || !only.Same(&t)
			}
		}
		if several {
			return nil, true, nil
		}
		if only != nil {
			t, err := from.typeOf(only.ID, depth)
			return t, false, err
		}
	}
	return nil, false, nil
}

// compound makes a structure or union, whose members are decoded when asked for.
func (s *Source) compound(kind types.Kind, t *btf.Type, depth int) (*types.Type, error) {
	name := t.Name()
	if s.distilled {
		return s.inBase(kind, t, depth)
	}
	if name != "" {
		if first, err := s.first(t, btf.KindsOf(t.Kind), depth); first != nil || err != nil {
			return first, err
		}
		if other, err := s.preferred(kind, t); other != nil || err != nil {
			return other, err
		}
	}
	own := *t
	return s.cfg.Set.Compound(c.C, kind, name, uint64(t.Size), func() (types.Detail, error) {
		defer runtime.KeepAlive(s)
		return mem.Guarded(func() (types.Detail, error) { return s.members(&own) })
	}), nil
}

// preferred returns the type of another source that has the same members as t, or nil.
func (s *Source) preferred(kind types.Kind, t *btf.Type) (*types.Type, error) {
	if s.prefer == nil {
		return nil, nil
	}
	other, err := s.prefer(kind, t.Name())
	if other == nil || err != nil || other.OwnSize() != uint64(t.Size) {
		return nil, err
	}
	members, err := other.Members()
	if err != nil || len(members) != t.Count() {
		return nil, err
	}
	for i, m := range members {
		own, err := t.Member(i)
		if err != nil || own.Name != m.Name || uint64(own.BitOffset) != m.BitOffset {
			return nil, err
		}
	}
	return other, nil
}

// inBase finds a structure or union of a distilled base in the base itself: of the same name and size.
func (s *Source) inBase(kind types.Kind, t *btf.Type, depth int) (*types.Type, error) {
	for other := range s.base.file.Find(btf.KindsOf(t.Kind), t.Name()) {
		if other.Size == t.Size {
			return s.base.typeOf(other.ID, depth)
		}
	}
	return nil, &btf.BaseError{File: s.cfg.Name, Base: s.base.cfg.Name, Err: t.Fail("there is no %s %s of %d bytes", kind, t.Name(), t.Size)}
}

func (s *Source) members(t *btf.Type) (d types.Detail, err error) {
	d.Members = make([]types.Member, 0, t.Count())
	for i := range t.Count() {
		m, err := t.Member(i)
		if err != nil {
			return types.Detail{}, err
		}
		if m.BitSize == 0 && !t.Flag {
			if err := s.oldBitField(&m); err != nil {
				return types.Detail{}, err
			}
		}
		flexible := i > 0 && i == t.Count()-1 && t.Kind == btf.Struct
		d.Members = append(d.Members, types.Member{Name: m.Name, BitOffset: uint64(m.BitOffset), Lazy: s.later(func() (types.Slot, error) {
			of, err := s.typeOf(m.Type, 0)
			if err != nil {
				return types.Slot{}, err
			}
			if !flexible {
				of = types.ZeroLength(of)
			}
			return types.Slot{Type: of, BitFieldSize: uint64(m.BitSize)}, types.CheckBitField(of, uint64(m.BitSize))
		})})
	}
	return d, nil
}

// oldBitField makes a member a bit-field that is one by its type: an INT some of whose bits count (until v4.20).
func (s *Source) oldBitField(m *btf.Member) error {
	t, err := s.file.Resolve(m.Type)
	if err != nil || t.Kind != btf.Int {
		return err
	}
	if _, offset, bits := t.Int(); bits != 0 && (offset != 0 || uint32(bits) < t.Size*8) {
		m.BitOffset += uint32(offset)
		m.BitSize = bits
	}
	return nil
}

func (s *Source) later(read func() (types.Slot, error)) types.Lazy {
	return types.Later(func() (types.Slot, error) {
		defer runtime.KeepAlive(s)
		return mem.Guarded(read)
	})
}

// enum makes an enumeration; one without enumerators is only declared.
func (s *Source) enum(t *btf.Type, depth int) (*types.Type, error) {
	const kinds = 1<<btf.Enum | 1<<btf.Enum64
	name := t.Name()
	switch {
	case t.Count() == 0 && !s.distilled:
		return s.declared(types.Enum, kinds, name, depth)
	case s.distilled && name != "":
		for other := range s.base.file.Find(kinds, name) {
			if other.Size == t.Size && other.Count() != 0 {
				return s.base.typeOf(other.ID, depth)
			}
		}
		return nil, &btf.BaseError{File: s.cfg.Name, Base: s.base.cfg.Name, Err: t.Fail("there is no enum %s of %d bytes", name, t.Size)}
	case name != "":
		if first, err := s.first(t, kinds, depth); first != nil || err != nil {
			return first, err
		}
	}
	compatible, err := s.compatible(t)
	if err != nil {
		return nil, err
	}
	own, signed := *t, compatible.IsSigned()
	return s.cfg.Set.Enum(c.C, name, compatible, func() (types.Detail, error) {
		defer runtime.KeepAlive(s)
		return mem.Guarded(func() (types.Detail, error) { return enumerators(&own, signed) })
	}), nil
}

// smallNegative is the greatest 32-bit number that is not taken for a small negative one.
const smallNegative = ^uint32(1 << 12)

// leastInt is, as 32 bits, the least number of an int. It is also the highest flag of an unsigned one; but an enumeration that begins
// with the highest flag goes on with others, as no kernel's that says its sign goes on with 0.
const leastInt = 1 << 31

// compatible returns the integer type of an enumeration.
func (s *Source) compatible(t *btf.Type) (*types.Type, error) {
	signed := t.Flag
	if s.oldEnums && t.Size <= 4 {
		var before uint32
		for i := range t.Count() {
			e, err := t.Enumerator(i)
			if err != nil {
				return nil, err
			}
			value := uint32(e.Value)
			signed = signed || value > smallNegative || i == 1 && before == leastInt && value == 0
			before = value
		}
	}
	prims := map[uint32][2]types.Primitive{1: {types.CUnsignedChar, types.CSignedChar}, 2: {types.CUnsignedShort, types.CShort},
		4: {types.CUnsignedInt, types.CInt}, 8: {types.CUnsignedLong, types.CLong}}
	if s.cfg.PointerSize == 4 {
		prims[8] = [2]types.Primitive{types.CUnsignedLongLong, types.CLongLong}
	}
	p, ok := prims[t.Size]
	if !ok {
		return nil, t.Fail("%s of %d bytes", t.Kind, t.Size)
	}
	of := p[0]
	if signed {
		of = p[1]
	}
	return s.cfg.Set.Int(c.C, of.String(), uint64(t.Size), signed, s.file.BigEndian()), nil
}

// enumerators decodes the values of an enumeration. Those of an ENUM of eight bytes, which pahole made before 1.24, are cut to
// 32 bits: it has none rather than wrong ones.
func enumerators(t *btf.Type, signed bool) (d types.Detail, err error) {
	if cut(t) {
		return types.Detail{}, nil
	}
	d.Enumerators = make([]types.Enumerator, 0, t.Count())
	for i := range t.Count() {
		e, err := t.Enumerator(i)
		if err != nil {
			return types.Detail{}, err
		}
		if t.Kind == btf.Enum && signed {
			e.Value = uint64(int32(e.Value))
		}
		d.Enumerators = append(d.Enumerators, types.Enumerator(e))
	}
	return d, nil
}

// function makes the type of a function that returns ret.
func (s *Source) function(t *btf.Type, ret *types.Type) (*types.Type, error) {
	n, variadic := t.Count(), false
	if n > 0 {
		if name, of, err := t.Parameter(n - 1); err != nil {
			return nil, err
		} else if name == "" && of == 0 {
			n, variadic = n-1, true
		}
	}
	own := *t
	return s.cfg.Set.Function(c.C, ret, variadic, func() (types.Detail, error) {
		defer runtime.KeepAlive(s)
		return mem.Guarded(func() (types.Detail, error) { return s.parameters(&own, n) })
	}), nil
}

// cut reports whether the values of an enumeration are cut.
func cut(t *btf.Type) bool { return t.Kind == btf.Enum && t.Size > 4 }

func (s *Source) parameters(t *btf.Type, n int) (d types.Detail, err error) {
	for i := range n {
		name, id, err := t.Parameter(i)
		if err != nil {
			return types.Detail{}, err
		}
		d.Parameters = append(d.Parameters, types.Parameter{Name: name, Lazy: s.later(func() (types.Slot, error) {
			of, err := s.typeOf(id, 0)
			return types.Slot{Type: of}, err
		})})
	}
	return d, nil
}
