package main

import (
	"strings"
	"testing"
	"time"
)

// Work is shown once it takes longer than a moment, not more often than now and then, and removed at its end.
func TestProgress(t *testing.T) {
	const erase = "\r\x1b[K"
	var out strings.Builder
	at := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	p := newProgress(&out)
	p.now = func() time.Time { return at }
	for i, step := range []struct {
		after       time.Duration
		what        string
		done, total uint64
		want        string
	}{
		{0, "reading", 0, 1000, ""},
		{299 * time.Millisecond, "reading", 100, 1000, ""},
		{time.Millisecond, "reading", 207, 1000, erase + "reading: 20%"},
		{99 * time.Millisecond, "reading", 300, 1000, ""},
		{time.Millisecond, "reading", 310, 1000, erase + "reading: 31%"},
		{time.Second, "downloading", 0, 0, erase},
		{time.Second, "downloading", 3 << 19, 0, erase + "downloading: 1.5 MiB"},
		{0, "downloading", 5, 5, erase},
		{time.Hour, "reading", 1000, 1000, ""},
		{0, "reading", 1, 1000, ""},
	} {
		at = at.Add(step.after)
		out.Reset()
		if p.report(step.what, step.done, step.total); out.String() != step.want {
			t.Errorf("step %d: %q, want %q", i, out.String(), step.want)
		}
	}
}
