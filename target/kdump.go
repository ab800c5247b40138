package target

import (
	"fmt"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/vmcoreinfo"
)

func parseKdump(src kdump.Source) (*Core, error) {
	f, err := kdump.Open(src)
	if err != nil {
		return nil, err
	}
	base := f.PhysBase // a pointer into f would keep the file mapped
	c := &Core{
		Path: src.Name(), Platform: platformOf(f), Is64: f.Is64, Big: f.Big, Kernel: true, Kdump: true,
		Truncated: f.Truncated, VMCOREINFO: f.VMCOREINFO, Physical: f.Segments(),
		headers: headers{physBase: &base},
	}
	for _, n := range f.Notes {
		c.Notes = append(c.Notes, Note(n))
	}
	c.addErased(f.Erased)
	if f.Split {
		c.headers.part = f
	}
	if f.Incomplete() {
		c.Problems = append(c.Problems, fmt.Errorf("%s is incomplete: not all pages were written, as the disk was full or the writer died, and those can't be read", src.Name()))
	}
	return c, nil
}

// platformOf returns the platform of the dumped kernel. QEMU calls every 64-bit guest x86_64: what VMCOREINFO says counts
// first.
func platformOf(f *kdump.File) arch.Platform {
	return PlatformByVMCOREINFO(f.VMCOREINFO, arch.Platform{Arch: f.Uname.Arch(), Flags: arch.FlagsOf(f.Is64, f.Big)})
}

// PlatformByVMCOREINFO returns the platform of the kernel that wrote VMCOREINFO; or is what is known of it otherwise, whose
// flags count, and its architecture where VMCOREINFO does not tell.
func PlatformByVMCOREINFO(text []byte, or arch.Platform) arch.Platform {
	info := vmcoreinfo.Parse(text)
	if a := arch.ByVMCOREINFO(func(key string) bool { _, ok := info.String(key); return ok }); a != nil {
		or.Arch = a
	}
	if len(or.Arch.Machines) == 0 {
		return or
	}
	return arch.ByMachine(or.Arch.Machines[0], or.Flags) // RISC-V of 32 bits also says what only RISC-V says
}
