package triage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/block"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/swap"
	"github.com/godrgn/drgn/linux/timekeeping"
	"github.com/godrgn/drgn/report"
)

var disks = topic{"io", "I/O and file systems", "requests of block devices that are under way, with their ages, frozen file systems, mounts, swap areas", lookAtIO}

func lookAtIO(s *scene, out *book) error {
	lookAtRequests(s, out)
	lookAtSystems(s, out)
	table := &report.Table{Columns: []report.Column{{Name: "Device", Private: true}, {Name: "On", Private: true}, {Name: "Type"}}}
	each(out, "mounts", fs.ForEachMount(s.p, fs.MountFilter{}), func(mount drgn.Object) error {
		var cells []any
		for _, get := range []func(drgn.Object) ([]byte, error){fs.MountSource, fs.MountPoint, fs.MountType} {
			text, err := get(mount)
			if err != nil {
				return err
			}
			cells = append(cells, string(text))
		}
		table.Rows = append(table.Rows, cells)
		return nil
	})
	out.tabled("Mounts", "", table)
	lookAtSwap(s, out)
	return context.Cause(s.ctx)
}

// A request is a request of a block device.
type request struct {
	disk, operation string
	sector, bytes   uint64
	age             time.Duration // 0: not known
}

func lookAtRequests(s *scene, out *book) {
	if !has(s.p, "block_class") {
		return // without CONFIG_BLOCK
	}
	now, err := timekeeping.CoarseNS(s.p).Uint()
	out.miss("the time, for the ages of requests", err)
	table := &report.Table{Columns: []report.Column{{Name: "Disk"}, {Name: "Requests under way", Bar: true}}}
	var all []request
	each(out, "block devices", block.ForEachDisk(s.p), func(disk drgn.Object) error {
		name, err := block.DiskName(disk)
		if err != nil {
			return err
		}
		n := uint64(0)
		each(out, "requests of "+string(name), block.BusyRequests(disk.Member("queue").Read(), nil), func(o drgn.Object) error {
			r := request{disk: string(name)}
			n++
			operation, err := enumerator(block.Operation(o))
			if err != nil {
				return err
			}
			r.operation = operation
			if r.sector, err = block.Position(o).Uint(); err != nil {
				return err
			}
			if r.bytes, err = block.Remaining(o).Uint(); err != nil {
				return err
			}
			// Kept only while somebody asks for statistics: else it is 0.
			started, err := o.Member("start_time_ns").Uint()
			if err == nil && started != 0 && now > started {
				r.age = time.Duration(now - started)
			}
			all = append(all, r)
			return err
		})
		table.Rows = append(table.Rows, []any{string(name), n})
		return nil
	})
	out.tabled("Block devices", "", table)
	slices.SortStableFunc(all, func(a, b request) int { return cmp.Compare(b.age, a.age) })
	requests := &report.Table{Columns: []report.Column{{Name: "Disk"}, {Name: "Operation"}, {Name: "Sector"}, {Name: "Size", Unit: report.Bytes}, {Name: "Age", Unit: report.Time}}}
	for _, r := range all {
		var age any
		if r.age > 0 {
			age = int64(r.age)
		}
		requests.Rows = append(requests.Rows, []any{r.disk, r.operation, r.sector, r.bytes, age})
	}
	out.tabled("Requests under way, the oldest first", "", requests)
	out.find(oldRequests(all)...)
}

// oldRequest is how old a request may be: the kernel's own time-out of requests (BLK_DEFAULT_SG_TIMEOUT and most drivers' default).
const oldRequest = 30 * time.Second

var requestRule = rule{"old-requests", report.Warning, "a request of a block device that has been under way for more than 30 s", "the device, or the way to it, does not answer"}

// oldRequests says that requests take too long.
func oldRequests(all []request) []report.Finding {
	var evidence []string
	n := 0
	for _, r := range all {
		if r.age > oldRequest {
			if n++; n <= maxEvidence {
				evidence = append(evidence, fmt.Sprintf("%s: %s at sector %d, for %s", r.disk, r.operation, r.sector, report.Short(r.age)))
			}
		}
	}
	if n == 0 {
		return nil
	}
	return []report.Finding{requestRule.found(evidence, "%s under way for more than %s", count(n, "request"), report.Short(oldRequest))}
}

var frozenRule = rule{"frozen", report.Warning, "a file system that is frozen", "whoever writes to it waits until it is thawed"}

// frozenSystem says that a file system is frozen; stage is enum sb_freeze_stages or, before v5.17, the numbers that have those names.
func frozenSystem(name, kind string, stage int64) []report.Finding {
	if stage == 0 {
		return nil
	}
	return []report.Finding{frozenRule.found([]string{fmt.Sprintf("s_writers.frozen is %d", stage)}, "The file system on %s (%s) is frozen", name, kind)}
}

func lookAtSystems(s *scene, out *book) {
	each(out, "mounted file systems", list.ForEachEntry("struct super_block", s.p.Variable("super_blocks").AddressOf(), "s_list"), func(sb drgn.Object) error {
		name, err := word(sb.Member("s_id"))
		if err != nil {
			return err
		}
		kind, err := word(sb.Member("s_type").Member("name"))
		if err != nil {
			return err
		}
		stage, err := sb.Member("s_writers").Member("frozen").Int()
		if err != nil {
			return err
		}
		out.find(frozenSystem(name, kind, stage)...)
		return nil
	})
}

func lookAtSwap(s *scene, out *book) {
	page, err := s.p.Object("PAGE_SIZE").Uint()
	if err != nil {
		out.miss("swap areas", err)
		return
	}
	table := &report.Table{Columns: []report.Column{{Name: "Swap area", Private: true}, {Name: "Size", Unit: report.Bytes, Bar: true}, {Name: "In use", Unit: report.Bytes}}}
	if !has(s.p, "swap_info") {
		return // without CONFIG_SWAP
	}
	each(out, "swap areas", swap.ForEachInfo(s.p), func(si drgn.Object) error {
		path, err := swap.FilePath(si)
		if err != nil {
			return err
		}
		pages, err := si.Member("pages").Uint()
		if err != nil {
			return err
		}
		used, err := swap.Usage(si)
		table.Rows = append(table.Rows, []any{string(path), pages * page, used * page})
		return err
	})
	out.tabled("Swap areas", "", table)
}
