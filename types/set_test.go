package types

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// len returns how many types the set knows.
func (s *Set) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.made)
}

// Types that are no longer referenced are dropped, with those that are made of them; until then they stay the same.
func TestTypesAreDropped(t *testing.T) {
	s := NewSet()
	char := s.Int(nil, "char", 1, true, false)
	kept := s.Pointer(nil, s.Array(nil, char, 1<<40), 8, false)
	for i := range uint64(10000) {
		s.Pointer(nil, s.Array(nil, char, i), 8, false)
		s.Typedef(nil, fmt.Sprint("t", i), s.Int(nil, fmt.Sprint("int", i), 4, true, false))
		s.IncompleteCompound(nil, Struct, fmt.Sprint("s", i))
		s.Bool(nil, fmt.Sprint("bool", i), 1, false)
	}
	for range 1000 { // a pointer goes first, then what it points to
		if runtime.GC(); s.len() <= 3 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if n := s.len(); n != 3 {
		t.Errorf("%d types are left, want 3", n)
	}
	if again := s.Pointer(nil, s.Array(nil, char, 1<<40), 8, false); again != kept {
		t.Error("a type that somebody refers to was made again")
	}
	runtime.KeepAlive(kept)
}
