package frombtf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

// describe writes a type out with all that is known of it; what it refers to is named.
func describe(t testing.TB, typ *types.Type) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, kind %s", typ.Language().Name(), typ, typ.Kind())
	if n, err := typ.Size(); err == nil {
		fmt.Fprintf(&b, ", size %d", n)
	} else {
		fmt.Fprintf(&b, ", %v", err)
	}
	slot := func(name string, l types.Lazy) {
		s, err := l.Slot()
		if err != nil {
			t.Fatalf("%s: %s: %v", typ, name, err)
		}
		text, err := s.Type.Language().Declaration(s.Type, name)
		if err != nil {
			text = s.Type.String() + " " + name
		}
		fmt.Fprintf(&b, "%s", text)
		if s.BitFieldSize != 0 {
			fmt.Fprintf(&b, ": %d", s.BitFieldSize)
		}
	}
	switch k := typ.Kind(); {
	case k.IsCompound():
		ms, err := typ.Members()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			fmt.Fprintf(&b, "\n\t%d\t", m.BitOffset)
			if s, err := m.Slot(); err == nil && m.Name == "" {
				fmt.Fprintf(&b, "{%s}", strings.ReplaceAll(describe(t, s.Type), "\n", "\n\t"))
				continue
			}
			slot(m.Name, m.Lazy)
		}
	case k == types.Enum:
		fmt.Fprintf(&b, ", as %s", typ.Elem())
		es, err := typ.Enumerators()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			fmt.Fprintf(&b, "\n\t%s = %d", e.Name, int64(e.Value))
		}
	case k == types.Typedef, k == types.Array, k == types.Pointer:
		fmt.Fprintf(&b, ", of %s", typ.Elem())
		if to := typ.Elem(); (to.Kind().IsCompound() || to.Kind() == types.Enum) && to.Tag() == "" {
			fmt.Fprintf(&b, " {%s}", describe(t, to))
		}
	case k == types.Function:
		ps, err := typ.Parameters()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, ", returns %s, variadic %v", typ.Elem(), typ.IsVariadic())
		for _, p := range ps {
			fmt.Fprintf(&b, "\n\t")
			slot(p.Name, p.Lazy)
		}
	case k == types.Int:
		fmt.Fprintf(&b, ", signed %v", typ.IsSigned())
	}
	return b.String()
}
