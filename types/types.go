// Package types is the graph of a program's types as data: kinds, qualifiers, sizes, members.
//
// Types are made by a [Set] and immutable. Two types of a set are the same type exactly when their pointers are equal:
// the set makes one pointer type for each pointee, one array type for each element and length, one variant for each
// combination of qualifiers. Members, enumerators and parameters of a type that came from debug info are decoded when
// first asked for.
package types

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/lock"
)

// A Kind is what a type is.
type Kind uint8

// The kinds of types.
const (
	Void Kind = iota
	Int
	Bool
	Float
	Struct
	Union
	Class
	Enum
	Typedef
	Pointer
	Array
	Function
	kinds
)

var kindNames = [kinds]string{"void", "int", "bool", "float", "struct", "union", "class", "enum", "typedef", "pointer", "array", "function"}

func (k Kind) String() string {
	if k >= kinds {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// IsCompound reports whether types of this kind have members.
func (k Kind) IsCompound() bool { return k == Struct || k == Union || k == Class }

// A KindSet is a set of kinds.
type KindSet uint16

// KindsOf returns the set of the given kinds.
func KindsOf(ks ...Kind) (s KindSet) {
	for _, k := range ks {
		s |= 1 << k
	}
	return s
}

// Has reports whether k is in the set.
func (s KindSet) Has(k Kind) bool { return s>>k&1 != 0 }

// Qualifiers are a type's qualifiers.
type Qualifiers uint8

// The qualifiers of C.
const (
	Const Qualifiers = 1 << iota
	Volatile
	Restrict
	Atomic
	allQualifiers = 1<<iota - 1
)

// A Reference tells the references of C++ from pointers, which they are in memory.
type Reference uint8

// What a pointer type may be.
const (
	NoReference Reference = iota // a pointer
	LvalueReference
	RvalueReference
)

// A Language gives types their names. Languages are compared by identity.
type Language interface {
	// Name returns the language's name, such as "C".
	Name() string
	// TypeName returns how the type is named in the language: "struct foo *".
	TypeName(t *Type) string
	// Declaration returns the declaration of a variable of this type: "int x[2]".
	Declaration(t *Type, name string) (string, error)
	// Definition returns the type written out: "struct foo {…}".
	Definition(t *Type) (string, error)
}

// A Type is a type of a program. Its pointer is its identity.
type Type struct {
	*body
	quals  Qualifiers
	number atomic.Uint32 // see SetNumber
}

// body is what all qualified variants of a type share.
type body struct {
	set      *Set
	lang     Language
	name     string // of a base type or typedef; tag of a compound or enumerated type
	elem     *Type  // aliased, pointed-to, element, return or compatible type
	size     uint64
	length   uint64 // of an array; of a pointer, its Reference; of an integer, its bits if they are not all; of a floating-point number, whether it is decimal; of a compound type, 1 if its size is not known
	kind     Kind
	prim     Primitive
	big      bool // byte order
	signed   bool
	complete bool // compound and enumerated types: defined; arrays: of known length
	variadic bool
	detail   *detail
	pointer  atomic.Pointer[Type] // pointer to the unqualified type, of the program's pointer size
	variants [allQualifiers + 1]atomic.Pointer[Type]
}

// detail is what few types have, and what is decoded late.
type detail struct {
	load  func() (*Detail, error)
	first lock.First[*Detail] // of load, which may ask another file, and so Python: nothing is locked meanwhile

	reachable atomic.Pointer[reachable]
	declared  *declaration // nil: it is no type that is only declared
}

func newDetail(load func() (Detail, error)) *detail {
	if load == nil {
		load = func() (Detail, error) { return Detail{}, nil }
	}
	return &detail{load: func() (*Detail, error) {
		d, err := load()
		return &d, err
	}}
}

// Detail holds the parts of a type that are decoded when first asked for.
type Detail struct {
	Members            []Member
	Statics            []Static      // static members, the type's own
	VirtualBases       []VirtualBase // the type's own, not those of its base classes
	Enumerators        []Enumerator
	Parameters         []Parameter
	TemplateParameters []TemplateParameter
	Alignment          uint64 // of objects in bytes, where the source code gives one: an attribute, or alignas; 0: it does not
}

// An Enumerator is a named value of an enumerated type. Value holds its low 64 bits: as a signed number where the
// compatible type is signed.
type Enumerator struct {
	Name  string
	Value uint64
}

// A Slot is what a member, parameter or template argument holds.
type Slot struct {
	Type         *Type
	BitFieldSize uint64 // in bits; 0: not a bit-field
	Value        any    // a default or template argument's value, or nil
}

// A Lazy is a slot that is evaluated when first asked for.
type Lazy struct{ l *lazy }

type lazy struct {
	fn    func() (Slot, error)
	retry bool // an error does not count
	first lock.First[Slot]
}

// Evaluated returns a Lazy that holds s already.
func Evaluated(s Slot) Lazy { return Later(func() (Slot, error) { return s, nil }) }

// OfType returns a Lazy that holds the type t already.
func OfType(t *Type) Lazy { return Evaluated(Slot{Type: t}) }

// Later returns a Lazy that calls fn when it is first asked for. Nothing is locked meanwhile: fn may be called on any
// goroutine and by several at once; the first result, be it an error, is kept. It must not ask for the same Lazy.
func Later(fn func() (Slot, error)) Lazy { return Lazy{&lazy{fn: fn}} }

// Retry returns a Lazy like that of [Later] whose fn is called until it succeeds. It may ask for the Lazy itself.
func Retry(fn func() (Slot, error)) Lazy { return Lazy{&lazy{fn: fn, retry: true}} }

// Slot evaluates l.
func (l Lazy) Slot() (Slot, error) {
	switch {
	case l.l == nil:
		return Slot{}, fmt.Errorf("no type")
	case l.l.retry:
		return l.l.first.Succeed(l.l.fn)
	}
	s, err := l.l.first.Do(l.l.fn)
	runtime.KeepAlive(l.l) // as in details
	return s, err
}

// A Member is a member of a structure, union or class.
type Member struct {
	Name      string // "": anonymous
	BitOffset uint64 // from the start of the type, in bits
	Lazy
	Variant *Variant // the one it belongs to, if it is not always there
	Base    bool     // it is a base class, which has no name
}

// A Parameter is a parameter of a function type.
type Parameter struct {
	Name string
	Lazy
}

// A TemplateParameter is a template parameter of a C++ type.
type TemplateParameter struct {
	Name      string
	IsDefault bool
	Lazy
}

// A KindError says that a type of this kind lacks an attribute.
type KindError struct {
	Type *Type
	Attr string // "members"
}

func (e *KindError) Error() string {
	return fmt.Sprintf("%s type does not have %s", e.Type.kind, e.Attr)
}

// Number returns the number that [Type.SetNumber] gave, 0 before.
func (t *Type) Number() uint32 { return t.number.Load() }

// SetNumber gives the type a number, by which a front end in another language refers to it. It means nothing to this
// package; 0 takes it away.
func (t *Type) SetNumber(n uint32) { t.number.Store(n) }

// Set returns the set that made the type.
func (t *Type) Set() *Set { return t.set }

// Kind returns the type's kind.
func (t *Type) Kind() Kind { return t.kind }

// Language returns the language the type is written in.
func (t *Type) Language() Language { return t.lang }

// Primitive returns which of the language's own types this is, or NotPrimitive.
func (t *Type) Primitive() Primitive { return t.prim }

// Qualifiers returns the type's qualifiers.
func (t *Type) Qualifiers() Qualifiers { return t.quals }

// Name returns the name of a base type or typedef, "" for other kinds. See [Type.String] for how a type is written.
func (t *Type) Name() string {
	if t.kind == Struct || t.kind == Union || t.kind == Class || t.kind == Enum {
		return ""
	}
	return t.name
}

// Tag returns the tag of a structure, union, class or enumerated type, "" for an anonymous one and for other kinds.
func (t *Type) Tag() string {
	if t.kind == Struct || t.kind == Union || t.kind == Class || t.kind == Enum {
		return t.name
	}
	return ""
}

// Elem returns the aliased type of a typedef, the pointed-to type of a pointer, the element type of an array, the
// return type of a function and the compatible type of a complete enumerated type; nil for other kinds.
func (t *Type) Elem() *Type { return t.defined().elem }

// Length returns the length of an array and whether it is known.
func (t *Type) Length() (n uint64, ok bool) { return t.length, t.kind == Array && t.complete }

// IsSigned reports whether an integer type is signed.
func (t *Type) IsSigned() bool { return t.defined().signed }

// BigEndian reports the byte order of an integer, boolean, floating-point or pointer type.
func (t *Type) BigEndian() bool { return t.defined().big }

// Reference returns which of C++'s references a pointer type is.
func (t *Type) Reference() Reference {
	if t.kind != Pointer {
		return NoReference
	}
	return Reference(t.length)
}

// IsVariadic reports whether a function takes variable arguments.
func (t *Type) IsVariadic() bool { return t.variadic }

// IsComplete reports whether the definition of the type is known: false for a declared compound or enumerated type whose definition is
// not found and an array of unknown length; a typedef is as complete as what it names.
func (t *Type) IsComplete() bool { return t.WithoutTypedefs().defined().complete }

// OwnSize returns the size in bytes of a type that has a size of its own: void, functions, arrays and typedefs have
// none; incomplete types have 0.
func (t *Type) OwnSize() uint64 { return t.defined().size }

// ValueBits returns how many bits of a number or pointer count: those of its size, but of some of C's _BitInt(N).
func (t *Type) ValueBits() uint64 {
	if t.kind == Int && t.length != 0 {
		return t.length
	}
	return t.OwnSize() * 8
}

// Underlying returns the type that t names once all typedefs are taken away. Qualifiers of every level are kept.
func (t *Type) Underlying() *Type {
	q := t.quals
	for t.kind == Typedef {
		t = t.elem
		q |= t.quals
	}
	return t.Qualified(q)
}

// UnderlyingKind returns the kind of t.Underlying().
func (t *Type) UnderlyingKind() Kind { return t.WithoutTypedefs().kind }

// WithoutTypedefs returns the type that the last typedef names. Unlike [Type.Underlying] it loses the qualifiers of typedefs,
// and costs next to nothing.
func (t *Type) WithoutTypedefs() *Type {
	for t.kind == Typedef {
		t = t.elem
	}
	return t
}

// A SizeError says why a type has no size.
type SizeError struct {
	Type   *Type
	Reason string // "incomplete structure"
	Why    error  // a *DefinitionError of one that is only declared, or nil
}

var errUnsized = errors.New("debugging information does not say where it ends")

func (e *SizeError) Error() string { return because("cannot get size of "+e.Reason+" type", e.Why) }

// because adds why something is so, if that is known.
func because(problem string, why error) string {
	if why == nil {
		return problem
	}
	return problem + ": " + why.Error()
}

// A TooLargeError says that a size or an offset does not fit 64 bits.
type TooLargeError struct{ Problem string }

func (e *TooLargeError) Error() string { return e.Problem }

// A BitFieldError says why a type has no bit-fields of a size.
type BitFieldError struct{ Problem string }

func (e *BitFieldError) Error() string { return e.Problem }

// CheckBitField says whether a type can have a bit-field of a size in bits; 0 means that it is no bit-field.
func CheckBitField(t *Type, size uint64) error {
	if size == 0 {
		return nil
	}
	switch t.UnderlyingKind() {
	case Int, Bool, Enum:
	default:
		return &BitFieldError{fmt.Sprintf("bit field must be integer, not '%s'", t)}
	}
	if n, err := t.BitSize(); err != nil {
		return &BitFieldError{fmt.Sprintf("bit field must be integer, not '%s', which is incomplete", t)}
	} else if size > n {
		return &BitFieldError{fmt.Sprintf("bit field size is larger than type size: %d bits of '%s'", size, t)}
	}
	return nil
}

// Size returns the size of an object of the type in bytes.
func (t *Type) Size() (uint64, error) {
	mul := uint64(1)
	for {
		switch t.kind {
		case Typedef:
			t = t.elem
		case Array:
			if !t.complete {
				return 0, &SizeError{Type: t, Reason: "incomplete array"}
			}
			if t.length != 0 && mul > ^uint64(0)/t.length {
				return 0, &TooLargeError{"type size is too large"}
			}
			mul *= t.length
			t = t.elem
		case Void:
			return 0, &SizeError{Type: t, Reason: "void"}
		case Function:
			return 0, &SizeError{Type: t, Reason: "function"}
		default:
			d, err := t.definition()
			if err != nil && !errors.As(err, new(*DefinitionError)) {
				return 0, err
			}
			if !d.complete {
				return 0, &SizeError{t, "incomplete " + longKind[t.kind], err}
			}
			if t = d; t.unsized() {
				return 0, &SizeError{Type: t, Reason: "variable-length " + longKind[t.kind], Why: errUnsized}
			}
			if t.size != 0 && mul > ^uint64(0)/t.size {
				return 0, &TooLargeError{"type size is too large"}
			}
			return mul * t.size, nil
		}
	}
}

var longKind = map[Kind]string{Struct: "structure", Union: "union", Class: "class", Enum: "enumerated"}

// unsized reports whether it is a type of [Set.UnsizedCompound].
func (t *Type) unsized() bool { return t.kind.IsCompound() && t.length != 0 }

// BitSize returns the size of an object of the type in bits; an error if that does not fit 64 bits.
func (t *Type) BitSize() (uint64, error) {
	n, err := t.Size()
	if err != nil {
		return 0, err
	}
	if n > ^uint64(0)/8 {
		return 0, &TooLargeError{"type size is too large"}
	}
	return n * 8, nil
}

// String returns the type's name in its language.
func (t *Type) String() string { return t.lang.TypeName(t) }

// Qualified returns the type with exactly the given qualifiers.
func (t *Type) Qualified(q Qualifiers) *Type {
	q &= allQualifiers
	if q == t.quals {
		return t
	}
	if v := t.variants[q].Load(); v != nil {
		return v
	}
	return t.set.variant(t.body, q)
}

// Unqualified returns the type without qualifiers.
func (t *Type) Unqualified() *Type { return t.Qualified(0) }

func (t *Type) details() (*Detail, error) {
	if t.detail == nil {
		return nil, nil
	}
	t, err := t.resolve()
	if err != nil {
		return nil, err
	}
	d, err := t.detail.first.Do(t.detail.load)
	runtime.KeepAlive(t.detail) // load may read bytes that live as long as what it refers to
	return d, err
}

// Members returns the members of a structure, union or class; nil for an incomplete one. The slice must not be changed.
func (t *Type) Members() ([]Member, error) {
	if !t.kind.IsCompound() {
		return nil, &KindError{t, "members"}
	}
	d, err := t.details()
	if d == nil || err != nil {
		return nil, err
	}
	return d.Members, nil
}

// Enumerators returns the enumerators of an enumerated type; nil for an incomplete one. The slice must not be changed.
func (t *Type) Enumerators() ([]Enumerator, error) {
	if t.kind != Enum {
		return nil, &KindError{t, "enumerators"}
	}
	d, err := t.details()
	if d == nil || err != nil {
		return nil, err
	}
	return d.Enumerators, nil
}

// Parameters returns the parameters of a function type. The slice must not be changed.
func (t *Type) Parameters() ([]Parameter, error) {
	if t.kind != Function {
		return nil, &KindError{t, "parameters"}
	}
	d, err := t.details()
	if d == nil || err != nil {
		return nil, err
	}
	return d.Parameters, nil
}

// TemplateParameters returns the template parameters of a compound or function type.
func (t *Type) TemplateParameters() ([]TemplateParameter, error) {
	if !t.kind.IsCompound() && t.kind != Function {
		return nil, &KindError{t, "template parameters"}
	}
	d, err := t.details()
	if d == nil || err != nil {
		return nil, err
	}
	return d.TemplateParameters, nil
}
