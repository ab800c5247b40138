package dwarf

import "testing"

// codeEnd says of a function or block that it has code.
var codeEnd = attrValue{AttrHighPC, FormAddr, uint64(0x2000)}

// variable returns a variable of which nothing is said but its name.
func variable(s string) *node { return die(TagVariable, []attrValue{name(s)}) }

// instanceOf returns a variable of an inlined function, which lies in a register.
func instanceOf(of *node) *node {
	return die(TagVariable, []attrValue{byRef(AttrAbstractOrigin, of), {AttrLocation, FormExprloc, []byte{0x50}}})
}

// scopesOf returns a function at an address in all of these scopes, outermost first.
func scopesOf(t *testing.T, f *File, scopes ...*node) (fn Function) {
	t.Helper()
	for _, n := range scopes {
		d, err := f.DIE(uint64(n.off))
		if err != nil {
			t.Fatal(err)
		}
		fn.Scopes = append(fn.Scopes, d)
	}
	return fn
}

// TestLeftOut looks for variables that compilers have left out of an instance of a function, or whose blocks have no code left: no other variable
// of the program is meant by their names.
func TestLeftOut(t *testing.T) {
	outer, elsewhere := variable("name"), variable("elsewhere")
	hidden := die(TagLexicalBlock, nil, variable("name"))
	passed := die(TagLexicalBlock, nil, elsewhere)
	abstract := die(TagSubprogram, []attrValue{name("f")}, outer, variable("dropped"), hidden, passed,
		die(TagLexicalBlock, nil, die(TagLexicalBlock, nil, variable("deep"))),
		die(TagVariable, []attrValue{name("global"), yes(AttrDeclaration)}))
	block := die(TagLexicalBlock, []attrValue{codeEnd, byRef(AttrAbstractOrigin, hidden)})
	twice, once := instanceOf(variable("twice")), variable("once")
	twice.attrs[0] = name("twice")
	concrete := die(TagInlinedSubroutine, []attrValue{byRef(AttrAbstractOrigin, abstract), codeEnd}, instanceOf(outer), block, twice, variable("twice"), once,
		die(TagLexicalBlock, []attrValue{codeEnd, byRef(AttrAbstractOrigin, passed)}, instanceOf(elsewhere)),
		die(TagLexicalBlock, nil, variable("later"), die(TagVariable, []attrValue{name("global"), yes(AttrDeclaration)})))
	f := mustOpen(t, write(false, 4, abstract, concrete))
	fn := scopesOf(t, f, concrete, block)
	for _, tt := range []struct {
		name  string
		found bool
		at    *node // nil: any of them without a location
	}{
		{"name", true, hidden.children[0]}, // not the one of the function, which is known
		{"twice", true, twice},             // a clone's parameter, once with its location
		{"once", true, once},
		{"dropped", true, nil},
		{"deep", true, nil},
		{"later", true, nil},
		{"elsewhere", false, nil}, // in a block that has code
		{"global", false, nil},
		{"another", false, nil},
	} {
		l, ok, err := fn.Find(tt.name)
		if err != nil || ok != tt.found {
			t.Errorf("%s: found %v, %v", tt.name, ok, err)
			continue
		}
		if tt.at != nil && l.DIE.Off != uint64(tt.at.off) {
			t.Errorf("%s: the one at %#x, want %#x", tt.name, l.DIE.Off, tt.at.off)
		}
		if ok && tt.at != twice && l.DIE.Has(AttrLocation) {
			t.Errorf("%s has a location", tt.name)
		}
	}
}

// TestClangBlocks has blocks as Clang writes them: only their variables say what they were made from, and those around others may not be there.
func TestClangBlocks(t *testing.T) {
	passed, here, there := variable("passed"), variable("here"), variable("there")
	dropped, around, other := variable("dropped"), variable("around"), variable("other")
	abstract := die(TagSubprogram, []attrValue{name("f")}, dropped,
		die(TagLexicalBlock, nil, passed, variable("besides")),
		die(TagLexicalBlock, nil, around,
			die(TagLexicalBlock, nil, here, variable("beside"), variable("dropped")),
			die(TagLexicalBlock, nil, variable("inside"))),
		die(TagLexicalBlock, nil, other, die(TagLexicalBlock, nil, there)))
	block := die(TagLexicalBlock, []attrValue{codeEnd}, instanceOf(here))
	concrete := die(TagInlinedSubroutine, []attrValue{byRef(AttrAbstractOrigin, abstract), codeEnd},
		die(TagLexicalBlock, []attrValue{codeEnd}, instanceOf(passed)), block,
		die(TagLexicalBlock, []attrValue{codeEnd}, instanceOf(there)),
		die(TagInlinedSubroutine, []attrValue{byRef(AttrAbstractOrigin, abstract), codeEnd}, instanceOf(dropped)))
	f := mustOpen(t, write(false, 4, abstract, concrete))
	fn := scopesOf(t, f, concrete, block)
	outer := Function{Scopes: fn.Scopes[:1]}
	for _, tt := range []struct {
		name         string
		inner, outer bool // found where the pc is in the block and where it is not
	}{
		{"here", true, false},
		{"beside", true, false},
		{"dropped", true, true},
		{"around", true, false},
		{"inside", true, false},
		{"passed", false, false},
		{"besides", false, false},
		{"there", false, false},
		{"other", false, false},
	} {
		for _, at := range []struct {
			fn   *Function
			want bool
		}{{&fn, tt.inner}, {&outer, tt.outer}} {
			l, ok, err := at.fn.Find(tt.name)
			if err != nil || ok != at.want {
				t.Errorf("%s in %d scopes: found %v, %v", tt.name, len(at.fn.Scopes), ok, err)
			}
			if ok && l.DIE.Has(AttrLocation) != (tt.name == "here") {
				t.Errorf("%s: %#x", tt.name, l.DIE.Off)
			}
		}
	}
	if l, _, err := fn.Find("dropped"); err != nil || l.DIE.Off == uint64(dropped.off) {
		t.Errorf("the function's variable, not the block's: %v", err)
	}
}
