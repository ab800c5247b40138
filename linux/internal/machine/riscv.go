package machine

import (
	"encoding/binary"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

var riscv64 = &Machine{
	Arch:            arch.RISCV64,
	PageSizes:       []uint64{4 << 10},
	NewTranslator:   newRISCVTranslator,
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

// riscvTranslator walks three, four or five levels of page tables ("The RISC-V Instruction Set Manual", volume II, chapter
// "Supervisor-Level ISA": Sv39, Sv48, Sv57).
type riscvTranslator struct {
	physical *mem.Space
	root     uint64 // physical address of swapper_pg_dir
	levels   uint
}

const (
	riscvValid    = 1 << 0
	riscvLeaf     = 7 << 1 // to be read, written, executed: any of them makes a page
	riscvProtNone = 1 << 5 // by which the kernel knows pages that are not valid but there
	riscvNAPOT    = 1 << 63
)

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
	return &riscvTranslator{physical: k.Physical, root: top - offset, levels: uint(bits-12) / 9}, nil
}

// kind says what an entry in a table of a level is, of which 0 is the lowest: the physical address of what it leads to, and whether that is
// a table or mapped.
func (t *riscvTranslator) kind(entry uint64, level uint) (at uint64, table, mapped bool) {
	at = entry >> 10 & (1<<44 - 1) << 12
	switch {
	case entry&riscvValid != 0 && entry&riscvLeaf == 0:
		return at, level > 0, false
	case entry&riscvValid != 0, entry&riscvProtNone != 0 && entry&riscvLeaf != 0:
		if entry>>63 != 0 && level == 0 { // 64 KiB: the low bits of the frame's number say so
			at &^= 0xffff
		}
		return at, false, true
	}
	return 0, false, false
}

// Translate walks the page tables down from root.
func (t *riscvTranslator) Translate(root, address uint64) (physical, contiguous uint64, err error) {
	if root == 0 {
		root = t.root
	}
	width := 12 + 9*t.levels
	if uint64(int64(address<<(64-width))>>(64-width)) != address {
		return 0, 0, &mem.FaultError{Message: NotCanonical, Address: address}
	}
	for at, level := root, t.levels; level > 0; level-- {
		shift := 12 + 9*(level-1)
		entry, err := t.physical.Uint(at+address>>shift&511*8, 8, false, true)
		if err != nil {
			return 0, 0, unreadable(err, int(level), address)
		}
		next, table, mapped := t.kind(entry, level-1)
		switch {
		case mapped:
			if entry&riscvNAPOT != 0 && level == 1 {
				shift = 16
			}
			in := address & (1<<shift - 1)
			return next&^(1<<shift-1) + in, 1<<shift - in, nil
		case !table:
			return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
		}
		at = next
	}
	return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
}

// Next walks the page tables, and looks for the next entry in the table where the walk ends.
func (t *riscvTranslator) Next(root, address uint64) (uint64, bool) {
	if root == 0 {
		root = t.root
	}
	half := uint64(1) << (11 + 9*t.levels)
	for {
		if address >= half && address < -half {
			address = -half
		}
		mapped, next := t.walk(root, address)
		if mapped {
			return address, true
		}
		if next <= address {
			return 0, false // the end of the address space
		}
		address = next
	}
}

// walk reports whether an address is mapped and, if not, the next that may be.
func (t *riscvTranslator) walk(at, address uint64) (mapped bool, next uint64) {
	for level := t.levels; level > 0; level-- {
		shift := 12 + 9*(level-1)
		index := address >> shift & 511
		rest := make([]byte, (512-index)*8)
		if err := t.physical.Read(rest[:8], at+index*8, true); err != nil { // of a table that is not there, no entry is
			return false, address>>(shift+9)<<(shift+9) + 1<<(shift+9)
		}
		below, table, mapped := t.kind(binary.LittleEndian.Uint64(rest), level-1)
		if mapped {
			return true, 0
		}
		if table {
			at = below
			continue
		}
		next = address>>shift<<shift + 1<<shift
		if err := t.physical.Read(rest[8:], at+index*8+8, true); err != nil {
			return false, next
		}
		for rest = rest[8:]; len(rest) > 0; rest = rest[8:] {
			if _, table, mapped := t.kind(binary.LittleEndian.Uint64(rest), level-1); table || mapped {
				break
			}
			next += 1 << shift
		}
		return false, next
	}
	return false, 0
}
