package search

import (
	"bytes"
	"math"
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// A set is a set of bytes.
type set = [256]bool

// An element is what a regular expression wants next: one byte of a set, or a gap of at most max bytes, all of a set.
type element struct {
	set *set
	gap bool
	max int
}

// unbounded is the length of what has no greatest length.
const unbounded = math.MaxInt32

const (
	maxSequences = 16 // of alternatives that are looked for one by one
	maxElements  = 64 // of a sequence that are looked at; the rest is a gap
	longest      = 32 // bytes of a needle
	fewestBits   = 8  // of information in a needle: one literal byte
	literalBits  = 24 // literal bytes are found faster than sets: three of them are enough
)

// A needle is a run of bytes that is easy to find. Each match of the regular expression that it was made from contains one
// of the expression's needles, before it at most before bytes, all in the set lead, and after it at most after bytes, all in
// the set trail.
type needle struct {
	literal       []byte     // the only bytes that match, or nil
	sets          []*set     // else of each byte
	shift         [256]uint8 // by the last byte: how far the next place is where it could be; skip is 0 if it is here
	skip          [256]uint8
	before, after int
	lead, trail   *set
}

// needles returns what each match contains one of; nil when there is nothing that is worth looking for. wide says that
// the expression sees bytes as the characters of the same numbers, not UTF-8.
func needles(re *syntax.Regexp, wide bool) []needle {
	m := maker{wide}
	var all []needle
	for _, s := range m.sequences(re) {
		n, ok := best(s)
		if !ok {
			return nil
		}
		all = append(all, n)
	}
	return all
}

// maker makes sequences of elements from regular expressions.
type maker struct{ wide bool }

// sequences returns the alternatives of an expression.
func (m maker) sequences(re *syntax.Regexp) [][]element {
	switch re.Op {
	case syntax.OpLiteral:
		var s []element
		for _, r := range re.Rune {
			s = append(s, m.literal(r, re.Flags&syntax.FoldCase != 0)...)
		}
		return [][]element{clipped(s)}
	case syntax.OpCharClass:
		return [][]element{{m.class(re.Rune)}}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return [][]element{{m.class([]rune{0, unicode.MaxRune})}}
	case syntax.OpCapture:
		return m.sequences(re.Sub[0])
	case syntax.OpConcat:
		all := [][]element{nil}
		for _, sub := range re.Sub {
			all = product(all, m.sequences(sub))
		}
		return all
	case syntax.OpAlternate:
		var all [][]element
		for _, sub := range re.Sub {
			all = append(all, m.sequences(sub)...)
		}
		if len(all) > maxSequences {
			return gap(all, 1)
		}
		return all
	case syntax.OpStar:
		return gap(m.sequences(re.Sub[0]), unbounded)
	case syntax.OpQuest:
		return gap(m.sequences(re.Sub[0]), 1)
	case syntax.OpPlus:
		sub := m.sequences(re.Sub[0])
		return product(sub, gap(sub, unbounded))
	case syntax.OpRepeat:
		sub := m.sequences(re.Sub[0])
		all, n := [][]element{nil}, 0
		for ; n < min(re.Min, maxElements); n++ {
			all = product(all, sub)
		}
		rest := unbounded
		if re.Max >= 0 {
			rest = re.Max - n
		}
		return product(all, gap(sub, rest))
	case syntax.OpNoMatch:
		return [][]element{{{set: new(set)}}}
	}
	return [][]element{nil} // empty, or a condition on what is around
}

// literal returns the elements of a character.
func (m maker) literal(r rune, fold bool) []element {
	runes := []rune{r, r}
	if fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			runes = append(runes, f, f)
		}
	}
	if m.wide || len(runes) > 2 || r < utf8.RuneSelf {
		return []element{m.class(runes)}
	}
	var s []element
	for _, b := range utf8.AppendRune(nil, r) {
		one := new(set)
		one[b] = true
		s = append(s, element{set: one})
	}
	return s
}

// class returns the element of a class of characters, given as pairs of the first and the last.
func (m maker) class(pairs []rune) element {
	one, most := new(set), rune(0)
	for i := 0; i < len(pairs); i += 2 {
		for r := pairs[i]; r <= min(pairs[i+1], 0xff); r++ {
			one[r] = true
		}
		most = max(most, pairs[i+1])
	}
	if m.wide || most < utf8.RuneSelf {
		return element{set: one}
	}
	for b := utf8.RuneSelf; b < len(one); b++ {
		one[b] = true
	}
	return element{set: one, gap: true, max: utf8.UTFMax}
}

// product returns each of a followed by each of b.
func product(a, b [][]element) [][]element {
	if len(a)*len(b) > maxSequences {
		if len(a) >= len(b) {
			a = gap(a, 1)
		}
		if len(a)*len(b) > maxSequences {
			b = gap(b, 1)
		}
	}
	var all [][]element
	for _, x := range a {
		for _, y := range b {
			s := make([]element, 0, len(x)+len(y))
			all = append(all, clipped(append(append(s, x...), y...)))
		}
	}
	return all
}

// clipped returns a sequence whose end is a gap if it has too many elements.
func clipped(s []element) []element {
	if len(s) <= maxElements {
		return s
	}
	rest := s[maxElements-1:]
	return append(s[:maxElements-1:maxElements-1], element{set: union(rest), gap: true, max: length(rest)})
}

// gap returns a gap that is as long as at most n of any of the alternatives.
func gap(all [][]element, n int) [][]element {
	most := 0
	for _, s := range all {
		most = max(most, length(s))
	}
	return [][]element{{{set: union(all...), gap: true, max: times(most, n)}}}
}

// union returns the bytes that sequences may have.
func union(all ...[]element) *set {
	u := new(set)
	for _, s := range all {
		for _, e := range s {
			for b, in := range e.set {
				u[b] = u[b] || in
			}
		}
	}
	return u
}

func times(a, n int) int {
	if a == 0 || n == 0 {
		return 0
	}
	if a >= unbounded || n >= unbounded || a > unbounded/n {
		return unbounded
	}
	return a * n
}

// length returns how many bytes match a sequence at most.
func length(s []element) int {
	n := 0
	for _, e := range s {
		if e.gap {
			n += e.max
		} else {
			n++
		}
		if n >= unbounded {
			return unbounded
		}
	}
	return n
}

// best returns the needle of a sequence that is found least often in memory of any kind.
func best(s []element) (needle, bool) {
	known := make([]float64, len(s))
	for i, e := range s {
		if !e.gap {
			known[i] = information(e.set)
		}
	}
	from, to, most := bestRun(s, known, 8)
	if most < literalBits {
		from, to, most = bestRun(s, known, 0)
	}
	if most < fewestBits {
		return needle{}, false
	}
	n := needle{
		before: min(length(s[:from]), MaxMatch), after: min(length(s[to:]), MaxMatch),
		lead: union(s[:from]), trail: union(s[to:]),
	}
	literal := true
	for _, e := range s[from:to] {
		n.sets = append(n.sets, e.set)
		last, count := 0, 0
		for b, in := range e.set {
			if in {
				last, count = b, count+1
			}
		}
		literal = literal && count == 1
		n.literal = append(n.literal, byte(last))
	}
	if !literal {
		n.literal = nil
	}
	k := len(n.sets)
	for b := range n.shift {
		n.shift[b] = uint8(k)
		for j := range k - 1 {
			if n.sets[j][b] {
				n.shift[b] = uint8(k - 1 - j)
			}
		}
		if !n.sets[k-1][b] {
			n.skip[b] = n.shift[b]
		}
	}
	return n, true
}

// bestRun returns the run of elements without a gap, each of which is known to at least so many bits, of which most is known.
func bestRun(s []element, known []float64, atLeast float64) (from, to int, most float64) {
	for i := range s {
		sum := 0.0
		for j := i; j < len(s) && !s[j].gap && known[j] >= atLeast && j-i < longest; j++ {
			if sum += known[j]; sum > most {
				from, to, most = i, j+1, sum
			}
		}
	}
	return from, to, most
}

// information returns how many bits are known of a byte of a set.
func information(s *set) float64 {
	n := 0
	for _, in := range s {
		if in {
			n++
		}
	}
	if n == 0 {
		return 64 // it matches nothing
	}
	return 8 - math.Log2(float64(n))
}

// index returns the index of the first occurrence of the needle in b, or -1. Of sets, it is Horspool's algorithm.
func (n *needle) index(b []byte) int {
	if n.literal != nil {
		return bytes.Index(b, n.literal)
	}
	k := len(n.sets)
next:
	for i := k - 1; i < len(b); {
		if skip := n.skip[b[i]]; skip != 0 {
			i += int(skip)
			continue
		}
		for j, s := range n.sets[:k-1] {
			if !s[b[i-k+1+j]] {
				i += int(n.shift[b[i]])
				continue next
			}
		}
		return i - k + 1
	}
	return -1
}
