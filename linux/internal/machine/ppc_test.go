package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/mem"
)

// ppc64Info is VMCOREINFO of Debian's 6.12 for ppc64el.
type ppc64Info struct {
	s390Info
	text map[string]string
}

func (i ppc64Info) String(key string) (string, bool) {
	v, ok := i.text[key]
	return v, ok
}

// ppc64Memory is physical memory of single words, in the byte order that is written.
type ppc64Memory map[uint64]byte

func (m ppc64Memory) put(order binary.ByteOrder, address, value uint64, size int) {
	b := make([]byte, 8)
	if size == 4 {
		order.PutUint32(b, uint32(value))
	} else {
		order.PutUint64(b, value)
	}
	for i := range size {
		m[address+uint64(i)] = b[i]
	}
}

func (m ppc64Memory) space(t *testing.T, size uint64) *mem.Space {
	space := mem.NewSpace()
	t.Cleanup(func() { space.Close() })
	if err := space.Add(mem.Segment{Min: 1 << 24, Max: 1<<24 + size - 1, Physical: true, Read: func(buf []byte, address, _ uint64, _ bool) error {
		for i := range buf {
			buf[i] = m[address+uint64(i)]
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	return space
}

// Page tables of radix and those that the kernel keeps beside a hash table, with pages of 4 and 64 KiB: what index each level has is
// arch/powerpc/include/asm/book3s/64/radix-4k.h, radix-64k.h, hash-4k.h and hash-64k.h. What VMCOREINFO says of the kind, the tables
// say, too.
func TestPPC64Translator(t *testing.T) {
	for _, c := range []struct {
		name   string
		radix  bool
		page   uint
		widths [4]uint // of the lowest level first
		vm     uint64  // VMALLOC_START
		parts  uint64  // vmemmap
	}{
		{"radix, 4 KiB", true, 12, [4]uint{9, 9, 9, 13}, 0xc008_0000_0000_0000, 0},
		{"radix, 64 KiB", true, 16, [4]uint{5, 9, 9, 13}, 0xc008_0000_0000_0000, 0},
		{"hash, 4 KiB", false, 12, [4]uint{9, 7, 9, 9}, 0xc000_3d00_0000_0000, 0xc000_3f00_0000_0000},
		{"hash, 64 KiB", false, 16, [4]uint{8, 10, 10, 8}, 0xc008_0000_0000_0000, 0xc00c_0000_0000_0000},
	} {
		for _, said := range []bool{true, false} {
			for _, flags := range []arch.Flags{arch.Is64Bit | arch.IsLittleEndian, arch.Is64Bit} {
				t.Run(fmt.Sprintf("%s, said %t, %v", c.name, said, flags), func(t *testing.T) {
					testPPC64Translator(t, arch.Platform{Arch: arch.PPC64, Flags: flags}, c.radix, said, c.page, c.widths, c.vm, c.parts)
				})
			}
		}
	}
}

func testPPC64Translator(t *testing.T, platform arch.Platform, radix, said bool, page uint, widths [4]uint, vm, parts uint64) {
	const linear, size = 0xc000_0000_0000_0000, 64 << 20
	memory := ppc64Memory{}
	info := ppc64Info{s390Info{"SYMBOL(swapper_pg_dir)": linear + 1<<24, "NUMBER(VMALLOC_START)": vm}, map[string]string{
		"SIZE(mmu_psize_def)": "96", "OFFSET(mmu_psize_def.shift)": "0", "OFFSET(vmemmap_backing.list)": "0",
		"OFFSET(vmemmap_backing.phys)": "8", "OFFSET(vmemmap_backing.virt_addr)": "16",
	}}
	if said {
		info.s390Info["NUMBER(RADIX_MMU)"] = 0
		if radix {
			info.s390Info["NUMBER(RADIX_MMU)"] = 1
		}
	}
	free := uint64(0x120_0000)
	put := func(root, address uint64, level int, entry uint64) {
		at := root
		for l := 3; ; l-- {
			shift := page
			for _, w := range widths[:l] {
				shift += w
			}
			slot := at + address>>shift&(1<<widths[l]-1)*8
			if l == level {
				memory.put(binary.BigEndian, slot, entry, 8)
				return
			}
			b := make([]byte, 8)
			for i := range b {
				b[i] = memory[slot+uint64(i)]
			}
			next := binary.BigEndian.Uint64(b)
			if next == 0 {
				next = free | 1<<63
				if radix {
					next |= uint64(widths[l-1])
				}
				free += 1 << 16
				memory.put(binary.BigEndian, slot, next, 8)
			}
			at = next &^ (1 << 63) &^ 0xff
		}
	}
	const valid, flags, root, user = 3 << 62, 0x18e, 1 << 24, 0x110_0000
	ps := uint64(1) << page
	put(root, vm, 0, 0x2_3456_0000|flags|valid)
	put(root, vm+2*ps, 0, 0x2_3457_0000|flags|1<<62|1<<61) // moves: not valid for the processor
	put(root, vm+3*ps, 0, 0x7777_0000|1<<62)               // swapped out, as nothing of the kernel is
	huge := ps << widths[0]
	put(root, vm+8*huge, 1, 7*huge|flags|valid)
	put(user, 0x1000_0000, 0, 0x5_0000|flags|valid|0x7<<53) // with bits of the kernel's own above the address
	want := map[uint64][2]uint64{vm + 8: {0x2_3456_0008, ps - 8}, vm + 2*ps: {0x2_3457_0000, ps}, vm + 8*huge + 0x12345: {7*huge + 0x12345, huge - 0x12345}}
	mapped := []uint64{vm, vm + 2*ps, vm + 8*huge}
	if radix {
		put(root, linear, 2, flags|valid)
		want[linear+0x12_3456] = [2]uint64{0x12_3456, huge<<widths[1] - 0x12_3456}
		mapped = append([]uint64{linear}, mapped...)
	} else {
		want[linear+0x12_3456] = [2]uint64{0x12_3456, 1<<24 - 0x12_3456}
		mapped = append([]uint64{linear + 1<<24}, mapped...)
		// vmemmap_list: two parts of 16 MiB.
		info.s390Info["SYMBOL(vmemmap_list)"], info.s390Info["SYMBOL(mmu_vmemmap_psize)"], info.s390Info["SYMBOL(mmu_psize_defs)"] = linear+0x130_0000, linear+0x130_0008, linear+0x130_0100
		for at, v := range map[uint64]uint64{
			0x130_0000: linear + 0x131_0000, 0x131_0000: linear + 0x131_0040, 0x131_0008: 0x300_0000, 0x131_0010: parts + 1<<24,
			0x131_0040: 0, 0x131_0048: 0x200_0000, 0x131_0050: parts,
		} {
			memory.put(platform.ByteOrder(), at, v, 8)
		}
		memory.put(platform.ByteOrder(), 0x130_0008, 9, 4)
		memory.put(platform.ByteOrder(), 0x130_0100+9*96, 24, 4)
		want[parts+0x100] = [2]uint64{0x200_0100, 1<<24 - 0x100}
		want[parts+1<<24] = [2]uint64{0x300_0000, 1 << 24}
		mapped = append(mapped, parts, parts+1<<24)
	}
	space := memory.space(t, size)
	tables, err := newPPC64Translator(Kernel{Info: info, Physical: space, Platform: platform, PageShift: page})
	if err != nil {
		t.Fatal(err)
	}
	for address, w := range want {
		if physical, n, err := tables.Translate(0, address); err != nil || physical != w[0] || n != w[1] {
			t.Errorf("%#x is at %#x, %#x bytes, %v; want %#x", address, physical, n, err, w)
		}
	}
	if physical, n, err := tables.Translate(user, 0x1000_0010); err != nil || physical != 0x5_0010 || n != ps-0x10 {
		t.Errorf("a process's is at %#x, %#x bytes, %v", physical, n, err)
	}
	if physical, _, err := tables.Translate(user, vm); err != nil || physical != 0x2_3456_0000 {
		t.Errorf("the kernel's under a process's root is at %#x, %v", physical, err)
	}
	above := NotCanonical
	if !radix {
		above = ppc64Old
	}
	for address, message := range map[uint64]string{
		vm + ps: NotMapped, vm + 3*ps: NotMapped, 0x1000_0000: NotCanonical, 0xd000_0000_0000_0000: above, linear + 1<<59: NotCanonical,
	} {
		var fault *mem.FaultError
		if physical, _, err := tables.Translate(0, address); !errors.As(err, &fault) || fault.Message != message || fault.Address != address {
			t.Errorf("%#x is at %#x, %v; want %s", address, physical, err, message)
		}
	}
	for root, want := range map[uint64][]uint64{0: mapped, user: {0x1000_0000}} {
		var found []uint64
		for at, ok := tables.Next(root, 0); ok && len(found) < 10; at, ok = tables.Next(root, at) {
			found = append(found, at)
			_, n, err := tables.Translate(root, at)
			if err != nil {
				t.Fatalf("Next says %#x: %v", at, err)
			}
			if at += n; !radix && at > linear && at < vm { // the rest of the linear map
				at = linear + 1<<24 + size
			}
		}
		if fmt.Sprintf("%#x", found) != fmt.Sprintf("%#x", want) {
			t.Errorf("under %#x, mapped are %#x, want %#x", root, found, want)
		}
	}
}

// Functions of Debian's 6.12, as gcc 14 compiles them and as its assembly has them; what is wanted of C is what .debug_frame says.
func TestPPC64Frames(t *testing.T) {
	entry := []uint32{ // system_call_exception, whose frame is moved by a random number of bytes
		0x3c4c0190, 0x38423880, 0x7c0802a6, // addis, addi r2; mflr r0
		0xfba1ffe8, 0xf8010010, 0xf821ffc1, // std r29,-24(r1); std r0,16(r1); stdu r1,-64(r1)
		0x7c3f0b78, 0xe9410000, 0x7d41496a, // mr r31,r1; ld r10,0(r1); stdux r10,r1,r9
		0x4bfffff1, 0x383f0040, 0xe8010010, // bl; addi r1,r31,64; ld r0,16(r1)
		0x7c0803a6, 0x4e800020, // mtlr r0; blr
	}
	branches := []uint32{
		0x2c230000, 0x4d820020, 0x7c0802a6, // cmpdi r3,0; beqlr; mflr r0
		0x60000000, 0xf8010010, 0xf821ffa1, // nop, where tracing begins; std r0,16(r1); stdu r1,-96(r1)
		0x48000101, 0x38210060, 0xe8010010, // bl; addi r1,r1,96; ld r0,16(r1)
		0x7c0803a6, 0x48000400, 0x00000000, // mtlr r0; b to another function
	}
	softirq := []uint32{ // do_softirq_own_stack
		0x7c0802a6, 0xf8010010, 0xf821ffe1, // mflr r0; std r0,16(r1); stdu r1,-32(r1)
		0xf8297fe1, 0x7d214b78, 0x48000101, // stdu r1,32736(r9); mr r1,r9; bl
		0xe8210000, 0x38210020, 0xe8010010, // ld r1,0(r1); addi r1,r1,32; ld r0,16(r1)
		0x7c0803a6, 0x4e800020, // mtlr r0; blr
	}
	handler := []uint32{ // decrementer_common_virt
		0x714a4000, 0x7c2a0b78, 0x3821fd50, // andi.; mr r10,r1; addi r1,r1,-688
		0xf9210168, 0x38610030, 0x48000101, // std r9; addi r3,r1,48; bl
		0x48000400, // b interrupt_return_srr
	}
	back := []uint32{ // interrupt_return_srr_kernel
		0x38610030, 0x48000101, 0xe8610150, // addi r3,r1,48; bl; ld r3,336(r1)
		0xe8010030, 0xe8210038, 0x4c000024, // ld r0,48(r1); ld r1,56(r1); rfid
	}
	const own, inLR = "r1+0 lr=lr", " lr[+16]"
	for _, c := range []struct {
		name string
		code []uint32
		want map[int]string // by offset; of a call, its last byte
	}{
		{"system_call_exception", entry, map[int]string{
			0: own, 12: own, 20: "r1+0" + inLR, 24: "r1+64" + inLR, 32: "r1+64" + inLR, 36: "*r1+0" + inLR, 39: "*r1+0" + inLR, 40: "*r1+0" + inLR,
			44: "r1+0" + inLR, 52: "r1+0" + inLR,
		}},
		{"branches", branches, map[int]string{
			0: own, 8: own, 16: own, 20: "r1+0" + inLR, 24: "r1+96" + inLR, 27: "r1+96" + inLR, 32: "r1+0" + inLR, 40: "r1+0" + inLR, 44: "none",
		}},
		{"do_softirq_own_stack", softirq, map[int]string{12: "r1+32" + inLR, 20: "none", 23: "r1+32" + inLR, 24: "none", 28: "r1+32" + inLR, 32: "r1+0" + inLR}},
		{"decrementer_common_virt", handler, map[int]string{0: "the dump does not have the register", 16: "the dump does not have the register", 20: "pt_regs", 23: "none"}},
		{"interrupt_return_srr_kernel", back, map[int]string{0: "pt_regs", 7: "none", 12: "pt_regs", 16: "pt_regs", 20: "the dump does not have the register"}},
		{"exc_virt_0x4900_decrementer", branches, map[int]string{0: "the dump does not have the register"}},
		{"system_call_common", back, map[int]string{8: "outermost", 7: "none"}},
		{"ret_from_fork", handler[5:], map[int]string{0: "outermost", 3: "none"}},
		{"start_secondary_prolog", branches, map[int]string{7: "outermost"}},
	} {
		var code []byte
		for _, w := range c.code {
			code = binary.LittleEndian.AppendUint32(code, w)
		}
		w := worldtest.New(t, worldtest.Machine{Name: "Power", Arch: arch.PPC64, PageShift: 12})
		for offset, want := range c.want {
			const start = 0xc000_0000_0000_d000
			row, err := ppc64Row(w.Program, Function{Name: c.name, Start: start, Code: code}, start+uint64(offset))
			got := describeOf(row, arch.PPC64)
			if row != nil && row.Between != nil {
				row, err = nil, row.Between
			}
			if row != nil && row.Deref {
				got = "*" + got
			}
			if strings.HasPrefix(got, "r1+48 r0[+0] r1[+8] ") && row.Interrupted && row.Return == arch.PPC64.PC {
				got = "pt_regs"
			}
			if err != nil && !strings.Contains(err.Error(), want) || err == nil && got != want {
				t.Errorf("%s+%d: %s, %v; want %s", c.name, offset, got, err, want)
			}
		}
	}
}

// Whatever code is, it is followed in time and memory that its size bounds.
func FuzzPPC64Row(f *testing.F) {
	f.Add([]byte{0xa6, 0x02, 0x08, 0x7c, 0xc1, 0xff, 0x21, 0xf8, 0xfc, 0xff, 0xff, 0x4b}, 8)
	f.Add([]byte{0x20, 0x04, 0x80, 0x4e, 0x20, 0x00, 0x80, 0x4e}, 4)
	f.Fuzz(func(t *testing.T, code []byte, offset int) {
		if offset < 0 || offset >= len(code) || len(code) > 1<<16 {
			return
		}
		w := worldtest.New(t, worldtest.Machine{Name: "Power", Arch: arch.PPC64, PageShift: 12})
		for _, name := range []string{"", "decrementer_common", "interrupt_return_srr"} {
			if row, err := ppc64Row(w.Program, Function{Name: name, Code: code}, uint64(offset)); row != nil && err != nil {
				t.Errorf("%s: both a row and %v", name, err)
			}
		}
	})
}
