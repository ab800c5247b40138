package net

import (
	"github.com/godrgn/drgn"
)

// PP_SIGNATURE less POISON_POINTER_DELTA (include/linux/poison.h), and the values of the latter
// (CONFIG_ILLEGAL_POINTER_VALUE) that 64-bit machines have. No pointer to anything has either in its highest bits.
const pagePoolSignature = 0x40

var poisonDeltas = []uint64{0xdead000000000000, 0x5deadbeef0000000}

// Bits of pp_magic beside the signature: the lowest two are other flags of the page, and 32 above the signature number the
// page's DMA mapping since v6.16 (and in stable kernels that have this change).
const (
	pagePoolFlags = 0x3
	pagePoolIndex = (1<<32 - 1) << 7
)

// IsPagePoolPage reports whether a page belongs to a page pool, from which network drivers take their buffers.
//
// page is a struct page *.
//
//drgn:helper is_pp_page
func IsPagePoolPage(page drgn.Object) (bool, error) {
	if err := page.Err(); err != nil {
		return false, err
	}
	// A type of page tells it in newer kernels.
	kind, err := page.Prog().Constant("PGTY_netpp").Uint()
	if err == nil {
		v, err := page.Member("page_type").Uint()
		return v>>24&0xff == kind, err
	}
	if !drgn.IsNotFound(err) {
		return false, err
	}
	magic := page.Member("pp_magic")
	v, err := magic.Uint()
	if err != nil {
		return false, err
	}
	if size, err := magic.Type().Size(); err != nil {
		return false, err
	} else if size == 4 {
		return v&^pagePoolFlags == pagePoolSignature, nil
	}
	for _, delta := range poisonDeltas {
		if v&^(pagePoolFlags|pagePoolIndex&^delta) == delta|pagePoolSignature {
			return true, nil
		}
	}
	return false, nil
}
