package mmzone

import (
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// layout is how a kernel divides physical memory into sections (CONFIG_SPARSEMEM).
type layout struct {
	pfnShift uint64 // PFN_SECTION_SHIFT: binary logarithm of the pages of a section
	perRoot  uint64 // SECTIONS_PER_ROOT
	roots    uint64 // NR_SECTION_ROOTS
	extreme  bool   // mem_section is a pointer to pointers (CONFIG_SPARSEMEM_EXTREME), not an array of arrays
	section  *types.Type
}

type layoutKey struct{}

func layoutOf(p *drgn.Program) (layout, error) {
	return drgn.Memo(p, layoutKey{}, func() (l layout, err error) {
		text, err := p.Object("VMCOREINFO").Bytes()
		if err != nil {
			return l, err
		}
		info := vmcoreinfo.Parse(text)
		bits, err := info.Number("SECTION_SIZE_BITS")
		if err != nil {
			return l, fmt.Errorf("the kernel's memory is not divided into sections: %w", err)
		}
		if l.roots, err = info.Length("mem_section"); err != nil {
			return l, fmt.Errorf("the kernel's memory is not divided into sections: %w", err)
		}
		if l.roots > 1<<32 {
			return l, fmt.Errorf("%d roots of sections are not understood", l.roots)
		}
		shift, err := p.Object("PAGE_SHIFT").Uint()
		if err != nil {
			return l, err
		}
		if bits < shift || bits > 63 {
			return l, fmt.Errorf("sections of 2^%d bytes are not understood", bits)
		}
		l.pfnShift = bits - shift
		if l.section, err = p.Type("struct mem_section"); err != nil {
			return l, err
		}
		size, err := l.section.Size()
		if err != nil {
			return l, err
		}
		root := p.Variable("mem_section")
		if err := root.Err(); err != nil {
			return l, err
		}
		l.perRoot = 1
		if root.Type().UnderlyingKind() == types.Pointer || root.Index(0).Type().UnderlyingKind() == types.Pointer {
			l.extreme = true
			l.perRoot = (1 << shift) / max(size, 1)
		}
		if l.perRoot == 0 {
			return l, fmt.Errorf("sections that are described in %d bytes are not understood", size)
		}
		return l, nil
	})
}

// root returns the sections of a root as a struct mem_section *, which may be null.
func (l *layout) root(p *drgn.Program, i uint64) drgn.Object {
	roots := p.Variable("mem_section")
	if roots.Err() == nil && roots.Type().UnderlyingKind() == types.Pointer {
		if none, err := roots.IsNull(); err != nil {
			return drgn.Failed(err)
		} else if none {
			return drgn.Null(p, l.section)
		}
	}
	if i >= l.roots {
		return drgn.Null(p, l.section)
	}
	if !l.extreme {
		return roots.Index(int64(i)).Index(0).AddressOf()
	}
	return roots.Index(int64(i)).Read()
}

// Section returns the section of a number as a struct mem_section *; a null pointer if there is none.
//
//drgn:helper nr_to_section
func Section(p *drgn.Program, nr uint64) drgn.Object {
	l, err := layoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	root := l.root(p, nr/l.perRoot)
	if none, err := root.IsNull(); err != nil || none {
		return root
	}
	return root.Index(int64(nr % l.perRoot)).AddressOf()
}

func number(p *drgn.Program, v uint64) drgn.Object {
	t, err := p.Type("unsigned long")
	if err != nil {
		return drgn.Failed(err)
	}
	return p.ScalarValue(t, v)
}

// PFNToSectionNumber returns the number of the section that a page frame is in, as an unsigned long.
//
//drgn:helper pfn_to_section_nr
//drgn:wraps
func PFNToSectionNumber(p *drgn.Program, pfn uint64) drgn.Object {
	l, err := layoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return number(p, pfn>>l.pfnShift)
}

// SectionNumberToPFN returns the number of the first page frame of a section, as an unsigned long.
//
//drgn:helper section_nr_to_pfn
//drgn:wraps
func SectionNumberToPFN(p *drgn.Program, nr uint64) drgn.Object {
	l, err := layoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return number(p, nr<<l.pfnShift)
}

// PFNToSection returns the section that a page frame is in, as a struct mem_section *; a null pointer if there is none.
//
//drgn:helper pfn_to_section
//drgn:wraps
func PFNToSection(p *drgn.Program, pfn uint64) drgn.Object {
	l, err := layoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return Section(p, pfn>>l.pfnShift)
}

// SectionsPerRoot returns how many sections the kernel's tables of them have each.
func SectionsPerRoot(p *drgn.Program) (uint64, error) {
	l, err := layoutOf(p)
	return l.perRoot, err
}

// flagNames are the flags of a section from the lowest bit on, before v6.1 made them an enumeration.
var flagNames = []string{"SECTION_MARKED_PRESENT", "SECTION_HAS_MEM_MAP", "SECTION_IS_ONLINE", "SECTION_IS_EARLY", "SECTION_TAINT_ZONE_DEVICE"}

// lastFlag ends the enumeration of the flags.
const lastFlag = "SECTION_MAP_LAST_BIT"

type flagsKey struct{}

// Flags returns the flags of a section by name, and as SECTION_MAP_MASK which bits of section_mem_map are none of them.
//
//drgn:helper _section_flags
func Flags(p *drgn.Program) (map[string]uint64, error) {
	names, err := flagsOf(p)
	if err != nil {
		return nil, err
	}
	size, err := p.AddressSize()
	if err != nil {
		return nil, err
	}
	flags := make(map[string]uint64, len(names)+1)
	for i, name := range names {
		flags[name] = 1 << i
	}
	flags["SECTION_MAP_MASK"] = (1<<(8*size-1)<<1 - 1) &^ (1<<len(names) - 1)
	return flags, nil
}

// flagsOf returns the names of the flags of a section from the lowest bit on.
func flagsOf(p *drgn.Program) ([]string, error) {
	return drgn.Memo(p, flagsKey{}, func() ([]string, error) {
		last := p.Constant(lastFlag)
		n, err := last.Uint()
		if drgn.IsNotFound(err) {
			return flagNames, nil
		}
		if err != nil {
			return nil, err
		}
		if n > 32 {
			return nil, fmt.Errorf("sections with %d flags are not understood", n)
		}
		all, err := last.Type().Enumerators()
		if err != nil {
			return nil, err
		}
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("1<<%d", i)
		}
		for _, e := range all {
			if e.Value < n {
				names[e.Value] = strings.TrimSuffix(e.Name, "_BIT")
			}
		}
		return names, nil
	})
}

// word returns the member of a section that holds its flags and where its pages are described.
func word(section drgn.Object) (v uint64, names []string, err error) {
	if v, err = section.Member("section_mem_map").Uint(); err != nil {
		return 0, nil, err
	}
	names, err = flagsOf(section.Prog())
	return v, names, err
}

// flag reports whether a section has a flag; a null pointer has none.
func flag(section drgn.Object, name string) (bool, error) {
	if none, err := section.IsNull(); err != nil || none {
		return false, err
	}
	v, names, err := word(section)
	if err != nil {
		return false, err
	}
	for i, n := range names {
		if n == name {
			return v>>i&1 != 0, nil
		}
	}
	return false, fmt.Errorf("sections of this kernel have no flag %s", name)
}

// MemMapAddress returns where the pages of a section are described, as the kernel codes it: the struct page * that page
// frame 0 would have.
//
// section is a struct mem_section *.
//
//drgn:helper section_mem_map_addr
func MemMapAddress(section drgn.Object) drgn.Object {
	v, names, err := word(section)
	if err != nil {
		return drgn.Failed(err)
	}
	return drgn.PointerValue(section, "struct page", v&^(1<<len(names)-1))
}

// DecodeMemMap returns the first page of a section, as a struct page *.
//
// section is a struct mem_section *; nr is its number.
//
//drgn:helper section_decode_mem_map(section, nr)
func DecodeMemMap(section drgn.Object, nr uint64) drgn.Object {
	if err := section.Err(); err != nil {
		return section
	}
	l, err := layoutOf(section.Prog())
	if err != nil {
		return drgn.Failed(err)
	}
	return MemMapAddress(section).Index(int64(nr << l.pfnShift)).AddressOf()
}

// IsPresent reports whether a section has memory.
//
// section is a struct mem_section *; a null pointer has none.
//
//drgn:helper present_section
func IsPresent(section drgn.Object) (bool, error) { return flag(section, "SECTION_MARKED_PRESENT") }

// IsPresentNumber reports whether the section of a number has memory.
//
//drgn:helper present_section_nr
func IsPresentNumber(p *drgn.Program, nr uint64) (bool, error) { return IsPresent(Section(p, nr)) }

// IsValid reports whether the pages of a section are described.
//
// section is a struct mem_section *, which may be a null pointer.
//
//drgn:helper valid_section
func IsValid(section drgn.Object) (bool, error) { return flag(section, "SECTION_HAS_MEM_MAP") }

// IsValidNumber reports whether the pages of the section of a number are described.
//
//drgn:helper valid_section_nr
func IsValidNumber(p *drgn.Program, nr uint64) (bool, error) { return IsValid(Section(p, nr)) }

// IsOnline reports whether a section's memory is in use.
//
// section is a struct mem_section *, which may be a null pointer.
//
//drgn:helper online_section
func IsOnline(section drgn.Object) (bool, error) { return flag(section, "SECTION_IS_ONLINE") }

// IsOnlineNumber reports whether the memory of the section of a number is in use.
//
//drgn:helper online_section_nr
func IsOnlineNumber(p *drgn.Program, nr uint64) (bool, error) { return IsOnline(Section(p, nr)) }

// IsEarly reports whether a section's memory was there at boot.
//
// section is a struct mem_section *, which may be a null pointer.
//
//drgn:helper early_section
func IsEarly(section drgn.Object) (bool, error) { return flag(section, "SECTION_IS_EARLY") }

// IsEarlyNumber reports whether the memory of the section of a number was there at boot.
//
//drgn:helper early_section_nr
func IsEarlyNumber(p *drgn.Program, nr uint64) (bool, error) { return IsEarly(Section(p, nr)) }

// DecodeFlags returns the flags of a section in words: "SECTION_MARKED_PRESENT|SECTION_HAS_MEM_MAP".
//
// section is a struct mem_section *.
//
//drgn:helper decode_section_flags
func DecodeFlags(section drgn.Object) (string, error) {
	v, names, err := word(section)
	if err != nil {
		return "", err
	}
	var set []string
	for i, name := range names {
		if v>>i&1 != 0 {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return "0", nil
	}
	return strings.Join(set, "|"), nil
}

// A NumberedSection is a section of memory.
//
//drgn:tuple
type NumberedSection struct {
	Number  uint64
	Section drgn.Object // struct mem_section *
}

// ForEachPresent walks the sections that have memory, in the order of their numbers.
//
//drgn:helper for_each_present_section
func ForEachPresent(p *drgn.Program) iter.Seq2[NumberedSection, error] {
	return func(yield func(NumberedSection, error) bool) {
		fail := func(err error) { yield(NumberedSection{}, err) }
		l, err := layoutOf(p)
		if err != nil {
			fail(err)
			return
		}
		roots := l.roots
		if highest, err := p.Variable("__highest_present_section_nr").Uint(); err == nil {
			roots = min(roots, highest/l.perRoot+1)
		} else if !drgn.IsNotFound(err) {
			fail(err)
			return
		}
		for i := range roots {
			root := l.root(p, i)
			if none, err := root.IsNull(); err != nil {
				fail(err)
				return
			} else if none {
				continue
			}
			for j := range l.perRoot {
				section := root.Index(int64(j)).AddressOf()
				if ok, err := IsPresent(section); err != nil {
					fail(err)
					return
				} else if ok && !yield(NumberedSection{i*l.perRoot + j, section}, nil) {
					return
				}
			}
		}
	}
}
