package call

import (
	"errors"
	"io"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

// turns is a walk that gives other elements each time it is walked; the last ones go on.
func turns[T any](of ...[]T) iter.Seq2[T, error] {
	turn := 0
	return func(yield func(T, error) bool) {
		elements := of[min(turn, len(of)-1)]
		turn++
		for _, v := range elements {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// all returns the numbers that an iterator gives.
func all(t *testing.T, it Iter) (got []uint64) {
	t.Helper()
	out := make([]Value, 64)
	for {
		n, err := it.Fill(out)
		for _, v := range out[:n] {
			got = append(got, v.Uint())
		}
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil && !errors.Is(err, ErrNotReady) {
			t.Fatal(err)
		}
	}
}

func upTo(n int) (s []int) {
	for i := range n {
		s = append(s, i)
	}
	return s
}

// patient makes an iterator of a live walk that may take as long as it likes.
func patient(seq iter.Seq2[int, error]) Iter {
	return &stream[int]{seq: seq, conv: number, caller: caller{live: true, forFirst: time.Hour, forAll: time.Hour}, cancel: func() {}}
}

// TestLiveWalkOnce walks structures that change between the first elements and the rest: what is there all the time comes
// once and in order.
func TestLiveWalkOnce(t *testing.T) {
	goroutines(t)
	long := upTo(200)
	for _, test := range []struct {
		name   string
		second []int // elements when they are walked again
		want   []int
	}{
		{"the same", long, long},
		{"a given one left", long[1:], long},
		{"the last given one left", slices.Delete(slices.Clone(long), 63, 64), long},
		{"all given ones left", long[64:], long},
		{"others came first", append([]int{1000, 1001}, long...), append(append(slices.Clone(long[:64]), 1000, 1001), long[64:]...)},
		{"one left, one came", append([]int{1000}, long[1:]...), append(append(slices.Clone(long[:64]), 1000), long[64:]...)},
		{"the rest left", long[:64], long[:64]},
		{"a given one moved", append(slices.Clone(long[1:]), 0), long},
		{"nothing is left", nil, long[:64]},
	} {
		it := patient(turns(long, test.second))
		var want []uint64
		for _, v := range test.want {
			want = append(want, uint64(v))
		}
		if got := all(t, it); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", test.name, got, want)
		}
	}
}

// TestLiveHere checks that a live walk which is over soon runs within Fill, and never twice if it is short.
func TestLiveHere(t *testing.T) {
	goroutines(t)
	for _, test := range []struct{ n, runs int }{{0, 1}, {1, 1}, {firstBatch, 1}, {firstBatch + 1, 2}, {5000, 2}} {
		runs, within := 0, false
		it := patient(func(yield func(int, error) bool) {
			if !within {
				t.Errorf("%d elements: walked outside of Fill", test.n)
			}
			runs++
			numbers(test.n, nil)(yield)
		})
		out := make([]Value, 64)
		for got := 0; ; {
			within = true
			n, err := it.Fill(out)
			within = false
			got += n
			if errors.Is(err, io.EOF) {
				if got != test.n {
					t.Errorf("%d elements of %d", got, test.n)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if runs != test.runs {
			t.Errorf("%d elements: walked %d times", test.n, runs)
		}
	}
}

// TestLiveSlow has live walks that are too long for the caller's goroutine, by number and by time.
func TestLiveSlow(t *testing.T) {
	goroutines(t)
	const n = maxLiveHere + 1000
	if got, err := drain(t, FromSeq(numbers(n, nil), number, true), fixed(64)); got != n || !errors.Is(err, io.EOF) {
		t.Errorf("%d elements of %d, %v", got, n, err)
	}
	it := FromSeq(func(yield func(int, error) bool) {
		for i := range 30 {
			time.Sleep(time.Millisecond)
			if !yield(i, nil) {
				return
			}
		}
	}, number, true)
	out := make([]Value, 64)
	if n, err := it.Fill(out); n != liveShort || err != nil {
		t.Errorf("%d first elements of a slow walk, %v", n, err)
	}
	if got := all(t, it); len(got) != 30-liveShort || got[0] != liveShort || got[len(got)-1] != 29 {
		t.Errorf("the rest of a slow walk: %v", got)
	}
}

// TestGiven has elements of each kind that are given, change, and are walked again.
func TestGiven(t *testing.T) {
	p := drgn.New(arch.Host())
	long, err := p.Type("unsigned long")
	if err != nil {
		t.Fatal(err)
	}
	at := func(address uint64) Value { return Object(p.ObjectAt(long, address)) }
	val := func(v uint64) Value { return Object(p.ScalarValue(long, v)) }
	for _, test := range []struct {
		name        string
		before, now Value
		known       bool
	}{
		{"object", at(0x1000), at(0x1000), true},
		{"another object", at(0x1000), at(0x1008), false},
		{"pointer", val(0x1000), val(0x1000), true},
		{"another pointer", val(0x1000), val(0x2000), false},
		{"a value is no reference", val(0x1000), at(0x1000), false},
		{"text", Str("a"), Str("a"), true},
		{"another text", Str("a"), Str("b"), false},
		{"text is not bytes", Str("a"), Bytes([]byte("a")), false},
		{"number", Uint(1), Uint(1), true},
		{"none", None, None, true},
		{"tuple", Tuple(Uint(1), at(0x1000)), Tuple(Uint(1), at(0x1000)), true},
		{"tuple that has changed", Tuple(Uint(1), Uint(7)), Tuple(Uint(1), Uint(8)), true},
		{"another tuple", Tuple(Uint(1), Uint(7)), Tuple(Uint(2), Uint(7)), false},
		{"nested tuple that has changed", Tuple(Tuple(Uint(1), Uint(7)), None), Tuple(Tuple(Uint(1), Uint(8)), None), true},
		{"what can't be compared", Other(new(int)), Other(new(int)), true},
		{"keyed", Other(keyed{1}), Other(keyed{1}), true},
		{"another key", Other(keyed{1}), Other(keyed{2}), false},
	} {
		g := givenElements([]Value{test.before})
		again := g.clone()
		if g.pass(test.now) != test.known {
			t.Errorf("%s: known is %v", test.name, !test.known)
		}
		if test.known && g.pass(test.now) {
			t.Errorf("%s: passed over twice", test.name)
		}
		if again.pass(Float(0.5)) {
			t.Errorf("%s: a number with a point is taken for it", test.name)
		}
	}
}

type keyed struct{ key int }

func (k keyed) Key() any { return k.key }
