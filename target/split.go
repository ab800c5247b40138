package target

import (
	"bytes"
	"fmt"

	"github.com/godrgn/drgn/mem"
)

// OpenSplit opens a dump that makedumpfile --split wrote to several files, in any order, as one. A page in a file that
// is not given is a fault which says so.
func OpenSplit(paths ...string) (*Core, error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("no files of a split dump given")
	}
	var whole *Core
	var parts []mem.Segment
	for _, path := range paths {
		c, err := Open(path)
		if err == nil && c.split == nil {
			err = fmt.Errorf("%s is not a part of a split dump", path)
		}
		if err == nil && whole != nil && !bytes.Equal(c.VMCOREINFO, whole.VMCOREINFO) {
			err = fmt.Errorf("%s and %s are parts of different dumps", whole.Path, path)
		}
		if err != nil {
			for _, open := range []*Core{c, whole} {
				if open != nil {
					open.Close() // the first error is the one to tell
				}
			}
			return nil, err
		}
		for _, seg := range c.Physical {
			seg.Min, seg.Max = max(seg.Min, c.split.Min), min(seg.Max, c.split.Max)
			if seg.Min <= seg.Max {
				parts = append(parts, seg)
			}
		}
		if whole == nil {
			whole = c
			continue
		}
		whole.Truncated = whole.Truncated || c.Truncated
		whole.closers = append(whole.closers, c.closers...)
	}
	// The first file's own segments stay below: they tell what is missing.
	whole.Physical = append(whole.Physical, parts...)
	return whole, nil
}
