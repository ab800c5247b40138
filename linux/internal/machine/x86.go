package machine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
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

// x86Translator walks four or five levels of page tables (Intel SDM volume 3, section 4.5).
type x86Translator struct {
	physical *mem.Space
	root     uint64 // physical address of init_top_pgt
	levels   int
	sme      uint64 // memory encryption bit in page table entries (AMD APM volume 2, section 7.10)
}

const (
	x86StartKernelMap = 0xffffffff80000000 // __START_KERNEL_map
	x86Present        = 1 << 0
	x86PageSize       = 1 << 7
	x86ProtNone       = 1 << 8
	x86AddressMask    = 0x000ffffffffff000
)

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
	t := &x86Translator{physical: k.Physical, root: top - x86StartKernelMap + base, levels: 4}
	if five, err := info.Number("pgtable_l5_enabled"); err == nil && five != 0 {
		t.levels = 5
	}
	if sme, err := info.Number("sme_mask"); err == nil {
		t.sme = sme
	}
	return t, nil
}

// Translate walks the page tables down from root.
func (t *x86Translator) Translate(root, address uint64) (physical, contiguous uint64, err error) {
	if root == 0 {
		root = t.root
	}
	shift := 12 + 9*uint(t.levels)
	if canonical := int64(address<<(64-shift)) >> (64 - shift); uint64(canonical) != address {
		return 0, 0, &mem.FaultError{Message: NotCanonical, Address: address}
	}
	table := root &^ t.sme & x86AddressMask
	for level := t.levels; level > 0; level-- {
		shift = 12 + 9*uint(level-1)
		entry, err := t.physical.Uint(table+address>>shift&511*8, 8, false, true)
		if err != nil {
			return 0, 0, unreadable(err, level, address)
		}
		// A page that is marked PROT_NONE or awaits a NUMA fault is not "present" to the processor but still there.
		if entry&(x86Present|x86ProtNone) == 0 {
			return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
		}
		if entry&x86Present == 0 {
			// The page frame number of such an entry is stored inverted (v4.19, commit 6b28baca9b1f: L1TF).
			entry ^= x86AddressMask
		}
		next := entry &^ t.sme & x86AddressMask
		if level == 1 || level <= 3 && entry&x86PageSize != 0 {
			size := uint64(1) << shift
			in := address & (size - 1)
			return next&^(size-1) + in, size - in, nil
		}
		table = next
	}
	return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
}

// unreadable makes the fault of a page table that of the address whose translation needs it.
func unreadable(err error, level int, address uint64) error {
	var fault *mem.FaultError
	if !errors.As(err, &fault) {
		return fmt.Errorf("cannot read the level %d page table of address %#x: %w", level, address, err)
	}
	return &mem.FaultError{
		Message: fmt.Sprintf("cannot read the level %d page table (%s: physical %#x)", level, fault.Message, fault.Address), Address: address, File: fault.File,
	}
}

// Next walks the page tables, and looks for the next entry in the table where the walk ends.
func (t *x86Translator) Next(root, address uint64) (uint64, bool) {
	if root == 0 {
		root = t.root
	}
	width := 12 + 9*uint(t.levels) // of an address
	for {
		upper := ^uint64(0) << (width - 1)
		if address >= 1<<(width-1) && address < upper {
			address = upper
		}
		mapped, next := t.walk(root&^t.sme&x86AddressMask, address)
		if mapped {
			return address, true
		}
		if next <= address {
			return 0, false // the end of the address space
		}
		address = next
	}
}

// walk reports whether address is mapped and, if not, the next that may be.
func (t *x86Translator) walk(table, address uint64) (mapped bool, next uint64) {
	for level := t.levels; ; level-- {
		shift := 12 + 9*uint(level-1)
		index := address >> shift & 511
		entry, err := t.physical.Uint(table+index*8, 8, false, true)
		if err != nil {
			return false, address>>(shift+9)<<(shift+9) + 1<<(shift+9)
		}
		if entry&(x86Present|x86ProtNone) == 0 {
			next := address>>shift<<shift + 1<<shift
			var rest [512 * 8]byte // the entries after it, in one read
			b := rest[:(511-index)*8]
			if err := t.physical.Read(b, table+(index+1)*8, true); err != nil {
				return false, next
			}
			for len(b) > 0 && binary.LittleEndian.Uint64(b)&(x86Present|x86ProtNone) == 0 {
				next += 1 << shift
				b = b[8:]
			}
			return false, next
		}
		if level == 1 || level <= 3 && entry&x86PageSize != 0 || entry&x86Present == 0 {
			return true, 0
		}
		table = entry &^ t.sme & x86AddressMask
	}
}
