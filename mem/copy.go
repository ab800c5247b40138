package mem

// A Copy is parts of memory as they were at some time. A nil Copy holds nothing.
type Copy struct {
	Address uint64
	Data    []byte
	Next    *Copy // of another part; may be nil
}

// At returns size bytes at an address as they were, size > 0, or nil if no part has all of them.
func (c *Copy) At(address, size uint64) []byte {
	for ; c != nil; c = c.Next {
		if at := address - c.Address; address >= c.Address && at < uint64(len(c.Data)) && size <= uint64(len(c.Data))-at {
			return c.Data[at:][:size]
		}
	}
	return nil
}
