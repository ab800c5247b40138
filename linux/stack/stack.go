// Package stack tells which of the kernel's stacks the frames of a task's trace lie on: its own, those that CPUs have for
// interrupts and exceptions, or that of its process.
package stack

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/sched"
)

// A Kind says what a part of a trace runs on.
type Kind int

// The kinds of stacks, with the numbers that drgn.helpers.linux.stack.StackKind has.
const (
	User      Kind = iota + 1 // the process, in user mode
	Task                      // the task's own stack in the kernel
	IRQ                       // a CPU's stack for interrupts, and on most machines for soft interrupts
	SoftIRQ                   // a CPU's stack for soft interrupts, where those have one
	NMI                       // a CPU's stack for interrupts that can't be masked
	Exception                 // a CPU's stack for one of its exceptions
	Unknown
)

var kindNames = [...]string{User: "user", Task: "task", IRQ: "IRQ", SoftIRQ: "softirq", NMI: "NMI", Exception: "exception", Unknown: "unknown"}

// String returns the kind in words.
func (k Kind) String() string {
	if k < User || k > Unknown {
		return "unknown"
	}
	return kindNames[k]
}

// A Segment is a run of a trace's frames in one context: what was interrupted begins another one.
type Segment struct {
	Kind  Kind
	Trace *drgn.StackTrace
	First int // its innermost frame
	End   int // the frame after its outermost
}

// Frames walks the frames of a segment, the innermost first.
func (s Segment) Frames() iter.Seq[drgn.StackFrame] {
	return func(yield func(drgn.StackFrame) bool) {
		for i := s.First; i < s.End; i++ {
			if !yield(s.Trace.Frame(i)) {
				return
			}
		}
	}
}

// Segments returns the parts of the trace of a task, a struct task_struct *.
func Segments(task drgn.Object, trace *drgn.StackTrace) ([]Segment, error) {
	var all []Segment
	for i := range trace.Len() {
		// Functions that were inlined share registers with the one that they were inlined into, which comes after them.
		begins := trace.Frame(i).Interrupted() && (i == 0 || !trace.Frame(i-1).IsInline())
		if i > 0 && !begins {
			all[len(all)-1].End = i + 1
			continue
		}
		kind := Unknown
		if sp, ok := trace.Frame(i).SP(); ok {
			var err error
			if kind, err = KindAt(task, sp); err != nil {
				return nil, err
			}
		}
		all = append(all, Segment{Kind: kind, Trace: trace, First: i, End: i + 1})
	}
	return all, nil
}

// KindAt returns the kind of the stack that a stack pointer of a task points into. Of stacks that each CPU has, those of the CPU
// count that the task is on, or was on last.
//
// task is a struct task_struct *.
//
//drgn:helper _kind_at(task, sp)
func KindAt(task drgn.Object, sp uint64) (Kind, error) {
	start, err := task.Member("stack").Uint()
	if err != nil {
		return Unknown, err
	}
	p := task.Prog()
	size, err := p.Object("THREAD_SIZE").Uint()
	if err != nil {
		return Unknown, err
	}
	if start != 0 && sp-start <= size { // an empty one is at its end
		return Task, nil
	}
	cpu, err := sched.TaskCPU(task)
	if err != nil {
		return Unknown, err
	}
	stacks, err := cpuStacks(p, cpu, size)
	if err != nil {
		return Unknown, err
	}
	for _, s := range stacks {
		if sp-s.start <= s.size {
			return s.kind, nil
		}
	}
	if k, ok := p.Personality().(interface{ IsKernelAddress(address uint64) bool }); ok && !k.IsKernelAddress(sp) {
		return User, nil
	}
	return Unknown, nil
}

// A cpuStack is one of the stacks that a CPU has.
type cpuStack struct {
	kind        Kind
	start, size uint64
}

type stacksKey struct{ cpu uint64 }

// cpuStacks returns the stacks of a CPU; size is that of tasks' stacks. They stay where they are while the CPU runs.
func cpuStacks(p *drgn.Program, cpu, size uint64) ([]cpuStack, error) {
	return drgn.Memo(p, stacksKey{cpu}, func() (all []cpuStack, err error) {
		for _, find := range []func(*drgn.Program, uint64, uint64) ([]cpuStack, error){hardIRQStack, irqStack, exceptionStacks, contexts, lowcoreStacks} {
			found, err := find(p, cpu, size)
			if err != nil && !drgn.IsNotFound(err) {
				return nil, err
			}
			all = append(all, found...)
		}
		return all, nil
	})
}

// hardIRQStack returns x86-64's stack for interrupts, which hardirq_stack_ptr has the end of: a variable since v5.1, commit
// 758a2e312228, but from v6.2, commit d7b6d709a76a, to v6.14 a member of pcpu_hot. That of i386 is another one.
func hardIRQStack(p *drgn.Program, cpu, size uint64) ([]cpuStack, error) {
	if bytes, err := p.AddressSize(); err != nil || bytes != 8 {
		return nil, err
	}
	pointer := p.Variable("hardirq_stack_ptr")
	if drgn.IsNotFound(pointer.Err()) {
		pointer = p.Variable("pcpu_hot").Member("hardirq_stack_ptr")
	}
	end, err := percpu.PerCPU(pointer, cpu).Uint()
	if err != nil || end == 0 {
		return nil, err
	}
	if t, err := p.Type("struct irq_stack"); err == nil {
		if size, err = t.Size(); err != nil {
			return nil, err
		}
	}
	// Since v5.12, commit 951c2a51ae75, it points to the last word instead.
	end = (end + 8) &^ 15
	return []cpuStack{{IRQ, end - size, size}}, nil
}

// irqStack returns the stack for interrupts whose start irq_stack_ptr has, on arm64 and riscv64, and that of a CPU whose other
// stacks are full.
func irqStack(p *drgn.Program, cpu, size uint64) (all []cpuStack, err error) {
	start, err := percpu.PerCPU(p.Variable("irq_stack_ptr"), cpu).Uint()
	if err != nil {
		return nil, err
	}
	if start != 0 {
		all = append(all, cpuStack{IRQ, start, size})
	}
	overflow := percpu.PerCPU(p.Variable("overflow_stack"), cpu)
	at, err := overflow.AddressOf().Uint()
	if err != nil {
		return all, err
	}
	length, err := overflow.Type().Size()
	return append(all, cpuStack{Exception, at, length}), err
}

// exceptionStacks returns x86-64's stacks for exceptions: since v5.1, commit 019b17b3ffe4.
func exceptionStacks(p *drgn.Program, cpu, _ uint64) (all []cpuStack, err error) {
	stacks := percpu.PerCPU(p.Variable("cea_exception_stacks"), cpu).Read()
	if null, err := stacks.IsNull(); err != nil || null {
		return nil, err
	}
	for name, kind := range map[string]Kind{"DF_stack": Exception, "NMI_stack": NMI, "DB_stack": Exception, "MCE_stack": Exception, "VC_stack": Exception, "VC2_stack": Exception} {
		if !stacks.HasMember(name) {
			continue
		}
		stack := stacks.Member(name)
		at, err := stack.AddressOf().Uint()
		if err != nil {
			return nil, err
		}
		size, err := stack.Type().Size()
		if err != nil {
			return nil, err
		}
		if size != 0 { // one of memory encryption that is not in use
			all = append(all, cpuStack{kind, at, size})
		}
	}
	return all, nil
}

// contexts returns the stacks of PowerPC, whose starts are in tables of all CPUs.
func contexts(p *drgn.Program, cpu, size uint64) (all []cpuStack, err error) {
	for _, c := range []struct {
		table string
		kind  Kind
	}{{"hardirq_ctx", IRQ}, {"softirq_ctx", SoftIRQ}} {
		start, err := p.Variable(c.table).Index(int64(cpu)).Uint()
		if err != nil {
			return all, err
		}
		if start != 0 {
			all = append(all, cpuStack{c.kind, start, size})
		}
	}
	return all, nil
}

// lowcoreStacks returns those of s390x, whose lowcore has where each begins, a frame and registers below its end.
func lowcoreStacks(p *drgn.Program, cpu, size uint64) (all []cpuStack, err error) {
	lowcore := p.Variable("lowcore_ptr").Index(int64(cpu))
	for _, c := range []struct {
		member string
		kind   Kind
	}{{"async_stack", IRQ}, {"mcck_stack", NMI}} {
		if !lowcore.HasMember(c.member) {
			continue
		}
		top, err := lowcore.Member(c.member).Uint()
		if err != nil {
			return all, err
		}
		if top != 0 {
			all = append(all, cpuStack{c.kind, top &^ (size - 1), size})
		}
	}
	return all, nil
}
