package mm

// A PageUsage is how many pages there are of a kind of memory, and how many of them are free.
//
//drgn:namedtuple
type PageUsage struct {
	Pages     uint64
	FreePages uint64
}
