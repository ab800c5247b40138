package fields

import (
	"fmt"
	"math"
	"reflect"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/types"
)

// A Value is an object of a program that has no parts: what it is, in each form in which Go may want it.
type Value interface {
	Type() *types.Type
	Int() (int64, error)
	Uint() (uint64, error)
	Bool() (bool, error)
	Float() (float64, error)
	CString() ([]byte, error)
}

// Set stores a value in an integer, boolean, float or string of Go. It is a *failure.ValueError if it does not fit, and a
// *failure.TypeError if rv is of another kind or a string is asked for what is not text. The type parameter keeps the
// value off the heap.
func Set[V Value](rv reflect.Value, o V) error {
	switch rv.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := o.Int()
		if err != nil {
			return err
		}
		if rv.OverflowInt(n) || n < 0 && !o.Type().Underlying().IsSigned() {
			return doesNotFit(rv, fmt.Sprint(uint64(n)))
		}
		rv.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n, err := o.Uint()
		if err != nil {
			return err
		}
		if int64(n) < 0 && o.Type().Underlying().IsSigned() {
			return doesNotFit(rv, fmt.Sprint(int64(n)))
		}
		if rv.OverflowUint(n) {
			return doesNotFit(rv, fmt.Sprint(n))
		}
		rv.SetUint(n)
	case reflect.Bool:
		b, err := o.Bool()
		if err != nil {
			return err
		}
		rv.SetBool(b)
	case reflect.Float32, reflect.Float64:
		f, err := o.Float()
		if err != nil {
			return err
		}
		if rv.OverflowFloat(f) && !math.IsInf(f, 0) {
			return doesNotFit(rv, fmt.Sprintf("%g", f))
		}
		rv.SetFloat(f)
	case reflect.String:
		if t := o.Type(); !t.IsText() {
			return &failure.TypeError{Problem: fmt.Sprintf("cannot decode '%s' into %s: it is not text", t, rv.Type())}
		}
		s, err := o.CString()
		if err != nil {
			return err
		}
		rv.SetString(string(s))
	default:
		return &failure.TypeError{Problem: fmt.Sprintf("cannot decode '%s' into %s", o.Type(), rv.Type())}
	}
	return nil
}

func doesNotFit(rv reflect.Value, value string) error {
	return &failure.ValueError{Problem: fmt.Sprintf("%s does not fit %s", value, rv.Type())}
}
