package arch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// TestConformance checks what must be true of every architecture.
func TestConformance(t *testing.T) {
	for _, a := range append(slices.Clone(All), Unknown) {
		t.Run(a.Name, func(t *testing.T) {
			if ByName(a.Name) != a {
				t.Error("ByName does not find it")
			}
			if a.Slots() > MaxRegisters {
				t.Errorf("%d slots, MaxRegisters is %d", a.Slots(), MaxRegisters)
			}
			seen := map[string]bool{}
			cfa := 0
			for i, r := range a.Registers {
				for _, name := range r.Names {
					if seen[name] {
						t.Errorf("two registers %q", name)
					}
					seen[name] = true
					if n, ok := a.Register(name); !ok || n != i {
						t.Errorf("Register(%q) = %d, %t; want %d", name, n, ok, i)
					}
				}
				if r.DWARF >= 0 {
					if n, ok := a.FromDWARF(uint64(r.DWARF)); !ok || n != i {
						t.Errorf("FromDWARF(%d) = %d, %t; want %d", r.DWARF, n, ok, i)
					}
				}
				if r.Initial == CFA {
					cfa++
					if i != a.SP {
						t.Errorf("%s is not the stack pointer", r.Names[0])
					}
				}
			}
			if cfa > 1 {
				t.Error("more than one register is the CFA")
			}
			if _, ok := a.FromDWARF(1 << 63); ok {
				t.Error("FromDWARF(2^63) found something")
			}
			if a == Unknown {
				return
			}
			for _, m := range a.Machines {
				class, data := byte(1), byte(2)
				if a.DefaultFlags&Is64Bit != 0 {
					class = 2
				}
				if a.DefaultFlags&IsLittleEndian != 0 {
					data = 1
				}
				if p := PlatformOf(m, class, data); p != (Platform{a, a.DefaultFlags}) {
					t.Errorf("PlatformOf(%d, %d, %d) = %v", m, class, data, p)
				}
			}
			layouts := map[string]Layout{"NT_PRSTATUS": a.PrStatus, "pt_regs": a.PtRegs}
			for _, s := range a.SignalFrames {
				layouts[fmt.Sprintf("signal frame of %#x", s.Code)] = s.Saved
				if s.Size < 8 && s.Code>>(8*s.Size) != 0 {
					t.Errorf("code %#x has more than %d bytes", s.Code, s.Size)
				}
			}
			for what, l := range layouts {
				set := map[int]bool{}
				for _, s := range l {
					if s.Register < 0 || s.Register >= a.Slots() || set[s.Register] {
						t.Errorf("%s: register %d is unknown or there twice", what, s.Register)
					}
					set[s.Register] = true
				}
				if !set[a.PC] || !set[a.SP] {
					t.Errorf("%s: no pc or no sp", what)
				}
			}
		})
	}
}

func TestPlatform(t *testing.T) {
	if p := Host(); !p.Known() || p != Host() {
		t.Errorf("Host() = %v", p)
	}
	if _, err := NewPlatform(Unknown); !errors.Is(err, ErrNoDefaultFlags) {
		t.Errorf("NewPlatform(Unknown): %v", err)
	}
	p, err := NewPlatform(S390X)
	if err != nil || p.IsLittleEndian() || !p.Is64Bit() || p.String() != "S390X (IS_64_BIT)" {
		t.Errorf("NewPlatform(S390X) = %v, %v", p, err)
	}
	if p := PlatformOf(243, 1, 1); p.Arch != RISCV32 {
		t.Errorf("32-bit RISC-V: %v", p)
	}
	if p := PlatformOf(62, 1, 1); p.Arch != X86_64 || p.Is64Bit() || p.AddressSize() != 4 {
		t.Errorf("x32: %v", p)
	}
	if p := PlatformOf(3, 2, 1); p != (Platform{I386, IsLittleEndian}) { // QEMU's dumps of guests with memory above 4 GiB
		t.Errorf("i386 in a file of class 64: %v", p)
	}
	if p := PlatformOf(0x1234, 2, 2); p != (Platform{Unknown, Is64Bit}) {
		t.Errorf("unknown machine: %v", p)
	}
}

func TestLayouts(t *testing.T) {
	sizes := []struct {
		arch             *Arch
		prstatus, ptRegs int
	}{
		// Ends of the last register, from the kernel's headers.
		{X86_64, 112 + 27*8, 21*8 - 6}, {AArch64, 112 + 34*8, 34 * 8}, {PPC64, 112 + 37*8, 37 * 8},
		{RISCV64, 112 + 32*8, 33 * 8}, {S390X, 112 + 18*8 + 64, 19 * 8}, {ARM, 72 + 17*4, 17 * 4},
		{I386, 72 + 16*4, 16 * 4}, {LoongArch64, 112 + 34*8, 37 * 8},
	}
	for _, s := range sizes {
		if n := s.arch.PrStatus.Size(); n != s.prstatus {
			t.Errorf("%s: prstatus ends at %d, want %d", s.arch, n, s.prstatus)
		}
		if n := s.arch.PtRegs.Size(); n != s.ptRegs {
			t.Errorf("%s: pt_regs ends at %d, want %d", s.arch, n, s.ptRegs)
		}
	}
}

func TestParsePrStatus(t *testing.T) {
	p, err := NewPlatform(X86_64)
	if err != nil {
		t.Fatal(err)
	}
	desc := make([]byte, 336)
	binary.LittleEndian.PutUint32(desc[32:], 1234)
	for i := range 27 {
		binary.LittleEndian.PutUint64(desc[112+8*i:], uint64(i+1))
	}
	var regs Registers
	pid, err := p.ParsePrStatus(desc, &regs)
	if err != nil || pid != 1234 {
		t.Fatalf("pid %d, %v", pid, err)
	}
	want := map[string]uint64{"r15": 1, "rbp": 5, "rbx": 6, "rax": 11, "rdi": 15, "rip": 17, "cs": 18, "rflags": 19,
		"rsp": 20, "ss": 21, "fs.base": 22, "gs.base": 23, "ds": 24, "es": 25, "fs": 26, "gs": 27}
	for name, v := range want {
		n, _ := X86_64.Register(name)
		if got, ok := regs.Get(n); !ok || got != v {
			t.Errorf("%s = %d, %t; want %d", name, got, ok, v)
		}
	}
	if regs.Len() != len(X86_64.Registers) {
		t.Errorf("%d registers known", regs.Len())
	}
	var short *ShortError
	if _, err := p.ParsePrStatus(desc[:300], &regs); !errors.As(err, &short) || short.Have != 300 {
		t.Errorf("truncated note: %v", err)
	}
	var unsupported *UnsupportedError
	if _, err := (Platform{}).ParsePrStatus(desc, &regs); !errors.As(err, &unsupported) {
		t.Errorf("no platform: %v", err)
	}
}

func TestLayoutOf(t *testing.T) {
	p, err := NewPlatform(X86_64)
	if err != nil {
		t.Fatal(err)
	}
	l, err := p.LayoutOf(map[string]uint64{"rbx": 8, "pc": 16})
	if err != nil {
		t.Fatal(err)
	}
	var regs Registers
	data := make([]byte, 24)
	data[8], data[16] = 3, 4
	if err := regs.Load(p, l, data); err != nil {
		t.Fatal(err)
	}
	rbx, _ := regs.Get(3)
	pc, _ := regs.Get(X86_64.PC)
	if rbx != 3 || pc != 4 {
		t.Errorf("rbx %d, pc %d", rbx, pc)
	}
	if _, err := p.LayoutOf(map[string]uint64{"x7": 8}); err == nil {
		t.Error("a register of another architecture was taken")
	}
}

func TestUserMode(t *testing.T) {
	for _, test := range []struct {
		arch        *Arch
		register    string
		value       uint64
		user, known bool
	}{
		{X86_64, "cs", 0x33, true, true}, {X86_64, "cs", 0x10, false, true}, {X86_64, "ss", 0x2b, false, false},
		{AArch64, "pstate", 0x60000000, true, true}, {AArch64, "pstate", 0x600000c5, false, true},
		{ARM, "cpsr", 0x60000010, true, true}, {ARM, "cpsr", 0x60000013, false, true},
		{S390X, "pswm", 0x0705000180000000, true, true}, {S390X, "pswm", 0x0704000180000000, false, true},
		{RISCV64, "sp", 0, false, false}, {PPC64, "r1", 0, false, false},
	} {
		var regs Registers
		n, ok := test.arch.Register(test.register)
		if !ok {
			t.Fatal(test.register)
		}
		regs.Set(n, test.value)
		if user, known := test.arch.UserMode.Of(&regs); user != test.user || known != test.known {
			t.Errorf("%s, %s = %#x: %t, %t", test.arch, test.register, test.value, user, known)
		}
	}
}

func TestInterruptsOff(t *testing.T) {
	for _, test := range []struct {
		arch       *Arch
		register   int
		value      uint64
		off, known bool
	}{
		{X86_64, 17, 0x46, true, true}, {X86_64, 17, 0x246, false, true}, {X86_64, 16, 0x246, false, false},
		{I386, 9, 0x46, true, true}, {I386, 9, 0x246, false, true},
		{AArch64, 32, 0x600000c5, true, true}, {AArch64, 32, 0x60000005, false, true},
		{ARM, 16, 0x60000093, true, true}, {ARM, 16, 0x60000013, false, true},
		{S390X, 32, 0x0404c00180000000, true, true}, {S390X, 32, 0x0704c00180000000, false, true},
		{S390, 32, 0x040c0000, true, true}, {S390, 32, 0x070c0000, false, true},
		{RISCV64, 33, 0x100, true, true}, {RISCV64, 33, 0x120, false, true},
		{LoongArch64, loongarchPRMD, 0, true, true}, {LoongArch64, loongarchPRMD, 4, false, true},
		{PPC64, ppc64MSR, 0, false, false}, // it says "soft disabled" elsewhere
	} {
		var regs Registers
		regs.Set(test.register, test.value)
		if off, known := test.arch.InterruptsOff.Of(&regs); off != test.off || known != test.known {
			t.Errorf("%s, register %d = %#x: %t, %t", test.arch, test.register, test.value, off, known)
		}
	}
}

func TestStripPAC(t *testing.T) {
	const mask = 0x007f_0000_0000_0000
	if got := StripPAC(0xffa5_8000_1234_5678, mask); got != 0xffff_8000_1234_5678 {
		t.Errorf("kernel address: %#x", got)
	}
	if got := StripPAC(0x0035_0000_1234_5678, mask); got != 0x0000_0000_1234_5678 {
		t.Errorf("user address: %#x", got)
	}
	if got := StripPAC(0xdead, 0); got != 0xdead {
		t.Errorf("no mask: %#x", got)
	}
}

func FuzzParsePrStatus(f *testing.F) {
	f.Add(uint16(62), byte(2), byte(1), make([]byte, 336))
	f.Add(uint16(183), byte(2), byte(1), make([]byte, 392))
	f.Fuzz(func(t *testing.T, machine uint16, class, data byte, desc []byte) {
		var regs Registers
		p := PlatformOf(machine, class, data)
		if _, err := p.ParsePrStatus(desc, &regs); err != nil && regs.Known() != 0 {
			t.Error("an error and registers")
		}
	})
}
