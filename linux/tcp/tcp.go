// Package tcp looks at the kernel's TCP sockets (include/net/tcp_states.h).
package tcp

import "github.com/godrgn/drgn"

// State returns the state of a TCP socket as a value of the enumeration that TCP_ESTABLISHED is of.
//
// sk is a struct sock *.
//
//drgn:helper sk_tcpstate
func State(sk drgn.Object) drgn.Object {
	state := sk.Member("__sk_common").Member("skc_state")
	if err := state.Err(); err != nil {
		return state
	}
	like := sk.Prog().Constant("TCP_ESTABLISHED")
	if err := like.Err(); err != nil {
		return like
	}
	return state.Cast(like.Type())
}
