package stack_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/stack"
)

// The stacks that CPUs have, as each machine keeps them: where they begin, where they end, and that those of another CPU do
// not count.
func TestKindAt(t *testing.T) {
	const (
		size   = 0x4000
		base   = 0x100000
		irq    = base + 0x10000
		soft   = base + 0x20000
		nmi    = base + 0x30000
		double = base + 0x40000
		task   = base + 0x50000
		other  = base + 0x60000 // what CPU 0 has
	)
	for name, c := range map[string]struct {
		declarations string
		make         func(w *worldtest.World, perCPU func(name, typ string) worldtest.Var)
		want         map[uint64]stack.Kind
		only64       bool
	}{
		"x86-64": {only64: true, declarations: `struct exception_stacks { char NMI_stack[0x1000]; char guard[0xf000]; char DF_stack[0x1000]; char VC_stack[0]; };`,
			make: func(_ *worldtest.World, perCPU func(name, typ string) worldtest.Var) {
				perCPU("hardirq_stack_ptr", "void *").Set("", irq+size-8)
				perCPU("cea_exception_stacks", "struct exception_stacks *").Set("", nmi)
			}, want: map[uint64]stack.Kind{irq: stack.IRQ, irq + size: stack.IRQ, irq + size + 8: stack.Unknown, irq - 8: stack.Unknown, nmi + 0x800: stack.NMI,
				nmi + 0x1000: stack.NMI, nmi + 0x1008: stack.Unknown, double + 8: stack.Exception}},
		"x86-64, v6.12": {only64: true, declarations: `struct irq_stack { char stack[0x8000]; }; struct pcpu_hot { void *hardirq_stack_ptr; };`,
			make: func(_ *worldtest.World, perCPU func(name, typ string) worldtest.Var) {
				perCPU("pcpu_hot", "struct pcpu_hot").Set("hardirq_stack_ptr", irq+0x8000-8)
			}, want: map[uint64]stack.Kind{irq: stack.IRQ, irq + 0x7ff8: stack.IRQ, irq + 0x8008: stack.Unknown}},
		"arm64": {make: func(_ *worldtest.World, perCPU func(name, typ string) worldtest.Var) {
			perCPU("irq_stack_ptr", "unsigned long *").Set("", irq)
			perCPU("overflow_stack", "unsigned long [16]")
		}, want: map[uint64]stack.Kind{irq: stack.IRQ, irq + size: stack.IRQ, irq + size + 8: stack.Unknown}},
		"ppc64le": {make: func(w *worldtest.World, _ func(name, typ string) worldtest.Var) {
			for table, at := range map[string]uint64{"hardirq_ctx": irq, "softirq_ctx": soft} {
				v := w.Variable(table, "void *[2]")
				v.Set("[0]", other).Set("[1]", at)
			}
		}, want: map[uint64]stack.Kind{irq + 8: stack.IRQ, soft: stack.SoftIRQ, other: stack.Unknown}},
		"s390x": {declarations: `struct lowcore { unsigned long async_stack, mcck_stack; };`, make: func(w *worldtest.World, _ func(name, typ string) worldtest.Var) {
			lowcore := w.Alloc("struct lowcore").Set("async_stack", irq+size-0xa0).Set("mcck_stack", nmi+size-0xa0)
			w.Variable("lowcore_ptr", "struct lowcore *[2]").Set("[1]", lowcore.At)
		}, want: map[uint64]stack.Kind{irq + size - 0x200: stack.IRQ, nmi + 8: stack.NMI}},
		"another": {make: func(*worldtest.World, func(name, typ string) worldtest.Var) {}, want: map[uint64]stack.Kind{irq: stack.Unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				if c.only64 && w.Word() != 8 {
					return
				}
				w.Declare("struct task_struct { void *stack; unsigned int cpu; };" + c.declarations)
				w.Constant("THREAD_SIZE", "unsigned long", size)
				w.Variable("nr_cpu_ids", "unsigned int").Set("", 2)
				var offsets worldtest.Var
				c.make(w, func(name, typ string) worldtest.Var {
					template := w.Variable(name, typ)
					mine := w.Alloc(typ)
					if offsets.At == 0 {
						offsets = w.Variable("__per_cpu_offset", "unsigned long [2]")
					}
					// Each variable's copy lies as far away as the others' do.
					if at := template.At + 0x8000; mine.At != at {
						mine = w.VarAt(typ, at)
					}
					w.WriteWord(offsets.At+w.Word(), 0x8000)
					return mine
				})
				on := w.Alloc("struct task_struct").Set("stack", task).Set("cpu", 1)
				want := map[uint64]stack.Kind{task: stack.Task, task + size: stack.Task, task - 8: stack.Unknown, task + size + 8: stack.Unknown}
				for at, kind := range c.want {
					want[at] = kind
				}
				for at, kind := range want {
					if got, err := stack.KindAt(on.Ptr(), at); err != nil || got != kind {
						t.Errorf("%#x: %v, %v; want %v", at, got, err, kind)
					}
				}
			})
		})
	}
}
