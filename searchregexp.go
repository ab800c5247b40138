package drgn

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// A RegexpMatch is what a regular expression matched.
type RegexpMatch struct {
	Address uint64
	Data    []byte // a copy
}

// maxRegexpMatch is how long a match may be to be found wherever pieces of memory meet, in bytes.
const maxRegexpMatch = 64 << 10

// SearchMemoryRegexp finds what matches a regular expression, without overlaps; an empty match is passed over. The
// expression sees text in UTF-8, which ends before a byte that is none and begins again behind it. A match may be up to 64 KiB long; longer ones
// may be found shortened. \A, \z and their like have no meaning in memory and are refused. Areas, order and errors are
// those of [Program.SearchMemory].
func (p *Program) SearchMemoryRegexp(ctx context.Context, re *regexp.Regexp, in SearchArea) iter.Seq2[RegexpMatch, error] {
	return p.searchRegexp(ctx, re, in, func(b []byte) [][]int { return textMatches(re, b) })
}

// textMatches finds all matches in the parts of b that are UTF-8.
func textMatches(re *regexp.Regexp, b []byte) [][]int {
	if utf8.Valid(b) {
		return re.FindAllIndex(b, -1)
	}
	if literal, _ := re.LiteralPrefix(); literal != "" && !bytes.Contains(b, []byte(literal)) {
		return nil
	}
	var all [][]int
	for start := 0; start < len(b); {
		end := start
		for end < len(b) {
			if b[end] < utf8.RuneSelf {
				end++
				continue
			}
			r, n := utf8.DecodeRune(b[end:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			end += n
		}
		if end > start {
			for _, m := range re.FindAllIndex(b[start:end], -1) {
				all = append(all, []int{start + m[0], start + m[1]})
			}
		}
		start = end + 1
	}
	return all
}

// SearchMemoryBytesRegexp is [Program.SearchMemoryRegexp] for bytes: the expression sees each byte as the character of the
// same number, so that "ÿ" and "[-ÿ]" are bytes. [Latin1] makes an expression of bytes.
func (p *Program) SearchMemoryBytesRegexp(ctx context.Context, re *regexp.Regexp, in SearchArea) iter.Seq2[RegexpMatch, error] {
	return p.searchRegexp(ctx, re, in, func(b []byte) [][]int {
		wide := Latin1(b)
		found := re.FindAllStringIndex(wide, -1)
		if len(wide) == len(b) {
			return found
		}
		at, n := 0, 0 // the n first characters are the first at bytes of wide; positions only grow
		for _, m := range found {
			for i := range m {
				for ; at < m[i]; n++ {
					at++
					if wide[at-1] >= utf8.RuneSelf {
						at++
					}
				}
				m[i] = n
			}
		}
		return found
	})
}

// Latin1 returns the characters whose numbers are those of the bytes.
func Latin1(b []byte) string {
	var s strings.Builder
	s.Grow(len(b))
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

func (p *Program) searchRegexp(ctx context.Context, re *regexp.Regexp, in SearchArea, all func([]byte) [][]int) iter.Seq2[RegexpMatch, error] {
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
			for _, m := range all(buf) {
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
