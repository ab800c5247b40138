// Package placed lays ELF files where their modules lie in a program's memory.
package placed

import (
	"github.com/godrgn/drgn/internal/elf"
)

// A File is an ELF file laid where its module lies in memory.
type File struct {
	ELF       *elf.File
	Bias      uint64 // load bias: what is added to the addresses in the file to get those in memory
	addresses *addressMap
	section   func(index int) uint64 // of a relocatable file: where a section lies in memory, or 0; else nil
	nowhere   bool                   // a relocatable file of which no section is known to lie anywhere
}

// At lays a file into memory. sections has the addresses of those of a relocatable file, by their names.
func At(f *elf.File, bias uint64, sections map[string]uint64) *File {
	d := &File{ELF: f, Bias: bias, addresses: newAddressMap(f, bias, sections)}
	if f.Type == elf.ET_REL {
		d.nowhere = len(d.addresses.moved) == 0
		d.addresses.relocatable = !d.nowhere
		d.section = func(i int) uint64 {
			if i < 0 || i >= len(f.Sections) {
				return 0
			}
			return sections[f.Sections[i].Name]
		}
	}
	return d
}

// Relocatable reports whether the file's sections have each a place of their own.
func (d *File) Relocatable() bool { return d.section != nil }

// Layout returns the addresses in the file of the sections of a relocatable file, by index: those of [elf.File.Layout]. Of one
// of which no section is known to lie anywhere, each begins at 0, as its header says. It is nil for other files.
func (d *File) Layout() []uint64 {
	switch {
	case d.section == nil:
		return nil
	case d.nowhere:
		return make([]uint64, len(d.ELF.Sections))
	}
	return d.ELF.Layout()
}

// SectionAddress returns where a section of a relocatable file lies in memory, by its index; 0 if that is not known or the
// file is not relocatable.
func (d *File) SectionAddress(index int) uint64 {
	if d.section == nil {
		return 0
	}
	return d.section(index)
}

// ToProgram returns where an address of the file lies in the program; ok is false in a section that was not loaded. The
// addresses of a relocatable file are those of [File.Layout].
func (d *File) ToProgram(address uint64) (_ uint64, ok bool) { return d.addresses.ToProgram(address) }

// ToFile returns which address of the file lies at one of the program; ok is false where no section of a relocatable file
// lies.
func (d *File) ToFile(address uint64) (_ uint64, ok bool) { return d.addresses.ToFile(address) }

// Executable reports whether code may lie at an address of the program, by the flags of the section that lies there; known is
// false if none does.
func (d *File) Executable(address uint64) (executable, known bool) {
	at, ok := d.ToFile(address)
	if !ok || d.nowhere {
		return false, false
	}
	layout := d.Layout()
	for i := range d.ELF.Sections {
		s := &d.ELF.Sections[i]
		start := s.Addr
		if layout != nil {
			start = layout[i]
		}
		if s.Flags&elf.SHF_ALLOC != 0 && s.Flags&elf.SHF_TLS == 0 && start != 0 && at-start < s.Size {
			return s.Flags&elf.SHF_EXECINSTR != 0, true
		}
	}
	return false, false
}

// Data returns the contents of a section, relocated; nil when the file has none of that name.
func (d *File) Data(name string) ([]byte, error) {
	s := d.ELF.Section(name)
	if s == nil || !s.HasData() {
		return nil, nil
	}
	return d.ELF.RelocatedData(s, d.section)
}

// Address returns the address of a section, which must be there, in the file; of a relocatable one in memory.
func (d *File) Address(name string) uint64 {
	s := d.ELF.Section(name)
	if d.section != nil {
		return d.section(s.Index)
	}
	return s.Addr
}
