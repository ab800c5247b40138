package types_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// Types are made by a set, which keeps each once; members of a structure are given when they are first asked for.
func Example() {
	set := types.NewSet()
	number := set.Int(c.C, "int", 4, true, false)
	point := set.Compound(c.C, types.Struct, "point", 8, func() (types.Detail, error) {
		return types.Detail{Members: []types.Member{
			{Name: "x", Lazy: types.OfType(number)},
			{Name: "y", BitOffset: 32, Lazy: types.OfType(number)},
		}}, nil
	})
	y, err := point.FindMember("y")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Type, "at bit", y.BitOffset)
	pointer := set.Pointer(c.C, point, 8, false)
	fmt.Println(pointer == set.Pointer(c.C, point, 8, false))
	// Output:
	// int at bit 32
	// true
}
