package c

import (
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// A source has the bytes of one object: in a buffer or, read in large pieces, from memory.
type source struct {
	mem    Reader // nil: window has all
	base   uint64 // address
	size   uint64 // in bytes; of an object whose size is not known what its address leaves
	window []byte
	start  uint64 // offset of window
	spare  []byte // for the next window
	// Of the last window and page that could not be read: one more than their numbers.
	badWindow, badPage uint64
	partial            bool // mem says itself why parts are not known
}

const (
	windowSize = 64 << 10
	pageSize   = 4096 // memory is there or not in pieces of at least this size, mostly
)

func newSource(v Value, mem Reader) *source {
	switch v.Form {
	case Bits:
		n, err := v.Type.Size()
		if err != nil || n > 8 {
			n = 8
		}
		buf := make([]byte, n)
		off, size := v.BitOffset, n*8
		if v.BitFieldSize != 0 {
			size = v.BitFieldSize
			buf = make([]byte, 2*n+8)
		}
		if !bits.Insert(buf, off, size, isBig(v.Type), v.Bits) {
			buf = nil // every read fails
		}
		return &source{window: buf}
	case Bytes:
		return &source{window: v.Data}
	}
	s := &source{mem: mem, base: v.Address, size: ^v.Address}
	if v.Form == Absent {
		s.mem, s.partial = v.Parts, true
	}
	if n, err := v.Type.Size(); err == nil && v.BitFieldSize == 0 && n < s.size {
		s.size = n + (v.BitOffset+7)/8
	} else if v.BitFieldSize != 0 {
		s.size = (v.BitOffset + v.BitFieldSize + 7) / 8
	}
	return s
}

func isBig(t *types.Type) bool {
	t = t.WithoutTypedefs()
	return t.BigEndian()
}

// bytes returns n bytes from off on. They are good until the next call.
func (s *source) bytes(off, n uint64) ([]byte, error) {
	if b := s.held(off, n); b != nil {
		return b, nil
	}
	if s.mem == nil || off+n < off || s.base+off < s.base {
		return nil, ErrPastEnd
	}
	if n < windowSize {
		if index := off / windowSize; index+1 != s.badWindow {
			if !s.read(index*windowSize, max(windowSize, off%windowSize+n)) {
				s.badWindow = index + 1
			} else if b := s.held(off, n); b != nil {
				return b, nil
			}
		}
		// Part of it is not there: take what is on the same page, else no more than what was asked for.
		if page := (s.base + off) / pageSize; page+1 != s.badPage {
			start := off - min(off, (s.base+off)%pageSize)
			size := pageSize - (s.base+start)%pageSize
			if !s.read(start, size) {
				s.badPage = page + 1
			} else if b := s.held(off, n); b != nil {
				return b, nil
			}
		}
	}
	buf := s.buffer(n)
	if err := s.mem.Read(buf, s.base+off); err != nil {
		return nil, err
	}
	s.window, s.start = buf, off
	return buf, nil
}

// held returns n bytes from off on if the window has them; nil if not.
func (s *source) held(off, n uint64) []byte {
	if size := uint64(len(s.window)); s.window == nil || off < s.start || n > size || off-s.start > size-n {
		return nil
	}
	return s.window[off-s.start:][:n]
}

// buffer returns n bytes to be read into; the window is no longer good.
func (s *source) buffer(n uint64) []byte {
	s.window = nil
	if uint64(cap(s.spare)) < n {
		s.spare = make([]byte, n)
	}
	return s.spare[:n]
}

// read makes the n bytes at start the window, or as many as the object has.
func (s *source) read(start, n uint64) bool {
	if start < s.size && n > s.size-start {
		n = s.size - start
	}
	buf := s.buffer(n)
	if s.mem.Read(buf, s.base+start) != nil {
		return false
	}
	s.window, s.start = buf, start
	return true
}
