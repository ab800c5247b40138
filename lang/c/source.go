package c

import (
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// A source has the bytes of one object: in a buffer or, read in large pieces, from memory.
type source struct {
	mem    Memory // nil: window has all
	base   uint64 // address
	size   uint64 // in bytes; of an object whose size is not known what its address leaves
	window []byte
	start  uint64 // offset of window
	bad    uint64 // one more than the number of the window that could not be read
}

const windowSize = 64 << 10

func newSource(v Value, mem Memory) *source {
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
	if n, err := v.Type.Size(); err == nil && v.BitFieldSize == 0 && n < s.size {
		s.size = n + (v.BitOffset+7)/8
	} else if v.BitFieldSize != 0 {
		s.size = (v.BitOffset + v.BitFieldSize + 7) / 8
	}
	return s
}

func isBig(t *types.Type) bool {
	for t.Kind() == types.Typedef {
		t = t.Elem()
	}
	return t.BigEndian()
}

// bytes returns n bytes from off on. They are good until the next call.
func (s *source) bytes(off, n uint64) ([]byte, error) {
	if off >= s.start && n <= uint64(len(s.window)) && off-s.start <= uint64(len(s.window))-n {
		return s.window[off-s.start:][:n], nil
	}
	if s.mem == nil || off+n < off || s.base+off < s.base {
		return nil, errPastEnd
	}
	if n < windowSize {
		index := off / windowSize
		if index+1 != s.bad && s.load(index*windowSize, off, n) {
			return s.window[off-s.start:][:n], nil
		}
		s.bad = index + 1
		// Part of it is not there: take what is on the same page, else no more than what was asked for.
		page := off - min(off, (s.base+off)%4096)
		if s.read(page, 4096-(s.base+page)%4096) && off-s.start+n <= uint64(len(s.window)) {
			return s.window[off-s.start:][:n], nil
		}
	}
	buf := make([]byte, n)
	if err := s.mem.Read(buf, s.base+off); err != nil {
		return nil, err
	}
	s.window, s.start = buf, off
	return buf, nil
}

// load reads the window that starts at start, made longer if need be to hold n bytes at off.
func (s *source) load(start, off, n uint64) bool {
	end := max(start+windowSize, off+n)
	if end > s.size {
		end = max(s.size, off+n)
	}
	return s.read(start, end-start)
}

func (s *source) read(start, n uint64) bool {
	if start < s.size && n > s.size-start {
		n = s.size - start
	}
	buf := s.window
	if uint64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	s.window = nil
	if s.mem.Read(buf, s.base+start) != nil {
		return false
	}
	s.window, s.start = buf, start
	return true
}
