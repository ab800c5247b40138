package machine

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
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
	kind atomic.Uint32

	radix, hash tableWalk
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
	t := &ppc64Translator{k: k, root: top &^ ppc64Region}
	t.radix = t.walk(13, 9, 9, 9)
	t.hash = t.walk(9, 9, 7, 9)
	if k.PageShift > 12 {
		t.radix = t.walk(13, 9, 9, 5)
		t.hash = t.walk(8, 10, 10, 8)
	}
	t.radix.read = func(entry uint64, level int) tableEntry {
		e := ppc64Entry(entry)
		e.table = e.table && level < 3 && entry&ppc64NLS == uint64(t.radix.levels[level+1].index)
		return e
	}
	t.hash.read = func(entry uint64, _ int) tableEntry { return ppc64Entry(entry) }
	if radix, err := k.Info.Number("RADIX_MMU"); err == nil {
		t.kind.Store(ppc64Hash)
		if radix != 0 {
			t.kind.Store(ppc64Radix)
		}
	}
	return t, nil
}

// walk returns a walk of tables whose numbers of entries have these binary logarithms, the topmost first.
func (t *ppc64Translator) walk(widths ...uint) tableWalk {
	w := tableWalk{physical: t.k.Physical, root: t.root, big: true, word: 8}
	bits := t.k.PageShift // of an address
	for _, width := range slices.Backward(widths) {
		w.levels = slices.Insert(w.levels, 0, tableLevel{bits, width})
		bits += width
	}
	// The kernel's addresses are those of its own tables, whatever the root, and those have no others.
	kernel, process := tableSpace{first: ppc64Linear, last: ppc64Linear + 1<<bits - 1}, tableSpace{last: 1<<bits - 1}
	w.space = func(root, address uint64) (uint64, *tableSpace) {
		if root == t.root || address&ppc64Region != 0 {
			return t.root, &kernel
		}
		return root, &process
	}
	return w
}

// tables returns the walk of the tables that the kernel has. Kernels that do not say which these are (RADIX_MMU in VMCOREINFO) have only
// entries of one kind in the topmost one.
func (t *ppc64Translator) tables() (*tableWalk, error) {
	kind := t.kind.Load()
	if kind == ppc64Unknown {
		data := make([]byte, 4096) // of the tables of radix only the begin, which has the entry of the linear map
		if err := t.k.Physical.Read(data, t.root, true); err != nil {
			return nil, err
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
	if kind == ppc64Radix {
		return &t.radix, nil
	}
	return &t.hash, nil
}

// ppc64Entry reads an entry.
func ppc64Entry(entry uint64) tableEntry {
	if entry&ppc64Leaf != 0 {
		return tableEntry{mapped: entry&(ppc64Valid|ppc64Kept) != 0, at: entry & ppc64Frames}
	}
	return tableEntry{table: entry&ppc64Valid != 0, at: entry & ppc64Tables}
}

// Translate walks the tables down from root. The kernel's addresses are those of its own tables, whatever the root.
func (t *ppc64Translator) Translate(root, address uint64) (physical, contiguous uint64, err error) {
	tables, err := t.tables()
	if err != nil {
		return 0, 0, unreadable(err, 4, address)
	}
	hash := tables == &t.hash
	if hash && ppc64IsLinear(t.k, address) {
		const section = 1 << 24 // the least by which memory comes and goes (SECTION_SIZE_BITS)
		return address &^ ppc64Region, section - address%section, nil
	}
	if hash && address&ppc64Region > ppc64Linear {
		return 0, 0, &mem.FaultError{Message: ppc64Old, Address: address}
	}
	physical, contiguous, err = tables.Translate(root, address)
	var fault *mem.FaultError
	if hash && address&ppc64Region == ppc64Linear && errors.As(err, &fault) && fault.Message == NotMapped {
		if part, ok, err := t.vmemmapAt(address); ok || err != nil {
			return part.physical + address - part.virtual, part.virtual + part.size - address, err
		}
	}
	return physical, contiguous, err
}

// ppc64Old is the message of a fault above the regions that kernels have since v5.2, commit 0034d395f89d.
const ppc64Old = "no memory is mapped there but by kernels before 5.2 with a hash table, whose vmalloc and vmemmap can't be read"

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
	tables, err := t.tables()
	if err != nil {
		return 0, false
	}
	table, space := tables.space(cmp.Or(root, t.root), address)
	if tables == &t.radix || space.first == 0 {
		return tables.Next(root, address)
	}
	address = max(address, space.first)
	if ppc64IsLinear(t.k, address) {
		if physical, ok := t.k.Physical.Next(address&^ppc64Region, true); ok && ppc64IsLinear(t.k, ppc64Linear|physical) {
			return ppc64Linear | physical, true
		}
		if address, err = t.k.Info.Number("VMALLOC_START"); err != nil {
			return 0, false
		}
	}
	at, ok := tables.first(table, space, address)
	end := space.last
	if ok {
		end = at
	}
	if part, ok := t.nextPart(address, end); ok {
		return part, true
	}
	return at, ok
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
