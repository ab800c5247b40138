package triage

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/worldtest"
)

func TestFullDisk(t *testing.T) {
	d := disk{name: "vda", most: 2, requests: []request{{disk: "vda", operation: "REQ_OP_READ", sector: 8, age: 11 * time.Second}, {age: time.Second}}}
	waits := []*wait{{waiter: &task{id: 7, name: "dd"}, kind: "free request", disk: "vda"}, {waiter: &task{id: 8, name: "dd"}, kind: "page", disk: "vda", object: 0x1000}}
	found := fullDisk(d, waits)
	checkRules(t, "full", found, "full-queue")
	if got, want := found[0].Text, "All 2 requests of vda are under way, the oldest for 11s; 1 task waits for free requests of vda, 1 task for pages of vda"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	d.most = 3
	checkRules(t, "one is free", fullDisk(d, waits))
	d.most, d.requests[0].age = 2, 9*time.Second
	checkRules(t, "it answers", fullDisk(d, waits))
	checkRules(t, "not known", fullDisk(disk{}, nil))
}

func TestBlockedRule(t *testing.T) {
	a, b := &task{id: 7, name: "a"}, &task{id: 8, name: "b"}
	lock := &wait{waiter: a, kind: "mutex", object: 0x10, name: "lock", owner: b}
	for want, waits := range map[string][]*wait{
		"Blocked, says the kernel: 1 task":                                     nil,
		"Blocked, says the kernel: 1 task; 1 task waits for mutex 0x10 (lock)": {lock},
		"Blocked, says the kernel: 1 task; 2 tasks wait for x, 1 task for mutex 0x10 (lock), 1 task for y, others for 1 other thing": {
			lock, {waiter: a, kind: "x"}, {waiter: a, kind: "z"}, {waiter: b, kind: "x"}, {waiter: b, kind: "y", holders: "nobody"}},
	} {
		f := blocked([]string{"INFO: task a:7 blocked"}, waits)
		if f.Text != want || len(f.Evidence) != 1+len(waits) {
			t.Errorf("%q, want %q; %q", f.Text, want, f.Evidence)
		}
	}
	if got := lines([]*wait{lock, {waiter: b, kind: "y", holders: "nobody"}}); !slices.Equal(got, []string{"task 7 (a) waits for mutex 0x10 (lock), which task 8 (b) holds", "task 8 (b) waits for y: nobody"}) {
		t.Errorf("%q", got)
	}
}

// Tasks wait for pages and for free requests in queues of their own; what they wait for is what their structure points to.
func TestPointers(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		h, tasks := newHall(t, w, `struct wait_queue_entry { unsigned int flags; void *private; void *func; struct list_head entry; };
			struct sbq_wait { struct sbitmap_queue *sbq; struct wait_queue_entry wait; };
			struct sbitmap_queue { unsigned long depth; };
			struct blk_mq_tags { unsigned int nr_tags; struct sbitmap_queue bitmap_tags; };`, "a", "b")
		head, tags, other := w.Alloc("struct list_head"), w.Alloc("struct blk_mq_tags"), w.Alloc("struct blk_mq_tags")
		for _, one := range tasks {
			w.VarAt("struct sbq_wait", one.stack+512).Set("sbq", tags.Addr("bitmap_tags")).Set("wait.private", one.address)
		}
		entry := w.VarAt("struct sbq_wait", tasks[0].stack+512).Addr("wait.entry")
		w.Ring(head.At, entry)
		for name, c := range map[string]struct {
			disks      []disk
			name, disk string
		}{
			"its own": {[]disk{{name: "vda", tags: []uint64{other.At}}, {name: "vdb", tags: []uint64{tags.At}}}, "vdb", "vdb"},
			"shared":  {[]disk{{name: "sda", tags: []uint64{tags.At}}, {name: "sdb", tags: []uint64{tags.At}}}, "sda or sdb", ""},
			"no disk": {nil, "", ""},
		} {
			h.disks = c.disks
			got := h.find("blk_mq_get_tag", tasks[0])
			if err := h.nameQueue(got); err != nil || got.problem != nil || got.object != tags.Addr("bitmap_tags") || got.name != c.name || got.disk != c.disk {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		alone := w.VarAt("struct sbq_wait", tasks[1].stack+512).Addr("wait.entry")
		w.Ring(alone)
		if got := h.find("blk_mq_get_tag", tasks[1]); got.problem == nil || got.object != 0 {
			t.Errorf("in no queue: %+v", got)
		}
		if got := h.find("folio_wait_bit_common", tasks[0]); got.problem == nil { // the type is not there
			t.Errorf("%+v", got)
		}
	})
}

// Locks of inodes have the file's name; other memory is no inode, whatever lies there.
func TestLocksOfInodes(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		h, tasks := newHall(t, w, `struct rw_semaphore { long count; };
			struct gendisk { char disk_name[32]; };
			struct block_device { struct gendisk *bd_disk; };
			struct file_system_type { const char *name; };
			struct super_block { char s_id[32]; struct file_system_type *s_type; struct block_device *s_bdev; };
			struct address_space { struct inode *host; struct rw_semaphore invalidate_lock; };
			struct hlist_head { struct hlist_node *first; }; struct hlist_node { struct hlist_node *next, **pprev; };
			struct inode { struct rw_semaphore i_rwsem; struct super_block *i_sb; unsigned long i_ino; struct hlist_head i_dentry; struct address_space i_data; };`, "a")
		kind, sb, bdev, gendisk := w.Alloc("struct file_system_type"), w.Alloc("struct super_block"), w.Alloc("struct block_device"), w.Alloc("struct gendisk")
		kind.Set("name", w.Text("ext4"))
		gendisk.SetText("disk_name", "vda")
		bdev.Set("bd_disk", gendisk.At)
		sb.SetText("s_id", "vda1").Set("s_type", kind.At).Set("s_bdev", bdev.At)
		inode := w.Alloc("struct inode").Set("i_sb", sb.At).Set("i_ino", 12)
		inode.Set("i_data.host", inode.At)
		for lock, at := range map[string]uint64{"i_rwsem": inode.Addr("i_rwsem"), "i_data.invalidate_lock": inode.Addr("i_data.invalidate_lock")} {
			got := &wait{waiter: tasks[0], kind: "rw_semaphore", object: at}
			known, err := h.nameLock(got)
			if !known || got.name != lock+" of inode 12 of vda1 (ext4)" || got.disk != "vda" || err != nil && !strings.Contains(err.Error(), "dentry") {
				t.Errorf("%s: %v, %+v, %v", lock, known, got, err)
			}
		}
		for name, at := range map[string]uint64{"another lock": sb.At, "nowhere": worldtest.Dangling, "at the end": ^uint64(7) >> (64 - 8*w.Word())} {
			got := &wait{waiter: tasks[0], object: at}
			if known, err := h.nameLock(got); known || err != nil || got.name != "" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

func TestTally(t *testing.T) {
	all := newTally[string]()
	if v, n := all.most(); v != "" || n != 0 {
		t.Errorf("%q %d", v, n)
	}
	for _, v := range strings.Fields("b a b c a d") {
		all.add(v)
	}
	if v, n := all.most(); v != "a" || n != 2 {
		t.Errorf("%q %d", v, n)
	}
	if got := all.atLeast(2); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q", got)
	}
}

// The objects of the bundled core's caches tell of who made them.
func TestOrigins(t *testing.T) {
	p := coretest.Open(t)
	all, err := findCaches(p, 4096)
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) cache {
		i := slices.IndexFunc(all, func(c cache) bool { return c.name == name })
		if i < 0 {
			t.Fatalf("no cache %s", name)
		}
		return all[i]
	}
	for name, want := range map[string][]string{
		"shmem_inode_cache": {"its objects point to def_chr_fops, at 0x1a8", "its objects point to shmem_special_inode_operations, at 0x80", "its objects are prepared by shmem_init_inode"},
		"sighand_cache":     {"its objects are prepared by sighand_ctor"},
		"task_struct":       nil,
	} {
		c := of(name)
		if got, err := c.origins(p); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
