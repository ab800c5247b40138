package block

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/table"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/mem"
)

// TestRow prints a disk and a partition of a made-up kernel; the bundled core has none.
func TestRow(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			typedef u32 dev_t;
			struct device { dev_t devt; const char *init_name; };
			struct block_device { struct device bd_device; };
			struct gendisk { int major; int first_minor; char disk_name[32]; };`)
		disk := w.Alloc("struct gendisk").Set("major", 259).Set("first_minor", 3).SetText("disk_name", "nvme0n1")
		part := w.Alloc("struct block_device").Set("bd_device.devt", 8<<20|1)
		name := func(drgn.Object) ([]byte, error) { return []byte("sda1\xff"), nil }
		for _, test := range []struct {
			o, number drgn.Object
			name      func(drgn.Object) ([]byte, error)
			value     uint64
			want      string
		}{
			{disk.Ptr(), DiskNumber(disk.Ptr()), DiskName, 259<<20 | 3, fmt.Sprintf("259:3 nvme0n1 (struct gendisk *)%#x", disk.Addr(""))},
			{part.Ptr(), PartitionNumber(part.Ptr()), name, 8<<20 | 1, fmt.Sprintf(`8:1 sda1\xff (struct block_device *)%#x`, part.Addr(""))},
		} {
			cells, err := row(test.o, test.number, test.name)
			if err != nil {
				t.Fatal(err)
			}
			if cells[0].Value != test.value {
				t.Errorf("device number is %v, want %#x", cells[0].Value, test.value)
			}
			one := table.Table{Rows: func(yield func([]table.Cell, error) bool) { yield(cells, nil) }}
			for line := range one.Lines() {
				if line != test.want {
					t.Errorf("got %q, want %q", line, test.want)
				}
			}
		}
		var fault *mem.FaultError
		dangling := w.VarAt("struct gendisk", worldtest.Dangling).Ptr()
		if _, err := row(dangling, DiskNumber(dangling), DiskName); !errors.As(err, &fault) {
			t.Errorf("row of a dangling disk: %v", err)
		}
	})
}
