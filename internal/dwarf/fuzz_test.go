package dwarf

import (
	"testing"

	"github.com/godrgn/drgn/types"
)

// FuzzOpen indexes sections and looks at all types and entities in them.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"c.dwarf2", "c.dwarf5", "c.types4", "cpp.dwarf5", "c.dwarf64"} {
		s := openTypes(f, name).sec
		f.Add(s.Info, s.Types, s.Abbrev, s.Str, s.LineStr, s.Line, s.ARanges, s.RngLists, s.Ranges, false)
	}
	s := write(true, 4, die(TagTypedef, []attrValue{name("t")})).Sections
	f.Add(s.Info, s.Types, s.Abbrev, s.Str, s.LineStr, s.Line, s.ARanges, s.RngLists, s.Ranges, true)
	f.Fuzz(func(t *testing.T, info, typ, abbrev, str, lineStr, line, aranges, rngLists, ranges []byte, big bool) {
		cfg := withTypes(Config{Big: big, AddrSize: 8, Sections: Sections{Info: info, Types: typ, Abbrev: abbrev,
			Str: str, LineStr: lineStr, Line: line, ARanges: aranges, RngLists: rngLists, Ranges: ranges, StrOffsets: lineStr, Addr: ranges}})
		file, err := Open(cfg)
		if err != nil {
			if file != nil {
				t.Fatal("a file and an error")
			}
			return
		}
		explore(t, file)
	})
}

// explore looks at some of all that is in a file; errors are allowed.
func explore(t *testing.T, file *File) {
	const all = types.KindSet(0xffff)
	n := 0
	for name := range file.TypeNames(all) {
		if n++; n > 50 {
			break
		}
		for typ, err := range file.FindTypes(all, name, "") {
			if (typ == nil) == (err == nil) {
				t.Fatal("not one of a type and an error")
			}
			if err == nil {
				visit(t, typ, 3)
			}
			break
		}
	}
	for _, kind := range []EntityKind{EntityVariable, EntityFunction, EntityConstant} {
		n := 0
		for name := range file.Names(kind) {
			if n++; n > 50 {
				break
			}
			if e, ok, err := file.FindEntity(kind, name, "", nil); err == nil && ok {
				visit(t, e.Type, 2)
			}
		}
	}
	for pc := uint64(0x401000); pc < 0x401100; pc += 8 {
		if u, ok, err := file.UnitForPC(pc); ok != (u != nil && err == nil) {
			t.Fatal("not one of a unit and an error")
		}
	}
}

// visit looks at a type and those it is made of; errors are allowed.
func visit(t *testing.T, typ *types.Type, depth int) {
	if depth < 0 || typ == nil {
		return
	}
	_, _ = typ.Size()
	if typ.Elem() != nil {
		visit(t, typ.Elem(), depth-1)
	}
	if ms, err := typ.Members(); err == nil {
		for _, m := range ms[:min(len(ms), 20)] {
			if s, err := m.Slot(); err == nil {
				visit(t, s.Type, depth-1)
			}
			_, _ = m.Variant.In(func(_ *types.Type, off, _ uint64) (uint64, error) { return off, nil })
			if m.Variant != nil {
				_ = m.Variant.String()
			}
		}
	}
	_, _ = typ.Enumerators()
	if ps, err := typ.Parameters(); err == nil {
		for _, p := range ps[:min(len(ps), 20)] {
			if s, err := p.Slot(); err == nil {
				visit(t, s.Type, depth-1)
			}
		}
	}
	if ps, err := typ.TemplateParameters(); err == nil {
		for _, p := range ps[:min(len(ps), 20)] {
			if s, err := p.Slot(); err == nil {
				visit(t, s.Type, depth-1)
			}
		}
	}
}

// FuzzIndex reads an index as it may come from the cache and looks things up in it.
func FuzzIndex(f *testing.F) {
	good := openTypes(f, "cpp.dwarf5")
	if err := good.IndexNames(nil); err != nil {
		f.Fatal(err)
	}
	f.Add(good.byName.index.Load().data)
	f.Fuzz(func(t *testing.T, data []byte) {
		ix, ok := parseIndex(data)
		if !ok {
			return
		}
		file := &File{cfg: good.cfg, sec: good.sec, addrSize: 8, code: ix.ranges}
		file.byName.index.Store(ix)
		file.setParts()
		if !file.loadUnits(ix) {
			return
		}
		for name := range file.TypeNames(types.KindSet(0xffff)) {
			_, _ = file.FindType(types.KindSet(0xffff), name, "cpp.cc")
		}
		for _, kind := range []EntityKind{EntityVariable, EntityFunction, EntityConstant} {
			for name := range file.Names(kind) {
				_, _, _ = file.FindEntity(kind, name, "", nil)
			}
			_, _, _ = file.FindEntity(kind, "outer::inner::depth", "", nil)
		}
		for pc := uint64(0x401000); pc < 0x401100; pc += 8 {
			_, _, _ = file.UnitForPC(pc)
		}
	})
}
