package attach_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/mem"
)

// TestZeros has a running kernel that gives zeros, as /proc/kcore does, where it maps nothing: they are faults, but zeros
// that are there are not.
func TestZeros(t *testing.T) {
	m := bundledMachine(t)
	core := open(t)
	var physical []mem.Segment
	for _, b := range m.blocks {
		physical = append(physical, mem.Segment{Min: b.Address, Max: b.Address + uint64(len(b.Data)) - 1, Physical: true, Read: func(buf []byte, _, off uint64, _ bool) error {
			copy(buf, b.Data[off:])
			return nil
		}})
	}
	var reads int
	everything := mem.Segment{Min: 0xffff800000000000, Max: ^uint64(0), Read: func(buf []byte, address, _ uint64, _ bool) error {
		reads++
		clear(buf)
		for i := range buf {
			// What the dump has there, or zeros.
			if v, err := core.ReadUint(address+uint64(i), 1, false); err == nil {
				buf[i] = byte(v)
			}
		}
		return nil
	}}
	// What another boot of the kernel said of itself is refused: its names would lie in an area that is mapped, but holds others.
	moved := bytes.Replace(m.vmcoreinfo, []byte("SYMBOL(init_uts_ns)=ffffffff"), []byte("SYMBOL(init_uts_ns)=fffffffe"), 1)
	var wrong *linux.WrongVMCOREINFOError
	if _, err := linux.Setup(drgn.New(core.Platform()), linux.Memory{Platform: core.Platform(), VMCOREINFO: moved, Physical: physical,
		Virtual: []mem.Segment{everything}, Live: true, Local: true}); !errors.As(err, &wrong) || bytes.Equal(moved, m.vmcoreinfo) {
		t.Error(err)
	}
	p := drgn.New(core.Platform())
	_, err := linux.Setup(p, linux.Memory{Platform: core.Platform(), VMCOREINFO: m.vmcoreinfo, Physical: physical, Virtual: []mem.Segment{everything}, Live: true, Local: true})
	if err != nil {
		t.Fatal(err)
	}
	if p.Flags() != drgn.IsLinuxKernel|drgn.IsLive|drgn.IsLocal {
		t.Error(p.Flags())
	}
	banner, err := core.Symbol("linux_banner")
	if err != nil {
		t.Fatal(err)
	}
	task, ok := core.Variable("init_task").Address()
	if !ok {
		t.Fatal("init_task is nowhere")
	}
	mm, ok := core.Variable("init_task").Member("mm").Address() // a null pointer
	if !ok {
		t.Fatal("init_task.mm is nowhere")
	}
	for _, test := range []struct {
		address, size uint64
		fault         uint64
	}{
		{banner.Address, 13, 0}, {task, 5000, 0}, {mm, 8, 0},
		{0xffff800000001000, 8, 0xffff800000001000}, {0xffffc90000000000 - 16, 8, 0xffffc90000000000 - 16},
		{0xfffffffffffff000, 8, 0xfffffffffffff000},
	} {
		reads = 0
		b, err := p.Read(test.address, test.size, false)
		var fault *mem.FaultError
		switch {
		case test.fault != 0:
			if !errors.As(err, &fault) || fault.Address != test.fault || fault.Message != "address is not mapped" {
				t.Errorf("%#x: %x, %v", test.address, b, err)
			}
		case err != nil:
			t.Errorf("%#x: %v", test.address, err)
		default:
			want, err := core.Read(test.address, test.size, false)
			if err != nil || string(want) != string(b) {
				t.Errorf("%#x: %x, want %x, %v", test.address, b, want, err)
			}
		}
		if reads == 0 {
			t.Errorf("%#x was not read where the kernel gives it", test.address)
		}
	}
	if b, err := p.Read(banner.Address, 13, false); err != nil || !strings.HasPrefix(string(b), "Linux version") {
		t.Errorf("%q, %v", b, err)
	}
}
