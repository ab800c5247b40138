package fs_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/mem"
)

const declarations = `
	struct qstr { u32 hash, len; const unsigned char *name; };
	struct file_system_type { const char *name; };
	struct super_block { struct file_system_type *s_type; };
	struct dentry_operations { void *d_revalidate, *d_dname; };
	struct dentry { u32 d_flags; struct dentry *d_parent; struct qstr d_name; struct dentry_operations *d_op; struct super_block *d_sb; };
	struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; };
	struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
	struct path { struct vfsmount *mnt; struct dentry *dentry; };`

// dentry makes a dentry below another one; one below itself for the zero Var.
func dentry(w *worldtest.World, parent worldtest.Var, name string) worldtest.Var {
	d := w.Alloc("struct dentry").Set("d_name.name", w.Text(name))
	if parent.At == 0 {
		parent = d
	}
	return d.Set("d_parent", parent.At)
}

// TestPaths has a file system with /home, on which another one with /user/file is mounted.
func TestPaths(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(declarations)
		root := dentry(w, worldtest.Var{}, "/")
		home := dentry(w, root, "home")
		other := dentry(w, worldtest.Var{}, "/")
		user := dentry(w, other, "user")
		file := dentry(w, user, "file")
		top, mounted := w.Alloc("struct mount"), w.Alloc("struct mount")
		top.Set("mnt_parent", top.At).Set("mnt_mountpoint", root.At).Set("mnt.mnt_root", root.At)
		mounted.Set("mnt_parent", top.At).Set("mnt_mountpoint", home.At).Set("mnt.mnt_root", other.At)
		bind := w.Alloc("struct mount").Set("mnt_parent", top.At).Set("mnt_mountpoint", home.At).Set("mnt.mnt_root", user.At)
		for _, c := range []struct {
			mnt, dentry worldtest.Var
			want        string
		}{
			{top, root, "/"}, {top, home, "/home"}, {mounted, other, "/home"}, {mounted, user, "/home/user"}, {mounted, file, "/home/user/file"},
			{bind, user, "/home"}, {bind, file, "/home/file"},
		} {
			path := w.Alloc("struct path").Set("mnt", c.mnt.Addr("mnt")).Set("dentry", c.dentry.At)
			d := c.dentry.Ptr()
			for name, got := range map[string]func() ([]byte, error){
				"path":             func() ([]byte, error) { return fs.DPath(path.Ptr(), nil) },
				"mount and dentry": func() ([]byte, error) { return fs.DPath(c.mnt.PtrTo("mnt"), &d) },
			} {
				if got, err := got(); err != nil || string(got) != c.want {
					t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
				}
			}
		}
		for d, want := range map[worldtest.Var]string{root: "", home: "home", file: "user/file"} {
			if got, err := fs.DentryPath(d.Ptr()); err != nil || string(got) != want {
				t.Errorf("path in the file system: %q, %v; want %q", got, err, want)
			}
		}

		// A pipe makes up its own name.
		ops := w.Alloc("struct dentry_operations").Set("d_dname", 0x1234)
		sb := w.Alloc("struct super_block").Set("s_type", w.Alloc("struct file_system_type").Set("name", w.Text("pipefs")).At)
		pipe := dentry(w, worldtest.Var{}, "").Set("d_op", ops.At).Set("d_sb", sb.At)
		path := w.Alloc("struct path").Set("mnt", mounted.Addr("mnt")).Set("dentry", pipe.At)
		if got, err := fs.DPath(path.Ptr(), nil); err != nil || string(got) != "[pipefs]" {
			t.Errorf("a pipe: %q, %v", got, err)
		}

		var cycle *walk.CycleError
		user.Set("d_parent", file.At)
		path.Set("dentry", file.At)
		if got, err := fs.DPath(path.Ptr(), nil); !errors.As(err, &cycle) {
			t.Errorf("dentries in a circle: %q, %v", got, err)
		}
		if got, err := fs.DentryPath(file.Ptr()); !errors.As(err, &cycle) {
			t.Errorf("dentries in a circle: %q, %v", got, err)
		}
		user.Set("d_parent", other.At)
		top.Set("mnt_parent", mounted.At).Set("mnt_mountpoint", other.At)
		mounted.Set("mnt_mountpoint", root.At)
		if got, err := fs.DPath(path.Ptr(), nil); !errors.As(err, &cycle) {
			t.Errorf("mounts in a circle: %q, %v", got, err)
		}
		var fault *mem.FaultError
		path.Set("dentry", worldtest.Dangling)
		if got, err := fs.DPath(path.Ptr(), nil); !errors.As(err, &fault) {
			t.Errorf("a dangling dentry: %q, %v", got, err)
		}
	})
}

func TestFiles(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct file { int x; };
			struct fdtable { unsigned int max_fds; struct file **fd; unsigned long *open_fds; };
			struct files_struct { struct fdtable *fdt; };
			struct task_struct { struct files_struct *files; };`)
		task, files, table := w.Alloc("struct task_struct"), w.Alloc("struct files_struct"), w.Alloc("struct fdtable")
		fds, open := w.Alloc("struct file *[64]"), w.Alloc("unsigned long [2]")
		a, b := w.Alloc("struct file"), w.Alloc("struct file")
		fds.Set("[0]", a.At).Set("[63]", b.At)
		width := 8 * w.Word()
		open.Set("[0]", 1|1<<1) // 1 is taken, but has no file yet
		w.WriteWord(open.At+63/width*w.Word(), 1<<(63%width)|map[bool]uint64{true: 3}[width == 64])
		table.Set("max_fds", 64).Set("fd", fds.At).Set("open_fds", open.At)
		task.Set("files", files.Set("fdt", table.At).At)
		all, err := worldtest.Collect(t, fs.ForEachFile(task.Ptr()))
		if err != nil || len(all) != 2 || all[0].FD != 0 || all[1].FD != 63 {
			t.Fatalf("%v, %v; want 0 and 63", all, err)
		}
		worldtest.CheckPtr(t, "file 0", all[0].File, a.At)
		worldtest.CheckPtr(t, "file 63", all[1].File, b.At)
		worldtest.CheckPtr(t, "file 63", fs.Get(task.Ptr(), 63), b.At)
		worldtest.CheckPtr(t, "file 1", fs.Get(task.Ptr(), 1), 0)
		worldtest.CheckPtr(t, "file 64", fs.Get(task.Ptr(), 64), 0)
		worldtest.CheckPtr(t, "file -1", fs.Get(task.Ptr(), -1), 0)
		table.Set("fd", worldtest.Dangling)
		if all, err := worldtest.Collect(t, fs.ForEachFile(task.Ptr())); err == nil {
			t.Errorf("dangling: %d files, no error", len(all))
		}
		task.Set("files", 0)
		if all, err := worldtest.Collect(t, fs.ForEachFile(task.Ptr())); err != nil || all != nil {
			t.Errorf("a task that has exited: %v, %v", all, err)
		}
	})
}
