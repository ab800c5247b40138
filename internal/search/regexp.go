package search

import (
	"bytes"
	"fmt"
	"iter"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/godrgn/drgn/mem"
)

// MaxMatch is how long a match of a regular expression may be to be found wherever pieces of memory meet, in bytes.
const MaxMatch = 64 << 10

// A Match is what a regular expression matched.
type Match struct {
	Address uint64
	Data    []byte // a copy
}

// A Regexp is a regular expression that is looked for in memory.
type Regexp struct {
	re      *regexp.Regexp
	wide    bool     // it sees bytes as the characters of the same numbers
	needles []needle // each match contains one of them; nil: not known
}

// NewRegexp returns what looks for re. wide says that it sees each byte as the character of the same number; else it
// sees the parts of memory that are UTF-8. An expression that asks for the beginning or end of the text is an error, and so is
// one that may match nothing where it could match something: matches that are empty are left out.
func NewRegexp(re *regexp.Regexp, wide bool) (*Regexp, error) {
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("regular expression %s: %w", re, err)
	}
	if asksForEnds(parsed) {
		return nil, fmt.Errorf("regular expression %s asks for the beginning or end of the text, which memory has not; for lines use (?m)", re)
	}
	if mayBeEmpty(parsed) && (onlyEmpty(parsed) || prefersEmpty(parsed)) {
		return nil, fmt.Errorf("regular expression %s matches nothing where it could match something; only what has a byte can be found", re)
	}
	return &Regexp{re, wide, needles(parsed, wide)}, nil
}

// takesBytes reports whether an expression by itself, without those in it, matches no empty text.
func takesBytes(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune) > 0
	case syntax.OpNoMatch, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	}
	return false
}

// mayBeEmpty reports whether an expression matches the empty text.
func mayBeEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpConcat:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !mayBeEmpty(sub) })
	case syntax.OpAlternate:
		return slices.ContainsFunc(re.Sub, mayBeEmpty)
	case syntax.OpCapture, syntax.OpPlus:
		return mayBeEmpty(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || mayBeEmpty(re.Sub[0])
	}
	return !takesBytes(re) // else stars, question marks, and what looks around
}

// onlyEmpty reports whether an expression matches no other text than the empty one.
func onlyEmpty(re *syntax.Regexp) bool {
	return !takesBytes(re) && !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !onlyEmpty(sub) })
}

// prefersEmpty reports whether an expression that may be empty tries that before something else: a repetition that is
// not greedy, or an alternative that may be empty before another.
func prefersEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpStar, syntax.OpQuest, syntax.OpRepeat:
		if re.Flags&syntax.NonGreedy != 0 {
			return true
		}
	case syntax.OpAlternate:
		if slices.ContainsFunc(re.Sub[:len(re.Sub)-1], mayBeEmpty) {
			return true
		}
	}
	return slices.ContainsFunc(re.Sub, prefersEmpty)
}

// asksForEnds reports whether an expression has \A, \z or their like, which have no meaning in memory.
func asksForEnds(re *syntax.Regexp) bool {
	return re.Op == syntax.OpBeginText || re.Op == syntax.OpEndText || slices.ContainsFunc(re.Sub, asksForEnds)
}

// window is how much of memory is looked at at once, besides a match that begins at its end.
const window = 1 << 20

// Matches iterates over all matches that are not empty and do not overlap in pieces of memory, in order.
func (r *Regexp) Matches(pieces iter.Seq2[mem.Chunk, error]) iter.Seq2[Match, error] {
	return func(yield func(Match, error) bool) {
		var buf []byte   // memory without a gap
		var start uint64 // where it lies
		var from int     // what is before is only there for what looks back
		flush := func(final bool) bool {
			safe := len(buf)
			if !final {
				safe -= MaxMatch
			}
			for _, m := range r.find(buf) {
				if m.from < from || m.from == m.to {
					continue
				}
				if m.from >= safe {
					break // more of it may follow
				}
				if !yield(Match{start + uint64(m.from), bytes.Clone(buf[m.from:m.to])}, nil) {
					return false
				}
				from = m.to
			}
			cut := max(from, safe)
			drop := max(0, cut-utf8.UTFMax) // conditions look back one character
			buf = append(buf[:0], buf[drop:]...)
			start, from = start+uint64(drop), cut-drop
			return true
		}
		for c, err := range pieces {
			if err != nil {
				yield(Match{}, err)
				return
			}
			if c.Address != start+uint64(len(buf)) {
				if !flush(true) {
					return
				}
				buf, start, from = buf[:0], c.Address, 0
			}
			for data := c.Data; len(data) > 0; {
				n := min(len(data), window+MaxMatch-len(buf))
				buf, data = append(buf, data[:n]...), data[n:]
				if len(buf) == window+MaxMatch && !flush(false) {
					return
				}
			}
		}
		flush(true)
	}
}

// A span is a part of the memory that is looked at.
type span struct{ from, to int }

// find returns all matches in b, in order.
func (r *Regexp) find(b []byte) []span {
	if r.needles == nil {
		return r.verify(b)
	}
	var all []span
	for _, near := range r.near(b) {
		// Conditions look at the characters around.
		lo := max(0, near.from-utf8.UTFMax)
		for !r.wide && lo < near.from && !utf8.RuneStart(b[lo]) {
			lo++
		}
		hi := min(len(b), near.to+utf8.UTFMax)
		for _, m := range r.verify(b[lo:hi]) {
			m = span{m.from + lo, m.to + lo}
			if m.from >= near.from && m.from < near.to { // else it is a match near another needle
				all = append(all, m)
			}
		}
	}
	return all
}

// near returns the parts of b in which matches may lie, in order and apart from one another.
func (r *Regexp) near(b []byte) []span {
	var all []span
	for i := range r.needles {
		all = append(all, r.needles[i].near(b)...)
	}
	if len(r.needles) > 1 {
		slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	}
	merged, sum := all[:0], 0
	for _, s := range all {
		if last := len(merged) - 1; last >= 0 && s.from <= merged[last].to {
			merged[last].to = max(merged[last].to, s.to)
		} else {
			merged = append(merged, s)
		}
	}
	for _, s := range merged {
		sum += s.to - s.from + 2*utf8.UTFMax
	}
	if sum > len(b)/2 {
		return []span{{0, len(b)}}
	}
	return merged
}

// near returns the parts of b in which matches with this needle may lie, in order and apart from one another.
func (n *needle) near(b []byte) []span {
	var all []span
	free := 0 // where the last part ends
	for at := 0; ; at++ {
		k := n.index(b[at:])
		if k < 0 {
			return all
		}
		at += k
		from := at
		for least := max(free, at-n.before); from > least && n.lead[b[from-1]]; from-- {
		}
		end := at + len(n.sets)
		most := min(len(b), end+n.after)
		to := max(end, min(free, most)) // what is before free was seen to be in the set
		for to < most && n.trail[b[to]] {
			to++
		}
		if len(all) > 0 && from <= free {
			free = max(free, to)
			all[len(all)-1].to = free
		} else {
			free = to
			all = append(all, span{from, to})
		}
	}
}

// verify asks the regular expression for all matches in b.
func (r *Regexp) verify(b []byte) []span {
	if r.wide {
		return r.wideMatches(b)
	}
	return r.textMatches(b)
}

// textMatches finds all matches in the parts of b that are UTF-8.
func (r *Regexp) textMatches(b []byte) []span {
	if utf8.Valid(b) {
		return spans(r.re.FindAllIndex(b, -1), 0)
	}
	var all []span
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
			all = append(all, spans(r.re.FindAllIndex(b[start:end], -1), start)...)
		}
		start = end + 1
	}
	return all
}

func spans(found [][]int, start int) []span {
	all := make([]span, len(found))
	for i, m := range found {
		all[i] = span{start + m[0], start + m[1]}
	}
	return all
}

// wideMatches finds all matches in the characters whose numbers are the bytes of b.
func (r *Regexp) wideMatches(b []byte) []span {
	text := Latin1(b)
	found := spans(r.re.FindAllStringIndex(text, -1), 0)
	if len(text) == len(b) {
		return found
	}
	at, n := 0, 0 // the n first characters are the first at bytes of text; positions only grow
	position := func(of int) int {
		for ; at < of; n++ {
			if at++; text[at-1] >= utf8.RuneSelf {
				at++
			}
		}
		return n
	}
	for i, m := range found {
		found[i].from = position(m.from)
		found[i].to = position(m.to)
	}
	return found
}

// Latin1 returns the characters whose numbers are those of the bytes.
func Latin1(b []byte) string {
	var s strings.Builder
	s.Grow(len(b) + len(b)/2)
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}
