package c

import (
	"fmt"

	"github.com/godrgn/drgn/types"
)

// PartAt names the part of type want that lies off bits into a variable: "init_task.se.load"; name and t are those of the
// variable. ok is false if no part of it is that.
func PartAt(name string, t *types.Type, off uint64, want *types.Type) (part string, ok bool) {
	w := partSearch{want: want.Unqualified(), left: maxParts}
	return w.within(name, t, off, 0)
}

// Bounds on the search of a variable for a part of it: debug info may lie.
const (
	maxDescent = 16
	maxParts   = 10000
)

// partSearch looks for a part of a variable by its type.
type partSearch struct {
	want *types.Type
	left int // parts that may still be looked at
}

// within names the part that lies off bits into what is called name and of type t.
func (w *partSearch) within(name string, t *types.Type, off uint64, depth int) (string, bool) {
	if off == 0 && t.Unqualified() == w.want {
		return name, true
	}
	if w.left--; depth == maxDescent || w.left < 0 {
		return "", false
	}
	u := t.Underlying()
	switch {
	case u.Kind() == types.Array:
		size, err := u.Elem().BitSize()
		if err != nil || size == 0 {
			return "", false
		}
		return w.within(fmt.Sprintf("%s[%d]", name, off/size), u.Elem(), off%size, depth+1)
	case u.Kind().IsCompound():
		members, err := u.Members()
		if err != nil {
			return "", false
		}
		for _, m := range members {
			slot, err := m.Slot()
			if err != nil || m.BitOffset > off || m.Variant != nil { // which variant is there is not known
				continue
			}
			rest := off - m.BitOffset
			size, err := slot.Type.BitSize()
			if err != nil || rest >= size && rest != 0 {
				continue
			}
			inner := name
			if m.Name != "" {
				inner += "." + m.Name
			}
			if found, ok := w.within(inner, slot.Type, rest, depth+1); ok {
				return found, true
			}
		}
	}
	return "", false
}
