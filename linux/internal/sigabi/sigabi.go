// Package sigabi is what machines differ in about signals (include/uapi/asm-generic/signal*.h and each machine's signal.h).
package sigabi

import "github.com/godrgn/drgn/internal/flags"

// A Signal is the name of a signal and its number.
type Signal struct {
	Name   string
	Number uint64
}

// RTMin is the kernel's first real-time signal.
const RTMin = 32

// Standard are the signals below the real-time ones on the machines whose kernels can be read; the preferred name of a number
// comes first.
var Standard = []Signal{
	{"SIGHUP", 1}, {"SIGINT", 2}, {"SIGQUIT", 3}, {"SIGILL", 4}, {"SIGTRAP", 5}, {"SIGABRT", 6}, {"SIGIOT", 6}, {"SIGBUS", 7},
	{"SIGFPE", 8}, {"SIGKILL", 9}, {"SIGUSR1", 10}, {"SIGSEGV", 11}, {"SIGUSR2", 12}, {"SIGPIPE", 13}, {"SIGALRM", 14},
	{"SIGTERM", 15}, {"SIGSTKFLT", 16}, {"SIGCHLD", 17}, {"SIGCLD", 17}, {"SIGCONT", 18}, {"SIGSTOP", 19}, {"SIGTSTP", 20},
	{"SIGTTIN", 21}, {"SIGTTOU", 22}, {"SIGURG", 23}, {"SIGXCPU", 24}, {"SIGXFSZ", 25}, {"SIGVTALRM", 26}, {"SIGPROF", 27},
	{"SIGWINCH", 28}, {"SIGIO", 29}, {"SIGPOLL", 29}, {"SIGPWR", 30}, {"SIGSYS", 31}, {"SIGUNUSED", 31},
}

// Later returns the names that a machine has for its real-time signals, besides those that all machines have.
func Later(arch string) []Signal {
	if arch == "ARM" {
		return []Signal{{"SIGSWI", 32}}
	}
	return nil
}

// ActionFlags are the flags of a signal's action on a machine, from the lowest bit on; the preferred name of a bit comes first.
func ActionFlags(arch string) []flags.Flag {
	out := []flags.Flag{
		{Name: "SA_NOCLDSTOP", Mask: 1}, {Name: "SA_NOCLDWAIT", Mask: 2}, {Name: "SA_SIGINFO", Mask: 4},
		{Name: "SA_UNSUPPORTED", Mask: 0x400}, {Name: "SA_EXPOSE_TAGBITS", Mask: 0x800}, {Name: "SA_IMMUTABLE", Mask: 0x800000},
	}
	restorer := flags.Flag{Name: "SA_RESTORER", Mask: 0x04000000}
	switch arch {
	case "X86_64", "I386":
		out = append(out, flags.Flag{Name: "SA_X32_ABI", Mask: 0x01000000}, flags.Flag{Name: "SA_IA32_ABI", Mask: 0x02000000}, restorer)
	case "ARM":
		out = append(out, flags.Flag{Name: "SA_THIRTYTWO", Mask: 0x02000000}, restorer)
	case "AARCH64", "S390", "S390X", "PPC64":
		out = append(out, restorer)
	}
	return append(out,
		flags.Flag{Name: "SA_ONSTACK", Mask: 0x08000000}, flags.Flag{Name: "SA_STACK", Mask: 0x08000000},
		flags.Flag{Name: "SA_RESTART", Mask: 0x10000000},
		flags.Flag{Name: "SA_NODEFER", Mask: 0x40000000}, flags.Flag{Name: "SA_NOMASK", Mask: 0x40000000},
		flags.Flag{Name: "SA_RESETHAND", Mask: 0x80000000}, flags.Flag{Name: "SA_ONESHOT", Mask: 0x80000000})
}
