package dap

import (
	"fmt"

	"github.com/google/go-dap"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/expression"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// A list is variables that a client may ask for: from the one with index start on, count at most.
type list func(start, count int) ([]dap.Variable, error)

// reference returns the number of a list.
func (s *server) reference(l list) int { return s.lists.add(l) }

// maxVariables is how many variables are sent at once.
const maxVariables = 1000

func (s *server) variables(a dap.VariablesArguments) ([]dap.Variable, error) {
	l, err := s.lists.get(a.VariablesReference, "list of variables")
	if err != nil {
		return nil, err
	}
	count := a.Count
	if count <= 0 || count > maxVariables {
		count = maxVariables
	}
	found, err := l(max(a.Start, 0), count)
	if found == nil {
		found = []dap.Variable{}
	}
	return found, err
}

func (s *server) scopes(frame int) ([]dap.Scope, error) {
	f, err := s.frames.get(frame, "stack frame")
	if err != nil {
		return nil, err
	}
	locals := s.reference(func(start, count int) (all []dap.Variable, err error) {
		found, err := f.Locals()
		for _, name := range part(found, start, count) {
			all = append(all, s.variable(name, name, f.Object(name)))
		}
		return all, err
	})
	registers := s.reference(func(start, count int) (all []dap.Variable, err error) {
		for _, r := range part(f.Registers(), start, count) {
			all = append(all, dap.Variable{Name: r.Name, Value: fmt.Sprintf("%#x", r.Value), MemoryReference: fmt.Sprintf("%#x", r.Value)})
		}
		return all, nil
	})
	return []dap.Scope{{Name: "Locals", PresentationHint: "locals", VariablesReference: locals},
		{Name: "Registers", PresentationHint: "registers", VariablesReference: registers}}, nil
}

func part[T any](all []T, start, count int) []T {
	start = min(start, len(all))
	return all[start:min(len(all), start+count)]
}

// oneLine is how a value without parts is shown: its type stands beside it.
var oneLine = c.Format{Columns: -1, IntegerBase: 10, Flags: c.Symbolize | c.String | c.Char}

// variable shows an object: what it is, and what it consists of or points to, to be asked for. text is the expression by
// which it can be written.
func (s *server) variable(name, text string, o drgn.Object) dap.Variable {
	v := dap.Variable{Name: name, EvaluateName: text}
	if err := o.Err(); err != nil {
		v.Value = "<" + err.Error() + ">"
		return v
	}
	v.Type = o.Type().String()
	if at, ok := o.Address(); ok {
		v.MemoryReference = fmt.Sprintf("%#x", at)
	}
	if _, absent := o.Absent(); absent {
		v.Value = printed(o)
		return v
	}
	t := o.Type().Underlying()
	switch t.Kind() {
	case types.Struct, types.Union, types.Class:
		v.Value = "{…}"
		v.VariablesReference = s.reference(s.parts(text, o))
	case types.Array:
		n, _ := o.Len() // of one whose length is not known, nothing is shown
		v.Value, v.IndexedVariables = fmt.Sprintf("[%d]", n), int(min(n, 1<<30))
		if elem := t.Elem(); elem != nil && elem.UnderlyingKind() == types.Int && isText(o) {
			v.Value = printed(o)
		}
		v.VariablesReference = s.reference(s.parts(text, o))
	case types.Pointer:
		v.Value = printed(o)
		if at, err := o.Uint(); err == nil {
			v.MemoryReference = fmt.Sprintf("%#x", at)
			if at != 0 && pointsTo(t) {
				v.VariablesReference = s.reference(s.parts(text, o))
			}
		}
	default:
		v.Value = printed(o)
	}
	return v
}

// isText reports whether an array's elements are characters.
func isText(o drgn.Object) bool {
	n, err := o.Type().Underlying().Elem().Size()
	return err == nil && n == 1
}

// pointsTo reports whether a pointer's target is a value. Of a structure it may turn out that it is only declared: where it is defined is
// looked for when somebody wants to see its members.
func pointsTo(t *types.Type) bool {
	elem := t.Elem()
	return elem != nil && elem.UnderlyingKind() != types.Void && elem.UnderlyingKind() != types.Function && (elem.UnderlyingKind().IsCompound() || elem.IsComplete())
}

// printed prints a value in one line.
func printed(o drgn.Object) string {
	b, err := o.Format(oneLine)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return b
}

// parts is the list of what an object consists of or points to.
func (s *server) parts(text string, o drgn.Object) list {
	return func(start, count int) (all []dap.Variable, err error) {
		found, err := expression.Parts(text, o, start, count)
		for _, p := range found {
			all = append(all, s.variable(p.Name, p.Expression, p.Object))
		}
		return all, err
	}
}
