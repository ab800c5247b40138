package arch

import "slices"

// RISCV64 is 64-bit RISC-V. DWARF numbers: "RISC-V ABIs Specification", DWARF register numbers.
var RISCV64 = define(riscv("RISCV64", Is64Bit|IsLittleEndian, 8, prstatusRegs64, Names{
	Uname: []string{"riscv64"}, QEMU: "riscv64", GOARCH: []string{"riscv64"},
	VMCOREINFO: "NUMBER(va_kernel_pa_offset)",
}))

// RISCV32 is 32-bit RISC-V.
var RISCV32 = define(riscv("RISCV32", IsLittleEndian, 4, prstatusRegs32, Names{
	Uname: []string{"riscv32"}, QEMU: "riscv32",
}))

func riscv(name string, flags Flags, word uint8, regs uint32, names Names) Arch {
	// struct user_regs_struct (arch/riscv/include/uapi/asm/ptrace.h) is pc and x1 to x31; struct pt_regs begins so.
	layout := words(0, word, riscvUserRegs...)
	var signals []SignalFrame
	var tls TLS
	if word == 8 {
		signals, tls = riscv64SignalFrames, TLS{Pointer: []int{4}, Vector: -16} // RISC-V ELF psABI, "Thread Local Storage"
	}
	// There, status follows, which users do not see: its SPP says where an exception came from.
	const status, spp = 33, 1 << 8
	return Arch{
		Name:         name,
		LongDouble:   113,
		Alignments:   [5]uint8{1, 2, 4, 8, 16},
		DefaultFlags: flags,
		Machines:     []uint16{243},
		Names:        names,
		Relocations:  riscvRelocations,
		Registers: slices.Concat([]Register{
			reg(0, SameValue, "zero", "x0"), reg(1, SameValue, "ra", "x1"), reg(2, CFA, "sp", "x2"),
			reg(3, SameValue, "gp", "x3"), reg(4, SameValue, "tp", "x4"), reg(5, Undefined, "t0", "x5"),
			reg(6, Undefined, "t1", "x6"), reg(7, Undefined, "t2", "x7"), reg(8, SameValue, "s0", "fp", "x8"),
			reg(9, SameValue, "s1", "x9"),
		}, aliased("a", 0, "x", 10, 10, 8, Undefined), aliased("s", 2, "x", 18, 18, 10, SameValue),
			aliased("t", 3, "x", 28, 28, 4, Undefined)),
		PC:            32,
		SP:            2,
		ReturnAddress: 1,
		FramePointer: FramePointer{Register: 8, Saved: -2 * int64(word), ReturnAddress: -int64(word), CFA: 0,
			HasCFA: true},
		UserMode:      Status{Register: status, Mask: spp, Value: 0},
		InterruptsOff: Status{Register: status, Mask: 1 << 5, Value: 0}, // SPIE: what they were before the exception
		PrStatus:      layout.at(regs),
		SignalFrames:  signals,
		TLS:           tls,
		PtRegs:        append(slices.Clone(layout), Slot{status, 32 * uint32(word), word}),
	}
}

// riscvUserRegs are pc and x1 to x31.
var riscvUserRegs = slices.Concat([]int{32}, run(1, 31))

// aliased is numbered with a second name for each register.
func aliased(prefix string, first int, alias string, firstAlias, dwarf, n int, initial InitialRule) []Register {
	regs := numbered(prefix, first, dwarf, n, initial)
	for i, r := range numbered(alias, firstAlias, dwarf, n, initial) {
		regs[i].Names = append(regs[i].Names, r.Names...)
	}
	return regs
}

// "RISC-V ABIs Specification", "Relocations".
var riscvRelocations = Relocations{
	0: {}, 1: abs32, 2: abs64, 33: add8, 34: add16, 35: add32, 36: add64, 37: sub8, 38: sub16, 39: sub32, 40: sub64,
	51: {}, // R_RISCV_RELAX
	52: {1, RelocateSub6}, 53: {1, RelocateSet6}, 54: abs8, 55: abs16, 56: abs32, 57: pc32,
	60: {1, RelocateSetULEB}, 61: {1, RelocateSubULEB},
}
