package mem

// A Copy is a part of memory as it was at some time. A nil Copy holds nothing.
type Copy struct {
	Address uint64
	Data    []byte
}

// Holds reports whether the copy has size bytes at an address, size > 0.
func (c *Copy) Holds(address, size uint64) bool {
	return c != nil && address >= c.Address && address-c.Address < uint64(len(c.Data)) && size <= uint64(len(c.Data))-(address-c.Address)
}
