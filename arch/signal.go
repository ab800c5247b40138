package arch

import "slices"

// A SignalFrame is what the kernel puts on the stack of a process before it calls the handler of a signal, where the handler returns to code
// of the kernel's or the C library's that has no call frame information, or none that debuggers could use: it calls sigreturn, and no more.
type SignalFrame struct {
	// Code are that code's instructions: an integer of Size bytes, in the byte order that machines have by default.
	Code uint64
	Size int
	// Saved is where the registers of what was interrupted lie, from the stack pointer that the handler returns with.
	Saved Layout
}

// The offsets are those of struct rt_sigframe and struct sigframe (arch/*/kernel/signal.c) with what is in them: struct siginfo, of 128
// bytes, and struct ucontext, whose last member but for Arm's is aligned to 16 bytes (arch/*/include/uapi/asm/ucontext.h).
var (
	x86_64SignalFrames = []SignalFrame{
		{0x0f_0000000f_c0c748, 8, words(40, 8, 8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16, 17)}, // mov $15, %rax; syscall: Go's
	}
	aarch64SignalFrames = []SignalFrame{
		{0xd4000001_d2801168, 8, aarch64PtRegs.at(312)}, // mov x8, #139; svc #0
	}
	riscv64SignalFrames = []SignalFrame{
		{0x00000073_08b00893, 8, words(304, 8, riscvUserRegs...)}, // li a7, 139; ecall
	}
	loongarch64SignalFrames = []SignalFrame{
		{0x002b0000_03822c0b, 8, words(304, 8, slices.Concat([]int{32}, run(0, 32))...)}, // li.w $a7, 139; syscall 0
	}
	s390xSignalFrames = []SignalFrame{
		{0x0a77, 2, words(176, 8, s390General...)}, // svc 119
		{0x0aad, 2, words(336, 8, s390General...)}, // svc 173
	}
	// Of either byte order.
	ppc64SignalFrames = []SignalFrame{
		{0x380000ac_38210080, 8, ppc64PtRegs.at(360)}, // addi r1, r1, 128; li r0, 172
		{0x38210080_380000ac, 8, ppc64PtRegs.at(360)},
	}
	// In the instruction set of 4 bytes, with the numbers of both ABIs, and that of 2.
	armSignalFrames = []SignalFrame{
		{0xef900077_e3a07077, 8, armPtRegs.at(32)}, // mov r7, #119; svc #0x900077
		{0xef000000_e3a07077, 8, armPtRegs.at(32)},
		{0xdf00_2777, 4, armPtRegs.at(32)},          // movs r7, #119; svc #0
		{0xef9000ad_e3a070ad, 8, armPtRegs.at(160)}, // mov r7, #173; svc #0x9000ad
		{0xef000000_e3a070ad, 8, armPtRegs.at(160)},
		{0xdf00_27ad, 4, armPtRegs.at(160)}, // movs r7, #173; svc #0
	}
)
