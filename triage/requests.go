package triage

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/block"
	"github.com/godrgn/drgn/linux/timekeeping"
	"github.com/godrgn/drgn/report"
)

// A request is a request of a block device.
type request struct {
	disk, operation string
	sector, bytes   uint64
	age             time.Duration // 0: not known
}

// A disk is a block device with its requests that are under way.
type disk struct {
	name     string
	requests []request
	most     uint64   // how many requests there can be
	tags     []uint64 // the addresses of the struct blk_mq_tags that requests are taken from
}

// A fleet is all block devices.
type fleet struct {
	disks []disk
	gaps
}

// findDisks looks at all block devices.
func (s *scene) findDisks() (all fleet, err error) {
	if !has(s.p, "block_class") {
		return all, nil // without CONFIG_BLOCK
	}
	now, err := timekeeping.CoarseNS(s.p).Uint()
	all.miss("the time, for the ages of requests", err)
	for o, err := range block.ForEachDisk(s.p) {
		if err != nil {
			return all, err
		}
		name, err := block.DiskName(o)
		if err != nil {
			return all, err
		}
		d := disk{name: string(name)}
		queue := o.Member("queue").Read()
		all.miss("how many requests "+d.name+" can have", d.measure(queue))
		for o, err := range block.BusyRequests(queue, nil) {
			var r request
			if err == nil {
				r, err = requestOf(o, now)
			}
			if err != nil {
				all.miss("requests of "+d.name, err)
				break
			}
			r.disk = d.name
			d.requests = append(d.requests, r)
		}
		slices.SortStableFunc(d.requests, oldestFirst)
		all.disks = append(all.disks, d)
	}
	return all, nil
}

// measure finds out how many requests a disk can have at a time: those of its I/O scheduler, if it has one.
func (d *disk) measure(queue drgn.Object) error {
	none, err := queue.Member("elevator").IsNull()
	if err != nil {
		return err
	}
	for hctx, err := range block.HardwareQueues(queue) {
		if err != nil {
			return err
		}
		var own uint64
		for _, member := range []string{"tags", "sched_tags"} {
			tags := hctx.Member(member)
			address, err := tags.Uint()
			if err != nil {
				return err
			}
			if address == 0 {
				continue
			}
			if slices.Contains(d.tags, address) {
				continue // queues share them
			}
			d.tags = append(d.tags, address)
			if none || member == "sched_tags" {
				depth, err := tags.Member("bitmap_tags").Member("sb").Member("depth").Uint()
				if err != nil {
					return err
				}
				own += depth
			}
		}
		d.most += own
	}
	return nil
}

// requestOf returns what is known of a request; now is the time of start_time_ns.
func requestOf(o drgn.Object, now uint64) (r request, err error) {
	if r.operation, err = enumerator(block.Operation(o)); err != nil {
		return r, err
	}
	if r.sector, err = block.Position(o).Uint(); err != nil {
		return r, err
	}
	if r.bytes, err = block.Remaining(o).Uint(); err != nil {
		return r, err
	}
	// Kept only while somebody asks for statistics: else it is 0.
	started, err := o.Member("start_time_ns").Uint()
	if err == nil && started != 0 && now > started {
		r.age = time.Duration(now - started)
	}
	return r, err
}

func lookAtRequests(s *scene, out *book) {
	found, err := s.disks()
	out.miss("block devices", err)
	out.missed(found.gaps)
	table := &report.Table{Columns: []report.Column{{Name: "Disk"}, {Name: "Requests under way", Bar: true}, {Name: "Of at most"}}}
	var all []request
	for _, d := range found.disks {
		most := any(nil)
		if d.most > 0 {
			most = d.most
		}
		table.Rows = append(table.Rows, []any{d.name, uint64(len(d.requests)), most})
		all = append(all, d.requests...)
	}
	out.tabled("Block devices", "", table)
	slices.SortStableFunc(all, oldestFirst)
	requests := &report.Table{Columns: []report.Column{{Name: "Disk"}, {Name: "Operation"}, {Name: "Sector"}, {Name: "Size", Unit: report.Bytes}, {Name: "Age", Unit: report.Time}}}
	for _, r := range all {
		var age any
		if r.age > 0 {
			age = int64(r.age)
		}
		requests.Rows = append(requests.Rows, []any{r.disk, r.operation, r.sector, r.bytes, age})
	}
	out.tabled("Requests under way, the oldest first", "", requests)
	out.find(s.slowDisks(out)...)
}

func oldestFirst(a, b request) int { return cmp.Compare(b.age, a.age) }

// slowDisks says which disks do not answer, and who waits for them. out is told if that can't be said.
func (s *scene) slowDisks(out *book) []report.Finding {
	found, err := s.disks()
	if err != nil {
		return nil // the section on I/O says so
	}
	waiting, err := s.waits()
	out.miss("who waits for block devices", err)
	var all []report.Finding
	for _, d := range found.disks {
		var waits []*wait
		for _, w := range waiting.waits {
			if w.disk == d.name {
				waits = append(waits, w)
			}
		}
		full := fullDisk(d, waits)
		all = append(all, full...)
		if len(full) == 0 {
			all = append(all, oldRequests(d.requests)...)
		}
	}
	return all
}

// oldRequest is how old a request may be: the kernel's own time-out of requests (BLK_DEFAULT_SG_TIMEOUT and most drivers' default).
const oldRequest = 30 * time.Second

var requestRule = rule{"old-requests", report.Warning, "a request of a block device that has been under way for more than 30 s", "the device, or the way to it, does not answer"}

// oldRequests says that requests of a disk take too long.
func oldRequests(all []request) []report.Finding {
	var evidence []string
	n := 0
	for _, r := range all {
		if r.age > oldRequest {
			if n++; n <= maxEvidence {
				evidence = append(evidence, r.String())
			}
		}
	}
	if n == 0 {
		return nil
	}
	return []report.Finding{requestRule.found(evidence, "%s of %s under way for more than %s", count(n, "request"), all[0].disk, report.Short(oldRequest))}
}

// String returns "vda: REQ_OP_READ at sector 8, for 12s".
func (r request) String() string {
	return fmt.Sprintf("%s: %s at sector %d, for %s", r.disk, r.operation, r.sector, report.Short(r.age))
}

// fullFor is for how long a disk that has no free request may leave one unanswered: one that works answers some of them in each second.
const fullFor = 10 * time.Second

var fullRule = rule{"full-queue", report.Critical, "no request of a block device is free, and the oldest has been under way for more than 10 s",
	"the device, or the way to it, does not answer; whoever reads or writes there waits"}

// fullDisk says that a disk can take no more requests and does not answer; its requests are those under way, the oldest first. waits are of those
// who wait for it.
func fullDisk(d disk, waits []*wait) []report.Finding {
	if d.most == 0 || uint64(len(d.requests)) < d.most || d.requests[0].age <= fullFor {
		return nil
	}
	var evidence []string
	for _, r := range d.requests[:min(len(d.requests), maxEvidence/4)] {
		evidence = append(evidence, r.String())
	}
	who := ""
	if len(waits) > 0 {
		who = "; " + kindsOf(waits)
	}
	return []report.Finding{fullRule.found(append(evidence, lines(waits)...), "All %d requests of %s are under way, the oldest for %s%s", d.most, d.name, report.Short(d.requests[0].age), who)}
}
