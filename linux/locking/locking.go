// Package locking tells who holds the kernel's mutexes and semaphores (kernel/locking).
package locking

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// ownerFlags are the low bits of an owner, which are no part of the address of its task.
const ownerFlags = 7

// owner makes a struct task_struct * of an owner with flags in its low bits.
func owner(o drgn.Object) drgn.Object {
	// An atomic_long_t in mutexes since v4.10, commit 3ca0ff571b09; in semaphores since v5.3, commit 94a9717b3c40.
	if o.HasMember("counter") && o.Type().UnderlyingKind() != types.Pointer {
		o = o.Member("counter")
	}
	at, err := o.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	return drgn.PointerValue(o, "struct task_struct", at&^ownerFlags)
}

// MutexOwner returns the task that holds a mutex, as a struct task_struct *; a null pointer if it is free.
//
// lock is a struct mutex *.
//
//drgn:helper mutex_owner
func MutexOwner(lock drgn.Object) drgn.Object {
	if lock.HasMember("rtmutex") { // with CONFIG_PREEMPT_RT
		return owner(lock.Member("rtmutex").Member("owner"))
	}
	return owner(lock.Member("owner"))
}

// A State is how a read-write semaphore is locked.
type State int

// How a read-write semaphore is locked.
const (
	Unlocked State = 1 + iota
	ReadLocked
	WriteLocked
)

// Bits of rw_semaphore.count since v5.3 (kernel/locking/rwsem.c), and values of rwbase_rt.readers
// (include/linux/rwbase_rt.h). The highest bit of the count only warns of too many readers.
const (
	writerLocked = 1 << 0
	readerShift  = 8
	readerBias   = 1 << 31
	writerBias   = 1 << 30
)

// SemaphoreState returns how a read-write semaphore is locked.
//
// sem is a struct rw_semaphore *.
//
//drgn:helper _rwsem_state
func SemaphoreState(sem drgn.Object) (State, error) {
	if sem.HasMember("rwbase") { // with CONFIG_PREEMPT_RT
		readers, err := sem.Member("rwbase").Member("readers").Member("counter").Uint()
		switch {
		case err != nil:
			return 0, err
		case uint32(readers) == readerBias:
			return Unlocked, nil
		case uint32(readers) == writerBias:
			return WriteLocked, nil
		}
		return ReadLocked, nil
	}
	count := sem.Member("count")
	if count.HasMember("counter") {
		count = count.Member("counter")
	}
	n, err := count.Uint()
	if err != nil {
		return 0, err
	}
	holder := sem.Member("owner")
	if err := holder.Err(); err != nil {
		return 0, err
	}
	if holder.Type().UnderlyingKind() == types.Pointer {
		return oldState(n, holder)
	}
	bits, err := count.Type().BitSize()
	if err != nil {
		return 0, err
	}
	switch {
	case n&writerLocked != 0:
		return WriteLocked, nil
	case n<<(65-bits)>>(65-bits+readerShift) != 0:
		return ReadLocked, nil
	}
	return Unlocked, nil
}

// oldState is for kernels before v5.3, whose counts mean different things on different machines. Zero is unlocked on all.
func oldState(count uint64, holder drgn.Object) (State, error) {
	at, err := holder.Uint()
	switch {
	case err != nil:
		return 0, err
	case count == 0:
		return Unlocked, nil
	case at&1 != 0 || at == 0: // owned by readers
		return ReadLocked, nil
	}
	return WriteLocked, nil
}

// SemaphoreOwner returns the task that holds a read-write semaphore, as a struct task_struct *. It can be relied on only
// while a writer holds it: readers leave their mark when they go, or it may be a null pointer.
//
// sem is a struct rw_semaphore *.
//
//drgn:helper rwsem_owner(sem)
func SemaphoreOwner(sem drgn.Object) drgn.Object {
	if sem.HasMember("rwbase") {
		return owner(sem.Member("rwbase").Member("rtmutex").Member("owner"))
	}
	return owner(sem.Member("owner"))
}
