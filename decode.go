package drgn

import (
	"fmt"
	"reflect"

	"github.com/godrgn/drgn/internal/fields"
	"github.com/godrgn/drgn/types"
)

// Decode reads an object into what v points to.
//
//   - Into a struct, each field tagged `drgn:"name"` takes the member of that name of a structure, union or class, or of
//     what a pointer to one points to. "a|b" is the first of the names that exists; "mm->pgd" and "se.vruntime" are paths,
//     on which a pointer is followed; the option ",optional" leaves the field as it is where the way leads through a null
//     pointer or a member that the type does not have. Fields without a tag are left alone.
//   - Into an integer, boolean or float of Go, the value, when it fits: else it is an error.
//   - Into a string, the string of an array of characters, or that a pointer to characters or void points to.
//   - Into a slice or array, the elements of an array; of characters of any sign into bytes, the bytes as they are.
//   - Into a map[string]T, the members of a structure, union or class, or of what a pointer to one points to, by their
//     names: all must decode into T. Those of anonymous members count as its own. Into a map[string][Object], anything.
//   - Into an [Object], the object itself.
//
// The way to each member is worked out once for each pair of types and kept. What v points to may be partly changed when
// an error is returned.
func (o Object) Decode(v any) error {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return &ValueError{Problem: fmt.Sprintf("Decode into %T, which does not point to a value", v)}
	}
	return o.decode(rv.Elem())
}

var objectType = reflect.TypeFor[Object]()

func (o Object) decode(rv reflect.Value) error {
	if err := o.Err(); err != nil {
		return err
	}
	if rv.Type() == objectType {
		rv.Set(reflect.ValueOf(o))
		return nil
	}
	switch rv.Kind() {
	case reflect.Struct:
		return o.decodeStruct(rv)
	case reflect.Slice, reflect.Array:
		return o.decodeElements(rv)
	case reflect.Map:
		return o.decodeMap(rv)
	}
	return fields.Set(rv, o)
}

func (o Object) decodeElements(rv reflect.Value) error {
	n, err := o.Len()
	if err != nil {
		return err
	}
	if n > maxObject || n*max(1, uint64(rv.Type().Elem().Size())) > maxObject {
		return &ValueError{Problem: fmt.Sprintf("array of %d elements is too long to decode", n)}
	}
	if rv.Kind() == reflect.Array && uint64(rv.Len()) != n {
		return &ValueError{Problem: fmt.Sprintf("'%s' does not fit %s", o.typ, rv.Type())}
	}
	if rv.Kind() == reflect.Slice {
		rv.Set(reflect.MakeSlice(rv.Type(), int(n), int(n)))
	}
	if elem := o.typ.Underlying().Elem().Underlying(); elem.Kind() == types.Int && elem.OwnSize() == 1 && rv.Type().Elem().Kind() == reflect.Uint8 {
		b, err := o.contents()
		if err != nil {
			return err
		}
		copy(rv.Bytes(), b)
		return nil
	}
	if o.form == reference && fields.IsPlain(rv.Type()) {
		if whole := o.Read(); whole.form == value {
			o = whole
		}
	}
	for i := range int(n) {
		if err := o.Index(int64(i)).decode(rv.Index(i)); err != nil {
			return &PathError{Path: fmt.Sprintf("[%d]", i), Err: err}
		}
	}
	return nil
}

func (o Object) decodeMap(rv reflect.Value) error {
	if rv.Type().Key().Kind() != reflect.String {
		return &TypeError{Problem: fmt.Sprintf("cannot decode '%s' into %s: its keys are not strings", o.typ, rv.Type())}
	}
	base, isPointer := o.pointee()
	if !isPointer {
		base = o
	}
	if err := base.Err(); err != nil {
		return err
	}
	if !base.typ.UnderlyingKind().IsCompound() || !base.typ.IsComplete() {
		return &TypeError{Problem: fmt.Sprintf("cannot decode '%s' into %s: its members are not known", base.typ, rv.Type())}
	}
	m := reflect.MakeMap(rv.Type())
	if err := base.decodeMembers(m, 0); err != nil {
		return err
	}
	rv.Set(m)
	return nil
}

// maxAnonymous bounds how deep anonymous members lie in each other.
const maxAnonymous = 100

// decodeMembers adds the members of a compound to a map.
func (o Object) decodeMembers(m reflect.Value, depth int) error {
	members, err := o.typ.Underlying().Members()
	if err != nil {
		return err
	}
	if depth > maxAnonymous {
		return &types.DepthError{}
	}
	for _, member := range members {
		slot, err := member.Slot()
		if err != nil {
			return &PathError{Path: "." + member.Name, Err: err}
		}
		if in, err := o.Holds(member.Variant); err != nil {
			return err
		} else if !in {
			continue
		}
		part := o.part(slot.Type, member.BitOffset, slot.BitFieldSize)
		if member.Base {
			member.Name = slot.Type.Underlying().Tag() // as which it is a member
		}
		if member.Name == "" {
			if slot.Type.UnderlyingKind().IsCompound() { // else it is padding
				if err := part.decodeMembers(m, depth+1); err != nil {
					return err
				}
			}
			continue
		}
		v := reflect.New(m.Type().Elem()).Elem()
		if err := part.decode(v); err != nil {
			return &PathError{Path: "." + member.Name, Err: err}
		}
		m.SetMapIndex(reflect.ValueOf(member.Name).Convert(m.Type().Key()), v)
	}
	return nil
}

type planKey struct {
	typ *types.Type
	go_ reflect.Type
}

func (o Object) decodeStruct(rv reflect.Value) error {
	base, isPointer := o.pointee()
	if !isPointer {
		base = o
	}
	if err := base.Err(); err != nil {
		return err
	}
	plan, err := o.prog.planFor(base.typ, rv.Type())
	if err != nil {
		return err
	}
	whole := base
	if base.form == reference && len(plan) > 1 && o.prog.Flags()&IsLive != 0 {
		if size, err := base.typ.Size(); err == nil && size <= maxEager {
			// One read for the whole object, so that all fields are of the same moment. Where a part of it cannot be read
			// the fields are read one by one.
			if read := base.Read(); read.form == value {
				whole = read
			}
		}
	}
	for i := range plan {
		f := &plan[i]
		if f.Missing != nil {
			if f.Optional {
				continue
			}
			return f.Fail(f.Missing)
		}
		m := whole
		if len(f.Steps) == 1 && (!f.IsPlain || !f.Steps[0].Type.IsComplete()) {
			m = base // a flexible array is not part of the value
		}
		null := false
		for j, s := range f.Steps {
			if j > 0 {
				m, _ = m.pointee()
				if null = m.form == reference && m.bits == 0; null {
					break
				}
			}
			if m.form != failed {
				m = m.part(s.Type, s.BitOffset, s.BitFieldSize)
			}
		}
		if null && f.Optional {
			continue
		}
		if null {
			return f.Fail(&ValueError{Problem: "null pointer on the way"})
		}
		if err := m.decode(rv.Field(f.Index)); err != nil {
			return f.Fail(err)
		}
	}
	return nil
}

// maxEager bounds the size of an object that is read as a whole for the sake of some members.
const maxEager = 64 << 10

// planFor returns the plan of a struct of Go for a type, which is worked out once.
func (p *Program) planFor(t *types.Type, rt reflect.Type) ([]fields.Plan, error) {
	key := planKey{t, rt}
	if plans, ok := p.plans.Load(key); ok {
		return plans, nil
	}
	plans, err := fields.Plans(t, rt)
	if err != nil {
		return nil, err
	}
	return p.plans.LoadOrStore(key, plans), nil
}
