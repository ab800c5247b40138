package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// arm64Info is VMCOREINFO of an aarch64 kernel whose image lies in physical memory from 0x40200000 on.
type arm64Info struct {
	numbers
	image uint64
}

const (
	armImage   = 0xffff800080000000
	armVoffset = armImage - 0x40200000
	armTop     = 0x41000000 // swapper_pg_dir
	armUserTop = 0x42000000
)

func (i arm64Info) Symbol(name string) (uint64, error) {
	if name != "swapper_pg_dir" {
		return 0, errors.New("no symbol")
	}
	return i.image + armTop - 0x40200000, nil
}

func newArm64Info(built, actual uint64) arm64Info {
	return arm64Info{numbers{"VA_BITS": built, "TCR_EL1_T1SZ": 64 - actual, "kimage_voffset": armVoffset, "PHYS_OFFSET": 0x40000000}, armImage}
}

// armTables are page tables in physical memory that lies wherever one is put.
type armTables struct {
	*testing.T
	shifts []uint // of the index into the table of each level, from the topmost on
	width  uint   // of the index into the topmost
	grain  uint
	large  bool
	words  map[uint64]uint64 // by physical address
	free   uint64            // where the next table goes
	space  *mem.Space
	order  binary.ByteOrder
}

func newArmTables(t *testing.T, grain uint, shifts []uint, width uint, large bool, order binary.ByteOrder) *armTables {
	a := &armTables{T: t, grain: grain, shifts: shifts, width: width, large: large, order: order, words: map[uint64]uint64{}, free: 0x50000000, space: mem.NewSpace()}
	t.Cleanup(func() { a.space.Close() })
	if err := a.space.Add(mem.Segment{Min: 0x40000000, Max: 0x5fffffff, Physical: true, Read: func(buf []byte, address, _ uint64, _ bool) error {
		for i := range buf {
			at := address + uint64(i)
			var b [8]byte
			order.PutUint64(b[:], a.words[at&^7])
			buf[i] = b[at&7]
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	return a
}

// address puts a physical address into a descriptor.
func (a *armTables) address(physical uint64) uint64 {
	switch {
	case a.grain == 16:
		return physical&0x0000_ffff_ffff_0000 | physical>>48<<12
	case a.large:
		return physical&0x0003_ffff_ffff_f000 | physical>>50<<8
	}
	return physical
}

// put writes the entry for an address into a table of a level, the topmost of which is 0, and makes the tables on the way.
func (a *armTables) put(root, address uint64, level int, entry uint64) {
	at := root
	for i := 0; ; i++ {
		width := a.grain - 3
		if i == 0 {
			width = a.width
		}
		slot := at + address>>a.shifts[i]%(1<<width)*8
		if i == level {
			a.words[slot] = entry
			return
		}
		if a.words[slot] == 0 {
			a.words[slot] = a.address(a.free) | 3 | 1<<59 // PXNTable
			a.free += 1 << a.grain
		}
		at = a.words[slot] &^ (1<<59 | 3) // tables lie below 2^48, where all descriptors have the address in its place
	}
}

const armAttributes = 0x0060_0000_0000_0000 | 1<<10 // UXN, PXN, AF: bits that are no address

func (a *armTables) is(t Translator, root, address, physical, contiguous uint64) {
	a.Helper()
	got, n, err := t.Translate(root, address)
	if err != nil || got != physical || n != contiguous {
		a.Errorf("%#x is at %#x, %#x bytes, %v; want %#x, %#x bytes", address, got, n, err, physical, contiguous)
	}
}

func (a *armTables) fails(t Translator, root, address uint64, message string) {
	a.Helper()
	got, _, err := t.Translate(root, address)
	var fault *mem.FaultError
	if !errors.As(err, &fault) || fault.Message != message || fault.Address != address {
		a.Errorf("%#x is at %#x, %v; want %s", address, got, err, message)
	}
}

// Page tables of each granule and number of levels, as the architecture has them, and as Linux has them where a kernel for 52
// bits runs on a processor with fewer. The shifts are those of the tables D8-11 to D8-22 of the Arm Architecture Reference
// Manual.
func TestArm64Translator(t *testing.T) {
	for _, c := range []struct {
		grain         uint
		built, actual uint64
		shifts        []uint
		width         uint // of the index into the topmost table
		high          uint64
	}{
		{12, 39, 39, []uint{30, 21, 12}, 9, 0xffff_c000_0000},
		{12, 48, 48, []uint{39, 30, 21, 12}, 9, 0xffff_c000_0000},
		{12, 52, 48, []uint{39, 30, 21, 12}, 9, 0xffff_c000_0000},
		{12, 52, 52, []uint{48, 39, 30, 21, 12}, 4, 0xf_ffff_c000_0000},
		{14, 36, 36, []uint{25, 14}, 11, 0xffff_c000_0000},
		{14, 47, 47, []uint{36, 25, 14}, 11, 0xffff_c000_0000},
		{14, 48, 48, []uint{47, 36, 25, 14}, 1, 0xffff_c000_0000},
		{14, 52, 47, []uint{36, 25, 14}, 11, 0xffff_c000_0000},
		{14, 52, 52, []uint{47, 36, 25, 14}, 5, 0xf_ffff_c000_0000},
		{16, 42, 42, []uint{29, 16}, 13, 0xffff_c000_0000},
		{16, 48, 48, []uint{42, 29, 16}, 6, 0xf_ffff_c000_0000},
		{16, 52, 48, []uint{42, 29, 16}, 10, 0xf_ffff_c000_0000},
		{16, 52, 52, []uint{42, 29, 16}, 10, 0xf_ffff_c000_0000},
	} {
		for _, flags := range []arch.Flags{arch.Is64Bit | arch.IsLittleEndian, arch.Is64Bit} {
			platform := arch.Platform{Arch: arch.AArch64, Flags: flags}
			t.Run(fmt.Sprintf("%dK %d of %d bits %v", 1<<c.grain>>10, c.actual, c.built, platform.ByteOrder()), func(t *testing.T) {
				a := newArmTables(t, c.grain, c.shifts, c.width, c.actual == 52 && c.grain < 16, platform.ByteOrder())
				tr, err := newArm64Translator(Kernel{Platform: platform, Info: newArm64Info(c.built, c.actual), Physical: a.space, PageShift: c.grain})
				if err != nil {
					t.Fatal(err)
				}
				page, last := uint64(1)<<c.grain, len(c.shifts)-1
				block := uint64(1) << c.shifts[last-1]
				lowest, highest := ^uint64(0)<<c.actual, ^uint64(0)<<c.grain
				middle := ^uint64(0)<<(c.actual-1) + 3*block
				high := c.high &^ (block - 1)

				a.put(armTop, lowest, last, a.address(0x40010000)|armAttributes|3)
				a.put(armTop, middle, last-1, a.address(high)|armAttributes|1)
				a.put(armTop, highest, last, a.address(high+5<<16)|armAttributes|3)
				a.is(tr, 0, lowest+8, 0x40010008, page-8)
				a.is(tr, armTop, middle+page+1, high+page+1, block-page-1)
				a.is(tr, 0, highest, (high+5<<16)&(1<<52-1), page)
				a.fails(tr, 0, lowest+page, NotMapped)
				a.fails(tr, 0, middle+block, NotMapped)
				a.fails(tr, 0, lowest-page, NotCanonical)
				a.fails(tr, 0, 0x1000, NotCanonical)
				for _, next := range [][2]uint64{{0, lowest}, {lowest, lowest}, {lowest + 5, lowest + 5}, {lowest + page, middle}, {middle + block, highest}} {
					if got, ok := tr.Next(0, next[0]); !ok || got != next[1] {
						t.Errorf("after %#x: %#x, %t; want %#x", next[0], got, ok, next[1])
					}
				}

				// A process's.
				a.put(armUserTop, 0, last, a.address(0x40020000)|armAttributes|3)
				top := uint64(1)<<c.actual - page
				a.put(armUserTop, top, last, a.address(0x40030000)|armAttributes|3)
				a.put(armUserTop, 2*page, last, a.address(0x40040000)|armAttributes|2) // PROT_NONE
				a.put(armUserTop, 3*page, last, 0x1234<<12|5<<6)                       // swapped out, since v6.11
				a.put(armUserTop, 4*page, last, 0x1234f<<8|5<<2)                       // before
				a.put(armUserTop, 4*block, last-1, a.address(high)|armAttributes|arm64NG)
				a.is(tr, armUserTop, 16, 0x40020010, page-16)
				a.is(tr, armUserTop, 0xab00_0000_0000_0010, 0x40020010, page-16) // a tag in the top byte
				a.is(tr, armUserTop, top, 0x40030000, page)
				a.is(tr, armUserTop, 2*page, 0x40040000, page)
				a.is(tr, armUserTop, 4*block+page, high+page, block-page)
				for _, swapped := range []uint64{3 * page, 4 * page} {
					a.fails(tr, armUserTop, swapped, NotMapped)
				}
				a.fails(tr, armUserTop, 1<<c.actual, NotCanonical)
				a.fails(tr, armUserTop, lowest, NotCanonical)
				for _, next := range [][2]uint64{{page, 2 * page}, {3 * page, 4 * block}, {5 * block, top}} {
					if got, ok := tr.Next(armUserTop, next[0]); !ok || got != next[1] {
						t.Errorf("after %#x of a process: %#x, %t; want %#x", next[0], got, ok, next[1])
					}
				}
				if got, ok := tr.Next(armUserTop, 1<<c.actual); ok {
					t.Errorf("after the end: %#x", got)
				}

				// Tables that are not in the dump.
				a.put(armUserTop, 6*block, last-1, 0x60000000|3)
				if _, _, err := tr.Translate(armUserTop, 6*block); err == nil {
					t.Error("a table that is not there maps something")
				}
				if got, ok := tr.Next(armUserTop, 5*block); !ok || got != top {
					t.Errorf("after a table that is not there: %#x, %t; want %#x", got, ok, top)
				}
				if got, ok := tr.Next(0x70000000, 0); ok {
					t.Errorf("page tables that are not there map %#x", got)
				}
			})
		}
	}
}

// What VMCOREINFO says must be what an aarch64 kernel can be.
func TestArm64Odd(t *testing.T) {
	platform := arch.Platform{Arch: arch.AArch64, Flags: arch.AArch64.DefaultFlags}
	for name, c := range map[string]struct {
		info  Info
		shift uint
	}{
		"nothing":              {noInfo{}, 12},
		"more bits than built": {newArm64Info(48, 52), 12},
		"few bits":             {newArm64Info(8, 8), 12},
		"many bits":            {newArm64Info(64, 64), 12},
		"T1SZ of 2^63":         {newArm64Info(48, 1<<63), 12},
		"pages of 8 KiB":       {newArm64Info(48, 48), 13},
		"no image":             {arm64Info{numbers{"VA_BITS": 48}, armImage}, 12},
	} {
		if _, err := newArm64Translator(Kernel{Platform: platform, Info: c.info, PageShift: c.shift}); err == nil {
			t.Errorf("%s: there are page tables", name)
		}
	}
}

// Where the linear map begins, and what is in it. The third is what QEMU's cortex-a76 says with Debian's 6.12, which is built
// for 52 bits.
func TestArm64DirectMap(t *testing.T) {
	at := func(image uint64, info arm64Info) Info {
		info.image = image
		return info
	}
	for name, c := range map[string]struct {
		info          Info
		physical      uint64
		want          DirectMap
		inside, after uint64
	}{
		"48 bits":       {newArm64Info(48, 48), 0x40000000, DirectMap{0xffff000000000000, 0x40000000}, 0xffff000012345678, 0xffff800000000000},
		"39 bits":       {at(0xffffffc010000000, newArm64Info(39, 39)), 0x80000000, DirectMap{0xffffff8000000000, 0x80000000}, 0xffffff8000000000, 0xffffffc000000000},
		"before v5.4":   {at(0xffff000008080000, newArm64Info(48, 48)), 0x40000000, DirectMap{0xffff800000000000, 0x40000000}, 0xffff800012345678, 0xffff000008080000},
		"48 of 52 bits": {newArm64Info(52, 48), 0xfff1000040000000, DirectMap{0xfff0000000000000, 0xfff1000040000000}, 0xffff000012345678, 0xffff800000000000},
	} {
		number := func(key string, v uint64) { c.info.(arm64Info).numbers[key] = v }
		number("PHYS_OFFSET", c.physical)
		got, err := arm64DirectMap(Kernel{Info: c.info}, nil)
		if err != nil || got != c.want {
			t.Errorf("%s: %#x, %v; want %#x", name, got, err, c.want)
		}
		fixed := arm64Fixed(Kernel{Info: c.info})
		if !fixed(c.inside) || fixed(c.after) || fixed(0x1000) {
			t.Errorf("%s: fixed at %#x %t, at %#x %t", name, c.inside, fixed(c.inside), c.after, fixed(c.after))
		}
	}
	if fixed := arm64Fixed(Kernel{Info: noInfo{}}); fixed(0xffff000012345678) {
		t.Error("of an unknown kernel something is fixed")
	}
	if _, err := arm64Vmemmap(Kernel{Info: noInfo{}}, nil); !drgn.IsNotFound(err) {
		t.Errorf("vmemmap: %v", err)
	}
}

// The fixmap has a second mapping of the vectors.
func TestArm64Alias(t *testing.T) {
	platform := arch.Platform{Arch: arch.AArch64, Flags: arch.AArch64.DefaultFlags}
	a := newArmTables(t, 12, []uint{39, 30, 21, 12}, 9, false, platform.ByteOrder())
	k := Kernel{Platform: platform, Info: newArm64Info(48, 48), Physical: a.space, PageShift: 12}
	const vectors, fixmap, linear, physical = armImage + 0x5000, 0xffffffffff5f4000, 0xffff000000205000, 0x40205000
	for _, at := range []uint64{vectors, fixmap, linear} {
		a.put(armTop, at, 3, a.address(physical)|armAttributes|3)
	}
	a.put(armTop, fixmap+0x1000, 3, a.address(physical+0x1000)|armAttributes|3) // of which the image has nothing
	for at, want := range map[uint64]uint64{fixmap + 0x480: vectors + 0x480, linear: vectors, vectors: 0, fixmap + 0x1000: 0, fixmap + 0x2000: 0, 0x1000: 0} {
		if image, ok := arm64Alias(k, nil, at); ok != (want != 0) || ok && image != want {
			t.Errorf("%#x: %#x, %t; want %#x", at, image, ok, want)
		}
	}
	if physical, ok := arm64ImageToPhysical(k, vectors+8); !ok || physical != 0x40205008 {
		t.Errorf("the vectors are at %#x, %t", physical, ok)
	}
	for _, at := range []uint64{fixmap, linear, vectors + 0x1000} {
		if physical, ok := arm64ImageToPhysical(k, at); ok {
			t.Errorf("%#x is in the image, at %#x", at, physical)
		}
	}
	if _, ok := arm64Alias(Kernel{Info: noInfo{}}, nil, fixmap); ok {
		t.Error("an unknown kernel has an alias")
	}
}
