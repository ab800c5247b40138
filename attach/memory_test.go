package attach_test

import (
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/annotate"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/slab"
)

// heap returns the bytes of Go's heap that are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // frees what cleanups released
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// walkEverything reads what a script looks at: each task, printed, with its annotated stack, each symbol, each allocated
// object of the slab caches, and each type of the objects of their names.
func walkEverything(b *testing.B, p *drgn.Program) {
	b.Helper()
	for task, err := range pid.ForEachTask(p, false) {
		if err != nil {
			b.Fatal(err)
		}
		_ = task.Deref().String()
		thread, err := task.Member("pid").Uint()
		if err != nil {
			b.Fatal(err)
		}
		trace, err := p.StackTrace(thread)
		if err != nil {
			continue // it has no stack
		}
		_ = trace.String()
		if err := annotate.Stack(io.Discard, trace); err != nil {
			b.Fatal(err)
		}
	}
	symbols, err := p.Symbols(drgn.SymbolQuery{})
	if err != nil {
		b.Fatal(err)
	}
	for i := range symbols {
		_ = p.Variable(symbols[i].Name).Err() // most are functions, or have no type
	}
	for cache, err := range slab.ForEachCache(p) {
		if err != nil {
			b.Fatal(err)
		}
		for o, err := range slab.ForEachAllocatedObject(cache, "void") {
			if err != nil {
				break // a page that the dump left out
			}
			_, _ = o.Uint()
		}
	}
}

// BenchmarkMemoryAfterWalk tells how much of Go's heap a program keeps when it has been asked for everything, once and again:
// what it keeps must not grow with how often it is asked.
func BenchmarkMemoryAfterWalk(b *testing.B) {
	for b.Loop() {
		before := heap()
		p, err := attach.Core(filepath.Join(fixture, "vmcore"), attach.Options{CacheDir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		opened := heap()
		walkEverything(b, p)
		once := heap()
		walkEverything(b, p)
		again := heap()
		b.ReportMetric((float64(opened)-float64(before))/1024, "KiB-opened")
		b.ReportMetric((float64(once)-float64(before))/1024, "KiB-walked")
		b.ReportMetric((float64(again)-float64(before))/1024, "KiB-again")
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
		runtime.KeepAlive(p)
	}
}
