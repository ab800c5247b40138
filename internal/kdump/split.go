package kdump

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
)

// SameDump reports whether two files of a split dump are of the same dump: all that both hold of the whole is the same, and
// that is everything but pages and which pages they are.
func (f *File) SameDump(g *File) bool {
	note := func(a, b elf.Note) bool { return a.Name == b.Name && a.Type == b.Type && bytes.Equal(a.Desc, b.Desc) }
	return f.Split && g.Split && bytes.Equal(f.stamp, g.stamp) && f.MaxPFN == g.MaxPFN && f.PhysBase == g.PhysBase &&
		bytes.Equal(f.VMCOREINFO, g.VMCOREINFO) && slices.EqualFunc(f.Notes, g.Notes, note) &&
		bytes.Equal(f.exists, g.exists) && bytes.Equal(f.dumped, g.dumped)
}

// Pages returns the range of physical memory whose pages are in the file, if it is one of a split dump. It is empty (false) for
// files that got no page, which makedumpfile writes where memory ends before.
func (f *File) Pages() (r mem.Range, ok bool) {
	return mem.Range{Min: f.StartPFN << f.shift, Max: f.EndPFN<<f.shift - 1}, f.StartPFN < f.EndPFN
}

// Missing returns the ranges of physical memory, in order, that hold dumped pages which are in none of the files of a split
// dump.
func Missing(files []*File) []mem.Range {
	f := files[0]
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b *File) int { return cmp.Compare(a.StartPFN, b.StartPFN) })
	var missing []mem.Range
	gap := func(start, end uint64) {
		if start < end && f.index(start) < f.index(end) {
			missing = append(missing, mem.Range{Min: start << f.shift, Max: end<<f.shift - 1})
		}
	}
	at := uint64(0)
	for _, part := range files {
		if part.StartPFN < part.EndPFN {
			gap(at, part.StartPFN)
			at = max(at, part.EndPFN)
		}
	}
	gap(at, f.MaxPFN)
	return missing
}
