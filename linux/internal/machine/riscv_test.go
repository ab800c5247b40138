package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// Page tables of Sv39, Sv48 and Sv57, with pages of each size.
func TestRISCVTranslator(t *testing.T) {
	for _, bits := range []uint64{39, 48, 57} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			const offset, root = 0xffffffff00000000, 0x8100_0000
			words := map[uint64]uint64{}
			free := uint64(0x8200_0000)
			space := mem.NewSpace()
			defer space.Close()
			if err := space.Add(mem.Segment{Min: 0x8000_0000, Max: 0x8fff_ffff, Physical: true, Read: func(buf []byte, address, _ uint64, _ bool) error {
				for i := range buf {
					at := address + uint64(i)
					var b [8]byte
					binary.LittleEndian.PutUint64(b[:], words[at&^7])
					buf[i] = b[at&7]
				}
				return nil
			}}); err != nil {
				t.Fatal(err)
			}
			info := s390Info{"NUMBER(VA_BITS)": bits, "NUMBER(va_kernel_pa_offset)": offset, "SYMBOL(swapper_pg_dir)": root + offset}
			tables, err := newRISCVTranslator(Kernel{Info: info, Physical: space, Platform: arch.Platform{Arch: arch.RISCV64, Flags: arch.Is64Bit | arch.IsLittleEndian}})
			if err != nil {
				t.Fatal(err)
			}
			put := func(address uint64, level uint, entry uint64) {
				at := uint64(root)
				for l := uint(bits-12)/9 - 1; ; l-- {
					slot := at + address>>(12+9*l)&511*8
					if l == level {
						words[slot] = entry
						return
					}
					if words[slot] == 0 {
						words[slot] = free>>2 | riscvValid
						free += 4096
					}
					at = words[slot] >> 10 << 12
				}
			}
			frame := func(physical uint64) uint64 { return physical >> 2 }
			high := ^uint64(0) << (bits - 1)
			put(0x5000, 0, frame(0x12_3456_7000)|0xd7)
			put(0x6000, 0, frame(0x7000)|riscvProtNone|2) // PROT_NONE
			put(0x7000, 0, 0x1234_0000)                   // swapped out
			for i := range uint64(16) {
				put(0x1_0000+i<<12, 0, frame(0x8_0000)|0x8<<10|0xcf|riscvNAPOT) // 64 KiB, each entry the same
			}
			put(high, 1, frame(0x4020_0000)|0xcf)
			put(high+1<<30, 2, frame(0x1_4000_0000)|0xcf)
			for address, want := range map[uint64][2]uint64{
				0x5008: {0x12_3456_7008, 0xff8}, 0x6000: {0x7000, 0x1000}, 0x1_3456: {0x8_3456, 0xcbaa},
				high + 0x12345: {0x4021_2345, 0x1edcbb}, high + 1<<30 + 5: {0x1_4000_0005, 1<<30 - 5},
			} {
				if physical, n, err := tables.Translate(0, address); err != nil || physical != want[0] || n != want[1] {
					t.Errorf("%#x is at %#x, %#x bytes, %v; want %#x", address, physical, n, err, want)
				}
			}
			for address, message := range map[uint64]string{0x4000: NotMapped, 0x7000: NotMapped, 1 << (bits - 1): NotCanonical, high - 1: NotCanonical} {
				var fault *mem.FaultError
				if physical, _, err := tables.Translate(0, address); !errors.As(err, &fault) || fault.Message != message {
					t.Errorf("%#x is at %#x, %v; want %s", address, physical, err, message)
				}
			}
			var found []uint64
			for at, ok := tables.Next(0, 0); ok; at, ok = tables.Next(0, at) {
				found = append(found, at)
				_, n, err := tables.Translate(0, at)
				if err != nil {
					t.Fatalf("Next says %#x: %v", at, err)
				}
				at += n
			}
			if want := []uint64{0x5000, 0x6000, 0x1_0000, high, high + 1<<30}; fmt.Sprint(found) != fmt.Sprint(want) {
				t.Errorf("mapped are %#x, want %#x", found, want)
			}
		})
	}
}

// Kernels that move themselves do not say by how much: where their code begins does.
func TestRISCVKASLR(t *testing.T) {
	const linked = 0xffffffff80000000
	for _, c := range []struct {
		info s390Info
		want uint64
		ok   bool
	}{
		{s390Info{"NUMBER(KERNEL_LINK_ADDR)": linked, "SYMBOL(_stext)": linked + 0x2000}, 0, true},
		{s390Info{"NUMBER(KERNEL_LINK_ADDR)": linked, "SYMBOL(_stext)": linked + 0x1a602000}, 0x1a600000, true},
		{s390Info{"NUMBER(KERNEL_LINK_ADDR)": linked, "SYMBOL(_stext)": linked - 0x1000}, 0, false},
		{s390Info{"NUMBER(KERNEL_LINK_ADDR)": linked}, 0, false},
		{s390Info{"SYMBOL(_stext)": linked}, 0, false},
	} {
		if got, err := riscvKASLROffset(Kernel{Info: c.info}); got != c.want || (err == nil) != c.ok {
			t.Errorf("%v: %#x, %v; want %#x", c.info, got, err, c.want)
		}
	}
}
