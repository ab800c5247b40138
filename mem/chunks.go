package mem

import (
	"errors"
	"iter"
	"runtime"
	"runtime/debug"

	"github.com/godrgn/drgn/failure"
)

// Sparse is what a [Viewer] also implements if it knows where memory that can't be read ends: [Space.Chunks] then need
// not try every page.
type Sparse interface {
	// Next returns the first address from address on that may be readable, or false if there is none.
	Next(address uint64) (uint64, bool)
}

// A Chunk is readable memory.
type Chunk struct {
	Address uint64
	Data    []byte // must not be written to, and is valid until the next turn of the iteration
}

// smallestPage is the step with which Chunks passes over memory that can't be read, in bytes.
const smallestPage = 4096

// many is how much Chunks reads at once of what it can't view, in bytes.
const many = 16 * smallestPage

// breathe is how often Chunks passes over memory before it yields a chunk without data.
const breathe = 64

// Chunks iterates in order over the memory between min and max that can be read, passing over what can't: pages that a
// dump left out, for instance. Chunks that follow each other in memory are not joined. While it finds nothing, it now and
// then yields a chunk without data, so that the caller can stop it. An error that is no [*FaultError] is the last pair, and so
// are a [*FileError], as what the file lacks was not left out, and a vague fault.
func (s *Space) Chunks(physical bool, min, max uint64) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		table, mask := s.table(physical)
		if max > mask {
			max = mask
		}
		var buf []byte
		passed, ended := 0, false
		give := func(c Chunk, err error) bool {
			ended = !yield(c, err) || err != nil
			return !ended
		}
		table.from(min, func(p *piece) bool {
			if p.min > max {
				return false
			}
			at, last := p.min, p.max
			if at < min {
				at = min
			}
			if last > max {
				last = max
			}
			packed := newAhead(p, at, last)
			defer packed.stop()
			for at <= last {
				if c, ok := packed.chunk(at); ok {
					if !give(c, nil) {
						return false
					}
					if uint64(len(c.Data)) > last-c.Address {
						break
					}
					at = c.Address + uint64(len(c.Data))
					continue
				}
				data, err := p.chunk(at, last, physical, &buf)
				if err != nil {
					var fault *FaultError
					if !errors.As(err, &fault) || fault.File != nil || fault.Vague {
						return give(Chunk{Address: at}, err)
					}
					next, ok := p.next(at)
					if !ok || next > last {
						break
					}
					at = next
					if passed++; passed%breathe == 0 && !give(Chunk{Address: at}, nil) {
						return false
					}
					continue
				}
				more := give(Chunk{at, data}, nil)
				runtime.KeepAlive(p) // a mapped file lives as long as its segment
				if !more {
					return false
				}
				if uint64(len(data)) > last-at {
					break
				}
				at += uint64(len(data))
				if p.gap != nil && at%many != 0 { // memory that can't be read follows, most likely
					next, ok := p.gap(at)
					if !ok || next > last {
						break
					}
					at = next
				}
			}
			return true
		})
		if !ended && s.closed.Load() { // there may have been more
			yield(Chunk{Address: min}, failure.ErrClosed)
		}
	}
}

// Next returns the first address from address on that may be readable, as far as the segments know, or false if there is
// none.
func (s *Space) Next(address uint64, physical bool) (at uint64, ok bool) {
	table, mask := s.table(physical)
	found := false
	table.from(address, func(p *piece) bool {
		at = max(address, p.min)
		if sparse := p.sparse(); sparse != nil {
			next, ok := sparse(at)
			if !ok || next > p.max {
				return true
			}
			at = max(at, next)
		}
		found = at <= mask
		return false
	})
	if !found {
		return 0, false
	}
	return at, true
}

// chunk returns bytes from at on, up to last, of the piece.
func (p *piece) chunk(at, last uint64, physical bool, buf *[]byte) (data []byte, err error) {
	debug.SetPanicOnFault(true)
	defer func() {
		if r := recover(); r != nil {
			err = fileErrorOf(r)
		}
	}()
	if p.view != nil {
		b, err := p.view.View(at)
		if err != nil {
			return nil, err
		}
		if len(b) > 0 {
			if uint64(len(b)) > last-at {
				b = b[:last-at+1]
			}
			return b, nil
		}
	}
	if p.read == nil {
		return nil, &FaultError{Message: notReadable, Address: at}
	}
	// Many pages at once or, where one of them can't be read, those before it, or the first alone: a reader need not name the
	// first address that it can't read.
	if *buf == nil {
		*buf = make([]byte, many)
	}
	read := func(n uint64) ([]byte, error) {
		if last-at < n {
			n = last - at + 1
		}
		return (*buf)[:n:n], p.read((*buf)[:n:n], at, at-p.start, physical)
	}
	n := many - at%many
	for range 2 {
		if data, err = read(n); err == nil {
			return data, nil
		}
		var fault *FaultError
		if !errors.As(err, &fault) || fault.Address < at || fault.Address-at >= n {
			break
		}
		if p.gap != nil && fault.Address > at {
			return (*buf)[:fault.Address-at], nil
		}
		if fault.Address == at {
			if p.gap != nil {
				return nil, err
			}
			break
		}
		n = fault.Address - at
	}
	if data, err = read(smallestPage - at%smallestPage); err == nil {
		return data, nil
	}
	return nil, err
}

// next returns the first address behind address, which can't be read, that may be readable.
func (p *piece) next(address uint64) (uint64, bool) {
	step := address&^(smallestPage-1) + smallestPage
	if sparse := p.sparse(); sparse != nil {
		next, ok := sparse(address)
		if !ok || next > address {
			return next, ok
		}
	}
	return step, step > address // false at the end of the address space
}

// sparse returns what can find the next readable memory, or nil.
func (p *piece) sparse() func(address uint64) (uint64, bool) {
	if sparse, ok := p.view.(Sparse); ok {
		return sparse.Next
	}
	return p.gap
}
