package linux

import (
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/internal/machine"
)

// A kernel of arm64 before v5.18 does not say where vmemmap lies; sections of memory do, if all say the same.
func TestVmemmapOfSections(t *testing.T) {
	for _, c := range []struct {
		name  string
		words [3]uint64 // section_mem_map of sections 1, 2 and 4
		want  uint64
	}{
		{"all alike", [3]uint64{0xfffffdffff000007, 0xfffffdffff00000f, 0xfffffdffff000007}, 0xfffffdffff000000},
		{"not present", [3]uint64{0xfffffdffff000007, 0, 0xfffffdffff000006}, 0xfffffdffff000000},
		{"an array for each section", [3]uint64{0xfffffdffff000007, 0xfffffdffee000007, 0xfffffdffff000007}, 0},
		{"no section", [3]uint64{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := worldtest.New(t, worldtest.Machines[0])
			w.Declare("struct mem_section { unsigned long section_mem_map; void *usage; }; struct page { unsigned long flags; };")
			w.Constant("PAGE_SHIFT", "unsigned long", 12)
			sections := w.Variable("mem_section", "struct mem_section [8][1]")
			for i, nr := range []uint64{1, 2, 4} {
				w.WriteWord(sections.At+nr*w.SizeOf("struct mem_section"), c.words[i])
			}
			k := &Kernel{prog: w.Program, info: ParseVMCOREINFO([]byte("NUMBER(SECTION_SIZE_BITS)=27\nLENGTH(mem_section)=8\n")), machine: &machine.Machine{}}
			if err := w.Setup(drgn.Setup{Platform: w.Platform(), Personality: k, Objects: k.findObject, ObjectsName: "linux"}); err != nil {
				t.Fatal(err)
			}
			got, err := k.vmemmap(w.Program)
			if got != c.want || (c.want == 0) != drgn.IsNotFound(err) || c.want != 0 && err != nil {
				t.Errorf("%#x, %v; want %#x", got, err, c.want)
			}
		})
	}
}

// On machines that have the image in their mapping of all physical memory, what it gave back when it had started may be anything by
// now: a task, whose address is in the middle of what was a function.
func TestSymbolIsPast(t *testing.T) {
	const begin, end = 0xffff888001000000, 0xffff888001100000
	for _, c := range []struct {
		name   string
		state  uint64
		high   uint64 // where the mapping ends
		symbol string
		past   bool
	}{
		{"running", 3, 0xffff888010000000, "__init_begin", true},
		{"starting", 1, 0xffff888010000000, "__init_begin", false},
		{"image elsewhere", 3, 0xffff888000800000, "__init_begin", false},
		{"no symbol", 3, 0xffff888010000000, "_stext", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := worldtest.New(t, worldtest.Machines[0])
			w.Declare("struct page { unsigned long flags; }; enum system_states { SYSTEM_BOOTING, SYSTEM_SCHEDULING, SYSTEM_FREEING_INITMEM, SYSTEM_RUNNING };")
			for name, v := range map[string]uint64{"PAGE_SHIFT": 12, "PAGE_OFFSET": 0xffff888000000000, "high_memory": c.high, "vmemmap": 0xffffea0000000000, "SYSTEM_RUNNING": 3} {
				w.Constant(name, "unsigned long", v)
			}
			w.WriteWord(w.Variable("system_state", "enum system_states").At, c.state)
			k := &Kernel{prog: w.Program, info: ParseVMCOREINFO(nil), machine: &machine.Machine{DirectMap: func(machine.Kernel, *drgn.Program) (machine.DirectMap, error) { return machine.DirectMap{}, nil }}}
			if err := w.Setup(drgn.Setup{Platform: w.Platform(), Personality: k}); err != nil {
				t.Fatal(err)
			}
			if err := w.RegisterSymbolFinder("made", func(_ *drgn.Program, q drgn.SymbolQuery) (found []drgn.Symbol, _ error) {
				for name, at := range map[string]uint64{c.symbol: begin, "__init_end": end} {
					if q.HasName && q.Name == name {
						found = append(found, drgn.Symbol{Name: name, Address: at})
					}
				}
				return found, nil
			}, drgn.EnableFirst); err != nil {
				t.Fatal(err)
			}
			for address, want := range map[uint64]bool{begin: c.past, end - 1: c.past, begin - 1: false, end: false} {
				if got := k.symbolIsPast(w.Program, address); got != want {
					t.Errorf("%#x: %t", address, got)
				}
			}
		})
	}
}
