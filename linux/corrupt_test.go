package linux_test

import (
	"encoding/binary"
	"fmt"
	"iter"
	"path/filepath"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/cgroup"
	"github.com/godrgn/drgn/linux/device"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/ioport"
	"github.com/godrgn/drgn/linux/ipc"
	"github.com/godrgn/drgn/linux/irq"
	"github.com/godrgn/drgn/linux/kernfs"
	"github.com/godrgn/drgn/linux/locking"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/linux/resource"
	"github.com/godrgn/drgn/linux/signal"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/linux/swap"
	"github.com/godrgn/drgn/linux/sysfs"
	"github.com/godrgn/drgn/linux/timekeeping"
	"github.com/godrgn/drgn/linux/user"
	"github.com/godrgn/drgn/linux/wait"
	"github.com/godrgn/drgn/mem"
)

// kernelSpace is where the fixture's kernel has its addresses.
const kernelSpace = 0xffff800000000000

// mix scatters the bits of a number (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// corrupt returns what a word becomes. One in every odds words becomes a pointer to itself or to elsewhere, garbage, or a
// number that is too large.
func corrupt(word, address, seed, odds uint64) uint64 {
	h := mix(address ^ mix(seed))
	if h%odds != 0 {
		return word
	}
	switch h >> 32 % 6 {
	case 0:
		return address
	case 1:
		return address &^ 0xfff
	case 2:
		return address + h>>40&0x3f8 - 0x100
	case 3:
		return mix(h)
	case 4:
		return 1<<63 - 1
	}
	return word + h>>56&0x38
}

// corrupted opens the fixture with words of the kernel's memory changed.
func corrupted(t *testing.T, seed, odds uint64) *drgn.Program {
	t.Helper()
	clean := open(t)
	p, err := attach.Core(filepath.Join(fixture, "vmcore"), attach.Options{CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Memory().Add(mem.Segment{Min: kernelSpace, Max: ^uint64(0), Read: func(buf []byte, address, _ uint64, _ bool) error {
		if err := clean.Memory().Read(buf, address, false); err != nil {
			return err
		}
		for at := (address + 7) &^ 7; at+8 <= address+uint64(len(buf)); at += 8 {
			b := buf[at-address:][:8]
			binary.LittleEndian.PutUint64(b, corrupt(binary.LittleEndian.Uint64(b), at, seed, odds))
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// limit is more elements than any walk over the fixture has.
const limit = 1 << 19

// TestCorruptMemory walks a kernel whose memory lies: every walk ends, with an error or without, and nothing panics.
func TestCorruptMemory(t *testing.T) {
	for seed := range uint64(4) {
		odds := []uint64{50, 400, 3000, 20000}[seed]
		t.Run(fmt.Sprintf("one word in %d", odds), func(t *testing.T) {
			t.Parallel()
			p := corrupted(t, seed, odds)
			for name, walk := range walks(p) {
				n := 0
				for _, err := range walk {
					if n++; n > limit {
						t.Errorf("%s: no end", name)
						break
					}
					if err != nil && n > 1<<18 {
						t.Errorf("%s: %d elements before %v", name, n, err)
					}
				}
			}
		})
	}
}

// each makes a walk of a walk and of what f does with its elements, whose errors do not end it.
func each[T any](seq iter.Seq2[T, error], f func(T)) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for e, err := range seq {
			if err == nil && f != nil {
				f(e)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func walks(p *drgn.Program) map[string]iter.Seq2[any, error] {
	mount := func(m drgn.Object) {
		_, _ = fs.MountSource(m)
		_, _ = fs.MountPoint(m)
		_, _ = fs.MountType(m)
		for range fs.ForEachMountOf(m.Member("mnt").Member("mnt_sb")) {
		}
	}
	file := func(f fs.OpenFile) {
		_, _ = fs.DPath(f.File.Member("f_path").AddressOf(), nil)
		_, _ = fs.DPath(f.File.Member("f_path").Member("dentry"), nil)
		_, _, _ = fs.Path(f.File.Member("f_inode"))
		for range fs.InodePages(f.File.Member("f_inode")) {
		}
	}
	area := func(vma drgn.Object) { _, _ = mm.VMAName(vma) }
	task := func(t drgn.Object) {
		for range each(fs.ForEachFile(t), file) {
		}
		for range each(mm.ForEachVMA(t.Member("mm")), area) {
		}
		_, _ = mm.CommandLine(t)
		_, _ = mm.ResidentSet(p, t)
		_, _ = resource.Of(t)
		_, _ = locking.SemaphoreState(t.Member("mm").Member("mmap_lock").AddressOf())
		for range signal.SigpendingForEach(t.Member("pending").AddressOf()) {
		}
		for range wait.QueueTasks(t.Member("signal").Member("wait_chldexit").AddressOf()) {
		}
	}
	node := func(kn drgn.Object) {
		_, _ = kernfs.Path(kn)
		for range kernfs.Children(kn) {
		}
	}
	named := func(dev drgn.Object) {
		_, _ = device.Name(dev)
		_, _ = sysfs.KobjectPath(dev.Member("kobj").AddressOf())
	}
	desc := func(d irq.Numbered) {
		_, _ = irq.ActionNames(d.Desc)
		_, _, _ = irq.ChipName(d.Desc)
		_, _ = irq.CountOnCPU(d.Desc, 0)
	}
	one := func(err error) iter.Seq2[any, error] {
		return func(yield func(any, error) bool) { yield(nil, err) }
	}
	_, logErr := printk.Records(p)
	_, upErr := timekeeping.Uptime(p)
	_, swapErr := swap.TotalUsage(p)
	return map[string]iter.Seq2[any, error]{
		"tasks":           each(pid.ForEachTask(p, true), task),
		"mounts":          each(fs.ForEachMount(p, fs.MountFilter{}), mount),
		"cgroups":         each(cgroup.ForEachDescendantPre(p.Variable("cgrp_dfl_root").Member("cgrp").Member("self").AddressOf()), func(css drgn.Object) { node(css.Member("cgroup").Member("kn")) }),
		"sysfs":           each(kernfs.Children(sysfs.LookupNode(p, "")), node),
		"tty devices":     each(device.ClassForEach(sysfs.Lookup(p, "class/tty")), named),
		"character":       each(device.ForEachRegisteredCharNumbers(p), nil),
		"message queues":  each(ipc.ForEachMsgQueue(p), nil),
		"shared memory":   each(ipc.ForEachShm(p), nil),
		"semaphores":      each(ipc.ForEachSemArray(p), nil),
		"interrupts":      each(irq.ForEachDesc(p), desc),
		"memory map":      each(ioport.ForEachResource(p.Variable("iomem_resource").AddressOf()), nil),
		"users":           each(user.ForEach(p), nil),
		"modules":         each(module.ForEach(p), nil),
		"vmalloc":         each(mm.ForEachVmapArea(p), nil),
		"slab caches":     each(slab.ForEachCache(p), nil),
		"busybox":         one(fs.Lookup(p, "/bin/sh/", false).Err()),
		"kernel log":      one(logErr),
		"uptime":          one(upErr),
		"swap":            one(swapErr),
		"names of a file": each(fs.Paths(fs.Lookup(p, "/proc", false).Member("dentry").Member("d_inode")), nil),
	}
}
