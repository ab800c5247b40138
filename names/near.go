package names

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
)

// A candidate is a name that may have been meant.
type candidate struct {
	keyword, name string
	distance      int
}

// A nearest gathers the candidates for a name.
type nearest struct {
	name    []byte // in lower case
	typed   string
	keyword string // that was typed: names with this one come first
	letters uint64
	limit   int // distances above it are not near
	found   map[candidate]bool
	row     [3][maxLength + 1]int
}

// maxLength bounds the names for which others are looked for; maxFound how many are kept.
const (
	maxLength = 128
	maxFound  = 1 << 10
	maxTried  = 32
)

func newNearest(name string) *nearest {
	n := &nearest{name: bytes.ToLower([]byte(name)), typed: name, found: map[candidate]bool{}}
	n.letters = lettersOf(n.name)
	n.limit = min(1+len(name)/6, 3)
	return n
}

// lettersOf returns the set of the bytes of a name, 64 of them apart.
func lettersOf(name []byte) (set uint64) {
	for _, c := range name {
		set |= 1 << (lower(c) & 63)
	}
	return set
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// add takes a name if it is near.
func (n *nearest) add(keyword string, name []byte) {
	if d := len(name) - len(n.name); d > n.limit || -d > n.limit || len(name) > maxLength || len(n.name) > maxLength {
		return
	}
	letters := lettersOf(name)
	if bits.OnesCount64(letters&^n.letters) > n.limit || bits.OnesCount64(n.letters&^letters) > n.limit {
		return
	}
	d := n.distance(name)
	if d > n.limit || len(n.name) <= 2 && d > 0 || string(name) == n.typed && keyword == n.keyword || len(n.found) >= maxFound {
		return
	}
	n.found[candidate{keyword, string(name), d}] = true
}

// distance returns how many letters were left out, added, mistaken or swapped with the next one ("optimal string alignment").
func (n *nearest) distance(name []byte) int {
	before, last, now := &n.row[0], &n.row[1], &n.row[2]
	for j := range len(name) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(n.name); i++ {
		now[0] = i
		least := i
		for j := 1; j <= len(name); j++ {
			a, b := n.name[i-1], lower(name[j-1])
			d := last[j-1]
			if a != b {
				d++
			}
			d = min(d, last[j]+1, now[j-1]+1)
			if i > 1 && j > 1 && a == lower(name[j-2]) && n.name[i-2] == b {
				d = min(d, before[j-2]+1)
			}
			now[j] = d
			least = min(least, d)
		}
		if least > n.limit {
			return least
		}
		before, last, now = last, now, before
	}
	return last[len(name)]
}

// best returns the nearest names that are right, three at most.
func (n *nearest) best(right func(candidate) bool) (names []string) {
	all := make([]candidate, 0, len(n.found))
	for c := range n.found {
		all = append(all, c)
	}
	rank := func(c candidate) int {
		r := 4 * c.distance
		if c.keyword != n.keyword {
			r++
		}
		if c.name == "" || len(n.typed) == 0 || c.name[0] != n.typed[0] {
			r++
		}
		if len(c.name) < len(n.typed) { // letters are left out more often than added
			r++
		}
		return r
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.name, b.name), cmp.Compare(a.keyword, b.keyword))
	})
	for i, c := range all {
		if i >= maxTried || len(names) == maxNear || len(names) > 0 && c.distance > all[0].distance {
			break
		}
		if right(c) && !slices.Contains(names, c.keyword+c.name) {
			names = append(names, c.keyword+c.name)
		}
	}
	return names
}
