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
	wide  bool // it sees bytes as the characters of the same numbers
	empty bool // it matches the empty text, too
	ends  bool // it asks for the beginning or end of the text
	// The expression where the memory that is looked at begins where the search does (1), or ends there (2), or both, or neither.
	by [4]compiled
}

// compiled is an expression of which parts that can't match are left out.
type compiled struct {
	re      *regexp.Regexp
	later   *regexp.Regexp // finds it, as a group, behind the first character of a text; nil if it is not empty
	needles []needle       // each match contains one of them; nil: not known
	never   bool           // it matches nothing
}

// NewRegexp returns what looks for re. wide says that it sees each byte as the character of the same number; else it
// sees the parts of memory that are UTF-8. The beginning and end of the text are those of what is searched. An expression
// that matches nothing where it could match something is an error.
func NewRegexp(re *regexp.Regexp, wide bool) (*Regexp, error) {
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("regular expression %s: %w", re, err)
	}
	r := &Regexp{wide: wide, empty: mayBeEmpty(parsed), ends: asksForEnds(parsed)}
	if r.empty && prefersEmpty(parsed) {
		return nil, fmt.Errorf("regular expression %s matches nothing where it could match something: what it prefers must have a byte", re)
	}
	for i := range r.by {
		switch {
		case i == 0 && !r.ends:
			r.by[i], err = compile(re, parsed, wide, r.empty)
		case !r.ends:
			r.by[i] = r.by[0]
		default:
			left := without(parsed, i&1 == 0, i&2 == 0)
			if re, err = regexp.Compile(left.String()); err == nil {
				r.by[i], err = compile(re, left, wide, r.empty)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("regular expression %s: %w", re, err)
		}
	}
	return r, nil
}

func compile(re *regexp.Regexp, parsed *syntax.Regexp, wide, empty bool) (compiled, error) {
	c := compiled{re: re, needles: needles(parsed, wide), never: never(parsed)}
	if !empty {
		return c, nil
	}
	var err error
	c.later, err = regexp.Compile(`\A(?s:.)(?s:.*?)(` + re.String() + `)`)
	return c, err
}

// without returns an expression in which the beginning of the text, or its end, matches nowhere.
func without(re *syntax.Regexp, begin, end bool) *syntax.Regexp {
	if begin && re.Op == syntax.OpBeginText || end && re.Op == syntax.OpEndText {
		return &syntax.Regexp{Op: syntax.OpNoMatch}
	}
	left := *re
	left.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		left.Sub[i] = without(sub, begin, end)
	}
	return &left
}

// never reports whether an expression is seen to match nowhere.
func never(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpNoMatch:
		return true
	case syntax.OpConcat:
		return slices.ContainsFunc(re.Sub, never)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !never(sub) })
	case syntax.OpCapture, syntax.OpPlus:
		return never(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min > 0 && never(re.Sub[0])
	}
	return false
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

// asksForEnds reports whether an expression has \A, \z or their like.
func asksForEnds(re *syntax.Regexp) bool {
	return re.Op == syntax.OpBeginText || re.Op == syntax.OpEndText || slices.ContainsFunc(re.Sub, asksForEnds)
}

// window is how much of memory is looked at at once, besides a match that begins at its end.
const window = 1 << 20

// Matches iterates over all matches that do not overlap in pieces of memory of some ranges, in order.
func (r *Regexp) Matches(pieces iter.Seq2[mem.Chunk, error], ranges []mem.Range) iter.Seq2[Match, error] {
	return func(yield func(Match, error) bool) {
		var buf []byte   // memory without a gap
		var start uint64 // where it lies
		var from int     // what is before is only there for what looks back
		begins := false  // the search begins where buf does
		flush := func(final bool) bool {
			if len(buf) == 0 {
				return true
			}
			safe := len(buf)
			if !final {
				safe -= MaxMatch
			}
			last := start + uint64(len(buf)-1)
			ends := final && slices.ContainsFunc(ranges, func(in mem.Range) bool { return in.Max == last })
			for m := range r.from(buf, from, begins, ends) {
				if m.from >= safe && !final {
					break // more of it may follow
				}
				if !yield(Match{start + uint64(m.from), bytes.Clone(buf[m.from:m.to])}, nil) {
					return false
				}
				from = m.to
				if m.from == m.to {
					from += r.character(buf[m.to:])
				}
			}
			begins = false
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
			if len(buf) == 0 {
				begins = slices.ContainsFunc(ranges, func(in mem.Range) bool { return in.Min == start })
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

// from iterates over the matches in b that begin at an offset or later, in order. begins and ends say that b begins and ends where
// the search does.
func (r *Regexp) from(b []byte, from int, begins, ends bool) iter.Seq[span] {
	return func(yield func(span) bool) {
		if r.empty {
			r.withEmpty(b, from, begins, ends, yield)
			return
		}
		for _, m := range r.find(b, begins, ends) {
			if m.from < from {
				continue
			}
			if !yield(m) {
				return
			}
			from = m.to
		}
	}
}

// at returns the expression for memory that begins and ends where the search does, or not.
func (r *Regexp) at(begins, ends bool) *compiled {
	i := 0
	if begins {
		i |= 1
	}
	if ends {
		i |= 2
	}
	return &r.by[i]
}

// character returns how many bytes an expression sees as the first character of b, at least 1.
func (r *Regexp) character(b []byte) int {
	if r.wide || len(b) == 0 {
		return 1
	}
	_, n := utf8.DecodeRune(b)
	return n
}

// withEmpty is from for expressions that match the empty text: as Perl does, it looks again where a match ended, and, if that was
// empty, behind the next character.
func (r *Regexp) withEmpty(b []byte, from int, begins, ends bool, yield func(span) bool) {
	if r.wide {
		text := Latin1(b)
		if from > len(b) {
			return
		}
		position := positions(text)
		r.at(begins, ends).each(text, len(text)-len(Latin1(b[from:])), func(m span) bool {
			return yield(span{position(m.from), position(m.to)})
		})
		return
	}
	for start := 0; start <= len(b); {
		end := start + validPrefix(b[start:])
		done := end < from || r.at(begins && start == 0, ends && end == len(b)).each(string(b[start:end]), max(0, from-start), func(m span) bool {
			return yield(span{m.from + start, m.to + start})
		})
		if !done {
			return
		}
		start = end + 1
	}
}

// each calls yield with the matches in text, from an offset on, until that returns false.
func (c *compiled) each(text string, from int, yield func(span) bool) bool {
	for !c.never && from <= len(text) {
		var m []int
		if from == 0 {
			m = c.re.FindStringIndex(text)
		} else {
			_, before := utf8.DecodeLastRuneInString(text[:from])
			if m = c.later.FindStringSubmatchIndex(text[from-before:]); m != nil {
				m = []int{m[2] + from - before, m[3] + from - before}
			}
		}
		if m == nil {
			return true
		}
		if !yield(span{m[0], m[1]}) {
			return false
		}
		if from = m[1]; m[0] == m[1] {
			_, n := utf8.DecodeRuneInString(text[from:])
			from += max(1, n)
		}
	}
	return true
}

// find returns all matches in b that are not empty, in order.
func (r *Regexp) find(b []byte, begins, ends bool) []span {
	c := r.at(begins, ends)
	switch {
	case c.never:
		return nil
	case c.needles == nil || r.ends && (begins || ends):
		return r.verify(b, begins, ends)
	}
	var all []span
	for _, near := range c.near(b) {
		// Conditions look at the characters around.
		lo := max(0, near.from-utf8.UTFMax)
		for !r.wide && lo < near.from && !utf8.RuneStart(b[lo]) {
			lo++
		}
		hi := min(len(b), near.to+utf8.UTFMax)
		for _, m := range r.verify(b[lo:hi], false, false) {
			m = span{m.from + lo, m.to + lo}
			// Else it is a match near another needle. One that begins before is longer than what is looked at.
			if m.to > near.from && m.from < near.to {
				all = append(all, m)
			}
		}
	}
	return all
}

// near returns the parts of b in which matches may lie, in order and apart from one another.
func (r *compiled) near(b []byte) []span {
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
func (r *Regexp) verify(b []byte, begins, ends bool) []span {
	if r.wide {
		return r.at(begins, ends).wideMatches(b)
	}
	if utf8.Valid(b) {
		return spans(r.at(begins, ends).re.FindAllIndex(b, -1), 0)
	}
	var all []span
	for start := 0; start < len(b); { // the parts that are UTF-8
		end := start + validPrefix(b[start:])
		if end > start {
			all = append(all, spans(r.at(begins && start == 0, ends && end == len(b)).re.FindAllIndex(b[start:end], -1), start)...)
		}
		start = end + 1
	}
	return all
}

// validPrefix returns how many bytes at the beginning of b are UTF-8.
func validPrefix(b []byte) int {
	end := 0
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
	return end
}

func spans(found [][]int, start int) []span {
	all := make([]span, len(found))
	for i, m := range found {
		all[i] = span{start + m[0], start + m[1]}
	}
	return all
}

// wideMatches finds all matches in the characters whose numbers are the bytes of b.
func (r *compiled) wideMatches(b []byte) []span {
	text := Latin1(b)
	found := spans(r.re.FindAllStringIndex(text, -1), 0)
	if len(text) == len(b) {
		return found
	}
	position := positions(text)
	for i, m := range found {
		found[i].from = position(m.from)
		found[i].to = position(m.to)
	}
	return found
}

// positions returns what says how many characters are before an offset in a text of one or two bytes each; it must be asked for
// offsets that grow.
func positions(text string) func(of int) int {
	at, n := 0, 0 // the n first characters are the first at bytes of text
	return func(of int) int {
		for ; at < of; n++ {
			if at++; text[at-1] >= utf8.RuneSelf {
				at++
			}
		}
		return n
	}
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
