package linux

import (
	"cmp"
	"math/bits"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/linux/internal/globals"
	"github.com/godrgn/drgn/linux/mmzone"
)

// findObject gives what a kernel's source has as macros, which debugging information does not hold, and variables that BTF does
// not list.
func (k *Kernel) findObject(p *drgn.Program, name string, flags drgn.FindObjectFlags, filename string) (drgn.Object, error) {
	if filename != "" {
		return drgn.Object{}, drgn.ErrNotFound
	}
	if flags&drgn.FindConstant != 0 {
		switch name {
		case "PAGE_SIZE", "PAGE_SHIFT", "PAGE_MASK", "PAGE_OFFSET":
			return k.pageConstant(name)
		case "NR_SECTION_ROOTS", "SECTIONS_PER_ROOT", "SECTION_SIZE_BITS", "MAX_PHYSMEM_BITS":
			return k.sectionConstant(name)
		case "THREAD_SIZE":
			size, err := k.threadSize()
			if err != nil {
				return drgn.Object{}, err
			}
			return k.ulong(size), nil
		case "UTS_RELEASE":
			return k.text(k.Release() + "\x00")
		case "VMCOREINFO":
			return k.text(string(k.info.Raw())) // nothing is behind it in the note, either
		}
	}
	if flags&drgn.FindVariable == 0 {
		return drgn.Object{}, drgn.ErrNotFound
	}
	switch name {
	case "jiffies":
		// The linker script makes it another name of jiffies_64 (or of the half of it that an unsigned long is).
		s, err := p.Symbol("jiffies")
		if err != nil {
			return drgn.Object{}, drgn.ErrNotFound
		}
		t, err := p.Type("volatile unsigned long")
		if err != nil {
			return drgn.Object{}, err
		}
		return p.ObjectAt(t, s.Address), nil
	case "vmemmap":
		t, err := p.Type("struct page *")
		if err != nil {
			return drgn.Object{}, drgn.ErrNotFound
		}
		base, err := k.vmemmap(p)
		if err != nil {
			return drgn.Object{}, err
		}
		return p.ScalarValue(t, base), nil
	}
	return k.global(p, name)
}

// ConstantNames returns the names of the macros that findObject gives.
func (k *Kernel) ConstantNames() []string {
	return []string{"PAGE_SIZE", "PAGE_SHIFT", "PAGE_MASK", "PAGE_OFFSET", "NR_SECTION_ROOTS", "SECTIONS_PER_ROOT", "SECTION_SIZE_BITS",
		"MAX_PHYSMEM_BITS", "THREAD_SIZE", "UTS_RELEASE", "VMCOREINFO"}
}

// typesOnly returns what is known of the kernel's types if that is all: BTF, which lists few variables.
func (k *Kernel) typesOnly(p *drgn.Program) (debugdata.Info, error) {
	main, err := p.MainModule()
	if err != nil || !main.HasTypes() || main.HasCode() {
		return nil, nil
	}
	return main.Info()
}

// global gives a variable that debugging information does not list, but whose type is known.
func (k *Kernel) global(p *drgn.Program, name string) (drgn.Object, error) {
	info, err := k.typesOnly(p)
	if info == nil || err != nil {
		return drgn.Object{}, cmp.Or(err, drgn.ErrNotFound)
	}
	if _, listed, err := info.FindEntity(debugdata.Variable, name, "", nil); listed || err != nil {
		return drgn.Object{}, drgn.ErrNotFound // who looks there says so
	}
	o, ok, err := globals.Find(p, name, k.machine.IsKernelAddress)
	if !ok && err == nil {
		err = drgn.ErrNotFound
	}
	return o, err
}

// WhyNoObject says why there is no object of a name that has a symbol, "" if there is no more to say.
func (k *Kernel) WhyNoObject(p *drgn.Program, name string) string {
	if info, err := k.typesOnly(p); info == nil || err != nil {
		return ""
	}
	if _, err := p.Symbol(name); err != nil {
		return ""
	}
	return "it has a symbol, but the kernel's BTF does not say of which type it is; to give it one: " + globals.Advice(name)
}

// vmemmap returns the address of the struct page of page frame 0.
func (k *Kernel) vmemmap(p *drgn.Program) (uint64, error) {
	if base, err := k.info.Symbol("vmemmap"); err == nil {
		return base, nil
	}
	base, err := uint64(0), drgn.ErrNotFound
	if k.machine.Vmemmap != nil {
		base, err = k.machine.Vmemmap(k.facts(p.Platform(), p.Memory()), p)
	}
	if drgn.IsNotFound(err) {
		if base, err = vmemmapOfSections(p); err != nil {
			err = drgn.ErrNotFound
		}
	}
	return base, err
}

// vmemmapOfSections returns what all sections of memory have in common: where the struct page of page frame 0 would lie. With
// CONFIG_SPARSEMEM but without CONFIG_SPARSEMEM_VMEMMAP, each has another such address, and there is no vmemmap.
func vmemmapOfSections(p *drgn.Program) (base uint64, err error) {
	for section, err := range mmzone.ForEachPresent(p) {
		if err != nil {
			return 0, err
		}
		at, err := mmzone.MemMapAddress(section.Section).Uint()
		if err != nil {
			return 0, err
		}
		if base != 0 && at != base {
			return 0, drgn.ErrNotFound
		}
		base = at
	}
	if base == 0 {
		return 0, drgn.ErrNotFound
	}
	return base, nil
}

// sectionConstant returns how the kernel divides physical memory into sections (CONFIG_SPARSEMEM).
func (k *Kernel) sectionConstant(name string) (drgn.Object, error) {
	switch name {
	case "SECTION_SIZE_BITS", "MAX_PHYSMEM_BITS":
		n, err := k.info.Number(name)
		if err != nil {
			return drgn.Object{}, drgn.ErrNotFound
		}
		t, err := k.prog.Type("int")
		if err != nil {
			return drgn.Object{}, err
		}
		return k.prog.ScalarValue(t, n), nil
	case "NR_SECTION_ROOTS":
		n, err := k.info.Length("mem_section")
		if err != nil {
			return drgn.Object{}, drgn.ErrNotFound
		}
		return k.ulong(n), nil
	}
	perRoot, err := mmzone.SectionsPerRoot(k.prog)
	if err != nil {
		return drgn.Object{}, drgn.ErrNotFound
	}
	return k.ulong(perRoot), nil
}

// threadSize returns the size of a task's kernel stack in bytes.
func (k *Kernel) threadSize() (uint64, error) {
	// The linker script marks the first stack since v4.17; it is as large as all others.
	for _, name := range []string{"init_stack", "init_task"} { // the latter before v6.10
		if start, err := k.imageSymbol("__start_" + name); err == nil {
			end, err := k.imageSymbol("__end_" + name)
			if err == nil && end.Address > start.Address {
				return end.Address - start.Address, nil
			}
		}
	}
	if stack, err := k.prog.Type("union thread_union"); err == nil {
		return stack.Size()
	}
	if k.machine.ThreadSize == 0 {
		return 0, drgn.ErrNotFound
	}
	return k.machine.ThreadSize, nil
}

func (k *Kernel) ulong(v uint64) drgn.Object {
	t, err := k.prog.Type("unsigned long")
	if err != nil {
		return drgn.Failed(err)
	}
	return k.prog.ScalarValue(t, v)
}

func (k *Kernel) text(s string) (drgn.Object, error) {
	char, err := k.prog.Type("const char")
	if err != nil {
		return drgn.Object{}, err
	}
	t := k.prog.Types().Array(char.Language(), char, uint64(len(s)))
	return k.prog.BytesValue(t, []byte(s)), nil
}

func (k *Kernel) pageConstant(name string) (drgn.Object, error) {
	if name == "PAGE_OFFSET" {
		offset, _, err := k.DirectMap()
		if err != nil {
			return drgn.Object{}, err
		}
		return k.ulong(offset), nil
	}
	shift := k.PageShift()
	switch name {
	case "PAGE_SHIFT":
		t, err := k.prog.Type("int")
		if err != nil {
			return drgn.Object{}, err
		}
		return k.prog.ScalarValue(t, uint64(shift)), nil
	case "PAGE_SIZE":
		return k.ulong(1 << shift), nil
	}
	return k.ulong(^uint64(1<<shift - 1)), nil
}

// smallestPageShift is that of the smallest pages there are, and of kernels that don't say which they have.
const smallestPageShift = 12

// PageShift returns the binary logarithm of the size of a page.
func (k *Kernel) PageShift() uint {
	size, err := k.info.PageSize()
	if err != nil {
		return smallestPageShift
	}
	return uint(bits.TrailingZeros64(size))
}
