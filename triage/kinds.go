package triage

import (
	"regexp"
	"strings"

	"github.com/godrgn/drgn/linux/printk"
)

// A kind is a way in which kernels come down.
type kind struct {
	name string
	what string // as a sentence begins
	said *regexp.Regexp

	called bool // what is no code was called
}

// kinds are told by the line in which the kernel says why it came down; the first that matches counts. The texts are those of
// kernel/panic.c, arch/*/mm/fault.c, arch/x86/kernel/traps.c and those named.
var kinds = []kind{
	{name: "sysrq", what: "Somebody asked for the crash, by magic SysRq", said: regexp.MustCompile(`(?i)sysrq.*trigger`)},                                                                                       // drivers/tty/sysrq.c
	{name: "oom", what: "Memory ran out, and the kernel was told to panic then", said: regexp.MustCompile(`(?i)out of memory|deadlocked on memory`)},                                                            // mm/oom_kill.c
	{name: "hung-task", what: "A task waited for too long without a way to be interrupted", said: regexp.MustCompile(`hung_task: blocked tasks`)},                                                               // kernel/hung_task.c
	{name: "soft-lockup", what: "A CPU ran in the kernel for too long without scheduling", said: regexp.MustCompile(`softlockup: hung tasks|soft lockup`)},                                                      // kernel/watchdog.c
	{name: "hard-lockup", what: "A CPU ran for too long with interrupts off", said: regexp.MustCompile(`(?i)hard lockup`)},                                                                                      // kernel/watchdog.c
	{name: "rcu-stall", what: "RCU waited for too long for a CPU or task", said: regexp.MustCompile(`RCU Stall`)},                                                                                               // kernel/rcu/tree_stall.h
	{name: "machine-check", what: "The hardware reported an error", said: regexp.MustCompile(`(?i)machine check|hardware error`)},                                                                               // arch/x86/kernel/cpu/mce
	{name: "nmi", what: "An interrupt that can't be masked came in, and nobody knew from where", said: regexp.MustCompile(`NMI: Not continuing|NMI.*(not continuing|unrecovered|IOCK)|nmi_panic|NMI watchdog`)}, // arch/x86/kernel/nmi.c
	{name: "init-died", what: "The first process ended", said: regexp.MustCompile(`Attempted to kill init`)},                                                                                                    // kernel/exit.c
	{name: "no-root", what: "The root file system could not be mounted", said: regexp.MustCompile(`Unable to mount root|No working init`)},                                                                      // init/do_mounts.c
	{name: "panic-on-warn", what: "A warning was logged, and the kernel was told to panic then", said: regexp.MustCompile(`panic_on_warn`)},
	{name: "stack-overflow", what: "The kernel's stack overflowed", said: regexp.MustCompile(`(?i)stack guard page|kernel stack overflow|stack-protector: Kernel stack is corrupted`)},
	{name: "double-fault", what: "An exception could not be handled: a double fault", said: regexp.MustCompile(`(?i)double fault`)},
	{name: "null-pointer", what: "A NULL pointer was followed", said: regexp.MustCompile(`(?i)NULL pointer dereference`)},
	{name: "bad-pointer", what: "A bad pointer was followed", said: regexp.MustCompile(`(?i)unable to handle|paging request|page fault`)},
	{name: "general-protection", what: "A wild pointer was followed, or an instruction was not allowed: a general protection fault", said: regexp.MustCompile(`general protection`)},
	{name: "bug", what: "The kernel found itself in a state that cannot be: a BUG", said: regexp.MustCompile(`kernel BUG at|invalid opcode|Oops - BUG`)},
	{name: "divide", what: "A number was divided by zero", said: regexp.MustCompile(`divide error`)},
	{name: "corruption", what: "A structure of the kernel is damaged", said: regexp.MustCompile(`(?i)corrupt`)},
	{name: "panic", what: "The kernel panicked", said: regexp.MustCompile(`Kernel panic`)},
	{name: "oops", what: "The kernel met an exception that it can't handle", said: regexp.MustCompile(`.`)},
}

// kindOf returns the kind of a crash that a message tells of.
func kindOf(message string) kind {
	for _, k := range kinds {
		if k.said.MatchString(message) {
			return k
		}
	}
	return kinds[len(kinds)-1]
}

// An access is what an instruction was about to do with memory.
type access string

// accessIn returns what the kernel says of the access for which it logged a message, "" where it does not say (show_fault_oops in
// arch/x86/mm/fault.c).
func accessIn(records []printk.Record, message string) access {
	said := access("")
	near := 0
	for _, r := range records {
		text := string(r.Text)
		if text == message {
			said, near = "", 4
		}
		if near--; near >= 0 && strings.HasPrefix(text, "#PF: supervisor ") {
			what, _, _ := strings.Cut(strings.TrimPrefix(text, "#PF: supervisor "), " in ")
			said = access(what)
		}
	}
	return said
}

// withAccess returns the kind with what is known of the access.
func (k kind) withAccess(a access) kind {
	if k.name != "null-pointer" && k.name != "bad-pointer" {
		return k
	}
	pointer := strings.TrimSuffix(k.what, " was followed")
	switch a {
	case "instruction fetch":
		k.what, k.called = pointer+", which is no code, was called", true
	case "write access":
		k.what = pointer + " was written through"
	case "read access":
		k.what = pointer + " was read through"
	}
	return k
}

// isException reports whether an instruction brought the kernel down: the innermost frame then is where the fault is.
func (k kind) isException() bool {
	switch k.name {
	case "stack-overflow", "double-fault", "null-pointer", "bad-pointer", "general-protection", "bug", "divide", "oops":
		return true
	}
	return false
}

// stopping are the functions by which the kernel stops, which tell nothing of why: kernel/panic.c, kernel/crash_core.c, arch/*/kernel.
var stopping = map[string]bool{
	"panic": true, "vpanic": true, "nmi_panic": true, "crash_kexec": true, "__crash_kexec": true, "crash_setup_regs": true, "machine_kexec": true,
	"oops_end": true, "oops_begin": true, "die": true, "__die": true, "die_addr": true, "machine_crash_shutdown": true, "dump_stack": true,
	"native_machine_crash_shutdown": true, "crash_save_cpu": true, "crash_get_cpu": true, "panic_other_cpus_shutdown": true,
}

// taints are the meanings of the letters that taint a kernel (Documentation/admin-guide/tainted-kernels.rst).
var taints = map[rune]string{
	'P': "a proprietary module was loaded", 'F': "a module was loaded by force", 'S': "the system is out of specification",
	'R': "a module was unloaded by force", 'M': "the hardware reported an error (machine check)", 'B': "a page was found in a bad state",
	'U': "a user asked for it", 'D': "the kernel had an oops or BUG", 'A': "an ACPI table was replaced", 'W': "the kernel logged a warning",
	'C': "a staging driver was loaded", 'I': "it works around a bug of the firmware", 'O': "a module from outside of the kernel was loaded",
	'E': "an unsigned module was loaded", 'L': "a CPU was stuck before (soft lockup)", 'K': "the kernel was patched while it ran",
	'X': "the distribution says so", 'T': "structures are laid out at random", 'N': "a test was run", 'J': "a mutating fwctl operation was used",
}
