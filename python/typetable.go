package python

/*
#include "bind.h"
*/
import "C"

import (
	"unsafe"

	"github.com/godrgn/drgn/types"
)

// typeTable holds the types that Python's instances refer to, by their numbers. C counts the instances of each number
// (type_refs); one that has none left is given back in [goFreeTypes]. Everything here happens under the GIL.
var typeTable = struct {
	types []*types.Type
	free  []uint32
}{types: make([]*types.Type, 1)} // 0 is no type

// typeNumber returns the number of a type for one more instance, which drops it when it goes.
func typeNumber(t *types.Type) C.uint32_t {
	n := t.Number()
	if n == 0 {
		if last := len(typeTable.free) - 1; last >= 0 {
			n = typeTable.free[last]
			typeTable.free = typeTable.free[:last]
			typeTable.types[n] = t
		} else {
			n = uint32(len(typeTable.types))
			typeTable.types = append(typeTable.types, t)
			C.sh_type_refs(C.uint32_t(len(typeTable.types)))
		}
		t.SetNumber(n)
		typeRefs(n).scalar = 0
	}
	typeRefs(n).count++
	return C.uint32_t(n)
}

// typeRefs returns what C keeps of the type of a number.
func typeRefs(n uint32) *C.type_ref {
	return (*C.type_ref)(unsafe.Add(unsafe.Pointer(C.type_refs), uintptr(n)*unsafe.Sizeof(C.type_ref{})))
}

// typeByNumber returns the type that an instance refers to.
func typeByNumber(n C.uint32_t) *types.Type { return typeTable.types[n] }

// goFreeTypes takes back numbers that had no instance at some time, and may have again.
//
//export goFreeTypes
func goFreeTypes(p *C.uint32_t, n C.int) {
	refs := unsafe.Slice(C.type_refs, len(typeTable.types))
	for _, id := range unsafe.Slice(p, int(n)) {
		refs[id].queued = 0
		if refs[id].count != 0 {
			continue
		}
		typeTable.types[id].SetNumber(0)
		typeTable.types[id] = nil
		typeTable.free = append(typeTable.free, uint32(id))
	}
}

// liveTypes returns how many numbers are in use.
func liveTypes() int { return len(typeTable.types) - 1 - len(typeTable.free) }
