package module

import (
	"fmt"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/debugdata"
)

// An opening is debugging information that is read when first asked for. Whoever asks first tells of the progress, on its
// own goroutine, while another one reads: a callback may be written in Python and wait for a thread that holds the GIL and
// waits here, so reading must never wait for the callback.
type opening struct {
	open   func(report func(done, total uint64)) (debugdata.Info, error)
	report func(done, total uint64) // or nil

	started atomic.Bool
	done    chan struct{} // closed once info and err are there
	info    debugdata.Info
	err     error
}

func newOpening(report func(done, total uint64), open func(report func(done, total uint64)) (debugdata.Info, error)) *opening {
	return &opening{open: open, report: report, done: make(chan struct{})}
}

// get returns the debugging information.
func (o *opening) get() (debugdata.Info, error) {
	if !o.started.Swap(true) {
		o.start()
	}
	<-o.done
	return o.info, o.err
}

// progress is how much of some work is done.
type progress struct{ done, total uint64 }

func (o *opening) start() {
	if o.report == nil {
		o.read(nil)
		return
	}
	last := make(chan progress, 1) // the newest that was not told yet
	go o.read(func(done, total uint64) {
		select {
		case <-last:
		default:
		}
		last <- progress{done, total} // there is room: only this goroutine fills it
	})
	for {
		select {
		case p := <-last:
			o.report(p.done, p.total)
			continue
		case <-o.done:
		}
		select {
		case p := <-last: // the end of it
			o.report(p.done, p.total)
		default:
		}
		return
	}
}

func (o *opening) read(report func(done, total uint64)) {
	defer close(o.done)
	defer func() {
		if r := recover(); r != nil {
			o.info, o.err = nil, fmt.Errorf("reading debugging information has failed: %v", r)
		}
	}()
	o.info, o.err = o.open(report)
}
