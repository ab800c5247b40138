package arch

import (
	"slices"
	"strconv"
)

// AArch64 is 64-bit Arm. DWARF numbers: "DWARF for the Arm 64-bit Architecture", section 4.1.
var AArch64 = define(Arch{
	Name:         "AARCH64",
	LongDouble:   113,
	Alignments:   [5]uint8{1, 2, 4, 8, 16},
	DefaultFlags: Is64Bit | IsLittleEndian,
	Machines:     []uint16{183},
	Names: Names{Uname: []string{"aarch64"}, QEMU: "aarch64", GOARCH: []string{"arm64"},
		VMCOREINFO: "NUMBER(kimage_voffset)"}, // since v4.12
	// "ELF for the Arm 64-bit Architecture", "Static Data relocations"; 256 is the withdrawn R_AARCH64_NONE.
	Relocations: Relocations{0: {}, 256: {}, 257: abs64, 258: abs32, 259: abs16, 260: pc64, 261: pc32, 262: pc16},
	PAC:         PAC{Note: 0x406, VMCOREINFO: "NUMBER(KERNELPACMASK)"}, // NT_ARM_PAC_MASK
	Registers: slices.Concat(numbered("x", 0, 0, 19, Undefined), numbered("x", 19, 19, 10, SameValue), []Register{
		reg(29, SameValue, "x29", "fp"), reg(30, SameValue, "x30", "lr"), reg(31, CFA, "sp"), reg(-1, Undefined, "pstate"),
	}),
	PC:            33,
	SP:            31,
	ReturnAddress: 30,
	// "Procedure Call Standard for the Arm 64-bit Architecture", section 6.4.6; where the frame record lies in its
	// frame is not determined.
	FramePointer: FramePointer{Register: 29, Saved: 0, ReturnAddress: 8},
	UserMode:     Status{Register: 32, Mask: 0xf, Value: 0}, // PSTATE.M is EL0t
	// PSTATE.I. A kernel with pseudo-NMIs uses priorities of the interrupt controller instead.
	InterruptsOff: Status{Register: 32, Mask: 1 << 7, Value: 1 << 7},
	// struct user_pt_regs (arch/arm64/include/uapi/asm/ptrace.h), with which struct pt_regs begins.
	PrStatus:     aarch64PtRegs.at(prstatusRegs64),
	SignalFrames: aarch64SignalFrames,
	InjectedCall: 16,
	PtRegs:       aarch64PtRegs,
	TLS:          TLS{Pointer: []int{34}, Note: 0x401, Reserved: 16}, // NT_ARM_TLS: TPIDR_EL0, which is not among the registers that users see
})

var aarch64PtRegs = words(0, 8, slices.Concat(run(0, 32), []int{33, 32})...)

// ARM is 32-bit Arm. DWARF numbers: "DWARF for the Arm Architecture", section 4.1.
var ARM = define(Arch{
	Name:         "ARM",
	LongDouble:   53,
	Alignments:   [5]uint8{1, 2, 4, 8, 8},
	DefaultFlags: IsLittleEndian,
	Machines:     []uint16{40},
	Names:        Names{Uname: []string{"arm"}, QEMU: "arm", GOARCH: []string{"arm"}},
	// "ELF for the Arm Architecture", "Relocation codes".
	Relocations: Relocations{0: {}, 2: abs32, 3: pc32, 5: abs16, 8: abs8},
	// The names of arguments and variables are those of the "Procedure Call Standard for the Arm Architecture", section 6.1.1.
	Registers: slices.Concat(numbered("r", 0, 0, 4, Undefined, "a1", "a2", "a3", "a4"), numbered("r", 4, 4, 5, SameValue, "v1", "v2", "v3", "v4", "v5"), []Register{
		reg(9, SameValue, "r9", "v6", "sb"), reg(10, SameValue, "r10", "v7", "sl"), reg(11, SameValue, "r11", "v8", "fp"), reg(12, Undefined, "r12", "ip"), reg(13, CFA, "r13", "sp"),
		reg(14, SameValue, "r14", "lr"), reg(15, Undefined, "r15", "pc"), reg(-1, Undefined, "cpsr"),
	}),
	PC:            15,
	SP:            13,
	ReturnAddress: 14,
	FramePointer:  noFramePointer,                                    // compilers differ
	UserMode:      Status{Register: 16, Mask: 0x1f, Value: 0x10},     // CPSR.M is User
	InterruptsOff: Status{Register: 16, Mask: 1 << 7, Value: 1 << 7}, // CPSR.I
	CodeBits:      1,                                                 // the code there is Thumb
	PrStatus:      armPtRegs.at(prstatusRegs32),
	PtRegs:        armPtRegs,
	SignalFrames:  armSignalFrames,
})

var armPtRegs = words(0, 4, run(0, 17)...)

// numbered describes n registers named prefix and a number from first on, with DWARF numbers from dwarf on; also are second
// names of as many of them.
func numbered(prefix string, first, dwarf, n int, initial InitialRule, also ...string) []Register {
	regs := make([]Register, n)
	for i := range regs {
		regs[i] = reg(dwarf+i, initial, prefix+strconv.Itoa(first+i))
		if i < len(also) {
			regs[i].Names = append(regs[i].Names, also[i])
		}
	}
	return regs
}
