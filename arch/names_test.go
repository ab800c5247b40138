package arch

import (
	"maps"
	"slices"
	"testing"
)

// lacking returns which facts an architecture does not have. Those that some instruction sets really are without (ORC,
// pointer authentication, a status register that tells user mode) count as lacking, too: whoever adds an architecture
// decides it here.
func lacking(a *Arch) []string {
	has := map[string]bool{
		"e_machine": len(a.Machines) > 0, "uname": len(a.Names.Uname) > 0, "QEMU": a.Names.QEMU != "",
		"GOARCH": len(a.Names.GOARCH) > 0, "VMCOREINFO": a.Names.VMCOREINFO != "", "relocations": len(a.Relocations) > 0,
		"alignments": a.Alignments[3] != 0, "prstatus": len(a.PrStatus) > 0, "pt_regs": len(a.PtRegs) > 0,
		"stack pointer": a.SP >= 0, "return address": a.ReturnAddress >= 0, "frame pointer": a.FramePointer.Register >= 0,
		"user mode": a.UserMode.Mask != 0, "ORC": a.ORC != NoORC, "PAC": a.PAC != (PAC{}),
	}
	return slices.Sorted(maps.Keys(maps.Collect(func(yield func(string, bool) bool) {
		for what, ok := range has {
			if !ok && !yield(what, ok) {
				return
			}
		}
	})))
}

func TestLacking(t *testing.T) {
	want := map[*Arch][]string{
		X86_64:      {"PAC", "VMCOREINFO"},
		I386:        {"ORC", "PAC", "VMCOREINFO"},
		AArch64:     {"ORC"},
		ARM:         {"ORC", "PAC", "VMCOREINFO", "frame pointer"},
		PPC64:       {"ORC", "PAC", "frame pointer"},
		RISCV64:     {"ORC", "PAC"},
		RISCV32:     {"GOARCH", "ORC", "PAC", "VMCOREINFO"},
		S390X:       {"ORC", "PAC", "VMCOREINFO", "frame pointer"},
		S390:        {"GOARCH", "ORC", "PAC", "QEMU", "VMCOREINFO", "frame pointer"},
		LoongArch64: {"PAC", "VMCOREINFO"},
	}
	for _, a := range All {
		if got := lacking(a); !slices.Equal(got, want[a]) {
			t.Errorf("%s lacks %q, want %q", a, got, want[a])
		}
	}
}

// Nobody's name for an architecture may mean two.
func TestNamesAreUnique(t *testing.T) {
	seen := map[string]*Arch{}
	for _, a := range All {
		names := []string{"name " + a.Name, "QEMU " + a.Names.QEMU, "VMCOREINFO " + a.Names.VMCOREINFO}
		for _, n := range a.Names.Uname {
			names = append(names, "uname "+n)
		}
		for _, n := range a.Names.GOARCH {
			names = append(names, "GOARCH "+n)
		}
		for _, n := range names {
			if before := seen[n]; before != nil && n != "QEMU " && n != "VMCOREINFO " {
				t.Errorf("%s is %s and %s", n, before, a)
			}
			seen[n] = a
		}
	}
}

func TestByName(t *testing.T) {
	// What uname -m says under kernels of each kind.
	for machine, want := range map[string]*Arch{
		"x86_64": X86_64, "i386": I386, "i686": I386, "aarch64": AArch64, "armv7l": ARM, "armv5tejl": ARM, "ppc64": PPC64,
		"ppc64le": PPC64, "riscv64": RISCV64, "riscv32": RISCV32, "s390x": S390X, "s390": S390, "loongarch64": LoongArch64,
		"ppc": nil, "mips64": nil, "sparc64": nil, "ia64": nil, "alpha": nil, "loongarch32": nil, "": nil,
	} {
		if a := ByUname(machine); a != want {
			t.Errorf("ByUname(%q) = %v, want %v", machine, a, want)
		}
	}
	if a := ByQEMU("loongarch64"); a != LoongArch64 {
		t.Errorf("ByQEMU: %v", a)
	}
	if a := ByQEMU(""); a != nil {
		t.Errorf("QEMU calls no architecture by no name: %v", a)
	}
	if a := ByVMCOREINFO(func(key string) bool { return key == "NUMBER(va_kernel_pa_offset)" }); a != RISCV64 {
		t.Errorf("ByVMCOREINFO: %v", a)
	}
	if a := ByVMCOREINFO(func(key string) bool { return key == "" }); a != nil {
		t.Errorf("ByVMCOREINFO without any key: %v", a)
	}
}

func TestRelocationsOf(t *testing.T) {
	for _, a := range All {
		for _, m := range a.Machines {
			if r := RelocationsOf(m); r == nil || r[0] != (Relocation{}) {
				t.Errorf("%s: relocation 0 of machine %d does something, or there are none", a, m)
			}
		}
		for typ, r := range a.Relocations {
			if r.Size > 8 || r.Size&(r.Size-1) != 0 || r.Op > RelocateSubULEB || r.Op >= RelocateSet6 && r.Size != 1 {
				t.Errorf("%s: relocation %d is %+v", a, typ, r)
			}
		}
	}
	if r := RelocationsOf(20)[26]; r != (Relocation{4, RelocatePC}) { // R_PPC_REL32
		t.Errorf("32-bit Power: %+v", r)
	}
	if r := RelocationsOf(0); r != nil {
		t.Errorf("EM_NONE: %v", r)
	}
}

func TestPrStatusPID(t *testing.T) {
	for _, test := range []struct {
		platform Platform
		want     int32
	}{
		{Platform{S390X, Is64Bit}, 0x01020304}, {Platform{X86_64, Is64Bit | IsLittleEndian}, 0x04030201},
		{Platform{Unknown, IsLittleEndian}, 0x0d0c0b0a},
	} {
		desc := make([]byte, 36)
		copy(desc[32:], []byte{1, 2, 3, 4})
		copy(desc[24:], []byte{10, 11, 12, 13})
		if pid, err := test.platform.PrStatusPID(desc); err != nil || pid != test.want {
			t.Errorf("%v: %#x, %v; want %#x", test.platform, pid, err, test.want)
		}
		if _, err := test.platform.PrStatusPID(desc[:27]); err == nil {
			t.Errorf("%v: a truncated note was taken", test.platform)
		}
	}
}

func TestUint(t *testing.T) {
	little, big := Platform{X86_64, Is64Bit | IsLittleEndian}, Platform{S390X, Is64Bit}
	for _, test := range []struct {
		bytes       []byte
		little, big uint64
	}{
		{nil, 0, 0}, {[]byte{1}, 1, 1}, {[]byte{1, 2}, 0x201, 0x102}, {[]byte{1, 2, 3}, 0x30201, 0x10203},
		{[]byte{1, 2, 3, 4}, 0x4030201, 0x1020304}, {[]byte{1, 2, 3, 4, 5, 6, 7, 8}, 0x807060504030201, 0x102030405060708},
	} {
		for p, want := range map[Platform]uint64{little: test.little, big: test.big} {
			if got := p.Uint(test.bytes); got != want {
				t.Errorf("%v, %x: %#x, want %#x", p, test.bytes, got, want)
			}
			b := make([]byte, len(test.bytes))
			if p.PutUint(b, want); !slices.Equal(b, test.bytes) {
				t.Errorf("%v, %#x: %x, want %x", p, want, b, test.bytes)
			}
		}
	}
}

// What uname(2) says tells the byte order of some machines, whatever the dump's headers say.
func TestWithByteOrderOf(t *testing.T) {
	for name, want := range map[string]Flags{
		"ppc64": Is64Bit, "ppc64le": Is64Bit | IsLittleEndian, "aarch64": Is64Bit, "": Is64Bit,
	} {
		if p := (Platform{PPC64, Is64Bit}).WithByteOrderOf(name); p != (Platform{PPC64, want}) {
			t.Errorf("%q: %v", name, p)
		}
	}
	if p := (Platform{PPC64, Is64Bit | IsLittleEndian}).WithByteOrderOf("ppc64"); p.IsLittleEndian() {
		t.Errorf("big-endian: %v", p)
	}
	if p := (Platform{X86_64, Is64Bit | IsLittleEndian}).WithByteOrderOf("ppc64"); !p.IsLittleEndian() {
		t.Errorf("another machine: %v", p)
	}
	if p := (Platform{}).WithByteOrderOf("ppc64le"); p.Known() {
		t.Errorf("not known: %v", p)
	}
}
