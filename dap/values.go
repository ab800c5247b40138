package dap

import (
	"fmt"
	"strings"

	"github.com/google/go-dap"

	"github.com/godrgn/drgn"
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

// variable shows an object: what it is, and what it consists of or points to, to be asked for. expression is how it can be
// written.
func (s *server) variable(name, expression string, o drgn.Object) dap.Variable {
	v := dap.Variable{Name: name, EvaluateName: expression}
	if err := o.Err(); err != nil {
		v.Value = "<" + err.Error() + ">"
		return v
	}
	v.Type = o.Type().String()
	if at, ok := o.Address(); ok {
		v.MemoryReference = fmt.Sprintf("%#x", at)
	}
	if _, absent := o.Absent(); absent {
		v.Value = text(o)
		return v
	}
	t := o.Type().Underlying()
	switch t.Kind() {
	case types.Struct, types.Union, types.Class:
		v.Value = "{…}"
		v.VariablesReference = s.reference(s.members(expression, o))
	case types.Array:
		n, _ := o.Len() // of one whose length is not known, nothing is shown
		v.Value, v.IndexedVariables = fmt.Sprintf("[%d]", n), int(min(n, 1<<30))
		if elem := t.Elem(); elem != nil && elem.UnderlyingKind() == types.Int && isText(o) {
			v.Value = text(o)
		}
		v.VariablesReference = s.reference(s.elements(expression, o, v.IndexedVariables))
	case types.Pointer:
		v.Value = text(o)
		if at, err := o.Uint(); err == nil {
			v.MemoryReference = fmt.Sprintf("%#x", at)
			if at != 0 && pointsTo(t) {
				v.VariablesReference = s.reference(s.target(expression, o))
			}
		}
	default:
		v.Value = text(o)
	}
	return v
}

// isText reports whether an array's elements are characters.
func isText(o drgn.Object) bool {
	n, err := o.Type().Underlying().Elem().Size()
	return err == nil && n == 1
}

// pointsTo reports whether a pointer's target is a value.
func pointsTo(t *types.Type) bool {
	elem := t.Elem()
	return elem != nil && elem.UnderlyingKind() != types.Void && elem.UnderlyingKind() != types.Function && elem.Underlying().IsComplete()
}

// text prints a value in one line.
func text(o drgn.Object) string {
	b, err := o.Format(oneLine)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return b
}

// in puts an expression into parentheses where its parts are to be named.
func in(expression string) string {
	if strings.ContainsAny(expression, "*&( ") {
		return "(" + expression + ")"
	}
	return expression
}

// maxDepth bounds anonymous members in anonymous members.
const maxDepth = 16

// members is the list of an object's members; those of its anonymous members are among them.
func (s *server) members(expression string, o drgn.Object) list {
	var named func(t *types.Type, depth int) ([]string, error)
	named = func(t *types.Type, depth int) (all []string, err error) {
		members, err := t.Underlying().Members()
		if err != nil || depth > maxDepth {
			return nil, err
		}
		for _, m := range members {
			if m.Name != "" {
				all = append(all, m.Name)
				continue
			}
			inner, err := m.Slot()
			if err != nil {
				return all, err
			}
			more, err := named(inner.Type, depth+1)
			if err != nil {
				return all, err
			}
			all = append(all, more...)
		}
		return all, nil
	}
	return func(start, count int) (all []dap.Variable, err error) {
		found, err := named(o.Type(), 0)
		for _, name := range part(found, start, count) {
			all = append(all, s.variable(name, in(expression)+"."+name, o.Member(name)))
		}
		return all, err
	}
}

// elements is the list of an array's elements.
func (s *server) elements(expression string, o drgn.Object, n int) list {
	return func(start, count int) (all []dap.Variable, err error) {
		for i := start; i < min(n, start+count); i++ {
			all = append(all, s.variable(fmt.Sprintf("[%d]", i), fmt.Sprintf("%s[%d]", in(expression), i), o.Index(int64(i))))
		}
		return all, nil
	}
}

// target is the list of what a pointer points to: the members of a structure, or the value.
func (s *server) target(expression string, o drgn.Object) list {
	to := o.Deref()
	switch to.Type().UnderlyingKind() {
	case types.Struct, types.Union, types.Class:
		return s.members(expression, to)
	}
	return func(start, _ int) ([]dap.Variable, error) {
		if start > 0 {
			return nil, nil
		}
		return []dap.Variable{s.variable("*", "*"+in(expression), to)}, nil
	}
}
