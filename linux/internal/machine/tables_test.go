package machine

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// fuzzInfo is VMCOREINFO of all machines at once, whose kernels' topmost tables lie at the same place.
type fuzzInfo struct {
	top  uint64
	more bool // page tables of the larger kind
}

func (i fuzzInfo) Symbol(name string) (uint64, error) { return i.Hex(name) }
func (i fuzzInfo) String(string) (string, bool)       { return "y", i.more }
func (i fuzzInfo) Hex(name string) (uint64, error) {
	switch name {
	case "swapper_pg_dir":
		return i.top, nil
	case "vmemmap": // of LoongArch, which has more tables above each other the further away it is
		if i.more {
			return 0xfffffebffe000000, nil
		}
		return 0xffff807ffe000000, nil
	}
	return 0, errors.New("not said")
}

func (i fuzzInfo) Number(name string) (uint64, error) {
	switch name {
	case "VA_BITS":
		if i.more {
			return 48, nil
		}
		return 39, nil
	case "pgtable_l5_enabled", "RADIX_MMU":
		if i.more {
			return 1, nil
		}
		return 0, nil
	case "kimage_voffset", "va_kernel_pa_offset", "phys_base":
		return 0, nil
	}
	return 0, errors.New("not said")
}

// Walks of any tables end, those that lead to themselves, too, and what comes next is mapped.
func FuzzTranslate(f *testing.F) {
	for i := range all {
		f.Add(uint(i), false, []byte{0, 0, 0, 0, 0, 0x10, 0, 7}, uint64(0x5000))
		f.Add(uint(i), true, []byte{0x67, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, ^uint64(0x5000))
	}
	f.Fuzz(func(t *testing.T, machine uint, more bool, table []byte, address uint64) {
		if len(table) < 8 || len(table) > 16<<10 {
			return
		}
		m := all[machine%uint(len(all))]
		space := mem.NewSpace()
		defer space.Close()
		if err := space.Add(mem.Segment{Max: 1<<20 - 1, Physical: true, Read: func(buf []byte, address, _ uint64, _ bool) error {
			for i := range buf {
				buf[i] = table[(address+uint64(i))%uint64(len(table)&^7)]
			}
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
		base, top := uint64(0), uint64(0x10000)
		if m == x86_64 {
			top += x86StartKernelMap
		}
		tables, err := m.NewTranslator(Kernel{
			Platform: arch.Platform{Arch: m.Arch, Flags: m.Arch.DefaultFlags}, Info: fuzzInfo{top, more}, Physical: space, PageShift: 12, PhysBase: &base,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, n, err := tables.Translate(0, address); err == nil && n == 0 {
			t.Error("nothing is mapped")
		}
		for range 4 {
			at, ok := tables.Next(0, address)
			if !ok {
				return
			}
			if at < address {
				t.Fatalf("after %#x comes %#x", address, at)
			}
			_, n, err := tables.Translate(0, at)
			if err != nil {
				t.Fatalf("%#x is next: %v", at, err)
			}
			if address = at + n; address < at {
				return
			}
		}
	})
}

// A translation walks four levels.
func BenchmarkTranslate(b *testing.B) {
	const top, size = 1 << 20, 5 << 12
	memory := make([]byte, size)
	address := uint64(0xffffc90000000000)
	for level := range uint64(4) {
		slot := level<<12 + address>>(39-9*level)&511*8
		for i, c := range []byte{0x63, byte(level+1) << 4, 0x10} {
			memory[slot+uint64(i)] = c
		}
	}
	space := mem.NewSpace()
	defer space.Close()
	if err := space.Add(mem.BytesSegment(top, memory, true)); err != nil {
		b.Fatal(err)
	}
	tables, err := newX86Translator(Kernel{Info: fuzzInfo{top: x86StartKernelMap + top}, Physical: space})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if at, _, err := tables.Translate(0, address); err != nil || at != top+4<<12 {
			b.Fatal(at, err)
		}
	}
}
