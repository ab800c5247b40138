package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/godrgn/drgn/internal/handover"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/mem"
)

// References that Go's collector found dead. It runs without the GIL, so it must not touch Python: it queues them and asks
// the interpreter to come for them.
var deadRefs struct {
	sync.Mutex
	list      []*C.PyObject
	scheduled bool
}

func dropRef(p *C.PyObject) {
	deadRefs.Lock()
	deadRefs.list = append(deadRefs.list, p)
	scheduled := deadRefs.scheduled
	deadRefs.scheduled = true
	deadRefs.Unlock()
	if !scheduled && C.sh_add_pending() != 0 { // its queue is full: the next one tries again
		deadRefs.Lock()
		deadRefs.scheduled = false
		deadRefs.Unlock()
	}
}

//export goTakeDead
func goTakeDead(out **C.PyObject, n C.int) C.int {
	deadRefs.Lock()
	defer deadRefs.Unlock()
	k := copy(unsafe.Slice(out, int(n)), deadRefs.list)
	deadRefs.list = deadRefs.list[:copy(deadRefs.list, deadRefs.list[k:])]
	if k == 0 {
		deadRefs.scheduled = false
	}
	return C.int(k)
}

// takeRaised takes the exception that is set as a Go error.
func takeRaised() error {
	exc := C.sh_take_exc()
	if exc == nil {
		return nil
	}
	var typ *C.char
	msg := C.sh_exc_str(exc, &typ)
	e := &pyError{typ: C.GoString(typ), msg: C.GoString(msg), exc: exc}
	var address C.uint64_t
	if C.sh_fault(exc, &address) != 0 {
		e.fault = &mem.FaultError{Message: strings.TrimSuffix(e.msg, fmt.Sprintf(": %#x", uint64(address))), Address: uint64(address), Vague: true}
	}
	C.free(unsafe.Pointer(typ))
	C.free(unsafe.Pointer(msg))
	runtime.AddCleanup(e, dropRef, exc)
	return e
}

// withGIL runs f with the GIL held, called on whatever goroutine: f runs on the thread of Python that waits for this goroutine, if one
// does. The caller must hold no lock of the house: a thread that has the GIL may wait for that.
func withGIL(f func()) {
	checkNoLocks()
	handover.Run(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		<-started // the program of the command line is opened meanwhile
		st := C.sh_ensure()
		defer C.sh_release(st)
		f()
	})
}

// checkNoLocks panics, in tests, when the calling goroutine holds a lock of the house.
func checkNoLocks() {
	if n := lock.Held(); n != 0 {
		panic(fmt.Sprintf("%d locks are held while Python is called", n))
	}
}
