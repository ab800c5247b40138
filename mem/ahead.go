package mem

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// turnSize is how much memory a goroutine unpacks for Chunks before somebody looks at it, in bytes.
const turnSize = 32 * smallestPage

// ahead unpacks the memory of a piece in the order of its addresses, some turns before [Space.Chunks] gets there: while memory is
// searched, what comes next is unpacked by other goroutines.
type ahead struct {
	piece   *piece
	view    packedView
	last    uint64 // of the memory that is wanted
	next    uint64 // where the next turn begins
	ended   bool   // there is no next turn
	plain   uint64 // up to here, exclusive, memory is read as other memory is
	turns   []*turn
	free    [][]byte
	stopped *atomic.Bool
	running sync.WaitGroup
}

type packedView interface {
	Packed
	Sparse
}

type turn struct {
	at   uint64
	data []byte
	err  error
	done chan struct{}
}

// last returns the last address of the turn.
func (t *turn) last() uint64 { return t.at + uint64(len(t.data)) - 1 }

// newAhead returns nil if the memory of a piece is not packed.
func newAhead(p *piece, from, last uint64) *ahead {
	view, ok := p.view.(packedView)
	if !ok || !view.Packs() {
		return nil
	}
	return &ahead{piece: p, view: view, next: from, last: last, stopped: new(atomic.Bool)}
}

// chunk returns the unpacked memory at the first readable address from at on. ok is false where it must be read as other memory is,
// among others because it can't be read: that says why. The chunk is valid until the next call.
func (a *ahead) chunk(at uint64) (c Chunk, ok bool) {
	if a == nil || at < a.plain {
		return c, false
	}
	for len(a.turns) > 0 && a.turns[0].last() < at {
		a.drop()
	}
	if len(a.turns) == 0 {
		a.next = at
	}
	a.start()
	if len(a.turns) == 0 {
		return c, false
	}
	t := a.turns[0]
	<-t.done
	if t.err != nil {
		a.plain = t.last() + 1
		a.drop()
		return c, false
	}
	at = max(at, t.at)
	return Chunk{at, t.data[at-t.at:]}, true
}

// drop forgets the first turn.
func (a *ahead) drop() {
	<-a.turns[0].done
	a.free = append(a.free, a.turns[0].data[:0])
	a.turns = a.turns[1:]
}

// start begins as many turns as fit.
func (a *ahead) start() {
	for len(a.turns) < min(2*runtime.GOMAXPROCS(0)+1, 17) && !a.ended {
		at, ok := a.view.Next(a.next)
		if !ok || at > a.last {
			a.ended = true
			return
		}
		n := min(smallestPage-at%smallestPage, a.last-at+1)
		for n < turnSize && n-1 < a.last-at {
			if next, ok := a.view.Next(at + n); !ok || next != at+n {
				break
			}
			n = min(n+smallestPage, a.last-at+1)
		}
		var buf []byte
		if k := len(a.free); k > 0 {
			buf, a.free = a.free[k-1][:n], a.free[:k-1]
		} else {
			buf = make([]byte, turnSize+smallestPage)[:n]
		}
		t := &turn{at: at, data: buf, done: make(chan struct{})}
		a.turns = append(a.turns, t)
		a.next, a.ended = at+n, n-1 >= a.last-at
		a.running.Go(func() {
			defer close(t.done)
			if a.stopped.Load() {
				return
			}
			t.err = Guard(func() error { return a.view.Unpack(t.data, t.at) })
			runtime.KeepAlive(a.piece) // a mapped file lives as long as its segment
		})
	}
}

// stop waits for the turns that were begun.
func (a *ahead) stop() {
	if a != nil {
		a.stopped.Store(true)
		a.running.Wait()
	}
}
