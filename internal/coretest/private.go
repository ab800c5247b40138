package coretest

import (
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
)

// Secrets are what the names of tasks of Private's program tell, and its host is called.
var Secrets = []string{"boxhost", "BOXHOST", "192.0.2.7", "fe80::1:2", "/home/joe", "5254001a2b3c"}

// Private opens the core anew, with a name for its host, and for tasks names that tell of it, of networks and of people. That of task 48 has
// a newline.
func Private(t testing.TB) *drgn.Program {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	write := func(o drgn.Object, text string) {
		at, ok := o.Address()
		size, err := o.Type().Size()
		if !ok || err != nil {
			t.Fatalf("%v, %v, %v", o.Err(), ok, err)
		}
		if err := p.Memory().Add(mem.BytesSegment(at, []byte(text+strings.Repeat("\x00", int(size)-len(text))), false)); err != nil {
			t.Fatal(err)
		}
	}
	write(p.Object("init_uts_ns").Member("name").Member("nodename"), "boxhost.example.org")
	for id, name := range map[uint64]string{41: "boxhost-cron", 42: "BOXHOST-x", 43: "sshd:192.0.2.7", 44: "fe80::1:2", 45: "/home/joe/x", 46: "5254001a2b3c", 48: "two\nlines"} {
		thread, err := p.Thread(id)
		if err != nil {
			t.Fatal(err)
		}
		write(thread.Object.Member("comm"), name)
	}
	return p
}
