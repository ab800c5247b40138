package machine

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

var arm32 = &Machine{
	Arch:            arch.ARM,
	PageSizes:       []uint64{4 << 10},
	NewTranslator:   newARM32Translator,
	Unsaid:          Unsaid{FindPhysBase: arm32FindPhysBase},
	DirectMap:       arm32DirectMap,
	Vmemmap:         arm32Vmemmap,
	SwitchedOut:     arm32SwitchedOut,
	IsKernelAddress: func(address uint64) bool { return address >= arm32Lowest },
	ImageToPhysical: arm32ImageToPhysical,
	Rows:            Rows{All: arm32Row},
	TaskStart:       []string{"ret_from_fork"},
	ThreadSize:      8 << 10, // without KASAN
}

// arm32Lowest is where modules begin below the lowest PAGE_OFFSET that there is (CONFIG_VMSPLIT_1G).
const arm32Lowest = 0x40000000 - 16<<20

// arm32PageOffset returns PAGE_OFFSET, of which the kernel's image begins at most 32 MiB above, and swapper_pg_dir before it
// (arch/arm/Kconfig: it is a multiple of 256 MiB).
func arm32PageOffset(swapper uint64) uint64 { return swapper &^ (256<<20 - 1) }

// arm32FindPhysBase returns PHYS_OFFSET, the physical address of PAGE_OFFSET, which VMCOREINFO does not say: of those where
// memory is, the one at which the kernel's page table would lie where it maps itself.
func arm32FindPhysBase(k Kernel, _ []mem.Segment) (*uint64, error) {
	t, swapper, err := arm32Tables(k)
	if err != nil {
		return nil, err
	}
	const step = 1 << 20 // since v5.11, PHYS_OFFSET is a multiple of 2 MiB, before, of 16 MiB; of machines that have a kernel of their own, of 1 MiB
	offset := swapper - arm32PageOffset(swapper)
	root, ok := t.findRoot(swapper, func(yield func(uint64) bool) {
		for r := range k.Physical.Ranges(true, 0, 1<<t.physicalBits()-1) {
			first := (max(r.Min, offset) - offset) / step * step
			for base := first; base+offset <= r.Max; base += step {
				if base+offset >= r.Min && !yield(base+offset) {
					return
				}
			}
		}
	})
	if !ok {
		return nil, fmt.Errorf("no page table that maps swapper_pg_dir (%#x) to itself is in memory", swapper)
	}
	base := root - offset
	return &base, nil
}

// arm32Tables returns a walk of the kernel's page tables, whose root is not known, and the virtual address of the topmost table.
// There are two kinds of them ("Arm Architecture Reference Manual, ARMv7-A", chapter B3): of two levels, whose topmost table is aligned
// to its size of 16 KiB, and of three with the Large Physical Address Extension, before whose topmost table of a page lies what is aligned to 32 KiB.
func arm32Tables(k Kernel) (arm32Translator, uint64, error) {
	swapper, err := k.Info.Symbol("swapper_pg_dir")
	if err != nil {
		return arm32Translator{}, 0, err
	}
	t := arm32Translator{tableWalk{physical: k.Physical, space: narrowSpace, big: !k.Platform.IsLittleEndian(), word: 4, levels: []tableLevel{{20, 12}, {12, 8}}, read: arm32Entry}}
	if config, _ := k.Info.String("CONFIG_ARM_LPAE"); config == "y" || swapper&(16<<10-1) != 0 {
		t.word, t.levels, t.read = 8, []tableLevel{{30, 2}, {21, 9}, {12, 9}}, arm32LargeEntry
	}
	return t, swapper, nil
}

func newARM32Translator(k Kernel) (Translator, error) {
	t, swapper, err := arm32Tables(k)
	if err != nil {
		return nil, err
	}
	if k.PhysBase == nil {
		return nil, fmt.Errorf("the physical address of PAGE_OFFSET is not known")
	}
	t.root = swapper - arm32PageOffset(swapper) + *k.PhysBase
	return &t, nil
}

// An arm32Translator walks page tables of either kind.
type arm32Translator struct{ tableWalk }

// physicalBits returns how many bits physical addresses have.
func (t *arm32Translator) physicalBits() uint {
	if t.word == 8 {
		return 40
	}
	return 32
}

// arm32Entry reads an entry of page tables of two levels. What it says of pages the processor does not read but the kernel, which writes
// tables of its own before those of the processor (arch/arm/include/asm/pgtable-2level.h): they tell those that have not been
// accessed, or are not to be.
func arm32Entry(entry uint64, level int) tableEntry {
	const (
		present = 1 << 0 // L_PTE_PRESENT
		own     = 2048   // PTE_HWTABLE_OFF
		super   = 1 << 18
	)
	switch {
	case level == 1:
		return tableEntry{mapped: entry&present != 0, at: entry &^ 0xfff}
	case entry&3 == 1:
		return tableEntry{table: true, at: entry&^0x3ff - own}
	case entry&2 != 0 && entry&super != 0: // of 16 MiB, with bits 32 to 39 in two places
		return tableEntry{mapped: true, at: entry | entry>>20&15<<32 | entry>>5&15<<36, shift: 24}
	case entry&2 != 0:
		return tableEntry{mapped: true, at: entry}
	}
	return tableEntry{}
}

// arm32LargeEntry reads an entry of page tables of three levels.
func arm32LargeEntry(entry uint64, level int) tableEntry {
	const (
		valid = 1 << 0
		table = 1 << 1 // or, in tables of the lowest level, a page, which the kernel knows by it where it is not to be accessed
	)
	at := entry & (1<<40 - 1) &^ 0xfff
	switch {
	case level == 2:
		return tableEntry{mapped: entry&table != 0, at: at}
	case entry&valid == 0:
		return tableEntry{}
	case entry&table != 0:
		return tableEntry{table: true, at: at}
	}
	return tableEntry{mapped: true, at: at}
}

// arm32DirectMap is the mapping of low memory.
func arm32DirectMap(k Kernel, _ *drgn.Program) (DirectMap, error) {
	swapper, err := k.Info.Symbol("swapper_pg_dir")
	if err != nil || k.PhysBase == nil {
		return DirectMap{}, drgn.ErrNotFound
	}
	return DirectMap{Virtual: arm32PageOffset(swapper), Physical: *k.PhysBase}, nil
}

// arm32ImageToPhysical asks the page tables: VMCOREINFO has no size of the image, which is in low memory.
func arm32ImageToPhysical(k Kernel, address uint64) (uint64, bool) {
	m, err := arm32DirectMap(k, nil)
	if err != nil {
		return 0, false
	}
	t, err := newARM32Translator(k)
	if err != nil {
		return 0, false
	}
	physical, _, err := t.Translate(0, address)
	return physical, err == nil && physical == address-m.Virtual+m.Physical
}

// arm32Vmemmap counts from the first frame of low memory.
func arm32Vmemmap(k Kernel, p *drgn.Program) (uint64, error) {
	m, err := arm32DirectMap(k, p)
	if err != nil {
		return 0, err
	}
	return flatVmemmap(k, p, m.Physical>>k.PageShift)
}

type arm32ContextKey struct{}

// arm32Context is where the registers lie in a struct cpu_context_save (arch/arm/include/asm/thread_info.h), in a struct thread_info.
type arm32Context struct {
	layout arch.Layout
	inTask bool // since v5.16, commit 18ed1c01a7dd: struct thread_info is part of the task, not the begin of its stack
}

// arm32SwitchedOut reads thread_info.cpu_context. What pc holds is where the task goes on, after a call.
func arm32SwitchedOut(task drgn.Object) (*arch.Registers, error) {
	p := task.Prog()
	context, err := drgn.Memo(p, arm32ContextKey{}, func() (c arm32Context, err error) {
		t, err := p.Type("struct cpu_context_save")
		if err != nil {
			return c, err
		}
		offsets := map[string]uint64{}
		for _, name := range []string{"r4", "r5", "r6", "r7", "r8", "r9", "sl", "fp", "sp", "pc"} {
			register := name
			if name == "sl" {
				register = "r10"
			}
			if offsets[register], err = drgn.OffsetOf(t, name); err != nil {
				return c, err
			}
		}
		c.inTask = task.HasMember("thread_info")
		c.layout, err = p.Platform().LayoutOf(offsets)
		return c, err
	})
	if err != nil {
		return nil, err
	}
	info := task.Member("thread_info")
	if !context.inTask {
		t, err := p.Type("struct thread_info *")
		if err != nil {
			return nil, err
		}
		info = task.Member("stack").Cast(t)
	}
	data, err := info.Member("cpu_context").Bytes()
	if err != nil {
		return nil, err
	}
	regs := &arch.Registers{}
	return regs, regs.Load(p.Platform(), context.layout, data)
}
