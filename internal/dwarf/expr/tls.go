package expr

import "github.com/godrgn/drgn/internal/bin"

// ThreadLocal returns the offset of a thread-local variable from the start of its module's block of them, which a constant and
// DW_OP_form_tls_address say (DWARF 5, section 2.5.1.3); ok is false for other expressions. The constant may be that number of the unit's table
// in .debug_addr, which indexed returns.
func ThreadLocal(f Format, code []byte, indexed func(number uint64) (uint64, error)) (offset uint64, ok bool, err error) {
	last := len(code) - 1
	if last < 1 || code[last] != opFormTLSAddress && code[last] != opGNUPushTLSAddress {
		return 0, false, nil
	}
	c := bin.New(Section, code[:last], f.Big)
	index := false
	switch c.U8() {
	case opConst1u:
		offset = uint64(c.U8())
	case opConst2u:
		offset = uint64(c.U16())
	case opConst4u:
		offset = uint64(c.U32())
	case opConst8u:
		offset = c.U64()
	case opConstu:
		offset = c.ULEB128()
	case opAddr:
		offset = c.Uint(f.AddressSize)
	case opConstx, opGNUConstIndex, opAddrx, opGNUAddrIndex:
		index, offset = true, c.ULEB128()
	default:
		return 0, false, nil
	}
	if c.Err() != nil || c.Len() != 0 {
		return 0, false, nil
	}
	if index {
		offset, err = indexed(offset)
	}
	return offset, err == nil, err
}
