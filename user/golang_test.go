package user_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/lang/slice"
	"github.com/godrgn/drgn/types"
)

// openGo opens the core of testdata/process/gotypes.go, of which the program is packed: it is 2 MB.
func openGo(t *testing.T) *drgn.Program {
	t.Helper()
	p := openCore(t, "gotypes")
	loadMain(t, p, packed("gotypes"))
	return p
}

// Strings and slices of Go are what gotypes.go puts into them. The core has neither string literals nor code: they come from the program's file,
// which memory tells by the build ID of Go's linker alone.
func TestGoTypes(t *testing.T) {
	p := openGo(t)
	format := c.DefaultFormat
	format.Flags = format.Flags&^(c.MemberTypeNames|c.Symbolize|c.TypeName) | c.MembersSameLine | c.ElementsSameLine
	for name, want := range map[string]string{
		"title": `.len = 13 } = "plain \"text\"\n"`,
		"empty": `{ .str = 0x0, .len = 0 } = ""`,
		"bytes": `.len = 3, .cap = 3 } = { 1, 2, 255 }`,
		"rows":  `.len = 1, .cap = 1 } = { -3 } }`,
	} {
		if got, err := p.Variable("main." + name).Format(format); !strings.HasSuffix(got, want) || err != nil {
			t.Errorf("%s: %s, %v, want …%s", name, got, err, want)
		}
	}
	shapes, ok := slice.Elements(p.Variable("main.shapes"))
	if !ok {
		t.Fatal("a slice of Go has no elements")
	}
	var got []string
	tags, _ := slice.Elements(slice.Index(shapes, 1).Member("Tags"))
	for _, o := range []drgn.Object{slice.Index(shapes, 0).Member("Name"), slice.Index(tags, 0), slice.Index(tags, 1)} {
		text, err := o.CString()
		if err != nil {
			t.Error(err)
		}
		got = append(got, string(text))
	}
	if !slices.Equal(got, []string{"one", "a", "b"}) || slice.Index(shapes, 2).Err() == nil {
		t.Errorf("names and tags: %q; element 2 of 2: %v", got, slice.Index(shapes, 2))
	}
}

// The stack of a program of Go goes on behind the code that handlers of signals return to, to where the signal came from.
func TestGoStack(t *testing.T) {
	p := openGo(t)
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	const want = "runtime.raise runtime.dieFromSignal runtime.sigfwdgo runtime.sigtrampgo runtime.sigtramp runtime.sigreturn__sigaction runtime.raise runtime.dieFromSignal " +
		"runtime.crash runtime.fatalpanic runtime.gopanic runtime.panicmem runtime.sigpanic main.crash main.main runtime.main runtime.goexit"
	if got := names(trace(t, thread)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A structure of C that has the name and the members of a string of Go is none.
func TestNoGoString(t *testing.T) {
	p := openCore(t, "slices")
	char := p.Types().Int(c.C, "uint8_t", 1, false, false)
	for _, tt := range []struct {
		elem *types.Type
		want bool
	}{{p.Types().Typedef(c.C, "uint8", char), false}, {p.Types().Int(c.C, "char", 1, true, false), false}, {p.Types().Int(c.C, "uint8", 1, false, false), true}} {
		s := p.Types().Compound(c.C, types.Struct, "string", 16, func() (types.Detail, error) {
			return types.Detail{Members: []types.Member{
				{Name: "str", Lazy: types.Evaluated(types.Slot{Type: p.PointerTo(tt.elem)})},
				{Name: "len", BitOffset: 64, Lazy: types.Evaluated(types.Slot{Type: p.Types().Int(c.C, "long", 8, true, false)})}}}, nil
		})
		if _, ok, err := s.Slice(); ok != tt.want || err != nil {
			t.Errorf("of '%s': %t, %v, want %t", tt.elem, ok, err, tt.want)
		}
	}
}
