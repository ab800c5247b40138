package module

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
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
		_, err := o.get()
		first <- err
	}()
	<-told
	if info, err := o.get(); info == nil || err != nil {
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
		if _, err := o.get(); err == nil || err.Error() != "bad" {
			t.Error(err)
		}
	}
	if opened != 1 || len(told) == 0 || told[len(told)-1] != 100 || !slices.IsSorted(told) {
		t.Errorf("opened %d times; told %v", opened, told)
	}
	for _, report := range []func(done, total uint64){nil, func(uint64, uint64) {}} {
		o = newOpening(report, func(func(done, total uint64)) (debugdata.Info, error) { panic("boom") })
		if _, err := o.get(); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Error(err)
		}
	}
}
