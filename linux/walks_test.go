package linux_test

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/cgroup"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/idr"
	"github.com/godrgn/drgn/linux/ipc"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/linux/timekeeping"
)

const fixture = "../testdata/tiny-6.12"

func open(t testing.TB) *drgn.Program { return coretest.Open(t) }

func expected(t testing.TB, name string) string { return coretest.Expected(t, name) }

// TestDmesg compares the kernel's log with what the reference prints: it, and a newline.
func TestDmesg(t *testing.T) {
	got, err := printk.Dmesg(open(t), true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected(t, "dmesg.txt"), string(got)+"\n"); diff != "" {
		t.Errorf("the log differs (-reference +godrgn):\n%s", diff)
	}
}

// all collects a walk.
func all[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for e, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// must returns a value that must be there.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestWalks makes the lines of walks.txt.
func TestWalks(t *testing.T) {
	p := open(t)
	num, text := must[uint64](t), must[[]byte](t)
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	say("vmas of 1")
	for _, vma := range all(t, mm.ForEachVMA(pid.FindTask(p, 1).Member("mm"))) {
		say("%#x %#x b'%s'", num(vma.Member("vm_start").Uint()), num(vma.Member("vm_end").Uint()), text(mm.VMAName(vma)))
	}
	say("files of 33")
	for _, f := range all(t, fs.ForEachFile(pid.FindTask(p, 33))) {
		say("%d b'%s'", f.FD, text(fs.DPath(f.File.Member("f_path").AddressOf(), nil)))
	}
	say("mounts")
	for _, m := range all(t, fs.ForEachMount(p, fs.MountFilter{})) {
		say("b'%s' b'%s' b'%s'", text(fs.MountSource(m)), text(fs.MountPoint(m)), text(fs.MountType(m)))
	}
	say("pids idr")
	var ids []string
	for _, e := range all(t, idr.ForEach(p.Variable("init_pid_ns").Member("idr").AddressOf())) {
		ids = append(ids, fmt.Sprint(e.Index))
	}
	say("[%s]", strings.Join(ids, ", "))
	say("rbtree vmap")
	say("%d", len(all(t, mm.ForEachVmapArea(p))))
	say("slab")
	for _, c := range all(t, slab.ForEachCache(p)) {
		say("%s %d %d", text(c.Member("name").CString()), num(c.Member("object_size").Uint()), num(c.Member("size").Uint()))
	}
	say("cgroups")
	for _, css := range all(t, cgroup.ForEachDescendantPre(p.Variable("cgrp_dfl_root").Member("cgrp").Member("self").AddressOf())) {
		say("b'%s'", text(cgroup.Path(css.Member("cgroup"))))
	}
	say("irqs/ipc")
	for _, q := range all(t, ipc.ForEachMsgQueue(p)) {
		say("msq %#x", num(q.Member("q_perm").Member("key").Uint()))
	}
	for _, s := range all(t, ipc.ForEachShm(p)) {
		say("shm %#x %d", num(s.Member("shm_perm").Member("key").Uint()), num(s.Member("shm_segsz").Uint()))
	}
	say("virt/phys")
	task := p.Variable("init_task").AddressOf()
	phys := num(mm.VirtToPhys(p, num(task.Uint())).Uint())
	say("%#x %#x", num(task.Uint()), phys)
	load := must[[3]float64](t)(sched.LoadAverage(p))
	say("loadavg (%.1f, %.1f, %.1f)", load[0], load[1], load[2])
	say("uptime %v", must[float64](t)(timekeeping.Uptime(p)))

	// The reference takes the address of init_task, which lies in the kernel's image, for one in the direct map, as the
	// kernel's own __pa() does not. The true address is that of the image.
	want := strings.Replace(expected(t, "walks.txt"), "0xffffffff9d60a540 0x67289d60a540", fmt.Sprintf("0xffffffff9d60a540 %#x", phys), 1)
	if followed := num(mm.FollowPhys(p.Variable("init_mm").AddressOf(), num(task.Uint())).Uint()); phys != followed {
		t.Errorf("init_task is at %#x, but the page tables say %#x", phys, followed)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("walks differ (-reference +godrgn):\n%s", diff)
	}
}
