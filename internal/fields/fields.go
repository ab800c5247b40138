// Package fields plans how the tagged fields of a struct of Go are filled from an object of a type of the program.
package fields

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/types"
)

// A Plan says how to come from an object of a type to the value of one field.
type Plan struct {
	Index    int    // of the field in the Go struct
	Name     string // of the field
	Tag      string
	Optional bool  // the field is left as it is where Missing is set or a pointer on the way is null
	Missing  error // the type has no such member: a *types.MemberError
	Steps    []Step
	IsPlain  bool // see [IsPlain]
}

// A Step goes to a member at an offset; before all but the first, a pointer is followed.
type Step struct {
	BitOffset    uint64 // from the start of the object that the step begins at
	BitFieldSize uint64 // in bits; 0: the member is no bit field
	Type         *types.Type
}

// Fail returns an error that names the field.
func (p *Plan) Fail(err error) error { return &failure.FieldError{Field: p.Name, Tag: p.Tag, Err: err} }

// Plans returns the plans of all fields of rt, a struct, that have a tag `drgn:"path|path,optional"`, for objects of type
// t. It is a *failure.ValueError if there are none, if such a field is not exported or if an option is unknown, and an
// *failure.FieldError if t can't be asked for a member.
func Plans(t *types.Type, rt reflect.Type) ([]Plan, error) {
	var plans []Plan
	for i := range rt.NumField() {
		sf := rt.Field(i)
		tag, ok := sf.Tag.Lookup("drgn")
		if !ok {
			continue
		}
		if !sf.IsExported() {
			return nil, &failure.ValueError{Problem: fmt.Sprintf("field %s of %s has a drgn tag but is not exported", sf.Name, rt)}
		}
		path, option, _ := strings.Cut(tag, ",")
		if option != "" && option != "optional" {
			return nil, &failure.ValueError{Problem: fmt.Sprintf("field %s of %s: unknown option %q in its drgn tag", sf.Name, rt, option)}
		}
		p := Plan{Index: i, Name: sf.Name, Tag: tag, Optional: option == "optional", IsPlain: IsPlain(sf.Type)}
		for alternative := range strings.SplitSeq(path, "|") {
			p.Steps, p.Missing = stepsTo(t, alternative)
			if !isMissing(p.Missing) {
				break
			}
		}
		if p.Missing != nil && !isMissing(p.Missing) {
			return nil, p.Fail(p.Missing)
		}
		plans = append(plans, p)
	}
	if len(plans) == 0 {
		return nil, &failure.ValueError{Problem: fmt.Sprintf("no field of %s has a drgn tag", rt)}
	}
	return plans, nil
}

func isMissing(err error) bool {
	var missing *types.MemberError
	return errors.As(err, &missing)
}

// stepsTo works out the way along a path such as "mm->pgd" or "se.load.weight".
func stepsTo(t *types.Type, path string) ([]Step, error) {
	steps := []Step{{Type: t}}
	for part := range strings.SplitSeq(strings.ReplaceAll(path, "->", "."), ".") {
		last := &steps[len(steps)-1]
		u := last.Type.Underlying()
		if u.Kind() == types.Pointer {
			steps = append(steps, Step{Type: u.Elem()})
			last = &steps[len(steps)-1]
		}
		f, err := last.Type.FindMember(part)
		if err != nil {
			return nil, err
		}
		if f.Via != nil {
			return nil, &types.VirtualBaseError{Type: last.Type, Name: part}
		}
		if f.Variant != nil {
			return nil, &failure.UnsupportedError{Problem: fmt.Sprintf("member '%s' of '%s' belongs to a variant", part, last.Type)}
		}
		last.BitOffset += f.BitOffset
		last.BitFieldSize, last.Type = f.BitFieldSize, f.Type
	}
	return steps, nil
}

// IsPlain reports whether a Go type takes a value only: objects and what has members of its own also need to know where
// in memory the value lies.
func IsPlain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return false
	case reflect.Slice, reflect.Array:
		return IsPlain(t.Elem())
	}
	return true
}
