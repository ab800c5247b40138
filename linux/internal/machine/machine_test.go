package machine

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

// lacking returns which answers a machine does not have.
func lacking(m *Machine) (all []string) {
	for what, lacks := range map[string]bool{
		"translator": m.NewTranslator == nil, "direct map": m.DirectMap == nil, "switched out": m.SwitchedOut == nil,
		"kernel address": m.IsKernelAddress == nil, "image": m.ImageToPhysical == nil, "fixed": m.Fixed == nil,
		"thread size": m.ThreadSize == 0,
	} {
		if lacks {
			all = append(all, what)
		}
	}
	slices.Sort(all)
	return all
}

// TestLacking says what is not known of the kernel on each architecture. The first four answers are needed; "everything"
// stands for architectures whose kernels can't be read.
func TestLacking(t *testing.T) {
	everything := []string{"everything"}
	want := map[*arch.Arch][]string{
		arch.X86_64: nil, arch.I386: everything, arch.AArch64: everything, arch.ARM: everything, arch.PPC64: everything,
		arch.RISCV64: everything, arch.RISCV32: everything, arch.S390X: everything, arch.S390: everything, arch.LoongArch64: everything,
	}
	for _, a := range arch.All {
		got := everything
		if m := For(a); m != nil {
			got = lacking(m)
		}
		if !slices.Equal(got, want[a]) {
			t.Errorf("%s lacks %q, want %q", a, got, want[a])
		}
	}
	for _, m := range all {
		if m.NewTranslator == nil || m.DirectMap == nil || m.SwitchedOut == nil || m.IsKernelAddress == nil {
			t.Errorf("%s does not answer what is needed", m.Arch)
		}
	}
}

// Nothing is said of a kernel of which nothing is known.
func TestUnknown(t *testing.T) {
	m := Unknown(arch.Platform{Arch: arch.S390X, Flags: arch.Is64Bit})
	if _, err := m.NewTranslator(Kernel{}); err == nil {
		t.Error("it has page tables")
	}
	if _, err := m.DirectMap(Kernel{}, nil); !drgn.IsNotFound(err) {
		t.Errorf("direct map: %v", err)
	}
	if _, err := m.SwitchedOut(drgn.Object{}); err == nil {
		t.Error("it has registers")
	}
	if !m.IsKernelAddress(0x1000) { // on s390x it is
		t.Error("it has no kernel below 2^63")
	}
}

func TestX86IsKernelAddress(t *testing.T) {
	for address, want := range map[uint64]bool{
		0: false, 0x7fff_ffff_f000: false, 0xffff_8880_0000_0000: true, 0xff11_0000_0000_0000: true, 0xffff_ffff_8100_0000: true,
	} {
		if got := x86_64.IsKernelAddress(address); got != want {
			t.Errorf("%#x: %t", address, got)
		}
	}
}

// noInfo is VMCOREINFO without a line.
type noInfo struct{}

func (noInfo) Symbol(string) (uint64, error) { return 0, errors.New("no symbol") }
func (noInfo) Number(string) (uint64, error) { return 0, errors.New("no number") }

// numbers is VMCOREINFO with some numbers.
type numbers map[string]uint64

func (n numbers) Symbol(string) (uint64, error) { return 0, errors.New("no symbol") }
func (n numbers) Number(name string) (uint64, error) {
	if v, ok := n[name]; ok {
		return v, nil
	}
	return 0, errors.New("no number")
}

// TestPhysBase says where x86's phys_base comes from: VMCOREINFO, then the sub-header of a kdump file, then the program header
// of the kernel's image; those of other memory say nothing.
func TestPhysBase(t *testing.T) {
	base := uint64(0x1e000000)
	direct := Mapped{Virtual: 0xffff888000001000, Physical: 0x1000, Size: 0x9f000}
	modules := Mapped{Virtual: 0xffffffffc0000000, Physical: 0x5000, Size: 0x1000}
	image := Mapped{Virtual: 0xffffffff9f000000, Physical: 0x3d000000, Size: 0x2a00000}
	for _, c := range []struct {
		name   string
		kernel Kernel
		want   uint64
		ok     bool
	}{
		{"VMCOREINFO", Kernel{Info: numbers{"phys_base": 0x200000}, PhysBase: &base, Mapped: []Mapped{image}}, 0x200000, true},
		{"sub-header", Kernel{Info: noInfo{}, PhysBase: &base, Mapped: []Mapped{image}}, base, true},
		{"program header", Kernel{Info: noInfo{}, Mapped: []Mapped{direct, modules, image}}, base, true},
		{"nothing", Kernel{Info: noInfo{}, Mapped: []Mapped{direct, modules, {Virtual: image.Virtual}}}, 0, false},
	} {
		if got, err := x86PhysBase(c.kernel); got != c.want || (err == nil) != c.ok {
			t.Errorf("%s: %#x, %v; want %#x", c.name, got, err, c.want)
		}
	}
}
