package drgn

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"

	"github.com/godrgn/drgn/mem"
)

// A SearchArea is the memory that is searched. The zero SearchArea is all virtual memory.
type SearchArea struct {
	Ranges   []mem.Range // searched in this order; nil: all there is
	Physical bool        // Ranges and the addresses of matches are physical ones
}

// SearchMemory finds all occurrences of pattern that begin at a multiple of alignment (0 is 1) and do not overlap, in the
// order of their addresses. What can't be read, such as pages that a dump left out, is passed over; so is what lies
// partly there. An error is the last pair: that of ctx, or of a target that fails.
func (p *Program) SearchMemory(ctx context.Context, pattern []byte, alignment uint64, in SearchArea) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		alignment = max(alignment, 1)
		if alignment&(alignment-1) != 0 {
			yield(0, &ValueError{fmt.Sprintf("alignment %d is not a power of two", alignment)})
			return
		}
		if len(pattern) == 0 {
			yield(0, &ValueError{"cannot search for an empty pattern"})
			return
		}
		s := scan{length: len(pattern)}
		s.next = func(b []byte, at uint64) (int, bool) {
			for i := 0; ; {
				n := bytes.Index(b[i:], pattern)
				if n < 0 {
					return 0, false
				}
				i += n
				skip := -(at + uint64(i)) & (alignment - 1)
				if skip == 0 {
					return i, true
				}
				if skip > uint64(len(b)-i) {
					return 0, false
				}
				i += int(skip)
			}
		}
		s.run(ctx, p, in, func(at uint64, _ []byte) bool { return yield(at, nil) }, func(err error) { yield(0, err) })
	}
}

// A ValueRange holds the values from Min to Max, both inclusive.
type ValueRange struct{ Min, Max uint64 }

// A UintMatch is an integer that was found.
type UintMatch struct{ Address, Value uint64 }

// SearchMemoryUint finds all aligned unsigned integers of size (2, 4 or 8) bytes, in the program's byte order, that are in
// one of the ranges. A range of one value is found whatever the bits in ignore are; they count in other ranges. Areas, order
// and errors are those of [Program.SearchMemory].
func (p *Program) SearchMemoryUint(ctx context.Context, size int, values []ValueRange, ignore uint64, in SearchArea) iter.Seq2[UintMatch, error] {
	return func(yield func(UintMatch, error) bool) {
		w := words{size: size, big: p.bigEndian()}
		if err := w.init(values, ignore); err != nil {
			yield(UintMatch{}, err)
			return
		}
		s := scan{length: size, next: w.next}
		s.run(ctx, p, in, func(at uint64, b []byte) bool { return yield(UintMatch{at, w.value(b)}, nil) }, func(err error) { yield(UintMatch{}, err) })
	}
}

// SearchMemoryUint16 is [Program.SearchMemoryUint] for 2 bytes.
func (p *Program) SearchMemoryUint16(ctx context.Context, values []ValueRange, ignore uint64, in SearchArea) iter.Seq2[UintMatch, error] {
	return p.SearchMemoryUint(ctx, 2, values, ignore, in)
}

// SearchMemoryUint32 is [Program.SearchMemoryUint] for 4 bytes.
func (p *Program) SearchMemoryUint32(ctx context.Context, values []ValueRange, ignore uint64, in SearchArea) iter.Seq2[UintMatch, error] {
	return p.SearchMemoryUint(ctx, 4, values, ignore, in)
}

// SearchMemoryUint64 is [Program.SearchMemoryUint] for 8 bytes.
func (p *Program) SearchMemoryUint64(ctx context.Context, values []ValueRange, ignore uint64, in SearchArea) iter.Seq2[UintMatch, error] {
	return p.SearchMemoryUint(ctx, 8, values, ignore, in)
}

// SearchMemoryWord is [Program.SearchMemoryUint] for as many bytes as an address has.
func (p *Program) SearchMemoryWord(ctx context.Context, values []ValueRange, ignore uint64, in SearchArea) iter.Seq2[UintMatch, error] {
	size, err := p.AddressSize()
	if err != nil {
		return func(yield func(UintMatch, error) bool) { yield(UintMatch{}, err) }
	}
	return p.SearchMemoryUint(ctx, int(size), values, ignore, in)
}

// pieces iterates over the readable memory of an area in pieces of at most maxPiece bytes, and stops when ctx is done.
func (p *Program) pieces(ctx context.Context, in SearchArea) iter.Seq2[mem.Chunk, error] {
	const maxPiece = 4 << 20
	ranges := in.Ranges
	if ranges == nil {
		ranges = []mem.Range{{Min: 0, Max: ^uint64(0)}}
	}
	return func(yield func(mem.Chunk, error) bool) {
		for _, r := range ranges {
			if r.Min > r.Max {
				continue
			}
			for c, err := range p.mem.Chunks(in.Physical, r.Min, r.Max) {
				if err != nil {
					yield(mem.Chunk{}, err)
					return
				}
				for len(c.Data) > 0 {
					if err := ctx.Err(); err != nil {
						yield(mem.Chunk{}, err)
						return
					}
					n := min(len(c.Data), maxPiece)
					if !yield(mem.Chunk{Address: c.Address, Data: c.Data[:n]}, nil) {
						return
					}
					c.Address, c.Data = c.Address+uint64(n), c.Data[n:]
				}
			}
		}
	}
}

// scan looks for something of one length in pieces of memory, also where one piece follows the other.
type scan struct {
	length int
	// next returns where the next match in b begins, which lies at an address.
	next func(b []byte, at uint64) (int, bool)

	from uint64 // where the last match ended
	any  bool   // there was one
	tail []byte // the last bytes before the piece, fewer than length
	end  uint64 // where they end
}

func (s *scan) run(ctx context.Context, p *Program, in SearchArea, found func(at uint64, b []byte) bool, failed func(error)) {
	for c, err := range p.pieces(ctx, in) {
		if err != nil {
			failed(err)
			return
		}
		if s.end != c.Address {
			s.tail, s.any = s.tail[:0], false
		}
		// What begins in the tail and ends in the piece comes first.
		if len(s.tail) > 0 {
			start := c.Address - uint64(len(s.tail))
			seam := append(bytes.Clone(s.tail), c.Data[:min(len(c.Data), s.length-1)]...)
			if !s.matches(seam, start, found) {
				return
			}
		}
		if !s.matches(c.Data, c.Address, found) {
			return
		}
		keep := s.length - 1
		if len(c.Data) < keep {
			s.tail = append(s.tail, c.Data...)
			s.tail = s.tail[max(0, len(s.tail)-keep):]
		} else {
			s.tail = append(s.tail[:0], c.Data[len(c.Data)-keep:]...)
		}
		s.end = c.Address + uint64(len(c.Data))
	}
}

// matches reports all matches in b; it returns false when no more are wanted.
func (s *scan) matches(b []byte, at uint64, found func(at uint64, b []byte) bool) bool {
	i := 0
	if s.any && s.from > at {
		if s.from-at >= uint64(len(b)) {
			return true
		}
		i = int(s.from - at)
	}
	for len(b)-i >= s.length {
		n, ok := s.next(b[i:], at+uint64(i))
		if !ok {
			return true
		}
		i += n
		if !found(at+uint64(i), b[i:i+s.length]) {
			return false
		}
		i += s.length
		s.from, s.any = at+uint64(i), true
	}
	return true
}

// interval is a range of values: those that are not more than span above min when only the bits in mask count.
type interval struct{ min, span, mask uint64 }

// words finds aligned integers.
type words struct {
	size     int
	big      bool
	interval            // the first range
	others   []interval // the other ranges
	exact    []byte     // the only value as it lies in memory, when there is no other
}

func (w *words) init(values []ValueRange, ignore uint64) error {
	switch w.size {
	case 2, 4, 8:
	default:
		return &ValueError{fmt.Sprintf("cannot search for integers of %d bytes", w.size)}
	}
	if len(values) == 0 {
		return &ValueError{"no value to search for"}
	}
	full := ^uint64(0) >> (64 - 8*w.size)
	for _, v := range values {
		if v.Max > full || v.Min > full {
			return &ValueError{fmt.Sprintf("%#x does not fit %d bytes", max(v.Min, v.Max), w.size)}
		}
		if v.Min > v.Max {
			return &ValueError{fmt.Sprintf("range of values from %#x to %#x", v.Min, v.Max)}
		}
		mask := full
		if v.Min == v.Max {
			mask &^= ignore
		}
		w.others = append(w.others, interval{v.Min & mask, v.Max - v.Min, mask})
	}
	w.interval, w.others = w.others[0], w.others[1:]
	if w.span == 0 && len(w.others) == 0 && w.mask == full {
		w.exact = make([]byte, w.size)
		w.put(w.exact, w.min)
	}
	return nil
}

func (w *words) put(b []byte, v uint64) {
	for i := range b {
		if w.big {
			b[len(b)-1-i] = byte(v)
		} else {
			b[i] = byte(v)
		}
		v >>= 8
	}
}

func (w *words) value(b []byte) uint64 {
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

func (w *words) next(b []byte, at uint64) (int, bool) {
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
func (w *words) find(b []byte) int {
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
func (w *words) fast() (low, mask uint64, ok bool) {
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

func (w *words) scan64(b []byte) int {
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

func (w *words) scan32(b []byte) int {
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

func (w *words) scan16(b []byte) int {
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
func (w *words) other(v uint64) bool {
	for i := range w.others {
		if o := &w.others[i]; v&o.mask-o.min <= o.span {
			return true
		}
	}
	return false
}
