package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// ppc64 is 64-bit Power of the server line ("Book3S"): with radix page tables since POWER9, or hashed ones.
var ppc64 = &Machine{
	Arch:          arch.PPC64,
	PageSizes:     []uint64{4 << 10, 64 << 10},
	NewTranslator: newPPC64Translator,
	DirectMap: func(Kernel, *drgn.Program) (DirectMap, error) {
		return DirectMap{Virtual: ppc64Linear}, nil
	},
	Vmemmap:         ppc64Vmemmap,
	SwitchedOut:     ppc64SwitchedOut,
	IsKernelAddress: func(address uint64) bool { return address >= ppc64Linear },
	ImageToPhysical: func(k Kernel, address uint64) (uint64, bool) {
		return address &^ ppc64Linear, ppc64IsLinear(k, address)
	},
	Fixed: func(k Kernel) func(uint64) bool {
		return func(address uint64) bool { return ppc64IsLinear(k, address) }
	},
	Rows: Rows{All: ppc64Row},
	// The third and the fourth since v6.4, of tasks that run in the kernel at first; before, they had the last.
	TaskStart: []string{"ret_from_fork", "ret_from_fork_scv", "start_kernel_thread", "ret_from_kernel_user_thread", "ret_from_kernel_thread"},
}

// ppc64Linear is PAGE_OFFSET (arch/powerpc/include/asm/page.h): physical memory is mapped there, the kernel's image with it.
const ppc64Linear = 0xc << 60

// ppc64IsLinear reports whether an address lies in the linear map: below vmalloc's (VMALLOC_START in VMCOREINFO; H_KERN_VIRT_START in
// arch/powerpc/include/asm/book3s/64/hash-4k.h is the lowest).
func ppc64IsLinear(k Kernel, address uint64) bool {
	end, err := k.Info.Number("VMALLOC_START")
	if err != nil {
		end = 0xc000_3d00_0000_0000
	}
	return address >= ppc64Linear && address < end
}

// ppc64Vmemmap is the variable vmemmap, which depends on the page tables.
func ppc64Vmemmap(_ Kernel, p *drgn.Program) (uint64, error) {
	s, err := p.Symbol("vmemmap")
	if err != nil {
		return 0, err
	}
	return p.ReadUint(s.Address, 8, false)
}

type ppc64PtRegsKey struct{}

// ppc64SwitchedOut reads the frame that _switch() made: a struct pt_regs of which the registers are saved that calls preserve, and the
// address that it returns to. Since v6.2, kernels of the second ABI leave less room below it; the size of the frame tells.
func ppc64SwitchedOut(task drgn.Object) (*arch.Registers, error) {
	p := task.Prog()
	ksp, err := task.Member("thread").Member("ksp").Uint()
	if err != nil {
		return nil, err
	}
	size, err := drgn.Memo(p, ppc64PtRegsKey{}, func() (uint64, error) {
		t, err := p.Type("struct pt_regs")
		if err != nil {
			return 0, err
		}
		return t.Size()
	})
	if err != nil {
		return nil, err
	}
	sp, err := p.ReadUint(ksp, 8, false)
	if err != nil {
		return nil, err
	}
	for _, at := range []uint64{48, 112} {
		if sp-ksp != at+size {
			continue
		}
		data, err := p.Read(ksp+at, uint64(arch.PPC64.PtRegs.Size()), false)
		if err != nil {
			return nil, err
		}
		regs := &arch.Registers{}
		layout := arch.Layout{}
		for _, slot := range arch.PPC64.PtRegs {
			if slot.Register >= 14 && slot.Register < ppc64LR || slot.Register == arch.PPC64.PC {
				layout = append(layout, slot)
			}
		}
		if err := regs.Load(p.Platform(), layout, data); err != nil {
			return nil, err
		}
		regs.Set(ppc64SP, sp)
		return regs, nil
	}
	return nil, &drgn.ValueError{Problem: fmt.Sprintf("the task's stack pointer %#x does not lead to what it left when it was switched out: "+
		"the frame there has %d bytes, and a struct pt_regs %d", ksp, sp-ksp, size)}
}

// ppc64Translator walks the kernel's page tables. Those of radix are the processor's ("Power ISA", book III, chapter "Radix Tree
// Translation"). Where it has a hash table instead, the kernel keeps tables of its own in much the same form, in which neither
// the linear map nor vmemmap is (arch/powerpc/include/asm/book3s/64). Entries are big-endian, whatever the byte order of the kernel.
type ppc64Translator struct {
	k    Kernel
	root uint64 // physical address of swapper_pg_dir
	kind *atomic.Uint32
}

// The kinds of page tables.
const (
	ppc64Unknown = iota
	ppc64Radix
	ppc64Hash
)

const (
	ppc64Valid = 1 << 63 // present
	ppc64Leaf  = 1 << 62 // a page; also in entries of swapped-out ones
	ppc64Kept  = 1 << 61 // a huge page that is there but not valid for the moment (_PAGE_INVALID)
	ppc64NLS   = 0x1f    // binary logarithm of the number of entries of the next table; 0 in tables beside a hash table

	ppc64Frames = 1<<53 - 1<<12     // the physical address of a page (PTE_RPN_MASK); less where pages are larger
	ppc64Tables = 1<<60 - 1<<8      // that of a table
	ppc64Region = uint64(0xf) << 60 // of an address: 0xc of the kernel's, 0 of a process's
	ppc64Range  = uint64(1)<<52 - 1 // what page tables can map of a region, but for hashed ones with pages of 4 KiB
	ppc64MaxMap = 1 << 20           // how many parts of vmemmap there may be
)

func newPPC64Translator(k Kernel) (Translator, error) {
	top, err := k.Info.Symbol("swapper_pg_dir")
	if err != nil {
		return nil, err
	}
	t := &ppc64Translator{k: k, root: top &^ ppc64Region, kind: &atomic.Uint32{}}
	if radix, err := k.Info.Number("RADIX_MMU"); err == nil {
		t.kind.Store(ppc64Hash)
		if radix != 0 {
			t.kind.Store(ppc64Radix)
		}
	}
	return t, nil
}

// levels returns the binary logarithms of the numbers of entries of the tables from the lowest to the highest, and whether they are those
// of radix. Kernels that do not say so (RADIX_MMU in VMCOREINFO) have only entries of one kind in the highest.
func (t *ppc64Translator) levels() (widths [4]uint, radix bool, err error) {
	kind := t.kind.Load()
	if kind == ppc64Unknown {
		data := make([]byte, 4096) // of the tables of radix only the begin, which has the entry of the linear map
		if err := t.k.Physical.Read(data, t.root, true); err != nil {
			return widths, false, err
		}
		for ; kind == ppc64Unknown && len(data) > 0; data = data[8:] {
			switch entry := binary.BigEndian.Uint64(data); {
			case entry&ppc64Valid == 0:
			case entry&ppc64Leaf == 0 && entry&ppc64NLS == 0:
				kind = ppc64Hash
			default:
				kind = ppc64Radix
			}
		}
		if kind == ppc64Unknown {
			kind = ppc64Hash // it maps nothing: the linear map is elsewhere
		}
		t.kind.Store(kind)
	}
	switch radix = kind == ppc64Radix; {
	case radix && t.k.PageShift == 12:
		return [4]uint{9, 9, 9, 13}, true, nil
	case radix:
		return [4]uint{5, 9, 9, 13}, true, nil
	case t.k.PageShift == 12:
		return [4]uint{9, 7, 9, 9}, false, nil
	}
	return [4]uint{8, 10, 10, 8}, false, nil
}

// A ppc64Walk is what is needed to walk tables.
type ppc64Walk struct {
	physical *mem.Space
	page     uint // binary logarithm of the size of a page
	widths   [4]uint
	radix    bool
}

// walker returns what is needed to walk tables.
func (t *ppc64Translator) walker() (w ppc64Walk, err error) {
	w.physical, w.page = t.k.Physical, t.k.PageShift
	w.widths, w.radix, err = t.levels()
	return w, err
}

// shift returns how many bits of an address lie below the index into a table of a level, of which 0 is the lowest.
func (w *ppc64Walk) shift(level int) uint {
	shift := w.page
	for _, width := range w.widths[:level] {
		shift += width
	}
	return shift
}

// bits returns how many bits of an address tables map.
func (w *ppc64Walk) bits() uint { return w.shift(4) }

// entry says what an entry in a table of a level is: the physical address of what it leads to, and whether that is a table or mapped.
func (w *ppc64Walk) entry(entry uint64, level int) (at uint64, table, mapped bool) {
	switch {
	case entry&ppc64Leaf != 0:
		size := uint64(1) << w.shift(level)
		return entry & ppc64Frames &^ (size - 1), false, entry&(ppc64Valid|ppc64Kept) != 0
	case entry&ppc64Valid == 0 || level == 0:
		return 0, false, false
	case w.radix && entry&ppc64NLS != uint64(w.widths[level-1]):
		return 0, false, false
	}
	return entry & ppc64Tables, true, false
}

// canonical returns whose table maps an address under a root, and the address in it; ok is false if none can.
func (t *ppc64Translator) canonical(root, address uint64, bits uint) (table, plain uint64, ok bool) {
	plain = address &^ ppc64Region
	switch address & ppc64Region {
	case 0:
		if root == t.root { // the kernel's own maps no process
			return 0, 0, false
		}
	case ppc64Linear:
		root = t.root
	default:
		return 0, 0, false
	}
	return root, plain, plain>>bits == 0
}

// Translate walks the tables down from root. The kernel's addresses are those of its own tables, whatever the root.
func (t *ppc64Translator) Translate(root, address uint64) (physical, contiguous uint64, err error) {
	if root == 0 {
		root = t.root
	}
	w, err := t.walker()
	if err != nil {
		return 0, 0, unreadable(err, 4, address)
	}
	at, plain, ok := t.canonical(root, address, w.bits())
	if !ok {
		return 0, 0, &mem.FaultError{Message: NotCanonical, Address: address}
	}
	if !w.radix && ppc64IsLinear(t.k, address) {
		const section = 1 << 24 // the least by which memory comes and goes (SECTION_SIZE_BITS)
		return plain, section - plain%section, nil
	}
	for level := 3; level >= 0; level-- {
		shift := w.shift(level)
		entry, err := w.physical.Uint(at+plain>>shift&(1<<w.widths[level]-1)*8, 8, true, true)
		if err != nil {
			return 0, 0, unreadable(err, level+1, address)
		}
		next, table, mapped := w.entry(entry, level)
		if mapped {
			in := plain & (1<<shift - 1)
			return next + in, 1<<shift - in, nil
		}
		if !table {
			break
		}
		at = next
	}
	if !w.radix && address&ppc64Region == ppc64Linear {
		if part, ok, err := t.vmemmapAt(address); ok || err != nil {
			return part.physical + address - part.virtual, part.virtual + part.size - address, err
		}
	}
	return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
}

// A ppc64Part is a part of vmemmap beside a hash table.
type ppc64Part struct{ virtual, physical, size uint64 }

// vmemmapAt returns the part of vmemmap that has an address: of those in the list vmemmap_list, whose elements VMCOREINFO describes.
func (t *ppc64Translator) vmemmapAt(address uint64) (ppc64Part, bool, error) {
	var found ppc64Part
	ok := false
	err := t.vmemmap(func(p ppc64Part) bool {
		if address >= p.virtual && address-p.virtual < p.size {
			found, ok = p, true
		}
		return !ok
	})
	if err != nil {
		return ppc64Part{}, false, unreadable(err, 0, address)
	}
	return found, ok, nil
}

// vmemmap walks the list of the parts of vmemmap while yield returns true.
func (t *ppc64Translator) vmemmap(yield func(ppc64Part) bool) error {
	k := t.k
	list, err := k.Info.Symbol("vmemmap_list")
	if err != nil {
		return nil // its memory is not mapped virtually
	}
	psize, err1 := k.Info.Symbol("mmu_vmemmap_psize")
	defs, err2 := k.Info.Symbol("mmu_psize_defs")
	var numbers [5]uint64
	for i, key := range []string{
		"SIZE(mmu_psize_def)", "OFFSET(mmu_psize_def.shift)", "OFFSET(vmemmap_backing.list)", "OFFSET(vmemmap_backing.phys)",
		"OFFSET(vmemmap_backing.virt_addr)",
	} {
		v, err := ppc64Decimal(k.Info, key)
		if err != nil {
			return err
		}
		numbers[i] = v
	}
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	big := !k.Platform.IsLittleEndian()
	read := func(address uint64, size int) (uint64, error) {
		return k.Physical.Uint(address&^ppc64Region, size, big, true)
	}
	n, err := read(psize, 4)
	if err != nil {
		return err
	}
	shift, err := read(defs+n*numbers[0]+numbers[1], 4)
	if err != nil {
		return err
	}
	if shift < 12 || shift > 40 {
		return fmt.Errorf("parts of vmemmap of 2^%d bytes are not understood", shift)
	}
	at, err := read(list, 8)
	for range ppc64MaxMap {
		if at == 0 || err != nil {
			return err
		}
		var p ppc64Part
		p.size = 1 << shift
		if p.physical, err = read(at+numbers[3], 8); err != nil {
			return err
		}
		if p.virtual, err = read(at+numbers[4], 8); err != nil {
			return err
		}
		if !yield(p) {
			return nil
		}
		at, err = read(at+numbers[2], 8)
	}
	return fmt.Errorf("vmemmap_list has more than %d elements", ppc64MaxMap)
}

// Next walks the tables, and looks for the next entry in the table where the walk ends.
func (t *ppc64Translator) Next(root, address uint64) (uint64, bool) {
	if root == 0 {
		root = t.root
	}
	w, err := t.walker()
	if err != nil {
		return 0, false
	}
	region := uint64(0)
	if root == t.root || address&ppc64Region != 0 {
		region = ppc64Linear
		if address < region {
			address = region
		}
	}
	limit := region + 1<<w.bits()
	for address < limit {
		at, plain, ok := t.canonical(root, address, w.bits())
		if !ok {
			return 0, false
		}
		if !w.radix && ppc64IsLinear(t.k, address) {
			if physical, ok := w.physical.Next(plain, true); ok && ppc64IsLinear(t.k, ppc64Linear|physical) {
				return ppc64Linear | physical, true
			}
			if address, err = t.k.Info.Number("VMALLOC_START"); err != nil {
				return 0, false
			}
			continue
		}
		mapped, next := w.walk(at, plain)
		if mapped {
			return address, true
		}
		if next += region; !w.radix && region != 0 {
			if part, ok := t.nextPart(address, next); ok {
				return part, true
			}
		}
		if next <= address {
			return 0, false // the end of the address space
		}
		address = next
	}
	return 0, false
}

// nextPart returns the first address from one on and before another that is in a part of vmemmap.
func (t *ppc64Translator) nextPart(from, before uint64) (first uint64, ok bool) {
	err := t.vmemmap(func(p ppc64Part) bool {
		if at := max(p.virtual, from); at < p.virtual+p.size && at < before && (!ok || at < first) {
			first, ok = at, true
		}
		return true
	})
	return first, ok && err == nil
}

// walk reports whether an address is mapped and, if not, the next that may be.
func (w *ppc64Walk) walk(at, address uint64) (mapped bool, next uint64) {
	for level := 3; level >= 0; level-- {
		shift := w.shift(level)
		index := address >> shift & (1<<w.widths[level] - 1)
		data := make([]byte, (1<<w.widths[level]-index)*8)
		above := address>>(shift+w.widths[level])<<(shift+w.widths[level]) + 1<<(shift+w.widths[level])
		if w.physical.Read(data[:8], at+index*8, true) != nil {
			return false, above // of a table that is not there, no entry is
		}
		next, table, mapped := w.entry(binary.BigEndian.Uint64(data), level)
		if mapped {
			return true, 0
		}
		if table {
			at = next
			continue
		}
		next = address>>shift<<shift + 1<<shift
		if len(data) == 8 || w.physical.Read(data[8:], at+index*8+8, true) != nil {
			return false, next
		}
		for data = data[8:]; len(data) > 0; data = data[8:] {
			if _, table, mapped := w.entry(binary.BigEndian.Uint64(data), level); table || mapped {
				break
			}
			next += 1 << shift
		}
		return false, next
	}
	return false, 0
}

// ppc64Decimal returns a size or an offset of VMCOREINFO.
func ppc64Decimal(info Info, key string) (uint64, error) {
	s, ok := info.String(key)
	if !ok {
		return 0, fmt.Errorf("VMCOREINFO has no %s", key)
	}
	var v uint64
	if _, err := fmt.Sscan(s, &v); err != nil || v > 1<<20 {
		return 0, fmt.Errorf("VMCOREINFO has %s=%s", key, s)
	}
	return v, nil
}
