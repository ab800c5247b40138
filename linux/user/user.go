// Package user finds what the kernel counts for each user (include/linux/sched/user.h).
package user

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
)

// maxBuckets bounds the size of the hash table of users.
const maxBuckets = 1 << 16

// KuidVal returns the number of a user.
//
// uid is a kuid_t, or the number itself.
//
//drgn:helper kuid_val(uid: Union[Object, IntegerLike])
func KuidVal(uid any) (uint64, error) {
	switch uid := uid.(type) {
	case drgn.Object:
		if uid.HasMember("val") {
			return uid.Member("val").Uint()
		}
		return uid.Uint()
	case uint64:
		return uid, nil
	}
	return 0, &drgn.TypeError{Problem: fmt.Sprintf("uid must be a kuid_t or an integer, not %T", uid)}
}

// ForEach walks the users that the kernel knows, each as a struct user_struct *.
//
//drgn:helper for_each_user
func ForEach(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		table := p.Variable("uidhash_table")
		n, err := table.Len()
		if err == nil && n > maxBuckets {
			err = fmt.Errorf("hash table of %d users is not understood", n)
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for i := range n {
			for user, err := range list.HlistForEachEntry("struct user_struct", table.Index(int64(i)).AddressOf(), "uidhash_node") {
				if !yield(user, err) || err != nil {
					return
				}
			}
		}
	}
}

// Find returns the user of a number, as a struct user_struct *; a null pointer if the kernel knows of none.
//
// uid is a kuid_t, or the number itself.
//
//drgn:helper find_user(prog, uid: Union[Object, IntegerLike])
func Find(p *drgn.Program, uid any) drgn.Object {
	want, err := KuidVal(uid)
	if err != nil {
		return drgn.Failed(err)
	}
	for user, err := range ForEach(p) {
		if err != nil {
			return drgn.Failed(err)
		}
		if have, err := KuidVal(user.Member("uid")); err != nil {
			return drgn.Failed(err)
		} else if have == want {
			return user
		}
	}
	return drgn.Null(p, "struct user_struct")
}
