package target

import "github.com/godrgn/drgn/mem"

const (
	encryptedPages = 256 // how many pages are looked at
	encryptedLeast = 32  // of how many with contents something can be said
)

// LooksEncrypted reports whether nearly all pages of physical memory that are not zeros have bytes which are all equally frequent. So
// does from outside the memory of a guest that the processor encrypts (AMD SEV, Intel TDX), and never that of a kernel which can be
// read: most of its pages are tables, pointers and text. It looks at some pages only, which lie evenly apart.
func LooksEncrypted(s *mem.Space) bool {
	const page = 4096
	var total uint64
	for r := range s.Ranges(true, 0, ^uint64(0)) {
		total += (r.Max - r.Min) / page
	}
	apart := total/encryptedPages + 1 // in pages
	var before, random, seen uint64
	for r := range s.Ranges(true, 0, ^uint64(0)) {
		pages := (r.Max - r.Min) / page
		for i := (apart - before%apart) % apart; i < pages; i += apart {
			at, ok := s.Next(r.Min+i*page, true) // passes over what the dump has not
			if !ok || at > r.Max-page {
				break
			}
			var data [page]byte
			if s.Read(data[:], at, true) != nil || data == [page]byte{} {
				continue
			}
			seen++
			if isRandom(&data) {
				random++
			}
		}
		before += pages
	}
	return seen >= encryptedLeast && random*10 >= seen*9
}

// isRandom makes a chi-squared test of the frequency of bytes: of random ones the sum is 255 with a standard deviation of 23, of
// memory with contents thousands.
func isRandom(data *[4096]byte) bool {
	var count [256]int
	for _, b := range data {
		count[b]++
	}
	const expected, limit = len(data) / len(count), 400
	sum := 0
	for _, n := range count {
		sum += (n - expected) * (n - expected)
	}
	return sum < limit*expected
}
