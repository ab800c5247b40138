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
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/mem"
)

// An iterator gives Python its elements in batches that grow from one, so that the first costs little and the many cost
// little each. It never runs Go code on a coroutine of its own: one that is resumed at another depth of calls between C and
// Go, or on another thread, ends the process.
type iterator struct {
	// next fills one item; ok is false at the end.
	next  func(i *C.item) (ok bool, err error)
	ready func() bool // whether next has an item, or knows of the end, without looking for it; nil: never
	close func()
	err   error // comes after the elements before it
	busy  bool  // filling: another thread may ask while the GIL is released
}

// fillFor bounds how long one batch takes when elements are slow: Ctrl-C is looked at between batches.
const fillFor = 10 * time.Millisecond

// goIterFill fills n items, fewer at the end, and up to room items if they are at hand.
//
//export goIterFill
func goIterFill(h C.uint64_t, items *C.item, n, room C.int, state *C.int) (k C.int) {
	it := (*handleSlab.at(uint64(h))).(*iterator)
	if it.busy {
		raiseText(excValueError, "iterator is already executing in another thread")
		return 0
	}
	it.busy = true
	debug.SetPanicOnFault(true)
	defer func() {
		it.busy = false
		if e := recover(); e != nil {
			*state = 2
			if failed, ok := mem.FileErrorOf(e); ok {
				it.err = failed
				return
			}
			it.err = &panicError{fmt.Sprintf("Go panic: %v\n\n%s", e, debug.Stack())}
		}
		if interrupt == nil {
			return
		}
		if e := takeInterrupt(); e != nil { // what was made of it on its way here is no element
			for ; k > 0; k-- {
				C.sh_drop(&unsafe.Slice(items, int(n))[k-1])
			}
			it.err = e
			*state = 2
		}
	}()
	var start time.Time
	for ; k < room && (k < n || it.ready != nil && it.ready()); k++ {
		ok, err := it.next(&unsafe.Slice(items, int(room))[k])
		if err != nil {
			it.err = err
			*state = 2
			return k
		}
		if !ok {
			*state = 1
			return k
		}
		if k%8 != 7 {
			continue // most batches are over before a clock is looked at
		}
		if start.IsZero() {
			start = time.Now()
		} else if time.Since(start) > fillFor {
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

// goIterClose ends an iterator for good. It is false, with an exception set, while another thread or a callback of the walk
// waits for its next element.
//
//export goIterClose
func goIterClose(h C.uint64_t) C.int {
	it := (*handleSlab.at(uint64(h))).(*iterator)
	if it.busy {
		raiseText(excValueError, "iterator is already executing")
		return 0
	}
	if it.close != nil {
		it.close()
	}
	handleSlab.drop(uint64(h))
	return 1
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

// Values returns an iterator over a walk whose elements have a form in Python; see [stream].
func Values[T any](c Call, seq iter.Seq2[T, error], conv func(T) any) error {
	it := call.FromSeq(seq, func(v T) call.Value { return call.Anything(conv(v)) }, call.Live(c.selfOrNil()))
	return c.pyObject(newIterator(helperIterator(it), c.keep()))
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

// raisedByHandler takes the exception that a signal handler raised.
func raisedByHandler() error {
	if err := takeRaised(); err != nil {
		return err
	}
	return raisedError{}
}
