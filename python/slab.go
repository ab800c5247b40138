package python

/*
#include "bind.h"
*/
import "C"

import "unsafe"

// Go values that Python instances refer to by number. Everything here happens under the GIL.
type handles struct {
	chunks [][]any
	free   []uint64
	next   uint64
}

const chunkBits = 10

// handleSlab holds what instances with a handle stand for; iterators and programs too. 0 is no handle.
var handleSlab = handles{next: 1}

func (s *handles) put(v any) uint64 {
	var h uint64
	if n := len(s.free); n > 0 {
		h = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		h = s.next
		s.next++
		if int(h>>chunkBits) == len(s.chunks) {
			s.chunks = append(s.chunks, make([]any, 1<<chunkBits))
		}
	}
	*s.at(h) = v
	return h
}

func (s *handles) at(h uint64) *any { return &s.chunks[h>>chunkBits][h&(1<<chunkBits-1)] }

// A holder holds something outside of this program, which it lets go when its last reference in Python goes.
type holder interface{ letGo() }

func (s *handles) drop(h uint64) {
	if h == 0 {
		return
	}
	if v, ok := (*s.at(h)).(holder); ok {
		v.letGo()
	}
	*s.at(h) = nil
	s.free = append(s.free, h)
}

// live returns how many handles are in use.
func (s *handles) live() int { return int(s.next) - 1 - len(s.free) }

//export goFreeHandles
func goFreeHandles(p *C.uint64_t, n C.int) {
	for _, h := range unsafe.Slice(p, int(n)) {
		handleSlab.drop(uint64(h))
	}
}

// handleOf returns the Go value of an instance.
func handleOf[T any](self *C.PyObject) T {
	return (*handleSlab.at(uint64((*C.Obj)(unsafe.Pointer(self)).a))).(T)
}
