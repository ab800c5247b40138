// Package stackdepot reads stack traces that the kernel has stored (include/linux/stackdepot.h).
package stackdepot

import (
	"fmt"

	"github.com/godrgn/drgn"
)

// alignShift is DEPOT_STACK_ALIGN: offsets in a handle count 16 bytes.
const alignShift = 4

// maxFrames bounds how many frames a stored trace has: the kernel stores at most 256.
const maxFrames = 1 << 12

// Fetch returns the stack trace that a handle stands for; nil if there is none.
//
// handle is a depot_stack_handle_t.
//
//drgn:helper stack_depot_fetch(handle) -> Optional[StackTrace]
func Fetch(handle drgn.Object) (*drgn.StackTrace, error) {
	raw, err := handle.Uint()
	if err != nil || raw == 0 {
		return nil, err
	}
	p := handle.Prog()
	t, err := p.Type("union handle_parts")
	if err != nil {
		return nil, err
	}
	size, err := t.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, min(size, 8))
	for i := range data {
		at := i
		if !p.Platform().IsLittleEndian() {
			at = len(data) - 1 - i
		}
		data[at] = byte(raw >> (8 * i))
	}
	parts := p.BytesValue(t, data)
	offset, err := parts.Member("offset").Uint()
	if err != nil {
		return nil, err
	}
	// Renamed when 0 came to stand for no stack (in v6.12 it is so; until v6.2 it was a slab).
	index, err := parts.MemberAny("pool_index_plus_1", "pool_index", "slabindex").Uint()
	if err != nil {
		return nil, err
	}
	if parts.HasMember("pool_index_plus_1") {
		if index == 0 {
			return nil, nil
		}
		index--
	}
	return fetch(p, index, offset<<alignShift)
}

func fetch(p *drgn.Program, index, offset uint64) (*drgn.StackTrace, error) {
	pools := p.Variable("stack_pools")
	if drgn.IsNotFound(pools.Err()) {
		pools = p.Variable("stack_slabs") // until v6.2
	}
	if n, err := pools.Len(); err == nil && index >= n {
		return nil, nil
	}
	pool, err := pools.Index(int64(index)).Uint()
	if err != nil || pool == 0 {
		return nil, err
	}
	t, err := p.Type("struct stack_record")
	if err != nil {
		return nil, err
	}
	record := p.ObjectAt(t, pool+offset)
	if record.HasMember("count") { // it is not in use any more
		if count, err := record.Member("count").Member("refs").Member("counter").Uint(); err != nil || count == 0 {
			return nil, err
		}
	}
	n, err := record.Member("size").Uint()
	if err == nil && n > maxFrames {
		err = fmt.Errorf("stored stack of %d frames is not understood", n)
	}
	if err != nil {
		return nil, err
	}
	pcs := make([]uint64, n)
	for i := range pcs {
		if pcs[i], err = record.Member("entries").Index(int64(i)).Uint(); err != nil {
			return nil, err
		}
	}
	return p.StackTraceFromPCs(pcs)
}
