// Package sysfs finds what the directories and files of sysfs stand for (fs/sysfs).
package sysfs

import (
	"bytes"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/kernfs"
)

// below returns the part of a path below /sys; ok is false for another absolute one.
func below(path string) (rest string, ok bool) {
	if !strings.HasPrefix(path, "/") {
		return path, true
	}
	rest, ok = strings.CutPrefix(path+"/", "/sys/")
	return rest, ok
}

// LookupNode returns the node of a path, as a struct kernfs_node *; a null pointer if there is none. Symbolic links are
// followed.
//
// path is relative to /sys, or absolute and begins with /sys.
//
//drgn:helper sysfs_lookup_node
func LookupNode(p *drgn.Program, path string) drgn.Object {
	rest, ok := below(path)
	if !ok {
		return drgn.Null(p, "struct kernfs_node")
	}
	root := p.Variable("sysfs_root_kn")
	if drgn.IsNotFound(root.Err()) {
		root = p.Variable("sysfs_root").Member("kn")
	}
	return kernfs.Lookup(root, rest, true)
}

// LookupKobject returns the object that a directory stands for, or that the directory of a file does, as a struct kobject *;
// a null pointer if there is none.
//
// path is relative to /sys, or absolute and begins with /sys.
//
//drgn:helper sysfs_lookup_kobject
func LookupKobject(p *drgn.Program, path string) drgn.Object {
	kn := LookupNode(p, path)
	missing, err := kn.IsNull()
	if err != nil {
		return drgn.Failed(err)
	}
	t, err := p.Type("struct kobject *")
	if err != nil {
		return drgn.Failed(err)
	}
	if missing {
		return p.ScalarValue(t, 0)
	}
	dir, err := kernfs.IsDir(kn)
	if err != nil {
		return drgn.Failed(err)
	}
	if !dir {
		kn = kernfs.Parent(kn)
	}
	return kn.Member("priv").Cast(t)
}

// containers are what objects of a type are part of, by the variable that is their type.
var containers = []struct{ ktype, typ, member, owner string }{
	{"device_ktype", "struct device", "kobj", ""},
	{"class_ktype", "struct subsys_private", "subsys.kobj", "class"},
	{"bus_ktype", "struct subsys_private", "subsys.kobj", "bus"},
	{"driver_ktype", "struct driver_private", "kobj", "driver"},
	{"module_ktype", "struct module_kobject", "kobj", ""},
}

// Lookup returns what a directory stands for, or the directory of a file: a struct device *, struct class *, struct bus_type
// *, struct device_driver *, struct module_kobject *, or the struct kobject * when it is another kind; a null pointer if
// there is none.
//
// path is relative to /sys, or absolute and begins with /sys.
//
//drgn:helper sysfs_lookup
func Lookup(p *drgn.Program, path string) drgn.Object {
	kobj := LookupKobject(p, path)
	if missing, err := kobj.IsNull(); err != nil || missing {
		return kobj
	}
	ktype, err := kobj.Member("ktype").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	for _, c := range containers {
		at, ok := p.Variable(c.ktype).Address()
		if !ok || at != ktype {
			continue
		}
		o := drgn.Entry(kobj, c.typ, c.member)
		if c.owner != "" {
			o = o.Member(c.owner)
		}
		return o
	}
	return kobj
}

// ListDir returns the names in a directory; a *drgn.ValueError if the path does not exist.
//
// path is relative to /sys, or absolute and begins with /sys.
//
//drgn:helper sysfs_listdir
func ListDir(p *drgn.Program, path string) ([][]byte, error) {
	kn := LookupNode(p, path)
	if missing, err := kn.IsNull(); err != nil {
		return nil, err
	} else if missing {
		return nil, &drgn.ValueError{Problem: path + ": not found"}
	}
	names := [][]byte{}
	for child, err := range kernfs.Children(kn) {
		if err != nil {
			return nil, err
		}
		name, err := kernfs.Name(child)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// maxPath bounds how long a path may become: what it is made of lies in memory that may be corrupt.
const maxPath = 1 << 20

// KobjectPath returns the path of an object, from /sys on.
//
// kobj is a struct kobject *.
//
//drgn:helper kobject_path
func KobjectPath(kobj drgn.Object) ([]byte, error) {
	var names [][]byte
	var guard walk.Guard
	size := 0
	for kobj = kobj.Read(); ; kobj = kobj.Member("parent").Read() {
		at, err := kobj.Uint()
		if err != nil {
			return nil, err
		}
		if at == 0 {
			break
		}
		if !guard.Visit(at) {
			return nil, &walk.CycleError{What: "path of a kobject", Address: at}
		}
		name, err := kobj.Member("name").CString()
		if err != nil {
			return nil, err
		}
		if size += len(name) + 1; size > maxPath {
			return nil, walk.Corrupt("path of a kobject", "it is longer than %d bytes at %#x", maxPath, at)
		}
		names = append(names, name)
	}
	names = append(names, []byte("/sys"))
	slices.Reverse(names)
	return bytes.Join(names, []byte("/")), nil
}
