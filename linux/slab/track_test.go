package slab_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/slab"
)

// Who took an object is kept behind it, and behind the pointer to the next free one where that is not inside.
func TestTakenBy(t *testing.T) {
	for name, k := range kernels {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				m := build(t, w, k, false)
				w.Declare(`struct track { unsigned long addr; unsigned int handle; int cpu; int pid; unsigned long when; };`)
				if _, ok, err := slab.TakenBy(m.cache.Ptr(), m.objects[4]); ok || err != nil {
					t.Errorf("a cache that keeps nothing: %v, %v", ok, err)
				}
				m.flag("STORE_USER", 0x10000)
				m.cache.Set("inuse", 16)
				for offset, at := range map[uint64]uint64{8: 16, 16: 16 + w.Word()} {
					m.cache.Set("offset", offset)
					w.VarAt("struct track", m.objects[4]+at).Set("addr", 0x1234).Set("pid", 42).Set("when", 7)
					got, ok, err := slab.TakenBy(m.cache.Ptr(), m.objects[4])
					if want := (slab.Track{Caller: 0x1234, PID: 42, When: 7}); got != want || !ok || err != nil {
						t.Errorf("pointer at %d: %+v, %v, %v", offset, got, ok, err)
					}
				}
				if _, _, err := slab.TakenBy(m.cache.Ptr(), worldtest.Dangling); err == nil {
					t.Error("an object that can't be read was taken")
				}
			})
		})
	}
}
