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
