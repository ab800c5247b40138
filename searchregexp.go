package drgn

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"regexp"
	"regexp/syntax"
)

// A RegexpMatch is what a regular expression matched.
type RegexpMatch struct {
	Address uint64
	Data    []byte // a copy
}

// maxRegexpMatch is how long a match may be to be found wherever pieces of memory meet, in bytes.
const maxRegexpMatch = 64 << 10

// SearchMemoryRegexp finds what matches a regular expression, without overlaps; an empty match is passed over. The
// expression sees memory as UTF-8, and each byte that is not UTF-8 as U+FFFD. A match may be up to 64 KiB long; longer ones
// may be found shortened. \A, \z and their like have no meaning in memory and are refused. Areas, order and errors are
// those of [Program.SearchMemory].
func (p *Program) SearchMemoryRegexp(ctx context.Context, re *regexp.Regexp, in SearchArea) iter.Seq2[RegexpMatch, error] {
	return func(yield func(RegexpMatch, error) bool) {
		if err := checkRegexp(re); err != nil {
			yield(RegexpMatch{}, err)
			return
		}
		const window = 1 << 20
		var buf []byte   // memory without a gap
		var start uint64 // where it lies
		var from int     // what is before is only there for what looks back
		flush := func(final bool) bool {
			safe := len(buf)
			if !final {
				safe -= maxRegexpMatch
			}
			for _, m := range re.FindAllIndex(buf, -1) {
				if m[0] < from || m[0] == m[1] {
					continue
				}
				if m[0] >= safe {
					break // more of it may follow
				}
				if !yield(RegexpMatch{start + uint64(m[0]), bytes.Clone(buf[m[0]:m[1]])}, nil) {
					return false
				}
				from = m[1]
			}
			const lookBack = 4 // a rune
			cut := max(from, safe)
			drop := max(0, cut-lookBack)
			buf = append(buf[:0], buf[drop:]...)
			start, from = start+uint64(drop), cut-drop
			return true
		}
		for c, err := range p.pieces(ctx, in) {
			if err != nil {
				yield(RegexpMatch{}, err)
				return
			}
			if c.Address != start+uint64(len(buf)) {
				if !flush(true) {
					return
				}
				buf, start, from = buf[:0], c.Address, 0
			}
			for data := c.Data; len(data) > 0; {
				n := min(len(data), window+maxRegexpMatch-len(buf))
				buf, data = append(buf, data[:n]...), data[n:]
				if len(buf) == window+maxRegexpMatch && !flush(false) {
					return
				}
			}
		}
		flush(true)
	}
}

// checkRegexp refuses what asks for the beginning or end of memory.
func checkRegexp(re *regexp.Regexp) error {
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return &ValueError{fmt.Sprintf("regular expression %s: %v", re, err)}
	}
	if asksForEnds(parsed) {
		return &ValueError{fmt.Sprintf("regular expression %s asks for the beginning or end of the text, which memory has not; for lines use (?m)", re)}
	}
	return nil
}

func asksForEnds(re *syntax.Regexp) bool {
	if re.Op == syntax.OpBeginText || re.Op == syntax.OpEndText {
		return true
	}
	for _, sub := range re.Sub {
		if asksForEnds(sub) {
			return true
		}
	}
	return false
}
