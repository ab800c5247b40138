package types

import (
	"runtime"
	"testing"
	"time"
)

// derivedLen returns how many pointers and arrays the set knows.
func (s *Set) derivedLen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.derived)
}

// Derived types that are no longer referenced are dropped, with those that are made of them; until then they stay the same.
func TestDerivedTypesAreDropped(t *testing.T) {
	s := NewSet()
	char := s.Int(nil, "char", 1, true, false)
	kept := s.Pointer(nil, s.Array(nil, char, 1<<40), 8, false)
	for i := range uint64(10000) {
		s.Pointer(nil, s.Array(nil, char, i), 8, false)
	}
	for range 1000 { // a pointer goes first, then what it points to
		if runtime.GC(); s.derivedLen() <= 2 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if n := s.derivedLen(); n != 2 {
		t.Errorf("%d derived types are left, want 2", n)
	}
	if again := s.Pointer(nil, s.Array(nil, char, 1<<40), 8, false); again != kept {
		t.Error("a type that somebody refers to was made again")
	}
	runtime.KeepAlive(kept)
}
