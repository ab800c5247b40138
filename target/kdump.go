package target

import (
	"fmt"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/mem"
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

// DumpLevel returns which kinds of pages were left out of a dump in the kdump-compressed format, as the bits of makedumpfile's option -d: 1 those of
// zeros, 2 and 4 the page cache without and with private data, 8 those of processes, 16 free ones. ok is false for files of other formats, which
// do not say, and for flattened ones and packed ones, which would have to be read as a whole.
func DumpLevel(path string) (level uint32, ok bool, err error) {
	err = mem.Guard(func() error {
		m, err := mem.MapFile(path)
		if err != nil {
			return err
		}
		defer m.Close()
		if !kdump.IsKdump(m.Bytes()) {
			return nil
		}
		f, err := kdump.Open(&kdump.Plain{Path: path, Data: m.Bytes()})
		if err == nil {
			level, ok = f.DumpLevel, true
		}
		return err
	})
	return level, ok, err
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
