package fs_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/fs"
)

// The names of an inode are found where its dentries have them in a union d_u, and by v7.2 in one without a name.
func TestPathsOfInode(t *testing.T) {
	for name, alias := range map[string]string{
		"v6.12": "union { struct hlist_node d_alias; } d_u;",
		"v7.2":  "union { struct hlist_node d_alias; };",
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`struct qstr { unsigned int hash, len; const char *name; };
					struct dentry { struct dentry *d_parent; struct qstr d_name; const void *d_op; ` + alias + ` };
					struct inode { struct hlist_head i_dentry; };`)
				root, entry, inode := w.Alloc("struct dentry"), w.Alloc("struct dentry"), w.Alloc("struct inode")
				root.Set("d_parent", root.At).Set("d_name.name", w.Text("/")).Set("d_name.len", 1)
				entry.Set("d_parent", root.At).Set("d_name.name", w.Text("file")).Set("d_name.len", 4)
				designator := "d_alias"
				if name == "v6.12" {
					designator = "d_u.d_alias"
				}
				w.Chain(0, inode.Addr("i_dentry.first"), entry.Addr(designator))
				got, err := worldtest.Collect(t, fs.Paths(inode.Ptr()))
				if err != nil || len(got) != 1 || string(got[0]) != "file" {
					t.Errorf("paths %q, %v; want file", got, err)
				}
			})
		})
	}
}
