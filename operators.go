package drgn

import (
	"fmt"
	"math"
	"math/big"

	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// operand reads the object as what C computes with: a value, or the address of an array or function.
func (o Object) operand() (c.Operand, error) {
	if err := o.Err(); err != nil {
		return c.Operand{}, err
	}
	u := o.typ.Underlying()
	switch u.Kind() {
	case types.Array, types.Function:
		if o.form == reference && o.bitOff == 0 {
			return c.Operand{Type: o.typ, Bits: o.bits}, nil
		}
		switch o.form {
		case absent:
			return c.Operand{}, &AbsentError{Reason: o.x.reason}
		case value:
			return c.Operand{}, &ValueError{Problem: "cannot get address of value"}
		}
		return c.Operand{}, &ValueError{Problem: "object is not byte-aligned"}
	case types.Float:
		if !u.Computes() {
			return c.Operand{}, c.ErrFloatSize // their arithmetic is not ours
		}
		f, err := o.Float()
		return c.FloatOf(o.typ, f), err
	case types.Int, types.Bool, types.Enum, types.Pointer:
		if u.Kind() == types.Enum && !u.IsComplete() {
			break
		}
		if _, ok := o.short(); ok {
			v, err := o.scalar()
			if err != nil {
				return c.Operand{}, o.readError(err)
			}
			return c.Int(o.typ, uint64(o.bitField), v), nil
		}
		v, err := o.BigInt()
		if err != nil {
			return c.Operand{}, err
		}
		return c.BigInt(o.typ, v), nil
	}
	// Nothing is computed with other types; the operators say so by the type.
	return c.Operand{Type: o.typ}, nil
}

// operandOrOne is operand for what first says what it has against the type: in place of what could not be read is 1.
func (o Object) operandOrOne() (c.Operand, error) {
	a, unread := o.operand()
	if unread != nil {
		a = c.Operand{Type: o.typ, Bits: 1, Float: 1}
	}
	return a, unread
}

// result makes a value of what was computed.
func (p *Program) result(v c.Operand, err error) Object {
	if err != nil {
		return Failed(err)
	}
	u := v.Type.Underlying()
	size := u.OwnSize()
	n := u.ValueBits()
	if v.BitFieldSize != 0 {
		n = v.BitFieldSize
	}
	switch {
	case u.Kind() == types.Float:
		if !u.Computes() {
			return Failed(c.ErrFloatSize)
		}
		if n = math.Float64bits(v.Float); size == 4 {
			n = uint64(math.Float32bits(float32(v.Float)))
		}
		data := make([]byte, size)
		bits.Insert(data, 0, size*8, u.BigEndian(), n)
		return Object{prog: p, typ: v.Type, form: value, x: &extra{data: data}}
	case v.Big != nil:
		data := make([]byte, (n+7)/8)
		bits.InsertBig(data, 0, n, u.BigEndian(), v.Big)
		return Object{prog: p, typ: v.Type, form: value, x: &extra{data: data}, bitField: uint16(v.BitFieldSize)}
	}
	return Object{prog: p, typ: v.Type, form: value, bits: bits.Truncate(v.Bits, n), bitField: uint16(v.BitFieldSize)}
}

// BigInt returns the value of an integer object of any width.
func (o Object) BigInt() (*big.Int, error) {
	if err := o.Err(); err != nil {
		return nil, err
	}
	switch o.typ.UnderlyingKind() {
	case types.Int, types.Bool, types.Enum, types.Pointer:
	default:
		return nil, &TypeError{Problem: fmt.Sprintf("'%s' is not an integer or pointer", o.typ)}
	}
	if _, ok := o.short(); ok {
		v, err := o.Uint()
		if err != nil {
			return nil, err
		}
		if o.typ.Underlying().IsSigned() {
			return big.NewInt(int64(v)), nil
		}
		return new(big.Int).SetUint64(v), nil
	}
	data, err := o.Bytes()
	if err != nil {
		return nil, err
	}
	n := uint64(o.bitField)
	if n == 0 {
		n = o.typ.Underlying().ValueBits()
	}
	v, _ := bits.ExtractBig(data, 0, n, o.typ.Underlying().IsSigned(), bigEndian(o.typ))
	return v, nil
}

// Binary computes o op other as C does. The operands must be of one program.
func (o Object) Binary(op c.Operator, other Object) Object {
	a, b, unread, err := operands(o, other)
	if err != nil {
		return Failed(err)
	}
	if (op == c.Shl || op == c.Shr) && unread != nil {
		if _, count := other.operand(); count != nil {
			unread = count // how far comes before what
		}
	}
	r, err := c.Binary(op, a, b, o.prog.lookup())
	if unread != nil && (err == nil || err == c.ErrDivisionByZero) {
		err = unread
	}
	return o.prog.result(r, err)
}

// operands reads two operands. An operator says first what it has against their types, so what could not be read of them
// is returned apart, as unread; in place of that is 1.
func operands(o, other Object) (a, b c.Operand, unread, err error) {
	if err = o.Err(); err == nil {
		err = other.Err()
	}
	if err == nil && o.prog != other.prog {
		err = &ValueError{Problem: "objects are from different programs"}
	}
	if err != nil {
		return a, b, nil, err
	}
	a, unread = o.operandOrOne()
	if b, err = other.operandOrOne(); unread == nil {
		unread = err
	}
	if isOpenEnum(o.typ) && isInteger(other.typ) || isOpenEnum(other.typ) && isInteger(o.typ) {
		return a, b, nil, &ValueError{Problem: "operand cannot have incomplete enum type"}
	}
	return a, b, unread, nil
}

func isOpenEnum(t *types.Type) bool {
	return t.UnderlyingKind() == types.Enum && !t.IsComplete()
}

func isInteger(t *types.Type) bool {
	switch t.UnderlyingKind() {
	case types.Int, types.Bool, types.Enum:
		return true
	}
	return false
}

// Unary computes op o as C does; op is Add, Sub or Not.
func (o Object) Unary(op c.Operator) Object {
	if o.form != failed && isOpenEnum(o.typ) {
		return Failed(&ValueError{Problem: "operand cannot have incomplete enum type"})
	}
	if o.form == failed {
		return o
	}
	a, unread := o.operand()
	if unread != nil {
		a = c.Operand{Type: o.typ}
	}
	r, err := c.Unary(op, a, o.prog.lookup())
	if err == nil {
		err = unread
	}
	return o.prog.result(r, err)
}

// Compare compares two numbers or two pointers as C does.
func (o Object) Compare(other Object) (c.Order, error) {
	a, b, unread, err := operands(o, other)
	if err != nil {
		return 0, err
	}
	order, err := c.Compare(a, b, o.prog.lookup())
	if err == nil && unread != nil {
		err = unread
	}
	return order, err
}

// arithmetic is the program as operators see it: C's own types come from what [Program.Primitive] remembers.
type arithmetic struct{ p *Program } // a pointer alone: an interface holds it without an allocation

func (l arithmetic) Find(kinds types.KindSet, name string) (*types.Type, error) {
	return typeLookup{l.p, ""}.Find(kinds, name)
}

func (l arithmetic) Primitive(prim types.Primitive) (*types.Type, error) { return l.p.Primitive(prim) }
func (l arithmetic) BigEndian() bool                                     { return l.p.bigEndian() }

func (l arithmetic) Pointer(elem *types.Type) (*types.Type, error) {
	return typeLookup{l.p, ""}.Pointer(elem)
}

func (p *Program) lookup() c.Lookup { return arithmetic{p} }

// Literal returns an integer as C types a constant.
func (p *Program) Literal(v int64) Object {
	return p.result(c.IntLiteral(v, p.lookup()))
}

// BigLiteral is [Program.Literal] for integers of any size; one that no type of C holds is an error.
func (p *Program) BigLiteral(v *big.Int) Object {
	return p.result(c.Literal(v, p.lookup()))
}

// FloatLiteral returns a double.
func (p *Program) FloatLiteral(v float64) Object {
	return p.result(c.FloatLiteral(v, p.lookup()))
}

// BoolLiteral returns the int that a truth value is in C.
func (p *Program) BoolLiteral(v bool) Object {
	return p.result(c.BoolLiteral(v, p.lookup()))
}

// Convert converts an object to another type, or to a bit-field of it, as an assignment does in C. bitField is in bits, 0
// for none.
func (o Object) Convert(t *types.Type, bitField uint64) Object {
	if o.form == failed {
		return o
	}
	if t == nil || t.Set() != o.prog.types {
		return Failed(&ValueError{Problem: "type is from another program"})
	}
	if err := types.CheckObject(t, bitField); err != nil {
		return Failed(err)
	}
	if err := checkBitField(t, bitField); err != nil {
		return Failed(err)
	}
	if compound, err := types.CompatibleCompounds(t, o.typ); err != nil {
		return Failed(err)
	} else if compound {
		if o.form == absent {
			return Failed(&AbsentError{Reason: o.x.reason})
		}
		same := o
		same.typ = t
		return same
	}
	a, unread := o.operandOrOne()
	r, err := c.Convert(t, bitField, a, o.prog.lookup())
	if err == nil && unread != nil && !o.isTrue(t) {
		return o.fail(nil, unread)
	}
	return o.prog.result(r, err)
}

// Cast converts an object to another type as C's cast does.
func (o Object) Cast(t *types.Type) Object {
	if o.form == failed {
		return o
	}
	if t == nil || t.Set() != o.prog.types {
		return Failed(&ValueError{Problem: "type is from another program"})
	}
	if t.UnderlyingKind() == types.Void {
		return o.prog.AbsentObject(t, OtherAbsence) // what C's cast to void leaves
	}
	if err := types.CheckObject(t, 0); err != nil {
		return Failed(err)
	}
	if fast := o.castScalar(t); fast.form != failed || fast.x != nil {
		return fast
	}
	a, unread := o.operandOrOne()
	r, err := c.Cast(t, a, o.prog.lookup())
	if err == nil && unread != nil && !o.isTrue(t) {
		return o.fail(nil, unread)
	}
	return o.prog.result(r, err)
}

// isTrue reports whether o is an array's value and t _Bool: it has no address, but would have one.
func (o Object) isTrue(t *types.Type) bool {
	return o.form == value && o.typ.UnderlyingKind() == types.Array && t.UnderlyingKind() == types.Bool
}

// castScalar casts between integers and pointers of at most 64 bits; it returns the zero Object for all others.
func (o Object) castScalar(t *types.Type) Object {
	switch t.UnderlyingKind() {
	case types.Int, types.Pointer:
	default:
		return Object{}
	}
	switch o.typ.UnderlyingKind() {
	case types.Int, types.Bool, types.Pointer:
	default:
		return Object{}
	}
	n, ok := scalarBits(t)
	if !ok {
		return Object{}
	}
	if _, ok = scalarBits(o.typ); !ok {
		return Object{}
	}
	v, err := o.Uint()
	if err != nil {
		return o.fail(nil, err)
	}
	return Object{prog: o.prog, typ: t, form: value, bits: bits.Truncate(v, n)}
}
