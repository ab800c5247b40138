package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// A progress shows how far work has come that takes longer than a moment.
type progress struct {
	now   func() time.Time
	mu    sync.Mutex
	w     io.Writer
	what  string
	start time.Time
	shown time.Time
}

// Work is shown after showAfter, and again every showEvery. Tests of what else a terminal shows have it never shown: how long
// work takes is up to the machine.
var (
	showAfter = 300 * time.Millisecond
	showEvery = 100 * time.Millisecond
)

func newProgress(w io.Writer) *progress { return &progress{w: w, now: time.Now} }

// report takes how much of some work is done; all of it removes the line.
func (p *progress) report(what string, done, total uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if what != p.what {
		p.clear()
		p.what, p.start = what, now
	}
	switch {
	case total != 0 && done >= total:
		p.clear()
		p.what = ""
	case now.Sub(p.start) < showAfter || now.Sub(p.shown) < showEvery:
	case total == 0:
		p.show(now, fmt.Sprintf("%s: %.1f MiB", what, float64(done)/(1<<20)))
	default:
		p.show(now, fmt.Sprintf("%s: %d%%", what, uint64(float64(done)/float64(total)*100)))
	}
}

func (p *progress) show(now time.Time, text string) {
	fmt.Fprintf(p.w, "\r\x1b[K%s", text)
	p.shown = now
}

// clear removes what is shown.
func (p *progress) clear() {
	if !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = time.Time{}
	}
}
