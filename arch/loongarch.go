package arch

import "slices"

// LoongArch64 is 64-bit LoongArch. DWARF numbers: "LoongArch ELF psABI", register numbers.
var LoongArch64 = define(Arch{
	Name:         "LOONGARCH64",
	Alignments:   [5]uint8{1, 2, 4, 8, 16},
	DefaultFlags: Is64Bit | IsLittleEndian,
	Machines:     []uint16{258},
	Registers: slices.Concat([]Register{
		reg(0, SameValue, "zero", "r0"), reg(1, SameValue, "ra", "r1"), reg(2, SameValue, "tp", "r2"),
		reg(3, CFA, "sp", "r3"),
	}, aliased("a", 0, "r", 4, 4, 8, Undefined), aliased("t", 0, "r", 12, 12, 9, Undefined), []Register{
		reg(21, SameValue, "r21"), reg(22, SameValue, "fp", "r22"),
	}, aliased("s", 0, "r", 23, 23, 9, SameValue)),
	PC:            32,
	SP:            3,
	ReturnAddress: 1,
	FramePointer:  FramePointer{Register: 22, Saved: -16, ReturnAddress: -8, CFA: 0, HasCFA: true},
	// struct user_pt_regs (arch/loongarch/include/uapi/asm/ptrace.h): regs[32], orig_a0, csr_era; struct pt_regs begins so.
	PrStatus: PrStatus{prstatusPID64, loongarchPtRegs.at(prstatusRegs64)},
	PtRegs:   loongarchPtRegs,
})

var loongarchPtRegs = words(0, 8, slices.Concat(run(0, 32), []int{-1, 32})...)
