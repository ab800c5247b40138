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

var loongarchPlatform = arch.Platform{Arch: arch.LoongArch64, Flags: arch.LoongArch64.DefaultFlags}

// loongarchMemory is memory of words that are not 0, of which each is read by its physical address.
func loongarchMemory(t *testing.T, words map[uint64]uint64) *mem.Space {
	t.Helper()
	space := mem.NewSpace()
	t.Cleanup(func() { space.Close() })
	if err := space.Add(mem.Segment{Max: 0xfff_ffff, Physical: true, Read: func(buf []byte, address, _ uint64, _ bool) error {
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
	return space
}

// Page tables of two, three and four levels for pages of 4, 16 and 64 KiB, with huge pages, and the windows that need none.
func TestLoongarchTranslator(t *testing.T) {
	for _, c := range []struct {
		shift, levels uint
		vmemmap       uint64 // 0: not said
	}{{12, 3, 0xffff807ffe000000}, {12, 4, 0xfffffebffe000000}, {14, 3, 0xfffffebffe000000}, {14, 3, 0}, {14, 2, 0xffff800ffe000000}, {16, 3, 0xfffffebffe000000}, {16, 2, 0xffff83bffe000000}} {
		t.Run(fmt.Sprintf("%d, %d levels, %#x", 1<<c.shift, c.levels, c.vmemmap), func(t *testing.T) {
			shift := c.shift
			const root, process, huge = 0x100_0000, 0x110_0000, loongarchPresent | loongarchHuge
			words := map[uint64]uint64{}
			space := loongarchMemory(t, words)
			info := s390Info{"SYMBOL(swapper_pg_dir)": loongarchCached + root, "NUMBER(VMALLOC_START)": 0xffff800082008000}
			if c.vmemmap != 0 {
				info["SYMBOL(vmemmap)"] = c.vmemmap
			}
			tables, err := newLoongarchTranslator(Kernel{
				Info: info, Physical: space, Platform: loongarchPlatform, PageShift: shift,
			})
			if err != nil {
				t.Fatal(err)
			}
			free := uint64(0x200_0000)
			width := shift - 3
			bits := min(47, shift+c.levels*width)
			put := func(top, address uint64, level uint, entry uint64) {
				at := top
				for l := c.levels - 1; ; l-- {
					index := address & (1<<bits - 1) >> (shift + width*l)
					slot := at + index&(1<<width-1)*8
					if l == level {
						words[slot] = entry
						return
					}
					if words[slot] == 0 {
						words[slot] = loongarchCached + free
						free += 1 << shift
					}
					at = words[slot] & loongarchPhysical
				}
			}
			const high = 1<<64 - 1<<47
			block := uint64(1) << (shift + width)
			put(root, high+5<<shift, 0, 7<<shift|loongarchPresent|1)
			put(root, high+6<<shift, 0, 1<<6) // of the kernel, but nothing is there
			put(root, high+3*block, 1, 2*block|huge)
			put(process, 1<<shift, 0, 9<<shift|loongarchProtNone)
			put(process, 2<<shift, 0, 0x1234_0000) // swapped out
			put(process, 4*block, 1, block|loongarchHuge|loongarchNotValid)
			for _, c := range []struct{ root, address, physical, contiguous uint64 }{
				{0, high + 5<<shift + 8, 7<<shift + 8, 1<<shift - 8},
				{root, high + 3*block + 0x123, 2*block + 0x123, block - 0x123},
				{process, 1 << shift, 9 << shift, 1 << shift},
				{process, 4*block + 1, block + 1, block - 1},
				{0, loongarchCached + 0x20_0000, 0x20_0000, 1<<48 - 0x20_0000},
				{0, loongarchUncached + 1, 1, 1<<48 - 1},
			} {
				if physical, n, err := tables.Translate(c.root, c.address); err != nil || physical != c.physical || n != c.contiguous {
					t.Errorf("%#x is at %#x, %#x bytes, %v; want %#x", c.address, physical, n, err, c.physical)
				}
			}
			for _, c := range []struct {
				root, address uint64
				message       string
			}{
				{0, high + 6<<shift, NotMapped}, {process, 2 << shift, NotMapped}, {process, 0, NotMapped}, {0, 1 << shift, NotCanonical},
				{process, high, NotCanonical}, {process, loongarchCached, NotCanonical}, {0, 1<<63 | 1<<50, NotCanonical},
				{0, high - 1, NotCanonical}, {process, 1 << bits, NotCanonical},
			} {
				var fault *mem.FaultError
				if physical, _, err := tables.Translate(c.root, c.address); !errors.As(err, &fault) || fault.Message != c.message {
					t.Errorf("%#x is at %#x, %v; want %s", c.address, physical, err, c.message)
				}
			}
			for _, c := range []struct{ root, address, want uint64 }{
				{0, 0, loongarchUncached}, {0, loongarchUncached | 1<<48, loongarchCached}, {0, loongarchCached + 5, loongarchCached + 5},
				{0, loongarchCached | 1<<48, high + 5<<shift}, {process, 0, 1 << shift}, {process, 2 << shift, 4 * block},
			} {
				if at, ok := tables.Next(c.root, c.address); !ok || at != c.want {
					t.Errorf("after %#x comes %#x, %t; want %#x", c.address, at, ok, c.want)
				}
			}
			if at, ok := tables.Next(process, 5*block); ok {
				t.Errorf("after all comes %#x", at)
			}
		})
	}
	for what, k := range map[string]Kernel{
		"pages of 8 KiB":          {Info: s390Info{"SYMBOL(swapper_pg_dir)": loongarchCached}, PageShift: 13},
		"levels that nobody says": {Info: s390Info{"SYMBOL(swapper_pg_dir)": loongarchCached}, PageShift: 12},
		"addresses of 20 bits":    {Info: s390Info{"SYMBOL(swapper_pg_dir)": loongarchCached, "NUMBER(VMALLOC_START)": 0xfffffffffff00000}, PageShift: 14},
		"vmemmap elsewhere":       {Info: s390Info{"SYMBOL(swapper_pg_dir)": loongarchCached, "SYMBOL(vmemmap)": 0x1000}, PageShift: 14},
	} {
		if _, err := newLoongarchTranslator(k); err == nil {
			t.Errorf("%s: understood", what)
		}
	}
}

// Functions as gcc compiles them for Debian's 7.2. What is wanted is what .debug_frame says; where it is late, or inline assembly goes to
// another stack, what the instructions do.
func TestLoongarchFrames(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		want map[int]string // by offset; of a call, one byte before where it returns to
	}{
		{"status_show", armCode(
			0x03400000, // nop
			0x02ff8063, // addi.d sp, sp, -32
			0x29c04077, // st.d s0, sp, 16
			0x29c06061, // st.d ra, sp, 24
			0x001500d7, // move s0, a2
			0x57d333ff, // bl acpi_evaluate_integer
			0x44001c80, // bnez a0, 28: 0x34
			0x28c06061, // ld.d ra, sp, 24
			0x28c04077, // ld.d s0, sp, 16
			0x02c08063, // addi.d sp, sp, 32
			0x4c000020, // ret
			0x03400000, // nop
			0x03400000, // nop
			0x02bfec04, // li.w a0, -5
			0x53ffe7ff, // b -28: 0x1c
		), map[int]string{0: "sp+0", 8: "sp+32", 0x10: "sp+32 ra[-8] s0[-16]", 0x17: "sp+32 ra[-8] s0[-16]", 0x20: "sp+32 s0[-16]",
			0x28: "sp+0", 0x30: "none", 0x34: "sp+32 ra[-8] s0[-16]"}},
		{"do_vint", armCode(
			0x02ff0063, // addi.d sp, sp, -64
			0x29c0c077, // st.d s0, sp, 48
			0x29c0e061, // st.d ra, sp, 56
			0x2700033a, // stptr.d s3, s2, 0
			0x00150077, // move s0, sp
			0x00150323, // move sp, s2
			0x00150304, // move a0, s1
			0x57ff2bff, // bl handle_loongarch_irq
			0x001502e3, // move sp, s0
			0x28c0e061, // ld.d ra, sp, 56
			0x28c0c077, // ld.d s0, sp, 48
			0x02c10063, // addi.d sp, sp, 64
			0x501f3c00, // b irqentry_exit
		), map[int]string{0xc: "sp+64 ra[-8] s0[-16]", 0x14: "sp+64 ra[-8] s0[-16]", 0x18: "s0+64 ra[-8] s0[-16]", 0x1f: "s0+64 ra[-8] s0[-16]",
			0x24: "sp+64 ra[-8] s0[-16]", 0x30: "sp+0"}},
		{"a large frame, and a frame pointer", armCode(
			0x02e04063, // addi.d sp, sp, -2032
			0x29dfa061, // st.d ra, sp, 2024
			0x29df8076, // st.d fp, sp, 2016
			0x02dfc076, // addi.d fp, sp, 2032
			0x15ffffcc, // lu12i.w t0, -2
			0x0392018c, // ori t0, t0, 0x480
			0x0010b063, // add.d sp, sp, t0
			0x57d333ff, // bl
			0x008c0063, // bstrins.d sp, zero, 3, 0
			0x2b808000, // fld.d fa0, zero, 32: no general register
			0x57d333ff, // bl
		), map[int]string{0x10: "sp+2032 ra[-8] fp[-16]", 0x1f: "sp+9072 ra[-8] fp[-16]", 0x24: "fp+0 ra[-8] fp[-16]", 0x2b: "fp+0 ra[-8] fp[-16]"}},
		{"a call without a frame", armCode(
			0x57d333ff, // bl
			0x4c000020, // ret
		), map[int]string{0: "sp+0", 3: "error", 4: "error"}},
		{"kernel_entry", armCode(0x57d333ff), map[int]string{3: "outermost"}},
	} {
		for offset, want := range c.want {
			row, err := loongarchRow(nil, Function{Name: c.name, Start: 0x9000000000200000, Code: c.code}, 0x9000000000200000+uint64(offset))
			got := describeOf(row, arch.LoongArch64)
			if err != nil {
				got = "error"
			}
			if got != want {
				t.Errorf("%s+%#x: %s, want %s", c.name, offset, got, want)
			}
		}
	}
}

// Entries are on top of a struct pt_regs once they have called, whatever the assembler says of them; functions of like names are not.
func TestLoongarchEntries(t *testing.T) {
	const start = 0x9000000000236820
	fn := Function{Name: "handle_syscall", Start: start, Code: armCode(0x0400cc0c, 0x56f9b842, 0x28c06063, loongarchERTN)}
	row, err := loongarchRow(nil, fn, start+7)
	if err != nil || row == nil || !row.Interrupted || row.Base != loongarchSP || row.Return != loongarchPC || len(row.Saved) != len(arch.LoongArch64.PtRegs) {
		t.Errorf("in a call: %+v, %v", row, err)
	}
	if row, err := loongarchRow(nil, fn, start); err != nil || row == nil || row.Between == nil {
		t.Errorf("before it: %+v, %v", row, err)
	}
	for name, want := range map[string]bool{
		"handle_syscall": true, "handle_vint": true, "handle_tlb_load_ptw": true, "ret_from_kernel_thread_asm": true, "do_vint": true,
		"handle_mm_fault": false, "handle_loongarch_irq": false, "do_syscall": false, "": false,
	} {
		if got := loongarchMisled(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}

// Handlers run where they have been copied to, in the image or for a processor elsewhere; what is not a copy is none.
func TestLoongarchAlias(t *testing.T) {
	const (
		handlers, copies, table, vint, load = loongarchCached + 0x10000, loongarchCached + 0x30000, loongarchCached + 0x50000, loongarchCached + 0x60000, loongarchCached + 0x70000
		other                               = loongarchCached + 0x100000
	)
	words := map[uint64]uint64{
		copies + 8: other, table + 8: load, vint: 1, vint + 8: 2, load: 3, load + 8: 4,
		handlers + loongarchHandler: 3, handlers + loongarchHandler + 8: 4,
		other + 64*loongarchHandler: 1, other + 64*loongarchHandler + 8: 2,
		other + 65*loongarchHandler: 1, other + 65*loongarchHandler + 8: 7, // not what handle_vint is
	}
	p := drgn.New(loongarchPlatform)
	if err := p.Memory().Add(mem.Segment{Min: loongarchCached, Max: loongarchCached + 1<<24 - 1, Read: func(buf []byte, address, _ uint64, _ bool) error {
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
	symbols := []drgn.Symbol{
		{Name: "exception_handlers", Address: handlers, Size: loongarchHandlers * loongarchHandler}, {Name: "pcpu_handlers", Address: copies, Size: 16},
		{Name: "exception_table", Address: table, Size: 64 * 8}, {Name: "handle_vint", Address: vint, Size: 64},
	}
	if err := p.RegisterSymbolFinder("made", func(_ *drgn.Program, q drgn.SymbolQuery) (found []drgn.Symbol, _ error) {
		for _, s := range symbols {
			if q.HasName && s.Name == q.Name {
				found = append(found, s)
			}
		}
		return found, nil
	}, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[uint64]uint64{
		handlers + loongarchHandler + 8: load + 8, other + 64*loongarchHandler + 8: vint + 8, other + 64*loongarchHandler + 4: vint + 4,
		other + 65*loongarchHandler + 8: 0, handlers: 0, other - 1: 0, other + loongarchHandlers*loongarchHandler: 0, vint: 0,
	} {
		if image, ok := loongarchAlias(Kernel{}, p, at); ok != (want != 0) || ok && image != want {
			t.Errorf("%#x is %#x, %t; want %#x", at, image, ok, want)
		}
	}
}
