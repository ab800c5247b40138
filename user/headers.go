package user

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/target"
)

// errOtherFile says that a file has the name of one that was mapped and is another one.
var errOtherFile = errors.New("it is not the file that was mapped")

// fileImage returns the image of the file that m is a mapping of, with the headers that the file has now: the core lacks those that were in
// memory (core(5), coredump_filter), and with them the build ID. What can be compared must be the same: where the file was mapped, and the
// entries of its dynamic section, which lies at an address unless that is 0.
func (f *finder) fileImage(m *target.Mapping, dynamic uint64) (*image, error) {
	failed := fmt.Errorf("%s: no file is known", m.Path)
	for _, path := range f.u.source.paths(*m) {
		i, err := f.imageOf(path, m)
		if err == nil && dynamic != 0 && !i.hasDynamic(dynamic) {
			err = fmt.Errorf("%s: %w: its dynamic section does not lie at %#x", path, errOtherFile, dynamic)
		}
		if err == nil {
			if !slices.Contains(f.unverified, path) {
				f.unverified = append(f.unverified, path)
			}
			return i, nil
		}
		failed = err
	}
	return nil, failed
}

func (f *finder) imageOf(path string, m *target.Mapping) (*image, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // was only read
	differs := func(problem string, args ...any) error {
		return fmt.Errorf("%s: %w: %s", path, errOtherFile, fmt.Sprintf(problem, args...))
	}
	platform := f.p.Platform()
	if file.Is64 != platform.Is64Bit() || file.Big == platform.IsLittleEndian() || len(file.Segments) > maxHeaders {
		return nil, differs("it is for another machine")
	}
	i := &image{platform: platform, memory: f.p.Memory(), segments: file.Segments}
	first := slices.IndexFunc(i.segments, func(s elf.Segment) bool { return s.Type == elf.PT_LOAD && s.Offset == 0 })
	if first < 0 {
		return nil, differs("its header is in no segment")
	}
	n := 0
	for i.start = range f.starts(m) {
		i.bias = i.mask(i.start - i.segments[first].Vaddr)
		if err = f.lies(i, m); err == nil {
			err = i.sameDynamic(file)
		}
		if n++; err == nil {
			return i, nil
		} else if n == maxStarts {
			break
		}
	}
	if err == nil {
		return nil, differs("its header was not mapped")
	}
	return nil, differs("%v", err)
}

// hasDynamic reports whether the dynamic section of an image lies at an address.
func (i *image) hasDynamic(address uint64) bool {
	d := i.segment(elf.PT_DYNAMIC)
	return d != nil && i.address(d) == address
}

// lies says which segment of a file is not mapped where it should be.
func (f *finder) lies(i *image, m *target.Mapping) error {
	for n := range i.segments {
		s := &i.segments[n]
		if s.Type != elf.PT_LOAD || s.Filesz == 0 {
			continue
		}
		at := i.address(s)
		there := f.mapping(at)
		if there == nil || there.Path != m.Path || there.Offset+at-there.Start != s.Offset {
			return fmt.Errorf("%#x bytes of it at %#x should lie at %#x", s.Filesz, s.Offset, at)
		}
	}
	return nil
}

// sameDynamic compares the dynamic section in memory, as far as the core has it, with that of the file. The dynamic linker changes only what some entries
// contain.
func (i *image) sameDynamic(file *elf.File) error {
	s := i.segment(elf.PT_DYNAMIC)
	if s == nil {
		return nil
	}
	data, err := file.SegmentData(s)
	if err != nil {
		return err
	}
	word := i.platform.AddressSize()
	c := bin.New("dynamic section", data, !i.platform.IsLittleEndian())
	for at := i.address(s); c.Len() >= 2*word; at += uint64(2 * word) {
		tag := c.Uint(word)
		c.Skip(uint64(word))
		have, err := i.uint(at)
		if err != nil || c.Err() != nil {
			return c.Err() // the core lacks it
		}
		if have != tag {
			return fmt.Errorf("its dynamic section has entry %#x where memory has %#x", tag, have)
		}
		if tag == dtNull {
			break
		}
	}
	return nil
}

// mapped walks the libraries that are mapped, for where the dynamic linker's list can't be read.
func (f *finder) mapped(yield func(found) bool) {
	n, seen := 0, map[uint64]bool{}
	for k := range f.mappings {
		m := &f.mappings[k]
		if m.Offset != 0 || !filepath.IsAbs(m.Path) {
			continue
		}
		if n++; n > maxLinks {
			break
		}
		i, err := readImage(f.p, m.Start)
		if err != nil {
			i, err = f.fileImage(m, 0)
		}
		if err != nil || i.segment(elf.PT_DYNAMIC) == nil || seen[i.bias] {
			continue // not all that is mapped is code
		}
		seen[i.bias] = true
		if l, ok := f.library(link{bias: i.bias, name: m.Path, dynamic: i.address(i.segment(elf.PT_DYNAMIC))}); ok && !yield(l) {
			return
		}
	}
}

// tellUnverified says once of which files only the layout tells that they are those that were mapped.
func (f *finder) tellUnverified() {
	if len(f.unverified) == 0 {
		return
	}
	f.u.told.Do(func() {
		names := f.unverified
		more := ""
		if len(names) > 3 {
			more = fmt.Sprintf(" and %d more", len(names)-3)
			names = names[:3]
		}
		f.p.Logger().Warn(fmt.Sprintf("the core lacks the build IDs of %s%s: where they lie, but not what is in them, tells that the files are the same as then", strings.Join(names, ", "), more))
	})
}
