package call

import (
	"context"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// A Call is one call of a [Func]: its arguments by the position of their parameters, and its result. The binding may use one
// again after [Call.Reset]. The zero Call is ready.
type Call struct {
	// Default returns the default program, or an error that says there is none.
	Default func() (*drgn.Program, error)
	// Context ends when the caller does not wait any more; it is set for a slow function.
	Context context.Context

	slots  [MaxParams]slot
	used   int
	result Value
}

// A slot holds an argument.
type slot struct {
	set  bool
	num  uint64
	text string // it may lie in memory that is good during the call only
	obj  drgn.Object
	any  any // *drgn.Program, *types.Type or any value
}

// Reset makes the call ready for the next one. Default is kept.
func (c *Call) Reset() {
	clear(c.slots[:c.used])
	c.used, c.Context, c.result = 0, nil, Value{}
}

func (c *Call) slot(i int) *slot {
	if i >= c.used {
		c.used = i + 1
	}
	s := &c.slots[i]
	s.set = true
	return s
}

// The setters are the binding's. An argument that is left out, or None, is not set.

// SetObject sets an argument of KindObject, KindScope or KindThread.
func (c *Call) SetObject(i int, o drgn.Object) { c.slot(i).obj = o }

// SetProgram sets an argument of KindProgram or KindScope.
func (c *Call) SetProgram(i int, p *drgn.Program) { c.slot(i).any = p }

// SetUint sets an integer or boolean argument.
func (c *Call) SetUint(i int, v uint64) { c.slot(i).num = v }

// SetText sets a textual argument. The memory of s must be good until Do returns, no longer.
func (c *Call) SetText(i int, s string) { c.slot(i).text = s }

// SetAny sets an argument of KindAny, or a type of KindType.
func (c *Call) SetAny(i int, v any) { c.slot(i).any = v }

// Result returns what the function returned; None before.
func (c *Call) Result() Value { return c.result }

// The getters are the adapters'.

// Has reports whether an argument was given and is not None.
func (c *Call) Has(i int) bool { return c.slots[i].set }

// Object returns an Object; the zero Object when it was left out.
func (c *Call) Object(i int) drgn.Object { return c.slots[i].obj }

// Program returns a program.
func (c *Call) Program(i int) *drgn.Program {
	p, _ := c.slots[i].any.(*drgn.Program)
	return p
}

// Scope returns an Object or a Program as a place to look in; nil when it was left out.
func (c *Call) Scope(i int) drgn.Scope {
	s := &c.slots[i]
	if p, ok := s.any.(*drgn.Program); ok {
		return p
	}
	if s.set {
		return s.obj
	}
	return nil
}

// Uint returns an unsigned integer; 0 when it was left out.
func (c *Call) Uint(i int) uint64 { return c.slots[i].num }

// Int returns a signed integer; 0 when it was left out.
func (c *Call) Int(i int) int64 { return int64(c.slots[i].num) }

// Bool returns a truth value; false when it was left out.
func (c *Call) Bool(i int) bool { return c.slots[i].num != 0 }

// Str returns a copy of a textual argument; "" when it was left out.
func (c *Call) Str(i int) string { return strings.Clone(c.slots[i].text) }

// Bytes returns a copy of a textual argument; nil when it was left out.
func (c *Call) Bytes(i int) []byte {
	if !c.slots[i].set {
		return nil
	}
	return []byte(c.slots[i].text)
}

// Type returns a type that was given, or that the name that was given stands for: in p, or in the default program when p is
// nil. It is nil when it was left out.
func (c *Call) Type(i int, p *drgn.Program) (*types.Type, error) {
	s := &c.slots[i]
	if !s.set {
		return nil, nil
	}
	return c.TypeOr(i, p, "")
}

// TypeOr is like Type, but a type that was left out is the one of a name.
func (c *Call) TypeOr(i int, p *drgn.Program, name string) (*types.Type, error) {
	s := &c.slots[i]
	if t, ok := s.any.(*types.Type); ok {
		return t, nil
	}
	if s.set {
		name = strings.Clone(s.text)
	}
	if p == nil && c.Default != nil {
		var err error
		if p, err = c.Default(); err != nil {
			return nil, err
		}
	}
	return typeOf(p, name)
}

// Any returns the value of an argument of KindAny; nil when it was left out.
func (c *Call) Any(i int) any { return c.slots[i].any }

// AnyOr returns the value of an argument of KindAny, or def when it was left out.
func (c *Call) AnyOr(i int, def any) any {
	if !c.slots[i].set {
		return def
	}
	return c.slots[i].any
}

// Thread returns an argument of KindThread: a drgn.Object or a uint64; nil when it was left out.
func (c *Call) Thread(i int) any {
	s := &c.slots[i]
	if !s.set {
		return nil
	}
	if s.obj.Prog() != nil {
		return s.obj
	}
	return s.num
}

// UintOr returns an unsigned integer, or def when it was left out.
func (c *Call) UintOr(i int, def uint64) uint64 {
	if !c.slots[i].set {
		return def
	}
	return c.slots[i].num
}

// IntOr returns a signed integer, or def when it was left out.
func (c *Call) IntOr(i int, def int64) int64 {
	if !c.slots[i].set {
		return def
	}
	return int64(c.slots[i].num)
}

// BoolOr returns a truth value, or def when it was left out.
func (c *Call) BoolOr(i int, def bool) bool {
	if !c.slots[i].set {
		return def
	}
	return c.slots[i].num != 0
}

// StrOr returns a textual argument, or def when it was left out.
func (c *Call) StrOr(i int, def string) string {
	if !c.slots[i].set {
		return def
	}
	return c.Str(i)
}

// Narrow converts an integer argument to one of fewer bits; what does not fit is an *[OverflowError].
func Narrow[T ~int8 | ~int16 | ~int32 | ~int | ~uint8 | ~uint16 | ~uint32 | ~uint | ~int64 | ~uint64 | ~uintptr, V int64 | uint64](v V) (T, error) {
	t := T(v)
	if V(t) != v || (t < 0) != (v < 0) {
		bits, signed := 0, ^T(0) < 0
		for one := T(1); one != 0; one <<= 1 {
			bits++
		}
		return 0, &OverflowError{bits, signed}
	}
	return t, nil
}

// Live reports whether a program's memory changes while it is looked at.
func Live(p *drgn.Program) bool { return p != nil && p.Flags()&drgn.IsLive != 0 }

// ScopeProgram returns the program of a scope; nil for none.
func ScopeProgram(s drgn.Scope) *drgn.Program {
	if s == nil {
		return nil
	}
	p, _, _ := s.Scope()
	return p
}

// Return sets the result. A value that holds an error is that error.
func (c *Call) Return(v Value) error {
	if v.tag == TagError {
		return v.x.(error)
	}
	c.result = v
	return nil
}
