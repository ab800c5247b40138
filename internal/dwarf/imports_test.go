package dwarf

import (
	"testing"

	"github.com/godrgn/drgn/types"
)

func imported(form Form, unit *node) *node {
	return die(TagImportedUnit, []attrValue{{AttrImport, form, unit}})
}

func typeNamed(s string) *node {
	return die(TagStructureType, []attrValue{name(s), num(AttrByteSize, 4)})
}

// checkStructs checks which of the types "a" to "e" a file has.
func checkStructs(t *testing.T, f *File, what, want string) {
	t.Helper()
	got := ""
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		if found, err := f.FindType(types.KindsOf(types.Struct), name, ""); err != nil {
			t.Error(what, err)
		} else if found != nil {
			got += name
		}
	}
	if got != want {
		t.Errorf("%s: types %q, want %q", what, got, want)
	}
}

// Names in partial units are found if a unit that is none imports them, in however many steps: here a circle of them.
func TestImportedUnits(t *testing.T) {
	for _, big := range []bool{false, true} {
		a, b := die(TagPartialUnit, nil), die(TagPartialUnit, nil)
		a.children = []*node{typeNamed("a"), imported(FormRefAddr, b)}
		b.children = []*node{imported(FormRefAddr, a), typeNamed("b")}
		c := die(TagPartialUnit, nil, typeNamed("c"), imported(FormRefAddr, a))
		main := die(TagCompileUnit, []attrValue{name("test.c")}, typeNamed("d"), imported(FormRefAddr, b))
		checkStructs(t, mustOpen(t, writeUnits(big, 8, c, a, main, b)), "one file", "abd")
		checkStructs(t, mustOpen(t, writeUnits(big, 8, main, a, b, c)), "one file", "abd")
	}
}

// Of a supplementary file, each file finds what it imports itself, with an index from the cache, too.
func TestImportedUnitsOfSupplementaryFile(t *testing.T) {
	a, b := die(TagPartialUnit, nil, typeNamed("a")), die(TagPartialUnit, nil, typeNamed("b"))
	c := die(TagPartialUnit, nil, typeNamed("c"), imported(FormRefAddr, a))
	dir := t.TempDir()
	for range 2 {
		for _, main := range []struct {
			imports *node
			want    string
		}{{a, "ae"}, {b, "be"}, {c, "ace"}} {
			sup := writeUnits(false, 8, b, a, c)
			cfg := writeUnits(false, 8, die(TagCompileUnit, []attrValue{name("test.c")}, imported(FormGNURefAlt, main.imports), typeNamed("e")))
			cfg.Cache.Dir, cfg.Cache.Identity = dir, []byte(main.want)
			sup.Set, sup.C, sup.CPP, sup.Cache.Dir, sup.Cache.Identity = cfg.Set, cfg.C, cfg.CPP, dir, []byte("sup of "+main.want)
			cfg.Sup = mustOpen(t, sup)
			checkStructs(t, mustOpen(t, cfg), "two files", main.want)
		}
	}
}

// References to units that are not there, or not to units, import nothing.
func TestImportsOfNothing(t *testing.T) {
	p := die(TagPartialUnit, nil, typeNamed("a"))
	for _, v := range []attrValue{{AttrImport, FormRefAddr, uint64(0xffffff)}, {AttrImport, FormGNURefAlt, uint64(0)}, {AttrImport, FormUdata, uint64(3)}, name("x")} {
		main := die(TagCompileUnit, []attrValue{name("test.c")}, die(TagImportedUnit, []attrValue{v}), typeNamed("b"))
		checkStructs(t, mustOpen(t, writeUnits(false, 8, main, p)), "nothing", "b")
	}
}

// What a supplementary file only declares may be defined in the file that it supplements: dwz moves the declarations that several files share.
func TestDeclaredInSupplementaryFile(t *testing.T) {
	declared := die(TagStructureType, []attrValue{name("s"), {AttrDeclaration, FormFlagPresent, nil}})
	p := die(TagPartialUnit, nil, declared, die(TagTypedef, []attrValue{name("t"), {AttrType, FormRef4, declared}}))
	sup := writeUnits(false, 8, p)
	cfg := writeUnits(false, 8, die(TagCompileUnit, []attrValue{name("test.c")}, imported(FormGNURefAlt, p), typeNamed("s")))
	sup.Set, sup.C, sup.CPP = cfg.Set, cfg.C, cfg.CPP
	cfg.Sup = mustOpen(t, sup)
	found, err := mustOpen(t, cfg).FindType(types.KindsOf(types.Typedef), "t", "")
	if err != nil || found == nil {
		t.Fatal(found, err)
	}
	if size, err := found.Size(); err != nil || size != 4 {
		t.Errorf("%s: %d bytes, %v", found, size, err)
	}
}
