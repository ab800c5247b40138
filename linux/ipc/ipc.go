// Package ipc looks at System V message queues, shared memory and semaphores (ipc/util.h).
package ipc

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/flags"
	"github.com/godrgn/drgn/linux/idr"
)

// A kind is one of the kinds of System V objects.
type kind struct {
	index  int64 // in ipc_namespace.ids
	typ    string
	member string // of typ, the struct kern_ipc_perm
}

var (
	semaphores   = kind{0, "struct sem_array", "sem_perm"}
	messages     = kind{1, "struct msg_queue", "q_perm"}
	sharedMemory = kind{2, "struct shmid_kernel", "shm_perm"}
)

// idr returns the objects of the kind in a namespace, as a struct idr *.
func (k kind) idr(ns drgn.Scope) drgn.Object {
	return drgn.ScopeOr(ns, "init_ipc_ns").Member("ids").Index(k.index).Member("ipcs_idr").AddressOf()
}

func (k kind) forEach(ns drgn.Scope) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		for e, err := range idr.ForEachEntry(k.idr(ns), "struct kern_ipc_perm") {
			o := e.Value
			if err == nil {
				o = drgn.Entry(e.Value, k.typ, k.member)
				err = o.Err()
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

func (k kind) find(ns drgn.Scope, id int64) drgn.Object {
	all := k.idr(ns)
	if err := all.Err(); err != nil {
		return all
	}
	p := all.Prog()
	// An ID is an index and, above it, a number that tells objects apart that have had this index. The index has as many
	// bits as this variable says since v5.2, commit 5ac893b8cb1a; a macro says 15 without CONFIG_SYSVIPC_SYSCTL.
	shift, err := p.Variable("ipc_mni_shift").Uint()
	if drgn.IsNotFound(err) {
		shift, err = 15, nil
	}
	if err != nil {
		return drgn.Failed(err)
	}
	t, err := p.Type("struct kern_ipc_perm *")
	if err != nil {
		return drgn.Failed(err)
	}
	perm := idr.Find(all, uint64(id)&(1<<(shift&63)-1)).Cast(t)
	if none, err := perm.IsNull(); err != nil {
		return drgn.Failed(err)
	} else if !none {
		have, err := perm.Member("id").Int()
		if err != nil {
			return drgn.Failed(err)
		}
		if have == id {
			return drgn.Entry(perm, k.typ, k.member)
		}
	}
	return drgn.Null(p, k.typ)
}

// ForEachMsgQueue walks the System V message queues in a namespace, each as a struct msg_queue *.
//
// ns is a struct ipc_namespace *; a program stands for the initial one.
//
//drgn:helper for_each_sysv_msg_queue
func ForEachMsgQueue(ns drgn.Scope) iter.Seq2[drgn.Object, error] { return messages.forEach(ns) }

// FindMsgQueue returns the System V message queue of an ID, as a struct msg_queue *; a null pointer if there is none.
//
// ns is a struct ipc_namespace *; a program stands for the initial one.
//
//drgn:helper find_sysv_msg_queue
func FindMsgQueue(ns drgn.Scope, id int64) drgn.Object { return messages.find(ns, id) }

// ForEachShm walks the System V shared memory segments in a namespace, each as a struct shmid_kernel *.
//
// ns is a struct ipc_namespace *; a program stands for the initial one.
//
//drgn:helper for_each_sysv_shm
func ForEachShm(ns drgn.Scope) iter.Seq2[drgn.Object, error] { return sharedMemory.forEach(ns) }

// FindShm returns the System V shared memory segment of an ID, as a struct shmid_kernel *; a null pointer if there is none.
//
// ns is a struct ipc_namespace *; a program stands for the initial one.
//
//drgn:helper find_sysv_shm
func FindShm(ns drgn.Scope, id int64) drgn.Object { return sharedMemory.find(ns, id) }

// ForEachSemArray walks the System V semaphore sets in a namespace, each as a struct sem_array *.
//
// ns is a struct ipc_namespace *; a program stands for the initial one.
//
//drgn:helper for_each_sysv_sem_array
func ForEachSemArray(ns drgn.Scope) iter.Seq2[drgn.Object, error] { return semaphores.forEach(ns) }

// FindSemArray returns the System V semaphore set of an ID, as a struct sem_array *; a null pointer if there is none.
//
// ns is a struct ipc_namespace *; a program stands for the initial one.
//
//drgn:helper find_sysv_sem_array
func FindSemArray(ns drgn.Scope, id int64) drgn.Object { return semaphores.find(ns, id) }

// shmFlags are the bits of the mode of shared memory that are no permissions (include/linux/shm.h).
var shmFlags = []flags.Flag{{Name: "SHM_DEST", Mask: 0o1000}, {Name: "SHM_LOCKED", Mask: 0o2000}}

// DecodeShmFlags returns the names of the flags of a System V shared memory segment: "SHM_LOCKED"; "0" for none.
//
// shm is a struct shmid_kernel *.
//
//drgn:helper decode_sysv_shm_flags
func DecodeShmFlags(shm drgn.Object) (string, error) {
	mode, err := shm.Member("shm_perm").Member("mode").Uint()
	return flags.Decode(mode&^0o777, shmFlags), err
}

// DecodeShmModeFlags returns the names of the flags in the mode of a System V shared memory segment; "0" for none.
//
//drgn:helper decode_sysv_shm_mode_flags(prog, value)
func DecodeShmModeFlags(_ *drgn.Program, mode uint64) string {
	return flags.Decode(mode&^0o777, shmFlags)
}
