package types

// A Primitive is one of C's own types.
type Primitive uint8

// The primitive types of C.
const (
	NotPrimitive Primitive = iota
	CVoid
	CChar
	CSignedChar
	CUnsignedChar
	CShort
	CUnsignedShort
	CInt
	CUnsignedInt
	CLong
	CUnsignedLong
	CLongLong
	CUnsignedLongLong
	CBool
	CFloat
	CDouble
	CLongDouble
	CSizeT
	CPtrdiffT
	primitives
)

var primitiveNames = [primitives]string{"", "void", "char", "signed char", "unsigned char", "short", "unsigned short",
	"int", "unsigned int", "long", "unsigned long", "long long", "unsigned long long", "_Bool", "float", "double",
	"long double", "size_t", "ptrdiff_t"}

// String returns the name C prefers for the type: "unsigned long".
func (p Primitive) String() string {
	if p >= primitives {
		return "?"
	}
	return primitiveNames[p]
}

// HasWordSize reports whether the size of a type is taken from that of an address, not the same everywhere.
func (p Primitive) HasWordSize() bool {
	switch p {
	case CLong, CUnsignedLong, CSizeT, CPtrdiffT:
		return true
	}
	return false
}

// IsText reports whether C's functions take a type for text: an array of or a pointer to characters, or a pointer to void.
func (t *Type) IsText() bool {
	u := t.Underlying()
	if k := u.Kind(); k != Array && k != Pointer {
		return false
	}
	e := u.Elem().Underlying()
	return e.Kind() == Int && e.OwnSize() == 1 || e.Kind() == Void
}
