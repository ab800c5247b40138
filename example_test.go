package drgn_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// point makes a program of sixteen bytes of memory and one type:
//
//	struct point {
//		int x, y;
//		struct point *next;
//	};
func point() (*drgn.Program, drgn.Object) {
	platform, err := arch.NewPlatform(arch.X86_64)
	if err != nil {
		log.Fatal(err)
	}
	p := drgn.New(platform)
	if err := p.Memory().Add(mem.BytesSegment(0x1000, []byte("\x01\x00\x00\x00\xfe\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"), false)); err != nil {
		log.Fatal(err)
	}
	i, err := p.Type("int")
	if err != nil {
		log.Fatal(err)
	}
	var t *types.Type
	t = p.Types().Compound(c.C, types.Struct, "point", 16, func() (types.Detail, error) {
		return types.Detail{Members: []types.Member{
			{Name: "x", BitOffset: 0, Lazy: types.OfType(i)},
			{Name: "y", BitOffset: 32, Lazy: types.OfType(i)},
			{Name: "next", BitOffset: 64, Lazy: types.OfType(p.PointerTo(t))},
		}}, nil
	})
	return p, p.ObjectAt(t, 0x1000)
}

// A program can be made of any memory and types.
func ExampleNew() {
	_, o := point()
	fmt.Println(o)
	// Output:
	// (struct point){
	// 	.x = (int)1,
	// 	.y = (int)-2,
	// 	.next = (struct point *)0x0,
	// }
}

// Navigation is a chain without errors in between; what ends it returns the error, which says how far it came.
func ExampleObject_Member() {
	_, o := point()
	y, err := o.Member("y").Int()
	fmt.Println(y, err)
	_, err = o.Member("next").Member("y").Int()
	fmt.Println(err)
	_, err = o.Member("z").Int()
	fmt.Println(err)
	// Output:
	// -2 <nil>
	// (*(struct point **)0x1008)->y: could not find memory segment: 0x4
	// 'struct point' has no member 'z'
}

// The tags say where the fields come from: by another name in another version, or from behind a pointer.
func ExampleObject_Decode() {
	_, o := point()
	v := struct {
		X    int         `drgn:"abscissa|x"`
		Y    int64       `drgn:"y"`
		Next int         `drgn:"next->x,optional"` // left alone when next is null
		Self drgn.Object `drgn:"next"`
	}{Next: -1}
	if err := o.Decode(&v); err != nil {
		log.Fatal(err)
	}
	address, _ := v.Self.Address()
	fmt.Printf("%d %d %d %#x\n", v.X, v.Y, v.Next, address)
	// Output: 1 -2 -1 0x1008
}

// Objects are computed with as in C.
func ExampleObject_Binary() {
	p, o := point()
	fmt.Println(o.Member("y").Binary(c.Add, p.FloatLiteral(2.5)))
	fmt.Println(p.Literal(7).Binary(c.Div, o.Member("y")))
	// Output:
	// (double)0.5
	// (int)-3
}
