package target

import (
	"bytes"

	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/mem"
)

// hints tell machines by a line that VMCOREINFO has there only: QEMU's kdump files call every 64-bit guest x86_64.
var hints = []struct {
	key     string
	machine uint16
}{
	{"\nNUMBER(kimage_voffset)=", 183},
	{"\nNUMBER(va_kernel_pa_offset)=", 243},
}

func parseKdump(src kdump.Source) (*Core, error) {
	f, err := kdump.Open(src)
	if err != nil {
		return nil, err
	}
	c := &Core{
		Path: src.Name(), Machine: f.Uname.EMachine(), Is64: f.Is64, Big: f.Big, Kernel: true, Kdump: true,
		Truncated: f.Truncated, Notes: f.Notes, VMCOREINFO: f.VMCOREINFO, Physical: f.Segments(),
	}
	if f.Split && f.StartPFN < f.EndPFN {
		c.split = &mem.Range{Min: f.StartPFN * f.BlockSize, Max: f.EndPFN*f.BlockSize - 1}
	}
	c.guessMachine()
	return c, nil
}

// guessMachine corrects the machine by what VMCOREINFO says.
func (c *Core) guessMachine() {
	for _, h := range hints {
		if bytes.Contains(c.VMCOREINFO, []byte(h.key)) {
			c.Machine = h.machine
			return
		}
	}
}
