package triage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/report"
)

// A cached file has pages in the page cache.
type cached struct {
	inode  drgn.Object
	bytes  uint64
	system string
}

// maxInodes bounds how many inodes are looked at: those of a large file server are millions.
const maxInodes = 300_000

// lookAtPageCache shows the files with most pages in the page cache.
func lookAtPageCache(s *scene, out *book, page uint64) {
	var largest []cached
	inodes, bytes, left := 0, uint64(0), false
	bySize := func(a, b cached) int { return cmp.Compare(b.bytes, a.bytes) }
	keep := func(n int) {
		slices.SortStableFunc(largest, bySize)
		largest = largest[:min(len(largest), n)]
	}
systems:
	for sb, err := range list.ForEachEntry("struct super_block", s.p.Variable("super_blocks").AddressOf(), "s_list") {
		if err != nil {
			out.miss("mounted file systems", err)
			break
		}
		system, err := word(sb.Member("s_id"))
		if err != nil {
			out.miss("the name of a file system", err)
			continue
		}
		for inode, err := range list.ForEachEntry("struct inode", sb.Member("s_inodes").AddressOf(), "i_sb_list") {
			var n uint64
			if err == nil {
				n, err = inode.Member("i_data").Member("nrpages").Uint()
			}
			if err != nil {
				out.miss("inodes of "+system, err)
				break
			}
			if inodes++; inodes > maxInodes || s.ctx.Err() != nil {
				left = true
				break systems
			}
			if n == 0 {
				continue
			}
			bytes += n * page
			if largest = append(largest, cached{inode: inode, bytes: n * page, system: system}); len(largest) >= 1000 {
				keep(maxRows)
			}
		}
	}
	keep(maxRows)
	if len(largest) == 0 {
		return
	}
	table := &report.Table{Columns: []report.Column{{Name: "File", Private: true}, {Name: "File system"}, {Name: "Cached", Unit: report.Bytes, Bar: true}}}
	for _, f := range largest {
		name := "(no name)" // a block device's pages, or a file that was removed
		if path, ok, err := fs.Path(f.inode); err != nil {
			out.miss("the path of a cached file", err)
		} else if ok {
			name = string(path)
		}
		table.Rows = append(table.Rows, []any{name, f.system, f.bytes})
	}
	note := fmt.Sprintf("%s in the page cache, of %d inodes", report.Bytes.Format(bytes), inodes)
	if left {
		note = fmt.Sprintf("of the first %d inodes; there are more", inodes-1)
	}
	out.add(report.Part{ID: filePart, Title: "The files with most in the page cache", Note: note, Table: table})
}
