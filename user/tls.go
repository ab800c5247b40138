package user

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
)

// ThreadLocal returns where a thread has what lies at an offset in bytes in a module's block of thread-local variables.
// registers are the thread's. The executable's block lies where the ABI says; that of a library where glibc's structures do,
// whose layout it describes itself (for libthread_db). A library that a thread has not used yet has no block there: a [*drgn.ValueError].
func (u *Process) ThreadLocal(p *drgn.Program, registers *arch.Registers, m *drgn.Module, offset uint64) (uint64, error) {
	fail := func(format string, args ...any) (uint64, error) {
		return 0, &drgn.ValueError{Problem: fmt.Sprintf("where the thread has those of %s is not known: %s", m.Name(), fmt.Sprintf(format, args...))}
	}
	platform := p.Platform()
	if platform.Arch == nil || platform.Arch.TLS.Pointer == nil {
		return fail("of this architecture it is not known how threads find them")
	}
	pointer, ok := platform.ThreadPointer(registers)
	if !ok {
		return fail("its thread pointer was not saved")
	}
	f, err := u.newFinder(p)
	if err != nil {
		return 0, err
	}
	main := f.findMain()
	if m.Kind() == drgn.MainModule {
		if main.image == nil {
			return fail("its program headers can't be read")
		}
		block, err := main.image.executableBlock(pointer)
		if err != nil {
			return fail("%v", err)
		}
		return main.image.mask(block + offset), nil
	}
	for l, err := range f.linkMap() {
		if err != nil {
			return 0, err
		}
		if l.dynamic == m.ID() && m.Kind() == drgn.SharedLibraryModule {
			block, err := u.libraryBlock(f, l, pointer)
			if err != nil {
				return fail("%v", err)
			}
			return f.main.mask(block + offset), nil
		}
	}
	return fail("the dynamic linker has not loaded it")
}

// executableBlock returns where the thread with a thread pointer has the block of the executable.
func (i *image) executableBlock(pointer uint64) (uint64, error) {
	s := i.segment(elf.PT_TLS)
	if s == nil {
		return 0, fmt.Errorf("it has no segment of them")
	}
	align := max(s.Align, 1)
	if align&(align-1) != 0 || s.Memsz > i.platform.AddressMask()-align {
		return 0, fmt.Errorf("its segment of them, of %#x bytes at %#x, aligned to %#x, makes no sense", s.Memsz, s.Vaddr, align)
	}
	return i.platform.Arch.TLS.Executable(pointer, s.Vaddr, s.Memsz, align), nil
}

// glibc reads structures of glibc by its own descriptions of them.
type glibc struct {
	f      *finder
	fields map[string]glibcField
	err    error // the first
}

// A glibcField is how nptl_db describes a field: its size in bits, how many there are in an array, and its offset in bytes.
type glibcField struct{ bits, count, offset uint32 }

// field returns the description of a field, the variable _thread_db_NAME of the C library.
func (g *glibc) field(name string) (d glibcField) {
	if g.err != nil {
		return d
	}
	if d, ok := g.fields[name]; ok {
		return d
	}
	symbol, err := g.f.p.Symbol("_thread_db_" + name)
	if err != nil {
		g.err = fmt.Errorf("no description of glibc's structures was found: %w", err)
		return d
	}
	data, err := g.f.p.Read(symbol.Address, 12, false)
	if err != nil {
		g.err = err
		return d
	}
	c := bin.New(symbol.Name, data, !g.f.p.Platform().IsLittleEndian())
	d = glibcField{c.U32(), c.U32(), c.U32()}
	g.fields[name] = d
	return d
}

// read reads an integer of a field in a structure; of an array, one of its elements.
func (g *glibc) read(at uint64, name string, index uint64) uint64 {
	d := g.field(name)
	if g.err != nil {
		return 0
	}
	size := min(int(d.bits)/8, g.f.p.Platform().AddressSize())
	if d.bits%8 != 0 || size == 0 || size&(size-1) != 0 {
		g.err = fmt.Errorf("glibc's %s has %d bits", name, d.bits)
		return 0
	}
	v, err := g.f.p.ReadUint(at+uint64(d.offset)+index*uint64(d.bits)/8, size, false)
	if err != nil {
		g.err = err
	}
	return v
}

// maxSlotLists bounds the list of the numbers of modules with thread-local variables: each node has some 60 of them.
const maxSlotLists = 1 << 12

// generation returns the generation of the module that has a number now, and its link_map.
func (g *glibc) generation(number uint64) (generation, module uint64) {
	global, err := g.f.p.Symbol("_rtld_global")
	if err != nil {
		g.err = err
		return 0, 0
	}
	list := g.read(global.Address, "rtld_global__dl_tls_dtv_slotinfo_list", 0)
	slots, size := g.field("dtv_slotinfo_list_slotinfo"), g.field("dtv_slotinfo_list_slotinfo").bits/8
	for first, n := uint64(0), 0; g.err == nil && list != 0; n++ {
		length := g.read(list, "dtv_slotinfo_list_len", 0)
		if number-first < length {
			slot := list + uint64(slots.offset) + (number-first)*uint64(size)
			return g.read(slot, "dtv_slotinfo_gen", 0), g.read(slot, "dtv_slotinfo_map", 0)
		}
		if n == maxSlotLists {
			break
		}
		first += length
		list = g.read(list, "dtv_slotinfo_list_next", 0)
	}
	if g.err == nil {
		g.err = fmt.Errorf("glibc does not list module %d", number)
	}
	return 0, 0
}

// libraryBlock returns where the thread with a thread pointer has the block of a library.
func (u *Process) libraryBlock(f *finder, l link, pointer uint64) (uint64, error) {
	g := &glibc{f: f, fields: map[string]glibcField{}}
	number := g.read(l.address, "link_map_l_tls_modid", 0)
	static := g.read(l.address, "link_map_l_tls_offset", 0)
	if g.err != nil {
		return 0, g.err
	}
	platform := f.p.Platform()
	tls := &platform.Arch.TLS
	vector, err := f.p.ReadUint(f.main.mask(pointer+uint64(tls.Vector)), platform.AddressSize(), false)
	if err != nil {
		return 0, err
	}
	if number == 0 {
		return 0, fmt.Errorf("it has none")
	}
	generation, module := g.generation(number)
	if g.err == nil && module != l.address {
		return 0, fmt.Errorf("its number is that of another module: it was loaded or unloaded at that moment")
	}
	slot := uint64(g.field("dtv_dtv").bits / 8)
	count := g.read(vector-slot, "dtv_t_counter", 0) // dtv[-1]: how many there are
	seen := g.read(vector, "dtv_t_counter", 0)       // dtv[0]: the generation that the thread knows
	if g.err != nil {
		return 0, g.err
	}
	if number <= count && generation <= seen {
		block := g.read(vector+number*slot, "dtv_t_pointer_val", 0)
		if g.err != nil {
			return 0, g.err
		}
		if unallocated := f.main.mask(^uint64(0)); block != unallocated && block != 0 {
			return block, nil
		}
	}
	// Blocks of libraries that were loaded at the start, or want it so, have a fixed distance from the pointer.
	if block, ok := tls.Static(platform, pointer, static); ok {
		return block, nil
	}
	return 0, fmt.Errorf("the thread has not used any of them yet")
}
