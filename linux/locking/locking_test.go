package locking_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/locking"
	"github.com/godrgn/drgn/mem"
)

func TestMutexOwner(t *testing.T) {
	for name, c := range map[string]struct{ mutex, owner string }{
		"v4.10, an atomic with flags":  {`struct mutex { atomic_long_t owner; };`, "owner"},
		"before, a pointer":            {`struct mutex { int count; struct task_struct *owner; };`, "owner"},
		"PREEMPT_RT, with an rt_mutex": {`struct mutex { struct { int lock; struct task_struct *owner; } rtmutex; };`, "rtmutex.owner"},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`struct task_struct { int pid; };` + c.mutex)
				task, lock := w.Alloc("struct task_struct"), w.Alloc("struct mutex")
				worldtest.CheckPtr(t, "owner of a free mutex", locking.MutexOwner(lock.Ptr()), 0)
				for flags := range uint64(8) {
					owner := locking.MutexOwner(lock.Set(c.owner, task.At|flags).Ptr())
					worldtest.CheckPtr(t, "owner", owner, task.At)
					if got := owner.Type().String(); got != "struct task_struct *" {
						t.Errorf("owner of type %s", got)
					}
				}
				var fault *mem.FaultError
				if err := locking.MutexOwner(w.VarAt("struct mutex", worldtest.Dangling).Ptr()).Err(); !errors.As(err, &fault) {
					t.Errorf("a dangling mutex: %v", err)
				}
			})
		})
	}
}

func TestSemaphores(t *testing.T) {
	type state struct {
		count, owner uint64 // of a task: its address is added
		want         locking.State
	}
	const top = 1 << 63 // becomes the highest bit of a long
	for name, c := range map[string]struct {
		sem, count, owner string
		states            []state
	}{
		// Bit 0 of the count is the writer's, bit 1 says that there are waiters, bit 2 is the hand-off, readers count from
		// bit 8 on, the highest bit is set when they are too many.
		"v5.3": {`struct rw_semaphore { atomic_long_t count, owner; };`, "count", "owner", []state{
			{0, 0, locking.Unlocked}, {0, 1, locking.Unlocked}, {2, 0, locking.Unlocked}, {6, 1, locking.Unlocked},
			{1, 0, locking.WriteLocked}, {3, 0, locking.WriteLocked},
			{0x100, 1, locking.ReadLocked}, {0x102, 1, locking.ReadLocked}, {0x7300, 1, locking.ReadLocked}, {top | 0x100, 1, locking.ReadLocked},
		}},
		"v4.20, a pointer with flags": {`struct rw_semaphore { atomic_long_t count; struct task_struct *owner; };`, "count", "owner", []state{
			{0, 0, locking.Unlocked}, {1, 3, locking.ReadLocked}, {1, 0, locking.WriteLocked},
		}},
		"v4.7, a plain count": {`struct rw_semaphore { long count; struct task_struct *owner; };`, "count", "owner", []state{
			{0, 0, locking.Unlocked}, {1, 1, locking.ReadLocked}, {1, 0, locking.WriteLocked},
		}},
		// The bias of readers is there while no writer is.
		"PREEMPT_RT": {`struct rw_semaphore { struct { atomic_t readers; struct { struct task_struct *owner; } rtmutex; } rwbase; };`,
			"rwbase.readers", "rwbase.rtmutex.owner", []state{
				{1 << 31, 0, locking.Unlocked}, {1 << 30, 0, locking.WriteLocked}, {1<<31 + 3, 0, locking.ReadLocked}, {3, 0, locking.ReadLocked},
			}},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`struct task_struct { int pid; };` + c.sem)
				task, sem := w.Alloc("struct task_struct"), w.Alloc("struct rw_semaphore")
				for _, s := range c.states {
					count := s.count
					if count&top != 0 {
						count = count&^top | 1<<(8*w.Word()-1)
					}
					sem.Set(c.count, count).Set(c.owner, task.At|s.owner)
					worldtest.CheckValue(t, fmt.Sprintf("state of count %#x, owner flags %#x", count, s.owner), s.want)(locking.SemaphoreState(sem.Ptr()))
					worldtest.CheckPtr(t, "owner", locking.SemaphoreOwner(sem.Ptr()), task.At)
				}
				dangling := w.VarAt("struct rw_semaphore", worldtest.Dangling).Ptr()
				var fault *mem.FaultError
				if s, err := locking.SemaphoreState(dangling); !errors.As(err, &fault) || s != 0 {
					t.Errorf("state of a dangling semaphore: %v, %v", s, err)
				}
				if err := locking.SemaphoreOwner(dangling).Err(); !errors.As(err, &fault) {
					t.Errorf("owner of a dangling semaphore: %v", err)
				}
				if s, err := locking.SemaphoreState(drgn.Failed(fault)); err == nil || s != 0 {
					t.Errorf("state of a failed object: %v, %v", s, err)
				}
			})
		})
	}
}
