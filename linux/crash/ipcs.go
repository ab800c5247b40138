package crash

import (
	"fmt"
	"strconv"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/ipc"
	"github.com/godrgn/drgn/linux/user"
)

var ipcsCommand = Command{
	Name:        "ipcs",
	Description: "System V IPC",
	Groups:      map[string]string{"types": "What is shown; without any of these, all three."},
	Arguments: []Argument{
		{Names: []string{"-s"}, Group: "types", Help: "semaphore arrays"},
		{Names: []string{"-m"}, Group: "types", Help: "shared memory"},
		{Names: []string{"-q"}, Group: "types", Help: "message queues"},
		{Names: []string{"-n"}, Meta: "pid|task", Value: One, Check: isTask, Help: "in the namespace of this task: a decimal PID or the hexadecimal address of a task_struct; else in that of the current one"},
		drgnArgument,
		{Meta: "id|addr", Value: Any, Help: "only those of these decimal IDs or at these hexadecimal addresses"},
	},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return ipcsCode(c, b) })
		}
		return ipcs(c)
	},
}

// An ipcKind is one of the three kinds of objects.
type ipcKind struct {
	option string
	walk   string // the helper of Python
	name   string // of a variable
	perm   string // the member that all three have
	header []string
	all    func(c *Call, ns drgn.Object) ([]drgn.Object, error)
	more   []string // members that are shown
	names  []string // of the variables for them
}

func collect(c *Call, walk func(yield func(drgn.Object, error) bool)) (out []drgn.Object, err error) {
	for o, e := range walk {
		if err := c.next(e); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

var ipcKinds = []ipcKind{
	{option: "-m", walk: "for_each_sysv_shm", name: "shm", perm: "shm_perm", header: []string{"SHMID_KERNEL", "KEY", "SHMID", "UID", "PERMS", "BYTES", "NATTCH", "STATUS"},
		all:  func(c *Call, ns drgn.Object) ([]drgn.Object, error) { return collect(c, ipc.ForEachShm(ns)) },
		more: []string{"shm_segsz", "shm_nattch"}, names: []string{"bytes", "nattch"}},
	{option: "-s", walk: "for_each_sysv_sem_array", name: "sem_array", perm: "sem_perm", header: []string{"SEM_ARRAY", "KEY", "SEMID", "UID", "PERMS", "NSEMS"},
		all:  func(c *Call, ns drgn.Object) ([]drgn.Object, error) { return collect(c, ipc.ForEachSemArray(ns)) },
		more: []string{"sem_nsems"}, names: []string{"nsems"}},
	{option: "-q", walk: "for_each_sysv_msg_queue", name: "msg_queue", perm: "q_perm", header: []string{"MSG_QUEUE", "KEY", "MSQID", "UID", "PERMS", "USED-BYTES", "MESSAGES"},
		all:  func(c *Call, ns drgn.Object) ([]drgn.Object, error) { return collect(c, ipc.ForEachMsgQueue(ns)) },
		more: []string{"q_cbytes", "q_qnum"}, names: []string{"used_bytes", "messages"}},
}

func (k ipcKind) row(o drgn.Object) (row []string, id, at uint64, err error) {
	perm := o.Member(k.perm)
	if at, err = o.Uint(); err != nil {
		return nil, 0, 0, err
	}
	var v [3]uint64
	for i, m := range []string{"key", "id", "mode"} {
		n, err := perm.Member(m).Int()
		if err != nil {
			return nil, 0, 0, err
		}
		v[i] = uint64(n)
	}
	uid, err := user.KuidVal(perm.Member("uid"))
	if err != nil {
		return nil, 0, 0, err
	}
	row = []string{fmt.Sprintf("%x", at), fmt.Sprintf("%08x", uint32(v[0])), fmt.Sprint(int32(v[1])), fmt.Sprint(uid), fmt.Sprintf("%o", v[2]&0o777)}
	for _, m := range k.more {
		n, err := o.Member(m).Uint()
		if err != nil {
			return nil, 0, 0, err
		}
		row = append(row, fmt.Sprint(n))
	}
	if k.option == "-m" {
		status, err := ipc.DecodeShmFlags(o)
		if err != nil {
			return nil, 0, 0, err
		}
		if status == "0" {
			status = ""
		}
		row = append(row, status)
	}
	return row, v[1], at, nil
}

func (c *Call) ipcWanted() []ipcKind {
	var out []ipcKind
	for _, k := range ipcKinds {
		if c.Has(k.option) || !c.Has("-m") && !c.Has("-s") && !c.Has("-q") {
			out = append(out, k)
		}
	}
	return out
}

func ipcs(c *Call) error {
	ns, err := namespace(c, "ipc_ns")
	if err != nil {
		return err
	}
	words := c.List("id|addr")
	found := map[string]bool{}
	wanted := func(id, at uint64) bool {
		here := len(words) == 0
		for _, w := range words {
			n, err := strconv.ParseUint(w, 10, 31)
			is := err == nil && n == id
			if a, err := hexadecimal(w); err == nil && a == at {
				is = true
			}
			found[w] = found[w] || is
			here = here || is
		}
		return here
	}
	n := 0
	for _, k := range c.ipcWanted() {
		all, err := k.all(c, ns)
		if err != nil {
			return err
		}
		g := grid{align: "<<<<<<<<", header: k.header}
		for _, o := range all {
			row, id, at, err := k.row(o)
			if err != nil {
				return err
			}
			if wanted(id, at) {
				g.add(row...)
			}
		}
		if len(words) > 0 && len(g.rows) == 0 {
			continue
		}
		if n > 0 {
			c.print("\n")
		}
		n++
		none := len(g.rows) == 0
		g.print(c)
		if none {
			c.print("(none allocated)\n")
		}
	}
	for _, w := range words {
		if !found[w] {
			c.missing("invalid id: %s", w)
		}
	}
	return nil
}

func ipcsCode(c *Call, b *builder) error {
	if err := namespaceCode(c, b); err != nil {
		return err
	}
	b.from("drgn.helpers.linux.user", "kuid_val")
	b.line("ipc_ns = task.nsproxy.ipc_ns")
	for _, k := range c.ipcWanted() {
		b.from("drgn.helpers.linux.ipc", k.walk)
		b.openf("for %s in %s(ipc_ns):", k.name, k.walk)
		p := k.name + "." + k.perm
		b.linef("key = %s.key\nid = %s.id\nuid = kuid_val(%s.uid)\nperms = %s.mode & 0o777", p, p, p, p)
		for i, m := range k.more {
			b.linef("%s = %s.%s", k.names[i], k.name, m)
		}
		if k.option == "-m" {
			b.from("drgn.helpers.linux.ipc", "decode_sysv_shm_flags")
			b.line("status = decode_sysv_shm_flags(shm)")
		}
		b.close()
	}
	return nil
}
