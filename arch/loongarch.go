package arch

import "slices"

// LoongArch64 is 64-bit LoongArch. DWARF numbers: "LoongArch ELF psABI", register numbers.
var LoongArch64 = define(Arch{
	Name:         "LOONGARCH64",
	LongDouble:   113,
	Alignments:   [5]uint8{1, 2, 4, 8, 16},
	SignedChar:   true,
	DefaultFlags: Is64Bit | IsLittleEndian,
	Machines:     []uint16{258},
	Names:        Names{Uname: []string{"loongarch64"}, QEMU: "loongarch64", GOARCH: []string{"loong64"}},
	ORC:          ORCLoongArch, // since v6.9
	// "ELF for the LoongArch Architecture", "Relocation types".
	Relocations: Relocations{
		0: {}, 1: abs32, 2: abs64, 47: add8, 48: add16, 50: add32, 51: add64, 52: sub8, 53: sub16, 55: sub32, 56: sub64,
		99: pc32, 100: {}, // R_LARCH_RELAX
		107: {1, RelocateAddULEB}, 108: {1, RelocateSubULEB}, 109: pc64,
	},
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
	SignalFrames: loongarch64SignalFrames,
	TLS:          TLS{Pointer: []int{2}, Vector: -16},
	PrStatus:     loongarchUserRegs.at(prstatusRegs64),
	// There, csr_badvaddr, csr_crmd and csr_prmd follow, which users do not see: the last says where an exception came from (PPLV).
	PtRegs:        append(slices.Clone(loongarchUserRegs), Slot{loongarchPRMD, 36 * 8, 8}),
	UserMode:      Status{Register: loongarchPRMD, Mask: 3, Value: 3},
	InterruptsOff: Status{Register: loongarchPRMD, Mask: 1 << 2, Value: 0}, // PIE: what they were before the exception
})

const loongarchPRMD = 33

var loongarchUserRegs = words(0, 8, slices.Concat(run(0, 32), []int{-1, 32})...)
