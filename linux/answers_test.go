package linux_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/boot"
	"github.com/godrgn/drgn/linux/cgroup"
	"github.com/godrgn/drgn/linux/device"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/ioport"
	"github.com/godrgn/drgn/linux/ipc"
	"github.com/godrgn/drgn/linux/irq"
	"github.com/godrgn/drgn/linux/kconfig"
	"github.com/godrgn/drgn/linux/kernfs"
	"github.com/godrgn/drgn/linux/kthread"
	"github.com/godrgn/drgn/linux/locking"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/nodemask"
	"github.com/godrgn/drgn/linux/pages"
	"github.com/godrgn/drgn/linux/panic"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/linux/resource"
	"github.com/godrgn/drgn/linux/signal"
	"github.com/godrgn/drgn/linux/sysfs"
	"github.com/godrgn/drgn/linux/timekeeping"
	"github.com/godrgn/drgn/linux/user"
	"github.com/godrgn/drgn/linux/vmstat"
	"github.com/godrgn/drgn/linux/wait"
	"github.com/godrgn/drgn/mem"
)

// show writes what a helper returned as one line.
func show(values ...any) string {
	var parts []string
	for _, v := range values {
		switch v := v.(type) {
		case nil:
		case error:
			parts = append(parts, "error: "+v.Error())
		case []byte:
			parts = append(parts, fmt.Sprintf("%q", v))
		case drgn.Object:
			n, err := v.Uint()
			if err != nil {
				parts = append(parts, "error: "+err.Error())
				continue
			}
			parts = append(parts, fmt.Sprintf("(%s)%#x", v.Type(), n))
		default:
			parts = append(parts, fmt.Sprint(v))
		}
	}
	return strings.Join(parts, " ")
}

// TestAnswers holds helpers against what the reference says of the fixture, but for the deliberate differences, which are
// marked.
func TestAnswers(t *testing.T) {
	p := open(t)
	init := pid.FindTask(p, 1)
	root := p.Variable("cgrp_dfl_root").Member("cgrp").AddressOf()
	lookup := func(path string) string {
		o := fs.Lookup(p, path, false)
		if err := o.Err(); err != nil {
			return show(err)
		}
		return show(fs.DPath(o.Member("mnt"), ptr(o.Member("dentry"))))
	}
	constant := func(name string) uint64 { return must[uint64](t)(p.Constant(name).Uint()) }
	for _, test := range []struct{ what, got, want string }{
		{"root", lookup("/"), `"/"`},
		{"mount point", lookup("/sys/fs/cgroup"), `"/sys/fs/cgroup"`},
		{"dots", lookup("//proc/../dev/./console"), `"/dev/console"`},
		{"above the root", lookup("/dev/../../proc"), `"/proc"`},
		{"symbolic link", lookup("/bin/sh"), `"/bin/sh"`},
		{"through a symbolic link (ours)", lookup("/bin/sh/"), `"/bin/busybox"`},
		{"no such file", lookup("/tmp/x/y"), "error: could not find '/tmp/x' in dcache"},
		{"file", show(fs.DPath(fs.Get(init, 10).Member("f_path").AddressOf(), nil)), `"/init"`},
		{"dentry (the reference takes another mount)", show(fs.DPath(fs.Lookup(p, "/dev/null", false).Member("dentry"), nil)), `"/dev/null"`},
		{"inode", show(must[[]byte](t)(fs.DentryPath(fs.Lookup(p, "/bin/busybox", false).Member("dentry")))), `"bin/busybox"`},
		{"no such file number", show(fs.Get(init, 1000)), "(struct file *)0x0"},
		{"file of a kernel thread", show(fs.Get(pid.FindTask(p, 2), 0)), "(struct file *)0x0"},
		{"pages of a file", show(len(all(t, fs.InodePages(fs.Lookup(p, "/bin/busybox", false).Member("dentry").Member("d_inode"))))), "484"},
		{"type of a file", show(fs.FileType(0o100644), fs.FileType(0o170000)), "REG 170000"},

		{"cgroup", show(cgroup.FromPath(p, "app/web")), "(struct cgroup *)0xffff98d700285800"},
		{"no cgroup", show(cgroup.FromPath(p, "/nope")), "(struct cgroup *)0x0"},
		{"file of a cgroup (the reference takes it for one)", show(cgroup.FromPath(p, "/cgroup.procs")), "(struct cgroup *)0x0"},
		{"name", show(cgroup.Name(cgroup.FromPath(p, "app/web"))), `"web"`},
		{"parent", show(cgroup.Parent(cgroup.FromPath(p, "app"))), show(root)},
		{"root cgroup", show(cgroup.Parent(root)), "(struct cgroup *)0x0"},
		{"kernfs", show(kernfs.Root(root.Member("kn"))), "(struct kernfs_root *)0xffff98d700161200"},
		{"sysfs", show(sysfs.LookupNode(p, "/sys/class/tty/console/dev")), "(struct kernfs_node *)0xffff98d700273b28"},
		{"sysfs elsewhere", show(sysfs.LookupNode(p, "/class")), "(struct kernfs_node *)0x0"},
		{"device", show(sysfs.Lookup(p, "class/tty/console")), "(struct device *)0xffff98d700277000"},
		{"class", show(sysfs.Lookup(p, "class/tty")), "(const struct class *)0xffffffff9d2290c0"},
		{"kobject", show(sysfs.KobjectPath(sysfs.LookupKobject(p, "class/tty/console"))), `"/sys/devices/virtual/tty/console"`},
		{"directory", show(must[[][]byte](t)(sysfs.ListDir(p, "/sys/class/tty/console"))), `[[117 101 118 101 110 116] [100 101 118] [115 117 98 115 121 115 116 101 109] [97 99 116 105 118 101]]`},

		{"message queue", show(ipc.FindMsgQueue(p, 0)), "(struct msg_queue *)0xffff98d700927d00"},
		{"semaphores of another sequence", show(ipc.FindSemArray(p, 1<<16)), "(struct sem_array *)0x0"},
		{"modes", show(ipc.DecodeShmModeFlags(p, 0o2777), ipc.DecodeShmModeFlags(p, 0o777), ipc.DecodeShmModeFlags(p, 0o17000)), "SHM_LOCKED 0 SHM_DEST|SHM_LOCKED|0x1800"},

		{"log", show(len(must[[]printk.Record](t)(printk.Records(p)))), "114"},
		{"uptime", show(timekeeping.UptimePretty(p)), "3 seconds"},
		{"time", show(timekeeping.CoarseClocktaiNS(p)), fmt.Sprintf("(u64)%#x", uint64(1795440810856207250))},
		{"seconds", show(timekeeping.Seconds(p)), "(time64_t)0x3"},
		{"kernel thread", show(kthread.Data(pid.FindTask(p, 14))), "(void *)0xffff98d7001550d0"},
		{"no kernel thread (the reference faults)", show(kthread.Data(init)), "error: task is not a thread of the kernel"},

		{"resident", show(mm.ResidentSet(p, init)), "{1 14 400 0}"},
		{"size", show(mm.VirtualSize(init)), "2314240"},
		{"memory", show(mm.TotalRAMPages(p)), "12461"},
		{"committed", show(mm.MemoryCommitted(p)), "51023"},
		{"limit (the reference wants CONFIG_SWAP)", show(mm.CommitLimit(p)), "6230"},
		{"address", show(mm.FollowPhys(init.Member("mm"), 0x401000)), "(phys_addr_t)0x2b76000"},
		{"stack", show(mm.VmallocToPFN(p, must[uint64](t)(init.Member("stack").Uint()))), "(unsigned long)0x172"},
		{"page flags", show(mm.DecodePageFlagsValue(p, 0xfffffd0004028)), "PG_uptodate|PG_lru|PG_private|PG_reported"},
		{"block state", show(pages.DecodeMemoryBlockStateValue(p, 4)), "MEM_CANCEL_ONLINE"},
		{"no such block state", show(pages.DecodeMemoryBlockStateValue(p, 99)), "99"},
		{"free pages", show(vmstat.NrFreePages(p)), "9697"},
		{"file pages", show(vmstat.GlobalNodePageState(p, constant("NR_FILE_PAGES"))), "697"},
		{"no such item", show(vmstat.GlobalNodePageState(p, 1000)), "0 error: there is no such item"},

		{"nodes", show(all(t, nodemask.ForEachOnlineNode(p))), "[0]"},
		{"KASLR", show(boot.KASLROffset(p)), show(uint64(0x1bc00000))},
		{"five levels", show(boot.PgtableL5Enabled(p)), "false"},
		{"user", show(user.Find(p, uint64(0))), "(struct user_struct *)0xffffffff9d622040"},
		{"no user", show(user.Find(p, uint64(12345))), "(struct user_struct *)0x0"},
		{"waiting", show(all(t, wait.QueueTasks(init.Member("signal").Member("wait_chldexit").AddressOf()))[0]), "(struct task_struct *)0xffff98d700188000"},
		{"lock", show(locking.SemaphoreState(init.Member("mm").Member("mmap_lock").AddressOf())), show(locking.Unlocked)},
		{"panic", show(panic.Task(p)), "error: panic_cpu is not set"},
		{"taint", show(panic.Tainted(p)), ""},

		{"signals", show(signal.DecodeSigset(p, uint64(0x14003))), "{SIGHUP,SIGINT,SIGTERM,SIGCHLD}"},
		{"real-time signals", show(signal.DecodeSigset(p, uint64(1<<63|3<<31|3<<47))), "{SIGRTMIN,SIGRTMIN+1,SIGRTMIN+16,SIGRTMAX-15,SIGRTMAX}"},
		{"blocked", show(signal.SigsetToHex(init.Member("blocked"))), "0000000000000000"},
		{"flags", show(signal.DecodeActionFlagsValue(p, 0x14000010)), "SA_RESTORER|SA_RESTART|0x10"},

		{"interrupts", show(irq.NrIRQs(p)), "56"},
		{"interrupt", show(irq.ActionNames(irq.ToDesc(p, 4))), "[[116 116 121 83 48]]"},
		{"controller", show(irq.ChipName(irq.ToDesc(p, 2))), `"XT-PIC" true`},
		{"count", show(irq.CountOnCPU(irq.ToDesc(p, 4), 1)), "7"},
		{"gate", show(irq.GateFunc(p.Variable("idt_table").Index(3))), "(void *)0xffffffff9d001150"},
		{"device numbers", show(device.Major(0x800001), device.Minor(0x800001), device.Make(8, 1)), "8 1 8388609"},
		{"bus", show(len(all(t, device.BusForEach(p.Variable("platform_bus_type").AddressOf())))), "3"},
		{"resources", show(len(all(t, ioport.ForEachResource(p.Variable("ioport_resource").AddressOf())))), "15"},
		{"resources of a resource that is no pointer", show(len(all(t, ioport.ForEachResource(p.Variable("ioport_resource"))))), "15"},
	} {
		got := strings.TrimSuffix(test.got, " <nil>")
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.what, got, test.want)
		}
	}

	limits := must[resource.Limits](t)(resource.Of(init))
	if l := limits[3]; l.Name != "STACK" || *l.Limit.Cur != 8388608 || l.Limit.Max != nil {
		t.Errorf("limits: %+v", limits)
	}
	config := must[kconfig.Config](t)(kconfig.Get(p))
	if len(config) != 625 || config[0] != (kconfig.Option{Name: "CONFIG_CC_VERSION_TEXT", Value: `"gcc (Debian 12.2.0-14+deb12u1) 12.2.0"`}) {
		t.Errorf("configuration of %d options that starts with %+v", len(config), config[0])
	}
	ranges := all(t, pages.ForEachValidPageRange(p))
	if len(ranges) != 1 || ranges[0].Start != 0 || ranges[0].End != 32768 {
		t.Errorf("pages: %v", ranges)
	}
	devices := map[string]uint64{}
	for _, n := range all(t, device.ForEachRegisteredCharNumbers(p)) {
		devices[string(n.Name)] = must[uint64](t)(n.Cdev.Uint())
	}
	if diff := cmp.Diff(map[string]uint64{
		"mem": 0xffff98d70026f300, "pty": 0xffff98d70026f680, "ttyp": 0xffff98d70026f700, "ttyS": 0xffff98d70026f880, "misc": 0xffff98d700224480,
		"/dev/tty": 0xffffffff9d85d720, "/dev/console": 0xffffffff9d85d6a0, "/dev/ptmx": 0xffffffff9d85d8a0, "ptm": 0xffff98d70026f780, "pts": 0xffff98d70026f800,
	}, devices); diff != "" {
		t.Errorf("character devices: %s", diff)
	}
	// What the dump has left out names the address that was asked for.
	var fault *mem.FaultError
	if _, err := mm.CommandLine(init); !errors.As(err, &fault) || fault.Address != 0x7ffcc184bfd2 {
		t.Errorf("command line in a page that is not in the dump: %v", err)
	}
}

func ptr[T any](v T) *T { return &v }

// TestPlaces has helpers that return what lies in memory, not its value: scripts ask where.
func TestPlaces(t *testing.T) {
	p := open(t)
	page := mm.VirtToPage(p, must[uint64](t)(p.Variable("init_task").AddressOf().Uint()))
	for name, o := range map[string]drgn.Object{"file": fs.Get(pid.FindTask(p, 1), 0), "flags of a page": mm.PageFlags(page), "index of a page": mm.PageIndex(page)} {
		if _, ok := o.Address(); !ok {
			t.Errorf("%s: a value: %v", name, o.Err())
		}
	}
}
