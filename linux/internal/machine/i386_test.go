package machine

import (
	"testing"

	"github.com/godrgn/drgn/arch"
)

// i386Info is VMCOREINFO of a kernel with Physical Address Extension.
type i386Info struct{ s390Info }

func (i386Info) String(key string) (string, bool) {
	if key == "CONFIG_X86_PAE" {
		return "y", true
	}
	return "", false
}

// Page tables of two levels, of a kernel that has moved itself by 22 MiB times 16.
func TestI386Translator(t *testing.T) {
	const root = 0x1700_0000
	words := map[uint64]uint32{}
	entry := func(address uint64, v uint32) { words[root+address>>22*4] = v }
	entry(0xc000_0000, 0x0000_00e3)
	entry(0xd700_0000, 0x1700_00e3)
	entry(0xe000_0000, 0x0100_60e3) // at a physical address of 34 bits
	entry(0xf000_0000, 0x1700_1063)
	words[0x1700_1000+0x10*4] = 0x5123_4063
	words[0x1700_1000+0x11*4] = 0x5123_5100 // not to be accessed
	words[0x1700_1000+0x12*4] = 0x0000_0044 // swapped out
	info := s390Info{"SYMBOL(swapper_pg_dir)": 0xd700_0000, "SYMBOL(_stext)": 0xd600_0000}
	k := narrow(t, arch.I386, 0x1600_0000, 32<<20, words, info)
	checkTranslator(t, i386, k, map[uint64][2]uint64{
		0xd700_0010: {0x1700_0010, 0x3f_fff0}, 0xf001_0008: {0x5123_4008, 0xff8}, 0xf001_1000: {0x5123_5000, 0x1000},
		0xe012_3456: {0x3_0112_3456, 0x2d_cbaa},
	}, []uint64{0xf001_2000, 0x1000}, []uint64{0xc000_0000, 0xd700_0000, 0xe000_0000, 0xf001_0000, 0xf001_1000})
	base, err := i386FindPhysBase(k, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.PhysBase = base
	if moved, err := i386KASLROffset(k); moved != 0x1500_0000 || err != nil {
		t.Errorf("moved by %#x, %v", moved, err)
	}
	if m, err := i386.DirectMap(k, nil); m != (DirectMap{Virtual: 0xc000_0000}) || err != nil {
		t.Errorf("direct map: %+v, %v", m, err)
	}
}

// Page tables of three levels. The numbers of page frames that are not to be accessed are stored inverted.
func TestI386LargeTranslator(t *testing.T) {
	const root = 0x0120_0000
	words := map[uint64]uint32{}
	put := func(at, entry uint64) { words[at], words[at+4] = uint32(entry), uint32(entry>>32) }
	put(root+3*8, 0x0120_1001)
	put(0x0120_1000, 0x0000_00e3)
	put(0x0120_1000+9*8, 0x0120_00e3)
	put(0x0120_1000+0x180*8, 0x0120_2063)
	put(0x0120_2000+0x10*8, 1<<63|0x1_2345_6063)
	put(0x0120_2000+0x11*8, 1<<63|0x1_2345_7100^(1<<44-1<<12))
	put(0x0120_2000+0x12*8, 0x1234_0000_0000) // swapped out
	k := narrow(t, arch.I386, 0x0100_0000, 32<<20, words, i386Info{s390Info{"SYMBOL(swapper_pg_dir)": 0xc120_0000}})
	checkTranslator(t, i386, k, map[uint64][2]uint64{
		0xc120_0010: {0x0120_0010, 0x1f_fff0}, 0xf001_0008: {0x1_2345_6008, 0xff8}, 0xf001_1000: {0x1_2345_7000, 0x1000},
	}, []uint64{0xf001_2000, 0x1000}, []uint64{0xc000_0000, 0xc120_0000, 0xf001_0000, 0xf001_1000})
}
