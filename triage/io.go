package triage

import (
	"context"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/swap"
	"github.com/godrgn/drgn/report"
)

var disks = topic{"io", "I/O and file systems", "requests of block devices that are under way, with their ages, frozen file systems, mounts, swap areas", lookAtIO}

func lookAtIO(s *scene, out *book) error {
	lookAtRequests(s, out)
	frozen, err := s.frozen()
	out.miss("mounted file systems", err)
	out.find(frozen...)
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

var frozenRule = rule{"frozen", report.Warning, "a file system that is frozen", "whoever writes to it waits until it is thawed"}

// frozenSystem says that a file system is frozen; stage is enum sb_freeze_stages or, before v5.17, the numbers that have those names.
func frozenSystem(name, kind string, stage int64) []report.Finding {
	if stage == 0 {
		return nil
	}
	return []report.Finding{frozenRule.found([]string{fmt.Sprintf("s_writers.frozen is %d", stage)}, "The file system on %s (%s) is frozen", name, kind)}
}

// findFrozen says which file systems are frozen.
func (s *scene) findFrozen() (found []report.Finding, err error) {
	for sb, err := range list.ForEachEntry("struct super_block", s.p.Variable("super_blocks").AddressOf(), "s_list") {
		if err != nil {
			return found, err
		}
		stage, err := sb.Member("s_writers").Member("frozen").Int()
		if err != nil {
			return found, err
		}
		name, kind, err := systemOf(sb)
		if err != nil {
			return found, err
		}
		found = append(found, frozenSystem(name, kind, stage)...)
	}
	return found, nil
}

// systemOf returns the name of the device that a struct super_block * is of, and the kind of its file system.
func systemOf(sb drgn.Object) (name, kind string, err error) {
	if name, err = word(sb.Member("s_id")); err != nil {
		return "", "", err
	}
	kind, err = word(sb.Member("s_type").Member("name"))
	return name, kind, err
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
