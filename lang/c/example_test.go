package c_test

import (
	"fmt"

	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// program is the least that type names and operators need.
type program struct {
	set   *types.Set
	model c.Model
	point *types.Type
}

func (p program) Find(kinds types.KindSet, name string) (*types.Type, error) {
	if name == "point" && kinds.Has(types.Struct) {
		return p.point, nil
	}
	return nil, nil
}

func (p program) Primitive(prim types.Primitive) (*types.Type, error) {
	return p.model.Primitive(p.set, c.C, prim), nil
}

func (p program) Pointer(t *types.Type) (*types.Type, error) {
	return p.set.Pointer(c.C, t, p.model.PointerSize, p.model.BigEndian), nil
}

func (p program) BigEndian() bool { return p.model.BigEndian }

func newProgram() program {
	p := program{set: types.NewSet(), model: c.Model{PointerSize: 8}}
	p.point = p.set.Compound(c.C, types.Struct, "point", 8, func() (types.Detail, error) {
		i, _ := p.Primitive(types.CInt)
		return types.Detail{Members: []types.Member{
			{Name: "x", Lazy: types.OfType(i)},
			{Name: "y", BitOffset: 32, Lazy: types.OfType(i)},
		}}, nil
	})
	return p
}

func Example() {
	p := newProgram()
	t, err := c.C.ParseTypeName("const struct point *[2]", p)
	fmt.Println(t, err)
	definition, err := c.C.Definition(p.point)
	fmt.Println(definition, err)
	s, err := c.DefaultFormat.String(c.Value{Type: p.point, Form: c.Bytes, Data: []byte{1, 0, 0, 0, 2, 0, 0, 0}}, nil)
	fmt.Println(s, err)
	// Output:
	// const struct point *[2] <nil>
	// struct point {
	// 	int x;
	// 	int y;
	// } <nil>
	// (struct point){
	// 	.x = (int)1,
	// 	.y = (int)2,
	// } <nil>
}

func ExampleBinary() {
	p := newProgram()
	i, _ := p.Primitive(types.CInt)
	ul, _ := p.Primitive(types.CUnsignedLong)
	sum, err := c.Binary(c.Add, c.Int(i, 0, ^uint64(0)), c.Int(ul, 0, 0), p)
	fmt.Println(sum.Type, sum.Bits, err)
	// Output: unsigned long 18446744073709551615 <nil>
}

func ExampleResolve() {
	p := newProgram()
	place, err := c.Resolve(p.set.Array(c.C, p.point, 4), "y")
	fmt.Println(place.Type, err)
	place, err = c.Resolve(p.point, "y")
	fmt.Println(place.Type, place.BitOffset/8, err)
	// Output:
	// <nil> 'struct point [4]' is not a structure, union, or class
	// int 4 <nil>
}

func ExampleOffsetOf() {
	p := newProgram()
	fmt.Println(c.OffsetOf(p.point, "y"))
	// Output: 4 <nil>
}

func ExampleExtendPath() {
	p := newProgram()
	pointer, _ := p.Pointer(p.point)
	array := p.set.Array(c.C, pointer, 4)
	element, path := c.ExtendPath("*list", array, "[2]")
	member, path := c.ExtendPath(path, element, "y")
	fmt.Println(path, member)
	// Output: (*list)[2]->y int
}
