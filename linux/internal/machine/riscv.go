package machine

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/module"
)

var riscv64 = &Machine{
	Arch:            arch.RISCV64,
	PageSizes:       []uint64{4 << 10},
	NewTranslator:   newRISCVTranslator,
	Unsaid:          Unsaid{KASLROffset: riscvKASLROffset},
	DirectMap:       riscvDirectMap,
	Vmemmap:         riscvVmemmap,
	SwitchedOut:     riscvSwitchedOut,
	IsKernelAddress: func(address uint64) bool { return int64(address) < 0 },
	ImageToPhysical: riscvImageToPhysical,
	Rows:            Rows{All: riscvRow},
	TaskStart:       []string{"ret_from_fork_kernel_asm", "ret_from_fork"}, // the former since v6.16, of the kernel's own tasks
}

// Numbers of registers.
const (
	riscvRA = 1
	riscvSP = 2
	riscvFP = 8
	riscvPC = 32
)

// riscvKASLROffset returns by how much the kernel lies above where it was linked (CONFIG_RANDOMIZE_BASE, since v6.7): a multiple of what an
// entry of the second lowest tables maps. Its code begins within the first such block.
func riscvKASLROffset(k Kernel) (uint64, error) {
	linked, err := k.Info.Number("KERNEL_LINK_ADDR")
	if err != nil {
		return 0, err
	}
	start, err := k.Info.Symbol("_stext")
	if err != nil {
		return 0, err
	}
	const block, most = 2 << 20, 1 << 30
	if moved := (start - linked) &^ (block - 1); moved < most {
		return moved, nil
	}
	return 0, fmt.Errorf("the kernel's code begins at %#x, too far from where it was linked, %#x", start, linked)
}

// riscvDirectMap is the linear map (arch/riscv/include/asm/page.h), which the variable kernel_map describes since v5.14, commit
// 658e2c5125bb.
func riscvDirectMap(_ Kernel, p *drgn.Program) (DirectMap, error) {
	virtual, err := riscvKernelMap(p, "page_offset")
	if err != nil {
		return DirectMap{}, err
	}
	offset, err := riscvKernelMap(p, "va_pa_offset")
	return DirectMap{Virtual: virtual, Physical: virtual - offset}, err
}

// riscvKernelMap reads a member of kernel_map, a struct kernel_mapping, whose symbol is enough.
func riscvKernelMap(p *drgn.Program, member string) (uint64, error) {
	s, err := p.Symbol("kernel_map")
	if err != nil {
		return 0, err
	}
	t, err := p.Type("struct kernel_mapping")
	if err != nil {
		return 0, err
	}
	offset, err := drgn.OffsetOf(t, member)
	if err != nil {
		return 0, err
	}
	return p.ReadUint(s.Address+offset, 8, false)
}

// riscvVmemmap is vmemmap (arch/riscv/include/asm/pgtable.h): struct pages are counted from a page frame that a variable has since
// v6.9, commit a4ba2a0e4c5c; before, from 0.
func riscvVmemmap(k Kernel, p *drgn.Program) (uint64, error) {
	start, err := k.Info.Number("VMEMMAP_START")
	if err != nil {
		return 0, drgn.ErrNotFound
	}
	s, err := p.Symbol("vmemmap_start_pfn")
	if drgn.IsNotFound(err) {
		return start, nil
	}
	if err != nil {
		return 0, err
	}
	first, err := p.ReadUint(s.Address, 8, false)
	if err != nil {
		return 0, err
	}
	t, err := p.Type("struct page")
	if err != nil {
		return 0, err
	}
	size, err := t.Size()
	return start - first*size, err
}

type riscvThreadKey struct{}

// riscvSwitchedOut reads thread, a struct thread_struct (arch/riscv/include/asm/processor.h). What ra holds is where the task goes on.
func riscvSwitchedOut(task drgn.Object) (*arch.Registers, error) {
	p := task.Prog()
	thread := task.Member("thread")
	layout, err := drgn.Memo(p, riscvThreadKey{}, func() (arch.Layout, error) {
		offsets := map[string]uint64{}
		for register, member := range map[string]string{"ra": "ra", "sp": "sp", "pc": "ra"} {
			offset, err := drgn.OffsetOf(thread.Type(), member)
			if err != nil {
				return nil, err
			}
			offsets[register] = offset
		}
		first, err := drgn.OffsetOf(thread.Type(), "s")
		if err != nil {
			return nil, err
		}
		for i := range uint64(12) {
			offsets[fmt.Sprintf("s%d", i)] = first + 8*i
		}
		return p.Platform().LayoutOf(offsets)
	})
	if err != nil {
		return nil, err
	}
	data, err := thread.Bytes()
	if err != nil {
		return nil, err
	}
	regs := &arch.Registers{}
	return regs, regs.Load(p.Platform(), layout, data)
}

// riscvImageToPhysical asks the page tables: VMCOREINFO has no size of the image.
func riscvImageToPhysical(k Kernel, address uint64) (uint64, bool) {
	offset, err := k.Info.Number("va_kernel_pa_offset")
	if err != nil {
		return 0, false
	}
	t, err := newRISCVTranslator(k)
	if err != nil {
		return 0, false
	}
	physical, _, err := t.Translate(0, address)
	return physical, err == nil && physical == address-offset
}

// riscvRow returns how the kernel's assembly is unwound (arch/riscv/kernel/entry.S); all else keeps frame pointers, or has tables.
func riscvRow(_ *drgn.Program, fn Function, pc uint64) (*module.UnwindRow, error) {
	called := pc&1 != 0
	switch fn.Name {
	case "handle_exception", "ret_from_fork", "ret_from_fork_kernel_asm", "ret_from_fork_user_asm": // on top of a struct pt_regs
		if !called && fn.Name == "handle_exception" {
			return nil, nil
		}
		row := &module.UnwindRow{Base: riscvSP, Return: riscvPC, Interrupted: true}
		for _, slot := range arch.RISCV64.PtRegs {
			row.Saved = append(row.Saved, saved(slot.Register, int64(slot.Offset)))
		}
		return row, nil
	case "call_on_irq_stack": // it has made a frame record
		if called {
			return &module.UnwindRow{Base: riscvFP, Return: riscvRA, Saved: []module.SavedRegister{saved(riscvRA, -8), saved(riscvFP, -16)}}, nil
		}
	case "_start_kernel", "secondary_start_sbi", ".Lsecondary_start_common", "secondary_start_common": // a CPU begins here
		return outermost(), nil
	}
	return nil, nil
}

const (
	riscvValid    = 1 << 0
	riscvLeaf     = 7 << 1 // to be read, written, executed: any of them makes a page
	riscvProtNone = 1 << 5 // by which the kernel knows pages that are not valid but there
	riscvNAPOT    = 1 << 63
)

// newRISCVTranslator makes a walk of three, four or five levels of page tables ("The RISC-V Instruction Set Manual", volume II, chapter
// "Supervisor-Level ISA": Sv39, Sv48, Sv57).
func newRISCVTranslator(k Kernel) (Translator, error) {
	bits, err := k.Info.Number("VA_BITS")
	if err != nil {
		return nil, err
	}
	if bits != 39 && bits != 48 && bits != 57 {
		return nil, fmt.Errorf("addresses of %d bits are not understood", bits)
	}
	top, err := k.Info.Symbol("swapper_pg_dir")
	if err != nil {
		return nil, err
	}
	offset, err := k.Info.Number("va_kernel_pa_offset")
	if err != nil {
		return nil, err
	}
	levels := []tableLevel{{48, 9}, {39, 9}, {30, 9}, {21, 9}, {12, 9}}
	levels = levels[uint(57-bits)/9:]
	return &tableWalk{
		physical: k.Physical, root: top - offset, word: 8, levels: levels, space: twoHalves(uint(bits), ^uint64(0)),
		read: func(entry uint64, level int) tableEntry { return riscvEntry(entry, level == len(levels)-1) },
	}, nil
}

// riscvEntry reads an entry, of a table of the lowest level or another one.
func riscvEntry(entry uint64, lowest bool) tableEntry {
	e := tableEntry{at: entry >> 10 & (1<<44 - 1) << 12}
	switch {
	case entry&riscvValid != 0 && entry&riscvLeaf == 0:
		e.table = true
	case entry&riscvValid != 0, entry&riscvProtNone != 0 && entry&riscvLeaf != 0:
		e.mapped = true
		if entry&riscvNAPOT != 0 && lowest {
			e.shift = 16 // the low bits of the frame's number say so
		}
	}
	return e
}
