package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// Where a made-up kernel before v4.10 has its name and phys_base, and what VMCOREINFO says of it.
const (
	oldNames = 0xffffffff81c10400
	oldBase  = 0xffffffff81c0f010
	oldInfo  = "OSRELEASE=4.9.0-19-amd64\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff81c10400\nSYMBOL(swapper_pg_dir)=ffffffff81c06000\n"
)

// A place is where a kernel's image lies or has lain.
type place struct {
	base   uint64 // phys_base
	says   uint64 // the variable
	names  string // of the system; nil pages where it is ""
	absent bool   // whether the page of the names is not in the dump
}

// images returns physical memory of 4 GiB with the names and phys_base of kernels; all else is zeros.
func images(places ...place) []mem.Segment {
	pages := map[uint64][]byte{}
	absent := map[uint64]bool{}
	put := func(address uint64, text []byte) {
		page := address &^ 4095
		if pages[page] == nil {
			pages[page] = make([]byte, 4096)
		}
		copy(pages[page][address&4095:], text)
	}
	for _, p := range places {
		put(oldNames-x86StartKernelMap+p.base, []byte("\x05\x00\x00\x00"+p.names))
		put(oldBase-x86StartKernelMap+p.base, binary.LittleEndian.AppendUint64(nil, p.says))
		absent[(oldNames-x86StartKernelMap+p.base)&^4095] = p.absent
	}
	return []mem.Segment{{Max: 4<<30 - 1, Physical: true, Read: func(buf []byte, address, _ uint64, _ bool) error {
		for done := 0; done < len(buf); {
			at := address + uint64(done)
			part := buf[done:min(len(buf), done+4096-int(at&4095))]
			if absent[at&^4095] {
				return &mem.FaultError{Message: "page is excluded", Address: at}
			}
			clear(part)
			if page := pages[at&^4095]; page != nil {
				copy(part, page[at&4095:])
			}
			done += len(part)
		}
		return nil
	}}}
}

// TestFindPhysBase says how phys_base of a kernel before v4.10 is found: headers are believed if memory does not contradict them.
func TestFindPhysBase(t *testing.T) {
	const moved = uint64(0x1a200000)
	low := ^uint64(0x600000) + 1 // an image that lies lower than it was linked for
	system := "Linux\x00labguest\x004.9.0-19-amd64\x00#1 SMP\x00"
	other := "Linux\x00labguest\x004.9.0-18-amd64\x00#1 SMP\x00"
	erased := "Linux\x00" + string(Erased) + "\x00"
	symbol := fmt.Sprintf("SYMBOL(phys_base)=%x\n", uint64(oldBase))
	is := func(base uint64) []uint64 { return []uint64{base} }
	for name, c := range map[string]struct {
		info   string // more of VMCOREINFO
		header []uint64
		memory []mem.Segment
		want   []uint64
	}{
		"the header is right":                       {"", is(moved), images(place{moved, moved, system, false}), is(moved)},
		"the header says 0":                         {"", is(0), images(place{moved, moved, system, false}), is(moved)},
		"no header":                                 {"", nil, images(place{moved, moved, system, false}), is(moved)},
		"no header, at the place of old":            {"", nil, images(place{0, 0, system, false}), is(0)},
		"no header, lower":                          {"", nil, images(place{low, low, system, false}), is(low)},
		"no header, with the symbol":                {symbol, nil, images(place{moved, moved, system, false}), is(moved)},
		"the name is not in the dump":               {symbol, is(0), images(place{moved, moved, system, true}), is(moved)},
		"the name is erased":                        {symbol, is(0), images(place{moved, moved, erased, false}), is(moved)},
		"a copy of the name":                        {symbol, nil, images(place{moved, moved, system, false}, place{4 << 20, moved, system, false}), is(moved)},
		"another kernel before":                     {"", nil, images(place{moved, moved, system, false}, place{4 << 20, 4 << 20, other, false}), is(moved)},
		"the same kernel before":                    {symbol, nil, images(place{moved, moved, system, false}, place{4 << 20, 4 << 20, system, false}), is(0)},
		"the same kernel before, and a header":      {symbol, is(moved), images(place{moved, moved, system, false}, place{4 << 20, 4 << 20, system, false}), is(moved)},
		"neither can be read, and a header":         {"", is(moved), images(place{moved, moved, system, true}), nil},
		"nothing is there":                          {symbol, nil, images(), nil},
		"VMCOREINFO says it":                        {"NUMBER(phys_base)=4096\n", is(moved), images(place{moved, moved, system, false}), nil},
		"another kernel, and a header":              {"", is(moved), images(place{moved, moved, other, false}), nil},
		"memory without end":                        {"", nil, []mem.Segment{{Max: 1<<64 - 1, Physical: true, Read: images()[0].Read}}, nil},
		"memory at the end of all that is":          {"", nil, []mem.Segment{{Min: 1<<64 - 4096, Max: 1<<64 - 1, Physical: true, Read: images()[0].Read}}, nil},
		"memory that is not physical":               {"", nil, []mem.Segment{{Max: 1<<64 - 1, Read: images()[0].Read}}, nil},
		"a hole where the place would be":           {"", nil, []mem.Segment{{Max: 4095, Physical: true, Read: images()[0].Read}}, nil},
		"two parts of memory, the image in the 2nd": {"", nil, halves(images(place{moved, moved, system, false})[0]), is(moved)},
	} {
		t.Run(name, func(t *testing.T) {
			space := mem.NewSpace()
			defer space.Close()
			if err := space.Add(c.memory...); err != nil {
				t.Fatal(err)
			}
			k := Kernel{Info: vmcoreinfo.Parse([]byte(oldInfo + c.info)), Physical: space}
			if c.header != nil {
				k.PhysBase = &c.header[0]
			}
			got, err := x86FindPhysBase(k, c.memory)
			var moves *MovedError
			switch {
			case name == "the same kernel before":
				if !errors.As(err, &moves) || !slices.Equal(moves.PhysBases, []uint64{4 << 20, moved}) {
					t.Errorf("%v, %v", got, err)
				}
			case name == "memory without end":
				if err == nil {
					t.Error("no error")
				}
			case err != nil || (got == nil) != (c.want == nil) || got != nil && *got != c.want[0]:
				t.Errorf("%v, %v; want %#x", got, err, c.want)
			}
		})
	}
}

// halves returns a segment as two.
func halves(s mem.Segment) []mem.Segment {
	const middle = 256 << 20
	first, second := s, s
	first.Max, second.Min = middle-1, middle
	return []mem.Segment{first, second}
}
