package expr

import "github.com/godrgn/drgn/internal/bin"

// ThreadLocal returns the offset of a thread-local variable from the start of its module's block of them, which a constant and
// DW_OP_form_tls_address say (DWARF 5, section 2.5.1.3); ok is false for other expressions.
func ThreadLocal(f Format, code []byte) (offset uint64, ok bool) {
	last := len(code) - 1
	if last < 1 || code[last] != opFormTLSAddress && code[last] != opGNUPushTLSAddress {
		return 0, false
	}
	c := bin.New(Section, code[:last], f.Big)
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
	default:
		return 0, false
	}
	return offset, c.Err() == nil && c.Len() == 0
}
