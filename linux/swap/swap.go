// Package swap looks at where the kernel swaps memory out to (include/linux/swap.h).
package swap

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/vmstat"
)

// Bits of swap_info_struct.flags.
const (
	swpUsed    = 1 << 0
	swpWriteOK = 1 << 1
)

// maxFiles bounds how many places to swap to there are: the kernel has room for at most 32.
const maxFiles = 1 << 10

// ForEachInfo walks the places that are swapped to, each as a struct swap_info_struct *.
//
//drgn:helper for_each_swap_info
func ForEachInfo(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		n, err := p.Variable("nr_swapfiles").Uint()
		if drgn.IsNotFound(err) {
			if _, err := p.Type("struct swap_info_struct"); err != nil {
				return // a kernel without CONFIG_SWAP
			}
		}
		if err == nil && n > maxFiles {
			err = fmt.Errorf("kernel swaps to %d places, which is not understood", n)
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for i := range n {
			si := p.Variable("swap_info").Index(int64(i))
			none, err := si.IsNull()
			if err == nil && !none {
				var flags uint64
				flags, err = si.Member("flags").Uint()
				none = flags&swpUsed == 0
			}
			if err == nil && none {
				continue
			}
			if !yield(si, err) || err != nil {
				return
			}
		}
	}
}

// FilePath returns the path of the device or file that is swapped to.
//
// si is a struct swap_info_struct *.
//
//drgn:helper swap_file_path(si)
func FilePath(si drgn.Object) ([]byte, error) {
	return fs.DPath(si.Member("swap_file").Member("f_path").AddressOf(), nil)
}

// IsFile reports whether it is a regular file, not a device, that is swapped to.
//
// si is a struct swap_info_struct *.
//
//drgn:helper swap_is_file(si)
func IsFile(si drgn.Object) (bool, error) {
	mode, err := si.Member("swap_file").Member("f_inode").Member("i_mode").Uint()
	return mode&0o170000 == 0o100000, err
}

// counterMask is SWAP_USAGE_COUNTER_MASK: a bit of the counter says that the place is full, since v6.13.
const counterMask = 1<<30 - 1

// Usage returns how many pages are swapped out to a place.
//
// si is a struct swap_info_struct *.
//
//drgn:helper swap_usage_in_pages(si)
func Usage(si drgn.Object) (uint64, error) {
	used := si.Member("inuse_pages")
	if used.HasMember("counter") {
		n, err := used.Member("counter").Uint()
		return n & counterMask, err
	}
	return used.Uint()
}

// TotalUsage returns how many pages there is room for in all places that are swapped to, and how many of them are free.
//
//drgn:helper swap_total_usage
func TotalUsage(p *drgn.Program) (mm.PageUsage, error) {
	var u mm.PageUsage
	total, err := p.Variable("total_swap_pages").Uint()
	if drgn.IsNotFound(err) {
		return u, nil // a kernel without CONFIG_SWAP
	}
	if err != nil {
		return u, err
	}
	free, err := p.Variable("nr_swap_pages").Member("counter").Uint()
	if err != nil {
		return u, err
	}
	// What a place is being freed of counts as if it were free (si_swapinfo() of the kernel).
	var leaving uint64
	for si, err := range ForEachInfo(p) {
		if err != nil {
			return u, err
		}
		flags, err := si.Member("flags").Uint()
		if err != nil {
			return u, err
		}
		if flags&swpWriteOK == 0 {
			n, err := Usage(si)
			if err != nil {
				return u, err
			}
			leaving += n
		}
	}
	return mm.PageUsage{Pages: total + leaving, FreePages: free + leaving}, nil
}

// CachedPages returns how many pages are both in memory and swapped out.
//
//drgn:helper total_swapcache_pages
func CachedPages(p *drgn.Program) (int64, error) {
	// Counted since v5.12, commit b6038942480e.
	item, err := p.Constant("NR_SWAPCACHE").Uint()
	if err == nil {
		return vmstat.GlobalNodePageState(p, item)
	}
	if !drgn.IsNotFound(err) {
		return 0, err
	}
	spaces := p.Variable("swapper_spaces")
	n, err := spaces.Len()
	if drgn.IsNotFound(err) {
		return 0, nil // a kernel without CONFIG_SWAP
	}
	if err == nil && n > maxFiles {
		err = fmt.Errorf("kernel swaps to %d places, which is not understood", n)
	}
	if err != nil {
		return 0, err
	}
	var sum int64
	for i := range n {
		pages, err := cachedIn(spaces.Index(int64(i)).Read(), p.Variable("nr_swapper_spaces").Index(int64(i)))
		if err != nil {
			return 0, err
		}
		sum += pages
	}
	return sum, nil
}

// cachedIn sums the pages of an array of struct address_space.
func cachedIn(spaces, count drgn.Object) (int64, error) {
	if none, err := spaces.IsNull(); err != nil || none {
		return 0, err
	}
	n, err := count.Uint()
	if err == nil && n > 1<<20 {
		err = fmt.Errorf("%d address spaces of swapped memory are not understood", n)
	}
	if err != nil {
		return 0, err
	}
	var sum int64
	for i := range n {
		pages, err := spaces.Index(int64(i)).Member("nrpages").Int()
		if err != nil {
			return 0, err
		}
		sum += pages
	}
	return sum, nil
}
