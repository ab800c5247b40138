package swap_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/swap"
)

const files = `
	struct dentry;
	struct qstr { u32 hash, len; unsigned char *name; };
	struct super_block { int x; };
	struct dentry_operations { void *d_dname; };
	struct dentry { struct dentry *d_parent; struct qstr d_name; struct dentry_operations *d_op; struct super_block *d_sb; };
	struct vfsmount { struct dentry *mnt_root; };
	struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
	struct path { struct vfsmount *mnt; struct dentry *dentry; };
	struct inode { u16 i_mode; };
	struct file { struct path f_path; struct inode *f_inode; };`

// place makes /swapfile or /dev, and what is swapped there.
func place(w *worldtest.World, name string, mode, flags uint64) worldtest.Var {
	root, dentry, mnt := w.Alloc("struct dentry"), w.Alloc("struct dentry"), w.Alloc("struct mount")
	root.Set("d_parent", root.At)
	dentry.Set("d_parent", root.At).Set("d_name.name", w.Text(name))
	mnt.Set("mnt_parent", mnt.At).Set("mnt.mnt_root", root.At)
	file := w.Alloc("struct file").Set("f_path.mnt", mnt.Addr("mnt")).Set("f_path.dentry", dentry.At)
	file.Set("f_inode", w.Alloc("struct inode").Set("i_mode", mode).At)
	return w.Alloc("struct swap_info_struct").Set("flags", flags).Set("swap_file", file.At)
}

// SWP_USED and SWP_WRITEOK are the two lowest flags.
func TestPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		info  string
		set   string
		value uint64
	}{
		// v6.13: an atomic, whose bit 30 says that the place is full.
		"v6.13":  {`struct swap_info_struct { unsigned long flags; struct file *swap_file; atomic_long_t inuse_pages; };`, "inuse_pages.counter", 1<<30 | 25},
		"before": {`struct swap_info_struct { unsigned long flags; struct file *swap_file; unsigned int inuse_pages; };`, "inuse_pages", 25},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(files + c.info)
				file, disk, gone, leaving := place(w, "swapfile", 0o100600, 3), place(w, "vdb", 0o060600, 3), place(w, "old", 0o100600, 0), place(w, "leaving", 0o100600, 1)
				infos := w.Variable("swap_info", "struct swap_info_struct *[5]")
				infos.Set("[0]", file.At).Set("[1]", disk.At).Set("[2]", gone.At).Set("[3]", leaving.At)
				w.Variable("nr_swapfiles", "unsigned int").Set("", 5)
				worldtest.Check(t, "places", swap.ForEachInfo(w.Program), file.At, disk.At, leaving.At)
				for si, want := range map[worldtest.Var]string{file: "/swapfile", disk: "/vdb"} {
					if got, err := swap.FilePath(si.Ptr()); err != nil || string(got) != want {
						t.Errorf("path %q, %v; want %s", got, err, want)
					}
					worldtest.CheckValue(t, "is a file", want == "/swapfile")(swap.IsFile(si.Ptr()))
				}
				worldtest.CheckValue(t, "usage", uint64(25))(swap.Usage(file.Set(c.set, c.value).Ptr()))

				w.Variable("total_swap_pages", "long").Set("", 1000)
				w.Variable("nr_swap_pages", "atomic_long_t").Set("counter", 700)
				worldtest.CheckValue(t, "nothing leaves yet", mm.PageUsage{Pages: 1000, FreePages: 700})(swap.TotalUsage(w.Program))
				leaving.Set(c.set, 40)
				worldtest.CheckValue(t, "what leaves counts as free", mm.PageUsage{Pages: 1040, FreePages: 740})(swap.TotalUsage(w.Program))

				w.Variable("nr_swapfiles", "unsigned int").Set("", 1<<31)
				if _, err := worldtest.Collect(t, swap.ForEachInfo(w.Program)); err == nil {
					t.Error("2^31 places: no error")
				}
				infos.Set("[0]", worldtest.Dangling)
				w.Variable("nr_swapfiles", "unsigned int").Set("", 5)
				if all, err := worldtest.Collect(t, swap.ForEachInfo(w.Program)); err == nil {
					t.Errorf("a dangling place: %d, no error", len(all))
				}
			})
		})
	}
}

func TestCachedPages(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		worldtest.CheckValue(t, "a kernel without swap", int64(0))(swap.CachedPages(w.Program))
		worldtest.CheckValue(t, "a kernel without swap", mm.PageUsage{})(swap.TotalUsage(w.Program))
		// Until v5.12 each place has an array of address spaces, which count.
		w.Declare(`struct address_space { unsigned long nrpages; };`)
		spaces := w.VarAt("struct address_space", w.AllocBytes(2*w.SizeOf("struct address_space"), 16))
		w.VarAt("struct address_space", spaces.At).Set("nrpages", 5)
		w.VarAt("struct address_space", spaces.At+w.SizeOf("struct address_space")).Set("nrpages", 6)
		w.Variable("swapper_spaces", "struct address_space *[3]").Set("[1]", spaces.At)
		counts := w.Variable("nr_swapper_spaces", "unsigned int [3]").Set("[1]", 2)
		worldtest.CheckValue(t, "sum", int64(11))(swap.CachedPages(w.Program))
		counts.Set("[1]", 1<<31)
		if n, err := swap.CachedPages(w.Program); err == nil {
			t.Errorf("2^31 address spaces: %d, no error", n)
		}
		w.Declare(`enum node_stat_item { NR_OTHER, NR_SWAPCACHE };`)
		w.Variable("vm_node_stat", "atomic_long_t [2]").Set("[1].counter", 99)
		worldtest.CheckValue(t, "counter since v5.12", int64(99))(swap.CachedPages(w.Program))
	})
}
