package kdump

import (
	"encoding/binary"
	"math/bits"

	"github.com/godrgn/drgn/mem"
)

// maxSegments bounds the number of segments that a file with wild bitmaps gets.
const maxSegments = 1 << 14

// Segments returns the segments of physical memory, in order: the runs of pages that were there, whether they are in the
// file or were left out. Their View is f.
func (f *File) Segments() []mem.Segment {
	var segments []mem.Segment
	add := func(first, end uint64) bool {
		if len(segments) == maxSegments {
			return false
		}
		segments = append(segments, mem.Segment{Min: first << f.shift, Max: end<<f.shift - 1, Physical: true, View: f})
		return true
	}
	start, open := uint64(0), false
	for pfn := uint64(0); pfn < f.MaxPFN; {
		// Runs are long: 64 pages at a time, where all of them are alike.
		if pfn&63 == 0 && pfn>>3+8 <= uint64(len(f.exists)) && pfn+64 <= f.MaxPFN {
			b := binary.LittleEndian.Uint64(f.exists[pfn>>3:]) | binary.LittleEndian.Uint64(f.dumped[pfn>>3:])
			if b == 0 && !open || b == ^uint64(0) && open {
				pfn += 64
				continue
			}
		}
		if here := bit(f.exists, pfn) || bit(f.dumped, pfn); here != open {
			if open && !add(start, pfn) {
				break
			}
			start, open = pfn, here
		}
		pfn++
	}
	if open && !add(start, f.MaxPFN) || len(segments) == maxSegments {
		// The pages themselves say which of them are there.
		return []mem.Segment{{Max: f.MaxPFN<<f.shift - 1, Physical: true, View: f}}
	}
	return segments
}

// Next returns the first address from address on whose page is in the file.
func (f *File) Next(address uint64) (uint64, bool) {
	end := f.MaxPFN
	pfn := address >> f.shift
	if f.Split {
		pfn, end = max(pfn, f.StartPFN), f.EndPFN
	}
	for pfn < end {
		if pfn&63 == 0 && pfn>>3+8 <= uint64(len(f.dumped)) {
			word := binary.LittleEndian.Uint64(f.dumped[pfn>>3:])
			if word == 0 {
				pfn += 64
				continue
			}
			pfn += uint64(bits.TrailingZeros64(word))
			break
		}
		if bit(f.dumped, pfn) {
			break
		}
		pfn++
	}
	if pfn >= end {
		return 0, false
	}
	return max(address, pfn<<f.shift), true
}
