package arch

import "slices"

// X86_64 is AMD64 and Intel 64. DWARF numbers: System V ABI AMD64, figure 3.36.
var X86_64 = define(Arch{
	Name:         "X86_64",
	LongDouble:   64,
	Alignments:   [5]uint8{1, 2, 4, 8, 16},
	SignedChar:   true,
	ORC:          ORCx86,
	DefaultFlags: Is64Bit | IsLittleEndian,
	Machines:     []uint16{62},
	Names:        Names{Uname: []string{"x86_64"}, QEMU: "x86_64", GOARCH: []string{"amd64"}},
	// System V ABI AMD64, "Relocation Types".
	Relocations: Relocations{
		0: {}, 1: abs64, 2: pc32, 4: pc32, 10: abs32, 11: abs32, 12: abs16, 13: pc16, 14: abs8, 15: pc8,
		17: abs64, 21: abs32, // R_X86_64_DTPOFF64, R_X86_64_DTPOFF32
		24: pc64,
	},
	Registers: []Register{
		reg(0, Undefined, "rax"), reg(1, Undefined, "rdx"), reg(2, Undefined, "rcx"), reg(3, SameValue, "rbx"),
		reg(4, Undefined, "rsi"), reg(5, Undefined, "rdi"), reg(6, SameValue, "rbp"), reg(7, CFA, "rsp"),
		reg(8, Undefined, "r8"), reg(9, Undefined, "r9"), reg(10, Undefined, "r10"), reg(11, Undefined, "r11"),
		reg(12, SameValue, "r12"), reg(13, SameValue, "r13"), reg(14, SameValue, "r14"), reg(15, SameValue, "r15"),
		reg(16, Undefined, "rip"), reg(49, Undefined, "rflags"),
		reg(50, Undefined, "es"), reg(51, Undefined, "cs"), reg(52, Undefined, "ss"), reg(53, Undefined, "ds"),
		reg(54, Undefined, "fs"), reg(55, Undefined, "gs"),
		reg(58, Undefined, "fs.base"), reg(59, Undefined, "gs.base"),
	},
	PC:            16,
	SP:            7,
	ReturnAddress: 16,
	FramePointer:  FramePointer{Register: 6, Saved: 0, ReturnAddress: 8, CFA: 16, HasCFA: true},
	SignalFrames:  x86_64SignalFrames,
	UserMode:      Status{Register: 19, Mask: 3, Value: 3},      // privilege level in cs
	InterruptsOff: Status{Register: 17, Mask: 1 << 9, Value: 0}, // IF (Intel SDM volume 1, 3.4.3.3)
	// struct user_regs_struct (arch/x86/include/asm/user_64.h): struct pt_regs and six more words.
	TLS:      TLS{Pointer: []int{24}, Below: true, Vector: 8}, // fs.base
	PrStatus: words(prstatusRegs64, 8, slices.Concat(x86_64PtRegs, []int{24, 25, 21, 18, 22, 23})...),
	PtRegs:   selectors16(words(0, 8, x86_64PtRegs...), 19, 20),
})

// struct pt_regs (arch/x86/include/asm/ptrace.h): r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs
// flags sp ss.
var x86_64PtRegs = []int{15, 14, 13, 12, 6, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5, -1, 16, 19, 17, 7, 20}

// selectors16 narrows segment selectors to their 16 bits. On processors with FRED the rest of their words in struct
// pt_regs holds event data (struct fred_cs and fred_ss, since v6.9).
func selectors16(l Layout, selectors ...int) Layout {
	for i := range l {
		if slices.Contains(selectors, l[i].Register) {
			l[i].Size = 2
		}
	}
	return l
}

// I386 is 32-bit x86. DWARF numbers: System V ABI Intel386, table 2.14.
var I386 = define(Arch{
	Name:         "I386",
	LongDouble:   64,
	Alignments:   [5]uint8{1, 2, 4, 4, 16},
	SignedChar:   true,
	DefaultFlags: IsLittleEndian,
	Machines:     []uint16{3},
	Names:        Names{Uname: []string{"i386", "i486", "i586", "i686"}, QEMU: "i386", GOARCH: []string{"386"}},
	// System V ABI Intel386, "Relocation Types".
	Relocations: Relocations{
		0: {}, 1: abs32, 2: pc32, 20: abs16, 21: pc16, 22: abs8, 23: pc8, 32: abs32, // R_386_TLS_LDO_32
	},
	Registers: []Register{
		reg(0, Undefined, "eax"), reg(1, Undefined, "ecx"), reg(2, Undefined, "edx"), reg(3, SameValue, "ebx"),
		reg(4, CFA, "esp"), reg(5, SameValue, "ebp"), reg(6, SameValue, "esi"), reg(7, SameValue, "edi"),
		reg(8, Undefined, "eip"), reg(9, Undefined, "eflags"),
	},
	PC:            8,
	SP:            4,
	ReturnAddress: 8,
	FramePointer:  FramePointer{Register: 5, Saved: 0, ReturnAddress: 4, CFA: 8, HasCFA: true},
	UserMode:      Status{Register: i386CS, Mask: 3, Value: 3}, // privilege level in cs, which is not among the registers that users see
	InterruptsOff: Status{Register: 9, Mask: 1 << 9, Value: 0},
	// struct user_regs_struct (user_32.h): bx cx dx si di bp ax ds es fs gs orig_ax ip cs flags sp ss.
	PrStatus: words(prstatusRegs32, 4, 3, 1, 2, 6, 7, 5, 0, -1, -1, -1, i386GS, -1, 8, i386CS, 9, 4, -1),
	PtRegs:   words(0, 4, 3, 1, 2, 6, 7, 5, 0, -1, -1, -1, -1, -1, 8, i386CS, 9, 4, -1),
	TLS:      TLS{Pointer: []int{i386GSBase}, Note: 0x200, Selector: i386GS, Below: true, Vector: 4}, // NT_386_TLS
})

// Numbers of registers that users do not see.
const (
	i386CS     = 10
	i386GS     = 11
	i386GSBase = 12
)
