package machine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

var i386 = &Machine{
	Arch:            arch.I386,
	PageSizes:       []uint64{4 << 10},
	NewTranslator:   newI386Translator,
	Unsaid:          Unsaid{FindPhysBase: i386FindPhysBase, KASLROffset: i386KASLROffset},
	DirectMap:       i386DirectMap,
	Vmemmap:         func(k Kernel, p *drgn.Program) (uint64, error) { return flatVmemmap(k, p, 0) },
	SwitchedOut:     i386SwitchedOut,
	IsKernelAddress: func(address uint64) bool { return address >= i386PageOffsets[len(i386PageOffsets)-1] },
	ImageToPhysical: i386ImageToPhysical,
	Rows:            Rows{All: i386Row},
	TaskStart:       []string{"ret_from_fork_asm", "ret_from_fork"}, // the former since v6.6, commit 3aec4ecb3d1f
	CharIsSigned:    true,
	ThreadSize:      8 << 10,
}

// i386PageOffsets are the values that PAGE_OFFSET may have (CONFIG_VMSPLIT, arch/x86/Kconfig), the usual one first and the lowest last.
var i386PageOffsets = []uint64{0xc0000000, 0xb0000000, 0x80000000, 0x78000000, 0x40000000}

// i386FindPhysBase returns the physical address of virtual address 0, if the mapping of low memory began there: VMCOREINFO does not
// say where it begins. That is where the kernel's page table, which lies in it, maps itself.
func i386FindPhysBase(k Kernel, _ []mem.Segment) (*uint64, error) {
	t, swapper, err := i386Tables(k)
	if err != nil {
		return nil, err
	}
	root, ok := t.findRoot(swapper, func(yield func(uint64) bool) {
		for _, offset := range i386PageOffsets {
			if swapper >= offset && !yield(swapper-offset) {
				return
			}
		}
	})
	if !ok {
		return nil, fmt.Errorf("no page table that maps swapper_pg_dir (%#x) to itself is in memory", swapper)
	}
	base := root - swapper
	return &base, nil
}

// i386Tables returns a walk of the kernel's page tables, whose root is not known, and the virtual address of the topmost table (Intel SDM
// volume 3, sections 4.3 and 4.4): of two levels, or of three with Physical Address Extension.
func i386Tables(k Kernel) (*tableWalk, uint64, error) {
	swapper, err := k.Info.Symbol("swapper_pg_dir")
	if err != nil {
		return nil, 0, err
	}
	t := &tableWalk{physical: k.Physical, space: narrowSpace, word: 4, levels: []tableLevel{{22, 10}, {12, 10}}, read: i386Entry}
	if config, _ := k.Info.String("CONFIG_X86_PAE"); config == "y" {
		t.word, t.levels, t.read = 8, []tableLevel{{30, 2}, {21, 9}, {12, 9}}, i386LargeEntry
	}
	return t, swapper, nil
}

func newI386Translator(k Kernel) (Translator, error) {
	t, swapper, err := i386Tables(k)
	if err != nil {
		return nil, err
	}
	if k.PhysBase == nil {
		return nil, errors.New("PAGE_OFFSET is not known")
	}
	t.root = swapper + *k.PhysBase
	return t, nil
}

// i386Entry reads an entry of page tables of two levels.
func i386Entry(entry uint64, level int) tableEntry {
	at := entry &^ 0xfff
	switch {
	case level == 1: // a page that is not to be accessed is there, too
		return tableEntry{mapped: entry&(x86Present|x86ProtNone) != 0, at: at}
	case entry&x86Present == 0:
		return tableEntry{}
	case entry&x86PageSize != 0: // of 4 MiB, with bits 32 to 39 of the address in bits 13 to 20
		return tableEntry{mapped: true, at: entry | entry>>13&0xff<<32}
	}
	return tableEntry{table: true, at: at}
}

// i386LargeEntry reads an entry of page tables of three levels, the topmost of which map nothing themselves.
func i386LargeEntry(entry uint64, level int) tableEntry {
	const mask = 1<<44 - 1<<12 // __PHYSICAL_MASK_SHIFT
	if level == 0 {
		entry &^= x86PageSize
	}
	return x86Entry(entry, mask, level-3)
}

// i386DirectMap is the mapping of low memory.
func i386DirectMap(k Kernel, _ *drgn.Program) (DirectMap, error) {
	if k.PhysBase == nil {
		return DirectMap{}, drgn.ErrNotFound
	}
	return DirectMap{Virtual: -*k.PhysBase}, nil
}

// i386ImageToPhysical asks the page tables: VMCOREINFO has no size of the image, which is in low memory.
func i386ImageToPhysical(k Kernel, address uint64) (uint64, bool) {
	t, err := newI386Translator(k)
	if err != nil {
		return 0, false
	}
	physical, _, err := t.Translate(0, address)
	return physical, err == nil && physical == address+*k.PhysBase
}

// i386KASLROffset returns by how much the kernel lies above where it was linked: 16 MiB (CONFIG_PHYSICAL_START) above PAGE_OFFSET,
// and there its code begins. VMCOREINFO does not say it.
func i386KASLROffset(k Kernel) (uint64, error) {
	code, err := k.Info.Symbol("_stext")
	if err != nil {
		return 0, err
	}
	if k.PhysBase == nil {
		return 0, errors.New("PAGE_OFFSET is not known")
	}
	const linked = 16 << 20
	return code + *k.PhysBase - linked, nil
}

func i386SwitchedOut(task drgn.Object) (*arch.Registers, error) {
	return x86SwitchedOutBy(task, map[string]string{"edi": "di", "esi": "si", "ebx": "bx", "ebp": "bp", "eip": "ret_addr"})
}

// Numbers of registers.
const (
	i386SP = 4
	i386FP = 5
	i386PC = 8
)

// i386Row returns how the kernel's assembly is unwound (arch/x86/entry/entry_32.S): all else has frame pointers, or tables.
func i386Row(_ *drgn.Program, fn Function, pc uint64) (*module.UnwindRow, error) {
	switch name := fn.Name; {
	case strings.HasPrefix(name, "startup_32") || name == "is_cpu_ready": // a CPU begins here
		return outermost(), nil
	case name == "ret_from_fork_asm": // with a frame of its own
		return &module.UnwindRow{Base: i386FP, Offset: 8, Return: i386PC, Saved: []module.SavedRegister{saved(i386PC, -4), saved(i386FP, -8)}}, nil
	case strings.HasPrefix(name, "asm_") || strings.HasPrefix(name, "entry_") || name == "handle_exception" || name == "ret_from_fork" ||
		name == "xen_failsafe_callback" || name == "common_interrupt_return":
		// What it calls, it calls with no more on the stack than a struct pt_regs.
		row := &module.UnwindRow{Base: i386SP, Return: i386PC, Interrupted: true}
		for _, slot := range arch.I386.PtRegs {
			row.Saved = append(row.Saved, saved(slot.Register, int64(slot.Offset)))
		}
		return row, nil
	}
	return nil, nil
}
