package tcp_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/tcp"
	"github.com/godrgn/drgn/mem"
)

func TestState(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct sock_common { u16 skc_family; u8 skc_state; };
			struct sock { struct sock_common __sk_common; };
			enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_LISTEN = 10 };`)
		sk := w.Alloc("struct sock")
		for state, want := range map[uint64]string{1: "(enum <anonymous>)TCP_ESTABLISHED", 2: "(enum <anonymous>)TCP_SYN_SENT", 10: "(enum <anonymous>)TCP_LISTEN", 77: "(enum <anonymous>)77"} {
			sk.Set("__sk_common.skc_state", state)
			o := tcp.State(sk.Ptr())
			worldtest.CheckPtr(t, "state", o, state)
			if got := o.String(); got != want {
				t.Errorf("state %d is printed as %s; want %s", state, got, want)
			}
		}
		var fault *mem.FaultError
		if err := tcp.State(w.VarAt("struct sock", worldtest.Dangling).Ptr()).Err(); !errors.As(err, &fault) {
			t.Errorf("state of a dangling socket: %v", err)
		}
		if err := tcp.State(drgn.Failed(fault)).Err(); err == nil {
			t.Error("state of a failed object: no error")
		}
	})
}
