package search

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/bits"

	"github.com/godrgn/drgn/mem"
)

// interval is a range of values: those that are not more than span above min when only the bits in mask count.
type interval struct{ min, span, mask uint64 }

// Words are aligned integers that are looked for.
type Words struct {
	size     int
	big      bool
	interval            // the first range
	others   []interval // the other ranges
	exact    []byte     // the only value as it lies in memory, when there is no other
}

// A ValueRange holds the values from Min to Max, both inclusive.
type ValueRange struct{ Min, Max uint64 }

// NewWords returns what looks for integers of size (2, 4 or 8) bytes that are in one of the ranges. A range of one value is
// found whatever the bits in ignore are; they count in other ranges. An error says what is wrong with an argument.
func NewWords(size int, big bool, values []ValueRange, ignore uint64) (*Words, error) {
	switch size {
	case 2, 4, 8:
	default:
		return nil, fmt.Errorf("cannot search for integers of %d bytes", size)
	}
	if len(values) == 0 {
		return nil, errors.New("no value to search for")
	}
	w := &Words{size: size, big: big}
	full := ^uint64(0) >> (64 - 8*size)
	for _, v := range values {
		if v.Max > full || v.Min > full {
			return nil, fmt.Errorf("%#x does not fit %d bytes", max(v.Min, v.Max), size)
		}
		if v.Min > v.Max {
			return nil, fmt.Errorf("range of values from %#x to %#x", v.Min, v.Max)
		}
		mask := full
		if v.Min == v.Max {
			mask &^= ignore
		}
		w.others = append(w.others, interval{v.Min & mask, v.Max - v.Min, mask})
	}
	w.interval, w.others = w.others[0], w.others[1:]
	if w.span == 0 && len(w.others) == 0 && w.mask == full {
		w.exact = make([]byte, size)
		w.put(w.exact, w.min)
	}
	return w, nil
}

// Find iterates over all such integers in pieces of memory.
func (w *Words) Find(pieces iter.Seq2[mem.Chunk, error]) iter.Seq2[Found, error] {
	return scan{length: w.size, next: w.next}.run(pieces)
}

func (w *Words) put(b []byte, v uint64) {
	for i := range b {
		if w.big {
			b[len(b)-1-i] = byte(v)
		} else {
			b[i] = byte(v)
		}
		v >>= 8
	}
}

// Value returns the integer in b, which was found.
func (w *Words) Value(b []byte) uint64 {
	var order binary.ByteOrder = binary.LittleEndian
	if w.big {
		order = binary.BigEndian
	}
	switch w.size {
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

func (w *Words) next(b []byte, at uint64) (int, bool) {
	i := int(-at & uint64(w.size-1)) // the first that is aligned
	if i > len(b) {
		return 0, false
	}
	var n int
	switch {
	case w.exact != nil && w.size < 8:
		n = w.find(b[i:])
	case w.size == 2:
		n = w.scan16(b[i:])
	case w.size == 4:
		n = w.scan32(b[i:])
	default:
		n = w.scan64(b[i:])
	}
	return i + n, n >= 0
}

// find looks for the only value there is; it returns -1 if there is none, as the others do.
func (w *Words) find(b []byte) int {
	for i := 0; i < len(b); {
		n := bytes.Index(b[i:], w.exact)
		if n < 0 {
			return -1
		}
		i += n
		if i&(w.size-1) == 0 {
			return i
		}
		i = (i + w.size) &^ (w.size - 1)
	}
	return -1
}

// fast returns the only range of values as words look that are read in little-endian order: the scans then pass over
// several of them at once, as long as none matches.
func (w *Words) fast() (low, mask uint64, ok bool) {
	switch {
	case len(w.others) > 0:
		return 0, 0, false
	case !w.big:
		return w.min, w.mask, true
	}
	// What is equal is equal in either order; what is less is not.
	shift := 64 - 8*w.size
	return bits.ReverseBytes64(w.min) >> shift, bits.ReverseBytes64(w.mask) >> shift, w.span == 0
}

func (w *Words) scan64(b []byte) int {
	i := 0
	if low, mask, ok := w.fast(); ok {
		for span := w.span; i+32 <= len(b); i += 32 {
			p := b[i : i+32 : i+32]
			if binary.LittleEndian.Uint64(p)&mask-low <= span || binary.LittleEndian.Uint64(p[8:])&mask-low <= span ||
				binary.LittleEndian.Uint64(p[16:])&mask-low <= span || binary.LittleEndian.Uint64(p[24:])&mask-low <= span {
				break
			}
		}
	}
	for ; i+8 <= len(b); i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		if w.big {
			v = bits.ReverseBytes64(v)
		}
		if v&w.mask-w.min <= w.span || w.other(v) {
			return i
		}
	}
	return -1
}

func (w *Words) scan32(b []byte) int {
	i := 0
	if low, mask, ok := w.fast(); ok {
		low, mask, span := uint32(low), uint32(mask), uint32(w.span)
		for ; i+16 <= len(b); i += 16 {
			p := b[i : i+16 : i+16]
			if binary.LittleEndian.Uint32(p)&mask-low <= span || binary.LittleEndian.Uint32(p[4:])&mask-low <= span ||
				binary.LittleEndian.Uint32(p[8:])&mask-low <= span || binary.LittleEndian.Uint32(p[12:])&mask-low <= span {
				break
			}
		}
	}
	for ; i+4 <= len(b); i += 4 {
		v := binary.LittleEndian.Uint32(b[i:])
		if w.big {
			v = bits.ReverseBytes32(v)
		}
		if v := uint64(v); v&w.mask-w.min <= w.span || w.other(v) {
			return i
		}
	}
	return -1
}

func (w *Words) scan16(b []byte) int {
	for i := 0; i+2 <= len(b); i += 2 {
		v := binary.LittleEndian.Uint16(b[i:])
		if w.big {
			v = bits.ReverseBytes16(v)
		}
		if v := uint64(v); v&w.mask-w.min <= w.span || w.other(v) {
			return i
		}
	}
	return -1
}

// other reports whether a value is in one of the ranges but the first.
func (w *Words) other(v uint64) bool {
	for i := range w.others {
		if o := &w.others[i]; v&o.mask-o.min <= o.span {
			return true
		}
	}
	return false
}
