package linux_test

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A world is a program with types of its own, laid out as on a 64-bit machine, and memory to put values in: kernels that
// are not at hand, and corrupt ones.
type world struct {
	*drgn.Program
	t       testing.TB
	types   map[string]*types.Type
	objects map[string]drgn.Object
	memory  []byte
	next    uint64
}

const worldBase = 0x100000

func newWorld(t testing.TB) *world {
	t.Helper()
	platform, err := arch.NewPlatform(arch.X86_64)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Program: drgn.New(platform), t: t, types: map[string]*types.Type{}, objects: map[string]drgn.Object{}, memory: make([]byte, 1<<20), next: worldBase}
	w.check(w.Memory().Add(mem.BytesSegment(worldBase, w.memory, false)))
	w.check(w.RegisterTypeFinder("world", func(_ *drgn.Program, kinds types.KindSet, name, _ string) (*types.Type, error) {
		for _, t := range w.types {
			if kinds.Has(t.Kind()) && t.Tag() == name {
				return t, nil
			}
		}
		return nil, drgn.ErrNotFound
	}, drgn.EnableFirst))
	w.check(w.RegisterObjectFinder("world", func(_ *drgn.Program, name string, _ drgn.FindObjectFlags, _ string) (drgn.Object, error) {
		if o, ok := w.objects[name]; ok {
			return o, nil
		}
		return drgn.Object{}, drgn.ErrNotFound
	}, drgn.EnableFirst))
	w.structure("struct list_head", "struct list_head *: next", "struct list_head *: prev")
	w.structure("struct hlist_node", "struct hlist_node *: next", "struct hlist_node **: pprev")
	w.structure("struct hlist_head", "struct hlist_node *: first")
	w.structure("struct rb_node", "unsigned long: __rb_parent_color", "struct rb_node *: rb_right", "struct rb_node *: rb_left")
	w.structure("struct rb_root", "struct rb_node *: rb_node")
	return w
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) typ(name string) *types.Type {
	w.t.Helper()
	t, err := w.Type(name)
	w.check(err)
	return t
}

// structure declares a structure of members "type: name", one after another at multiples of their sizes, up to 8. What a
// pointer points to may be declared later.
func (w *world) structure(tag string, members ...string) {
	w.t.Helper()
	var offset uint64
	var places []uint64
	for _, m := range members {
		typ, _, _ := strings.Cut(m, ": ")
		size := uint64(8)
		if !strings.HasSuffix(typ, "*") {
			var err error
			size, err = w.typ(typ).Size()
			w.check(err)
		}
		if align := min(max(size&-size, 1), 8); offset%align != 0 {
			offset += align - offset%align
		}
		places = append(places, offset)
		offset += size
	}
	kind := types.Struct
	if strings.HasPrefix(tag, "union ") {
		kind = types.Union
	}
	_, name, _ := strings.Cut(tag, " ")
	w.types[tag] = w.Types().Compound(c.C, kind, name, (offset+7)&^7, func() (types.Detail, error) {
		var d types.Detail
		for i, m := range members {
			typ, name, _ := strings.Cut(m, ": ")
			t, err := w.Type(typ)
			if err != nil {
				return d, err
			}
			d.Members = append(d.Members, types.Member{Name: name, BitOffset: 8 * places[i], Lazy: types.Evaluated(types.Slot{Type: t})})
		}
		return d, nil
	})
}

// enumeration declares an enumeration of values from 0 on; its enumerators are constants.
func (w *world) enumeration(tag string, names ...string) {
	var all []types.Enumerator
	for i, n := range names {
		all = append(all, types.Enumerator{Name: n, Value: uint64(i)})
	}
	t := w.Types().Enum(c.C, tag, w.typ("unsigned int"), func() (types.Detail, error) { return types.Detail{Enumerators: all}, nil })
	w.types["enum "+tag] = t
	for i, n := range names {
		w.objects[n] = w.ScalarValue(t, uint64(i))
	}
}

// alloc returns the address of a new object.
func (w *world) alloc(typ string) uint64 {
	w.t.Helper()
	size, err := w.typ(typ).Size()
	w.check(err)
	at := w.next
	w.next += (size + 63) &^ 63
	if w.next > worldBase+uint64(len(w.memory)) {
		w.t.Fatalf("no memory left for a %s", typ)
	}
	return at
}

// variable makes a variable and returns its address.
func (w *world) variable(name, typ string) uint64 {
	at := w.alloc(typ)
	w.objects[name] = w.ObjectAt(w.typ(typ), at)
	return at
}

// put writes 8 bytes.
func (w *world) put(at, value uint64) { binary.LittleEndian.PutUint64(w.memory[at-worldBase:], value) }

// place returns the address and type of a part of an object, or of all of it.
func (w *world) place(typ string, at uint64, designator string) (uint64, *types.Type) {
	w.t.Helper()
	if designator == "" {
		return at, w.typ(typ)
	}
	o := w.ObjectAt(w.typ(typ), at).Subobject(designator)
	w.check(o.Err())
	address, _ := o.Address()
	return address, o.Type()
}

// set writes an integer or pointer into an object.
func (w *world) set(typ string, at uint64, designator string, value uint64) {
	w.t.Helper()
	to, t := w.place(typ, at, designator)
	size, err := t.Size()
	w.check(err)
	for i := range size {
		w.memory[to-worldBase+i] = byte(value >> (8 * i))
	}
}

// text writes a string into memory.
func (w *world) text(at uint64, s string) { copy(w.memory[at-worldBase:], s+"\x00") }

// newText returns the address of a new string.
func (w *world) newText(s string) uint64 {
	at := w.alloc(fmt.Sprintf("char [%d]", len(s)+1))
	w.text(at, s)
	return at
}

// list links list_heads into a ring.
func (w *world) list(nodes ...uint64) {
	for i, at := range nodes {
		w.put(at, nodes[(i+1)%len(nodes)])
		w.put(at+8, nodes[(i+len(nodes)-1)%len(nodes)])
	}
}

// chain links an hlist_head, or whatever else begins with a pointer, to nodes that begin with one.
func (w *world) chain(nodes ...uint64) {
	for i, at := range nodes[:len(nodes)-1] {
		w.put(at, nodes[i+1])
	}
}

// pointer returns a pointer to an object.
func (w *world) pointer(typ string, at uint64) drgn.Object {
	return w.ScalarValue(w.PointerTo(w.typ(typ)), at)
}

// addresses returns the elements of a walk, and the error that ended it.
func addresses(seq iter.Seq2[drgn.Object, error]) (out []uint64, err error) {
	for o, err := range seq {
		if err != nil {
			return out, err
		}
		at, err := o.Uint()
		if err != nil {
			return out, err
		}
		if out = append(out, at); len(out) > 1<<20 {
			return out, fmt.Errorf("walk without end")
		}
	}
	return out, nil
}
