package linux

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/mmzone"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/mem"
)

// Identify walks what lies at an address of the kernel: a task, a slab object, a task's stack, a page's structure, an area
// of vmalloc.
func (k *Kernel) Identify(p *drgn.Program, address uint64) iter.Seq2[drgn.Identity, error] {
	return func(yield func(drgn.Identity, error) bool) {
		if !k.machine.IsKernelAddress(address) { // as most numbers
			return
		}
		if direct, err := mm.InDirectMap(p, address); err != nil {
			yield(drgn.Identity{}, err)
			return
		} else if direct {
			identifyDirect(p, address, yield)
			return
		}
		if page, text, ok := pageAt(p, address); ok {
			yield(drgn.Identity{Kind: "page", Name: text, Object: page}, nil)
			return
		}
		identifyMapped(p, address, yield)
	}
}

// IdentifySymbol says that the first task, which is a variable, is a task, that its stack is one, and which symbols are of the past.
func (k *Kernel) IdentifySymbol(p *drgn.Program, s drgn.Symbol, address uint64) (i drgn.Identity, more, past bool) {
	if isFirstStack(s) {
		if i, ok := firstStack(p, address); ok {
			return i, true, false
		}
	}
	if s.Name != "init_task" || s.Kind != drgn.SymbolObject {
		return drgn.Identity{}, false, k.symbolIsPast(p, address)
	}
	task := p.Variable("init_task").AddressOf()
	if at, err := task.Uint(); err != nil || at != s.Address {
		return drgn.Identity{}, false, false
	}
	text, err := taskName(task, address-s.Address)
	return drgn.Identity{Kind: "task", Name: text, Object: task}, err == nil, false
}

// isFirstStack reports whether a symbol may stand for the stack of the first task.
func isFirstStack(s drgn.Symbol) bool {
	return s.Size == 0 || s.Name == "init_stack" || s.Name == "init_thread_union"
}

// firstStack says that an address lies on the stack of the first task, which is part of the image.
func firstStack(p *drgn.Program, address uint64) (drgn.Identity, bool) {
	task := p.Variable("init_task").AddressOf()
	start, err := task.Member("stack").Uint()
	if err != nil || address < start {
		return drgn.Identity{}, false
	}
	if size, err := p.Object("THREAD_SIZE").Uint(); err != nil || address-start >= size {
		return drgn.Identity{}, false
	}
	i, err := onStack(task, address-start)
	return i, err == nil
}

type initKey struct{}

// symbolIsPast reports whether an address is in the part of the image that is given back when the kernel has started, on machines
// that have the image in their mapping of all physical memory: anything may lie there by then.
func (k *Kernel) symbolIsPast(p *drgn.Program, address uint64) bool {
	past, err := drgn.Memo(p, initKey{}, func() (*mem.Range, error) {
		r, err := k.findPast(p)
		if drgn.IsNotFound(err) {
			return nil, nil
		}
		return r, err
	})
	return err == nil && past != nil && address >= past.Min && address <= past.Max
}

// findPast returns the part of the image that has been given back and is in the mapping of all physical memory, nil if there is none.
func (k *Kernel) findPast(p *drgn.Program) (*mem.Range, error) {
	var at [2]uint64
	for i, name := range []string{"__init_begin", "__init_end"} {
		s, err := k.imageSymbol(name)
		if err != nil {
			return nil, err
		}
		at[i] = s.Address
	}
	if direct, err := mm.InDirectMap(p, at[0]); err != nil || !direct || at[1] <= at[0] {
		return nil, err
	}
	running, err := p.Constant("SYSTEM_RUNNING").Uint()
	if err != nil {
		return nil, err
	}
	if state, err := p.Variable("system_state").Uint(); err != nil || state < running {
		return nil, err
	}
	return &mem.Range{Min: at[0], Max: at[1] - 1}, nil
}

// pageAt returns the struct page * that an address lies in, and its name: "pfn 100 +0x8". Only frames in sections of
// memory that have such structures count: the kernel's other areas lie after vmemmap. Where sections can't be told, no
// address is a page's.
func pageAt(p *drgn.Program, address uint64) (page drgn.Object, text string, ok bool) {
	l, err := mm.LayoutOf(p)
	if err != nil || address < l.Vmemmap {
		return page, "", false
	}
	pfn := l.ToPFN(address)
	offset := address - l.ToPage(pfn)
	if !hasPage(p, l, pfn) {
		return page, "", false
	}
	text = fmt.Sprintf("pfn %d", pfn)
	if offset != 0 {
		text += fmt.Sprintf(" +%#x", offset)
	}
	return mm.PFNToPage(p, pfn), text, true
}

// hasPage reports whether a page frame surely has a struct page.
func hasPage(p *drgn.Program, l mm.Layout, pfn uint64) bool {
	if l.Flat {
		end, err := p.Variable("max_pfn").Uint()
		return err == nil && pfn >= l.FirstPFN() && pfn < end
	}
	section := mmzone.PFNToSection(p, pfn)
	if null, err := section.IsNull(); err != nil || null {
		return false
	}
	ok, err := mmzone.IsValid(section)
	return err == nil && ok
}

// identifyDirect says what lies at an address in the direct map.
func identifyDirect(p *drgn.Program, address uint64, yield func(drgn.Identity, error) bool) {
	if !identifyStack(p, address, yield) {
		return
	}
	info, err := slab.InfoAt(p, address)
	if err != nil {
		yield(drgn.Identity{}, err)
		return
	}
	if info == nil {
		return
	}
	name, err := info.SlabCache.Member("name").CString()
	if err != nil {
		yield(drgn.Identity{}, err)
		return
	}
	if string(name) == "task_struct" && info.Allocated {
		task := drgn.PointerValue(info.SlabCache, "struct task_struct", info.Address)
		if text, err := taskName(task, address-info.Address); err == nil {
			if !yield(drgn.Identity{Kind: "task", Name: text, Object: task}, nil) {
				return
			}
		}
	}
	kind := "slab object"
	if !info.Allocated {
		kind = "free slab object"
	}
	yield(drgn.Identity{Kind: kind, Name: fmt.Sprintf("%s+%#x", name, address-info.Address), Object: info.SlabCache}, nil)
}

// identifyMapped says what lies at an address in the area of vmalloc.
func identifyMapped(p *drgn.Program, address uint64, yield func(drgn.Identity, error) bool) {
	if !identifyStack(p, address, yield) {
		return
	}
	area := mm.FindVmapArea(p, address)
	if null, err := area.IsNull(); err != nil || null {
		if err != nil {
			yield(drgn.Identity{}, err)
		}
		return
	}
	var a struct {
		Start uint64      `drgn:"va_start"`
		End   uint64      `drgn:"va_end"`
		VM    drgn.Object `drgn:"vm"`
	}
	if err := area.Decode(&a); err != nil {
		yield(drgn.Identity{}, err)
		return
	}
	text := fmt.Sprintf("%#x-%#x", a.Start, a.End)
	if caller, err := a.VM.Member("caller").Uint(); err == nil && caller != 0 {
		if s, err := p.SymbolAt(caller); err == nil {
			text += fmt.Sprintf(" caller %s+%#x", s.Name, caller-s.Address)
		}
	}
	yield(drgn.Identity{Kind: "vmap", Name: text, Object: area}, nil)
}

func taskName(task drgn.Object, offset uint64) (string, error) {
	t, err := threadOf(task)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%d (%s)", t.TID, t.Name)
	if offset != 0 {
		name += fmt.Sprintf(" +%#x", offset)
	}
	return name, nil
}

// identifyStack says whose stack an address lies on; it reports whether to go on.
func identifyStack(p *drgn.Program, address uint64, yield func(drgn.Identity, error) bool) bool {
	task, start, ok, err := stackOwner(p, address)
	if err != nil {
		return yield(drgn.Identity{}, err)
	}
	if !ok {
		return true
	}
	if s, err := p.SymbolAt(address); err == nil && isFirstStack(s) { // IdentifySymbol has said it
		return true
	}
	return yield(onStack(task, address-start))
}

// onStack says that something lies on a task's stack, so many bytes from its lowest address.
func onStack(task drgn.Object, offset uint64) (drgn.Identity, error) {
	t, err := threadOf(task)
	if err != nil {
		return drgn.Identity{}, err
	}
	return drgn.Identity{Kind: "task stack", Name: fmt.Sprintf("%d (%s) +%#x", t.TID, t.Name, offset), Object: task}, nil
}
