package machine

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// lacking returns which answers a machine does not have.
func lacking(m *Machine) (all []string) {
	for what, lacks := range map[string]bool{
		"translator": m.NewTranslator == nil, "direct map": m.DirectMap == nil, "switched out": m.SwitchedOut == nil,
		"kernel address": m.IsKernelAddress == nil, "image": m.ImageToPhysical == nil, "fixed": m.Fixed == nil,
		"vmemmap":     m.Vmemmap == nil,
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
		arch.X86_64: nil, arch.I386: {"fixed"}, arch.AArch64: {"thread size"}, arch.ARM: {"fixed"}, arch.PPC64: {"thread size"},
		arch.RISCV64: {"fixed", "thread size"}, arch.RISCV32: everything, arch.S390X: nil, arch.S390: everything, arch.LoongArch64: {"thread size"},
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

// TestConformance holds every machine whose kernels can be read to what that takes, of the instruction set and of the kernel.
func TestConformance(t *testing.T) {
	for _, m := range all {
		a := m.Arch
		has := func(l arch.Layout, register int) bool {
			return slices.ContainsFunc(l, func(s arch.Slot) bool { return s.Register == register })
		}
		relocates := func(r arch.Relocation) bool {
			for _, other := range a.Relocations {
				if other == r {
					return true
				}
			}
			return false
		}
		word := uint8(4)
		if a.DefaultFlags&arch.Is64Bit != 0 {
			word = 8
		}
		for what, lacks := range map[string]bool{
			"place among the architectures": !slices.Contains(arch.All, a),
			"ELF machine":                   len(a.Machines) == 0,
			"name by uname":                 len(a.Names.Uname) == 0,
			"name by QEMU":                  a.Names.QEMU == "",
			"name by Go":                    len(a.Names.GOARCH) == 0,
			"registers":                     len(a.Registers) == 0 || a.PC < 0 || a.SP < 0 || a.ReturnAddress < 0,
			"alignments":                    slices.Contains(a.Alignments[:], 0),
			"PC and SP of NT_PRSTATUS":      !has(a.PrStatus, a.PC) || !has(a.PrStatus, a.SP),
			"PC and SP of struct pt_regs":   !has(a.PtRegs, a.PC) || !has(a.PtRegs, a.SP),
			"user mode":                     a.UserMode.Mask == 0,
			"relocation of pointers":        !relocates(arch.Relocation{Size: word, Op: arch.RelocateAbs}),
			"relocation of 32 bits":         !relocates(arch.Relocation{Size: 4, Op: arch.RelocateAbs}),
			"page sizes":                    len(m.PageSizes) == 0,
			"translator":                    m.NewTranslator == nil,
			"direct map":                    m.DirectMap == nil,
			"registers of tasks":            m.SwitchedOut == nil,
			"kernel addresses":              m.IsKernelAddress == nil,
			"addresses of the image":        m.ImageToPhysical == nil,
			"vmemmap":                       m.Vmemmap == nil,
			"start of tasks":                len(m.TaskStart) == 0,
			"way to unwind assembly":        a.ORC == arch.NoORC && m.Rows.All == nil,
		} {
			if lacks {
				t.Errorf("%s has no %s", a, what)
			}
		}
	}
}

// Kernels such as 6.1, whose VMCOREINFO does not say where vmemmap lies: in a variable where the kernel moves it, or else
// at a constant (Documentation/arch/x86/x86_64/mm.rst).
func TestX86Vmemmap(t *testing.T) {
	base := drgn.Symbol{Name: "vmemmap_base", Address: movedAt, Size: 8}
	populate := drgn.Symbol{Name: "vmemmap_populate", Address: 0xffffffff81001000, Size: 16}
	testBases(t, x86Vmemmap, map[string]baseCase{
		"moved":                            {[]drgn.Symbol{base, populate}, nil, moved},
		"four levels":                      {[]drgn.Symbol{populate}, nil, 0xffffea0000000000},
		"five levels":                      {[]drgn.Symbol{populate}, numbers{"pgtable_l5_enabled": 1}, 0xffd4000000000000},
		"without CONFIG_SPARSEMEM_VMEMMAP": {[]drgn.Symbol{base}, nil, 0},
		"without symbols":                  {nil, nil, 0},
	})
}

// TestX86DirectMap says where physical memory is mapped: a constant only in kernels that are known not to move it.
func TestX86DirectMap(t *testing.T) {
	base := drgn.Symbol{Name: "page_offset_base", Address: movedAt, Size: 8}
	task := drgn.Symbol{Name: "init_task", Address: 0xffffffff82002000, Size: 16}
	virtual := func(k Kernel, p *drgn.Program) (uint64, error) {
		m, err := x86DirectMap(k, p)
		return m.Virtual, err
	}
	testBases(t, virtual, map[string]baseCase{
		"moved":           {[]drgn.Symbol{base, task}, nil, moved},
		"four levels":     {[]drgn.Symbol{task}, nil, 0xffff888000000000},
		"five levels":     {[]drgn.Symbol{task}, numbers{"pgtable_l5_enabled": 1}, 0xff11000000000000},
		"without symbols": {nil, nil, 0},
	})
}

// A baseCase is a kernel that has symbols but no types; want is where its area begins, 0 if that can't be known.
type baseCase struct {
	symbols []drgn.Symbol
	info    numbers
	want    uint64
}

// The variable that says where a kernel has moved an area, and what it says.
const movedAt, moved = 0xffffffff82001000, 0xfffff5e2c0000000

func testBases(t *testing.T, find func(Kernel, *drgn.Program) (uint64, error), cases map[string]baseCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			platform, err := arch.NewPlatform(arch.X86_64)
			if err != nil {
				t.Fatal(err)
			}
			p := drgn.New(platform)
			if err := p.RegisterSymbolFinder("kallsyms", func(_ *drgn.Program, q drgn.SymbolQuery) (found []drgn.Symbol, _ error) {
				for _, s := range c.symbols {
					if q.HasName && s.Name == q.Name {
						found = append(found, s)
					}
				}
				return found, nil
			}, drgn.EnableFirst); err != nil {
				t.Fatal(err)
			}
			if err := p.Memory().Add(mem.Segment{Min: movedAt, Max: movedAt + 7, Read: func(buf []byte, _, offset uint64, _ bool) error {
				var b [8]byte
				binary.LittleEndian.PutUint64(b[:], moved)
				copy(buf, b[offset:])
				return nil
			}}); err != nil {
				t.Fatal(err)
			}
			got, err := find(Kernel{Platform: platform, Info: c.info, Physical: p.Memory()}, p)
			if c.want == 0 && !drgn.IsNotFound(err) || c.want != 0 && err != nil || got != c.want {
				t.Errorf("%#x, %v; want %#x", got, err, c.want)
			}
		})
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
func (noInfo) String(string) (string, bool)  { return "", false }
func (noInfo) Number(string) (uint64, error) { return 0, errors.New("no number") }
func (noInfo) Hex(string) (uint64, error)    { return 0, errors.New("no number") }

// numbers is VMCOREINFO with some numbers.
type numbers map[string]uint64

func (n numbers) String(string) (string, bool)  { return "", false }
func (n numbers) Symbol(string) (uint64, error) { return 0, errors.New("no symbol") }
func (n numbers) Hex(string) (uint64, error)    { return 0, errors.New("no number") }
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
