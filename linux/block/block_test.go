package block_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/block"
	"github.com/godrgn/drgn/mem"
)

const classes = `
	typedef u32 dev_t; typedef u64 sector_t;
	struct kobject { char *name; };
	struct device_type { int x; };
	struct class { struct subsys_private *p; };
	struct klist_node { void *n_klist; struct list_head n_node; };
	struct klist { int k_lock; struct list_head k_list; };
	struct subsys_private { struct klist klist_devices; };
	struct device_private { struct klist_node knode_class; struct device *device; };
	struct device { struct kobject kobj; char *init_name; struct device_type *type; dev_t devt; };`

func TestDisks(t *testing.T) {
	for name, c := range map[string]struct {
		declarations, whole, part string // where the struct device of a disk and of a partition are
		isHD                      bool
	}{
		"v5.11": {`
			struct block_device { atomic_t __bd_flags; struct gendisk *bd_disk; struct device bd_device; };
			struct gendisk { int major, first_minor; char disk_name[32]; struct block_device *part0; };`, "bd_device", "bd_device", false},
		"before": {`
			struct hd_struct { sector_t start; struct device __dev; int partno; };
			struct block_device { int bd_partno; };
			struct gendisk { int major, first_minor; char disk_name[32]; struct hd_struct part0; };`, "part0.__dev", "__dev", true},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(classes + c.declarations)
				disk := w.Alloc("struct gendisk").SetText("disk_name", "vda").Set("major", 254).Set("first_minor", 16)
				kind := w.Variable("disk_type", "struct device_type")
				private, class := w.Alloc("struct subsys_private"), w.Variable("block_class", "struct class")
				class.Set("p", private.At)
				links := w.AllocN(2, "struct device_private")
				var whole, part worldtest.Var
				if c.isHD {
					whole, part = w.VarAt("struct hd_struct", disk.Addr("part0")), w.Alloc("struct hd_struct")
					links[0].Set("device", whole.Addr("__dev"))
				} else {
					whole, part = w.Alloc("struct block_device"), w.Alloc("struct block_device")
					whole.Set("bd_disk", disk.At)
					links[0].Set("device", whole.Addr("bd_device"))
				}
				whole.Set(c.part+".type", kind.At).Set(c.part+".kobj.name", w.Text("vda")).Set(c.part+".devt", 254<<20|16)
				links[1].Set("device", part.Addr(c.part))
				part.Set(c.part+".kobj.name", w.Text("vda1")).Set(c.part+".devt", 254<<20|17)
				w.Ring(private.Addr("klist_devices.k_list"), links[0].Addr("knode_class.n_node"), links[1].Addr("knode_class.n_node"))

				worldtest.Check(t, "disks", block.ForEachDisk(w.Program), disk.At)
				worldtest.Check(t, "partitions", block.ForEachPartition(w.Program), whole.At, part.At)
				worldtest.CheckPtr(t, "number of the disk", block.DiskNumber(disk.Ptr()), 254<<20|16)
				if got, err := block.DiskName(disk.Ptr()); err != nil || string(got) != "vda" {
					t.Errorf("name of the disk %q, %v", got, err)
				}
				worldtest.CheckPtr(t, "number of the partition", block.PartitionNumber(part.Ptr()), 254<<20|17)
				for v, want := range map[worldtest.Var]string{whole: "vda", part: "vda1"} {
					if got, err := block.PartitionName(v.Ptr()); err != nil || string(got) != want {
						t.Errorf("name of the partition %q, %v; want %q", got, err, want)
					}
				}
				bdev := w.Alloc("struct block_device")
				if c.isHD {
					bdev.Set("bd_partno", 3)
				} else {
					bdev.Set("__bd_flags.counter", 0x1203) // flags above the number
				}
				worldtest.CheckPtr(t, "number in the disk", block.PartitionIndex(bdev.Ptr()), 3)

				// A device that waits to be taken out of the list is passed over.
				links[1].Set("knode_class.n_klist", 0x1001)
				worldtest.Check(t, "partitions", block.ForEachPartition(w.Program), whole.At)
				var fault *mem.FaultError
				links[0].Set("device", worldtest.Dangling)
				if got, err := worldtest.Addresses(t, block.ForEachDisk(w.Program)); !errors.As(err, &fault) {
					t.Errorf("a dangling device: %x, %v", got, err)
				}
			})
		})
	}
}

func TestBufferPages(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct address_space { unsigned long nrpages; };
			struct inode { struct address_space *i_mapping; struct list_head i_sb_list; };
			struct super_block { struct list_head s_inodes; };`)
		sb, inodes := w.Alloc("struct super_block"), w.AllocN(2, "struct inode")
		w.Variable("blockdev_superblock", "struct super_block *").Set("", sb.At)
		for i, inode := range inodes {
			inode.Set("i_mapping", w.Alloc("struct address_space").Set("nrpages", uint64(100+i)).At)
		}
		w.Ring(sb.Addr("s_inodes"), inodes[0].Addr("i_sb_list"), inodes[1].Addr("i_sb_list"))
		worldtest.CheckValue(t, "pages", uint64(201))(block.BufferPages(w.Program))
		inodes[1].Set("i_mapping", worldtest.Dangling)
		if n, err := block.BufferPages(w.Program); err == nil {
			t.Errorf("a dangling inode: %d pages, no error", n)
		}
	})
}

func TestRequests(t *testing.T) {
	for name, c := range map[string]struct{ queue, tags, enum string }{
		"v5.18": {`struct xa_node { unsigned char shift; void *slots[64]; }; struct xarray { void *xa_head; };
			struct request_queue { void *elevator; struct xarray hctx_table; };`,
			`struct sbitmap_queue bitmap_tags, breserved_tags;`, "enum req_op"},
		"v5.10": {`struct request_queue { void *elevator; struct blk_mq_hw_ctx **queue_hw_ctx; unsigned int nr_hw_queues; };`,
			`struct sbitmap_queue *bitmap_tags, *breserved_tags;`, "enum req_opf"},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`
					typedef u64 sector_t;` + c.enum + ` { REQ_OP_READ, REQ_OP_WRITE, REQ_OP_FLUSH, REQ_OP_DISCARD };
					struct sbitmap_word { unsigned long word, cleared; };
					struct sbitmap { unsigned int depth, shift, map_nr; struct sbitmap_word *map; };
					struct sbitmap_queue { struct sbitmap sb; };
					struct request { struct request_queue *q; struct blk_mq_hw_ctx *mq_hctx; u32 cmd_flags; unsigned int __data_len; sector_t __sector; };
					struct blk_mq_tags { unsigned int nr_tags, nr_reserved_tags; struct request **rqs, **static_rqs; ` + c.tags + ` };
					struct blk_mq_hw_ctx { struct blk_mq_tags *tags, *sched_tags; };` + c.queue)
				q, hctx, other := w.Alloc("struct request_queue"), w.Alloc("struct blk_mq_hw_ctx"), w.Alloc("struct request_queue")
				rqs := w.AllocN(5, "struct request")
				for i, rq := range rqs {
					rq.Set("q", q.At).Set("mq_hctx", hctx.At).Set("__sector", uint64(1000+i)).Set("__data_len", 4096)
				}
				rqs[3].Set("q", other.At)        // tags may be shared with other devices
				rqs[4].Set("mq_hctx", hctx.At+8) // or with other queues of this one
				// Tag 0 is reserved; 1, 2, 4, 5 and 6 are taken, but 6 has no request yet.
				table := w.Alloc("struct request *[8]").Set("[0]", rqs[0].At).Set("[1]", rqs[1].At).Set("[2]", rqs[2].At).Set("[4]", rqs[3].At).Set("[5]", rqs[4].At)
				tags := w.Alloc("struct blk_mq_tags").Set("nr_tags", 8).Set("nr_reserved_tags", 1).Set("rqs", table.At)
				set := func(member string, depth, bits uint64) {
					word := w.Alloc("struct sbitmap_word").Set("word", bits)
					sb := tags
					if c.enum == "enum req_opf" {
						sb = w.Alloc("struct sbitmap_queue")
						tags.Set(member, sb.At)
						member = ""
					} else {
						member += "."
					}
					sb.Set(member+"sb.depth", depth).Set(member+"sb.shift", 5).Set(member+"sb.map_nr", 1).Set(member+"sb.map", word.At)
				}
				set("breserved_tags", 1, 1)
				set("bitmap_tags", 7, 0b0111_011)
				hctx.Set("tags", tags.At)
				if c.enum == "enum req_opf" {
					q.Set("queue_hw_ctx", w.Alloc("void *").Set("", hctx.At).At).Set("nr_hw_queues", 1)
				} else {
					q.Set("hctx_table.xa_head", hctx.At)
				}
				worldtest.Check(t, "requests", block.BusyRequests(q.Ptr(), nil), rqs[0].At, rqs[1].At, rqs[2].At)
				driver, sched, wrong := "driver", "sched", "both"
				worldtest.Check(t, "requests that the driver has", block.BusyRequests(q.Ptr(), &driver), rqs[0].At, rqs[1].At, rqs[2].At)
				worldtest.Check(t, "requests of a scheduler that is not there", block.BusyRequests(q.Ptr(), &sched))
				var choice *drgn.ChoiceError
				if _, err := worldtest.Collect(t, block.BusyRequests(q.Ptr(), &wrong)); !errors.As(err, &choice) {
					t.Errorf("tags 'both': %v", err)
				}
				q.Set("elevator", 0x1000)
				own := w.Alloc("struct blk_mq_tags").Set("nr_tags", 8).Set("nr_reserved_tags", 0).Set("static_rqs", table.At)
				tags = own
				set("bitmap_tags", 8, 0b10)
				hctx.Set("sched_tags", own.At)
				worldtest.Check(t, "requests of the scheduler", block.BusyRequests(q.Ptr(), nil), rqs[1].At)
				own.Set("nr_tags", 1)
				if got, err := worldtest.Addresses(t, block.BusyRequests(q.Ptr(), nil)); err == nil {
					t.Errorf("a tag past the end: %x, no error", got)
				}

				rq := rqs[1].Set("cmd_flags", 0x1203) // flags above the operation
				op := block.Operation(rq.Ptr())
				if got := op.String(); got != "("+c.enum+")REQ_OP_DISCARD" {
					t.Errorf("operation %s", got)
				}
				worldtest.CheckValue(t, "writes", true)(block.OpIsWrite(op))
				worldtest.CheckValue(t, "direction", uint64(1))(block.DataDirection(rq.Ptr()))
				worldtest.CheckValue(t, "direction", uint64(0))(block.DataDirection(rqs[2].Ptr()))
				worldtest.CheckPtr(t, "position", block.Position(rq.Ptr()), 1001)
				worldtest.CheckPtr(t, "bytes left", block.Remaining(rq.Ptr()), 4096)
				worldtest.CheckPtr(t, "driver's data", block.ToPDU(rq.Ptr()), rq.At+w.SizeOf("struct request"))
				worldtest.CheckPtr(t, "request of the driver's data", block.FromPDU(block.ToPDU(rq.Ptr())), rq.At)
			})
		})
	}
}
