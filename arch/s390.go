package arch

import "slices"

// S390X is z/Architecture. DWARF numbers: "ELF ABI s390x Supplement", table 1.15.
var S390X = define(s390("S390X", Is64Bit, 8, prstatusRegs64, Names{
	Uname: []string{"s390x"}, QEMU: "s390x", GOARCH: []string{"s390x"},
}))

// S390 is 31-bit ESA/390.
var S390 = define(s390("S390", 0, 4, prstatusRegs32, Names{Uname: []string{"s390"}}))

func s390(name string, flags Flags, word uint8, regs uint32, names Names) Arch {
	// s390_regs (arch/s390/include/uapi/asm/ptrace.h): psw, gprs[16], acrs[16] (32 bits each), orig_gpr2.
	problem := uint64(1) << 48 // PSW bit 15, the problem state
	// "ELF ABI s390x Supplement", section 1.2.2: the register save area, of 160 (96) bytes, lies above the stack pointer. The kernel is
	// compiled with -mbackchain -mpacked-stack, which use the last word of it.
	chain := BackChain{Saved: 152, ReturnAddress: 136, CFA: 160}
	if word == 4 {
		problem = 1 << 16
		chain = BackChain{Saved: 92, ReturnAddress: 84, CFA: 96}
	}
	var signals []SignalFrame
	var tls TLS
	if word == 8 {
		signals, tls = s390xSignalFrames, TLS{Pointer: []int{16, 17}, Below: true, Vector: 8} // a0 and a1
	}
	return Arch{
		Name:         name,
		LongDouble:   113,
		Declets:      true,
		Alignments:   [5]uint8{1, 2, 4, 8, 8},
		DefaultFlags: flags,
		Machines:     []uint16{22},
		Names:        names,
		Relocations:  s390Relocations,
		Registers: slices.Concat(
			numbered("r", 0, 0, 6, Undefined), numbered("r", 6, 6, 9, SameValue), []Register{reg(15, CFA, "r15")},
			numbered("a", 0, 48, 16, Undefined),
			[]Register{reg(64, Undefined, "pswm"), reg(65, Undefined, "pswa")}),
		PC:            33,
		SP:            15,
		ReturnAddress: 14,
		FramePointer:  noFramePointer,
		BackChain:     chain,
		UserMode:      Status{Register: 32, Mask: problem, Value: problem},
		InterruptsOff: Status{Register: 32, Mask: 3 * problem << 8, Value: 0}, // neither those of devices nor external ones, as timers'
		PrStatus: slices.Concat(words(regs, word, s390General...),
			words(regs+18*uint32(word), 4, run(16, 16)...)),
		// struct pt_regs (arch/s390/include/asm/ptrace.h): args[1], psw, gprs[16].
		PtRegs:       words(uint32(word), word, s390General...),
		SignalFrames: signals,
		TLS:          tls,
	}
}

// s390General are psw and gprs[16].
var s390General = slices.Concat([]int{32, 33}, run(0, 16))

// "ELF ABI s390x Supplement", "Relocation types".
var s390Relocations = Relocations{
	0: {}, 1: abs8, 3: abs16, 4: abs32, 5: pc32, 16: pc16, 22: abs64, 23: pc64,
	52: abs32, 53: abs64, // R_390_TLS_LDO32, R_390_TLS_LDO64
}
