// Package irq looks at the kernel's interrupts (include/linux/irqdesc.h).
package irq

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/mapletree"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/radixtree"
	"github.com/godrgn/drgn/types"
)

const desc = "struct irq_desc"

// maxIRQs bounds how many interrupts a kernel has room for.
const maxIRQs = 1 << 24

// NrIRQs returns a number that the numbers of all interrupts are below.
//
//drgn:helper irq_get_nr_irqs
func NrIRQs(p *drgn.Program) (uint64, error) {
	// nr_irqs until v6.13.
	n, err := p.Variable("total_nr_irqs").Uint()
	if drgn.IsNotFound(err) {
		n, err = p.Variable("nr_irqs").Uint()
	}
	return n, err
}

// ToDesc returns the interrupt of a number, as a struct irq_desc *; a null pointer if there is none.
//
//drgn:helper irq_to_desc
func ToDesc(p *drgn.Program, irq uint64) drgn.Object {
	t, err := p.Type(desc + " *")
	if err != nil {
		return drgn.Failed(err)
	}
	// A maple tree since v6.5, commit 721255b9826b; with CONFIG_SPARSE_IRQ only.
	if tree := p.Variable("sparse_irqs"); !drgn.IsNotFound(tree.Err()) {
		return mapletree.Load(tree.AddressOf(), irq, false).Cast(t)
	}
	if tree := p.Variable("irq_desc_tree"); !drgn.IsNotFound(tree.Err()) {
		return radixtree.Lookup(tree.AddressOf(), irq).Cast(t)
	}
	all := p.Variable("irq_desc")
	n, err := all.Len()
	if err != nil {
		return drgn.Failed(err)
	}
	if irq >= n {
		return p.ScalarValue(t, 0)
	}
	return all.Index(int64(irq)).AddressOf()
}

// A Numbered is an interrupt and its number.
//
//drgn:tuple
type Numbered struct {
	IRQ  uint64
	Desc drgn.Object // struct irq_desc *
}

// ForEachDesc walks the interrupts that there are in the order of their numbers.
//
//drgn:helper for_each_irq_desc
func ForEachDesc(p *drgn.Program) iter.Seq2[Numbered, error] {
	if tree := p.Variable("sparse_irqs"); !drgn.IsNotFound(tree.Err()) {
		return func(yield func(Numbered, error) bool) {
			for r, err := range mapletree.ForEach(tree.AddressOf(), false) {
				if !yieldEntry(p, r.First, r.Value, err, yield) {
					return
				}
			}
		}
	}
	if tree := p.Variable("irq_desc_tree"); !drgn.IsNotFound(tree.Err()) {
		return func(yield func(Numbered, error) bool) {
			for e, err := range radixtree.ForEach(tree.AddressOf()) {
				if !yieldEntry(p, e.Index, e.Value, err, yield) {
					return
				}
			}
		}
	}
	return func(yield func(Numbered, error) bool) {
		n, err := p.Variable("irq_desc").Len()
		if err == nil && n > maxIRQs {
			err = &drgn.ValueError{Problem: "number of interrupts is not understood"}
		}
		if err != nil {
			yield(Numbered{}, err)
			return
		}
		for irq := range n {
			d := ToDesc(p, irq)
			if err := d.Err(); !yield(Numbered{irq, d}, err) || err != nil {
				return
			}
		}
	}
}

// yieldEntry yields an entry of a tree of interrupts; it reports whether to go on.
func yieldEntry(p *drgn.Program, irq uint64, entry drgn.Object, err error, yield func(Numbered, error) bool) bool {
	if err != nil {
		yield(Numbered{}, err)
		return false
	}
	t, err := p.Type(desc + " *")
	if err != nil {
		yield(Numbered{}, err)
		return false
	}
	d := entry.Cast(t)
	err = d.Err()
	return yield(Numbered{irq, d}, err) && err == nil
}

// AffinityMask returns the CPUs that may handle an interrupt, as a struct cpumask *, or the cpumask_var_t that is one.
//
// desc is a struct irq_desc *.
//
//drgn:helper irq_desc_affinity_mask(desc)
func AffinityMask(d drgn.Object) drgn.Object {
	mask := d.Member("irq_common_data").Member("affinity")
	if err := mask.Err(); err != nil {
		return mask
	}
	if mask.Type().UnderlyingKind() == types.Array { // cpumask_var_t without CONFIG_CPUMASK_OFFSTACK
		return mask.Index(0).AddressOf()
	}
	return mask.Read()
}

// ActionNames returns the names of what is done when an interrupt fires.
//
// desc is a struct irq_desc *.
//
//drgn:helper irq_desc_action_names(desc)
func ActionNames(d drgn.Object) ([][]byte, error) {
	names := [][]byte{}
	for action, err := range walk.Nodes("list of an interrupt's actions", d.Member("action"), "next") {
		if err != nil {
			return nil, err
		}
		name := action.Member("name").Read()
		if none, err := name.IsNull(); err != nil {
			return nil, err
		} else if none {
			continue
		}
		s, err := name.CString()
		if err != nil {
			return nil, err
		}
		names = append(names, s)
	}
	return names, nil
}

// ChipName returns the name of the controller that an interrupt comes from; ok is false if it has none.
//
// desc is a struct irq_desc *.
//
//drgn:helper irq_desc_chip_name(desc) -> Optional[bytes]
func ChipName(d drgn.Object) (name []byte, ok bool, err error) {
	chip := d.Member("irq_data").Member("chip").Read()
	if none, err := chip.IsNull(); err != nil || none {
		return nil, false, err
	}
	o := chip.Member("name").Read()
	if none, err := o.IsNull(); err != nil || none {
		return nil, false, err
	}
	name, err = o.CString()
	return name, err == nil, err
}

// CountOnCPU returns how often an interrupt has fired on a CPU.
//
// desc is a struct irq_desc *.
//
//drgn:helper irq_desc_kstat_cpu(desc, cpu)
func CountOnCPU(d drgn.Object, cpu uint64) (uint64, error) {
	stat := d.Member("kstat_irqs").Read()
	if none, err := stat.IsNull(); err != nil || none {
		return 0, err
	}
	count := percpu.PerCPUPtr(stat, cpu).Deref()
	if count.HasMember("cnt") { // a structure since v6.10, commit 86d2a2f51fba
		count = count.Member("cnt")
	}
	return count.Uint()
}

// GateFunc returns the function that an entry of the x86 interrupt descriptor table leads to, as a void *.
//
// gate is a gate_desc or a pointer to one.
//
//drgn:helper gate_desc_func
func GateFunc(gate drgn.Object) drgn.Object {
	var g struct {
		Low    uint64 `drgn:"offset_low"`
		Middle uint64 `drgn:"offset_middle"`
		High   uint64 `drgn:"offset_high,optional"`
	}
	if err := gate.Decode(&g); err != nil {
		return drgn.Failed(err)
	}
	return drgn.PointerValue(gate, "void", g.Low|g.Middle<<16|g.High<<32)
}
