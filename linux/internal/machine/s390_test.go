package machine

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// s390Info is VMCOREINFO of Debian's 6.12 for s390x, whose image lies at 9 MiB in physical memory.
type s390Info map[string]uint64

func (i s390Info) String(string) (string, bool) { return "", false }
func (i s390Info) Number(name string) (uint64, error) {
	return i.Hex("NUMBER(" + name + ")")
}
func (i s390Info) Symbol(name string) (uint64, error) { return i.Hex("SYMBOL(" + name + ")") }
func (i s390Info) Hex(key string) (uint64, error) {
	if v, ok := i[key]; ok {
		return v, nil
	}
	return 0, errors.New("no " + key)
}

// Since v6.10 the image lies apart from all other memory, before it lay in its midst.
func TestS390Layout(t *testing.T) {
	modern := s390Info{"IDENTITYBASE": 0x40000000000, "KERNELOFFSET": 0x3fffe7f8000, "KERNELOFFPHYS": 0x8f8000, "SYMBOL(swapper_pg_dir)": 0x3fffff40000}
	old := s390Info{"KERNELOFFSET": 0x10000000, "SYMBOL(swapper_pg_dir)": 0x11234000}
	big := arch.Platform{Arch: arch.S390X, Flags: arch.Is64Bit}
	for _, c := range []struct {
		info               s390Info
		root, base, image  uint64
		imageKnown, isPart bool
	}{
		{modern, 0x2040000, 0x40000000000, 0x2040000, true, true},
		{old, 0x11234000, 0, 0, false, false},
	} {
		tables, err := newS390Translator(Kernel{Platform: big, Info: c.info})
		if err != nil || tables.(*tableWalk).root != c.root {
			t.Errorf("%v: swapper_pg_dir at %#x, %v; want %#x", c.info, tables, err, c.root)
		}
		if m, err := s390x.DirectMap(Kernel{Info: c.info}, nil); err != nil || m != (DirectMap{Virtual: c.base}) {
			t.Errorf("%v: direct map %+v, %v", c.info, m, err)
		}
		physical, ok := s390x.ImageToPhysical(Kernel{Info: c.info}, c.info["SYMBOL(swapper_pg_dir)"])
		if ok != c.imageKnown || ok && physical != c.image {
			t.Errorf("%v: image at %#x, %t", c.info, physical, ok)
		}
	}
	if _, err := newS390Translator(Kernel{Platform: arch.Platform{Arch: arch.S390X, Flags: arch.Is64Bit | arch.IsLittleEndian}, Info: modern}); err == nil {
		t.Error("a little-endian mainframe")
	}
}

// s390Tables are tables in physical memory from 16 MiB on.
type s390Tables struct {
	*testing.T
	words map[uint64]uint64
	free  uint64
}

// table makes a table of a level, all of whose entries are as the kernel makes those that lead nowhere.
func (s *s390Tables) table(level uint) uint64 {
	at := s.free
	s.free += 16 << 10
	for i := range uint64(2048) {
		switch {
		case level > 1:
			s.words[at+8*i] = uint64(level-2)<<2 | s390Invalid
		case i < 256:
			s.words[at+8*i] = s390PageInvalid
		}
	}
	return at
}

// put writes the entry for an address into a table of a level, and makes the tables on the way from that of level top.
func (s *s390Tables) put(root, address uint64, top, level uint, entry uint64) {
	at := root
	for ; top > level; top-- {
		slot := at + address>>(20+11*(top-2))%2048*8
		if s.words[slot]&s390Invalid != 0 {
			s.words[slot] = s.table(top-1) | uint64(top-2)<<2 | 3*uint64(min(top-2, 1))
		}
		at = s.words[slot] &^ 0x7ff
	}
	if level == 1 {
		s.words[at+address>>12%256*8] = entry
	} else {
		s.words[at+address>>(20+11*(level-2))%2048*8] = entry
	}
}

// Tables of three, four and five levels and of a process with two, as z/Architecture and Linux have them: each says which one it is.
func TestS390Translator(t *testing.T) {
	for top := uint(2); top <= 5; top++ {
		t.Run(fmt.Sprint(top), func(t *testing.T) {
			s := &s390Tables{T: t, words: map[uint64]uint64{}, free: 16 << 20}
			root := s.table(top)
			space := mem.NewSpace()
			defer space.Close()
			if err := space.Add(mem.Segment{Min: 16 << 20, Max: 32<<20 - 1, Physical: true, Read: func(buf []byte, address, _ uint64, _ bool) error {
				for i := range buf {
					at := address + uint64(i)
					buf[i] = byte(s.words[at&^7] >> (56 - 8*(at&7)))
				}
				return nil
			}}); err != nil {
				t.Fatal(err)
			}
			tables := s390Walk(space, root)
			end := uint64(1) << (31 + 11*(top-2)) // 0 for all of it
			high := end - 1<<31
			if top == 2 {
				high = end - 1<<30
			}
			const kernel, protected, readOnly, old = 0x039, 0x200, 0x215, 0x600 | 0x11
			s.put(root, 0, top, 1, kernel) // the lowcore
			s.put(root, 0x1000, top, 1, 0x1000|kernel)
			s.put(root, 0x5000, top, 1, 0x123_4567_8000|readOnly)
			s.put(root, 0x6000, top, 1, 0x7000|old)   // PROT_NONE: present, and not valid for the machine
			s.put(root, 0x7000, top, 1, 0x9600|0x200) // swapped out
			s.put(root, high, top, 2, 0x4500000|s390Large|protected)
			s.put(root, high+1<<20, top, 2, 0x4600000|s390Large|s390Invalid) // not to be accessed
			s.put(root, high+2<<20, top, 2, 0x4700000|s390Large|s390Invalid|s390Common)
			if top > 2 {
				s.put(root, high-1<<31, top, 3, 0x1_8000_0000|s390Large|1<<2)
			}
			is := func(address, physical, contiguous uint64) {
				t.Helper()
				if got, n, err := tables.Translate(0, address); err != nil || got != physical || n != contiguous {
					t.Errorf("%#x is at %#x, %#x bytes, %v; want %#x, %#x bytes", address, got, n, err, physical, contiguous)
				}
			}
			fails := func(address uint64, message string) {
				t.Helper()
				var fault *mem.FaultError
				if got, _, err := tables.Translate(0, address); !errors.As(err, &fault) || fault.Message != message || fault.Address != address {
					t.Errorf("%#x is at %#x, %v; want %s", address, got, err, message)
				}
			}
			is(0x5008, 0x123_4567_8008, 0xff8)
			is(0x6000, 0x7000, 0x1000)
			is(high+0x12345, 0x4512345, 0xedcbb)
			is(high+1<<20, 0x4600000, 1<<20)
			if top > 2 {
				is(high-1, 0x1_ffff_ffff, 1)
				is(high-1<<31, 0x1_8000_0000, 1<<31)
			}
			fails(0x10, PerCPU)
			fails(0x1ff8, PerCPU)
			fails(0x4000, NotMapped)
			fails(0x7000, NotMapped)
			fails(high+2<<20, NotMapped)
			if end != 0 {
				fails(end, NotCanonical)
				fails(^uint64(0), NotCanonical)
			}
			var found []uint64
			for at, ok := tables.Next(0, 0); ok; at, ok = tables.Next(0, at) {
				found = append(found, at)
				_, n, err := tables.Translate(0, at)
				if err != nil {
					t.Fatalf("Next says %#x: %v", at, err)
				}
				if at += n; at == 0 {
					break
				}
			}
			want := []uint64{0x5000, 0x6000, high - 1<<31, high, high + 1<<20}
			if top == 2 {
				want = []uint64{0x5000, 0x6000, high, high + 1<<20}
			}
			if fmt.Sprintf("%#x", found) != fmt.Sprintf("%#x", want) {
				t.Errorf("mapped are %#x, want %#x", found, want)
			}
		})
	}
}

// Functions as gcc 14 compiles them for Debian's 6.12; what is wanted is what .debug_frame says of them.
func TestS390Frames(t *testing.T) {
	code := func(lines string) (code []byte) {
		for line := range strings.Lines(lines) {
			text, _, _ := strings.Cut(line, "//")
			b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				t.Fatal(err)
			}
			code = append(code, b...)
		}
		return code
	}
	schedule := code(`c0 04 00 00 00 00 // jgnop
		eb af f0 68 00 24 // stmg %r10,%r15,104(%r15)
		b9 04 00 ef       // lgr  %r14,%r15
		e3 f0 ff c8 ff 71 // lay  %r15,-56(%r15)
		e3 e0 f0 98 00 24 // stg  %r14,152(%r15)
		c0 e5 ff ff fa 18 // brasl %r14,__schedule
		a7 84 00 08       // je   +16
		eb af f0 a0 00 04 // lmg  %r10,%r15,160(%r15)
		c0 f4 ff ab 4b 0c // jg   wq_worker_running
		e3 20 f0 c0 00 04 // lg   %r2,192(%r15)
		eb af f0 a0 00 04 // lmg  %r10,%r15,160(%r15)
		07 f2             // br   %r2
		c0 20 00 18 7f 65 // what nothing leads to`)
	const all = " r10[-56] r11[-48] r12[-40] r13[-32] r14[-24] r15[-16]"
	frameless := code(`b9 02 00 22 07 8e b9 04 00 23 07 fe`) // ltgr %r2,%r2; ber %r14; lgr %r2,%r3; br %r14
	alloca := code(`eb bf f0 70 00 24 // stmg %r11,%r15,112(%r15)
		b9 04 00 ef       // lgr  %r14,%r15
		e3 f0 ff d0 ff 71 // lay  %r15,-48(%r15)
		e3 e0 f0 98 00 24 // stg  %r14,152(%r15)
		b9 04 00 bf       // lgr  %r11,%r15
		b9 09 00 f1       // sgr  %r15,%r1
		c0 e5 00 00 00 10 // brasl
		eb bf b0 a0 00 04 // lmg  %r11,%r15,160(%r11)
		07 fe`)
	switched := code(`eb ef f0 88 00 24 // stmg %r14,%r15,136(%r15)
		e3 f0 ff e8 ff 71 // lay  %r15,-24(%r15)
		b9 04 00 5f       // lgr  %r5,%r15
		e3 f0 03 50 00 04 // lg   %r15,848
		c0 e5 00 00 00 10 // brasl
		b9 04 00 f5       // lgr  %r15,%r5
		eb ef f0 a0 00 04 // lmg  %r14,%r15,160(%r15)
		07 fe`)
	handler := code(`eb 8f 02 00 00 24 // stmg %r8,%r15,512
		eb 89 01 30 00 04 // lmg  %r8,%r9,304
		eb 89 b0 08 00 24 // stmg %r8,%r9,8(%r11)
		c0 e5 00 00 00 10 // brasl
		eb 0f b0 18 00 04 // lmg  %r0,%r15,24(%r11)
		b2 b2 02 90       // lpswe`)
	for _, c := range []struct {
		name string
		code []byte
		want map[int]string // by offset; of a call, one byte before where it returns to
	}{
		{"schedule", schedule, map[int]string{
			0: "r15+160", 6: "r15+160", 0xc: "r15+160" + all, 0x10: "r15+160" + all, 0x16: "r15+216" + all, 0x21: "r15+216" + all,
			0x26: "r15+216" + all, 0x2c: "r15+160", 0x32: "r15+216" + all, 0x38: "r15+216" + all, 0x3e: "r15+160", 0x40: "none",
		}},
		{"frameless", frameless, map[int]string{0: "r15+160", 10: "r15+160"}},
		{"alloca", alloca, map[int]string{
			0x16: "r15+208 r11[-48] r12[-40] r13[-32] r14[-24] r15[-16]", 0x1a: "r15+208 r11[-48] r12[-40] r13[-32] r14[-24] r15[-16]",
			0x23: "r11+208 r11[-48] r12[-40] r13[-32] r14[-24] r15[-16]", 0x2a: "r15+160",
		}},
		{"on another stack", switched, map[int]string{0x16: "none", 0x1b: "none", 0x20: "r15+184 r14[-24] r15[-16]", 0x26: "r15+160"}},
		{"ext_int_handler", handler, map[int]string{0: "is in a lowcore", 0xc: "is in a lowcore", 0x17: "pt_regs", 0x12: "pt_regs", 0x1e: "is in a lowcore"}},
		{"system_call", handler, map[int]string{0: "outermost", 0x17: "pt_regs"}},
		{"ret_from_fork", handler, map[int]string{0: "pt_regs"}},
		{"startup_continue", make([]byte, 8), map[int]string{7: "outermost"}},
	} {
		for offset, want := range c.want {
			const start = 0x3fffe9f8000
			row, err := s390Row(nil, Function{Name: c.name, Start: start, Code: c.code}, start+uint64(offset))
			got := describeS390(row)
			if strings.HasPrefix(got, "r15+160 r0[+24] ") && strings.HasSuffix(got, " pswm[+8] pswa[+16]") && row.Interrupted {
				got = "pt_regs"
			}
			if err != nil && !strings.Contains(err.Error(), want) || err == nil && got != want {
				t.Errorf("%s+%#x: %s, %v; want %s", c.name, offset, got, err, want)
			}
		}
	}
}

// A CPU that was stopped in a handler before that has saved all, or after it has given all back, has the rest in its lowcore.
func TestS390Lowcore(t *testing.T) {
	w := worldtest.New(t, worldtest.Machine{Name: "mainframe", Arch: arch.S390X, PageShift: 12})
	w.Declare(`struct lowcore { unsigned long pad[64]; unsigned long save_area[8]; unsigned long pad2[10]; unsigned long return_psw[2]; };`)
	lowcore := w.Alloc("struct lowcore")
	for i := range uint64(8) {
		w.WriteWord(lowcore.At+0x200+8*i, 0x800+i)
	}
	for at, v := range map[uint64]uint64{0x130: 0x0705, 0x138: 0x4010, 0x290: 0x0704, 0x298: 0x5020} {
		w.WriteWord(lowcore.At+at, v)
	}
	table := w.AllocBytes(16, 8)
	w.WriteWord(table+8, lowcore.At)
	if err := w.RegisterSymbolFinder("test", func(_ *drgn.Program, q drgn.SymbolQuery) (found []drgn.Symbol, _ error) {
		if q.HasName && q.Name == "lowcore_ptr" {
			found = append(found, drgn.Symbol{Name: q.Name, Address: table, Size: 16})
		}
		return found, nil
	}, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	code := []byte{
		0xeb, 0x8f, 0x02, 0x00, 0x00, 0x24, // stmg %r8,%r15,512
		0xeb, 0x07, 0xb0, 0x18, 0x00, 0x24, // stmg %r0,%r7,24(%r11)
		0xeb, 0x89, 0xb0, 0x08, 0x00, 0x24, // stmg %r8,%r9,8(%r11)
		0xeb, 0x0f, 0xb0, 0x18, 0x00, 0x04, // lmg  %r0,%r15,24(%r11)
		0xb2, 0xb2, 0x02, 0x90, // lpswe
	}
	fn := Function{Name: "ext_int_handler", Start: 0x1000, Code: code, Stopped: func(uint64) (uint64, bool) { return 1, true }}
	var inRegisters, high, low string
	for r := range 8 {
		inRegisters += fmt.Sprintf(" r%d=r%d", r, r)
		high += fmt.Sprintf(" r%d:%#x", 8+r, 0x800+r)
		low += fmt.Sprintf(" r%d[%+d]", r, 24+8*r)
	}
	all := inRegisters
	for r := 8; r < 16; r++ {
		all += fmt.Sprintf(" r%d=r%d", r, r)
	}
	for offset, want := range map[uint64]string{
		0: "r15+0" + all + " pswm:0x705 pswa:0x4010", 6: "r15+0" + inRegisters + high + " pswm:0x705 pswa:0x4010",
		12: "r11+0" + low + high + " pswm:0x705 pswa:0x4010", 24: "r15+0" + all + " pswm:0x704 pswa:0x5020",
	} {
		row, err := s390Row(w.Program, fn, fn.Start+offset)
		if got := describeS390(row); err != nil || got != want || !row.Interrupted {
			t.Errorf("at %d: %s, %v; want %s", offset, got, err, want)
		}
	}
}

// Whatever code is, it is followed in time and memory that its size bounds.
func FuzzS390Row(f *testing.F) {
	f.Add([]byte{0xeb, 0xaf, 0xf0, 0x68, 0x00, 0x24, 0xa7, 0xf4, 0xff, 0xfd}, 8)
	f.Add([]byte{0xa7, 0x84, 0x00, 0x00, 0xc0, 0xe5, 0, 0, 0, 1, 0xec}, 3)
	f.Fuzz(func(t *testing.T, code []byte, offset int) {
		if offset < 0 || offset >= len(code) || len(code) > 1<<16 {
			return
		}
		for _, name := range []string{"", "ext_int_handler", "system_call"} {
			if row, err := s390Row(nil, Function{Name: name, Code: code}, uint64(offset)); row != nil && err != nil {
				t.Errorf("%s: both a row and %v", name, err)
			}
		}
	})
}

func describeS390(row *module.UnwindRow) string { return describeOf(row, arch.S390X) }
