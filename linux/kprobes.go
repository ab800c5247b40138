package linux

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
)

// slots is a page in which kprobes have code of their own: a copy of the instruction that a probe has replaced in each slot or,
// in those of optimized probes, a detour that saves registers, calls the probe's handler and goes on where the probe is.
type slots struct {
	symbol    drgn.Symbol
	size      uint64 // of a slot, in bytes
	optimized bool
}

type (
	slotsKey  struct{}
	probesKey struct{}
)

// kprobeCode is code of a kprobe that an address lies in.
type kprobeCode struct {
	symbol drgn.Symbol
	copyOf uint64 // the address that the code at the address is a copy of; 0 if it is none, or of no probe any more
	// registers says that what the probe has interrupted is in a struct pt_regs at the stack pointer: the address is in the
	// last byte of the call of its handler.
	registers bool
}

// kprobeAt returns the code of kprobes that an address lies in.
func (k *Kernel) kprobeAt(address uint64) (c kprobeCode, ok bool, err error) {
	if !k.machine.IsKernelAddress(address) {
		return c, false, nil
	}
	pages, err := fixed(k.prog, slotsKey{}, k.kprobeSlots)
	if err != nil {
		return c, false, err
	}
	for _, s := range pages {
		if address-s.symbol.Address >= s.symbol.Size {
			continue
		}
		c.symbol = s.symbol
		in := (address - s.symbol.Address) % s.size
		if s.optimized {
			c.registers, err = k.isDetourCall(in)
			return c, err == nil, err
		}
		probes, err := fixed(k.prog, probesKey{}, k.kprobes)
		if err != nil {
			return c, false, err
		}
		if at, ok := probes[address-in]; ok {
			c.copyOf = at + in
		}
		return c, true, nil
	}
	return c, false, nil
}

// kprobeSlots walks the pages that the kernel keeps of both kinds of slots, and names them as its kallsyms do.
func (k *Kernel) kprobeSlots() (all []slots, err error) {
	for _, kind := range []slots{
		{symbol: drgn.Symbol{Name: "kprobe_insn_page"}},
		{symbol: drgn.Symbol{Name: "kprobe_optinsn_page"}, optimized: true},
	} {
		variable := map[bool]string{false: "kprobe_insn_slots", true: "kprobe_optinsn_slots"}[kind.optimized]
		cache := k.prog.Variable(variable)
		if drgn.IsNotFound(cache.Err()) {
			continue // without CONFIG_KPROBES or CONFIG_OPTPROBES
		}
		if kind.size, err = cache.Member("insn_size").Uint(); err != nil { // in units of kprobe_opcode_t, a byte on x86
			return nil, fmt.Errorf("cannot find the code of kprobes: %w", err)
		}
		if kind.size == 0 || kind.size > 1<<k.PageShift() {
			continue // no probe was optimized yet
		}
		if _, err := k.prog.Type("struct kprobe_insn_page"); drgn.IsNotFound(err) {
			continue // nobody says how the pages are listed
		}
		kind.symbol.Size = 1 << k.PageShift() / kind.size * kind.size
		for page, err := range list.ForEachEntry("struct kprobe_insn_page", cache.Member("pages").AddressOf(), "list") {
			if err == nil {
				kind.symbol.Address, err = page.Member("insns").Uint()
			}
			if err != nil {
				return nil, fmt.Errorf("cannot walk %s: %w", variable, err)
			}
			all = append(all, kind)
		}
	}
	return all, nil
}

// kprobes returns where each probe that has a copy of its instruction is, by the address of the copy.
func (k *Kernel) kprobes() (map[uint64]uint64, error) {
	table := k.prog.Variable("kprobe_table")
	n, err := table.Len()
	if err != nil {
		return nil, fmt.Errorf("cannot find the kernel's kprobes: %w", err)
	}
	all := map[uint64]uint64{}
	for i := range n {
		for node, err := range walk.Nodes("list of kprobes", table.Index(int64(i)).Member("first").Read(), "next") {
			if err != nil {
				return nil, fmt.Errorf("cannot walk the kernel's kprobes: %w", err)
			}
			probe := drgn.Entry(node, "struct kprobe", "hlist")
			slot, err := probe.Member("ainsn").Member("insn").Uint()
			if err != nil {
				return nil, fmt.Errorf("cannot read a kprobe: %w", err)
			}
			at, err := probe.Member("addr").Uint()
			if err != nil {
				return nil, fmt.Errorf("cannot read a kprobe: %w", err)
			}
			all[slot] = at
		}
	}
	return all, nil
}

// isDetourCall reports whether an offset in the slot of an optimized probe is that of the last byte of the call of its handler,
// by the template that the kernel copies (arch/x86/kernel/kprobes/opt.c): the handler has got a struct pt_regs that lies at
// the stack pointer, completed by optimized_callback().
func (k *Kernel) isDetourCall(offset uint64) (bool, error) {
	const callSize = 5
	var at [2]uint64
	for i, name := range []string{"optprobe_template_entry", "optprobe_template_call"} {
		s, err := k.imageSymbol(name)
		if drgn.IsNotFound(err) {
			return false, nil // another architecture's
		}
		if err != nil {
			return false, err
		}
		at[i] = s.Address
	}
	return offset == at[1]-at[0]+callSize-1, nil
}
