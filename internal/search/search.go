// Package search looks for bytes, integers and regular expressions in memory.
package search

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/godrgn/drgn/mem"
)

// Pieces iterates over the readable memory of ranges (nil: of all), in their order, in pieces of at most 4 MiB. An error is the
// last pair: that of ctx, or of a target that fails.
func Pieces(ctx context.Context, space *mem.Space, ranges []mem.Range, physical bool) iter.Seq2[mem.Chunk, error] {
	const maxPiece = 4 << 20
	if ranges == nil {
		ranges = []mem.Range{{Min: 0, Max: ^uint64(0)}}
	}
	return func(yield func(mem.Chunk, error) bool) {
		for _, r := range ranges {
			if r.Min > r.Max {
				continue
			}
			for c, err := range space.Chunks(physical, r.Min, r.Max) {
				if err == nil {
					err = ctx.Err() // also while nothing is found
				}
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
					if good, err := mem.Touch(c.Data[:n]); err != nil {
						fault := &mem.FaultError{Message: err.Error(), Address: c.Address + uint64(good)}
						errors.As(err, &fault.File)
						yield(mem.Chunk{}, fault)
						return
					}
					if !yield(mem.Chunk{Address: c.Address, Data: c.Data[:n]}, nil) {
						return
					}
					c.Address, c.Data = c.Address+uint64(n), c.Data[n:]
				}
			}
		}
	}
}

// Guarded iterates over what a search finds; an error is the last pair, and so is the [*mem.FileError] of memory that is a
// mapped file which can't be read any more.
func Guarded[T any](found iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		yielding := false
		err := mem.Guard(func() error {
			for v, err := range found {
				yielding = true
				more := yield(v, err)
				yielding = false
				if !more {
					break
				}
			}
			return nil
		})
		if err != nil && yielding { // the caller reads files, too
			panic(err)
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// A Found is something that was found. Data is valid until the next.
type Found struct {
	Address uint64
	Data    []byte
}

// Bytes iterates over all places in pieces of memory where pattern begins at a multiple of alignment, a power of two. They
// do not overlap.
func Bytes(pieces iter.Seq2[mem.Chunk, error], pattern []byte, alignment uint64) iter.Seq2[Found, error] {
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
	return s.run(pieces)
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

func (s scan) run(pieces iter.Seq2[mem.Chunk, error]) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		s := s // each walk begins anew
		found := func(at uint64, b []byte) bool { return yield(Found{at, b}, nil) }
		for c, err := range pieces {
			if err != nil {
				yield(Found{}, err)
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
