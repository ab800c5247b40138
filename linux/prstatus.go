package linux

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/sched"
)

// An NT_PRSTATUS note does not say which CPU's registers it has. A crashing kernel writes one for each CPU that it could
// stop, in the order of the CPUs' numbers: CPUs that are offline or did not answer are missing, without a gap. It says
// the PID of the task that the CPU ran (crash_save_cpu in kernel/crash_core.c). A hypervisor writes one for each virtual CPU.

// cpuNotes are the registers of a dump's CPUs.
type cpuNotes struct {
	registers map[uint64]*arch.Registers // by number of the CPU
	unknown   int                        // notes of which nothing tells whose they are
}

// of returns the registers of a CPU, or an error that says why there are none.
func (n *cpuNotes) of(cpu uint64) (*arch.Registers, error) {
	if regs := n.registers[cpu]; regs != nil {
		return regs, nil
	}
	const problem = "cannot unwind stack of running task: "
	if n.unknown > 0 {
		return nil, &drgn.ValueError{Problem: fmt.Sprintf(problem+"nothing tells which of %d registers are those of CPU %d", n.unknown, cpu)}
	}
	return nil, &drgn.ValueError{Problem: fmt.Sprintf(problem+"there are no registers of CPU %d", cpu)}
}

// readPrStatus gives the saved registers to CPUs. Wrong registers would be worse than none: those of which nothing tells
// whose they are are not used.
func (k *Kernel) readPrStatus(notes [][]byte, kind Notes) (*cpuNotes, error) {
	platform := k.prog.Platform()
	if kind.Order != nil {
		platform.Flags = arch.FlagsOf(platform.Is64Bit(), kind.Order == binary.BigEndian)
	}
	registers, pids := make([]*arch.Registers, len(notes)), make([]int32, len(notes))
	for i, desc := range notes {
		registers[i] = &arch.Registers{}
		var err error
		if pids[i], err = platform.ParsePrStatus(desc, registers[i]); err != nil {
			return nil, err
		}
		k.tellMode(registers[i])
	}
	places := k.placeNotes(notes, pids, kind.Hypervisor)
	found := &cpuNotes{registers: map[uint64]*arch.Registers{}}
	for i, cpu := range places {
		if cpu == nowhere {
			found.unknown++
		} else {
			found.registers[uint64(cpu)] = registers[i]
		}
	}
	return found, nil
}

// nowhere is the CPU of a note that may be any CPU's.
const nowhere = -1

// placeNotes returns the number of each note's CPU, or nowhere.
func (k *Kernel) placeNotes(notes [][]byte, pids []int32, hypervisor bool) []int {
	if hypervisor {
		places := make([]int, len(pids))
		for i, pid := range pids {
			places[i] = int(pid) - 1 // QEMU (cpu_index in include/hw/core/cpu.h): numbers from 1
			if pid < 1 || slices.Contains(pids[:i], pid) {
				places[i] = nowhere
			}
		}
		return places
	}
	possible := k.currentTasks(cpumask.PossibleMask(k.prog))
	if places := k.placeByCrashNotes(notes, possible); places != nil {
		return places
	}
	// The kernel saves the registers of CPUs that are online.
	if online := k.currentTasks(cpumask.OnlineMask(k.prog)); len(online) == len(pids) {
		if places := placeByPID(pids, online); !slices.Contains(places, nowhere) {
			return places
		}
	}
	// QEMU writes no PIDs of Power, whose CPUs are those that are present; a kernel's are all 0 only where all CPUs are idle.
	if present := k.currentTasks(cpumask.PresentMask(k.prog)); len(present) == len(pids) && !slices.ContainsFunc(pids, func(pid int32) bool { return pid != 0 }) {
		places := make([]int, len(pids))
		for i, t := range present {
			places[i] = t.cpu
		}
		return places
	}
	places := placeByPID(pids, possible)
	if !slices.ContainsFunc(places, func(cpu int) bool { return cpu != nowhere }) && numbered(pids) {
		for i := range places {
			places[i] = i // by a hypervisor that has left no other trace
		}
	}
	return places
}

// numbered reports whether PIDs are 1, 2, 3, …: those that QEMU writes, of s390x in the byte order of the machine that it runs on.
func numbered(pids []int32) bool {
	for i, pid := range pids {
		if int(pid) != i+1 && bits.ReverseBytes32(uint32(pid)) != uint32(i+1) {
			return false
		}
	}
	return true
}

// A cpuTask says which task runs on a CPU.
type cpuTask struct {
	cpu int
	pid int32
}

// currentTasks returns which tasks the run queues say run on the CPUs of a mask, in the order of the CPUs' numbers. CPUs of
// which that can't be read are left out: no note is theirs.
func (k *Kernel) currentTasks(mask drgn.Object) []cpuTask {
	var all []cpuTask
	cpus := cpumask.ForEachCPU(mask)
	if mask.Err() != nil { // a kernel for one CPU
		cpus = func(yield func(uint64, error) bool) { yield(0, nil) }
	}
	for cpu, err := range cpus {
		if err != nil {
			break
		}
		if pid, err := sched.CPUCurr(k.prog, cpu).Member("pid").Int(); err == nil {
			all = append(all, cpuTask{int(cpu), int32(pid)})
		}
	}
	return all
}

// placeByPID places notes, which are in the order of the CPUs' numbers, on CPUs that run the tasks of their PIDs. Idle tasks
// all have PID 0: a note that has a place on several CPUs is nowhere. If there is no way to place all of them, all are nowhere.
func placeByPID(pids []int32, cpus []cpuTask) []int {
	places := make([]int, len(pids))
	first := 0 // leftmost places; all others lie between these and the rightmost ones
	for i, pid := range pids {
		places[i] = nowhere
		for first < len(cpus) && cpus[first].pid != pid {
			first++
		}
		if first == len(cpus) {
			for j := range places {
				places[j] = nowhere
			}
			return places
		}
		places[i] = cpus[first].cpu
		first++
	}
	last := len(cpus) - 1
	for i, pid := range slices.Backward(pids) {
		for cpus[last].pid != pid { // ends: there is a place
			last--
		}
		if cpus[last].cpu != places[i] {
			places[i] = nowhere
		}
		last--
	}
	return places
}

// placeByCrashNotes finds the CPU in whose buffer (the per-CPU variable that crash_notes points to) the kernel wrote each
// note before it went into the dump. It returns nil if there is a note that none has: one that something else wrote.
func (k *Kernel) placeByCrashNotes(notes [][]byte, cpus []cpuTask) []int {
	buffers := k.prog.Variable("crash_notes") // note_buf_t __percpu *
	if len(notes) == 0 || buffers.Err() != nil {
		return nil
	}
	places := make([]int, len(notes))
	for i := range places {
		places[i] = nowhere
	}
	for _, c := range cpus {
		// struct elf_note is three numbers of 32 bits, the name "CORE" and its padding, and the contents.
		const header = 12 + 8
		at, err := percpu.PerCPUPtr(buffers, uint64(c.cpu)).Uint()
		if err != nil {
			continue
		}
		b, err := k.prog.Read(at, header, false)
		if err != nil || string(b[12:17]) != "CORE\x00" {
			continue
		}
		size := k.prog.Platform().ByteOrder().Uint32(b[4:])
		i := slices.IndexFunc(notes, func(n []byte) bool { return uint32(len(n)) == size })
		if i < 0 {
			continue
		}
		desc, err := k.prog.Read(at+header, uint64(size), false)
		if err != nil {
			continue
		}
		for i := range notes {
			if !bytes.Equal(notes[i], desc) {
				continue
			}
			if places[i] != nowhere { // two CPUs can't have the same registers
				return nil
			}
			places[i] = c.cpu
		}
	}
	if slices.Contains(places, nowhere) {
		return nil
	}
	return places
}

// stoppedAt returns the CPU that was stopped at a program counter; ok is false unless it is one and no other.
func (k *Kernel) stoppedAt(pc uint64) (cpu uint64, ok bool) {
	if k.cpus == nil {
		return 0, false
	}
	cpus, err := k.cpus()
	if err != nil || cpus.unknown > 0 {
		return 0, false
	}
	for n, regs := range cpus.registers {
		if at, known := regs.Get(k.prog.Platform().Arch.PC); known && at == pc {
			if ok {
				return 0, false
			}
			cpu, ok = n, true
		}
	}
	return cpu, ok
}

// tellMode sets the register that tells a process from the kernel where NT_PRSTATUS does not have it, as on RISC-V, by the address at which
// the CPU was stopped. That at the begin of the address space may be the kernel's jump through a null pointer.
func (k *Kernel) tellMode(regs *arch.Registers) {
	mode := k.machine.Arch.UserMode
	if _, known := regs.Get(mode.Register); known || mode.Mask == 0 {
		return
	}
	if pc, ok := regs.Get(k.machine.Arch.PC); ok && pc>>k.PageShift() != 0 && !k.machine.IsKernelAddress(pc) {
		regs.Set(mode.Register, mode.Value)
	}
}
