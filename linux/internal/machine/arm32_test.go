package machine

import (
	"encoding/binary"
	"errors"
	"reflect"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// narrow is a kernel of 32 bits whose physical memory lies from one address on, with words of it, and what VMCOREINFO says.
func narrow(t *testing.T, a *arch.Arch, min, size uint64, words map[uint64]uint32, info Info) Kernel {
	space := mem.NewSpace()
	t.Cleanup(func() { space.Close() })
	if err := space.Add(mem.Segment{Min: min, Max: min + size - 1, Physical: true, Read: func(buf []byte, address, _ uint64, _ bool) error {
		for i := range buf {
			at := address + uint64(i)
			var b [4]byte
			binary.LittleEndian.PutUint32(b[:], words[at&^3])
			buf[i] = b[at&3]
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	return Kernel{Platform: arch.Platform{Arch: a, Flags: arch.IsLittleEndian}, Info: info, Physical: space, PageShift: 12}
}

// checkTranslator finds the kernel's page tables, and holds what they map against what they are to: addresses, and where pages begin.
func checkTranslator(t *testing.T, m *Machine, k Kernel, want map[uint64][2]uint64, faults, mapped []uint64) {
	t.Helper()
	base, err := m.Unsaid.FindPhysBase(k, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.PhysBase = base
	tables, err := m.NewTranslator(k)
	if err != nil {
		t.Fatal(err)
	}
	for address, place := range want {
		physical, contiguous, err := tables.Translate(0, address)
		if err != nil || physical != place[0] || contiguous != place[1] {
			t.Errorf("%#x: %#x, %#x, %v; want %#x", address, physical, contiguous, err, place)
		}
	}
	for _, address := range faults {
		var fault *mem.FaultError
		if _, _, err := tables.Translate(0, address); !errors.As(err, &fault) || fault.Address != address {
			t.Errorf("%#x: %v", address, err)
		}
	}
	at := uint64(0)
	for _, want := range mapped {
		next, ok := tables.Next(0, at)
		if !ok || next != want {
			t.Errorf("after %#x: %#x, %t; want %#x", at, next, ok, want)
		}
		_, contiguous, _ := tables.Translate(0, want)
		at = want + contiguous
	}
	if next, ok := tables.Next(0, at); ok {
		t.Errorf("after all: %#x", next)
	}
}

// Page tables of two levels, whose pages the kernel's own tables tell, with low memory from 1 GiB on.
func TestARM32Translator(t *testing.T) {
	const phys, root = 0x4000_0000, 0x4020_4000
	words := map[uint64]uint32{}
	section := func(address, physical uint64) { words[root+address>>20*4] = uint32(physical) | 0x1140e }
	for at := uint64(0xc000_0000); at < 0xc040_0000; at += 1 << 20 {
		section(at, at-0xc000_0000+phys)
	}
	for i := range uint64(16) { // of 16 MiB, at a physical address of 36 bits
		words[root+(0xe0+i/16)*0x40+i*4] = 0x0530_0000&^0xf0_0000 | 0xa<<20 | 1<<18 | 2
	}
	words[root+0xf00*4] = 0x4030_0800 | 1   // a table, which lies behind the kernel's own
	words[0x4030_0000+0x10*4] = 0x5123_4003 // a page
	words[0x4030_0000+0x11*4] = 0x5123_5801 // one that is not to be accessed, of which the processor's table says nothing
	words[0x4030_0000+0x12*4] = 0x0000_0044 // swapped out
	k := narrow(t, arch.ARM, phys, 8<<20, words, s390Info{"SYMBOL(swapper_pg_dir)": 0xc020_4000})
	checkTranslator(t, arm32, k, map[uint64][2]uint64{
		0xc020_4010: {0x4020_4010, 0xf_bff0}, 0xf001_0008: {0x5123_4008, 0xff8}, 0xf001_1000: {0x5123_5000, 0x1000},
		0xe012_3456: {0xa_0512_3456, 0xed_cbaa},
	}, []uint64{0xf001_2000, 0x1000, 0xf010_0000}, []uint64{0xc000_0000, 0xc010_0000, 0xc020_0000, 0xc030_0000, 0xe000_0000, 0xf001_0000, 0xf001_1000})
}

// Page tables of three levels, which are known by where the topmost one lies.
func TestARM32LargeTranslator(t *testing.T) {
	const phys, root = 0x8000_0000, 0x8020_3000
	words := map[uint64]uint32{}
	put := func(at, entry uint64) { words[at], words[at+4] = uint32(entry), uint32(entry>>32) }
	put(root+3*8, 0x8020_4003)
	put(0x8020_4000, 0x8000_0711)
	put(0x8020_4008, 0x8020_0711)
	put(0x8020_4000+0x180*8, 0x8020_5003)
	put(0x8020_5000+0x10*8, 0x1_2345_6713)
	put(0x8020_5000+0x11*8, 0x1_2345_7712|1<<57) // not to be accessed
	put(0x8020_5000+0x12*8, 0x44)                // swapped out
	k := narrow(t, arch.ARM, phys, 8<<20, words, s390Info{"SYMBOL(swapper_pg_dir)": 0xc020_3000})
	checkTranslator(t, arm32, k, map[uint64][2]uint64{
		0xc020_3010: {0x8020_3010, 0x1f_cff0}, 0xf001_0008: {0x1_2345_6008, 0xff8}, 0xf001_1000: {0x1_2345_7000, 0x1000},
	}, []uint64{0xf001_2000, 0x1000, 1 << 32}, []uint64{0xc000_0000, 0xc020_0000, 0xf001_0000, 0xf001_1000})
	delete(words, root+3*8)
	if _, err := arm32FindPhysBase(k, nil); err == nil {
		t.Error("a page table is found where none maps itself")
	}
}

// What instructions of unwind tables do ("Exception Handling ABI for the Arm Architecture", section 10.3), as the assembler makes them of
// .save, .pad and .setfp.
func TestARM32Follow(t *testing.T) {
	at := func(register int, offset int64) module.SavedRegister { return saved(register, offset) }
	for _, c := range []struct {
		name string
		code []byte
		want *module.UnwindRow
	}{
		{"push {r4, lr}; sub sp, #8", []byte{0x01, 0xa8, 0xb0}, &module.UnwindRow{
			Base: arm32SP, Offset: 16, Return: arm32LR, Saved: []module.SavedRegister{at(4, -8), at(14, -4)},
		}},
		{"a leaf", []byte{0xb0}, &module.UnwindRow{Base: arm32SP, Return: arm32LR}},
		{"push {fp, lr}; mov fp, sp: call_with_stack", []byte{0x9b, 0x84, 0x80, 0xb0}, &module.UnwindRow{
			Base: arm32FP, Offset: 8, Return: arm32LR, Saved: []module.SavedRegister{at(11, -8), at(14, -4)},
		}},
		{"push {r0 - pc}: __irq_svc", []byte{0xb1, 0x0f, 0x8f, 0xff}, &module.UnwindRow{Base: arm32SP, Offset: 64, Return: arm32PC, Saved: []module.SavedRegister{
			at(0, -64), at(1, -60), at(2, -56), at(3, -52), at(4, -48), at(5, -44), at(6, -40), at(7, -36), at(8, -32), at(9, -28), at(10, -24),
			at(11, -20), at(12, -16), at(13, -12), at(14, -8), at(15, -4),
		}}},
		{"sub sp, #0x408; vpush {d8 - d9}", []byte{0xb2, 0x81, 0x01, 0xd1, 0xb0}, &module.UnwindRow{Base: arm32SP, Offset: 0x204 + 129<<2 + 16, Return: arm32LR}},
		{"refuse", []byte{0x80, 0x00}, nil},
		{"a register that has been restored", []byte{0x84, 0x80, 0x9b}, nil},
		{"spare", []byte{0xb5}, nil},
	} {
		if got, ok := arm32Follow(c.code); !reflect.DeepEqual(got, c.want) || ok != (c.want != nil) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// FuzzARM32Follow gives instructions of unwind tables as they come.
func FuzzARM32Follow(f *testing.F) {
	f.Add([]byte{0x01, 0xa8, 0xb0})
	f.Add([]byte{0xb2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x9b, 0x84, 0x80, 0xb0})
	f.Fuzz(func(t *testing.T, code []byte) {
		row, ok := arm32Follow(code)
		if ok != (row != nil) || ok && row.Return != arm32LR && row.Return != arm32PC {
			t.Errorf("%x: %+v, %t", code, row, ok)
		}
	})
}
