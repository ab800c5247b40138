package c

import (
	"errors"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

const (
	// maxSlices is how many slices within each other are followed: they may be circles.
	maxSlices = 2
	// maxElements is how many elements of a slice are printed.
	maxElements = 100
)

// structure prints a structure and, after one of Rust, Go or C++ that refers to text or elements, these, as pointers of C are followed by the
// text that they point to. Nothing more is printed where that can't be read.
func (f *formatter) structure(p part, u *types.Type, indent int, oneLine bool) bool {
	if f.mem == nil || f.Flags&String == 0 {
		return f.aggregate(p, u, indent, oneLine)
	}
	s, ok, err := u.Slice()
	if err != nil || !ok {
		return f.aggregate(p, u, indent, oneLine)
	}
	around := f.slices
	if s.Text {
		f.slices = maxSlices // a vector of the same bytes is in a String
	}
	ok = f.aggregate(p, u, indent, oneLine)
	f.slices = around
	return ok && f.slice(p, &s, indent, oneLine)
}

// slice prints what a slice refers to.
func (f *formatter) slice(p part, s *types.Slice, indent int, oneLine bool) bool {
	if f.err != nil || !s.Text && f.slices >= maxSlices {
		return true
	}
	address, length, err := s.Elements(func(off uint64) (uint64, error) { return f.word(p, off, s) })
	var senseless *failure.ValueError
	if errors.As(err, &senseless) {
		f.write(" = <" + senseless.Problem + ">")
		return !oneLine || f.fits(0)
	}
	if err != nil {
		return true
	}
	if s.Text {
		shown := min(length, maxText)
		text := make([]byte, shown)
		if shown > 0 && !f.readable(text, address) {
			return true
		}
		f.write(" = ")
		f.text(text)
		if shown < length {
			f.write("...")
		}
		return !oneLine || f.fits(0)
	}
	if f.Flags&Dereference == 0 {
		return true
	}
	size, known := f.size(s.Elem)
	if _, chars := wide(s.Elem); !known || chars > 0 || printable(s.Elem) != nil {
		return true // after the address of characters their text is printed
	}
	shown := min(length, maxElements)
	if shown > 0 && size > 0 {
		if b := make([]byte, 1); !f.readable(b, address) || !f.readable(b, address+shown*size-1) {
			return true
		}
	}
	l := list{f: f, of: part{src: &source{mem: f.mem, base: address, size: ^address}}, named: f.Flags&ElementTypeNames != 0,
		labels: f.Flags&ElementIndices != 0, elem: s.Elem, size: size, n: shown}
	f.write(" = ")
	f.depth++
	f.slices++
	ok := f.list(&l, f.Flags&ElementsSameLine != 0, indent, oneLine)
	f.depth--
	f.slices--
	if shown < length {
		f.write("...")
	}
	return ok && (!oneLine || f.fits(0))
}

// word reads a number of a structure.
func (f *formatter) word(p part, off uint64, s *types.Slice) (uint64, error) {
	at := p.off + off
	b, err := p.src.bytes(at/8, (at%8+s.Bits+7)/8)
	if err != nil {
		return 0, err
	}
	v, ok := bits.Extract(b, at%8, s.Bits, s.Big)
	if !ok {
		return 0, ErrPastEnd
	}
	return v, nil
}
