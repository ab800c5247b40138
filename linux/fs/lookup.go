package fs

import (
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
)

// Bounds on a lookup: what it goes through lies in memory that may be corrupt.
const (
	maxSymlinks = 40 // as in the kernel
	maxStacked  = 1 << 10
)

// A LookupError says that a path is not among the names that the kernel keeps in memory.
type LookupError struct {
	Path     string // as far as it was looked up
	Negative bool   // the kernel knows that there is no such file
}

func (e *LookupError) Error() string {
	if e.Negative {
		return fmt.Sprintf("'%s' does not exist", e.Path)
	}
	return fmt.Sprintf("could not find '%s' in dcache", e.Path)
}

// place is the current position of a lookup.
type place struct {
	mnt    drgn.Object // struct mount *
	dentry drgn.Object // struct dentry *
}

// Lookup returns the struct path of a file. Symbolic links on the way are followed where the kernel keeps their targets in
// memory, one at the end is not.
//
// root is a struct path * that the path starts from; a program stands for the root of the initial mount namespace. Only
// names in the kernel's cache of directory entries can be found: that one is not found does not mean that there is no such
// file, unless the error says so. With allowNegative, the entry of a file that is known not to exist is returned.
//
//drgn:helper path_lookup(root, path: Path, *, allow_negative=False)
func Lookup(root drgn.Scope, path string, allowNegative bool) drgn.Object {
	p, start, isObject := root.Scope()
	if !isObject {
		start = p.Variable("init_task").Member("fs").Member("root")
	}
	l := lookup{root: place{mountOf(start.Member("mnt")).Read(), start.Member("dentry").Read()}, negative: allowNegative}
	l.at = l.root
	if err := l.walk(path); err != nil {
		return drgn.Failed(err)
	}
	return l.at.path(p)
}

// path makes a struct path of a place.
func (at place) path(p *drgn.Program) drgn.Object {
	t, err := p.Type("struct path")
	if err != nil {
		return drgn.Failed(err)
	}
	size, err := t.Size()
	if err != nil {
		return drgn.Failed(err)
	}
	word, err := p.AddressSize()
	if err != nil {
		return drgn.Failed(err)
	}
	data := make([]byte, min(size, 1<<10))
	for name, pointer := range map[string]drgn.Object{"mnt": at.mnt.Member("mnt").AddressOf(), "dentry": at.dentry} {
		v, err := pointer.Uint()
		if err != nil {
			return drgn.Failed(err)
		}
		off, err := drgn.OffsetOf(t, name)
		if err != nil {
			return drgn.Failed(err)
		}
		if !bits.Insert(data, off*8, word*8, !p.Platform().IsLittleEndian(), v) {
			return drgn.Failed(fmt.Errorf("struct path of %d bytes is not understood", size))
		}
	}
	return p.BytesValue(t, data)
}

type lookup struct {
	root, at place
	links    int
	negative bool
}

// walk goes along a path from where the lookup is.
func (l *lookup) walk(path string) error {
	if strings.HasPrefix(path, "/") {
		l.at = l.root
	}
	for i := 0; i < len(path); {
		end := i + 1 + strings.IndexByte(path[i:]+"/", '/')
		name := path[i : end-1]
		so, last := path[:end-1], strings.Trim(path[end-1:], "/") == ""
		i = end
		var err error
		switch name {
		case "", ".":
			continue
		case "..":
			err = l.up()
		default:
			err = l.down(name, so, last && !strings.HasSuffix(path, "/"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// up goes to the directory above, but not above the root.
func (l *lookup) up() error {
	for range maxStacked {
		if root, err := same(l.at.dentry, l.root.dentry); err != nil {
			return err
		} else if root {
			if root, err = same(l.at.mnt, l.root.mnt); err != nil || root {
				return err
			}
		}
		top, err := same(l.at.dentry, l.at.mnt.Member("mnt").Member("mnt_root"))
		if err != nil {
			return err
		}
		if !top {
			l.at.dentry = l.at.dentry.Member("d_parent").Read()
			return l.cross()
		}
		parent := l.at.mnt.Member("mnt_parent").Read()
		if top, err = same(l.at.mnt, parent); err != nil || top {
			return err
		}
		l.at = place{parent, l.at.mnt.Member("mnt_mountpoint").Read()}
	}
	return walk.Corrupt("tree of mounts", "more than %d are stacked", maxStacked)
}

// down goes to an entry of the directory; so is the path as far as it and last says that nothing follows.
func (l *lookup) down(name, so string, last bool) error {
	entry, err := child(l.at.dentry, name)
	if err != nil {
		return err
	}
	if missing, err := entry.IsNull(); err != nil {
		return err
	} else if missing {
		return &LookupError{Path: so}
	}
	inode := entry.Member("d_inode").Read()
	if negative, err := inode.IsNull(); err != nil {
		return err
	} else if negative {
		if !last || !l.negative {
			return &LookupError{Path: so, Negative: true}
		}
		l.at.dentry = entry
		return nil
	}
	if !last {
		mode, err := inode.Member("i_mode").Uint()
		if err != nil {
			return err
		}
		if fileTypes[mode&0o170000] == "LNK" {
			return l.follow(inode, so)
		}
	}
	l.at.dentry = entry
	return l.cross()
}

// follow goes to where a symbolic link leads.
func (l *lookup) follow(inode drgn.Object, so string) error {
	if l.links++; l.links > maxSymlinks {
		return fmt.Errorf("too many symbolic links at '%s'", so)
	}
	// i_link since v4.2, commit 61ba64fc0768.
	link := inode.Member("i_link").Read()
	if null, err := link.IsNull(); err != nil {
		return err
	} else if null {
		return fmt.Errorf("'%s' is a symbolic link whose target is not in memory", so)
	}
	target, err := link.CString()
	if err != nil {
		return err
	}
	return l.walk(string(target) + "/")
}

// cross goes to what is mounted on the directory.
func (l *lookup) cross() error {
	for range maxStacked {
		mnt, err := mountedOn(l.at)
		if err != nil {
			return err
		}
		if none, err := mnt.IsNull(); err != nil || none {
			return err
		}
		l.at = place{mnt, mnt.Member("mnt").Member("mnt_root").Read()}
	}
	return walk.Corrupt("tree of mounts", "more than %d are stacked", maxStacked)
}

// mountedOn returns the struct mount * that is mounted at a place; a null pointer if there is none.
func mountedOn(at place) (drgn.Object, error) {
	for mnt, err := range list.ForEachEntry(mount, at.mnt.Member("mnt_mounts").AddressOf(), "mnt_child") {
		if err != nil {
			return mnt, err
		}
		if here, err := same(mnt.Member("mnt_mountpoint"), at.dentry); err != nil || here {
			return mnt, err
		}
	}
	none := drgn.Null(at.mnt.Prog(), mount)
	return none, none.Err()
}

// child returns the entry of a name in a directory, as a struct dentry *; a null pointer if none is in memory.
func child(dir drgn.Object, name string) (drgn.Object, error) {
	for entry, err := range children(dir) {
		if err != nil {
			return entry, err
		}
		var e struct {
			Length uint64      `drgn:"d_name.len"`
			Name   drgn.Object `drgn:"d_name.name"`
			Hashed uint64      `drgn:"d_hash.pprev"`
		}
		if err := entry.Decode(&e); err != nil {
			return entry, err
		}
		if e.Length != uint64(len(name)) || e.Hashed == 0 { // one that was removed is open still, but in no hash list
			continue
		}
		if have, err := e.Name.CString(); err != nil || string(have) == name {
			return entry, err
		}
	}
	none := drgn.Null(dir.Prog(), "struct dentry")
	return none, none.Err()
}

// children walks the entries of a directory that are in memory, each as a struct dentry *.
func children(dir drgn.Object) iter.Seq2[drgn.Object, error] {
	// A hash list since v6.8, commit da549bdd15c2.
	if dir.HasMember("d_children") {
		return list.HlistForEachEntry("struct dentry", dir.Member("d_children").AddressOf(), "d_sib")
	}
	return list.ForEachEntry("struct dentry", dir.Member("d_subdirs").AddressOf(), "d_child")
}
