// Package block looks at the kernel's block devices and the requests to them (include/linux/blkdev.h).
package block

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/device"
	"github.com/godrgn/drgn/linux/list"
)

const (
	gendisk     = "struct gendisk"
	blockDevice = "struct block_device"
	partition   = "struct hd_struct" // until v5.11
)

func value(in drgn.Object, typ string, v uint64, err error) drgn.Object {
	if err == nil {
		err = in.Err()
	}
	if err != nil {
		return drgn.Failed(err)
	}
	t, err := in.Prog().Type(typ)
	if err != nil {
		return drgn.Failed(err)
	}
	return in.Prog().ScalarValue(t, v)
}

// DiskNumber returns the device number of a disk, as a dev_t.
//
// disk is a struct gendisk *.
//
//drgn:helper disk_devt(disk)
func DiskNumber(disk drgn.Object) drgn.Object {
	major, err := disk.Member("major").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	minor, err := disk.Member("first_minor").Uint()
	return value(disk, "dev_t", device.Make(major, minor), err)
}

// DiskName returns the name of a disk: "sda".
//
// disk is a struct gendisk *.
//
//drgn:helper disk_name(disk)
func DiskName(disk drgn.Object) ([]byte, error) { return disk.Member("disk_name").CString() }

// PartitionIndex returns the number of a partition in its disk, 0 for the whole disk, as a u8.
//
// bdev is a struct block_device *.
//
//drgn:helper bdev_partno(bdev)
func PartitionIndex(bdev drgn.Object) drgn.Object {
	// In a word with flags since v6.10, commit 1116b9fa15c0.
	if bdev.HasMember("__bd_flags") {
		flags, err := bdev.Member("__bd_flags").Member("counter").Uint()
		return value(bdev, "u8", flags&0xff, err)
	}
	return bdev.Member("bd_partno").Read()
}

// hasHD says whether partitions are struct hd_struct: until v5.11, commit 0d02129e76ed.
func hasHD(p *drgn.Program) bool {
	_, err := p.Type(partition)
	return err == nil
}

// devices walks the devices of disks and partitions, each as a struct device * with whether it is a disk.
func devices(p *drgn.Program, yield func(dev drgn.Object, isDisk bool, err error) bool) {
	disk, err := p.Variable("disk_type").AddressOf().Uint()
	if err != nil {
		yield(drgn.Object{}, false, err)
		return
	}
	for dev, err := range device.ClassForEach(p.Variable("block_class").AddressOf()) {
		var kind uint64
		if err == nil {
			kind, err = dev.Member("type").Uint()
		}
		if !yield(dev, kind == disk, err) || err != nil {
			return
		}
	}
}

// ForEachDisk walks the disks, each as a struct gendisk *.
//
//drgn:helper for_each_disk
func ForEachDisk(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		hd := hasHD(p)
		devices(p, func(dev drgn.Object, isDisk bool, err error) bool {
			switch {
			case err != nil:
				return yield(drgn.Object{}, err)
			case !isDisk:
				return true
			case hd:
				dev = drgn.Entry(dev, gendisk, "part0.__dev")
			default:
				dev = drgn.Entry(dev, blockDevice, "bd_device").Member("bd_disk")
			}
			return yield(dev, dev.Err())
		})
	}
}

// ForEachPartition walks the partitions and whole disks, each as a struct block_device * (struct hd_struct * before v5.11).
//
//drgn:helper for_each_partition
func ForEachPartition(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		hd := hasHD(p)
		devices(p, func(dev drgn.Object, _ bool, err error) bool {
			switch {
			case err != nil:
				return yield(drgn.Object{}, err)
			case hd:
				dev = drgn.Entry(dev, partition, "__dev")
			default:
				dev = drgn.Entry(dev, blockDevice, "bd_device")
			}
			return yield(dev, dev.Err())
		})
	}
}

// deviceOf returns the struct device of a partition.
func deviceOf(part drgn.Object) drgn.Object { return part.MemberAny("bd_device", "__dev") }

// PartitionNumber returns the device number of a partition, as a dev_t.
//
// part is a struct block_device * (struct hd_struct * before v5.11).
//
//drgn:helper part_devt(part)
func PartitionNumber(part drgn.Object) drgn.Object {
	if part.HasMember("bd_dev") {
		return part.Member("bd_dev")
	}
	return deviceOf(part).Member("devt")
}

// PartitionName returns the name of a partition: "sda1".
//
// part is a struct block_device * (struct hd_struct * before v5.11).
//
//drgn:helper part_name(part)
func PartitionName(part drgn.Object) ([]byte, error) {
	return device.Name(deviceOf(part).AddressOf())
}

// BufferPages returns how many pages of memory hold what was read from block devices themselves, not from files.
//
//drgn:helper nr_blockdev_pages
func BufferPages(p *drgn.Program) (uint64, error) {
	inodes := p.Variable("blockdev_superblock").Member("s_inodes").AddressOf()
	var sum uint64
	for inode, err := range list.ForEachEntry("struct inode", inodes, "i_sb_list") {
		if err != nil {
			return 0, err
		}
		n, err := inode.Member("i_mapping").Member("nrpages").Uint()
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
