package triage

import (
	"errors"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/block"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/types"
)

// pageHolder says what is done with a page that is waited for.
func pageHolder(_ *wait, page drgn.Object) (drgn.Object, string, error) {
	none := drgn.Object{}
	if is, err := mm.PageWriteback(page); is || err != nil {
		return none, "it is being written", err
	}
	locked, err := mm.PageLocked(page)
	if err != nil || !locked {
		return none, "nobody holds it now", err
	}
	if is, err := mm.PageUptodate(page); !is || err != nil {
		return none, "it is being read", err
	}
	return none, "pages do not record who has locked them", nil
}

// namePage says of which file, or block device, the page is that a task waits for.
func (a *analysis) namePage(w *wait) error {
	page, err := a.at("struct page", w.object)
	if err != nil {
		return err
	}
	mapping, err := page.Member("mapping").Uint()
	if err != nil {
		return err
	}
	const flags = 3 // FOLIO_MAPPING_FLAGS in include/linux/page-flags.h
	if mapping == 0 || mapping&flags != 0 {
		w.name = "of no file"
		return nil
	}
	index, err := mm.PageIndex(page).Uint()
	if err != nil {
		return err
	}
	inode := page.Member("mapping").Member("host").Read()
	if none, err := inode.IsNull(); err != nil || none {
		w.name = "of no file"
		return err
	}
	return a.nameInode(w, fmt.Sprintf("page %d", index), inode)
}

// inodeLocks are the locks that inodes have.
var inodeLocks = []string{"i_rwsem", "i_data.invalidate_lock", "i_data.i_mmap_rwsem"}

// nameLock says of which file, or block device, a lock is that a task waits for, if it is of one: known is true then. What would be the inode
// says of itself that it is one.
func (a *analysis) nameLock(w *wait) (known bool, err error) {
	host, err := a.offset("struct inode", "i_data.host")
	if err != nil {
		return false, err
	}
	for _, lock := range inodeLocks {
		offset, err := a.offset("struct inode", lock)
		var missing *types.MemberError
		if errors.As(err, &missing) {
			continue // of another kernel
		}
		if err != nil {
			return false, err
		}
		inode := w.object - offset
		if itself, err := a.p.ReadUint(inode+host, int(a.word), false); err != nil || itself != inode {
			continue
		}
		o, err := a.at("struct inode", inode)
		if err != nil {
			return false, err
		}
		return true, a.nameInode(w, lock, o)
	}
	return false, nil
}

// nameInode says that what a task waits for is part of a file, or of a block device.
func (a *analysis) nameInode(w *wait, part string, inode drgn.Object) error {
	sb := inode.Member("i_sb")
	device, kind, err := systemOf(sb)
	if err != nil {
		return err
	}
	bdev := sb.Member("s_bdev")
	if kind == "bdev" { // the device itself
		bdev = drgn.Entry(inode, "struct bdev_inode", "vfs_inode").Member("bdev").AddressOf()
	}
	if w.disk, err = diskUnder(bdev); err != nil {
		return err
	}
	if kind == "bdev" {
		name, err := block.PartitionName(bdev)
		w.name = fmt.Sprintf("%s of %s", part, name)
		return err
	}
	number, err := inode.Member("i_ino").Uint()
	if err != nil {
		return err
	}
	w.name = fmt.Sprintf("%s of inode %d of %s (%s)", part, number, device, kind)
	path, ok, err := fs.Path(inode)
	if ok {
		w.file = string(path)
	}
	return err
}

// diskUnder returns the name of the disk that a struct block_device * is, or is a part of; "" if there is none.
func diskUnder(bdev drgn.Object) (string, error) {
	for _, o := range []drgn.Object{bdev, bdev.Member("bd_disk")} {
		if none, err := o.IsNull(); err != nil || none {
			return "", err
		}
	}
	name, err := block.DiskName(bdev.Member("bd_disk").Read())
	return string(name), err
}
