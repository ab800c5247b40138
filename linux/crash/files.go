package crash

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/mm"
)

var filesCommand = Command{
	Name:        "files",
	Description: "open files",
	Long:        "Show the root directory, the current directory and the open files of tasks.",
	Usage:       "[-c] [-R REFERENCE] [--drgn]\n             [-d DENTRY | -p INODE | pid|task ...]",
	Arguments: []Argument{
		{Meta: "pid|task", Value: Any, Set: 1, Tasks: true, Check: isTask, Help: "of these tasks: decimal PIDs or hexadecimal addresses of task_structs; else of the current one"},
		{Names: []string{"-d"}, Tasks: true, Meta: "DENTRY", Value: One, Check: isHexadecimal, Set: 1, Help: "the inode, superblock, type and path of the dentry at this hexadecimal address"},
		{Names: []string{"-p"}, Tasks: true, Meta: "INODE", Value: One, Check: isHexadecimal, Set: 1, Help: "the cached pages of the inode at this hexadecimal address"},
		{Names: []string{"-c"}, Help: "the mapping of each file and how many pages are cached"},
		{Names: []string{"-R"}, Meta: "REFERENCE", Value: One, Help: "only files with this descriptor, part of a path, or address of a file, dentry, inode or mapping"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		for _, o := range []string{"-d", "-p"} {
			switch {
			case !c.Has(o):
			case c.Has("-c") || c.Has("-R"):
				return c.wrong("-c/-R not allowed with -d/-p")
			}
		}
		switch {
		case c.Has("-d"):
			return filesDentry(c)
		case c.Has("-p"):
			return filesPages(c)
		}
		return eachTask(c, filesCode, files)
	},
}

// eachTask runs show on the tasks that a command is about: those of foreach, those that it names, or the current one. With
// --drgn it prints what code writes of each.
func eachTask(c *Call, code func(c *Call, b *builder), show func(c *Call, t drgn.Object, gap func()) error) error {
	s := c.selects
	if s == nil {
		s = &selector{}
		for _, w := range c.List("pid|task") {
			r, _ := parseTask(w)
			s.refs = append(s.refs, r)
		}
	}
	current := c.selects == nil && len(s.refs) == 0
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			done := b.close
			if current {
				if err := c.contextCode(b); err != nil {
					return err
				}
				b.open("if task:")
			} else {
				done = s.loop(b)
			}
			headerCode(b, "task")
			code(c, b)
			done()
			return nil
		})
	}
	tasks := []drgn.Object{}
	var err error
	if current {
		t, err := c.context()
		if err != nil {
			return err
		}
		tasks = append(tasks, t)
	} else if tasks, err = s.tasks(c); err != nil {
		return err
	}
	n := 0
	for _, t := range tasks {
		if err := c.next(nil); err != nil {
			return err
		}
		err := show(c, t, func() {
			if n > 0 {
				c.print("\n")
			}
			n++
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pathOf returns a path as text.
func pathOf(o drgn.Object) string {
	b, err := fs.DPath(o, nil)
	if err != nil {
		return fmt.Sprintf("(missing: %v)", err)
	}
	return escape(b, "")
}

func files(c *Call, t drgn.Object, gap func()) error {
	g := grid{align: "><<<<<", own: "^^^^<<", header: []string{"FD", "FILE", "DENTRY", "INODE", "TYPE", "PATH"}}
	if c.Has("-c") {
		g = grid{align: "><<><<", own: "^^^><<", header: []string{"FD", "INODE", "I_MAPPING", "NRPAGES", "TYPE", "PATH"}}
	}
	want := c.Text("-R")
	if null, err := t.Member("files").IsNull(); err != nil {
		return err
	} else if !null {
		for f, err := range fs.ForEachFile(t) {
			if err := c.next(err); err != nil {
				return err
			}
			row, known, err := fileRow(c, f)
			if err != nil {
				return err
			}
			if want == "" || refersTo(want, known, row[len(row)-1]) {
				g.add(row...)
			}
		}
	}
	var root, cwd string
	null, err := t.Member("fs").IsNull()
	if err != nil {
		return err
	}
	if !null {
		root, cwd = pathOf(t.Member("fs").Member("root")), pathOf(t.Member("fs").Member("pwd"))
	}
	if want != "" && len(g.rows) == 0 && !strings.Contains(root, want) && !strings.Contains(cwd, want) {
		return nil
	}
	gap()
	if err := c.header(t); err != nil {
		return err
	}
	if null {
		c.print("No open files\n")
		return nil
	}
	c.printf("ROOT: %s  CWD: %s\n", root, cwd)
	if len(g.rows) == 0 {
		if want == "" {
			c.print("No open files\n")
		}
		return nil
	}
	g.print(c)
	return nil
}

// fileRow returns the cells of an open file, and the numbers that it is known by.
func fileRow(c *Call, f fs.OpenFile) (row []string, known []uint64, err error) {
	inode := f.File.Member("f_inode")
	objects := []drgn.Object{f.File, f.File.Member("f_path").Member("dentry"), inode, inode.Member("i_mapping")}
	known = []uint64{f.FD}
	for _, o := range objects {
		v, err := o.Uint()
		if err != nil {
			return nil, nil, err
		}
		known = append(known, v)
	}
	mode, err := inode.Member("i_mode").Uint()
	if err != nil {
		return nil, nil, err
	}
	row = []string{strconv.FormatUint(f.FD, 10), fmt.Sprintf("%x", known[1]), fmt.Sprintf("%x", known[2]), fmt.Sprintf("%x", known[3])}
	if c.Has("-c") {
		n, err := inode.Member("i_mapping").Member("nrpages").Uint()
		if err != nil {
			return nil, nil, err
		}
		row = []string{row[0], row[3], fmt.Sprintf("%x", known[4]), fmt.Sprint(n)}
	}
	return append(row, fs.FileType(mode), pathOf(f.File.Member("f_path"))), known, nil
}

// refersTo reports whether a file is what the user looks for.
func refersTo(want string, known []uint64, path string) bool {
	if strings.Contains(path, want) {
		return true
	}
	if n, err := strconv.ParseUint(want, 10, 64); err == nil && n == known[0] {
		return true
	}
	a, err := hexadecimal(want)
	if err != nil {
		return false
	}
	for _, k := range known[1:] {
		if a != 0 && k == a {
			return true
		}
	}
	return false
}

func filesCode(c *Call, b *builder) {
	b.from("drgn.helpers.linux.fs", "d_path", "decode_file_type", "for_each_file")
	b.line("if task.fs:\n    root = d_path(task.fs.root)\n    cwd = d_path(task.fs.pwd)")
	b.open("for fd, file in for_each_file(task):")
	if !c.Has("-c") {
		b.line("dentry = file.f_path.dentry")
	}
	b.line("inode = file.f_inode")
	if c.Has("-c") {
		b.line("i_mapping = inode.i_mapping\nnrpages = i_mapping.nrpages")
	}
	b.line("type = decode_file_type(inode.i_mode)\npath = d_path(file.f_path)")
	b.close()
}

func filesDentry(c *Call) error {
	a, _ := hexadecimal(c.Text("-d"))
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn", "Object")
			b.from("drgn.helpers.linux.fs", "d_path", "decode_file_type")
			b.linef("dentry = Object(prog, \"struct dentry *\", %#x)", a)
			b.line("inode = dentry.d_inode\nsb = inode.i_sb\ntype = decode_file_type(inode.i_mode)\npath = d_path(dentry)")
			return nil
		})
	}
	dentry := drgn.PointerValue(c.Prog.Literal(0), "struct dentry", a)
	inode := dentry.Member("d_inode").Read()
	at, err := inode.Uint()
	if err != nil {
		return err
	}
	if at == 0 {
		return errors.New("the dentry has no inode: there is no such file")
	}
	sb, err := inode.Member("i_sb").Uint()
	if err != nil {
		return err
	}
	mode, err := inode.Member("i_mode").Uint()
	if err != nil {
		return err
	}
	path, err := fs.DentryPath(dentry)
	if full, ferr := fs.DPath(dentry, nil); ferr == nil {
		path, err = full, nil
	}
	if err != nil {
		return err
	}
	g := grid{align: "^^^<<", header: []string{"DENTRY", "INODE", "SUPERBLK", "TYPE", "PATH"}}
	g.add(fmt.Sprintf("%x", a), fmt.Sprintf("%x", at), fmt.Sprintf("%x", sb), fs.FileType(mode), escape(path, ""))
	g.print(c)
	return nil
}

func filesPages(c *Call) error {
	a, _ := hexadecimal(c.Text("-p"))
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn", "Object")
			b.from("drgn.helpers.linux.fs", "inode_for_each_page")
			b.from("drgn.helpers.linux.mm", "decode_page_flags_value", "page_flags", "page_to_phys")
			b.linef("inode = Object(prog, \"struct inode *\", %#x)", a)
			b.line("i_mapping = inode.i_mapping\nnrpages = i_mapping.nrpages")
			b.open("for index, page in inode_for_each_page(inode):")
			b.line("physical = page_to_phys(page)\ncnt = page._refcount.counter\nflags = page_flags(page)\ndecoded_flags = decode_page_flags_value(flags)")
			b.close()
			return nil
		})
	}
	inode := drgn.PointerValue(c.Prog.Literal(0), "struct inode", a)
	n, err := inode.Member("i_mapping").Member("nrpages").Uint()
	if err != nil {
		return err
	}
	g := grid{align: "^>", own: "^>", header: []string{"INODE", "NRPAGES"}}
	g.add(fmt.Sprintf("%x", a), fmt.Sprint(n))
	g.print(c)
	c.print("\n")
	if n == 0 {
		return nil
	}
	p := grid{align: "^>^>><", own: "^^^>><", header: pageHeader}
	for page, err := range fs.InodePages(inode) {
		if err := c.next(err); err != nil {
			return err
		}
		row, err := pageRow(page.Page)
		if err != nil {
			return err
		}
		row[1], row[3] = fmt.Sprintf("%8s", row[1]), fmt.Sprintf("%12d", page.Index)
		p.add(row...)
	}
	p.print(c)
	return nil
}

var mountCommand = Command{
	Name:        "mount",
	Description: "mounted file systems",
	Arguments: []Argument{
		{Names: []string{"-n"}, Meta: "pid|task", Value: One, Check: isTask, Help: "as this task sees them: a decimal PID or the hexadecimal address of a task_struct; else as the current one does"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error {
				if err := namespaceCode(c, b); err != nil {
					return err
				}
				b.from("drgn.helpers.linux.fs", "for_each_mount", "mount_dst", "mount_fstype", "mount_src")
				b.line("mnt_ns = task.nsproxy.mnt_ns")
				b.open("for mnt in for_each_mount(mnt_ns):")
				b.line("superblock = mnt.mnt.mnt_sb\nfstype = mount_fstype(mnt)\ndevname = mount_src(mnt)\ndirname = mount_dst(mnt)")
				b.close()
				return nil
			})
		}
		ns, err := namespace(c, "mnt_ns")
		if err != nil {
			return err
		}
		g := grid{align: "^^<<<", header: []string{"MOUNT", "SUPERBLK", "TYPE", "DEVNAME", "DIRNAME"}}
		for m, err := range fs.ForEachMount(ns, fs.MountFilter{}) {
			if err := c.next(err); err != nil {
				return err
			}
			at, err := m.Uint()
			if err != nil {
				return err
			}
			sb, err := m.Member("mnt").Member("mnt_sb").Uint()
			if err != nil {
				return err
			}
			row := []string{fmt.Sprintf("%x", at), fmt.Sprintf("%x", sb)}
			for _, get := range []func(drgn.Object) ([]byte, error){fs.MountType, fs.MountSource, fs.MountPoint} {
				text, err := get(m)
				if err != nil {
					return err
				}
				row = append(row, escape(text, ""))
			}
			g.add(row...)
		}
		g.print(c)
		return nil
	},
}

// namespace returns a namespace of the task of -n, or of the current one. A task that has exited has none.
func namespace(c *Call, member string) (drgn.Object, error) {
	t, err := c.task(c.Text("-n"))
	if err != nil {
		return t, err
	}
	proxy := t.Member("nsproxy").Read()
	null, err := proxy.IsNull()
	if err == nil && null {
		err = errors.New("the task has exited: it has no namespaces any more")
	}
	if err != nil {
		return t, err
	}
	ns := proxy.Member(member).Read()
	return ns, ns.Err()
}

// namespaceCode writes the Python that finds the task.
func namespaceCode(c *Call, b *builder) error {
	if r, ok := parseTask(c.Text("-n")); ok {
		r.code(b)
		return nil
	}
	return c.contextCode(b)
}

var vmCommand = Command{
	Name:        "vm",
	Description: "virtual memory of tasks",
	Long:        "Show the address space of tasks: how large it is, and each of its areas with its flags and file.",
	Arguments: []Argument{
		{Meta: "pid|task", Value: Any, Tasks: true, Check: isTask, Help: "of these tasks: decimal PIDs or hexadecimal addresses of task_structs; else of the current one"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		return eachTask(c, func(_ *Call, b *builder) {
			b.from("drgn.helpers.linux.mm", "for_each_vma", "task_rss", "task_vsize", "vma_name")
			b.line("mm = task.mm.read_()\nrss = task_rss(task).total\ntotal_vm = task_vsize(task)")
			b.open("if mm:")
			b.line("pgd = mm.pgd")
			b.open("for vma in for_each_vma(mm):")
			b.line("start = vma.vm_start\nend = vma.vm_end\nflags = vma.vm_flags\nfile = vma_name(vma)")
			b.close()
			b.close()
		}, vm)
	},
}

func vm(c *Call, t drgn.Object, gap func()) error {
	gap()
	if err := c.header(t); err != nil {
		return err
	}
	space := t.Member("mm").Read()
	at, err := space.Uint()
	if err != nil {
		return err
	}
	pageBytes, err := pageSize(c.Prog)
	if err != nil {
		return err
	}
	var pgd uint64
	if at != 0 {
		if pgd, err = space.Member("pgd").Uint(); err != nil {
			return err
		}
	}
	rss, err := mm.ResidentSet(c.Prog, t)
	if err != nil {
		return err
	}
	bytes, err := mm.VirtualSize(t)
	if err != nil {
		return err
	}
	g := grid{align: "^^^^", own: "^^^^", header: []string{"MM", "PGD", "RSS", "TOTAL_VM"}}
	g.add(fmt.Sprintf("%x", at), fmt.Sprintf("%x", pgd), fmt.Sprintf("%dk", uint64(max(rss.Total(), 0))*pageBytes/1024), fmt.Sprintf("%dk", bytes/1024))
	g.print(c)
	if at == 0 {
		return nil
	}
	v := grid{align: "^^^<<", own: "^^^<<", header: []string{"VMA", "START", "END", "FLAGS", "FILE"}}
	for vma, err := range mm.ForEachVMA(space) {
		if err := c.next(err); err != nil {
			return err
		}
		var n [4]uint64
		for i, o := range []drgn.Object{vma, vma.Member("vm_start"), vma.Member("vm_end"), vma.Member("vm_flags")} {
			if n[i], err = o.Uint(); err != nil {
				return err
			}
		}
		name, err := mm.VMAName(vma)
		if err != nil {
			name = []byte(fmt.Sprintf("(missing: %v)", err))
		}
		v.add(fmt.Sprintf("%x", n[0]), fmt.Sprintf("%x", n[1]), fmt.Sprintf("%x", n[2]), fmt.Sprintf("%x", n[3]), escape(name, ""))
	}
	v.print(c)
	return nil
}
