package fromdwarf_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/types"
)

// noFrame is a frame of which nothing is known.
type noFrame struct{}

func (noFrame) Register(uint64) (uint64, bool)                              { return 0, false }
func (noFrame) Wide(uint64) []byte                                          { return nil }
func (noFrame) LongDouble() int                                             { return 0 }
func (noFrame) CFA() (uint64, bool)                                         { return 0, false }
func (noFrame) EntryValue(uint64, debugdata.Argument) (uint64, bool, error) { return 0, false, nil }
func (noFrame) Read([]byte, uint64) error                                   { return errors.New("there is no memory") }

// Where no location is stated of thread-local variables, symbols tell of those that only one can be.
func TestThreadLocals(t *testing.T) {
	f, err := elf.Open("testdata/threadlocals")
	if err != nil {
		t.Fatal(err)
	}
	info, err := fromdwarf.Open(fromdwarf.Config{File: placed.At(f, 0, nil), Set: types.NewSet()})
	if err != nil {
		t.Fatal(err)
	}
	table, err := f.SymbolTable(elf.SHT_SYMTAB)
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]uint64{}
	for _, s := range table.All() {
		addresses[string(table.Name(s))] = s.Value
	}
	const unknown = -1
	for _, c := range []struct {
		function, file, name string // of no function, the file's
		offset               int64
	}{
		{"", "one.c", "alone", 8},
		{"", "one.c", "both", 12},
		{"", "two.c", "both", 0x24},
		{"", "one.c", "global", 16},
		{"", "", "hidden", 0x18},
		{"", "same.c", "duplicate", unknown}, // there are two files of the name
		{"first", "", "counted", 4},
		{"first", "", "twice", unknown}, // so is a variable of the other function
		{"second", "", "twice", unknown},
		{"first", "", "lonely", unknown}, // which is none
		{"other", "", "lonely", 0x20},
	} {
		var e debugdata.Entity
		var ok bool
		if c.function == "" {
			e, ok, err = info.FindEntity(debugdata.Variable, c.name, c.file, nil)
		} else {
			pc := addresses[c.function]
			code := info.(debugdata.Code)
			functions, fail := code.AppendFunctions(nil, pc)
			if fail != nil || len(functions) != 1 {
				t.Fatal(c.function, functions, fail)
			}
			e, ok, err = code.ScopeOf(functions[0]).Find(c.name, pc+8, noFrame{})
		}
		if err != nil || !ok {
			t.Errorf("%+v: %v %v", c, ok, err)
			continue
		}
		if c.offset == unknown {
			if e.Where == debugdata.ThreadLocal {
				t.Errorf("%+v: at %#x of the block", c, e.Address)
			}
		} else if e.Where != debugdata.ThreadLocal || e.Address != uint64(c.offset) {
			t.Errorf("%+v: place %d at %#x", c, e.Where, e.Address)
		}
	}
}

// In split DWARF, gcc has addresses where offsets should be: the size of the block tells them, or else symbols.
func TestSplitThreadLocals(t *testing.T) {
	right := map[string]uint64{"own": 0, "second": 8, "first": 12, "last": 16, "large": 32}
	const start = 0x1e90 // p_vaddr
	offsets := map[string]uint64{}
	for name, at := range right {
		offsets[name] = start + at
	}
	for _, c := range []struct {
		what   string
		change func(f *elf.File, block *elf.Segment)
		want   map[string]uint64
		fail   string // of what is not in want
	}{
		{"what may be an offset", func(*elf.File, *elf.Segment) {}, right, ""},
		{"without symbols", func(f *elf.File, _ *elf.Segment) {
			for i := range f.Sections {
				if f.Sections[i].Type == elf.SHT_SYMTAB {
					f.Sections[i].Type = elf.SHT_NULL
				}
			}
		}, nil, "no symbol tells which"},
		{"addresses", func(_ *elf.File, block *elf.Segment) { block.Memsz = 33 }, right, ""},
		{"offsets", func(_ *elf.File, block *elf.Segment) { block.Vaddr = start * 2 }, offsets, ""},
		{"a block that is too small", func(_ *elf.File, block *elf.Segment) { block.Memsz = 12 }, map[string]uint64{"own": 0, "second": 8}, "neither an offset in the block"},
		{"no block", func(_ *elf.File, block *elf.Segment) { block.Type = 0 }, nil, "there is no segment"},
	} {
		for _, program := range []string{"split-4", "split-5"} {
			f, err := elf.Open("testdata/" + program)
			if err != nil {
				t.Fatal(err)
			}
			c.change(f, &f.Segments[slices.IndexFunc(f.Segments, func(s elf.Segment) bool { return s.Type == elf.PT_TLS })])
			info, err := fromdwarf.Open(fromdwarf.Config{File: placed.At(f, 0, nil), Path: "testdata/" + program, Set: types.NewSet()})
			if err != nil {
				t.Fatal(err)
			}
			for name := range right {
				e, ok, err := info.FindEntity(debugdata.Variable, name, "", nil)
				want, known := c.want[name]
				switch {
				case known && (err != nil || !ok || e.Where != debugdata.ThreadLocal || e.Address != want):
					t.Errorf("%s, %s: %s is at %#x (%d, %v, %v), want %#x", program, c.what, name, e.Address, e.Where, ok, err, want)
				case !known && (err == nil || !strings.Contains(err.Error(), c.fail)):
					t.Errorf("%s, %s: %s is at %#x, %v; want %q", program, c.what, name, e.Address, err, c.fail)
				}
			}
		}
	}
}
