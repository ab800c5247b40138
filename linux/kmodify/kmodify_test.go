package kmodify

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/coretest"
)

// Only the kernel that runs can be changed.
func Example() {
	fmt.Println(WriteMemory(coretest.Program(), 0xffffffff81000000, []byte("x")))
	// Output: kmodify is only available for the running kernel
}

// TestRefused checks that nothing is changed but the running kernel, on machines that code is made for.
func TestRefused(t *testing.T) {
	var value *drgn.ValueError
	p := coretest.Program()
	for what, err := range map[string]error{
		"memory": WriteMemory(p, 0, []byte("x")), "nothing": WriteMemory(p, 0, nil), "a bit": WriteBit(p, 0, 0, true), "another": Available(drgn.New(p.Platform())),
	} {
		if !errors.As(err, &value) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Run(p, nil, nil); !errors.As(err, &value) {
		t.Error(err)
	}
	for _, flags := range []drgn.Flags{drgn.IsLinuxKernel | drgn.IsLive, drgn.IsLive | drgn.IsLocal, drgn.IsLinuxKernel} {
		q := drgn.New(p.Platform())
		if err := q.Setup(drgn.Setup{Flags: flags}); err != nil {
			t.Fatal(err)
		}
		if err := Available(q); !errors.As(err, &value) {
			t.Errorf("%v: %v", flags, err)
		}
	}
	other, err := arch.NewPlatform(arch.AArch64)
	if err != nil {
		t.Fatal(err)
	}
	q := drgn.New(other)
	if err := q.Setup(drgn.Setup{Flags: drgn.IsLinuxKernel | drgn.IsLive | drgn.IsLocal}); err != nil {
		t.Fatal(err)
	}
	if err := Available(q); !errors.As(err, new(*drgn.UnsupportedError)) {
		t.Error(err)
	}
}
