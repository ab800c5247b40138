package fs_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/fs"
)

// Files are found by their paths, and mounts know what is mounted.
func Example() {
	prog := coretest.Program()
	uid, err := fs.Lookup(prog, "/bin/busybox", false).Member("dentry").Member("d_inode").Member("i_uid").Member("val").Uint()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("owner of busybox:", uid)
	for m, err := range fs.ForEachMount(prog, fs.MountFilter{}) {
		if err != nil {
			log.Fatal(err)
		}
		point, err := fs.MountPoint(m)
		if err != nil {
			log.Fatal(err)
		}
		kind, err := fs.MountType(m)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s on %s\n", kind, point)
	}
	// Output:
	// owner of busybox: 0
	// rootfs on /
	// proc on /proc
	// sysfs on /sys
	// devtmpfs on /dev
	// tmpfs on /tmp
	// cgroup2 on /sys/fs/cgroup
}
