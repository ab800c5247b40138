package arch

import (
	"errors"
	"testing"
)

// TestThreadPointer has the thread pointer where the ABIs of the machines say it is.
func TestThreadPointer(t *testing.T) {
	little, big := Is64Bit|IsLittleEndian, Is64Bit
	segments := []byte{12, 0, 0, 0, 0x40, 0x19, 0xd6, 0xf7, 0xff, 0xff, 0x0f, 0, 0x51, 0, 0, 0, 13, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0x28, 0, 0, 0}
	for _, c := range []struct {
		platform Platform
		set      map[int]uint64
		note     []byte
		want     uint64
	}{
		{Platform{X86_64, little}, map[int]uint64{24: 0x7f00_0000_1000}, nil, 0x7f00_0000_1000},
		{Platform{X86_64, little}, map[int]uint64{24: 0}, nil, 0},
		{Platform{X86_64, little}, nil, nil, 0},
		{Platform{AArch64, little}, nil, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0x0807060504030201},
		{Platform{AArch64, big}, nil, []byte{0, 0, 0xff, 0xff, 0, 0, 0, 8}, 0xffff00000008},
		{Platform{S390X, big}, map[int]uint64{16: 0x3ff, 17: 0xab0d1900}, nil, 0x3ffab0d1900},
		{Platform{S390X, big}, map[int]uint64{17: 0xab0d1900}, nil, 0},
		{Platform{PPC64, little}, map[int]uint64{13: 0x7fff95f6d6c0}, nil, 0x7fff95f6d6c0},
		{Platform{RISCV64, little}, map[int]uint64{4: 0x1000}, nil, 0x1000},
		{Platform{LoongArch64, little}, map[int]uint64{2: 0x1000}, nil, 0x1000},
		{Platform{I386, IsLittleEndian}, map[int]uint64{i386GS: 0x63}, segments, 0xf7d61940},
		{Platform{I386, IsLittleEndian}, map[int]uint64{i386GS: 0x6b}, segments, 0x12345678},
		{Platform{I386, IsLittleEndian}, map[int]uint64{i386GS: 0x73}, segments, 0},
		{Platform{I386, IsLittleEndian}, map[int]uint64{i386GS: 0x6b}, segments[:31], 0},
		{Platform{ARM, IsLittleEndian}, nil, nil, 0},
		{Platform{Unknown, little}, nil, []byte{1}, 0},
		{Platform{}, nil, []byte{1}, 0},
	} {
		var r Registers
		for n, v := range c.set {
			r.Set(n, v)
		}
		if c.note != nil {
			if err := c.platform.ParseThreadPointer(c.note, &r); err != nil {
				t.Errorf("%v: %v", c.platform, err)
			}
		}
		if got, ok := c.platform.ThreadPointer(&r); got != c.want || ok != (c.want != 0) {
			t.Errorf("%v: %#x %v, want %#x", c.platform, got, ok, c.want)
		}
	}
	var short *ShortError
	if err := (Platform{AArch64, little}).ParseThreadPointer(make([]byte, 7), &Registers{}); !errors.As(err, &short) {
		t.Error(err)
	}
}

// TestBlocks has blocks of thread-local variables where linkers put them.
func TestBlocks(t *testing.T) {
	little := Is64Bit | IsLittleEndian
	for _, c := range []struct {
		platform         Platform
		vaddr            uint64
		size, align      uint64
		executable       uint64 // of a thread pointer of 0x10000
		distance, static uint64
		ok               bool
	}{
		{Platform{X86_64, little}, 0, 0x64, 64, 0xff80, 0x80, 0xff80, true},
		{Platform{X86_64, little}, 0, 0, 1, 0x10000, 0, 0, false},
		{Platform{X86_64, little}, 0, 1, 1, 0xffff, ^uint64(0), 0, false},
		{Platform{S390X, Is64Bit}, 0, 0x64, 8, 0xff98, ^uint64(1), 0x10002, true},
		{Platform{AArch64, little}, 0, 0x64, 1, 0x10010, 0x10, 0x10010, true},
		{Platform{AArch64, little}, 0, 0x64, 64, 0x10040, 0, 0, false},
		{Platform{RISCV64, little}, 0, 0x64, 64, 0x10000, 0, 0x10000, true},
		{Platform{RISCV64, little}, 0, 0x64, 64, 0x10000, ^uint64(0), 0, false},
		{Platform{LoongArch64, little}, 0, 0x64, 64, 0x10000, ^uint64(1), 0, false},
		{Platform{PPC64, little}, 0, 0x64, 64, 0x9000, 0x80, 0x9080, true},
		{Platform{I386, IsLittleEndian}, 0, 0x64, 4, 0xff9c, 1<<32 - 1, 0, false},
		// Segments that are not aligned, as lld 19 and mold 1.10 make them.
		{Platform{X86_64, little}, 0x3e44, 0x7c, 64, 0xff84, 0, 0, false},
		{Platform{AArch64, little}, 0x3e44, 0x7c, 64, 0x10044, 0, 0, false},
		{Platform{AArch64, little}, 0x3e14, 0x7c, 64, 0x10014, 0, 0, false},
		{Platform{RISCV64, little}, 0x3e44, 0x7c, 64, 0x10004, ^uint64(0), 0, false},
		{Platform{PPC64, little}, 0x3e44, 0x7c, 64, 0x9004, 0x80, 0x9080, true},
	} {
		tls := &c.platform.Arch.TLS
		if got := tls.Executable(0x10000, c.vaddr, c.size, c.align); got != c.executable {
			t.Errorf("%v: the executable's block is at %#x, want %#x", c.platform, got, c.executable)
		}
		got, ok := tls.Static(c.platform, 0x10000, c.distance)
		if ok != c.ok || ok && got != c.static {
			t.Errorf("%v: a block at a distance of %#x is at %#x %v, want %#x", c.platform, c.distance, got, ok, c.static)
		}
	}
}
