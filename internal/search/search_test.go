package search

import (
	"context"
	"errors"
	"testing"

	"github.com/godrgn/drgn/mem"
)

// TestPiecesCanceled cancels a search of memory of which nothing can be read.
func TestPiecesCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	reads := 0
	s := mem.NewSpace()
	if err := s.Add(mem.Segment{Max: ^uint64(0), Read: func(_ []byte, address, _ uint64, _ bool) error {
		if reads++; reads == 1000 {
			cancel()
		}
		return &mem.FaultError{Message: "not mapped", Address: address}
	}}); err != nil {
		t.Fatal(err)
	}
	var last error
	for c, err := range Pieces(ctx, s, nil, false) {
		if last = err; err == nil {
			t.Errorf("found %#x", c.Address)
		}
	}
	if !errors.Is(last, context.Canceled) || reads > 1200 {
		t.Errorf("%v after %d reads", last, reads)
	}
}
