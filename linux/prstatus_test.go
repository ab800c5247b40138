package linux_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// TestRegistersOfCPUs has the bundled core, a dump by QEMU of two CPUs, with other notes: such as the kernel itself writes
// them when some CPU is missing, and such as do not fit.
func TestRegistersOfCPUs(t *testing.T) {
	core, err := target.Open(filepath.Join(fixture, "vmcore"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { core.Close() })
	var saved [][]byte // of CPU 0 and CPU 1
	for desc := range core.Descs("CORE", target.NT_PRSTATUS) {
		saved = append(saved, desc)
	}
	if len(saved) != 2 {
		t.Fatalf("%d notes", len(saved))
	}
	var tasks [2]uint64
	for cpu := range tasks {
		if tasks[cpu], err = sched.CPUCurr(open(t), uint64(cpu)).Member("pid").Uint(); err != nil {
			t.Fatal(err)
		}
	}
	// note returns a CPU's note with another PID.
	note := func(cpu int, pid uint64) []byte {
		b := bytes.Clone(saved[cpu])
		binary.LittleEndian.PutUint32(b[32:], uint32(pid))
		return b
	}
	// swapped returns it in the other byte order.
	swapped := func(b []byte) []byte {
		b = bytes.Clone(b)
		slices.Reverse(b[32:36])
		for _, slot := range arch.X86_64.PrStatus {
			slices.Reverse(b[slot.Offset:][:slot.Size])
		}
		return b
	}
	const missing, unclear = "there are no registers of CPU", "nothing tells which of"
	const stranger = 1 << 20 // no task's PID
	for _, test := range []struct {
		name       string
		notes      [][]byte
		hypervisor bool
		order      binary.ByteOrder
		buffers    []int    // CPUs whose notes are in memory, too
		problems   []string // of each CPU; "" where the registers are right
	}{
		{name: "by QEMU", notes: saved, hypervisor: true, problems: []string{"", ""}},
		{name: "by QEMU, CPU 0 unplugged", notes: saved[1:], hypervisor: true, problems: []string{missing, ""}},
		{name: "by QEMU, one number twice", notes: [][]byte{saved[0], saved[0]}, hypervisor: true, problems: []string{"", unclear}},
		{name: "by a hypervisor without a trace", notes: saved, problems: []string{"", ""}},
		{name: "by a hypervisor without PIDs", notes: [][]byte{note(0, 0), note(1, 0)}, problems: []string{"", ""}},
		{name: "by a hypervisor in another byte order", notes: [][]byte{swapped(saved[0]), swapped(saved[1])}, order: binary.BigEndian, problems: []string{"", ""}},
		{name: "by the kernel", notes: [][]byte{note(0, tasks[0]), note(1, tasks[1])}, problems: []string{"", ""}},
		{name: "by the kernel, CPU 0 missing", notes: [][]byte{note(1, tasks[1])}, problems: []string{missing, ""}},
		{name: "by the kernel, CPU 1 missing", notes: [][]byte{note(0, tasks[0])}, problems: []string{"", missing}},
		{name: "out of order", notes: [][]byte{note(1, tasks[1]), note(0, tasks[0])}, problems: []string{unclear, unclear}},
		{name: "of other tasks", notes: [][]byte{note(0, stranger), note(1, stranger)}, problems: []string{unclear, unclear}},
		{name: "of other tasks, but in the kernel's buffers", notes: [][]byte{note(1, stranger)}, buffers: []int{1}, problems: []string{missing, ""}},
		{name: "not all in the kernel's buffers", notes: [][]byte{note(0, stranger), note(1, stranger)}, buffers: []int{1}, problems: []string{unclear, unclear}},
		{name: "none", problems: []string{missing, missing}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := drgn.New(arch.Platform{})
			p.SetCacheDir("-")
			m := linux.Memory{Platform: core.Platform, VMCOREINFO: core.VMCOREINFO, Physical: core.Physical, Virtual: core.Virtual,
				PrStatus: test.notes, Notes: linux.Notes{Hypervisor: test.hypervisor, Order: test.order}}
			if _, err := linux.Setup(p, m); err != nil {
				t.Fatal(err)
			}
			if err := p.LoadDebugInfo(context.Background(), drgn.LoadDebugInfo{Paths: []string{filepath.Join(fixture, "vmlinux.zst")}, Main: true}); err != nil {
				t.Fatal(err)
			}
			if test.buffers != nil {
				addCrashNotes(t, p, test.buffers, test.notes)
			}
			for cpu, problem := range test.problems {
				thread, err := p.Thread(tasks[cpu])
				if tasks[cpu] == 0 {
					thread, err = threadOfIdle(p, uint64(cpu))
				}
				if err != nil {
					t.Fatal(err)
				}
				trace, err := thread.StackTrace()
				if problem != "" {
					if err == nil || !strings.Contains(err.Error(), problem) {
						t.Errorf("CPU %d: %v, want %q", cpu, err, problem)
					}
					continue
				}
				if err != nil {
					t.Errorf("CPU %d: %v", cpu, err)
					continue
				}
				// struct user_regs_struct has rip as its 17th word, rsp as its 20th.
				sp, err := trace.Frame(0).Register("rsp")
				if pc := binary.LittleEndian.Uint64(saved[cpu][112+16*8:]); err != nil || trace.Frame(0).PC() != pc ||
					sp != binary.LittleEndian.Uint64(saved[cpu][112+19*8:]) {
					t.Errorf("CPU %d: pc %#x, rsp %#x, %v; its note has pc %#x", cpu, trace.Frame(0).PC(), sp, err, pc)
				}
			}
		})
	}
}

func threadOfIdle(p *drgn.Program, cpu uint64) (*drgn.Thread, error) {
	k, err := linux.Of(p)
	if err != nil {
		return nil, err
	}
	return k.ThreadOf(sched.IdleTask(p, cpu)), nil
}

// addCrashNotes makes the variable crash_notes (kernel/crash_core.c) and puts CPUs' notes into their buffers.
func addCrashNotes(t *testing.T, p *drgn.Program, cpus []int, notes [][]byte) {
	t.Helper()
	const buffers = 0x7000_0000 // a per-CPU pointer
	for i, cpu := range cpus {
		off, err := percpu.Offset(p, uint64(cpu))
		if err != nil {
			t.Fatal(err)
		}
		b := binary.LittleEndian.AppendUint32(nil, 5)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(notes[i])))
		b = binary.LittleEndian.AppendUint32(b, target.NT_PRSTATUS)
		b = append(append(b, "CORE\x00\x00\x00\x00"...), notes[len(notes)-1-i]...)
		if err := p.Memory().Add(mem.BytesSegment(buffers+off, b, false)); err != nil {
			t.Fatal(err)
		}
	}
	typ, err := p.Type("void *")
	if err != nil {
		t.Fatal(err)
	}
	err = p.RegisterObjectFinder("crash_notes", func(p *drgn.Program, name string, _ drgn.FindObjectFlags, _ string) (drgn.Object, error) {
		if name != "crash_notes" {
			return drgn.Object{}, drgn.ErrNotFound
		}
		return p.ScalarValue(typ, buffers), nil
	}, drgn.EnableFirst)
	if err != nil {
		t.Fatal(err)
	}
}
