// Package worldtest makes kernels for tests: programs with types of their own, declared in C, and memory to lay objects
// out in, for machines of either byte order and word size.
package worldtest

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A Machine is what a made-up kernel runs on.
type Machine struct {
	Name      string
	Arch      *arch.Arch
	PageShift uint64 // binary logarithm of the page size
}

// Machines are those that every helper is tested on: both byte orders, both word sizes, pages of 4 and 64 KiB.
var Machines = []Machine{
	{"64-bit little-endian 4K", arch.X86_64, 12},
	{"64-bit little-endian 64K", arch.AArch64, 16},
	{"64-bit big-endian 4K", arch.S390X, 12},
	{"32-bit little-endian 4K", arch.ARM, 12},
	{"32-bit big-endian 4K", arch.S390, 12},
}

// Base is the first address of a world's memory.
const Base = 0x100000

// Dangling is an address that no world has memory at.
const Dangling = 0x7fff0000

// A World is a program with types and memory of its own.
type World struct {
	*drgn.Program
	Machine
	t       testing.TB
	types   map[string]*types.Type // by "struct tag", "typedef"
	align   map[string]uint64      // of structures, in bytes
	objects map[string]drgn.Object
	memory  []byte
	next    uint64
}

// Each runs a test on each of the Machines.
func Each(t *testing.T, f func(t *testing.T, w *World)) {
	t.Helper()
	for _, m := range Machines {
		t.Run(m.Name, func(t *testing.T) { f(t, New(t, m)) })
	}
}

// New returns an empty world: it has C's own types and those that all of the kernel is built from.
func New(t testing.TB, m Machine) *World {
	t.Helper()
	platform, err := arch.NewPlatform(m.Arch)
	if err != nil {
		t.Fatal(err)
	}
	w := &World{Program: drgn.New(platform), Machine: m, t: t, types: map[string]*types.Type{}, align: map[string]uint64{},
		objects: map[string]drgn.Object{}, memory: make([]byte, 1<<20), next: Base}
	w.check(w.Memory().Add(mem.BytesSegment(Base, w.memory, false)))
	w.check(w.RegisterTypeFinder("world", func(_ *drgn.Program, kinds types.KindSet, name, _ string) (*types.Type, error) {
		for _, key := range []string{name, "struct " + name, "union " + name, "enum " + name} {
			if t := w.types[key]; t != nil && kinds.Has(t.Kind()) {
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
	w.Declare(`
		typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
		typedef unsigned long long phys_addr_t;
		typedef struct { int counter; } atomic_t;
		typedef struct { long counter; } atomic_long_t;
		struct list_head { struct list_head *next, *prev; };
		struct hlist_node { struct hlist_node *next, **pprev; };
		struct hlist_head { struct hlist_node *first; };
		struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
		struct rb_root { struct rb_node *rb_node; };
	`)
	return w
}

func (w *World) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Word returns the size of a pointer in bytes.
func (w *World) Word() uint64 {
	if w.Platform().Is64Bit() {
		return 8
	}
	return 4
}

// Big reports whether numbers are stored with their most significant byte first.
func (w *World) Big() bool { return !w.Platform().IsLittleEndian() }

// MustType returns a type by its name.
func (w *World) MustType(name string) *types.Type {
	w.t.Helper()
	t, err := w.Type(name)
	w.check(err)
	return t
}

// SizeOf returns the size of a type in bytes.
func (w *World) SizeOf(name string) uint64 {
	w.t.Helper()
	size, err := w.MustType(name).Size()
	w.check(err)
	return size
}

// OffsetOf returns where a member is in a type, in bytes.
func (w *World) OffsetOf(typ, designator string) uint64 {
	w.t.Helper()
	offset, err := drgn.OffsetOf(w.MustType(typ), designator)
	w.check(err)
	return offset
}

// AllocBytes returns the address of size bytes of zeroed memory, a multiple of align.
func (w *World) AllocBytes(size, align uint64) uint64 {
	w.t.Helper()
	at := (w.next + align - 1) &^ (align - 1)
	w.next = at + size
	if w.next > Base+uint64(len(w.memory)) {
		w.t.Fatalf("no memory left for %d bytes", size)
	}
	return at
}

// Write puts an integer of size bytes at an address.
func (w *World) Write(at, size, value uint64) {
	w.t.Helper()
	if at < Base || at+size > Base+uint64(len(w.memory)) {
		w.t.Fatalf("%d bytes at %#x are outside of the world", size, at)
	}
	b := w.memory[at-Base:][:size]
	for i := range b {
		b[i] = byte(value >> (8 * i))
	}
	if w.Big() {
		slices.Reverse(b)
	}
}

// WriteWord puts a pointer or unsigned long at an address.
func (w *World) WriteWord(at, value uint64) {
	w.t.Helper()
	w.Write(at, w.Word(), value)
}

// Text returns the address of a new string.
func (w *World) Text(s string) uint64 {
	at := w.AllocBytes(uint64(len(s))+1, 1)
	copy(w.memory[at-Base:], s)
	return at
}

// A Var is an object in a world's memory.
type Var struct {
	w    *World
	Type string
	At   uint64 // address
}

// Alloc makes a new object, all of it zero.
func (w *World) Alloc(typ string) Var {
	w.t.Helper()
	return Var{w, typ, w.AllocBytes(w.SizeOf(typ), 64)}
}

// AllocN makes n new objects.
func (w *World) AllocN(n int, typ string) []Var {
	w.t.Helper()
	vars := make([]Var, n)
	for i := range vars {
		vars[i] = w.Alloc(typ)
	}
	return vars
}

// VarAt returns the object at an address.
func (w *World) VarAt(typ string, at uint64) Var { return Var{w, typ, at} }

// Variable makes a new object that is the program's variable of a name.
func (w *World) Variable(name, typ string) Var {
	w.t.Helper()
	v := w.Alloc(typ)
	w.objects[name] = v.Object()
	return v
}

// Constant makes a constant of a name.
func (w *World) Constant(name, typ string, value uint64) {
	w.t.Helper()
	w.objects[name] = w.ScalarValue(w.MustType(typ), value)
}

// Object returns the object.
func (v Var) Object() drgn.Object {
	v.w.t.Helper()
	return v.w.ObjectAt(v.w.MustType(v.Type), v.At)
}

// Ptr returns a pointer to the object.
func (v Var) Ptr() drgn.Object {
	v.w.t.Helper()
	return v.w.ScalarValue(v.w.PointerTo(v.w.MustType(v.Type)), v.At)
}

// part returns a part of the object, or all of it for "".
func (v Var) part(designator string) drgn.Object {
	v.w.t.Helper()
	o := v.Object()
	if designator != "" {
		o = o.Subobject(designator)
	}
	v.w.check(o.Err())
	return o
}

// Addr returns the address of a part of the object.
func (v Var) Addr(designator string) uint64 {
	v.w.t.Helper()
	at, _ := v.part(designator).Address()
	return at
}

// PtrTo returns a pointer to a part of the object.
func (v Var) PtrTo(designator string) drgn.Object {
	v.w.t.Helper()
	return v.part(designator).AddressOf()
}

// Set writes an integer or pointer, which may be a bit-field, into a part of the object, and returns the object.
func (v Var) Set(designator string, value uint64) Var {
	w := v.w
	w.t.Helper()
	o := v.part(designator)
	at, _ := o.Address()
	size, err := o.Type().Size()
	w.check(err)
	if o.BitFieldSize() == 0 {
		w.Write(at, size, value)
		return v
	}
	for i := range o.BitFieldSize() { // in memory's order, which begins with the lowest bit or the highest
		bit := uint64(o.BitOffset()) + i
		mask, from := byte(1)<<(bit%8), i
		if w.Big() {
			mask, from = 0x80>>(bit%8), o.BitFieldSize()-1-i
		}
		b := &w.memory[at-Base+bit/8]
		if *b &^= mask; value>>from&1 != 0 {
			*b |= mask
		}
	}
	return v
}

// SetText writes a string into a part of the object that is an array of char.
func (v Var) SetText(designator, s string) Var {
	v.w.t.Helper()
	copy(v.w.memory[v.Addr(designator)-Base:], s+"\x00")
	return v
}

// Ring links struct list_heads at addresses into a list; the first is its head.
func (w *World) Ring(heads ...uint64) {
	w.t.Helper()
	for i, at := range heads {
		w.WriteWord(at, heads[(i+1)%len(heads)])
		w.WriteWord(at+w.Word(), heads[(i+len(heads)-1)%len(heads)])
	}
}

// Chain links a struct hlist_head, or whatever else begins with a pointer, to nodes that begin with one; last is what the
// last of them holds.
func (w *World) Chain(last uint64, nodes ...uint64) {
	w.t.Helper()
	for i, at := range nodes {
		next := last
		if i+1 < len(nodes) {
			next = nodes[i+1]
		}
		w.WriteWord(at, next)
	}
}

// endless is more elements than any walk over a world has.
const endless = 1 << 20

// Collect returns the elements of a walk, and the error that ended it. A walk without an end fails the test.
func Collect[T any](t testing.TB, seq iter.Seq2[T, error]) (all []T, err error) {
	t.Helper()
	for e, err := range seq {
		if err != nil {
			return all, err
		}
		if all = append(all, e); len(all) > endless {
			t.Fatal("a walk without end")
		}
	}
	return all, nil
}

// Addresses returns the pointers of a walk as numbers, and the error that ended it.
func Addresses(t testing.TB, seq iter.Seq2[drgn.Object, error]) (all []uint64, err error) {
	t.Helper()
	objects, err := Collect(t, seq)
	for _, o := range objects {
		at, uintErr := o.Uint()
		if uintErr != nil {
			t.Fatal(uintErr)
		}
		all = append(all, at)
	}
	return all, err
}

// Check fails the test unless a walk has these pointers, and ends without an error.
func Check(t testing.TB, what string, seq iter.Seq2[drgn.Object, error], want ...uint64) {
	t.Helper()
	if got, err := Addresses(t, seq); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: %x, %v; want %x", what, got, err, want)
	}
}

// CheckPtr fails the test unless an object is a pointer to, or an integer of, this.
func CheckPtr(t testing.TB, what string, o drgn.Object, want uint64) {
	t.Helper()
	if got, err := o.Uint(); err != nil || got != want {
		t.Errorf("%s: %#x, %v; want %#x", what, got, err, want)
	}
}

// CheckValue returns a function that fails the test unless it is given this value and no error.
func CheckValue[T comparable](t testing.TB, what string, want T) func(got T, err error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", what, fmt.Sprint(got), err, want)
		}
	}
}
