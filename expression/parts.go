package expression

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/slice"
	"github.com/godrgn/drgn/types"
)

// A Part is what an object consists of, or what it points to.
type Part struct {
	Name       string // of a member, "[3]" of an element, "*" of what a pointer points to
	Expression string // by which it can be had
	Object     drgn.Object
}

// Parts returns what an object consists of, from the part with number start on, count at most: the members of a structure, those of anonymous
// members among them; the elements of an array or of a slice of Rust, Go or C++; what a pointer points to, or the members of that. text is the expression of the object.
func Parts(text string, o drgn.Object, start, count int) (all []Part, err error) {
	target := text // of what a pointer points to, too
	if o.Type().UnderlyingKind() == types.Pointer {
		o, target = o.Deref(), "*"+enclosed(text)
		switch o.Type().UnderlyingKind() {
		case types.Struct, types.Union, types.Class:
		default:
			return some([]Part{{"*", "*" + enclosed(text), o}}, start, count), nil
		}
	}
	if array, ok := slice.Elements(o); ok {
		if s, _, err := o.Type().Slice(); err == nil && !s.Text { // text is shown as such
			o, text = array, target
		}
		if err := o.Err(); err != nil {
			return nil, err
		}
	}
	if o.Type().UnderlyingKind() == types.Array {
		n, _ := o.Len() // of one whose length is not known, nothing is shown
		for i := uint64(max(start, 0)); i < n && len(all) < count; i++ {
			all = append(all, Part{fmt.Sprintf("[%d]", i), fmt.Sprintf("%s[%d]", enclosed(text), i), o.Index(int64(i))})
		}
		return all, nil
	}
	if o.Type().UnderlyingKind().IsCompound() {
		if _, err := o.Type().Size(); err != nil { // it is not defined
			return nil, err
		}
	}
	names, err := members(o.Type(), 0)
	for _, name := range some(names, start, count) {
		all = append(all, Part{name, enclosed(text) + "." + name, o.Member(name)})
	}
	return all, err
}

func some[T any](all []T, start, count int) []T {
	start = min(max(start, 0), len(all))
	return all[start:min(len(all), start+max(count, 0))]
}

// enclosed puts an expression into parentheses where its parts are to be named.
func enclosed(expression string) string {
	if strings.ContainsAny(expression, "*&( ") {
		return "(" + expression + ")"
	}
	return expression
}

// maxDepth bounds anonymous members in anonymous members.
const maxDepth = 16

// members returns the names of a structure's members; those of its anonymous members are among them.
func members(t *types.Type, depth int) (all []string, err error) {
	if k := t.UnderlyingKind(); !k.IsCompound() {
		return nil, nil
	}
	found, err := t.Underlying().Members()
	if err != nil || depth > maxDepth {
		return nil, err
	}
	for _, m := range found {
		if m.Name != "" {
			all = append(all, m.Name)
			continue
		}
		inner, err := m.Slot()
		if err != nil {
			return all, err
		}
		more, err := members(inner.Type, depth+1)
		if err != nil {
			return all, err
		}
		all = append(all, more...)
	}
	return all, nil
}
