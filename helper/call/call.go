// Package call describes functions that are called by name, with arguments and results as plain data: parameters, values,
// iterators. The helpers that Python sees are called this way. It needs neither Python nor cgo.
//
// A [Func] names a function, its parameters and the adapter that calls it. For each call the binding fills the slots of a
// [Call] as the parameters' kinds say, calls [Func.Do], and turns [Call.Result] into a Python object. Package
// helper/registry holds the adapters of all helpers; they are generated.
package call

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// A Kind says what a parameter takes and which slot of a [Call] it fills; the binding knows it by this name.
type Kind string

// The kinds of parameters. What fills their slots is in brackets.
const (
	KindObject  Kind = "object"  // a drgn.Object [SetObject]
	KindProgram Kind = "prog"    // a drgn.Program [SetProgram]
	KindScope   Kind = "scope"   // an Object or a Program [SetObject, SetProgram]
	KindUint    Kind = "index"   // an integer or integer Object from 0 to 2⁶⁴−1 [SetUint]
	KindWord    Kind = "word"    // an integer or integer Object of any size, modulo 2⁶⁴ [SetUint]
	KindLiteral Kind = "literal" // the same, of at most 64 bits beside its sign [SetUint]
	KindInt     Kind = "int"     // an integer or integer Object from −2⁶³ to 2⁶³−1 [SetUint of the two's complement]
	KindBool    Kind = "bool"    // anything, by its truth [SetUint of 0 or 1]
	KindString  Kind = "str"     // a str [SetText]
	KindBytes   Kind = "bytes"   // a bytes object [SetText]
	KindText    Kind = "text"    // str or bytes [SetText]
	KindPath    Kind = "path"    // str, bytes or os.PathLike [SetText]
	KindType    Kind = "type"    // a drgn.Type, or the name of one [SetAny of a *types.Type, SetText]
	KindThread  Kind = "thread"  // an Object, or an integer [SetObject, SetUint]
	KindAny     Kind = "any"     // any object [SetAny: bool, int64, uint64, float64, string, []byte, drgn.Object, …]
)

// MaxParams is how many parameters a function may have.
const MaxParams = 24

// A Param is a parameter of a [Func].
type Param struct {
	Name       string
	Kind       Kind
	Annotation string // its type in Python: "Object", "Union[str, Type]"

	// Default is Python's literal for what it is when left out; "" when it must be given. Its slot is then not set. It is "~"
	// for a first parameter of KindProgram or KindScope that may be left out: its slot is then the default program.
	Default     string
	KeywordOnly bool
	None        bool // None is accepted and means that the argument was left out
}

// A Func describes a function that Python sees.
type Func struct {
	Name    string
	Params  []Param
	Returns string // its result's type in Python
	Doc     string
	Slow    bool // it may work for long: Do is to be called on a goroutine with the GIL released, and [Call.Context] set
	Do      func(c *Call) error
}

// Sig returns the function's name and parameters with their kinds, as the binding reads them:
// "for_each_task(ns: scope = ~, *, idle: bool = False)".
func (f *Func) Sig() string {
	return f.signature(func(p *Param) string {
		s := p.Name + ": " + string(p.Kind)
		if p.None {
			s += "?"
		}
		if p.Default != "" {
			s += " = " + p.Default
		}
		return s
	})
}

// Signature returns the function's name and parameters as Python writes them: "for_each_task(ns=None, *, idle=False)".
func (f *Func) Signature() string {
	return f.signature(func(p *Param) string {
		switch {
		case p.Default == "~" && f.allOptional():
			return p.Name + "=None"
		case p.Default == "" || p.Default == "~": // one that must be given follows
			return p.Name
		}
		return p.Name + "=" + p.Default
	})
}

func (f *Func) allOptional() bool {
	for i := range f.Params {
		if f.Params[i].Default == "" {
			return false
		}
	}
	return true
}

func (f *Func) signature(param func(*Param) string) string {
	var b strings.Builder
	b.WriteString(f.Name + "(")
	star := false
	for i := range f.Params {
		p := &f.Params[i]
		if i > 0 {
			b.WriteString(", ")
		}
		if p.KeywordOnly && !star {
			b.WriteString("*, ")
			star = true
		}
		b.WriteString(param(p))
	}
	return b.String() + ")"
}

// A Module is a Python module with functions of Go.
type Module struct {
	Name    string // "drgn.helpers.linux.list"
	Doc     string
	Funcs   []Func
	Structs []*Struct
}

// A Struct describes a named tuple that Python code of its module defines.
type Struct struct {
	Module string // "drgn.helpers.linux.slab"
	Name   string // "SlabObjectInfo"
	Fields []string
}

// An OverflowError says that an integer does not fit its parameter; it is Python's OverflowError.
type OverflowError struct {
	Bits   int // of the parameter
	Signed bool
}

func (e *OverflowError) Error() string {
	kind := "unsigned"
	if e.Signed {
		kind = "signed"
	}
	return fmt.Sprintf("argument does not fit a %d-bit %s integer", e.Bits, kind)
}

// typeOf returns the type that a name stands for.
func typeOf(p *drgn.Program, name string) (*types.Type, error) {
	if p == nil {
		return nil, &drgn.ValueError{Problem: "no program to find type '" + name + "' in"}
	}
	return p.Type(name)
}
