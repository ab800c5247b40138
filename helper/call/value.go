package call

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/godrgn/drgn"
)

// A Tag says what a [Value] is in Python.
type Tag uint8

// The kinds of values, and what gets them out.
const (
	TagNone     Tag = iota
	TagUint         // int: Uint
	TagInt          // int: Int
	TagBool         // bool: Bool
	TagFloat        // float: Float
	TagStr          // str, whose bytes may be no UTF-8: Text
	TagBytes        // bytes: Text
	TagObject       // drgn.Object: Object
	TagList         // list: Elems
	TagTuple        // tuple: Elems
	TagDict         // dict: Elems, key, value, key, value, …
	TagReadOnly     // dict that cannot be changed: Elems, as of TagDict
	TagRecord       // named tuple of the class Struct: Struct, Elems
	TagIter         // iterator: Iter
	TagLines        // None, once each line has been printed: Iter, of TagStr
	TagOther        // another class of package drgn, told by the Go type: Other
	TagError        // no value: Err
)

// A Value is a value on its way to Python. The zero Value is None.
type Value struct {
	tag Tag
	num uint64
	obj drgn.Object
	x   any // string, []Value, record, Iter, error or other
}

type record struct {
	class *Struct
	elems []Value
}

// None is Python's None.
var None = Value{}

// Uint returns an int.
func Uint(v uint64) Value { return Value{tag: TagUint, num: v} }

// Int returns an int.
func Int(v int64) Value { return Value{tag: TagInt, num: uint64(v)} }

// Bool returns a bool.
func Bool(v bool) Value {
	if v {
		return Value{tag: TagBool, num: 1}
	}
	return Value{tag: TagBool}
}

// Float returns a float.
func Float(v float64) Value { return Value{tag: TagFloat, num: math.Float64bits(v)} }

// Str returns a str.
func Str(s string) Value { return Value{tag: TagStr, x: s} }

// Bytes returns a bytes object.
func Bytes(b []byte) Value { return Value{tag: TagBytes, x: string(b)} }

// Object returns an Object; a failed one is its error.
func Object(o drgn.Object) Value {
	if err := o.Err(); err != nil {
		return Error(err)
	}
	return Value{tag: TagObject, obj: o}
}

// Error returns what has an error in a value's place.
func Error(err error) Value { return Value{tag: TagError, x: err} }

// List returns a list, which keeps elems; the first error among them is its own.
func List(elems []Value) Value { return compound(TagList, elems) }

// Tuple returns a tuple.
func Tuple(elems ...Value) Value { return compound(TagTuple, elems) }

// Dict returns a dict of keys each followed by its value.
func Dict(elems []Value) Value { return compound(TagDict, elems) }

// ReadOnly makes a list a tuple, and a dict one that cannot be changed.
func ReadOnly(v Value) Value {
	switch v.tag {
	case TagList:
		v.tag = TagTuple
	case TagDict:
		v.tag = TagReadOnly
	}
	return v
}

// Record returns a named tuple.
func Record(class *Struct, elems ...Value) Value {
	v := compound(TagRecord, elems)
	if v.tag == TagRecord {
		v.x = record{class, elems}
	}
	return v
}

func compound(tag Tag, elems []Value) Value {
	for _, e := range elems {
		if e.tag == TagError {
			return e
		}
	}
	return Value{tag: tag, x: elems}
}

// Stream returns an iterator.
func Stream(it Iter) Value { return Value{tag: TagIter, x: it} }

// Lines returns what a function prints: the lines of an iterator of TagStr, each of which gets a newline. To Python the
// function returns None.
func Lines(it Iter) Value { return Value{tag: TagLines, x: it} }

// Other returns a value of a Go type that the binding has a class for: *drgn.Program, *types.Type, drgn.Symbol, …; nil is
// None.
func Other(v any) Value {
	if v == nil {
		return None
	}
	return Value{tag: TagOther, x: v}
}

// Each makes a list of the elements of a slice.
func Each[T any](s []T, conv func(T) Value) Value {
	elems := make([]Value, len(s))
	for i, e := range s {
		elems[i] = conv(e)
	}
	return List(elems)
}

// Fixed makes a tuple of the elements of an array.
func Fixed[T any](s []T, conv func(T) Value) Value {
	v := Each(s, conv)
	if v.tag == TagList {
		v.tag = TagTuple
	}
	return v
}

// Map makes a dict in the order of its keys.
func Map[K cmp.Ordered, V any](m map[K]V, key func(K) Value, value func(V) Value) Value {
	elems := make([]Value, 0, 2*len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		elems = append(elems, key(k), value(m[k]))
	}
	return Dict(elems)
}

// Pairs makes a dict of keys and values in the order of a slice.
func Pairs[T any](s []T, pair func(T) (key, value Value)) Value {
	elems := make([]Value, 0, 2*len(s))
	for _, e := range s {
		k, v := pair(e)
		elems = append(elems, k, v)
	}
	return Dict(elems)
}

// Maybe is None for nil.
func Maybe[T any](p *T, conv func(T) Value) Value {
	if p == nil {
		return None
	}
	return conv(*p)
}

// Pointer is [Other] of a pointer, None for nil.
func Pointer[T any](p *T) Value {
	if p == nil {
		return None
	}
	return Other(p)
}

// Anything returns the value of a Go value whose type tells what it is in Python.
func Anything(v any) Value {
	switch v := v.(type) {
	case nil:
		return None
	case Value:
		return v
	case bool:
		return Bool(v)
	case int:
		return Int(int64(v))
	case int64:
		return Int(v)
	case uint64:
		return Uint(v)
	case float64:
		return Float(v)
	case string:
		return Str(v)
	case []byte:
		return Bytes(v)
	case drgn.Object:
		return Object(v)
	}
	return Other(v)
}

// Tag returns what the value is.
func (v Value) Tag() Tag { return v.tag }

// Uint returns the number of a TagUint.
func (v Value) Uint() uint64 { return v.num }

// Int returns the number of a TagInt.
func (v Value) Int() int64 { return int64(v.num) }

// Bool returns the truth of a TagBool.
func (v Value) Bool() bool { return v.num != 0 }

// Float returns the number of a TagFloat.
func (v Value) Float() float64 { return math.Float64frombits(v.num) }

// Text returns the characters of a TagStr or the bytes of a TagBytes.
func (v Value) Text() string {
	s, _ := v.x.(string)
	return s
}

// Object returns the object of a TagObject.
func (v Value) Object() drgn.Object { return v.obj }

// Elems returns the elements of a compound value. They must not be changed.
func (v Value) Elems() []Value {
	switch x := v.x.(type) {
	case []Value:
		return x
	case record:
		return x.elems
	}
	return nil
}

// Struct returns the class of a TagRecord.
func (v Value) Struct() *Struct {
	r, _ := v.x.(record)
	return r.class
}

// Iter returns the iterator of a TagIter or TagLines.
func (v Value) Iter() Iter {
	it, _ := v.x.(Iter)
	return it
}

// Other returns the Go value of a TagOther.
func (v Value) Other() any { return v.x }

// Err returns the error of a TagError, else nil.
func (v Value) Err() error {
	if v.tag != TagError {
		return nil
	}
	return v.x.(error)
}
