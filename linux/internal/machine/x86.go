package machine

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

var x86_64 = &Machine{
	Arch:            arch.X86_64,
	PageSizes:       []uint64{4 << 10},
	NewTranslator:   newX86Translator,
	Unsaid:          Unsaid{FindPhysBase: x86FindPhysBase},
	DirectMap:       x86DirectMap,
	Vmemmap:         x86Vmemmap,
	SwitchedOut:     x86SwitchedOut,
	IsKernelAddress: func(address uint64) bool { return int64(address) < 0 }, // the upper half of the address space
	ImageToPhysical: x86ImageToPhysical,
	Fixed:           x86Fixed,
	Rows:            Rows{Untold: x86Untold},
	TaskStart:       []string{"ret_from_fork_asm", "ret_from_fork"}, // the former since v6.6, commit 3aec4ecb3d1f
	CharIsSigned:    true,
	ThreadSize:      16 << 10, // since v3.15, commit 6538b8ea886e; twice that with KASAN
}

// Where physical memory is mapped when the kernel does not move it: __PAGE_OFFSET_BASE_L4 and __PAGE_OFFSET_BASE_L5, for four
// and five levels of page tables.
const (
	x86PageOffset   = 0xffff888000000000
	x86PageOffsetL5 = 0xff11000000000000
)

func x86DirectMap(k Kernel, p *drgn.Program) (DirectMap, error) {
	// The kernel moves it since v4.8 (commit 021182e52fe0) where CONFIG_RANDOMIZE_MEMORY says so: it is then a variable.
	base, err := x86Base(p, "page_offset_base")
	if !drgn.IsNotFound(err) {
		return DirectMap{Virtual: base}, err
	}
	// A symbol that every kernel has tells one without the variable from one whose symbols are not known.
	if _, err := p.Symbol("init_task"); err != nil {
		return DirectMap{}, err
	}
	if five, err := k.Info.Number("pgtable_l5_enabled"); err == nil && five != 0 {
		return DirectMap{Virtual: x86PageOffsetL5}, nil
	}
	return DirectMap{Virtual: x86PageOffset}, nil
}

// x86Base reads a variable of the kernel that says where one of its areas begins: an unsigned long, whose symbol is
// enough.
func x86Base(p *drgn.Program, name string) (uint64, error) {
	base, err := p.Variable(name).Uint()
	if !drgn.IsNotFound(err) {
		return base, err
	}
	s, err := p.Symbol(name)
	if err != nil {
		return 0, err
	}
	return p.ReadUint(s.Address, 8, false)
}

// x86Vmemmap is VMEMMAP_START (arch/x86/include/asm/pgtable_64_types.h). VMCOREINFO of 6.12 has it, that of 6.1 not: it
// is a variable where CONFIG_RANDOMIZE_MEMORY (v4.8) or, since v4.17, CONFIG_X86_5LEVEL says so, or else a constant.
func x86Vmemmap(k Kernel, p *drgn.Program) (uint64, error) {
	base, err := x86Base(p, "vmemmap_base")
	if err != nil && !drgn.IsNotFound(err) {
		return 0, err
	}
	// The variable is there in kernels without CONFIG_SPARSEMEM_VMEMMAP, too, but not this function. It is also what tells
	// a kernel that has no variable from one whose symbols are not known.
	if _, err := p.Symbol("vmemmap_populate"); err != nil {
		return 0, err
	}
	if err == nil {
		return base, nil
	}
	if five, err := k.Info.Number("pgtable_l5_enabled"); err == nil && five != 0 {
		return 0xffd4000000000000, nil
	}
	return 0xffffea0000000000, nil
}

// x86Frame says where the registers lie in struct inactive_task_frame (arch/x86/include/asm/switch_to.h, since v4.9, commit
// 0100301bfdf5), which starts at thread.sp.
type x86Frame struct {
	layout arch.Layout
	size   uint64
}

type x86FrameKey struct{}

// x86FindFrame says where registers lie, whose members in struct inactive_task_frame are given.
func x86FindFrame(p *drgn.Program, members map[string]string) (x86Frame, error) {
	t, err := p.Type("struct inactive_task_frame")
	if err != nil {
		return x86Frame{}, err
	}
	offsets := map[string]uint64{}
	for register, member := range members {
		if offsets[register], err = drgn.OffsetOf(t, member); err != nil {
			return x86Frame{}, err
		}
	}
	layout, err := p.Platform().LayoutOf(offsets)
	if err != nil {
		return x86Frame{}, err
	}
	size, err := t.Size()
	return x86Frame{layout, size}, err
}

func x86SwitchedOut(task drgn.Object) (*arch.Registers, error) {
	return x86SwitchedOutBy(task, map[string]string{
		"r15": "r15", "r14": "r14", "r13": "r13", "r12": "r12", "rbx": "bx", "rbp": "bp", "rip": "ret_addr",
	})
}

// x86SwitchedOutBy reads the frame at thread.sp, of which the members are given that hold registers.
func x86SwitchedOutBy(task drgn.Object, members map[string]string) (*arch.Registers, error) {
	p := task.Prog()
	frame, err := drgn.Memo(p, x86FrameKey{}, func() (x86Frame, error) { return x86FindFrame(p, members) })
	if err != nil {
		return nil, err
	}
	sp, err := task.Member("thread").Member("sp").Uint()
	if err != nil {
		return nil, err
	}
	data, err := p.Read(sp, frame.size, false)
	if err != nil {
		return nil, err
	}
	regs := &arch.Registers{}
	if err := regs.Load(p.Platform(), frame.layout, data); err != nil {
		return nil, err
	}
	regs.Set(p.Platform().Arch.SP, sp+frame.size)
	return regs, nil
}

// x86ImageEnd is where modules begin when the kernel's image may have all that is before them (KERNEL_IMAGE_SIZE of 1 GiB).
const x86ImageEnd = 0xffffffffc0000000

// x86PhysBase returns what is added to an address of the kernel's image, less __START_KERNEL_map, for its physical one. It
// is in VMCOREINFO since v4.10, commit 401721ecd1dc; dumps of older kernels say it in the sub-header of a kdump file, or in
// the program header of an ELF core that maps the image.
func x86PhysBase(k Kernel) (uint64, error) {
	base, err := k.Info.Number("phys_base")
	if err == nil {
		return base, nil
	}
	if k.PhysBase != nil {
		return *k.PhysBase, nil
	}
	for _, m := range k.Mapped {
		if m.Virtual >= x86StartKernelMap && m.Virtual < x86ImageEnd && m.Size > 0 {
			return m.Physical - (m.Virtual - x86StartKernelMap), nil
		}
	}
	return 0, fmt.Errorf("%w, and the dump's headers do not say where the kernel's image lies either", err)
}

func x86ImageToPhysical(k Kernel, address uint64) (uint64, bool) {
	info := k.Info
	base, err := x86PhysBase(k)
	if err != nil {
		return 0, false
	}
	// Modules lie after the image. VMCOREINFO has its size since v4.13.
	size, err := info.Number("KERNEL_IMAGE_SIZE")
	if err != nil {
		size = 512 << 20
	}
	return address - x86StartKernelMap + base, address-x86StartKernelMap < size
}

// x86Fixed tells the image and the mapping of all physical memory from the rest (Documentation/arch/x86/x86_64/mm.rst).
func x86Fixed(k Kernel) func(address uint64) bool {
	info := k.Info
	lowest := uint64(x86PageOffset) // with KASLR it is this one or above; vmalloc's area follows
	if five, err := info.Number("pgtable_l5_enabled"); err == nil && five != 0 {
		lowest = x86PageOffsetL5
	}
	vmalloc, err := info.Number("VMALLOC_START") // since v6.10
	if err != nil {
		vmalloc = 0
	}
	size, err := info.Number("KERNEL_IMAGE_SIZE")
	if err != nil {
		size = 512 << 20
	}
	return func(address uint64) bool {
		return address >= lowest && address < vmalloc || address-x86StartKernelMap < size
	}
}

const (
	x86StartKernelMap = 0xffffffff80000000 // __START_KERNEL_map
	x86Present        = 1 << 0
	x86PageSize       = 1 << 7
	x86ProtNone       = 1 << 8
	x86AddressMask    = 0x000ffffffffff000
)

// newX86Translator makes a walk of four or five levels of page tables (Intel SDM volume 3, section 4.5).
func newX86Translator(k Kernel) (Translator, error) {
	info := k.Info
	top, err := info.Symbol("swapper_pg_dir") // an alias of init_top_pgt
	if err != nil {
		return nil, err
	}
	base, err := x86PhysBase(k)
	if err != nil {
		return nil, err
	}
	levels := []tableLevel{{48, 9}, {39, 9}, {30, 9}, {21, 9}, {12, 9}}
	if five, err := info.Number("pgtable_l5_enabled"); err != nil || five == 0 {
		levels = levels[1:]
	}
	sme, err := info.Number("sme_mask") // memory encryption bit in entries (AMD APM volume 2, section 7.10)
	if err != nil {
		sme = 0
	}
	mask := x86AddressMask &^ sme
	return &tableWalk{
		physical: k.Physical, root: top - x86StartKernelMap + base, word: 8, levels: levels, space: twoHalves(levels[0].shift+9, mask),
		read: func(entry uint64, level int) tableEntry {
			e := x86Entry(entry, x86AddressMask, level-len(levels))
			e.at &= mask
			return e
		},
	}, nil
}

// x86Entry reads an entry of 64 bits, of which mask has the address, in a table of a level: -1 for the lowest.
func x86Entry(entry, mask uint64, level int) tableEntry {
	// A page that is marked PROT_NONE or awaits a NUMA fault is not "present" to the processor but still there.
	present := entry&x86Present != 0
	if entry&(x86Present|x86ProtNone) == 0 {
		return tableEntry{}
	}
	if !present {
		// The page frame number of such an entry is stored inverted (v4.19, commit 6b28baca9b1f: L1TF).
		entry ^= mask
	}
	if level == -1 || level >= -3 && entry&x86PageSize != 0 {
		return tableEntry{mapped: true, at: entry & mask}
	}
	return tableEntry{table: present, at: entry & mask}
}
