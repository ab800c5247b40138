package dwarf

import (
	"slices"
	"testing"
)

// Names are looked for in the classes and namespaces around a function, with the bases of the classes; a lambda's are those of the method that makes it, too.
func TestAround(t *testing.T) {
	far := die(TagClassType, []attrValue{name("Far")})
	enum := die(TagEnumerationType, []attrValue{num(AttrByteSize, 4)}, die(TagEnumerator, []attrValue{name("constant"), num(AttrConstValue, 60)}))
	scoped := die(TagEnumerationType, []attrValue{num(AttrByteSize, 4), yes(AttrEnumClass)}, die(TagEnumerator, []attrValue{name("scoped"), num(AttrConstValue, 61)}))
	base := die(TagClassType, []attrValue{name("Base")}, enum, scoped, die(TagVariable, []attrValue{name("x"), yes(AttrDeclaration)}), die(TagInheritance, []attrValue{byRef(AttrType, far)}))
	named := die(TagTypedef, []attrValue{name("Named"), byRef(AttrType, base)})
	method := die(TagSubprogram, []attrValue{name("method"), yes(AttrDeclaration)})
	class := die(TagStructureType, []attrValue{name("Class")}, die(TagInheritance, []attrValue{byRef(AttrType, named)}), method)
	circle := die(TagStructureType, []attrValue{name("Circle")})
	circle.children = []*node{die(TagInheritance, []attrValue{byRef(AttrType, circle)}), die(TagSubprogram, []attrValue{name("turns")})}
	lambda := die(TagSubprogram, []attrValue{name("operator()")})
	nested := die(TagSubprogram, []attrValue{name("nested")})
	variable, dead := die(TagVariable, []attrValue{name("x")}), die(TagVariable, []attrValue{name("x")})
	definition := die(TagSubprogram, []attrValue{byRef(AttrSpecification, method)},
		variable,
		die(TagLexicalBlock, nil, dead),
		die(TagLexicalBlock, nil, die(TagClassType, nil, lambda), nested))
	free := die(TagSubprogram, []attrValue{name("free")})
	f := mustOpen(t, writeIn(langCPP, false, 4,
		die(TagNamespace, []attrValue{name("outer")}, far, base, named, die(TagNamespace, nil, class, circle, free)),
		definition, die(TagSubprogram, []attrValue{name("main")})))
	function := func(n *node) *Function {
		d, err := f.DIE(uint64(n.off))
		if err != nil {
			t.Fatal(err)
		}
		return &Function{DIE: d, Scopes: []DIE{d}}
	}
	of := []string{"outer::(anonymous namespace)::Class", "outer::Base", "outer::Far", "outer::(anonymous namespace)", "outer"}
	for _, tt := range []struct {
		what string
		at   *node
		want []string
	}{
		{"a method's definition", definition, of},
		{"its declaration", method, of},
		{"a lambda", lambda, of},
		{"a nested function", nested, of},
		{"a function of a namespace", free, of[3:]},
	} {
		around, err := function(tt.at).Around()
		var got []string
		for _, o := range around {
			if o.Name != "" {
				got = append(got, o.Name)
			}
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v, want %q", tt.what, got, err, tt.want)
		}
	}
	if got, err := function(circle.children[1]).Around(); err != nil || len(got) < 3 || len(got) > maxBases {
		t.Errorf("a class that is its own base: %d names, %v", len(got), err)
	}
	find := func(n *node, name string) (l Local, ok bool, err error) {
		around, err := function(n).Around()
		for i := 0; err == nil && !ok && i < len(around); i++ {
			l, ok, err = around[i].Find(name)
		}
		return l, ok, err
	}
	for _, inner := range []*node{lambda, nested} {
		if l, ok, err := find(inner, "x"); err != nil || !ok || l.DIE.Off != uint64(variable.off) {
			t.Errorf("x of the function around: %v at %#x, %v, want that at %#x", ok, l.DIE.Off, err, variable.off)
		}
	}
	if l, ok, err := find(lambda, "constant"); err != nil || !ok || l.Enum.Off != uint64(enum.off) {
		t.Errorf("constant of a base of the class around: %v, %v", ok, err)
	}
	if _, ok, err := find(lambda, "scoped"); ok || err != nil {
		t.Errorf("an enumerator of a scoped enumeration: %v, %v", ok, err)
	}
	if _, ok, err := find(definition, "x"); ok || err != nil {
		t.Errorf("a function that is in no other: %v, %v", ok, err)
	}
}
