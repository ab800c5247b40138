package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime/debug"
	"sync"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/handover"
	"github.com/godrgn/drgn/mem"
)

// An Iter is an iterator on its way to Python.
type Iter interface {
	// Fill puts the next elements into out: those that are at hand, and at least one unless it returns an error: io.EOF at the
	// end, ErrNotReady when none came for a while and the caller should look for signals and call again, else what is wrong
	// after the elements before it; from then on it is io.EOF. The error may come with the last elements. It may block, and what it waits for may need the GIL: call it with the GIL released.
	// Only one Fill may run at a time.
	Fill(out []Value) (n int, err error)
	// Close frees what the iterator holds, and makes a Fill that waits for another goroutine return io.EOF; one that walks
	// on its own goroutine returns when it has elements. It may be called at any time, from any goroutine, more than once.
	Close()
}

// ErrNotReady says that no element came within [Patience].
var ErrNotReady = errors.New("no element yet")

// Patience is how long [Iter.Fill] waits for an element before it returns [ErrNotReady].
const Patience = 20 * time.Millisecond

const (
	firstBatch = 64   // elements that are walked on the caller's own goroutine at first
	maxAhead   = 1024 // elements that a producer is ahead of its caller at most
	linger     = time.Millisecond

	// Of a live walk on the caller's own goroutine: how many elements it gives at first, how long it may go on for more of
	// them, up to firstBatch, and how many elements all of it may have, and how long it may take.
	liveShort   = 4
	liveFirst   = 25 * time.Microsecond
	liveAll     = 10 * time.Millisecond
	maxLiveHere = 1 << 14
)

// A PanicError is a panic in a walk.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("Go panic: %v\n\n%s", e.Value, e.Stack) }

// FromSeq makes an iterator of a walk whose error is its last pair.
//
// The walk starts with the first Fill, on the caller's goroutine: most are over within a few elements. A longer one is walked
// again on a goroutine of its own, past the elements that the caller has already.
//
// A live walk, whose elements may not be the same again, is walked again as a whole on the caller's goroutine, and has one of
// its own only if that takes longer than some milliseconds. This way it is over before the caller continues, on the thread
// that asks for it: a task finds itself on its CPU's run queue. Elements that the caller has are told by what they are (see
// [given]), so that what is there all the time comes once.
func FromSeq[T any](seq iter.Seq2[T, error], conv func(T) Value, live bool) Iter {
	return fromSeq(seq, conv, live)
}

func fromSeq[T any](seq iter.Seq2[T, error], conv func(T) Value, live bool) *stream[T] {
	return &stream[T]{seq: seq, conv: conv, caller: caller{live: live, forFirst: liveFirst, forAll: liveAll}, cancel: func() {}}
}

// Begun is the value that is a [FromSeq] of which the first elements were walked already, or the error that came before there was
// any: so a helper says at its call what is wrong with its arguments, not at the first element.
func Begun[T any](seq iter.Seq2[T, error], conv func(T) Value, live bool) Value {
	s := fromSeq(seq, conv, live)
	if err := s.begin(); err != nil {
		return Error(err)
	}
	return Stream(s)
}

// BegunAt is [Begun] of a helper that reads of all memory only its argument at the call: other memory that cannot be read is said
// at the first element.
func BegunAt[T any](seq iter.Seq2[T, error], conv func(T) Value, live bool, argument drgn.Object) Value {
	v := Begun(seq, conv, live)
	if err := v.Err(); v.Tag() == TagError && errors.As(err, new(*mem.FaultError)) && (argument.Prog() == nil || argument.Read().Err() == nil) {
		return Stream(Failing(err))
	}
	return v
}

// Failing makes the iterator of a walk that fails before its first element.
func Failing(err error) Iter {
	return FromSeq(func(yield func(Value, error) bool) { yield(Value{}, err) }, func(v Value) Value { return v }, false)
}

// FromSlow makes an iterator of a walk whose single elements may take long, or that changes something and so must not be
// walked twice: it has a goroutine of its own from the first element on.
func FromSlow[T any](seq iter.Seq2[T, error], conv func(T) Value) Iter {
	return &stream[T]{seq: seq, conv: conv, caller: caller{started: true, produce: true}, cancel: func() {}}
}

// FromContext is [FromSlow] for a walk that looks at a context, which is done when the iterator is closed: it stops then,
// not only at its next element.
func FromContext[T any](walk func(ctx context.Context) iter.Seq2[T, error], conv func(T) Value) Iter {
	ctx, cancel := context.WithCancel(context.Background())
	return &stream[T]{seq: walk(ctx), conv: conv, caller: caller{started: true, produce: true}, cancel: cancel}
}

// NoError gives a walk that can't fail the errors that [FromSeq] wants.
func NoError[T any](seq iter.Seq[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v := range seq {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// A stream is the Iter of a walk. What is produced by its goroutine waits in buf.
//
// iter.Pull would be simpler, but a coroutine that is resumed from another thread, or at another depth of calls from C, ends
// the process.
type stream[T any] struct {
	seq  iter.Seq2[T, error]
	conv func(T) Value

	cancel func() // tells the walk that nobody wants more

	caller // what only the caller looks at

	mu     sync.Mutex
	buf    []Value // produced, not yet taken
	store  []Value // what buf is made of
	err    error   // comes after buf; io.EOF at the end; nil: there is more to come
	closed bool
	want   int            // the caller waits for so many elements; 0: it does not wait
	wake   chan struct{}  // tells the caller that they are there, or err
	room   chan struct{}  // tells the goroutine that elements were taken, or closed
	desk   *handover.Desk // where the caller waits for the goroutine
	ahead  int            // how many elements buf may hold
}

// A caller is how far a walk has come, for the goroutine that calls Fill.
type caller struct {
	live     bool
	forFirst time.Duration // [liveFirst] and [liveAll], but in tests
	forAll   time.Duration

	started bool  // the first elements were walked
	again   bool  // all of a live walk is to be walked on the caller's goroutine
	produce bool  // the goroutine is to be started
	batch   int   // how many elements the goroutine's were waited for last, if there are that many
	given   given // elements that the next walk passes over
}

// Fill implements [Iter].
func (s *stream[T]) Fill(out []Value) (int, error) {
	if len(out) == 0 {
		return 0, nil
	}
	if !s.started {
		s.started = true
		return s.first(out)
	}
	s.mu.Lock()
	if s.again && len(s.buf) == 0 && !s.closed {
		s.again = false
		s.mu.Unlock()
		s.all()
		s.mu.Lock()
	}
	if s.produce && len(s.buf) <= len(out) && !s.closed { // not before the caller is about to have all there is
		s.produce = false
		s.wake, s.room, s.ahead, s.desk = make(chan struct{}, 1), make(chan struct{}, 1), firstBatch, handover.NewDesk()
		go s.desk.Work(s.run)
	}
	if len(s.buf) == 0 && s.err == nil && !s.closed {
		s.batch = min(max(2*s.batch, 1), firstBatch)
		s.wait(min(len(out), s.batch))
	}
	defer s.mu.Unlock()
	return s.take(out)
}

// begin walks the first elements before the first Fill. What is wrong before there is any is its error, and nothing comes after
// that; all else is as if Fill had been called first.
func (s *stream[T]) begin() error {
	few := make([]Value, 8)
	s.started = true
	n, err := s.first(few)
	if n == 0 && err != nil && err != io.EOF {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 && !s.closed {
		s.buf = append(few[:n], s.buf...)
		if err != nil {
			s.err = err
		}
	}
	return nil
}

// first walks the first elements: into out, those beyond it into buf.
func (s *stream[T]) first(out []Value) (n int, err error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return 0, io.EOF
	}
	s.mu.Unlock()
	var rest []Value
	var start time.Time
	// isLong reports whether a live walk has gone on for too long. Many are over before the clock is looked at, which takes as
	// long as some reads on machines whose clock is a device: the first elements are timed by half of them.
	isLong := func(given int) bool {
		if s.live && given == liveShort/2 {
			start = time.Now().Add(-s.forFirst / 2)
		}
		return s.live && given%liveShort == 0 && given > 0 && time.Since(start) > s.forFirst
	}
	more := false
	end := s.walk(func(v Value) bool {
		if n == len(out) && len(rest) == 0 {
			rest = make([]Value, 0, 8)
		}
		if given := n + len(rest); given >= firstBatch || isLong(given) {
			more = true
			return false
		}
		if n < len(out) {
			out[n] = v
			n++
		} else {
			rest = append(rest, v)
		}
		return true
	})
	if more && s.live {
		s.given = givenElements(out[:n], rest)
	} else if more {
		s.given.count = n + len(rest)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		clear(out[:n])
		return 0, io.EOF
	}
	s.buf = rest
	switch {
	case !more:
		s.err = end
	case s.live:
		s.again = true
	default:
		s.produce = true
	}
	if n == 0 {
		return s.take(out)
	}
	if len(rest) == 0 && s.err != nil {
		s.err = io.EOF
		return n, end
	}
	return n, nil
}

// all walks a live walk to its end, unless that takes too long: then a goroutine is to walk it.
func (s *stream[T]) all() {
	known := s.given.clone()
	start, more := time.Now(), false
	var buf []Value
	end := s.walk(func(v Value) bool {
		if known.pass(v) {
			return true
		}
		if len(buf) >= maxLiveHere || time.Since(start) > s.forAll {
			more = true
			return false
		}
		buf = append(buf, v)
		return true
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if more {
		s.produce = true
	} else if !s.closed {
		s.buf, s.err = buf, end
	}
}

// take gives out what there is; the lock is held.
func (s *stream[T]) take(out []Value) (int, error) {
	if s.closed {
		return 0, io.EOF
	}
	n := copy(out, s.buf)
	if n == 0 {
		if s.err == nil {
			return 0, ErrNotReady
		}
		err := s.err
		s.err = io.EOF
		return 0, err
	}
	clear(s.buf[:n]) // let go of what the elements hold
	if s.buf = s.buf[n:]; len(s.buf) == 0 && s.room != nil {
		// The caller takes all there is: let the producer get further ahead.
		s.ahead = min(s.ahead*2, maxAhead)
		s.buf = s.store[:0]
		signal(s.room)
	}
	if len(s.buf) == 0 && s.err != nil {
		err := s.err
		s.err = io.EOF
		return n, err
	}
	return n, nil
}

// wait waits for so many elements, or for any after a moment; the lock is held, but not meanwhile.
func (s *stream[T]) wait(want int) {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	for patient := false; len(s.buf) < want && s.err == nil && !s.closed; {
		s.want = want
		s.mu.Unlock()
		expired := false
		select {
		case <-s.wake:
		case call := <-s.desk.Calls():
			handover.Run(call) // the caller may be one that is waited for itself
		case <-timer.C:
			expired = true
		}
		s.mu.Lock()
		s.want = 0
		if expired && patient {
			return
		}
		if expired {
			patient, want = true, 1
			timer.Reset(Patience)
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run is the goroutine: it walks past the elements that were given and produces the others.
func (s *stream[T]) run() {
	end := errors.New("the walk ended its goroutine") // with runtime.Goexit
	defer func() {
		s.mu.Lock()
		s.err = end
		signal(s.wake)
		s.mu.Unlock()
	}()
	end = s.walk(func(v Value) bool { return s.given.pass(v) || s.put(v) })
	s.cancel()
}

// put adds an element when there is room; it reports false when nobody wants one any more.
func (s *stream[T]) put(v Value) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.buf) >= s.ahead && !s.closed {
		if s.want > 0 {
			signal(s.wake)
		}
		s.mu.Unlock()
		<-s.room
		s.mu.Lock()
	}
	if s.closed {
		return false
	}
	if len(s.buf) == 0 && cap(s.buf) < s.ahead {
		s.store = make([]Value, 0, s.ahead)
		s.buf = s.store
	}
	s.buf = append(s.buf, v)
	if s.want > 0 && len(s.buf) >= s.want {
		s.want = 0
		signal(s.wake)
	}
	return true
}

// walk gives each element to yield until it does not want more, and returns what ended the walk: its error, or io.EOF.
func (s *stream[T]) walk(yield func(Value) bool) (end error) {
	debug.SetPanicOnFault(true)
	defer func() {
		if e := recover(); e != nil {
			if failed, ok := mem.FileErrorOf(e); ok {
				end = failed
				return
			}
			end = &PanicError{e, debug.Stack()}
		}
	}()
	for x, err := range s.seq {
		if err != nil {
			return err
		}
		v := s.conv(x)
		if err := v.Err(); err != nil {
			return err
		}
		if !yield(v) {
			break
		}
	}
	return io.EOF
}

// Close implements [Iter].
func (s *stream[T]) Close() {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.buf, s.store = true, nil, nil
	if s.room != nil {
		signal(s.room)
		signal(s.wake)
		s.desk.Close()
	}
}
