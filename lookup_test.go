package drgn_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/search"
	"github.com/godrgn/drgn/types"
)

func TestFinderLists(t *testing.T) {
	m := newMock(t, arch.X86_64)
	none := func(*drgn.Program, types.KindSet, string, string) (*types.Type, error) { return nil, nil }
	for name, at := range map[string]int{"off": drgn.Disabled} {
		if err := m.RegisterTypeFinder(name, none, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []struct {
		name string
		at   int
	}{{"last", drgn.EnableLast}, {"first", drgn.EnableFirst}, {"second", 1}, {"far", 100}} {
		if err := m.RegisterTypeFinder(f.name, none, f.at); err != nil {
			t.Fatal(err)
		}
	}
	same := func(got []string, want ...string) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	same(m.EnabledFinders(drgn.TypeFinders), "first", "second", "dwarf", "last", "far")
	same(m.RegisteredFinders(drgn.TypeFinders), "dwarf", "far", "first", "last", "off", "second")
	same(m.EnabledFinders(drgn.ObjectFinders), "dwarf")
	same(m.EnabledFinders(drgn.SymbolFinders), "elf")
	same(m.RegisteredFinders(drgn.ObjectFinders), "dwarf")
	same(m.RegisteredFinders(drgn.SymbolFinders), "elf")
	wantErr[*drgn.ValueError](t, m.RegisterTypeFinder("off", none, 0), "duplicate type finder name 'off'")
	if err := m.EnableFinders(drgn.TypeFinders, []string{"off", "first"}); err != nil {
		t.Fatal(err)
	}
	same(m.EnabledFinders(drgn.TypeFinders), "off", "first")
	wantErr[*drgn.ValueError](t, m.EnableFinders(drgn.TypeFinders, []string{"first", "lost"}), "type finder 'lost' not found")
	wantErr[*drgn.ValueError](t, m.EnableFinders(drgn.TypeFinders, []string{"first", "first"}), "type finder 'first' enabled multiple times")
	same(m.EnabledFinders(drgn.TypeFinders), "off", "first")
	for _, k := range []drgn.FinderKind{drgn.ObjectFinders, drgn.SymbolFinders, drgn.TypeFinders} {
		if err := m.EnableFinders(k, nil); err != nil {
			t.Fatal(err)
		}
		same(m.EnabledFinders(k))
	}
}

func TestTypeFinders(t *testing.T) {
	m, other := newMock(t, arch.X86_64), newMock(t, arch.X86_64)
	boom := errors.New("boom")
	a, b := m.structure("s", 1), m.structure("s", 2)
	find := func(of map[string]any) drgn.TypeFinder {
		return func(p *drgn.Program, kinds types.KindSet, name, filename string) (*types.Type, error) {
			if p != m.Program {
				t.Error("wrong program")
			}
			switch v := of[name+filename].(type) {
			case *types.Type:
				if v.Set() == m.Types() && !kinds.Has(v.Kind()) && name != "wrong" {
					return nil, drgn.ErrNotFound
				}
				return v, nil
			case error:
				return nil, v
			}
			return nil, fmt.Errorf("finder: %w", drgn.ErrNotFound)
		}
	}
	for name, of := range map[string]map[string]any{
		"a": {"s": a, "boom": boom, "foreign": other.structure("foreign", 1), "wrong": m.int("wrong", 4, true)},
		"b": {"s": b, "sfile.c": b, "boom": b, "int": m.int("int", 2, true)},
	} {
		if err := m.RegisterTypeFinder(name, find(of), drgn.Disabled); err != nil {
			t.Fatal(err)
		}
	}
	enable := func(names ...string) {
		t.Helper()
		if err := m.EnableFinders(drgn.TypeFinders, names); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		order []string
		want  *types.Type
	}{{[]string{"a", "b"}, a}, {[]string{"b", "a"}, b}, {[]string{"a"}, a}, {[]string{"b"}, b}} {
		enable(c.order...)
		for range 2 {
			if got := m.typ("struct s"); got != c.want {
				t.Error(c.order, got)
			}
			if got := m.typ("struct s *").Elem(); got != c.want {
				t.Error(c.order, got)
			}
		}
	}
	enable("a", "b")
	if got, err := m.TypeIn("struct s", "file.c"); err != nil || got != b {
		t.Error(got, err)
	}
	_, err := m.TypeIn("struct s", "other.c")
	wantErr[drgn.LookupError](t, err, "could not find 'struct s' in 'other.c'")
	_, err = m.Type("union s")
	wantErr[drgn.LookupError](t, err, "could not find 'union s'")
	if !drgn.IsNotFound(err) {
		t.Error("IsNotFound")
	}
	if _, err = m.Type("struct boom"); !errors.Is(err, boom) {
		t.Error(err)
	}
	_, err = m.Type("struct foreign")
	wantErr[*drgn.ValueError](t, err, "type find callback returned type from wrong program")
	_, err = m.Type("struct wrong")
	wantErr[*drgn.TypeError](t, err, "type find callback returned wrong kind of type")
	_, err = m.Type("struct")
	wantErr[*c.SyntaxError](t, err, err.Error())
	// The program's own int comes before that of the platform.
	if size := must(m.typ("int").Size()); size != 2 {
		t.Error(size)
	}
	enable()
	if size := must(m.typ("int").Size()); size != 4 {
		t.Error(size)
	}
}

func TestPrimitives(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		for name, size := range map[string]uint64{"long": m.ptr, "unsigned long long": 8, "size_t": m.ptr, "ptrdiff_t": m.ptr, "char": 1, "_Bool": 1,
			"double": 8, "void *": m.ptr, "int (*)[3]": m.ptr, "short [3]": 6} {
			if got, err := m.typ(name).Size(); err != nil || got != size {
				t.Errorf("%s: %d, %v", name, got, err)
			}
		}
		if u := m.typ("size_t").Underlying(); u.IsSigned() || u.BigEndian() != m.big {
			t.Error(u)
		}
		if p, err := m.Primitive(types.CUnsignedShort); err != nil || p != m.typ("unsigned short") {
			t.Error(p, err)
		}
	})
	unknown := drgn.New(arch.Platform{})
	if _, err := unknown.Type("int *"); err == nil {
		t.Error("a pointer without a platform")
	}
}

func TestObjectFinders(t *testing.T) {
	m, other := newMock(t, arch.X86_64), newMock(t, arch.X86_64)
	boom := errors.New("boom")
	i := m.int("int", 4, true)
	find := func(v uint64) drgn.ObjectFinder {
		return func(p *drgn.Program, name string, flags drgn.FindObjectFlags, filename string) (drgn.Object, error) {
			switch {
			case filename != "" && !drgn.FilenameMatches("kernel/pid.c", filename):
				return drgn.Object{}, drgn.ErrNotFound
			case name == "x" && flags&drgn.FindVariable != 0:
				return p.ScalarValue(i, v), nil
			case name == "failed":
				return drgn.Failed(boom), nil
			case name == "boom":
				return drgn.Object{}, boom
			case name == "foreign":
				return other.Literal(1), nil
			case name == "lost":
				return drgn.Failed(drgn.ErrNotFound), nil
			}
			return drgn.Object{}, drgn.ErrNotFound
		}
	}
	for v, name := range []string{"zero", "one"} {
		if err := m.RegisterObjectFinder(name, find(uint64(v)), drgn.EnableFirst); err != nil {
			t.Fatal(err)
		}
	}
	wantUint(t, m.Object("x"), 1)
	wantUint(t, m.Variable("x"), 1)
	wantUint(t, m.FindObject("x", drgn.FindVariable|drgn.FindConstant, "pid.c"), 1)
	if err := m.EnableFinders(drgn.ObjectFinders, []string{"zero", "one"}); err != nil {
		t.Fatal(err)
	}
	wantUint(t, m.Object("x"), 0)
	for name, o := range map[string]drgn.Object{
		"could not find constant 'x'":                          m.Constant("x"),
		"could not find function 'x'":                          m.Function("x"),
		"could not find variable 'y'":                          m.Variable("y"),
		"could not find 'lost'":                                m.Object("lost"),
		"could not find 'x' in 'id.c'":                         m.FindObject("x", drgn.FindAny, "id.c"),
		"could not find 'y'":                                   m.FindObject("y", drgn.FindFunction|drgn.FindConstant, ""),
		"could not find variable 'x' in '/kernel/other/pid.c'": m.FindObject("x", drgn.FindVariable, "/kernel/other/pid.c"),
	} {
		wantErr[drgn.LookupError](t, o.Err(), name)
	}
	for _, name := range []string{"failed", "boom"} {
		if o := m.Object(name); !errors.Is(o.Err(), boom) {
			t.Error(o.Err())
		}
	}
	wantErr[*drgn.ValueError](t, m.Object("foreign").Err(), "objects are from different programs")
}

func TestSymbolFinders(t *testing.T) {
	m := newMock(t, arch.X86_64)
	boom := errors.New("boom")
	find := func(all ...drgn.Symbol) drgn.SymbolFinder {
		return func(_ *drgn.Program, q drgn.SymbolQuery) (out []drgn.Symbol, err error) {
			for _, s := range all {
				if (!q.HasName || s.Name == q.Name) && (!q.HasAddress || q.Address-s.Address < s.Size) {
					if s.Name == "boom" && q.HasName {
						return nil, boom
					}
					out = append(out, s)
				}
			}
			return out, nil
		}
	}
	a1, a2, b := drgn.Symbol{Name: "a", Address: 0x1000, Size: 16}, drgn.Symbol{Name: "a", Address: 0x2000, Size: 16}, drgn.Symbol{Name: "b", Address: 0x1008, Size: 8}
	if err := errors.Join(m.RegisterSymbolFinder("2", find(a2, b, drgn.Symbol{Name: "boom"}), drgn.EnableFirst), m.RegisterSymbolFinder("1", find(a1), drgn.EnableFirst)); err != nil {
		t.Fatal(err)
	}
	if s, err := m.Symbol("a"); err != nil || s != a1 {
		t.Error(s, err)
	}
	if s, err := m.SymbolAt(0x100f); err != nil || s != a1 {
		t.Error(s, err)
	}
	if all, err := m.Symbols(drgn.SymbolQuery{Address: 0x1008, HasAddress: true, One: true}); err != nil || !reflect.DeepEqual(all, []drgn.Symbol{a1, b}) {
		t.Error(all, err)
	}
	if all, err := m.Symbols(drgn.SymbolQuery{Name: "a", HasName: true}); err != nil || !reflect.DeepEqual(all, []drgn.Symbol{a1, a2}) {
		t.Error(all, err)
	}
	if all, err := m.Symbols(drgn.SymbolQuery{Name: "c", HasName: true}); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
	if _, err := m.Symbol("boom"); !errors.Is(err, boom) {
		t.Error(err)
	}
	if _, err := m.Symbols(drgn.SymbolQuery{Name: "boom", HasName: true}); !errors.Is(err, boom) {
		t.Error(err)
	}
	_, err := m.Symbol("c")
	wantErr[drgn.LookupError](t, err, "could not find symbol with name 'c'")
	_, err = m.SymbolAt(0x999)
	wantErr[drgn.LookupError](t, err, "could not find symbol containing 0x999")
	// Printed pointers name it.
	f := c.DefaultFormat
	if s, err := m.ScalarValue(m.PointerTo(m.int("int", 4, true)), 0x1004).Format(f); err != nil || s != "(int *)0x1004 = a+0x4" && s != "(int *)a+0x4 = 0x1004" {
		t.Error(s, err)
	}
}

// TestFailingSymbolFinder describes what can't be read while what could name it can't read either.
func TestFailingSymbolFinder(t *testing.T) {
	m := newMock(t, arch.X86_64)
	i := m.int("int", 4, true)
	if err := m.RegisterSymbolFinder("bad", func(p *drgn.Program, _ drgn.SymbolQuery) ([]drgn.Symbol, error) {
		_, err := p.ObjectAt(i, 0x10).Int()
		return nil, err
	}, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	_, err := m.ObjectAt(i, 0x20).Int()
	wantErr[*drgn.PathError](t, err, "*(int *)0x20: could not find memory segment: 0x20")
}

func TestFilenameMatches(t *testing.T) {
	for _, c := range []struct {
		haystack, needle string
		want             bool
	}{
		{"include/linux/list.h", "list.h", true}, {"include/linux/list.h", "linux/list.h", true}, {"include/linux/list.h", "st.h", false},
		{"include/linux/list.h", "x/list.h", false}, {"/usr/a.h", "/usr/a.h", true}, {"/home/usr/a.h", "/usr/a.h", false}, {"usr/a.h", "/usr/a.h", false},
		{"/usr/a.h", "usr/a.h", true}, {"a/b.h", "../b.h", false}, {"x/../b.h", "b.h", true}, {"./b.h", "b.h", true}, {"b.h", "./b.h", true},
		{"a/../b.h", "a/b.h", false}, {"", "", true}, {"a", "", true}, {"", "a", false}, {"a.h", "x/a.h", false},
	} {
		if got := drgn.FilenameMatches(c.haystack, c.needle); got != c.want {
			t.Errorf("%q ends in %q: %t", c.haystack, c.needle, got)
		}
	}
}

func TestResolveType(t *testing.T) {
	m, other := newMock(t, arch.X86_64), newMock(t, arch.X86_64)
	if got, err := drgn.ResolveType(m.Program, "int"); err != nil || got != m.typ("int") {
		t.Error(got, err)
	}
	if got, err := drgn.ResolveType(m.Program, m.typ("int")); err != nil || got != m.typ("int") {
		t.Error(got, err)
	}
	_, err := drgn.ResolveType(m.Program, other.typ("int"))
	wantErr[*drgn.ValueError](t, err, "type is from another program")
	_, err = drgn.ResolveType(nil, "int")
	wantErr[*drgn.ValueError](t, err, "no program")
	if drgn.Null(nil, "int").Err() == nil {
		t.Error("null pointer of no program")
	}
	_, err = drgn.ResolveType(m.Program, "struct nothing")
	wantErr[drgn.LookupError](t, err, "could not find 'struct nothing'")
}

func TestMemo(t *testing.T) {
	m := newMock(t, arch.X86_64)
	type key struct{}
	n := 0
	count := func() (int, error) { n++; return n, nil }
	for range 3 {
		if v, err := drgn.Memo(m.Program, key{}, count); err != nil || v != 1 {
			t.Fatal(v, err)
		}
	}
	if _, err := drgn.Memo(m.Program, key{}, func() (string, error) { return "", nil }); err == nil {
		t.Error("a memo of another type")
	}
	if err := m.RegisterObjectFinder("new", nil, drgn.Disabled); err != nil {
		t.Fatal(err)
	}
	if v, err := drgn.Memo(m.Program, key{}, count); err != nil || v != 2 {
		t.Fatal(v, err)
	}
	boom := errors.New("boom")
	if _, err := drgn.Memo(m.Program, 1, func() (int, error) { return 0, boom }); err != boom {
		t.Error(err)
	}
	var wg sync.WaitGroup
	var made atomic.Int64
	got := make(chan int64, 8)
	for range cap(got) {
		wg.Go(func() {
			v, err := drgn.Memo(m.Program, 3, func() (int64, error) { return made.Add(1), nil })
			if err != nil {
				t.Error(err)
			}
			got <- v
		})
	}
	wg.Wait()
	close(got)
	for first := range got {
		for v := range got {
			if v != first {
				t.Errorf("memos of one key are %d and %d", first, v)
			}
		}
	}
	// It may be asked for while it is made: a finder in Python may call a helper that asks for it.
	if v, err := drgn.Memo(m.Program, 4, func() (int, error) {
		return drgn.Memo(m.Program, 4, func() (int, error) { return 5, nil })
	}); v != 5 || err != nil {
		t.Error(v, err)
	}
}

// TestFindersWhileLooking changes finders while types are found: who comes after the change sees it.
func TestFindersWhileLooking(t *testing.T) {
	m := newMock(t, arch.X86_64)
	old, new := m.structure("s", 1), m.structure("s", 2)
	looking, changed := make(chan bool), make(chan bool)
	slow := func(_ *drgn.Program, _ types.KindSet, name, _ string) (*types.Type, error) {
		if name != "s" {
			return nil, nil
		}
		close(looking)
		<-changed
		return old, nil
	}
	fast := func(_ *drgn.Program, _ types.KindSet, name, _ string) (*types.Type, error) {
		if name != "s" {
			return nil, nil
		}
		return new, nil
	}
	if err := m.RegisterTypeFinder("slow", slow, 0); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if got := m.typ("struct s"); got != old {
			t.Error(got)
		}
	})
	<-looking
	if err := m.RegisterTypeFinder("fast", fast, 0); err != nil {
		t.Fatal(err)
	}
	close(changed)
	wg.Wait()
	if got := m.typ("struct s"); got != new {
		t.Error("a type found before the finders changed")
	}
}

// TestFindersOfMany changes finders of all kinds while others look up names, make types and search memory.
func TestFindersOfMany(t *testing.T) {
	m := newMock(t, arch.X86_64)
	m.put(0x1000, 1, 2, 3, 4, 1, 2, 3, 4)
	s, object := m.structure("s", 8), m.ScalarValue(m.typ("int"), 7)
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	check(m.RegisterTypeFinder("base", func(_ *drgn.Program, _ types.KindSet, name, _ string) (*types.Type, error) {
		if name != "s" {
			return nil, nil
		}
		return s, nil
	}, 0))
	check(m.RegisterObjectFinder("base", func(_ *drgn.Program, name string, _ drgn.FindObjectFlags, _ string) (drgn.Object, error) {
		if name != "o" {
			return drgn.Object{}, drgn.ErrNotFound
		}
		return object, nil
	}, 0))
	check(m.RegisterSymbolFinder("base", func(_ *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
		return []drgn.Symbol{{Name: "y", Address: 0x1000, Size: 8}}, nil
	}, 0))
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 50 {
				name := fmt.Sprint(worker, ".", i)
				check(m.RegisterTypeFinder(name, func(*drgn.Program, types.KindSet, string, string) (*types.Type, error) { return nil, nil }, 0))
				check(m.RegisterObjectFinder(name, func(*drgn.Program, string, drgn.FindObjectFlags, string) (drgn.Object, error) {
					return drgn.Object{}, drgn.ErrNotFound
				}, 0))
				check(m.RegisterSymbolFinder(name, func(*drgn.Program, drgn.SymbolQuery) ([]drgn.Symbol, error) { return nil, nil }, 0))
				for _, k := range []drgn.FinderKind{drgn.ObjectFinders, drgn.SymbolFinders, drgn.TypeFinders} {
					check(m.EnableFinders(k, []string{name, "base"}))
					if got := m.EnabledFinders(k); len(got) < 2 || len(m.RegisteredFinders(k)) <= i {
						t.Error(k, got)
					}
				}
			}
		})
		wg.Go(func() {
			for range 200 {
				if got, err := m.Type("struct s"); got != s {
					t.Error(got, err)
				}
				if got, err := m.Object("o").Int(); got != 7 {
					t.Error(got, err)
				}
				if got, err := m.Type("int *"); err != nil || got.String() != "int *" {
					t.Error(got, err)
				}
				if got, err := m.Symbol("y"); got.Address != 0x1000 {
					t.Error(got, err)
				}
				if got, err := m.Symbols(drgn.SymbolQuery{}); len(got) != 1 {
					t.Error(got, err)
				}
				_, err := m.Type("struct lost")
				wantType[drgn.LookupError](t, err)
				n := 0
				for _, err := range search.Bytes(context.Background(), m.Program, []byte{3, 4}, 1, search.Area{}) {
					if n++; err != nil {
						t.Error(err)
					}
				}
				if n != 2 {
					t.Error(n)
				}
			}
		})
	}
	wg.Wait()
}

// What was found is forgotten when a finder comes, is enabled or disabled, or the language changes; what is found while
// that happens is not kept for after it.
func TestGenerations(t *testing.T) {
	m := newMock(t, arch.X86_64)
	asked := 0
	finder := func(p *drgn.Program, kinds types.KindSet, name, _ string) (*types.Type, error) {
		if name != "s" {
			return nil, nil
		}
		if asked++; asked == 1 { // somebody registers another while this one looks
			if err := p.RegisterTypeFinder("other", func(*drgn.Program, types.KindSet, string, string) (*types.Type, error) { return nil, nil }, drgn.EnableLast); err != nil {
				t.Error(err)
			}
		}
		return m.structure(fmt.Sprint("s", asked), 8), nil
	}
	if err := m.RegisterTypeFinder("mock", finder, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	memos := 0
	memo := func() int {
		n, _ := drgn.Memo(m.Program, "key", func() (int, error) { memos++; return memos, nil })
		return n
	}
	for i, test := range []struct {
		change    func() error
		tag       string
		memo      int
		unchanged bool
	}{
		{func() error { return nil }, "s1", 1, false},
		{func() error { return nil }, "s2", 1, false}, // the one that was found during the change is gone
		{func() error { return nil }, "s2", 1, true},
		{func() error { return m.EnableFinders(drgn.TypeFinders, []string{"mock"}) }, "s3", 2, false},
		{func() error { m.SetLanguage(lang); return nil }, "s4", 3, false},
		{func() error {
			mod, _, err := m.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "x"})
			if err != nil {
				return err
			}
			return mod.SetRanges([]mem.Range{{Min: 1, Max: 2}})
		}, "s5", 4, false},
		{func() error { return nil }, "s5", 4, true},
	} {
		if err := test.change(); err != nil {
			t.Fatal(err)
		}
		before := asked
		if typ := m.typ("struct s"); typ.Tag() != test.tag || test.unchanged != (asked == before) {
			t.Errorf("step %d: struct %s after %d questions", i, typ.Tag(), asked-before)
		}
		if got := memo(); got != test.memo {
			t.Errorf("step %d: memo %d", i, got)
		}
	}
}

// TestKnownNames counts how often finders are asked for a name. The program's own are asked once for what lies in memory or
// is missing; those that somebody has registered each time, and with them those after them.
func TestKnownNames(t *testing.T) {
	m := newMock(t, arch.X86_64)
	asked := 0
	own := func(p *drgn.Program, name string, _ drgn.FindObjectFlags, _ string) (drgn.Object, error) {
		asked++
		switch name {
		case "place":
			return p.ObjectAt(m.typ("int"), 0x1000), nil
		case "value":
			return p.ScalarValue(m.typ("int"), 7), nil
		}
		return drgn.Object{}, drgn.ErrNotFound
	}
	if err := m.Setup(drgn.Setup{Objects: own, ObjectsName: "own"}); err != nil {
		t.Fatal(err)
	}
	askThrice := func(name string, want int) {
		t.Helper()
		asked = 0
		for range 3 {
			if err := m.Object(name).Err(); drgn.IsNotFound(err) != (name == "missing") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if asked != want {
			t.Errorf("%s: the finder was asked %d times, want %d", name, asked, want)
		}
	}
	askThrice("place", 1)
	askThrice("missing", 1)
	askThrice("value", 3) // which may come from memory
	askThrice("place", 0)

	symbols := func(*drgn.Program, drgn.SymbolQuery) ([]drgn.Symbol, error) {
		asked++
		return []drgn.Symbol{{Name: "s", Address: uint64(asked)}}, nil
	}
	if err := m.RegisterSymbolFinder("symbols", symbols, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	askThrice("place", 3) // the symbols that decide where it lies may change
	asked = 0
	for i := range 3 {
		if s, err := m.Symbol("s"); err != nil || s.Address != uint64(i+1) {
			t.Errorf("symbol of a finder that was registered: %v, %v, want %d", s, err, i+1)
		}
	}
	if err := m.EnableFinders(drgn.SymbolFinders, []string{"elf"}); err != nil {
		t.Fatal(err)
	}
	askThrice("place", 1)
	if _, err := m.Symbol("s"); !drgn.IsNotFound(err) {
		t.Errorf("symbol of a finder that was disabled: %v", err)
	}

	theirs := 0
	find := func(p *drgn.Program, name string, _ drgn.FindObjectFlags, _ string) (drgn.Object, error) {
		if theirs++; name == "place" {
			return drgn.Object{}, drgn.ErrNotFound
		}
		return p.ObjectAt(m.typ("int"), uint64(theirs)), nil
	}
	if err := m.RegisterObjectFinder("theirs", find, drgn.EnableLast); err != nil {
		t.Fatal(err)
	}
	askThrice("place", 1) // found before theirs
	for i := range 3 {
		if address, ok := m.Object("new").Address(); !ok || address != uint64(i+1) {
			t.Errorf("object of a finder that was registered: %#x, want %#x", address, i+1)
		}
	}
	if err := m.EnableFinders(drgn.ObjectFinders, []string{"theirs", "own"}); err != nil {
		t.Fatal(err)
	}
	askThrice("place", 3)
}
