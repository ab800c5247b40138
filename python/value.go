package python

/*
#include "bind.h"
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// Compound values cross as a stream of bytes; see stream.c. What Go writes, apart from nil, bool, numbers, strings and []byte:
type (
	list  []any
	tuple []any
	set   []any
	dict  []pair
	pair  struct{ key, value any }
	// callValue is what calling a Python object gives.
	callValue struct {
		f    *C.PyObject // owned
		args tuple
	}
	// typeRef is a type and the program it is of.
	typeRef struct {
		prog *drgn.Program
		typ  *types.Type
	}
	// enumValue is a member of an enumeration.
	enumValue struct {
		which enumID
		value int64
	}
	// owned is a reference that is given away; borrowed one that is not.
	owned    struct{ o *C.PyObject }
	borrowed struct{ o *C.PyObject }
)

type stream struct {
	b   []byte
	err error
}

func (s *stream) op(op byte, v uint64) {
	s.b = append(s.b, op)
	s.b = binary.LittleEndian.AppendUint64(s.b, v)
}

func (s *stream) item(i C.item, err error) {
	if err != nil {
		s.fail(err)
		return
	}
	s.b = append(s.b, 'o')
	s.b = append(s.b, unsafe.Slice((*byte)(unsafe.Pointer(&i)), unsafe.Sizeof(i))...)
}

func (s *stream) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.b = append(s.b, 'N')
}

func (s *stream) put(v any) {
	switch v := v.(type) {
	case nil:
		s.b = append(s.b, 'N')
	case bool:
		s.b = append(s.b, map[bool]byte{true: 'T', false: 'F'}[v])
	case int:
		s.op('i', uint64(v))
	case int64:
		s.op('i', uint64(v))
	case uint64:
		s.op('u', v)
	case uint32:
		s.op('u', uint64(v))
	case uint8:
		s.op('u', uint64(v))
	case *big.Int:
		b := twosComplement(v)
		s.op('I', uint64(len(b)))
		s.b = append(s.b, b...)
	case float64:
		s.op('d', math.Float64bits(v))
	case string:
		s.op('s', uint64(len(v)))
		s.b = append(s.b, v...)
	case []byte:
		s.op('b', uint64(len(v)))
		s.b = append(s.b, v...)
	case list:
		s.all('l', v)
	case tuple:
		s.all('t', v)
	case set:
		s.all('S', v)
	case dict:
		s.op('D', uint64(len(v)))
		for _, p := range v {
			s.put(p.key)
			s.put(p.value)
		}
	case []string:
		s.op('l', uint64(len(v)))
		for _, x := range v {
			s.put(x)
		}
	case callValue:
		s.b = append(s.b, 'c')
		s.op('P', uint64(uintptr(unsafe.Pointer(v.f))))
		s.put(v.args)
	case owned:
		s.op('P', uint64(uintptr(unsafe.Pointer(v.o))))
	case borrowed:
		C.sh_incref(v.o)
		s.op('P', uint64(uintptr(unsafe.Pointer(v.o))))
	case drgn.Object:
		s.item(objectItem(v))
	case typeRef:
		s.item(typeItem(v.prog, v.typ), nil)
	case enumValue:
		var i C.item
		i.tag, i._type, i.a = C.R_ENUM, C.uint32_t(v.which), C.uint64_t(v.value)
		s.item(i, nil)
	case instance:
		s.item(v.item(), nil)
	case *drgn.Program:
		s.put(borrowed{programObject(v)})
	default:
		s.fail(fmt.Errorf("a value of type %T has no Python form", v))
	}
}

func (s *stream) all(op byte, vs []any) {
	s.op(op, uint64(len(vs)))
	for _, v := range vs {
		s.put(v)
	}
}

// twosComplement returns v's little-endian bytes with a sign.
func twosComplement(v *big.Int) []byte {
	return bits.BigBytes(v, v.BitLen()/8+1, false)
}

// buildPy makes the Python object of a Go value.
func buildPy(v any) (*C.PyObject, error) {
	var s stream
	s.put(v)
	if s.err != nil {
		return nil, s.err
	}
	o := C.sh_build((*C.char)(unsafe.Pointer(unsafe.SliceData(s.b))), C.int64_t(len(s.b)))
	if o == nil {
		return nil, raisedError{}
	}
	return o, nil
}

// callPy calls a Python object; the result is owned. The GIL is held, no lock of the house is.
func callPy(f *C.PyObject, args ...any) (*C.PyObject, error) {
	checkNoLocks()
	var s stream
	s.put(tuple(args))
	if s.err != nil {
		return nil, s.err
	}
	o := C.sh_call(f, (*C.char)(unsafe.Pointer(unsafe.SliceData(s.b))), C.int64_t(len(s.b)))
	if o == nil {
		return nil, takeRaised()
	}
	return o, nil
}

// decodePy returns a Python object as a Go value: nil, bool, int64, *big.Int, float64, string, []byte, list, tuple, dict,
// drgn.Object, typeRef, *drgn.Program, instance, or borrowed for anything else.
func decodePy(o *C.PyObject) (any, error) {
	var n C.int64_t
	p := C.sh_dump(o, &n)
	if p == nil {
		return nil, raisedError{}
	}
	defer C.free(unsafe.Pointer(p))
	d := decoder{unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n))}
	return d.value(), nil
}

// integer returns the integer that decodePy has read, or that an Object is. ok is false for what is neither.
func integer(v any) (n *big.Int, ok bool, err error) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewInt(1), true, nil
		}
		return new(big.Int), true, nil
	case int64:
		return big.NewInt(v), true, nil
	case *big.Int:
		return v, true, nil
	case drgn.Object:
		n, err := v.BigInt()
		return n, true, err
	}
	return nil, false, nil
}

// decoder reads what stream.c's dump wrote.
type decoder struct{ b []byte }

func (d *decoder) u64() uint64 {
	v := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

func (d *decoder) take(n uint64) []byte {
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) value() any {
	op := d.b[0]
	d.b = d.b[1:]
	switch op {
	case 'T', 'F':
		return op == 'T'
	case 'i':
		return int64(d.u64())
	case 'I':
		return fromTwosComplement(d.take(d.u64()))
	case 'd':
		return math.Float64frombits(d.u64())
	case 's':
		return string(d.take(d.u64()))
	case 'b':
		return append([]byte{}, d.take(d.u64())...)
	case 'l', 't':
		n := d.u64()
		vs := make([]any, n)
		for i := range vs {
			vs[i] = d.value()
		}
		if op == 'l' {
			return list(vs)
		}
		return tuple(vs)
	case 'D':
		n := d.u64()
		ps := make(dict, n)
		for i := range ps {
			ps[i].key = d.value()
			ps[i].value = d.value()
		}
		return ps
	case 'O', 'G', 'P':
		o := (*C.PyObject)(ptr(d.u64()))
		if op == 'P' {
			return ref(o)
		}
		defer C.sh_decref(o)
		if op == 'G' {
			return programOf(o).prog
		}
		return instanceValue(o)
	}
	return nil
}

// ptr makes a pointer to C's memory of a number.
func ptr(v uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&v)) }

// A pyRef is a reference to a Python object that Go's collector drops.
type pyRef struct{ o *C.PyObject }

func decref(o *C.PyObject) { C.sh_decref(o) }
