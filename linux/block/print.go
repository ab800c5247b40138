package block

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/table"
	"github.com/godrgn/drgn/linux/device"
)

// row returns the cells of a disk or partition: its number as "8:1", its name, and itself.
func row(o, number drgn.Object, name func(drgn.Object) ([]byte, error)) ([]table.Cell, error) {
	n, err := number.Uint()
	if err != nil {
		return nil, err
	}
	text, err := name(o)
	if err != nil {
		return nil, err
	}
	pointer, err := table.Pointer(o)
	return []table.Cell{{Value: n, Text: fmt.Sprintf("%d:%d", device.Major(n), device.Minor(n))}, table.Name(text), pointer}, err
}

// PrintDisks prints the disks, one a line: device number, name, and struct gendisk *.
//
//drgn:helper print_disks
func PrintDisks(p *drgn.Program) table.Table {
	return table.Of([]string{"devt", "name", "disk"}, ForEachDisk(p), func(disk drgn.Object) ([]table.Cell, error) {
		return row(disk, DiskNumber(disk), DiskName)
	})
}

// PrintPartitions prints the partitions and whole disks, one a line: device number, name, and struct block_device * (struct
// hd_struct * before v5.11).
//
//drgn:helper print_partitions
func PrintPartitions(p *drgn.Program) table.Table {
	return table.Of([]string{"devt", "name", "partition"}, ForEachPartition(p), func(part drgn.Object) ([]table.Cell, error) {
		return row(part, PartitionNumber(part), PartitionName)
	})
}
