package arch

import "slices"

// PPC64 is 64-bit Power. DWARF numbers: "OpenPOWER ELF V2 ABI", section 2.4.
var PPC64 = define(Arch{
	Name:         "PPC64",
	Declets:      true,
	Alignments:   [5]uint8{1, 2, 4, 8, 16},
	DefaultFlags: Is64Bit | IsLittleEndian,
	Machines:     []uint16{21},
	// Guests may be of either byte order; nearly all are little-endian.
	Names: Names{Uname: []string{"ppc64"}, Little: []string{"ppc64le"}, Big: []string{"ppc64"}, QEMU: "ppc64",
		GOARCH: []string{"ppc64", "ppc64le"}, VMCOREINFO: "SYMBOL(mmu_psize_defs)"},
	// "OpenPOWER ELF V2 ABI", "Relocation Types".
	Relocations: Relocations{0: {}, 1: abs32, 26: pc32, 38: abs64, 44: pc64, 78: abs64}, // 78: R_PPC64_DTPREL64
	Registers: slices.Concat(
		numbered("r", 0, 0, 1, Undefined), []Register{reg(1, CFA, "r1")}, numbered("r", 2, 2, 12, Undefined),
		numbered("r", 14, 14, 18, SameValue), []Register{reg(65, SameValue, "lr")},
		numbered("cr", 0, 68, 2, Undefined), numbered("cr", 2, 70, 3, SameValue), numbered("cr", 5, 73, 3, Undefined)),
	PC:            41,
	SP:            1,
	ReturnAddress: 32,
	FramePointer:  noFramePointer,
	// "OpenPOWER ELF V2 ABI", section 2.2.3: the caller's stack pointer is the first doubleword of a frame, the link register of what
	// the function has called the third. The mark and the place of the registers are those of arch/powerpc/include/asm/ptrace.h: of
	// kernels of that ABI since v6.2, and of those before it or of the first ABI.
	BackChain: BackChain{ReturnAddress: 16, Own: true, Interruptions: []Interruption{
		{Mark: 32, Values: ppc64RegsMarks, PtRegs: 48}, {Mark: 96, Values: ppc64RegsMarks, PtRegs: 112},
	}},
	// MSR's PR, the problem state.
	UserMode:    Status{Register: ppc64MSR, Mask: 1 << 14, Value: 1 << 14},
	KernelStart: 0xc << 60, // PAGE_OFFSET
	// struct pt_regs (arch/powerpc/include/uapi/asm/ptrace.h): gpr[32] nip msr orig_gpr3 ctr link …
	PrStatus:     ppc64PtRegs.at(prstatusRegs64),
	PtRegs:       ppc64PtRegs,
	SignalFrames: ppc64SignalFrames,
	// "OpenPOWER ELF V2 ABI", section 3.7.2: r13 points 0x7000 bytes behind the end of what lies before the blocks, a word of which is
	// the vector's address.
	TLS: TLS{Pointer: []int{13}, Start: -0x7000, Vector: -0x7008},
})

// The number of the machine state register, which users do not see.
const ppc64MSR = 42

var ppc64PtRegs = words(0, 8, slices.Concat(run(0, 32), []int{41, ppc64MSR, -1, -1, 32})...)

// ppc64RegsMarks are "REGS" as a word of either byte order, since v6.2, and "regshere" before it.
var ppc64RegsMarks = []uint64{0x53474552, 0x52454753, 0x7265677368657265}

// 32-bit Power has no name in drgn's Architecture enumeration, but its object files can be read. Relocations: "System V ABI
// PowerPC Processor Supplement", "Relocation".
const ppc32Machine = 20

var ppc32Relocations = Relocations{0: {}, 1: abs32, 26: pc32, 78: abs32} // 78: R_PPC_DTPREL32
