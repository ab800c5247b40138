package failure

import (
	"cmp"
	"fmt"
	"strings"
)

// A LookupError says that a program has no type, object, symbol or module of a name, or none at an address.
type LookupError struct {
	Kind     string // "variable", "constant", "function", "symbol", …; "" for a type or any object
	Name     string // what was looked for, as it was given
	TypeName string // the type name that it is a part of, or ""
	Filename string // the file it was to be in, or ""
	Hint     string // what the user can do next, or ""
	IsObject bool   // an object was looked for
	Text     string // what a finder says instead of all this, or ""

	AtAddress bool // Name is an address: what contains it was looked for
}

func (e *LookupError) Error() string {
	var b strings.Builder
	switch {
	case e.Text != "":
		return e.Text
	case e.Kind == "thread" && e.Name != "":
		return "thread with ID " + e.Name + " not found"
	case e.Kind != "" && e.Name == "" && !e.IsObject && e.Kind != "symbol":
		return e.Kind + " not found"
	case e.Kind == "symbol" && !e.AtAddress:
		b.WriteString("could not find symbol with name '" + e.Name + "'")
		if e.Hint != "" {
			b.WriteString(" (" + e.Hint + ")")
		}
		return b.String()
	}
	b.WriteString("could not find ")
	if e.Kind != "" {
		b.WriteString(e.Kind + " ")
	}
	if e.AtAddress {
		fmt.Fprintf(&b, "containing %s", e.Name)
	} else {
		fmt.Fprintf(&b, "'%s'", cmp.Or(e.TypeName, e.Name))
	}
	if e.Filename != "" {
		fmt.Fprintf(&b, " in '%s'", e.Filename)
	}
	if e.TypeName != "" && e.TypeName != e.Name {
		fmt.Fprintf(&b, ": there is no '%s'", e.Name)
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}
