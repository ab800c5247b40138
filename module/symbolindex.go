package module

import (
	"cmp"
	"slices"
	"sort"
)

// A SymbolIndex is symbols to look up by name and by address. It never changes.
type SymbolIndex struct {
	symbols []Symbol         // by address
	byName  map[string][]int // indexes of symbols, ascending
	reach   []uint64         // for each symbol: the last address that it or one before it contains; 0 if they are empty
}

// NewSymbolIndex makes an index of symbols; of those with the same address the first stays first.
func NewSymbolIndex(symbols []Symbol) *SymbolIndex {
	x := &SymbolIndex{symbols: slices.Clone(symbols), byName: make(map[string][]int), reach: make([]uint64, len(symbols))}
	slices.SortStableFunc(x.symbols, func(a, b Symbol) int {
		return cmp.Compare(a.Address, b.Address)
	})
	var last uint64
	for i, s := range x.symbols {
		x.byName[s.Name] = append(x.byName[s.Name], i)
		if s.Size > 0 {
			end := s.Address + s.Size - 1
			if end < s.Address { // past the end of the address space
				end = 1<<64 - 1
			}
			last = max(last, end)
		}
		x.reach[i] = last
	}
	return x
}

// Len returns the number of symbols.
func (x *SymbolIndex) Len() int { return len(x.symbols) }

// Find returns the symbols of a query in the order of their addresses: those of a name, those that contain an
// address, those of which both is true, or all; the first of them only if one is asked for. A symbol of size 0 contains no
// address.
func (x *SymbolIndex) Find(q SymbolQuery) (found []Symbol) {
	switch {
	case q.HasName:
		for _, i := range x.byName[q.Name] {
			if s := x.symbols[i]; !q.HasAddress || s.Contains(q.Address) {
				found = append(found, s)
			}
		}
	case q.HasAddress:
		found = x.at(q.Address)
	default:
		found = slices.Clone(x.symbols)
	}
	if q.One && len(found) > 1 {
		found = found[:1]
	}
	return found
}

// at returns the symbols that contain an address.
func (x *SymbolIndex) at(address uint64) (found []Symbol) {
	after := sort.Search(len(x.symbols), func(i int) bool { return x.symbols[i].Address > address })
	for i := after - 1; i >= 0 && x.reach[i] >= address; i-- {
		if x.symbols[i].Contains(address) {
			found = append(found, x.symbols[i])
		}
	}
	slices.Reverse(found)
	return found
}
