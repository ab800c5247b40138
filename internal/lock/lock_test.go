package lock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	Track()
	os.Exit(m.Run())
}

func TestHeld(t *testing.T) {
	var m Mutex
	var once Once
	held := func(want int, when string) {
		t.Helper()
		if got := Held(); got != want {
			t.Errorf("%s: %d locks held, want %d", when, got, want)
		}
	}
	held(0, "at first")
	m.Lock()
	held(1, "locked")
	once.Do(func() { held(2, "in a Once") })
	once.Do(func() { t.Error("a Once called its function twice") })
	var other sync.WaitGroup
	other.Go(func() { held(0, "on another goroutine") })
	other.Wait()
	m.Unlock()
	held(0, "unlocked")
	value := OnceValues(func() (int, error) { held(1, "in OnceValues"); return 7, nil })
	if v, err := value(); v != 7 || err != nil {
		t.Errorf("OnceValues: %v, %v; want 7", v, err)
	}
	var first First[int]
	if v, err := first.Do(func() (int, error) { held(0, "in First"); return 8, nil }); v != 8 || err != nil {
		t.Errorf("First: %v, %v; want 8", v, err)
	}
	held(0, "at the end")
}

// The first result counts for all, an error, too; and a function may ask for the result that it makes.
func TestFirst(t *testing.T) {
	failed := errors.New("failed")
	for _, want := range []error{nil, failed} {
		var first First[int]
		inner := func() (int, error) { return 3, want }
		outer := func() (int, error) {
			if v, err := first.Do(inner); v != 3 || err != want {
				t.Errorf("within: %v, %v; want 3, %v", v, err, want)
			}
			return 4, nil
		}
		for range 2 {
			if v, err := first.Do(outer); v != 3 || err != want {
				t.Errorf("%v, %v; want 3, %v", v, err, want)
			}
		}
	}
}

// What was interrupted is no result, and to Succeed no error is.
func TestFirstAgain(t *testing.T) {
	failed, interrupted := errors.New("failed"), fmt.Errorf("reading: %w", context.Canceled)
	for _, test := range []struct {
		name string
		do   func(*First[int], func() (int, error)) (int, error)
		errs []error // of the calls
		want []error // of Do
	}{
		{"interrupted", (*First[int]).Do, []error{interrupted, interrupted, nil}, []error{interrupted, interrupted, nil, nil}},
		{"interrupted, then failed", (*First[int]).Do, []error{interrupted, failed}, []error{interrupted, failed, failed}},
		{"failed, until it does not", (*First[int]).Succeed, []error{failed, interrupted, nil}, []error{failed, interrupted, nil, nil}},
	} {
		var first First[int]
		calls := 0
		for i, want := range test.want {
			v, err := test.do(&first, func() (int, error) { calls++; return 9, test.errs[calls-1] })
			if v != 9 || err != want {
				t.Errorf("%s, call %d: %v, %v; want 9, %v", test.name, i, v, err, want)
			}
		}
		if calls != len(test.errs) {
			t.Errorf("%s: %d calls, want %d", test.name, calls, len(test.errs))
		}
	}
}

// What a Once should have made is not there if it panicked: later calls panic, too, with no lock held.
func TestOncePanics(t *testing.T) {
	var once Once
	for range 2 {
		func() {
			defer func() {
				if r := recover(); r != "failed" || Held() != 0 {
					t.Errorf("recovered %v with %d locks held, want failed and none", r, Held())
				}
			}()
			once.Do(func() { panic("failed") })
			t.Error("Do returned")
		}()
	}
}
