package orc

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn/internal/bin"
)

// Recognize finds out the layout of entries. A header that is known tells; else exactly one layout must fit what all
// entries look like, or it fails with a [*bin.DecodeError]. To read entries by a wrong layout gives stacks that look right
// and aren't.
func Recognize(header, entries []byte) (*Layout, error) {
	if f, ok := headers[string(header)]; ok {
		return &layouts[f], nil
	}
	c := take(entries)
	var fitting []*Layout
	for i := range layouts {
		if l := &layouts[i]; l.fits(c) && (len(fitting) == 0 || !l.same(fitting[0], c)) {
			fitting = append(fitting, l)
		}
	}
	if len(fitting) == 1 {
		return fitting[0], nil
	}
	var problem strings.Builder
	problem.WriteString("the layout of the kernel's unwind tables is not known: ")
	if len(header) > 0 {
		fmt.Fprintf(&problem, ".orc_header %x is that of no kernel known, and ", header[:min(len(header), headerSize)])
	} else {
		problem.WriteString("there is no .orc_header, and ")
	}
	if len(fitting) == 0 {
		problem.WriteString("the entries fit no known layout")
	} else {
		problem.WriteString("the entries fit more than one known layout")
	}
	return nil, &bin.DecodeError{Section: ".orc_unwind", Problem: problem.String()}
}

// look is what is counted in a census: all of an entry but its offsets.
type look [2]byte

// seen is what entries of one look have in common.
type seen struct {
	entries  int
	offsets  bool // some have offsets that aren't zero
	crooked  bool // some have offsets that aren't multiples of a word
	negative bool // some have a negative offset of the stack pointer
}

// A census is how entries of a table look. A kernel has some 400,000 entries of 20 looks.
type census map[look]*seen

func take(entries []byte) census {
	c := census{}
	var last look
	var s *seen
	for ; len(entries) >= entrySize; entries = entries[entrySize:] {
		b := entries[:entrySize]
		if k := look(b[4:]); s == nil || k != last {
			last = k
			if s = c[k]; s == nil {
				s = &seen{}
				c[k] = s
			}
		}
		s.entries++
		s.offsets = s.offsets || b[0]|b[1]|b[2]|b[3] != 0
		s.crooked = s.crooked || (b[0]|b[2])&7 != 0
		s.negative = s.negative || b[1]&0x80 != 0
	}
	return c
}

// meaning returns what entries of a look say, without their offsets.
func (l *Layout) meaning(k look) entry { return l.decode([entrySize]byte{4: k[0], 5: k[1]}) }

// same reports whether two layouts give the entries the same meaning.
func (l *Layout) same(other *Layout, c census) bool {
	for k := range c {
		if l.meaning(k) != other.meaning(k) {
			return false
		}
	}
	return true
}

// fits reports whether all entries make sense when read by a layout, and are as objtool makes them: nearly all code is
// reached by calls and finds its caller's stack pointer by its own or by the frame pointer.
func (l *Layout) fits(c census) bool {
	var calls, registers, usual, unusual int
	for k, s := range c {
		e := l.meaning(k)
		if !l.plausible(k, e, s) {
			return false
		}
		switch e.kind {
		case kindCall:
			calls += s.entries
		case kindRegs, kindRegsPartial:
			registers += s.entries
		default:
			continue
		}
		switch e.sp {
		case baseSP:
			usual += s.entries
		case baseBP:
		default:
			unusual += s.entries
		}
	}
	return calls >= registers && usual >= unusual
}

// plausible reports whether objtool makes entries of a look.
func (l *Layout) plausible(k look, e entry, s *seen) bool {
	switch e.kind {
	case kindUndefined:
		return k == look{} && !s.offsets
	case kindEndOfStack:
		return k == look{1: l.endOfStack()} && !s.offsets
	case kindUnknown:
		return false
	}
	if k[1]&l.reserved() != 0 || s.crooked {
		return false
	}
	switch e.sp {
	case baseUnknown, baseUndefined, basePrevSP:
		return false
	case baseSP:
		if e.kind == kindCall && s.negative {
			return false
		}
	}
	switch e.bp {
	case baseUndefined:
		return true
	case basePrevSP:
		return e.kind == kindCall
	case baseBP: // where the stack was realigned
		return e.kind == kindCall && e.sp != baseSP && e.sp != baseBP && e.sp != baseSPIndirect
	}
	return false
}
