package c

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn/types"
)

// ExtendPath returns the expression that names a part of what path names, and the part's type; t is the type of path. step
// is the name of a member ("counter"; of what a pointer points to as well) or an element ("[2]"). The type is nil if t has
// no such part.
func ExtendPath(path string, t *types.Type, step string) (part *types.Type, extended string) {
	u := t.Underlying()
	if strings.HasPrefix(step, "[") {
		if k := u.Kind(); k != types.Pointer && k != types.Array {
			return nil, ""
		}
		return u.Elem(), PostfixOperand(path) + step
	}
	link := "."
	if u.Kind() == types.Pointer {
		u, link = u.Elem(), "->"
	}
	f, err := u.FindMember(step)
	if err != nil {
		return nil, ""
	}
	return f.Type, PostfixOperand(path) + link + step
}

// MemberPath returns the expression for a member of what path names or, if deref, of what that points to.
func MemberPath(path string, deref bool, name string) string {
	if deref {
		return PostfixOperand(path) + "->" + name
	}
	return PostfixOperand(path) + "." + name
}

// ElementPath returns the expression for an element of what path names or, if deref, of the array that that points to.
func ElementPath(path string, deref bool, i int64) string {
	if deref {
		return fmt.Sprintf("(*%s)[%d]", path, i)
	}
	return fmt.Sprintf("%s[%d]", PostfixOperand(path), i)
}

// PostfixOperand puts an expression in parentheses where ".", "->" or "[" after it would bind more tightly than its star:
// "(*p)" for "*p".
func PostfixOperand(expression string) string {
	if strings.HasPrefix(expression, "*") {
		return "(" + expression + ")"
	}
	return expression
}
