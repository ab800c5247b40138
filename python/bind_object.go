package python

/*
#include "bind.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/lang/slice"
	"github.com/godrgn/drgn/types"
)

// ---- Names of members that C's cache knows, as small numbers: those that were found, of which debugging information has
// only so many. Under the GIL.
var (
	atoms     = map[string]uint32{}
	atomNames = []string{""}
)

func atomOf(name string) uint32 {
	id, ok := atoms[name]
	if !ok {
		id = uint32(len(atomNames))
		atomNames = append(atomNames, name)
		atoms[name] = id
	}
	return id
}

// goMember returns a member, and says where others of the same type have it. The name is given by its number, or as text when
// it has none yet.
//
//export goMember
func goMember(self *C.PyObject, atom C.uint32_t, text *C.char, n C.Py_ssize_t, r *C.res) {
	defer guard(entered(r))
	o := objectOf(self)
	name := atomNames[atom]
	if atom == 0 {
		name = C.GoStringN(text, C.int(n))
	}
	base := uint64((*C.Obj)(unsafe.Pointer(self)).a)
	isPointer := o.Type().UnderlyingKind() == types.Pointer
	_, isRef := o.Address()
	if isRef && isPointer && call.Live(o.Prog()) {
		if p := o.Read(); p.Err() == nil { // else Member says what is wrong first
			base, _ = p.Uint()
			tellLive(self, o, base == 0)
			o = p
		}
	}
	m := o.Member(name)
	if err := m.Err(); err != nil {
		r.i.tag = C.R_ERR
		raise(memberError(o, name, err))
		return
	}
	i, err := objectItem(m)
	if err != nil {
		finish(r, err)
		return
	}
	r.i = i
	// Where the member lies depends on the type alone when it is known without reading memory.
	of := o.Type().WithoutTypedefs()
	if isPointer {
		of = of.Elem()
	}
	if f, err := of.FindMember(name); err != nil || !f.Fixed() {
		return // whether it is there is up to the memory
	}
	addr, inMemory := m.Address()
	s := (*C.Obj)(unsafe.Pointer(self))
	if !inMemory || i.kind != C.K_REF || i.bits != 0 || i.bitoff != 0 || s.bits != 0 || s.bitoff != 0 {
		return
	}
	_, isRef = o.Address()
	if isRef != isPointer { // a pointer that is a value, or what is in memory and no pointer
		off := addr - base
		if off < 1<<32 { // else the address wrapped around
			r.off, r.atom = C.uint64_t(off), C.uint32_t(atomOf(name))
			if isPointer {
				r.pointer = 1
			}
		}
	}
}

// memberError makes a missing member, or a type without members, an AttributeError; a fault stays one.
func memberError(o drgn.Object, name string, err error) error {
	if errors.As(err, new(*types.MemberError)) {
		return &pyErr{excAttributeError, err.Error()}
	}
	if errors.As(err, new(*types.KindError)) || errors.As(err, new(*drgn.TypeError)) {
		return noAttribute(name)
	}
	return err
}

// noAttribute is Python's error of an object that has no members.
func noAttribute(name string) error {
	return &pyErr{excAttributeError, "'_drgn.Object' object has no attribute '" + name + "'"}
}

// memberNames gives the names that completion offers behind an object.
func memberNames(c Call) error {
	t := objectOf(c.self).Type().Underlying()
	if t.Kind() == types.Pointer {
		t = t.Elem().Underlying()
	}
	names := tuple{}
	if t.Kind().IsCompound() {
		all, err := membersDeep(t, nil, 0)
		if err != nil {
			return err
		}
		seen := map[string]bool{} // a virtual base class may be that of several bases
		for _, n := range all {
			if !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	return c.Value(names)
}

func membersDeep(t *types.Type, names []string, depth int) ([]string, error) {
	if depth > 64 {
		return names, nil
	}
	ms, err := t.Members()
	if err != nil {
		return nil, err
	}
	virtual, err := t.OwnVirtualBases()
	if err != nil {
		return nil, err
	}
	for _, v := range virtual {
		ms = append(slices.Clip(ms), types.Member{Lazy: v.Lazy, Base: true})
	}
	for _, m := range ms {
		if m.Name != "" {
			names = append(names, m.Name)
			continue
		}
		slot, err := m.Slot()
		if err != nil {
			return nil, err
		}
		if u := slot.Type.Underlying(); u.Kind().IsCompound() {
			if names, err = membersDeep(u, names, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

//export goValue
func goValue(self *C.PyObject, r *C.res) {
	defer guard(entered(r))
	o := objectOf(self)
	finish(r, setObjectValue(r, o))
	if r.i.tag != C.R_ERR {
		tellLive(self, o, r.i.a == 0)
	}
}

// setObjectValue returns what value_() does: a number in the common case.
func setObjectValue(r *C.res, o drgn.Object) error {
	t := o.Type().WithoutTypedefs()
	if t.OwnSize()-1 < 8 { // 0 is an incomplete one
		switch t.Kind() {
		case types.Int, types.Enum:
			v, err := o.Uint()
			r.i.a = C.uint64_t(v)
			r.i.tag = C.R_UINT
			if t.IsSigned() {
				r.i.tag = C.R_INT
			}
			return err
		case types.Pointer:
			v, err := o.Uint()
			r.i.a, r.i.tag = C.uint64_t(v), C.R_UINT
			return err
		case types.Bool:
			v, err := o.Bool()
			r.i.a, r.i.tag = 0, C.R_BOOL
			if v {
				r.i.a = 1
			}
			return err
		}
	}
	v, err := valueOf(o, 0)
	if err != nil {
		return err
	}
	return setValue(r, v)
}

// self returns the object a method was called on.
func self(c Call) drgn.Object { return objectOf(c.self) }

var formatOptions = []struct {
	name string
	flag c.FormatFlags
}{
	{"dereference", c.Dereference}, {"symbolize", c.Symbolize}, {"string", c.String}, {"char", c.Char}, {"type_name", c.TypeName},
	{"member_type_names", c.MemberTypeNames}, {"element_type_names", c.ElementTypeNames}, {"members_same_line", c.MembersSameLine},
	{"elements_same_line", c.ElementsSameLine}, {"member_names", c.MemberNames}, {"element_indices", c.ElementIndices},
	{"implicit_members", c.ImplicitMembers}, {"implicit_elements", c.ImplicitElements}, {"human", c.Human},
}

// formatObject is format_().
func formatObject(call Call) error {
	f := c.DefaultFormat
	if call.Has(0) {
		f.Columns = int(min(call.Uint(0), 1<<30))
	}
	if call.Has(1) {
		f.IntegerBase = int(call.Int(1))
		if f.IntegerBase != 8 && f.IntegerBase != 10 && f.IntegerBase != 16 {
			return valueError("invalid integer base: must be 8, 10, or 16")
		}
	}
	for i, o := range formatOptions {
		if call.Has(i + 2) {
			f.Flags &^= o.flag
			if call.Bool(i + 2) {
				f.Flags |= o.flag
			}
		}
	}
	s, err := self(call).Format(f)
	if err != nil {
		return err
	}
	return call.String(s)
}

const formatDoc = `Return the object printed in C's syntax.

columns is where lines are broken; without it, they are as long as they get. integer_base is 8, 10 or 16. The others turn parts of
what is printed on or off; those that are on without being asked for have a star:

- dereference*: what a pointer points to
- symbolize*: names of functions and variables for addresses
- string*: the text that pointers to characters and arrays of them hold
- char: characters as 'a'
- type_name*, member_type_names*, element_type_names: types of the object, of members and of elements
- members_same_line, elements_same_line*: several of them a line
- member_names*, element_indices: which member or element it is
- implicit_members*, implicit_elements: those that are zero
- human: flags of an enumerated type by their names (F1 | F4), 120 'x', sizes and times with units (size_t 8192 (8.0 KiB), ktime_t
  1500000000 (1.5s)); this is no C`

func formatSignature() string {
	var b strings.Builder
	b.WriteString("format_(*, columns: width? = None, integer_base: int? = None")
	for _, o := range formatOptions {
		b.WriteString(", " + o.name + ": bool? = None")
	}
	b.WriteString(")")
	return b.String()
}

func objectRepr(call Call) error {
	o := self(call)
	var b strings.Builder
	fmt.Fprintf(&b, "Object(prog, %s", pyQuote(o.Type().String()))
	if addr, ok := o.Address(); ok {
		fmt.Fprintf(&b, ", address=%#x", addr)
	} else if reason, ok := o.Absent(); ok {
		if reason != drgn.OtherAbsence {
			fmt.Fprintf(&b, ", absence_reason=AbsenceReason.%s", map[drgn.AbsenceReason]string{drgn.OptimizedOut: "OPTIMIZED_OUT", drgn.NotImplemented: "NOT_IMPLEMENTED"}[reason])
		}
	} else {
		v, err := valueOf(o, 0)
		if err != nil {
			return err
		}
		text := pyRepr(v)
		if o.Type().UnderlyingKind() == types.Pointer { // a uint64, or *big.Int
			text = fmt.Sprintf("%#x", v)
		}
		b.WriteString(", value=" + text)
	}
	if n := o.BitOffset(); n != 0 {
		fmt.Fprintf(&b, ", bit_offset=%d", n)
	}
	if n := o.BitFieldSize(); n != 0 {
		fmt.Fprintf(&b, ", bit_field_size=%d", n)
	}
	b.WriteString(")")
	return call.String(b.String())
}

func objectGetItem(call Call, x *C.PyObject) error {
	o := self(call)
	var parts [3]C.arg
	switch C.sh_subscript(x, &parts[0]) {
	case 1:
		return call.Object(slice.At(o, int64(parts[0].i)))
	case 3:
		return sliceObject(call, o, parts)
	}
	return raisedError{}
}

// sliceObject is o[start:stop]: a shorter array, or one of what a pointer or a slice of Rust, Go or C++ refers to.
func sliceObject(call Call, o drgn.Object, s [3]C.arg) error {
	o, _ = slice.Elements(o)
	if err := o.Err(); err != nil {
		return err
	}
	given := func(i int, other int64) int64 {
		if s[i].kind == C.A_NONE {
			return other
		}
		return int64(s[i].i)
	}
	u := o.Type().Underlying()
	n, known := u.Length()
	if s[1].kind == C.A_NONE && !known {
		return typeError(fmt.Sprintf("'%s' has no length; slice stop must be given", o.Type()))
	}
	if u.Kind() != types.Array && u.Kind() != types.Pointer {
		return typeError(fmt.Sprintf("'%s' is not an array or pointer", o.Type().Unqualified()))
	}
	if given(2, 1) != 1 {
		return valueError("object slice step must be 1")
	}
	start, stop := given(0, 0), given(1, int64(n))
	p := o.Prog()
	t := p.Types().Array(o.Type().Language(), u.Elem(), uint64(max(stop-start, 0)))
	if !o.IsValue() || u.Kind() == types.Pointer {
		first := o.Index(start)
		if err := first.Err(); err != nil {
			return err
		}
		addr, _ := first.Address()
		return call.Object(p.ObjectAt(t, addr))
	}
	size, err := u.Elem().BitSize()
	if err != nil {
		return err
	}
	if start < 0 || uint64(start) > n {
		return &drgn.BoundsError{Problem: "out of bounds of value"}
	}
	return call.Object(o.Slice(t, uint64(start)*size, 0))
}

func objectIter(call Call) error { return iterateObject(call, false) }

// iterateObject gives the elements of an array or of a slice of Rust, Go or C++.
func iterateObject(call Call, backwards bool) error {
	o, _ := slice.Elements(self(call))
	if err := o.Err(); err != nil {
		return err
	}
	u := o.Type().Underlying()
	n, ok := u.Length()
	if u.Kind() != types.Array || !ok {
		return typeError(fmt.Sprintf("'%s' is not iterable", o.Type()))
	}
	if _, err := u.BitSize(); err != nil {
		return err
	}
	if reason, absent := o.Absent(); absent && n > 0 && !o.KnownInParts() {
		return &drgn.AbsentError{Reason: reason}
	}
	next := uint64(0)
	elements := func(i *C.item) (ok bool, err error) {
		if next == n {
			return false, nil
		}
		at := next
		if backwards {
			at = n - 1 - next
		}
		*i, err = objectItem(o.Index(int64(at)))
		next++
		return true, err
	}
	it := newIterator(&iterator{next: elements}, call.keep())
	if it != nil {
		C.iter_left(it, C.int64_t(min(n, math.MaxInt64)))
	}
	return call.pyObject(it)
}

// bitFieldSize returns a parameter that is a size in bits.
func bitFieldSize(call Call, i int) (uint64, error) {
	if !call.Has(i) {
		return 0, nil
	}
	if call.Uint(i) == 0 {
		return 0, valueError("bit field size cannot be zero")
	}
	return call.Uint(i), nil
}

// newObject is Object(prog, type, value=, *, address=, absence_reason=, bit_offset=, bit_field_size=).
func newObject(call Call) error {
	p := call.Prog(0)
	bits, err := bitFieldSize(call, 6)
	if err != nil {
		return err
	}
	value, address, absent := call.Has(2), call.Has(3), call.Has(4)
	switch {
	case value && address && absent:
		return valueError("object cannot have address, value, and absence reason")
	case value && address:
		return valueError("object cannot have address and value")
	case value && absent:
		return valueError("object cannot have value and absence reason")
	case address && absent:
		return valueError("object cannot have address and absence reason")
	case !call.Has(1) && address:
		return valueError("reference must have type")
	case !call.Has(1) && !value:
		return valueError("absent object must have type")
	case !call.Has(1) && bits != 0:
		return valueError("literal cannot be bit field")
	case !call.Has(1) && call.Has(5):
		return valueError("literal cannot have bit offset")
	case !call.Has(1):
		o, err := literal(p, call.py(2))
		if err != nil {
			return err
		}
		return call.Object(o)
	}
	t, err := call.TypeIn(1, p)
	switch {
	case err != nil:
		return err
	case address && !p.Platform().Known():
		return valueError("program address size is not known")
	case address:
		return call.Object(p.BitField(t, call.Uint(3), call.UintOr(5, 0), bits))
	case value && call.Has(5):
		return valueError("value cannot have bit offset")
	case value:
		o, err := fromValue(p, t, call.py(2), bits)
		if err != nil {
			return err
		}
		return call.Object(o)
	case call.Has(5):
		return valueError("absent object cannot have bit offset")
	}
	return call.Object(p.AbsentBitField(t, drgn.AbsenceReason(call.IntOr(4, 0)), bits))
}

// noNUL refuses a name that no C string can be.
func noNUL(name string) error {
	if strings.IndexByte(name, 0) >= 0 {
		return valueError("embedded null character")
	}
	return nil
}

// memberName refuses what does not begin with the name of a member: "[1]" is a part of an array, for Object.subobject_().
func memberName(designator string) error {
	if strings.HasPrefix(strings.TrimLeft(designator, " \t\n\v\f\r"), "[") {
		return &pyErr{excSyntax, "expected identifier"}
	}
	return noNUL(designator)
}

func objectClass() *class {
	return &class{
		id: classObject, name: "Object",
		doc: "A variable, function, constant or value of a program. It has the members, elements and operators of its type in C;\n" +
			"attributes of this class end in an underscore.",
		new: &Func{Sig: "Object(prog: prog, type: type? = None, value: any? = None, *, address: index? = None, absence_reason: AbsenceReason = None, bit_offset: index? = 0, bit_field_size: index? = None)", Do: newObject},
		methods: []Func{
			prettyMethod, htmlMethod,
			{Sig: "string_()", Doc: "Read the string in an array of characters, or that a pointer points to, up to its NUL, as bytes.", Do: func(c Call) error {
				b, err := self(c).CString()
				if err != nil {
					return err
				}
				return c.Data(b)
			}},
			{Sig: "member_(name: str)", Doc: "Return a member: also one that is named as an attribute of this class.", Do: func(c Call) error {
				if err := noNUL(c.Str(0)); err != nil {
					return err
				}
				return c.Object(self(c).Member(c.Str(0)))
			}},
			{Sig: "subobject_(designator: str)", Doc: "Return the part that a designator names: 'a.b[2].c'.", Do: func(c Call) error {
				if err := noNUL(c.Str(0)); err != nil {
					return err
				}
				return c.Object(self(c).Subobject(c.Str(0)))
			}},
			{Sig: "address_of_()", Doc: "Return a pointer to the object, as & in C.", Do: func(c Call) error {
				return c.Object(self(c).AddressOf())
			}},
			{Sig: "read_()", Doc: "Return the object's value as it is now, as an Object.", Do: func(c Call) error {
				return c.Object(self(c).Read())
			}},
			{Sig: "to_bytes_()", Doc: "Return the object's bytes as they lie in memory.", Do: func(c Call) error {
				b, err := self(c).Bytes()
				if err != nil {
					return err
				}
				return c.Data(b)
			}},
			{Sig: "from_bytes_(prog: prog, type: type, bytes: any, *, bit_offset: index? = 0, bit_field_size: index? = None)", Class: true,
				Doc: "Return the value that bytes, as they would lie in memory, stand for.", Do: fromBytes},
			{Sig: formatSignature(), Doc: formatDoc, Do: formatObject},
			{Sig: "__reversed__()", Doc: "Return an iterator over the elements of an array from the last to the first.", Do: func(c Call) error { return iterateObject(c, true) }},
			{Sig: "__round__(ndigits: any? = None)", Doc: "Round a number.", Do: roundObject},
			{Sig: "__trunc__()", Doc: "Truncate a number towards 0.", Do: func(c Call) error { return wholeNumber(c, math.Trunc) }},
			{Sig: "__floor__()", Doc: "Round a number down.", Do: func(c Call) error { return wholeNumber(c, math.Floor) }},
			{Sig: "__ceil__()", Doc: "Round a number up.", Do: func(c Call) error { return wholeNumber(c, math.Ceil) }},
		},
		props: []property{
			{name: "prog_", doc: "Program the object is in.", get: func(c Call) error { return c.Value(c.selfProg()) }},
			{name: "type_", doc: "Type of the object.", get: func(c Call) error { o := self(c); return c.Type(o.Prog(), o.Type()) }},
			{name: "address_", doc: "Address of the object in memory, or None.", get: func(c Call) error {
				if a, ok := self(c).Address(); ok {
					return c.Unsigned(a)
				}
				return c.None()
			}},
			{name: "absent_", doc: "Whether the object has neither address nor value.", get: func(c Call) error {
				_, ok := self(c).Absent()
				return c.Truth(ok)
			}},
			{name: "absence_reason_", doc: "Why the object is absent, or None.", get: func(c Call) error {
				if r, ok := self(c).Absent(); ok {
					return c.Enum(enumAbsenceReason, int64(r))
				}
				return c.None()
			}},
			{name: "bit_offset_", doc: "Offset in bits from the object's address to its start, or None.", get: func(c Call) error {
				o := self(c)
				if _, ok := o.Address(); !ok {
					return c.None()
				}
				return c.Number(int64(o.BitOffset()))
			}},
			{name: "bit_field_size_", doc: "Size in bits if the object is a bit-field, or None.", get: func(c Call) error {
				if n := self(c).BitFieldSize(); n != 0 {
					return c.Unsigned(n)
				}
				return c.None()
			}},
		},
		slots: slots{
			repr: objectRepr, iter: objectIter, getitem: objectGetItem,
			str: func(call Call) error {
				s, err := self(call).Format(c.DefaultFormat)
				if err != nil {
					return err
				}
				return call.String(s)
			},
		},
	}
}

func fromBytes(call Call) error {
	p := call.Prog(0)
	t, err := call.TypeIn(1, p)
	if err != nil {
		return err
	}
	var v C.Py_buffer
	if C.sh_buffer(call.py(2), &v) != 0 {
		return raisedError{}
	}
	data := C.GoBytes(v.buf, C.int(v.len))
	C.sh_release_buffer(&v)
	bits, err := bitFieldSize(call, 4)
	if err != nil {
		return err
	}
	off := call.UintOr(3, 0)
	if err := p.BitField(t, 0, 0, bits).Err(); err != nil {
		return err
	}
	if err := storable(t, "object"); err != nil {
		return err
	}
	if err := p.BitField(t, 0, off, bits).Err(); err != nil {
		return err
	}
	return call.Object(valueFromBytes(p, t, data, off, bits))
}
