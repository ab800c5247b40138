package call

import (
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
)

var errWalk = errors.New("the walk failed")

// numbers walks from 0 to n, then fails with err if there is one.
func numbers(n int, err error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

func number(i int) Value { return Uint(uint64(i)) }

// drain fills buffers of the given size until something other than ErrNotReady comes.
func drain(t *testing.T, it Iter, size func() int) (got int, err error) {
	t.Helper()
	for {
		out := make([]Value, size())
		n, err := it.Fill(out)
		for _, v := range out[:n] {
			if v.Tag() != TagUint || v.Uint() != uint64(got) {
				t.Fatalf("element %d is %v", got, v)
			}
			got++
		}
		if err == nil && n == 0 {
			t.Fatal("neither an element nor an error")
		}
		if err == ErrNotReady && n != 0 {
			t.Fatalf("both %d elements and %v", n, err)
		}
		if err != nil && err != ErrNotReady {
			if n, after := it.Fill(out); n != 0 || after != io.EOF {
				t.Fatalf("after %v: %d elements and %v", err, n, after)
			}
			return got, err
		}
	}
}

func fixed(n int) func() int { return func() int { return n } }

// goroutines fails the test if there are more goroutines at its end than now.
func goroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if runtime.NumGoroutine() <= before {
				return
			}
		}
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
	})
}

func TestFill(t *testing.T) {
	goroutines(t)
	for _, live := range []bool{false, true} {
		for _, fail := range []error{nil, errWalk} {
			for _, n := range []int{0, 1, 2, 63, 64, 65, 127, 128, 129, 1000, 5000} {
				for _, size := range []int{1, 3, 63, 64, 65, 1024} {
					it := FromSeq(numbers(n, fail), number, live)
					got, err := drain(t, it, fixed(size))
					want := fail
					if want == nil {
						want = io.EOF
					}
					if got != n || err != want {
						t.Fatalf("live %v, %d by %d: %d elements, then %v, want %v", live, n, size, got, err, want)
					}
					if _, err := it.Fill(make([]Value, 1)); err != io.EOF {
						t.Fatalf("after the end: %v", err)
					}
					it.Close()
					it.Close()
				}
			}
		}
	}
}

func TestFillOfChangingSize(t *testing.T) {
	goroutines(t)
	for range 200 {
		n := rand.IntN(3000)
		it := FromSeq(numbers(n, nil), number, rand.IntN(2) == 0)
		if got, err := drain(t, it, func() int { return 1 + rand.IntN(100) }); got != n || err != io.EOF {
			t.Fatalf("%d elements of %d, then %v", got, n, err)
		}
	}
}

func TestCloseEarly(t *testing.T) {
	goroutines(t)
	forever := func(yield func(int, error) bool) {
		for i := 0; yield(i, nil); i++ {
		}
	}
	for _, live := range []bool{false, true} {
		for fills := range 6 {
			it := FromSeq(forever, number, live)
			for range fills {
				if _, err := it.Fill(make([]Value, 50)); err != nil && err != ErrNotReady {
					t.Fatal(err)
				}
			}
			it.Close()
			it.Close()
			if n, err := it.Fill(make([]Value, 50)); n != 0 || err != io.EOF {
				t.Errorf("after Close: %d elements, %v", n, err)
			}
		}
	}
}

// walker returns what makes an iterator of a walk that nothing changes, or of a slow one.
func walker(slow bool) func(iter.Seq2[int, error]) Iter {
	return func(seq iter.Seq2[int, error]) Iter {
		if slow {
			return FromSlow(seq, number)
		}
		return FromSeq(seq, number, false)
	}
}

func TestCloseWhileFilling(t *testing.T) {
	goroutines(t)
	for _, slow := range []bool{false, true} {
		release := make(chan struct{})
		it := walker(slow)(func(yield func(int, error) bool) {
			for i := range 100 {
				if !yield(i, nil) {
					return
				}
			}
			<-release
		})
		done := make(chan error)
		go func() {
			for {
				if _, err := it.Fill(make([]Value, 10)); err != nil && err != ErrNotReady {
					done <- err
					return
				}
			}
		}()
		time.Sleep(30 * time.Millisecond)
		it.Close()
		if err := <-done; err != io.EOF {
			t.Errorf("Fill ended with %v", err)
		}
		close(release)
	}
}

func TestNotReady(t *testing.T) {
	goroutines(t)
	release := make(chan struct{})
	it := FromSlow(func(yield func(int, error) bool) {
		for i := range 3 {
			if !yield(i, nil) {
				return
			}
		}
		<-release
		yield(3, nil)
	}, number)
	out := make([]Value, 64)
	n, err := it.Fill(out)
	if n == 0 || err != nil { // a slow walk's first elements come before it has more
		t.Fatalf("%d elements, %v", n, err)
	}
	for ; n < 3; n++ {
		if _, err := it.Fill(out[:1]); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := it.Fill(out); n != 0 || err != ErrNotReady {
		t.Fatalf("%d elements, %v", n, err)
	}
	close(release)
	if n, err := drainFrom(it, out); n != 1 || err != io.EOF {
		t.Fatalf("%d elements, %v", n, err)
	}
}

func drainFrom(it Iter, out []Value) (got int, err error) {
	for {
		n, err := it.Fill(out)
		got += n
		if err != nil && err != ErrNotReady {
			return got, err
		}
	}
}

func TestPanic(t *testing.T) {
	goroutines(t)
	for _, live := range []bool{false, true} {
		for _, n := range []int{0, 10, 63, 64, 200} {
			it := FromSeq(func(yield func(int, error) bool) {
				for i := range n {
					if !yield(i, nil) {
						return
					}
				}
				panic("deep trouble")
			}, number, live)
			got, err := drain(t, it, fixed(7))
			var p *PanicError
			if got != n || !errors.As(err, &p) || p.Value != "deep trouble" || len(p.Stack) == 0 {
				t.Fatalf("live %v, %d: %d elements, then %v", live, n, got, err)
			}
		}
	}
}

func TestGoexit(t *testing.T) {
	goroutines(t)
	it := FromSlow(func(yield func(int, error) bool) {
		yield(0, nil)
		runtime.Goexit()
	}, number)
	if got, err := drain(t, it, fixed(7)); got != 1 || err == io.EOF {
		t.Fatalf("%d elements, then %v", got, err)
	}
}

func TestElementError(t *testing.T) {
	goroutines(t)
	it := FromSeq(numbers(200, nil), func(i int) Value {
		if i == 100 {
			return Tuple(None, Error(errWalk))
		}
		return number(i)
	}, false)
	if got, err := drain(t, it, fixed(9)); got != 100 || err != errWalk {
		t.Fatalf("%d elements, then %v", got, err)
	}
}

func TestShortWalkRunsOnce(t *testing.T) {
	var runs atomic.Int32
	it := FromSeq(func(yield func(int, error) bool) {
		runs.Add(1)
		numbers(firstBatch, nil)(yield)
	}, number, false)
	if got, err := drain(t, it, fixed(5)); got != firstBatch || err != io.EOF || runs.Load() != 1 {
		t.Fatalf("%d elements, then %v, after %d walks", got, err, runs.Load())
	}
}

// TestAhead checks that a walk does not run away from a caller that does not ask.
func TestAhead(t *testing.T) {
	goroutines(t)
	var walked atomic.Int64
	it := FromSlow(func(yield func(int, error) bool) {
		for i := 0; yield(i, nil); i++ {
			walked.Add(1)
		}
	}, number)
	defer it.Close()
	if _, err := it.Fill(make([]Value, 1)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	if n := walked.Load(); n > maxAhead+2 {
		t.Errorf("%d elements ahead", n)
	}
}

func BenchmarkFill(b *testing.B) {
	for _, n := range []struct {
		name string
		n    int
	}{{"3", 3}, {"60", 60}, {"10000", 10000}} {
		b.Run(n.name, func(b *testing.B) {
			out := make([]Value, 64)
			b.ReportAllocs()
			for range b.N {
				it := FromSeq(numbers(n.n, nil), number, false)
				if got, err := drainFrom(it, out); got != n.n || err != io.EOF {
					b.Fatal(got, err)
				}
				it.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n.n), "ns/element")
		})
	}
}

// TestBegun checks that a walk that was begun says at once what is wrong before its first element, and gives all else as others do.
func TestBegun(t *testing.T) {
	wrong := errors.New("wrong")
	if err := new(Call).Return(Begun(numbers(0, wrong), number, false)); err != wrong {
		t.Errorf("a walk of nothing but an error: %v", err)
	}
	for _, n := range []int{0, 1, 2, firstBatch - 1, firstBatch, firstBatch + 1, 3 * firstBatch} {
		for _, end := range []error{nil, wrong} {
			for _, live := range []bool{false, true} {
				for _, size := range []int{1, 7, 300} {
					v := Begun(numbers(n, end), number, live)
					if n == 0 && end != nil {
						continue
					}
					want := end
					if end == nil {
						want = io.EOF
					}
					if got, err := drain(t, v.Iter(), fixed(size)); got != n || err != want {
						t.Errorf("%d elements, then %v, live %v, %d at a time: %d elements, then %v", n, end, live, size, got, err)
					}
				}
			}
		}
	}
	fault := &mem.FaultError{Address: 8}
	if err := new(Call).Return(BegunAt(numbers(0, wrong), number, false, drgn.Object{})); err != wrong {
		t.Errorf("a walk of nothing but an error: %v", err)
	}
	if n, err := drain(t, BegunAt(numbers(0, fault), number, false, drgn.Object{}).Iter(), fixed(1)); n != 0 || err != error(fault) {
		t.Errorf("memory that cannot be read: %d elements, then %v", n, err)
	}
	it := Begun(numbers(5, nil), number, false).Iter()
	it.Close()
	if n, err := it.Fill(make([]Value, 3)); n != 0 || err != io.EOF {
		t.Errorf("after Close: %d elements and %v", n, err)
	}
}
