package drgn

import (
	"context"
	"fmt"
	"iter"
	"regexp"

	"github.com/godrgn/drgn/internal/search"
	"github.com/godrgn/drgn/mem"
)

// pieces iterates over the memory of an area.
func (p *Program) pieces(ctx context.Context, in SearchArea) iter.Seq2[mem.Chunk, error] {
	return search.Pieces(ctx, p.mem, in.Ranges, in.Physical)
}

// A SearchArea is the memory that is searched. The zero SearchArea is all virtual memory.
type SearchArea struct {
	Ranges   []mem.Range // searched in this order; nil: all there is
	Physical bool        // Ranges and the addresses of matches are physical ones
}

// SearchMemory finds all occurrences of pattern that begin at a multiple of alignment (0 is 1) and do not overlap, in the
// order of their addresses. What can't be read, such as pages that a dump left out, is passed over; so is what lies
// partly there. An error is the last pair: that of ctx, or of a target that fails.
func (p *Program) SearchMemory(ctx context.Context, pattern []byte, alignment uint64, in SearchArea) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		alignment = max(alignment, 1)
		if alignment&(alignment-1) != 0 {
			yield(0, &ValueError{Problem: fmt.Sprintf("alignment %d is not a power of two", alignment)})
			return
		}
		if len(pattern) == 0 {
			yield(0, &ValueError{Problem: "cannot search for an empty pattern"})
			return
		}
		for f, err := range search.Guarded(search.Bytes(p.pieces(ctx, in), pattern, alignment)) {
			if !yield(f.Address, err) {
				return
			}
		}
	}
}

// A ValueRange holds the values from Min to Max, both inclusive.
type ValueRange struct{ Min, Max uint64 }

// A UintMatch is an integer that was found.
type UintMatch struct{ Address, Value uint64 }

// SearchMemoryUint finds all aligned unsigned integers of size (2, 4 or 8) bytes, in the program's byte order, that are in
// one of the ranges. A range of one value is found whatever the bits in ignore are; they count in other ranges. Areas, order
// and errors are those of [Program.SearchMemory].
func (p *Program) SearchMemoryUint(ctx context.Context, size int, values []ValueRange, ignore uint64, in SearchArea) iter.Seq2[UintMatch, error] {
	return func(yield func(UintMatch, error) bool) {
		ranges := make([]search.ValueRange, len(values))
		for i, v := range values {
			ranges[i] = search.ValueRange(v)
		}
		w, err := search.NewWords(size, p.bigEndian(), ranges, ignore)
		if err != nil {
			yield(UintMatch{}, &ValueError{Problem: err.Error()})
			return
		}
		for f, err := range search.Guarded(w.Find(p.pieces(ctx, in))) {
			match := UintMatch{Address: f.Address}
			if err == nil {
				match.Value = w.Value(f.Data)
			}
			if !yield(match, err) {
				return
			}
		}
	}
}

// SearchMemoryWord is [Program.SearchMemoryUint] for as many bytes as an address has.
func (p *Program) SearchMemoryWord(ctx context.Context, values []ValueRange, ignore uint64, in SearchArea) iter.Seq2[UintMatch, error] {
	size, err := p.AddressSize()
	if err != nil {
		return func(yield func(UintMatch, error) bool) { yield(UintMatch{}, err) }
	}
	return p.SearchMemoryUint(ctx, int(size), values, ignore, in)
}

// A RegexpMatch is what a regular expression matched.
type RegexpMatch struct {
	Address uint64
	Data    []byte // a copy
}

// SearchMemoryRegexp finds what matches a regular expression, without overlaps; an empty match is passed over. The
// expression sees the parts of memory that are text in UTF-8: no match contains a byte that is not. A match may be up to
// 64 KiB long; longer ones may be found shortened. \A, \z and their like have no meaning in memory and are refused. Areas,
// order and errors are those of [Program.SearchMemory].
func (p *Program) SearchMemoryRegexp(ctx context.Context, re *regexp.Regexp, in SearchArea) iter.Seq2[RegexpMatch, error] {
	return p.searchRegexp(ctx, re, in, false)
}

// SearchMemoryBytesRegexp is [Program.SearchMemoryRegexp] for bytes: the expression sees each byte as the character of the
// same number, so that "ÿ" and "[-ÿ]" are bytes. [Latin1] makes an expression of bytes.
func (p *Program) SearchMemoryBytesRegexp(ctx context.Context, re *regexp.Regexp, in SearchArea) iter.Seq2[RegexpMatch, error] {
	return p.searchRegexp(ctx, re, in, true)
}

// Latin1 returns the characters whose numbers are those of the bytes.
func Latin1(b []byte) string { return search.Latin1(b) }

func (p *Program) searchRegexp(ctx context.Context, re *regexp.Regexp, in SearchArea, wide bool) iter.Seq2[RegexpMatch, error] {
	return func(yield func(RegexpMatch, error) bool) {
		r, err := search.NewRegexp(re, wide)
		if err != nil {
			yield(RegexpMatch{}, &ValueError{Problem: err.Error()})
			return
		}
		for m, err := range search.Guarded(r.Matches(p.pieces(ctx, in))) {
			if !yield(RegexpMatch(m), err) {
				return
			}
		}
	}
}
