package mm

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/percpu"
)

// TotalRAMPages returns how many pages of memory the kernel manages.
//
//drgn:helper totalram_pages
func TotalRAMPages(p *drgn.Program) (uint64, error) {
	// An atomic_long_t since v5.0, commit ca79b0c211af.
	n, err := p.Variable("_totalram_pages").Member("counter").Uint()
	if drgn.IsNotFound(err) {
		return p.Variable("totalram_pages").Uint()
	}
	return n, err
}

// maxHugeSizes bounds how many sizes of huge pages there may be.
const maxHugeSizes = 64

// hugetlbPages returns how many pages are set aside as huge pages.
func hugetlbPages(p *drgn.Program) (uint64, error) {
	n, err := p.Variable("hugetlb_max_hstate").Uint()
	if drgn.IsNotFound(err) {
		return 0, nil // without CONFIG_HUGETLB_PAGE
	}
	if err == nil && n > maxHugeSizes {
		err = fmt.Errorf("kernel has %d sizes of huge pages, which is not understood", n)
	}
	if err != nil {
		return 0, err
	}
	var sum uint64
	for i := range n {
		var h struct {
			Pages uint64 `drgn:"nr_huge_pages"`
			Order uint64 `drgn:"order"`
		}
		if err := p.Variable("hstates").Index(int64(i)).Decode(&h); err != nil {
			return 0, err
		}
		sum += h.Pages << (h.Order & 63)
	}
	return sum, nil
}

// CommitLimit returns how many pages of memory processes may reserve where the kernel does not let them reserve more than
// there are.
//
//drgn:helper vm_commit_limit
func CommitLimit(p *drgn.Program) (uint64, error) {
	l, err := LayoutOf(p)
	if err != nil {
		return 0, err
	}
	allowed, err := p.Variable("sysctl_overcommit_kbytes").Uint()
	if err != nil {
		return 0, err
	}
	if allowed != 0 {
		allowed >>= l.PageShift - 10
	} else {
		total, err := TotalRAMPages(p)
		if err != nil {
			return 0, err
		}
		huge, err := hugetlbPages(p)
		if err != nil {
			return 0, err
		}
		ratio, err := p.Variable("sysctl_overcommit_ratio").Uint()
		if err != nil {
			return 0, err
		}
		allowed = (total - huge) * ratio / 100
	}
	swap, err := p.Variable("total_swap_pages").Uint()
	if drgn.IsNotFound(err) { // without CONFIG_SWAP
		return allowed, nil
	}
	return allowed + swap, err
}

// MemoryCommitted returns how many pages of memory processes have reserved.
//
//drgn:helper vm_memory_committed
func MemoryCommitted(p *drgn.Program) (int64, error) {
	return percpu.CounterSumPositive(p.Variable("vm_committed_as").AddressOf())
}
