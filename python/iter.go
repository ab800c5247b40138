package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"iter"
	"runtime/debug"
	"time"
	"unsafe"

	"github.com/godrgn/drgn"
)

// An iterator gives Python its elements in batches that grow from one, so that the first costs little and the many cost
// little each. It never runs Go code on a coroutine of its own: one that is resumed at another depth of calls between C and
// Go, or on another thread, ends the process.
type iterator struct {
	// next fills one item; ok is false at the end.
	next  func(i *C.item) (ok bool, err error)
	close func()
	err   error // comes after the elements before it
	busy  bool  // filling: another thread may ask while the GIL is released
}

// fillFor bounds how long one batch takes when elements are slow: Ctrl-C is looked at between batches.
const fillFor = 10 * time.Millisecond

//export goIterFill
func goIterFill(h C.uint64_t, items *C.item, n C.int, state *C.int) (k C.int) {
	it := (*handleSlab.at(uint64(h))).(*iterator)
	if it.busy {
		raiseText(excValueError, "iterator is already executing in another thread")
		return 0
	}
	it.busy = true
	defer func() {
		it.busy = false
		if e := recover(); e != nil {
			it.err = &panicError{fmt.Sprintf("Go panic: %v\n\n%s", e, debug.Stack())}
			*state = 2
		}
	}()
	var start time.Time
	if n > 1 {
		start = time.Now()
	}
	for ; k < n; k++ {
		ok, err := it.next(&unsafe.Slice(items, int(n))[k])
		if err != nil {
			it.err = err
			*state = 2
			return k
		}
		if !ok {
			*state = 1
			return k
		}
		if k%8 == 7 && time.Since(start) > fillFor {
			k++
			break
		}
	}
	return k
}

//export goIterError
func goIterError(h C.uint64_t) {
	defer func() {
		if e := recover(); e != nil {
			raiseText(excGoPanic, fmt.Sprint(e))
		}
	}()
	it := (*handleSlab.at(uint64(h))).(*iterator)
	raise(it.err)
}

//export goIterClose
func goIterClose(h C.uint64_t) {
	it := (*handleSlab.at(uint64(h))).(*iterator)
	if it.close != nil {
		it.close()
	}
	handleSlab.drop(uint64(h))
}

// newIterator returns a Python iterator; keep, if not nil, lives as long as it.
func newIterator(it *iterator, keep *C.PyObject) *C.PyObject {
	return C.new_iter(C.uint64_t(handleSlab.put(it)), keep)
}

// keep returns what an iterator must keep alive: the program it walks in, which owns the callables that Go calls.
func (c Call) keep() *C.PyObject {
	for i := range c.args {
		switch a := &c.args[i]; {
		case a.kind == C.A_OBJ:
			return (*C.Obj)(unsafe.Pointer(a.o)).prog
		case a.kind == C.A_PY && C.sh_is_program(a.o) != 0:
			return a.o
		}
	}
	return c.self
}

// iterate returns an iterator over what next gives.
func (c Call) iterate(next func(i *C.item) (bool, error)) error {
	return c.pyObject(newIterator(&iterator{next: next}, c.keep()))
}

// Objects returns an iterator over a walk. The walk runs on a goroutine of its own that does what it is asked for, a batch
// at a time, while the caller waits: see iterator.
func (c Call) Objects(seq iter.Seq2[drgn.Object, error]) error {
	return iterateSeq(c, seq, func(o drgn.Object, i *C.item) (err error) {
		*i, err = objectItem(o)
		return err
	})
}

// Values returns an iterator over a walk whose elements have a form in Python; see [stream].
func Values[T any](c Call, seq iter.Seq2[T, error], conv func(T) any) error {
	return iterateSeq(c, seq, func(v T, i *C.item) error { return valueItem(conv(v), i) })
}

// valueItem fills an item with any value.
func valueItem(v any, i *C.item) error {
	switch v := v.(type) {
	case drgn.Object:
		var err error
		*i, err = objectItem(v)
		return err
	case int:
		i.tag, i.a = C.R_INT, C.uint64_t(v)
	case int64:
		i.tag, i.a = C.R_INT, C.uint64_t(v)
	case uint64:
		i.tag, i.a = C.R_UINT, C.uint64_t(v)
	case instance:
		*i = v.item()
	default:
		o, err := buildPy(v)
		if err != nil {
			return err
		}
		i.tag, i.a = C.R_PY, C.uint64_t(uintptr(unsafe.Pointer(o)))
	}
	return nil
}

// batch is what a walk's goroutine has found.
type batch[T any] struct {
	elems []T
	err   error
	end   bool
}

func iterateSeq[T any](c Call, seq iter.Seq2[T, error], put func(T, *C.item) error) error {
	var (
		ask  chan int
		give chan batch[T]
		cur  batch[T]
		want = 1
	)
	walk := func() {
		var b batch[T]
		n, ok := <-ask
		if !ok {
			return
		}
		defer func() {
			if e := recover(); e != nil {
				b.err = &panicError{fmt.Sprintf("Go panic: %v\n\n%s", e, debug.Stack())}
				give <- b
			}
		}()
		start := time.Now()
		for v, err := range seq {
			if err != nil {
				b.err = err
				give <- b
				return
			}
			b.elems = append(b.elems, v)
			if len(b.elems) >= n || len(b.elems)%8 == 0 && time.Since(start) > fillFor {
				give <- b
				b.elems = make([]T, 0, n)
				if n, ok = <-ask; !ok {
					return
				}
				start = time.Now()
			}
		}
		b.end = true
		give <- b
	}
	it := &iterator{}
	it.close = func() {
		if ask != nil {
			close(ask)
			ask = nil
		}
	}
	it.next = func(i *C.item) (bool, error) {
		for len(cur.elems) == 0 {
			if cur.err != nil || cur.end {
				return false, cur.err
			}
			if ask == nil {
				ask, give = make(chan int, 1), make(chan batch[T], 1)
				go walk()
			}
			ask <- want
			want = min(2*want, 256)
			b, ok := receive(give)
			if !ok {
				it.close()
				cur.err = raisedByHandler()
				return false, cur.err
			}
			cur = b
		}
		v := cur.elems[0]
		cur.elems = cur.elems[1:]
		return true, put(v, i)
	}
	return c.pyObject(newIterator(it, c.keep()))
}

// receive waits for a batch: a moment with the GIL held, then without it.
func receive[T any](ch <-chan T) (T, bool) {
	select {
	case v := <-ch:
		return v, true
	default:
	}
	return wait(ch)
}

// raisedByHandler takes the exception that a signal handler raised.
func raisedByHandler() error {
	if err := takeRaised(); err != nil {
		return err
	}
	return raisedError{}
}
