package placed

import (
	"cmp"
	"slices"
	"sort"

	"github.com/godrgn/drgn/internal/elf"
)

// An addressMap translates between the addresses of a file and those of the program. A linked file is moved as a whole,
// but for sections that have addresses of their own; the sections of a relocatable file, whose addresses in the file are
// those of [elf.File.Layout], each lie somewhere else.
type addressMap struct {
	bias        uint64
	relocatable bool           // only what is in moved was loaded
	moved       []movedSection // by first
	byProgram   []movedSection // by to, those that are not empty, if relocatable
}

// A movedSection is a section that is not moved with the rest of its file.
type movedSection struct {
	first, last uint64 // addresses in the file, both inclusive; of a relocatable file last is the end of the section
	to          uint64 // where first lies in the program
}

// newAddressMap returns the map of a file with a bias; sections gives the addresses of those of a relocatable one, and
// has none for sections that were not loaded.
func newAddressMap(f *elf.File, bias uint64, sections map[string]uint64) *addressMap {
	a := &addressMap{bias: bias, relocatable: f.Type == elf.ET_REL}
	switch f.Type {
	case elf.ET_REL:
		layout := f.Layout()
		seen := map[string]bool{}
		for i := range f.Sections {
			s := &f.Sections[i]
			to := sections[s.Name]
			if to == 0 || layout[i] == 0 || seen[s.Name] { // an address belongs to one section of a name
				continue
			}
			seen[s.Name] = true
			a.moved = append(a.moved, movedSection{layout[i], layout[i] + s.Size, to})
			if s.Size != 0 {
				a.byProgram = append(a.byProgram, a.moved[len(a.moved)-1])
			}
		}
		slices.SortStableFunc(a.byProgram, func(x, y movedSection) int { return cmp.Compare(x.to, y.to) })
	case elf.ET_EXEC:
		for i := range f.Sections {
			// x86-64's per-CPU section before v6.15, from 0 on.
			if s := &f.Sections[i]; s.Flags&elf.SHF_ALLOC != 0 && s.Addr == 0 && s.Size != 0 {
				a.moved = append(a.moved, movedSection{0, s.Size - 1, 0})
			}
		}
	}
	return a
}

// ToProgram returns where an address of the file lies in the program; ok is false in a section that was not loaded.
func (a *addressMap) ToProgram(address uint64) (_ uint64, ok bool) {
	i := sort.Search(len(a.moved), func(i int) bool { return a.moved[i].first > address })
	for i--; i >= 0 && a.moved[i].first <= address; i-- {
		if s := &a.moved[i]; address <= s.last {
			return s.to + (address - s.first), true
		}
		if a.relocatable {
			break // these don't overlap
		}
	}
	return address + a.bias, !a.relocatable
}

// ToFile returns which address of the file lies at one of the program; ok is false where no section of a relocatable file
// lies.
func (a *addressMap) ToFile(address uint64) (_ uint64, ok bool) {
	if !a.relocatable {
		return address - a.bias, true
	}
	i := sort.Search(len(a.byProgram), func(i int) bool { return a.byProgram[i].to > address }) - 1
	if i < 0 {
		return 0, false
	}
	s := &a.byProgram[i]
	if address-s.to >= s.last-s.first {
		return 0, false
	}
	return s.first + (address - s.to), true
}
