package machine

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

var aarch64 = &Machine{
	Arch:            arch.AArch64,
	PageSizes:       []uint64{4 << 10, 16 << 10, 64 << 10},
	NewTranslator:   newArm64Translator,
	DirectMap:       arm64DirectMap,
	Vmemmap:         arm64Vmemmap,
	SwitchedOut:     arm64SwitchedOut,
	IsKernelAddress: func(address uint64) bool { return address>>52 == 0xfff }, // TTBR1's, of up to 52 bits
	ImageToPhysical: arm64ImageToPhysical,
	Fixed:           arm64Fixed,
	Rows:            Rows{All: arm64Row},
	Alias:           arm64Alias,
	TaskStart:       []string{"ret_from_fork"},
}

// arm64Bits returns how many bits the kernel's addresses have: VA_BITS, for which it was built, and vabits_actual, which the
// processor has. They differ where a kernel for 52 bits runs on a processor with 48 (or 47, with pages of 16 KiB).
func arm64Bits(info Info) (built, actual uint, err error) {
	bits, err := info.Number("VA_BITS")
	if err != nil {
		return 0, 0, err
	}
	actual = uint(bits)
	if size, err := info.Number("TCR_EL1_T1SZ"); err == nil { // since v5.8, commit bbdbc11804ff
		actual = uint(64 - size)
	}
	if bits < 32 || bits > 52 || actual < 32 || actual > uint(bits) {
		return 0, 0, fmt.Errorf("addresses of %d bits, of which the processor has %d, are not understood", bits, int(actual))
	}
	return uint(bits), actual, nil
}

// arm64DirectMap is the linear map (arch/arm64/include/asm/memory.h). PHYS_OFFSET is the kernel's memstart_addr, which is
// negative where the map of a processor with fewer bits begins above the PAGE_OFFSET of a kernel for 52.
func arm64DirectMap(k Kernel, _ *drgn.Program) (DirectMap, error) {
	start, err := arm64PageOffset(k.Info)
	if err != nil {
		return DirectMap{}, err
	}
	physical, err := k.Info.Number("PHYS_OFFSET")
	return DirectMap{Virtual: start, Physical: physical}, err
}

// arm64PageOffset returns PAGE_OFFSET. The linear map is in the lower half of the kernel's addresses since v5.4, commit
// 14c127c957c1, and was in the upper one before: in which it is, the image is not.
func arm64PageOffset(info Info) (uint64, error) {
	built, _, err := arm64Bits(info)
	if err != nil {
		return 0, err
	}
	image, err := info.Symbol("swapper_pg_dir")
	if err != nil {
		return 0, err
	}
	if upper := ^uint64(0) << (built - 1); image < upper {
		return upper, nil
	}
	return ^uint64(0) << built, nil
}

// arm64Vmemmap is vmemmap (arch/arm64/include/asm/pgtable.h): struct pages are counted from the page frame that is first in the
// linear map.
func arm64Vmemmap(k Kernel, p *drgn.Program) (uint64, error) {
	start, err := k.Info.Number("VMEMMAP_START") // since v5.18
	if err != nil {
		return 0, drgn.ErrNotFound
	}
	physical, err := k.Info.Number("PHYS_OFFSET")
	if err != nil {
		return 0, err
	}
	t, err := p.Type("struct page")
	if err != nil {
		return 0, err
	}
	size, err := t.Size()
	return start - uint64(int64(physical)>>k.PageShift)*size, err
}

type arm64ContextKey struct{}

// arm64SwitchedOut reads thread.cpu_context, a struct cpu_context (arch/arm64/include/asm/processor.h).
func arm64SwitchedOut(task drgn.Object) (*arch.Registers, error) {
	p := task.Prog()
	context := task.Member("thread").Member("cpu_context")
	layout, err := drgn.Memo(p, arm64ContextKey{}, func() (arch.Layout, error) { return arm64Context(p, context) })
	if err != nil {
		return nil, err
	}
	data, err := context.Bytes()
	if err != nil {
		return nil, err
	}
	regs := &arch.Registers{}
	return regs, regs.Load(p.Platform(), layout, data)
}

// arm64Context returns where the registers lie in a struct cpu_context.
func arm64Context(p *drgn.Program, context drgn.Object) (arch.Layout, error) {
	offsets := map[string]uint64{}
	for _, name := range []string{"x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp", "sp", "pc"} {
		offset, err := drgn.OffsetOf(context.Type(), name)
		if err != nil {
			return nil, err
		}
		offsets[name] = offset
	}
	return p.Platform().LayoutOf(offsets)
}

// arm64ImageToPhysical asks the page tables: VMCOREINFO has no size of the image, which lies in the midst of vmalloc's area.
func arm64ImageToPhysical(k Kernel, address uint64) (uint64, bool) {
	voffset, err := k.Info.Number("kimage_voffset")
	if err != nil {
		return 0, false
	}
	t, err := newArm64Translator(k)
	if err != nil {
		return 0, false
	}
	physical, _, err := t.Translate(0, address)
	return physical, err == nil && physical == address-voffset
}

// arm64Alias tells what lies elsewhere of the image. While a process runs, only the fixmap's alias of the vectors
// (TRAMP_VALIAS) is mapped of the kernel, if it hides from processes (CONFIG_UNMAP_KERNEL_AT_EL0).
func arm64Alias(k Kernel, _ *drgn.Program, address uint64) (image uint64, ok bool) {
	voffset, err := k.Info.Number("kimage_voffset")
	if err != nil {
		return 0, false
	}
	t, err := newArm64Translator(k)
	if err != nil {
		return 0, false
	}
	physical, _, err := t.Translate(0, address)
	if err != nil {
		return 0, false
	}
	image = physical + voffset
	there, _, err := t.Translate(0, image)
	return image, err == nil && there == physical && image != address
}

// arm64Fixed tells the linear map from the rest.
func arm64Fixed(k Kernel) func(address uint64) bool {
	start, err := arm64PageOffset(k.Info)
	if err != nil {
		return func(uint64) bool { return false }
	}
	_, actual, _ := arm64Bits(k.Info) // has no error, since start has none
	start = max(start, ^uint64(0)<<actual)
	return func(address uint64) bool { return address-start < 1<<(actual-1) } // or more, since v5.11 with 52 bits
}

const (
	arm64Valid = 1 << 0
	arm64Table = 1 << 1  // or, in tables of the lowest level, a page
	arm64NG    = 1 << 11 // not global: PTE_NG, which is PTE_PRESENT_INVALID, too, since v6.11
)

// newArm64Translator makes a walk of the page tables of stage 1 ("Arm Architecture Reference Manual for A-profile", chapter D8).
func newArm64Translator(k Kernel) (Translator, error) {
	built, actual, err := arm64Bits(k.Info)
	if err != nil {
		return nil, err
	}
	top, err := k.Info.Symbol("swapper_pg_dir")
	if err != nil {
		return nil, err
	}
	voffset, err := k.Info.Number("kimage_voffset")
	if err != nil {
		return nil, err
	}
	grain := k.PageShift
	if grain != 12 && grain != 14 && grain != 16 {
		return nil, fmt.Errorf("pages of %d bytes are not understood", uint64(1)<<grain)
	}
	// A table fills a page. Where a kernel for 52 bits runs on a processor with fewer, its top level is left out, or has all its
	// entries nevertheless, of which the processor uses the last.
	width := grain - 3
	levels := func(bits uint) uint { return (bits - grain + width - 1) / width }
	widest := actual
	if levels(built) == levels(actual) {
		widest = built
	}
	t := &tableWalk{physical: k.Physical, root: top - voffset, word: 8, big: !k.Platform.IsLittleEndian()}
	for level := levels(actual); level > 0; level-- {
		shift := grain + width*(level-1)
		t.levels = append(t.levels, tableLevel{shift, min(widest-shift, width)})
	}
	// The kernel's are those of the upper half of the address space, all others of the lower half, where the top byte of an address
	// is ignored.
	upper, lower := tableSpace{first: ^uint64(0) << actual, last: ^uint64(0)}, tableSpace{last: 1<<actual - 1}
	t.space = func(root, address uint64) (uint64, *tableSpace) {
		if root == t.root {
			return root, &upper
		}
		if tag := address >> 56 << 56; tag != 0 && address>>55&1 == 0 {
			return root, &tableSpace{first: tag, last: tag | lower.last}
		}
		return root, &lower
	}
	large := actual > 48 && grain < 16 // descriptors of FEAT_LPA2 have other bits
	t.read = func(entry uint64, level int) tableEntry {
		e := arm64Descriptor(entry, level == len(t.levels)-1)
		e.at = arm64Address(entry, grain, large)
		return e
	}
	return t, nil
}

// arm64Address returns the physical address in a descriptor.
func arm64Address(entry uint64, grain uint, large bool) uint64 {
	switch {
	case large: // 4 and 16 KiB, FEAT_LPA2: bits 49 to grain, and above them 9 and 8
		return entry&(1<<50-1)&^(1<<grain-1) | entry>>8&3<<50
	case grain == 16: // FEAT_LPA: bits 47 to 16, and above them 15 to 12
		return entry&(1<<48-1)&^(1<<16-1) | entry>>12&0xf<<48
	}
	return entry & (1<<48 - 1) &^ (1<<grain - 1)
}

// arm64Descriptor says what an entry is, in a table of the lowest level or another one.
func arm64Descriptor(entry uint64, lowest bool) tableEntry {
	switch {
	case lowest:
		// Without the first bit it is a page that is not to be accessed, or awaits a NUMA fault. Swapped out pages have
		// neither (arch/arm64/include/asm/pgtable.h).
		return tableEntry{mapped: entry&arm64Table != 0}
	case entry&arm64Valid != 0:
		return tableEntry{table: entry&arm64Table != 0, mapped: entry&arm64Table == 0}
	}
	// So is a huge page; entries of swapped out ones and of those that move have no such bit.
	return tableEntry{mapped: entry&(arm64Table|arm64NG) == arm64NG}
}
