package fs

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/xarray"
)

// Paths walks the paths of an inode from the root of its file system, without a slash before them.
//
// inode is a struct inode *. Only the names that the kernel keeps in memory are known.
//
//drgn:helper inode_paths
//drgn:eager
func Paths(inode drgn.Object) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err := inode.Err(); err != nil {
			yield(nil, err)
			return
		}
		// The union d_u has no name any more by v7.2.
		alias := "d_u.d_alias"
		if t, err := inode.Prog().Type("struct dentry"); err == nil {
			if _, err := t.FindMember("d_u"); err != nil {
				alias = "d_alias"
			}
		}
		for dentry, err := range list.HlistForEachEntry("struct dentry", inode.Member("i_dentry").AddressOf(), alias) {
			var path []byte
			if err == nil {
				path, err = DentryPath(dentry)
			}
			if !yield(path, err) || err != nil {
				return
			}
		}
	}
}

// Path returns a path of an inode from the root of its file system, without a slash before it; ok is false when the kernel
// keeps no name of it in memory.
//
// inode is a struct inode *.
//
//drgn:helper inode_path -> Optional[bytes]
func Path(inode drgn.Object) (path []byte, ok bool, err error) {
	for path, err := range Paths(inode) {
		return path, err == nil, err
	}
	return nil, false, nil
}

// A CachedPage is a page of a file in the page cache.
//
//drgn:tuple
type CachedPage struct {
	Index uint64      // offset in the file, in pages
	Page  drgn.Object // struct page *
}

// InodePages walks the pages of a file that are in the page cache in the order of their offsets; pages that belong
// together (a folio) come as the first of them.
//
// inode is a struct inode *.
//
//drgn:helper inode_for_each_page
//drgn:eager faults
func InodePages(inode drgn.Object) iter.Seq2[CachedPage, error] {
	return AddressSpacePages(inode.Member("i_mapping").Read())
}

// AddressSpacePages walks the pages of an address space that are in the page cache in the order of their offsets; pages
// that belong together (a folio) come as the first of them.
//
// mapping is a struct address_space *.
//
//drgn:helper address_space_for_each_page
func AddressSpacePages(mapping drgn.Object) iter.Seq2[CachedPage, error] {
	return func(yield func(CachedPage, error) bool) {
		fail := func(err error) { yield(CachedPage{}, err) }
		// page_tree became i_pages in v4.17, commit b93b016313b3.
		pages := mapping.MemberAny("i_pages", "page_tree").AddressOf()
		if err := pages.Err(); err != nil {
			fail(err)
			return
		}
		t, err := pages.Prog().Type("struct page *")
		if err != nil {
			fail(err)
			return
		}
		for e, err := range xarray.ForEach(pages, false) {
			if err != nil {
				fail(err)
				return
			}
			v, err := e.Value.Uint()
			if err == nil && v&3 != 0 {
				continue // not a page: the shadow of one that was evicted, or where it is swapped to
			}
			if !yield(CachedPage{e.Index, e.Value.Cast(t)}, err) || err != nil {
				return
			}
		}
	}
}

// fileTypes are the names of the types in a file's mode (include/uapi/linux/stat.h).
var fileTypes = map[uint64]string{
	0o140000: "SOCK", 0o120000: "LNK", 0o100000: "REG", 0o060000: "BLK", 0o040000: "DIR", 0o020000: "CHR", 0o010000: "FIFO",
}

// FileType returns the type in the mode of a file in short, such as "REG" or "DIR"; its octal digits if it is not known.
//
//drgn:helper decode_file_type
//drgn:wraps
func FileType(mode uint64) string {
	kind := mode & 0o170000
	if name, ok := fileTypes[kind]; ok {
		return name
	}
	return fmt.Sprintf("%06o", kind)
}
