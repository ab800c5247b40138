// Package search finds what lies in a program's memory: bytes, integers, what regular expressions match.
package search

import (
	"context"
	"fmt"
	"iter"
	"regexp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/failure"
	scan "github.com/godrgn/drgn/internal/search"
	"github.com/godrgn/drgn/mem"
)

// pieces iterates over the memory of an area.
func pieces(ctx context.Context, p *drgn.Program, in Area) iter.Seq2[mem.Chunk, error] {
	return scan.Pieces(ctx, p.Memory(), in.Ranges, in.Physical)
}

// A Area is the memory that is searched. The zero Area is all virtual memory.
type Area struct {
	Ranges   []mem.Range // searched in this order; nil: all there is
	Physical bool        // Ranges and the addresses of matches are physical ones
}

// Bytes finds all occurrences of pattern that begin at a multiple of alignment (0 is 1) and do not overlap, in the
// order of their addresses. What can't be read, such as pages that a dump left out, is passed over; so is what lies
// partly there. An error is the last pair: that of ctx, or of a target that fails.
func Bytes(ctx context.Context, p *drgn.Program, pattern []byte, alignment uint64, in Area) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		alignment = max(alignment, 1)
		if alignment&(alignment-1) != 0 {
			yield(0, &failure.ValueError{Problem: fmt.Sprintf("alignment %d is not a power of two", alignment)})
			return
		}
		if len(pattern) == 0 {
			yield(0, &failure.ValueError{Problem: "cannot search for an empty pattern"})
			return
		}
		for f, err := range scan.Guarded(scan.Bytes(pieces(ctx, p, in), pattern, alignment)) {
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

// Uint finds all aligned unsigned integers of size (2, 4 or 8) bytes, in the program's byte order, that are in
// one of the ranges. A range of one value is found whatever the bits in ignore are; they count in other ranges. Areas, order
// and errors are those of [Bytes].
func Uint(ctx context.Context, p *drgn.Program, size int, values []ValueRange, ignore uint64, in Area) iter.Seq2[UintMatch, error] {
	return func(yield func(UintMatch, error) bool) {
		ranges := make([]scan.ValueRange, len(values))
		for i, v := range values {
			ranges[i] = scan.ValueRange(v)
		}
		w, err := scan.NewWords(size, p.Platform().Known() && !p.Platform().IsLittleEndian(), ranges, ignore)
		if err != nil {
			yield(UintMatch{}, &failure.ValueError{Problem: err.Error()})
			return
		}
		for f, err := range scan.Guarded(w.Find(pieces(ctx, p, in))) {
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

// Word is [Uint] for as many bytes as an address has.
func Word(ctx context.Context, p *drgn.Program, values []ValueRange, ignore uint64, in Area) iter.Seq2[UintMatch, error] {
	size, err := p.AddressSize()
	if err != nil {
		return func(yield func(UintMatch, error) bool) { yield(UintMatch{}, err) }
	}
	return Uint(ctx, p, int(size), values, ignore, in)
}

// A RegexpMatch is what a regular expression matched.
type RegexpMatch struct {
	Address uint64
	Data    []byte // a copy
}

// Regexp finds what matches a regular expression, without overlaps; empty ones are found, too. The
// expression sees the parts of memory that are text in UTF-8: no match contains a byte that is not. A match may be up to
// 64 KiB long; longer ones may be found shortened. \A, \z and their like match where a range of the area begins and ends, or the address
// space. An expression that matches nothing where it could match something is refused. Areas, order and errors are those of [Bytes].
func Regexp(ctx context.Context, p *drgn.Program, re *regexp.Regexp, in Area) iter.Seq2[RegexpMatch, error] {
	return matches(ctx, p, re, in, false)
}

// BytesRegexp is [Regexp] for bytes: the expression sees each byte as the character of the
// same number, so that "ÿ" and "[-ÿ]" are bytes. [Latin1] makes an expression of bytes.
func BytesRegexp(ctx context.Context, p *drgn.Program, re *regexp.Regexp, in Area) iter.Seq2[RegexpMatch, error] {
	return matches(ctx, p, re, in, true)
}

// Latin1 returns the characters whose numbers are those of the bytes.
func Latin1(b []byte) string { return scan.Latin1(b) }

// bounds returns the ranges of an area.
func bounds(p *drgn.Program, in Area) []mem.Range {
	if in.Ranges != nil {
		return in.Ranges
	}
	last := ^uint64(0)
	if p.Platform().Known() && !p.Platform().Is64Bit() {
		last = 1<<32 - 1
	}
	return []mem.Range{{Max: last}}
}

func matches(ctx context.Context, p *drgn.Program, re *regexp.Regexp, in Area, wide bool) iter.Seq2[RegexpMatch, error] {
	return func(yield func(RegexpMatch, error) bool) {
		r, err := scan.NewRegexp(re, wide)
		if err != nil {
			yield(RegexpMatch{}, &failure.ValueError{Problem: err.Error()})
			return
		}
		for m, err := range scan.Guarded(r.Matches(pieces(ctx, p, in), bounds(p, in))) {
			if !yield(RegexpMatch(m), err) {
				return
			}
		}
	}
}
