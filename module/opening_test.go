package module

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
)

type noInfo struct{ debugdata.Info }

// The one who asks first is told of the progress and may be kept waiting: others get what is read nevertheless. That is
// what happens when the callback is written in Python and another thread holds the GIL.
func TestOpeningWaitsForNobody(t *testing.T) {
	told, others := make(chan struct{}), make(chan struct{})
	var once sync.Once
	o := newOpening(func(done, total uint64) {
		once.Do(func() { close(told) })
		<-others
	}, func(report func(done, total uint64)) (debugdata.Info, error) {
		report(1, 2)
		<-told
		return noInfo{}, nil
	})
	first := make(chan error)
	go func() {
		_, err := o.get(nil)
		first <- err
	}()
	<-told
	if info, err := o.get(nil); info == nil || err != nil {
		t.Error(info, err)
	}
	close(others)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestOpening(t *testing.T) {
	var told []uint64
	opened := 0
	o := newOpening(func(done, _ uint64) { told = append(told, done) }, func(report func(done, total uint64)) (debugdata.Info, error) {
		opened++
		for i := range uint64(100) {
			report(i+1, 100)
		}
		return nil, errors.New("bad")
	})
	for range 2 {
		if _, err := o.get(nil); err == nil || err.Error() != "bad" {
			t.Error(err)
		}
	}
	if opened != 1 || len(told) == 0 || told[len(told)-1] != 100 || !slices.IsSorted(told) {
		t.Errorf("opened %d times; told %v", opened, told)
	}
	for _, report := range []func(done, total uint64){nil, func(uint64, uint64) {}} {
		o = newOpening(report, func(func(done, total uint64)) (debugdata.Info, error) { panic("boom") })
		if _, err := o.get(nil); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Error(err)
		}
	}
}

// One who is interrupted gets what block returns; the reading goes on and is there for the next one, who is told of it.
func TestOpeningInterrupted(t *testing.T) {
	goOn, told := make(chan struct{}), []uint64{}
	o := newOpening(func(done, _ uint64) { told = append(told, done) }, func(report func(done, total uint64)) (debugdata.Info, error) {
		report(1, 3)
		<-goOn
		report(3, 3)
		report(2, 3) // by another goroutine, late
		return noInfo{}, nil
	})
	interrupted := errors.New("interrupted")
	info, err := o.get(func(work func(context.Context) error) error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := work(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		return interrupted
	})
	if info != nil || err != interrupted || o.ready() {
		t.Error(info, err, o.ready())
	}
	told = nil
	info, err = o.get(func(work func(context.Context) error) error {
		close(goOn) // not before it waits: what was read by then is told to nobody
		return work(t.Context())
	})
	if info == nil || err != nil || len(told) == 0 || told[len(told)-1] != 3 || !slices.IsSorted(told) {
		t.Error(info, err, told)
	}
	if info, err = o.get(func(func(context.Context) error) error { return interrupted }); info == nil || err != nil {
		t.Error("what is there is waited for:", info, err)
	}
}

// indexedInfo has names that are indexed when they are wanted.
type indexedInfo struct {
	noInfo
	indexed atomic.Int64
}

func (i *indexedInfo) IndexNames(report func(done, total uint64)) error {
	i.indexed.Add(1)
	report(2, 2)
	return nil
}

// What is asked by an address alone does not wait for names to be indexed, of which the progress is told.
func TestCodeInfoWithoutNames(t *testing.T) {
	source, opened := &indexedInfo{}, 0
	var told string
	set := NewSet(Config{Open: func(*Module, *placed.File, *elf.File) (debugdata.Info, error) {
		opened++
		return source, nil
	}})
	set.SetProgress(func(what string, done, total uint64) { told = fmt.Sprint(what, done, total) })
	m := &Module{set: set}
	f := &Files{}
	f.code, f.opening = m.openers(nil, nil)
	m.files.Store(f)
	if info, err := m.CodeInfo(); info != debugdata.Info(source) || err != nil || source.indexed.Load() != 0 || told != "" {
		t.Errorf("by address: %v, %v, indexed %d times, %q", info, err, source.indexed.Load(), told)
	}
	for range 2 {
		if info, err := m.Info(); info != debugdata.Info(source) || err != nil {
			t.Errorf("by name: %v, %v", info, err)
		}
	}
	if n := source.indexed.Load(); n != 1 || opened != 1 || told != "indexing debugging information2 2" {
		t.Errorf("opened %d and indexed %d times, told %q", opened, n, told)
	}
}

// Modules are read several at once, in order, and no more of them once that is stopped.
func TestReadAhead(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var modules []*Module
	var running, most atomic.Int64
	started, goOn := make(chan int), make(chan struct{})
	for i := range 30 {
		m := &Module{}
		m.files.Store(&Files{opening: newOpening(nil, func(func(done, total uint64)) (debugdata.Info, error) {
			most.Store(max(most.Load(), running.Add(1)))
			started <- i
			<-goOn
			running.Add(-1)
			return noInfo{}, nil
		})})
		modules = append(modules, m, &Module{}) // every other has no debugging information
	}
	stop := ReadAhead(modules)
	first := []int{<-started, <-started, <-started, <-started}
	slices.Sort(first)
	if !slices.Equal(first, []int{0, 1, 2, 3}) {
		t.Errorf("read first: %v", first)
	}
	goOn <- struct{}{}
	if next := <-started; next != 4 {
		t.Errorf("read next: %d", next)
	}
	stop()
	close(goOn)
	for _, m := range modules[:10] {
		if f := m.files.Load(); f != nil {
			if _, err := f.opening.get(nil); err != nil {
				t.Error(err)
			}
		}
	}
	for i, m := range modules[10:] {
		if f := m.files.Load(); f != nil && f.opening.started.Load() {
			t.Errorf("module %d is read after the stop", i+10)
		}
	}
	if most.Load() != 4 {
		t.Errorf("%d were read at once, want 4", most.Load())
	}
	stop = ReadAhead(modules[10:12])
	if i := <-started; i != 5 {
		t.Errorf("module %d is read, want 5", i)
	}
	if _, err := modules[10].files.Load().opening.get(nil); err != nil {
		t.Error(err)
	}
	stop()
}
