package kernfs_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/kernfs"
)

// TestTree makes /kernel/mm, /class and /class/link, a link to /kernel/mm.
func TestTree(t *testing.T) {
	for _, parent := range []string{"__parent", "parent"} { // the latter before v6.15
		t.Run(parent, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`
					struct kernfs_root { int id; };
					struct kernfs_elem_dir { unsigned long subdirs; struct rb_root children; struct kernfs_root *root; };
					struct kernfs_elem_symlink { struct kernfs_node *target_kn; };
					struct kernfs_node { int count; struct kernfs_node *` + parent + `; const char *name; struct rb_node rb;
						union { struct kernfs_elem_dir dir; struct kernfs_elem_symlink symlink; }; unsigned short flags; };`)
				kroot := w.Alloc("struct kernfs_root")
				n := w.AllocN(5, "struct kernfs_node")
				root, kernel, class, sub, link := n[0], n[1], n[2], n[3], n[4]
				for node, c := range map[worldtest.Var]struct {
					name  string
					above worldtest.Var
					flags uint64
				}{root: {"", worldtest.Var{}, 1}, kernel: {"kernel", root, 0x11}, class: {"class", root, 1}, sub: {"mm", kernel, 1}, link: {"link", class, 4}} {
					node.Set("name", w.Text(c.name)).Set(parent, c.above.At).Set("flags", c.flags)
					if c.flags&1 != 0 {
						node.Set("dir.root", kroot.At)
					}
				}
				root.Set("dir.children.rb_node", kernel.Addr("rb"))
				kernel.Set("rb.rb_left", class.Addr("rb")).Set("dir.children.rb_node", sub.Addr("rb"))
				class.Set("rb.__rb_parent_color", kernel.Addr("rb")).Set("dir.children.rb_node", link.Addr("rb"))
				link.Set("symlink.target_kn", sub.At)

				for node, want := range map[worldtest.Var][2]string{root: {"/", "/"}, kernel: {"kernel", "/kernel"}, sub: {"mm", "/kernel/mm"}, link: {"link", "/class/link"}} {
					name, err := kernfs.Name(node.Ptr())
					if err != nil || string(name) != want[0] {
						t.Errorf("name %q, %v; want %q", name, err, want[0])
					}
					path, err := kernfs.Path(node.Ptr())
					if err != nil || string(path) != want[1] {
						t.Errorf("path %q, %v; want %q", path, err, want[1])
					}
					worldtest.CheckPtr(t, "hierarchy of "+want[1], kernfs.Root(node.Ptr()), kroot.At)
				}
				worldtest.CheckPtr(t, "parent", kernfs.Parent(sub.Ptr()), kernel.At)
				worldtest.CheckPtr(t, "parent of the root", kernfs.Parent(root.Ptr()), 0)
				worldtest.Check(t, "children", kernfs.Children(root.Ptr()), class.At, kernel.At)
				if _, err := worldtest.Collect(t, kernfs.Children(link.Ptr())); err == nil {
					t.Error("children of a link: no error")
				}
				for path, want := range map[string]uint64{"kernel/mm": sub.At, "class": class.At, "class/link": sub.At, "nothing": 0, "kernel/nothing": 0} {
					worldtest.CheckPtr(t, "lookup of "+path, kernfs.Lookup(root.Ptr(), path, true), want)
				}
				worldtest.CheckPtr(t, "lookup of the link itself", kernfs.Lookup(root.Ptr(), "class/link", false), link.At)

				var cycle *walk.CycleError
				kernel.Set(parent, sub.At)
				if path, err := kernfs.Path(sub.Ptr()); !errors.As(err, &cycle) {
					t.Errorf("a circle of parents: %q, %v", path, err)
				}
				link.Set("symlink.target_kn", link.At)
				if err := kernfs.Lookup(root.Ptr(), "class/link", true).Err(); err == nil {
					t.Error("a link to itself: no error")
				}
			})
		})
	}
}

// TestNamespaces has a node "lo" of each of two namespaces of the network in a directory, and one that is only the other's.
func TestNamespaces(t *testing.T) {
	for _, member := range []string{"words", "ns"} { // the tag is struct net itself, in newer kernels its ns_common
		worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
			w.Declare(`
				struct net { unsigned long words[4]; unsigned long ns; };
				struct kernfs_elem_dir { struct rb_root children; };
				struct kernfs_node { struct kernfs_node *parent; const char *name; struct rb_node rb; const void *ns; struct kernfs_elem_dir dir;
					unsigned short flags; };`)
			initial, other := w.Variable("init_net", "struct net"), w.Alloc("struct net")
			n := w.AllocN(4, "struct kernfs_node")
			dir, foreign, own, only := n[0], n[1], n[2], n[3]
			dir.Set("flags", 1).Set("dir.children.rb_node", own.Addr("rb"))
			own.Set("name", w.Text("lo")).Set("ns", initial.Addr(member)).Set("rb.rb_left", foreign.Addr("rb")).Set("rb.rb_right", only.Addr("rb"))
			foreign.Set("name", w.Text("lo")).Set("ns", other.Addr(member)).Set("rb.__rb_parent_color", own.Addr("rb"))
			only.Set("name", w.Text("eth1")).Set("ns", other.Addr(member)).Set("rb.__rb_parent_color", own.Addr("rb"))
			for name, want := range map[string]uint64{"lo": own.At, "eth1": 0} {
				worldtest.CheckPtr(t, "lookup of "+name, kernfs.Lookup(dir.Ptr(), name, true), want)
			}
		})
	}
}
