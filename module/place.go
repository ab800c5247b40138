package module

import (
	"errors"
	"fmt"
	"slices"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/mem"
)

// errNoPlace says of a file that nothing in it tells where it lies in memory.
var errNoPlace = errors.New("no dynamic segment, by which it could be placed in memory")

// biasOf returns the load bias of a file: what is added to its addresses to get those in memory.
func (m *Module) biasOf(f *elf.File) (uint64, error) {
	switch m.kind {
	case Main:
		if l := m.set.Loader(); l != nil {
			return l.MainBias(programHeaders(f))
		}
	case SharedLibrary, Vdso:
		for i := range f.Segments {
			if s := &f.Segments[i]; s.Type == elf.PT_DYNAMIC {
				m.set.Log().Debug(fmt.Sprintf("got bias %#x from PT_DYNAMIC program header", m.id-s.Vaddr))
				return m.id - s.Vaddr, nil
			}
		}
		return 0, errNoPlace
	case Extra:
		if r, _ := m.Ranges(); len(r) == 1 {
			if span, ok := addressRange(f); ok {
				return r[0].Min - span.Min, nil
			}
		}
	}
	return 0, nil
}

// programHeaders returns the address that a file gives its program headers.
func programHeaders(f *elf.File) uint64 {
	for i := range f.Segments {
		if s := &f.Segments[i]; s.Type == elf.PT_PHDR {
			return s.Vaddr
		}
	}
	phoff := uint64(64)
	if !f.Is64 {
		phoff = 52
	}
	for i := range f.Segments {
		if s := &f.Segments[i]; s.Type == elf.PT_LOAD && s.Offset <= phoff && phoff-s.Offset < s.Filesz {
			return s.Vaddr + phoff - s.Offset
		}
	}
	return phoff
}

// addressRange returns where a linked file's segments lie. What lies at 0 in an executable has addresses of its own: x86-64's
// per-CPU section.
func addressRange(f *elf.File) (mem.Range, bool) {
	if f.Type == elf.ET_REL {
		return mem.Range{}, false
	}
	r := mem.Range{Min: ^uint64(0)}
	add := func(addr, size uint64) {
		if size == 0 || addr == 0 && f.Type == elf.ET_EXEC || size > -addr-1 && addr != 0 {
			return
		}
		r.Min, r.Max = min(r.Min, addr), max(r.Max, addr+size-1)
	}
	for i := range f.Segments {
		if s := &f.Segments[i]; s.Type == elf.PT_LOAD {
			add(s.Vaddr, s.Memsz)
		}
	}
	return r, r.Min <= r.Max
}

// KeepRange gives a module of which it is not known where it lies the place that the program's memory says; a file says it better.
func (m *Module) KeepRange(r mem.Range) error {
	if _, known := m.Ranges(); known {
		return nil
	}
	if err := m.SetRanges([]mem.Range{r}); err != nil {
		return err
	}
	m.keeps.ranges.Store(m.ranges.Load())
	return nil
}

// locate gives a module of which it is not known where it lies the place of its file, and returns what there is to log of that, or "".
func (m *Module) locate(d *placed.File) string {
	if m.kind == Extra || m.kind == Relocatable {
		return ""
	}
	if m.kind == Main && m.set.Loader() == nil {
		return ""
	}
	if known := m.ranges.Load(); known != nil && known != m.keeps.ranges.Load() {
		return ""
	}
	r, ok := addressRange(d.ELF)
	if !ok {
		return ""
	}
	r.Min, r.Max = r.Min+d.Bias, r.Max+d.Bias
	if m.SetRanges([]mem.Range{r}) != nil {
		return "" // one range overlaps none
	}
	return fmt.Sprintf("%s: set address range %#x-%#x from file", m.name, r.Min, r.Max+1)
}

// isProgram reports whether a file is of the kinds that are part of programs, or a section of one: no core dump, nothing of unknown kind.
func isProgram(f *elf.File) bool {
	return f.IsDetached() || f.Type == elf.ET_REL || f.Type == elf.ET_EXEC || f.Type == elf.ET_DYN
}

// IsLoadable reports whether a file has the code and data of what it is for: a separate debug file has only their headers.
// A linked file also says what is to be loaded.
func IsLoadable(f *elf.File) bool {
	loads := slices.ContainsFunc(f.Segments, func(s elf.Segment) bool { return s.Type == elf.PT_LOAD })
	if !isProgram(f) || f.Type != elf.ET_REL && !loads {
		return false
	}
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Flags&elf.SHF_ALLOC != 0 && s.Type == elf.SHT_PROGBITS && s.HasData() {
			return true
		}
	}
	if len(f.Sections) > 1 {
		return false
	}
	for i := range f.Segments {
		if s := &f.Segments[i]; s.Type == elf.PT_LOAD && s.Filesz > 0 {
			return true
		}
	}
	return false
}
